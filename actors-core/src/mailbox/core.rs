//! The mailbox's critical section: everything that happens under the lock, and nothing else.
//!
//! User code that runs in here is the `Eq` of conflation keys, always before anything has changed and with its panics
//! caught (B6). Lost messages and wakers are handed out in [`Effects`], to be dropped, reported and woken after the lock is
//! free.

use super::claim::{Claim, Signals, here};
use super::ledger::Stage;
use super::line::Lines;
use super::queue::Queue;
use super::sight::{Alarm, Watched};
use super::slots::Tag;
use super::{Class, Effects, Entrance, Item, Lost, Place, Verdict, Withdrawn};
use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::panics::caught;
use crate::policy::{
    Arrivals, Backlog, DrainRate, Lanes, Limits, Overflow, Policy, Rng, outlook, retry_span,
};
use crate::reentry;
use crate::sync::as_if_unlocked;
use std::time::Duration;

/// Pushes between two looks at the clock for types that need no exact age: one look costs about as much as a push.
const PUSHES_PER_STAMP: u32 = 16;

/// Refusals of a type between two looks at the clock, while no drain rate is known: one look costs about as much as a refusal.
const REFUSALS_PER_LOOK: u32 = 8;

/// What may happen in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Takes messages and hands them out.
    Open,
    /// Takes none, hands out what it has.
    Draining,
    /// Takes none, hands out none.
    Killed,
    /// Empty for good.
    Ended,
}

/// In the order of use, so that a send touches few cache lines.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Core<T> {
    pub(super) phase: Phase,
    /// The consumer is at work, and known to be quick.
    pub(super) is_swift: bool,
    pub(super) pushes: u32,
    pub(super) ids: u64,
    /// Turns that ended, however.
    pub(super) turns: u64,
    /// A recent instant, for stamps that need not be exact.
    pub(super) recent: Tick,
    /// Since when the mailbox has not been empty, while it is not.
    pub(super) busy_since: Tick,
    pub(super) queue: Queue<T>,
    pub(super) schedule: Lanes,
    pub(super) claim: Claim,
    pub(super) lines: Lines<T>,
    pub(super) max_waiting: usize,
    pub(super) now: fn() -> Tick,
    /// The age of the running turn, as of the last look for a refusal.
    running_age: Span,
    /// Claims since somebody looked at the clock for one.
    pub(super) unseen: u32,
    pub(super) drain: DrainRate,
    pub(super) arrivals: Arrivals,
    /// The mailbox's address.
    home: usize,
    pub(super) rng: Rng,
    /// The longest time that it was not empty.
    pub(super) busy_longest: Span,
    pub(super) watched: Watched,
    pub(super) work: Work,
}

/// How many messages and waiters one visit to the mailbox touches, where tests ask: the time under the lock grows with it.
#[derive(Debug, Default)]
pub(super) struct Work {
    #[cfg(feature = "testing")]
    now: usize,
    #[cfg(feature = "testing")]
    pub(super) most: usize,
}

impl Work {
    /// A visit begins.
    #[cfg(feature = "testing")]
    pub(super) fn begin(&mut self) {
        self.now = 0;
    }

    #[inline(always)]
    pub(super) fn add(&mut self, _count: usize) {
        #[cfg(feature = "testing")]
        {
            self.now += _count;
            self.most = self.most.max(self.now);
        }
    }
}

impl<T: Item> Core<T> {
    pub(super) fn new(limits: &Limits, classes: &[Class], now: fn() -> Tick, rng: Rng, home: usize) -> Self {
        let mut core = Core {
            home,
            max_waiting: limits.max_waiting,
            queue: Queue::new(classes, limits),
            lines: Lines::new(),
            schedule: Lanes::new(limits.schedule),
            claim: Claim::default(),
            phase: Phase::Open,
            drain: DrainRate::default(),
            arrivals: Arrivals::default(),
            rng,
            busy_since: Tick::ZERO,
            busy_longest: Span::of(Duration::ZERO),
            turns: 0,
            ids: 0,
            recent: Tick::ZERO,
            pushes: 0,
            is_swift: false,
            running_age: Span::NONE,
            unseen: 0,
            now,
            watched: Watched::new(limits.pressure.is_some()),
            work: Work::default(),
        };
        core.set_alarm(core.watched.alarm);
        core
    }

    // --- the way in -------------------------------------------------------------------------------------------------

    /// Whether a message of this type and without a deadline would simply get a slot: the common case, before all others.
    #[inline]
    pub(super) fn may_enter_plainly(&self, class: usize) -> bool {
        let kind = &self.queue.kinds[class];
        let has_room = self.queue.taken() < kind.room() && kind.held() < kind.max;
        kind.is_plain && has_room && kind.in_line == 0 && self.phase == Phase::Open
    }

    /// Whether what the consumer has done since can be entered into the books without anything following from it.
    pub(super) fn may_settle_plainly(&self, class: usize) -> bool {
        self.queue.kinds[class].is_plain && self.lines.waiting() == 0 && self.phase == Phase::Open
    }

    /// Refuses a plain message that has no room, if that is all there is to do: nobody waits, nothing queued is mortal, and its
    /// policy knows nothing else.
    pub(super) fn refuse_plainly(&mut self, class: usize, is_try: bool) -> Option<Span> {
        let words = self.queue.kinds[class].overflow;
        let refuses = match words.words() {
            [Overflow::Reject] => true,
            [Overflow::Block] => is_try,
            _ => false,
        };
        if !refuses || self.queue.may_die() {
            return None;
        }
        self.ids += 1;
        let counts = &mut self.queue.kinds[class].counts;
        counts.offered += 1;
        counts.lose(Stage::Refused, Reason::Full);
        Some(self.retry_after(class))
    }

    /// It gets it.
    #[inline(always)]
    pub(super) fn enter_plainly(
        &mut self,
        make: impl FnOnce() -> T,
        class: usize,
        stamp: Tick,
        deadline: Tick,
        signals: &Signals,
    ) -> Place {
        self.queue.kinds[class].counts.offered += 1;
        let mut tag = Tag::new(class as u16, stamp, deadline);
        self.stamp(&mut tag);
        self.push_made(make, tag, signals)
    }

    /// Offers a message for the first time. It stays in `item` unless the verdict says that it is in or in line.
    pub(super) fn offer(
        &mut self,
        item: &mut Option<T>,
        mut tag: Tag,
        entrance: Entrance,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.offered += 1;
        if self.phase != Phase::Open {
            return self.refuse(class, Reason::Closed);
        }
        self.ring(fx);
        if self.queue.kinds[class].in_line > 0 {
            // Before the twin is looked for: who gets in from the line now may be it (O7).
            self.settle(signals, fx);
        }
        if self.queue.kinds[class].room_bytes < u64::from(tag.weight) {
            // It will never fit: neither is anybody given up for it, nor may it wait (B2).
            return self.refuse_for_good(class);
        }
        let Some(newcomer) = item.as_ref() else {
            return self.refuse(class, Reason::Closed);
        };
        self.stamp(&mut tag);
        let mut twin = self.find_twin(newcomer, &tag);
        if let Ok(found) = twin
            && self.is_barred(found, &tag)
        {
            self.settle(signals, fx);
            if self.is_barred(found, &tag) && self.bury(signals, fx) {
                // It may have been among the dead, or have been let in for one of them.
                twin = self.find_twin(newcomer, &tag);
            }
        }
        match twin {
            Err(Panicked) => self.lose_newcomer(class, Reason::Panicked),
            Ok(Some(twin)) => self.take_over(twin, item, tag, entrance, signals, fx),
            Ok(None) => self.admit_newcomer(item, tag, entrance, signals, fx),
        }
    }

    /// Whether a newcomer finds no room, neither for itself nor in its twin's place. A newcomer whose own type is waiting does not
    /// pass: it waits too, or it is as if there were no slot (O1).
    fn is_barred(&self, twin: Option<u32>, tag: &Tag) -> bool {
        let class = usize::from(tag.class);
        let kind = &self.queue.kinds[class];
        match twin {
            Some(twin) => !self.has_bytes(class, self.bytes_over(twin, tag)),
            None if kind.in_line > 0 => kind.overflow.last_resort() != Overflow::Block,
            None => !self.has_room_for(tag),
        }
    }

    /// A newcomer without a twin: by room, by what its policy does where there is none, or by waiting.
    fn admit_newcomer(
        &mut self,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        if self.queue.kinds[class].in_line == 0 && self.has_room_for(&tag) {
            return self.enter_room(item, tag, signals, fx);
        }
        self.overflow(item, tag, entrance, signals, fx)
    }

    pub(super) fn refuse(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Refused, reason);
        let retry_after = (reason == Reason::Full).then(|| self.retry_after(class)).and_then(Span::get);
        Verdict::Refused(reason, retry_after)
    }

    /// It can never get in: trying again does not help.
    pub(super) fn refuse_for_good(&mut self, class: usize) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Refused, Reason::Full);
        Verdict::Refused(Reason::Full, None)
    }

    pub(super) fn lose_newcomer(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Lost, reason);
        Verdict::Lost(reason)
    }

    /// When the sender of a message of this type that is refused now should try again (P7, P9).
    pub(super) fn retry_after(&mut self, class: usize) -> Span {
        let refusals = self.queue.kinds[class].refused_since(self.turns);
        // The clock is read only where no rate is known yet, and with every eighth refusal: a refusal stays in nanoseconds.
        if self.drain.rate() <= 0.0 && refusals.is_multiple_of(REFUSALS_PER_LOOK) {
            let began = self.turn_began();
            self.running_age = began.map_or(Span::NONE, |began| Span::of((self.now)().since(began)));
        }
        // Refused reservations have no ids: they count by their refusals.
        let drawn = self.ids.wrapping_add(self.turns).wrapping_add(refusals.into());
        let messages = self.queue.used() + self.lines.waiting();
        retry_span(messages, self.drain.rate(), self.running_age, refusals, self.rng.nth(drawn))
    }

    /// When a sender that is refused should try again, of whatever type, before the spread; `None` where nothing keeps a sender out.
    pub(super) fn outlook(&self, now: Tick) -> Option<Duration> {
        let is_idle = self.queue.taken() == 0 && self.lines.waiting() == 0;
        let running = self.turn_began().map(|began| now.since(began));
        let messages = self.queue.used() + self.lines.waiting();
        let backlog = Backlog { messages, drain_rate: self.drain.rate(), running, refusals: 0 };
        (!is_idle).then(|| outlook(&backlog))
    }

    /// When the turn that is running began, if one is. Of a turn that a sender runs, and in a pool, the answer may be too late: since
    /// when messages have been queued.
    fn turn_began(&self) -> Option<Tick> {
        let is_serving = self.queue.kinds.iter().any(|kind| kind.counts.in_service > 0);
        match self.claim.is_running() {
            true => Some(self.watched.moved),
            false => is_serving.then(|| self.watched.moved.max(self.busy_since)),
        }
    }

    #[inline]
    pub(super) fn stamp(&mut self, tag: &mut Tag) {
        self.ids += 1;
        tag.id = self.ids;
        match tag.stamp {
            Tick::ZERO => tag.stamp = self.sample(),
            exact => {
                self.recent = self.recent.max(exact);
                if self.queue.used() == 0 {
                    self.busy_since = self.recent;
                }
            }
        }
    }

    /// A recent instant: the clock is looked at with every sixteenth push, and with the first into an empty queue, unless the
    /// consumer has just emptied it and will soon be back.
    #[inline]
    fn sample(&mut self) -> Tick {
        self.pushes += 1;
        let is_empty = self.queue.used() == 0;
        // A supervisor judges by ages.
        let is_due = is_empty || self.watched.alarm != Alarm::Off;
        if self.pushes >= PUSHES_PER_STAMP || (is_due && !self.is_swift) {
            self.saw((self.now)());
        }
        if is_empty {
            self.busy_since = self.recent;
        }
        self.recent
    }

    /// Somebody looked at the clock.
    pub(super) fn saw(&mut self, now: Tick) {
        self.recent = now;
        self.pushes = 0;
    }

    pub(super) fn find_twin(&self, item: &T, tag: &Tag) -> Result<Option<u32>, Panicked> {
        if !self.queue.kinds[usize::from(tag.class)].conflates {
            return Ok(None);
        }
        reentry::guarded(self.home, || as_if_unlocked(|| caught(|| self.queue.twin(item, tag))))
            .map_err(|_| Panicked)
    }

    pub(super) fn conflate(&mut self, twin: u32, item: Option<T>, tag: Tag, fx: &mut Effects<T>) -> Place {
        if let Some(item) = item {
            let (old, old_tag) = self.queue.replace(twin, item, tag);
            self.lose(old, old_tag, Reason::Conflated, fx);
        }
        Place { key: twin, id: tag.id }
    }

    /// A message gets a free slot.
    pub(super) fn push(&mut self, item: Option<T>, tag: Tag, signals: &Signals) -> Place {
        let Some(item) = item else { unreachable!("whoever pushes has a message") };
        let place = self.push_made(|| item, tag, signals);
        if self.queue.kinds[usize::from(tag.class)].is_ordered {
            self.review(tag.hash);
        }
        place
    }

    /// A message that is made when there is a slot for it gets one.
    #[inline(always)]
    fn push_made(&mut self, make: impl FnOnce() -> T, tag: Tag, signals: &Signals) -> Place {
        let lane = self.queue.kinds[usize::from(tag.class)].lane();
        if self.claim.is_out() {
            self.push_beside_claim(lane, signals);
        } else if self.queue.lane_len(lane) == 0 {
            self.schedule.woke(lane, 0);
        }
        Place { key: self.queue.push(make, tag), id: tag.id }
    }

    /// A message comes while others are claimed and may not have begun.
    fn push_beside_claim(&mut self, lane: usize, signals: &Signals) {
        if lane > self.claim.lowest()
            && self.schedule.outranks()
            && self.claim.is_outranked_by(lane, signals.progress())
        {
            // On the consumer's own thread it is a turn that sends, and its message is next: order is what the program says.
            // From another thread nobody can tell which came first; there a claim may use up its 20 µs (S3).
            if self.claim.thread == here() { signals.interrupt() } else { signals.outrank() }
        }
        if self.queue.lane_len(lane) == 0 {
            // It waits from now on; turns of higher lanes that are claimed and still to come count.
            let turns = self.claim.lane_woke(lane, signals.progress());
            self.schedule.woke(lane, turns);
        }
    }

    // --- losses -----------------------------------------------------------------------------------------------------

    pub(super) fn lose(&mut self, item: Option<T>, tag: Tag, reason: Reason, fx: &mut Effects<T>) {
        self.queue.kinds[usize::from(tag.class)].counts.lose(Stage::of(reason), reason);
        if let Some(item) = item {
            fx.lost.push(Lost { item, class: usize::from(tag.class), stamp: tag.stamp, reason });
        }
    }

    /// Takes an unclaimed message out and loses it.
    pub(super) fn give_up(&mut self, key: u32, reason: Reason, fx: &mut Effects<T>) {
        if let Some((item, tag)) = self.take_out(key) {
            self.lose(Some(item), tag, reason, fx);
        }
    }

    /// Takes an unclaimed message out. Its key may hold one more after that.
    pub(super) fn take_out(&mut self, key: u32) -> Option<(T, Tag)> {
        let (item, tag) = self.queue.remove(key)?;
        self.work.add(1);
        if self.queue.kinds[usize::from(tag.class)].is_ordered {
            self.review(tag.hash);
        }
        Some((item, tag))
    }

    /// The sender of an admitted message no longer wants it.
    pub(super) fn withdraw(
        &mut self,
        place: Place,
        reason: Reason,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Withdrawn {
        self.settle(signals, fx);
        let Some(entry) = self.queue.slots.find(place.key, place.id) else { return Withdrawn::Begun };
        if entry.item.is_none() {
            // Claimed: the consumer drops it when it looks.
            entry.doom = Some(reason);
            self.claim.has_doomed = true;
            signals.interrupt();
            return Withdrawn::Claimed;
        }
        self.give_up(place.key, reason, fx);
        self.grant(signals, fx);
        Withdrawn::Out
    }

    /// Changes what may change of a type's policy while the mailbox lives.
    pub(super) fn adjust(&mut self, class: usize, policy: &Policy, signals: &Signals, fx: &mut Effects<T>) {
        self.queue.adjust(class, policy);
        self.review_all();
        // More room may be what somebody waits for.
        self.settle(signals, fx);
        self.grant(signals, fx);
    }
}

/// The user's `Eq` panicked.
pub(super) struct Panicked;
