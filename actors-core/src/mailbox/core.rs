//! The mailbox's critical section: everything that happens under the lock, and nothing else.
//!
//! User code that runs in here is the `Eq` of conflation keys, always before anything has changed and with its panics
//! caught (B6). Lost messages and wakers are handed out in [`Effects`], to be dropped, reported and woken after the lock is
//! free.

use super::claim::{Claim, Signals, here};
use super::ledger::Stage;
use super::line::{Lines, Standing};
use super::queue::Queue;
use super::slots::Tag;
use super::{Class, Effects, Entrance, Item, Lost, Place, Verdict};
use crate::clock::Tick;
use crate::error::{Admission, Reason};
use crate::panics::caught;
use crate::policy::{DrainRate, Limits, Overflow, Strict, retry_after};
use std::time::Duration;

/// Pushes between two looks at the clock for types that need no exact age: one look costs about as much as a push.
const PUSHES_PER_STAMP: u32 = 8;

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

#[derive(Debug)]
pub(super) struct Core<T> {
    pub(super) limits: Limits,
    pub(super) queue: Queue<T>,
    pub(super) lines: Lines<T>,
    pub(super) schedule: Strict,
    pub(super) claim: Claim,
    pub(super) phase: Phase,
    pub(super) drain: DrainRate,
    /// Turns that ended, however.
    pub(super) turns: u64,
    pub(super) ids: u64,
    /// A recent instant, for stamps that need not be exact.
    pub(super) recent: Tick,
    pub(super) pushes: u32,
    pub(super) now: fn() -> Tick,
}

impl<T: Item> Core<T> {
    pub(super) fn new(limits: Limits, classes: &[Class], now: fn() -> Tick) -> Self {
        Core {
            limits,
            queue: Queue::new(classes, &limits),
            lines: Lines::new(classes.len()),
            schedule: Strict::default(),
            claim: Claim::default(),
            phase: Phase::Open,
            drain: DrainRate::default(),
            turns: 0,
            ids: 0,
            recent: Tick::ZERO,
            pushes: 0,
            now,
        }
    }

    /// Whether a message of this type may have a slot now.
    fn has_room(&self, class: usize) -> bool {
        self.queue.used() < self.queue.kinds[class].room
    }

    // --- the way in -------------------------------------------------------------------------------------------------

    /// Whether a message of this type and without a deadline would simply get a slot: the common case, before all others.
    #[inline]
    pub(super) fn may_enter_plainly(&self, class: usize) -> bool {
        let kind = &self.queue.kinds[class];
        let is_plain = kind.counts.waiting == 0 && !kind.conflates && !kind.is_timed;
        is_plain && self.queue.used() < kind.room && self.phase == Phase::Open
    }

    /// It gets it.
    #[inline]
    pub(super) fn enter_plainly(&mut self, item: T, class: usize, signals: &Signals) {
        self.queue.kinds[class].counts.offered += 1;
        self.ids += 1;
        let (id, stamp, never) = (self.ids, self.sample(), Tick::NEVER);
        let tag = Tag { id, class: class as u16, stamp, expires: never, deadline: never, hash: 0 };
        self.push(Some(item), tag, signals);
    }

    /// Offers a message for the first time. It stays in `item` unless the verdict says that it is in or in line.
    pub(super) fn offer(
        &mut self,
        item: &mut Option<T>,
        mut tag: Tag,
        entrance: Entrance<'_>,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.offered += 1;
        if self.phase != Phase::Open {
            return self.refuse(class, Reason::Closed);
        }
        if self.lines.has_waiters(class) {
            // Before the twin is looked for: who gets in from the line now may be it (O7).
            self.settle(signals, fx);
        }
        let Some(newcomer) = item.as_ref() else {
            return self.refuse(class, Reason::Closed);
        };
        self.stamp(&mut tag);
        match self.find_twin(newcomer, &tag) {
            Err(Panicked) => return self.lose_newcomer(class, Reason::Panicked),
            Ok(Some(twin)) => {
                let place = self.conflate(twin, item.take(), tag, fx);
                return Verdict::In(place, Admission::Conflated);
            }
            Ok(None) => {}
        }
        // A newcomer whose own type is waiting joins the line (O1).
        if self.lines.has_waiters(class) {
            return self.join(item, tag, entrance, signals, fx);
        }
        if self.has_room(class) || self.make_room(class, signals, fx) {
            return Verdict::In(self.push(item.take(), tag, signals), Admission::Queued);
        }
        self.overflow(item, tag, entrance, signals, fx)
    }

    /// There is no room: the declared words are tried in order (O9).
    fn overflow(
        &mut self,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance<'_>,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        let list = self.queue.kinds[class].overflow;
        for word in list.words() {
            // `conflate` found no twin; alone it stands for `[conflate, drop_oldest]`.
            let is_alone = list.words().len() == 1;
            match word {
                Overflow::DropRandom | Overflow::EvictLower => {}
                Overflow::Conflate if !is_alone => {}
                Overflow::Conflate | Overflow::DropOldest => {
                    if let Some(oldest) = self.queue.kinds[class].list.front() {
                        // In this order, so that the lane is never empty in between and goes on waiting for its turn.
                        let place = self.push(item.take(), tag, signals);
                        self.give_up(oldest, Reason::Dropped, fx);
                        return Verdict::In(place, Admission::Displaced);
                    }
                }
                Overflow::Block => return self.join(item, tag, entrance, signals, fx),
                Overflow::Reject => return self.refuse(class, Reason::Full),
                Overflow::DropNewest => break,
            }
        }
        self.lose_newcomer(class, Reason::Dropped)
    }

    /// Frees slots without costing anybody alive anything: turns that have begun, messages that are dead (O9).
    fn make_room(&mut self, class: usize, signals: &Signals, fx: &mut Effects<T>) -> bool {
        self.settle(signals, fx);
        if !self.has_room(class) && self.queue.has_mortals() {
            let now = (self.now)();
            while let Some(dead) = self.queue.next_dead(now) {
                self.give_up(dead, Reason::Expired, fx);
            }
            self.grant(signals, fx);
        }
        self.has_room(class) && !self.lines.has_waiters(class)
    }

    fn join(
        &mut self,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance<'_>,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        let Entrance::Wait(waker) = entrance else {
            return self.refuse(class, Reason::Full);
        };
        if self.lines.waiting() >= self.limits.max_waiting {
            return self.refuse(class, Reason::Full);
        }
        // Foreign code, before anything changes.
        let waker = waker.clone();
        let Some(message) = item.take() else {
            return self.refuse(class, Reason::Closed);
        };
        self.queue.kinds[class].counts.waiting += 1;
        let key = self.lines.join(message, tag, waker);
        // From now on every turn that begins must hand its slot over at once. One that has just begun without having seen
        // this has its slot handed over here, or when it is suspended.
        signals.interrupt_and_fence();
        self.settle(signals, fx);
        Verdict::InLine(key)
    }

    fn refuse(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Refused, reason);
        let retry_after = (reason == Reason::Full).then(|| self.retry_after());
        Verdict::Refused(reason, retry_after)
    }

    fn lose_newcomer(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Lost, reason);
        Verdict::Lost(reason)
    }

    pub(super) fn retry_after(&self) -> Duration {
        let dice = self.ids.wrapping_add(self.turns);
        retry_after(self.queue.used() + self.lines.waiting(), self.drain.rate(), dice)
    }

    fn stamp(&mut self, tag: &mut Tag) {
        self.ids += 1;
        tag.id = self.ids;
        match tag.stamp {
            Tick::ZERO => tag.stamp = self.sample(),
            exact => self.recent = self.recent.max(exact),
        }
    }

    /// A recent instant: the clock is looked at with every eighth push, and with the first into an empty queue.
    #[inline]
    fn sample(&mut self) -> Tick {
        self.pushes += 1;
        if self.pushes >= PUSHES_PER_STAMP || self.queue.used() == 0 {
            self.saw((self.now)());
        }
        self.recent
    }

    /// Somebody looked at the clock.
    pub(super) fn saw(&mut self, now: Tick) {
        self.recent = now;
        self.pushes = 0;
    }

    fn find_twin(&self, item: &T, tag: &Tag) -> Result<Option<u32>, Panicked> {
        if !self.queue.kinds[usize::from(tag.class)].conflates {
            return Ok(None);
        }
        super::reentry::guarded(|| caught(|| self.queue.twin(item, tag))).map_err(|_| Panicked)
    }

    fn conflate(&mut self, twin: u32, item: Option<T>, tag: Tag, fx: &mut Effects<T>) -> Place {
        if let Some(item) = item {
            let (old, old_tag) = self.queue.replace(twin, item, tag);
            self.lose(old, old_tag, Reason::Conflated, fx);
        }
        Place { key: twin, id: tag.id }
    }

    /// A message gets a free slot.
    #[inline]
    fn push(&mut self, item: Option<T>, tag: Tag, signals: &Signals) -> Place {
        let lane = self.queue.kinds[usize::from(tag.class)].lane;
        let is_out = self.claim.is_out();
        if is_out && self.claim.is_outranked_by(lane, signals.progress()) {
            // On the consumer's own thread it is a turn that sends, and its message is next: order is what the program says.
            // From another thread nobody can tell which came first; there a claim may use up its 20 µs (S3).
            if self.claim.thread == here() { signals.interrupt() } else { signals.outrank() }
        }
        if self.queue.lane_len(lane) == 0 {
            // It waits from now on; turns of higher lanes that are claimed and still to come count.
            let turns = if is_out { self.claim.lane_woke(lane, signals.progress()) } else { 0 };
            self.schedule.woke(lane, turns);
        }
        Place { key: self.queue.push(item, tag), id: tag.id }
    }

    // --- losses -----------------------------------------------------------------------------------------------------

    pub(super) fn lose(&mut self, item: Option<T>, tag: Tag, reason: Reason, fx: &mut Effects<T>) {
        self.queue.kinds[usize::from(tag.class)].counts.lose(Stage::Lost, reason);
        if let Some(item) = item {
            fx.lost.push(Lost { item, class: usize::from(tag.class), stamp: tag.stamp, reason });
        }
    }

    /// Takes an unclaimed message out and loses it.
    pub(super) fn give_up(&mut self, key: u32, reason: Reason, fx: &mut Effects<T>) {
        if let Some((item, tag)) = self.queue.remove(key) {
            self.lose(Some(item), tag, reason, fx);
        }
    }

    /// The sender of an admitted message no longer wants it. `false` when its turn has begun.
    pub(super) fn withdraw(
        &mut self,
        place: Place,
        reason: Reason,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> bool {
        self.settle(signals, fx);
        let Some(entry) = self.queue.slots.find(place.key, place.id) else { return false };
        if entry.item.is_none() {
            // Claimed: the consumer drops it when it looks.
            entry.doom = Some(reason);
            self.claim.has_doomed = true;
            signals.interrupt();
            return true;
        }
        self.give_up(place.key, reason, fx);
        self.grant(signals, fx);
        true
    }

    // --- the line ---------------------------------------------------------------------------------------------------

    /// Hands free slots to waiters: highest lane first, in a lane the oldest that may have one (O1).
    pub(super) fn grant(&mut self, signals: &Signals, fx: &mut Effects<T>) {
        while self.lines.waiting() > 0
            && let Some(key) = self.next_waiter()
        {
            self.admit(key, signals, fx);
        }
    }

    fn next_waiter(&self) -> Option<u32> {
        let mut best: Option<(usize, u64, u32)> = None;
        for (class, kind) in self.queue.kinds.iter().enumerate() {
            let Some((key, ticket)) = self.lines.head(class) else {
                continue;
            };
            let is_better =
                best.is_none_or(|(lane, old, _)| kind.lane > lane || (kind.lane == lane && ticket < old));
            if is_better && self.queue.used() < kind.room {
                best = Some((kind.lane, ticket, key));
            }
        }
        best.map(|(_, _, key)| key)
    }

    fn admit(&mut self, waiter: u32, signals: &Signals, fx: &mut Effects<T>) {
        let twin = match self.lines.peek(waiter) {
            Some((item, tag)) => self.find_twin(item, tag),
            None => return,
        };
        let Some((item, tag)) = self.lines.take(waiter) else {
            return;
        };
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.waiting -= 1;
        let standing = match twin {
            Err(Panicked) => {
                self.queue.kinds[class].counts.lose(Stage::Lost, Reason::Panicked);
                Standing::Out(item, Reason::Panicked)
            }
            Ok(Some(twin)) => Standing::In(self.conflate(twin, Some(item), tag, fx)),
            Ok(None) => Standing::In(self.push(Some(item), tag, signals)),
        };
        if let Some(waker) = self.lines.note(waiter, standing) {
            fx.will_wake(waker);
        }
    }

    /// A waiter gives up.
    pub(super) fn leave(&mut self, waiter: u32, reason: Reason) -> Option<(T, Tag)> {
        let (item, tag) = self.lines.take(waiter)?;
        let stage = if reason == Reason::TimedOut { Stage::Refused } else { Stage::Lost };
        let counts = &mut self.queue.kinds[usize::from(tag.class)].counts;
        counts.waiting -= 1;
        counts.lose(stage, reason);
        Some((item, tag))
    }

    /// Sends every waiter away: admission is closed (F4).
    pub(super) fn clear_lines(&mut self, fx: &mut Effects<T>) {
        for class in 0..self.queue.kinds.len() {
            while let Some((key, _)) = self.lines.head(class)
                && let Some((item, _)) = self.lines.take(key)
            {
                let counts = &mut self.queue.kinds[class].counts;
                counts.waiting -= 1;
                counts.lose(Stage::Refused, Reason::Closed);
                if let Some(waker) = self.lines.note(key, Standing::Out(item, Reason::Closed)) {
                    fx.will_wake(waker);
                }
            }
        }
    }
}

/// The user's `Eq` panicked.
struct Panicked;
