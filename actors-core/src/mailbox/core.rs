//! What is under the lock, and the steps that the way in and the way out share.
//!
//! User code runs under the lock only as the `Eq` of conflation keys, always before anything has
//! changed and with its panics caught (B6). Lost messages and wakers leave in [`Effects`], to be
//! dropped, reported and woken once the lock is free.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::books::marks::Marks;
use crate::mailbox::books::watched::{Sampling, Watched};
use crate::mailbox::effects::Lost;
use crate::mailbox::ids::{SlotId, Ticks};
use crate::mailbox::item::{Class, Item};
use crate::mailbox::section::Section;
use crate::mailbox::signals::Signals;
use crate::mailbox::spill::Spill;
use crate::mailbox::store::claim::Claim;
use crate::mailbox::store::queue::Queue;
use crate::mailbox::store::slots::{Place, Tag};
use crate::mailbox::store::waiters::Lines;
use crate::panics::caught;
use crate::policy::{Arrivals, DrainRate, Lanes, Limits, Rng, TurnTime};
use crate::reentry;
use crate::stripes::here;
use crate::sync::as_if_unlocked;
use std::time::Duration;

/// Pushes per reading of the clock, for types that need no exact age: a reading costs about as much
/// as a push.
const PUSHES_PER_STAMP: u32 = 16;

/// The phases of a mailbox's life. They only ever advance. What follows for a worker is decided by
/// its `Lifecycle`; a phase says only what the mailbox admits and hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Admits messages and hands them out.
    Open,
    /// Admits none, hands out what is queued.
    Draining,
    /// Admits none, hands out none.
    Killed,
    /// Empty for good.
    Ended,
}

/// In the order of use, so that a send touches few cache lines.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Core<T> {
    pub(super) phase: Phase,
    /// Nothing is handed out. Only tests hold.
    pub(super) is_held: bool,
    /// The consumer is at work, and its turns are known to be short.
    pub(super) is_short: bool,
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
    /// The age of the running turn, as of the last refusal that read the clock.
    pub(super) running_age: Span,
    /// Claims since the clock was last read for one.
    pub(super) unseen: u32,
    /// Notices that were posted; it wraps.
    pub(super) notices: u32,
    pub(super) drain: DrainRate,
    /// How long the turns of a pool take.
    pub(super) turn_time: TurnTime,
    pub(super) arrivals: Arrivals,
    /// The mailbox's address.
    home: usize,
    pub(super) rng: Rng,
    /// The longest time that the mailbox was not empty.
    pub(super) busy_longest: Span,
    pub(super) watched: Watched,
    is_pool: bool,
    /// The time of tokens, as of the last reading.
    pub(super) token_time: Tick,
    /// The ticks under way that let in senders which wait for tokens, with the instant of the next;
    /// and the latest series.
    pub(super) ticks: Option<(Ticks, Tick)>,
    pub(super) series: Ticks,
    /// What is outside the mailbox, if it has a store.
    pub(super) spill: Option<Box<Spill<T>>>,
    pub(super) work: Work,
}

/// The messages and waiters that one visit touches, counted for tests: the time under the lock
/// grows with it.
#[derive(Debug, Default)]
pub(super) struct Work {
    #[cfg(feature = "testing")]
    now: usize,
    #[cfg(feature = "testing")]
    pub(super) most: usize,
}

impl Work {
    /// Starts the count of a visit.
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

impl<T: Item, S> Section<'_, T, S> {
    /// Replaces a queued message by a newer one of its key.
    pub(super) fn conflate(&mut self, twin: SlotId, item: T, tag: Tag) -> Place {
        let (old, old_tag) = self.queue.replace(twin, item, tag);
        self.lose(old, old_tag, Reason::Conflated);
        Place { slot: twin, id: tag.id }
    }

    /// Puts a message into a free slot.
    pub(super) fn push(&mut self, item: T, tag: Tag) -> Place {
        let signals = self.signals();
        let place = self.push_made(|| item, tag, signals);
        self.note_marks();
        self.review_key_of(tag.class, tag.hash);
        place
    }

    // --- the books ---

    /// Enters the consumer's progress into the books, and hands over the slots that it has freed.
    pub(super) fn settle(&mut self) {
        let progress = self.signals().progress();
        let freed = self.enter(progress);
        self.note_marks();
        if freed && self.lines.owed() > 0 {
            self.grant();
        }
    }

    /// Tells producers if the fill has passed a mark.
    #[inline]
    pub(super) fn note_marks(&mut self) {
        if self.watched.marks.is_some() {
            self.note_passed_mark();
        }
    }

    #[cold]
    fn note_passed_mark(&mut self) {
        let taken = self.queue.taken();
        let Some(marks) = &mut self.core.watched.marks else { return };
        if marks.passes(taken) {
            let is_low = !marks.is_high;
            self.queue.classes.iter_mut().for_each(|state| state.set_marked(is_low));
            self.effects.will_tell_producers();
        }
    }

    /// Sets the marks at which producers are told, or removes them.
    pub(crate) fn set_marks(&mut self, marks: Option<Marks>) {
        if marks.is_some() == self.watched.marks.is_some() {
            return;
        }
        let has_marks = marks.is_some();
        self.watched.marks = marks.map(Box::new);
        self.queue.classes.iter_mut().for_each(|state| state.set_marked(has_marks));
        self.settle();
    }

    // --- losses ---

    pub(super) fn lose(&mut self, item: Option<T>, tag: Tag, reason: Reason) {
        self.queue.classes[tag.class].counts.lose(Stage::of(reason), reason);
        if let Some(item) = item {
            self.effects.lost.push(Lost { item, class: tag.class, stamp: tag.stamp, reason });
        }
    }

    /// Takes an unclaimed message out of the queue and loses it.
    pub(super) fn lose_queued(&mut self, slot: SlotId, reason: Reason) {
        if let Some((item, tag)) = self.take_out(slot) {
            self.lose(Some(item), tag, reason);
        }
    }

    /// Gives memory back after a burst.
    pub(super) fn shrink(&mut self) {
        if let Some(slots) = self.queue.shrink() {
            self.effects.will_free(slots);
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
            turn_time: TurnTime::default(),
            is_pool: limits.workers.is_pool(),
            arrivals: Arrivals::default(),
            rng,
            busy_since: Tick::ZERO,
            busy_longest: Span::of(Duration::ZERO),
            turns: 0,
            ids: 0,
            recent: Tick::ZERO,
            pushes: 0,
            is_held: false,
            is_short: false,
            running_age: Span::NONE,
            unseen: 0,
            notices: 0,
            now,
            watched: Watched::new(limits.pressure.as_ref()),
            token_time: Tick::ZERO,
            ticks: None,
            series: Ticks::default(),
            spill: None,
            work: Work::default(),
        };
        core.set_sampling(core.watched.sampling);
        core
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

    /// Returns a recent instant. The clock is read with every sixteenth push, and with the first
    /// push into an empty queue, unless the consumer has just emptied it and will soon be back.
    #[inline]
    fn sample(&mut self) -> Tick {
        self.pushes += 1;
        let is_empty = self.queue.used() == 0;
        // A supervisor judges by ages, so they must be good enough.
        let is_due = is_empty || self.watched.sampling != Sampling::Off;
        if self.pushes >= PUSHES_PER_STAMP || (is_due && !self.is_short) {
            self.saw((self.now)());
        }
        if is_empty {
            self.busy_since = self.recent;
        }
        self.recent
    }

    /// Notes a reading of the clock.
    pub(super) fn saw(&mut self, now: Tick) {
        self.recent = now;
        self.pushes = 0;
    }

    pub(super) fn find_twin(&self, item: &T, tag: &Tag) -> Result<Option<SlotId>, Panicked> {
        if !self.queue.classes[tag.class].conflates {
            return Ok(None);
        }
        reentry::guarded(self.home, || as_if_unlocked(|| caught(|| self.queue.twin(item, tag))))
            .map_err(|_| Panicked)
    }

    /// Makes a message once its slot is there, and puts it in.
    #[inline(always)]
    pub(super) fn push_made(&mut self, make: impl FnOnce() -> T, tag: Tag, signals: &Signals) -> Place {
        let lane = self.queue.classes[tag.class].lane();
        if self.claim.is_out() {
            self.push_beside_claim(lane, signals);
        } else if self.queue.lane_len(lane) == 0 {
            self.schedule.woke(lane, 0);
        }
        Place { slot: self.queue.push(make, tag), id: tag.id }
    }

    /// Tells the consumer and the schedule of a message that comes while others are claimed and may
    /// not have begun.
    fn push_beside_claim(&mut self, lane: usize, signals: &Signals) {
        if lane > self.claim.lowest()
            && self.schedule.outranks()
            && self.claim.is_outranked_by(lane, signals.progress())
        {
            // On the consumer's own thread a turn is sending, and its message is next: the program
            // determines the order. From another thread it cannot be told which came first, so a
            // claim may use up its 20 µs (S3).
            if self.claim.thread == here() { signals.interrupt() } else { signals.outrank() }
        }
        if self.queue.lane_len(lane) == 0 {
            // The lane waits from now on; turns of higher lanes that are claimed and still to come
            // count.
            let turns = self.claim.lane_woke(lane, signals.progress());
            self.schedule.woke(lane, turns);
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether nothing is left to be handled, and nothing more will come.
    pub(super) fn is_drained(&self) -> bool {
        self.phase != Phase::Open && self.queue.used() == 0 && !self.awaits_stored()
    }

    /// Like [`settle`](Section::settle), for callers that know that no sender waits.
    pub(super) fn settle_books(&mut self, signals: &Signals) {
        self.enter(signals.progress());
    }

    fn enter(&mut self, progress: u32) -> bool {
        let Core { claim, queue, turns, .. } = self;
        let freed = claim.enter_begun(progress, |slot, class| {
            queue.release(slot, class);
            queue.classes[class].counts.in_service += 1;
        });
        claim.enter_ended(progress, |class| {
            let counts = &mut queue.classes[class].counts;
            counts.in_service -= 1;
            counts.handled += 1;
            *turns += 1;
        });
        freed
    }

    /// Messages that were offered before this instant are shed when their turns would begin, if
    /// their types allow it (T6); [`ZERO`](Tick::ZERO) where none is.
    #[inline]
    pub(super) fn oldest_kept(&self, now: Tick) -> Tick {
        self.watched.sojourn.as_ref().map_or(Tick::ZERO, |sojourn| sojourn.oldest(now))
    }

    /// Whether the message whose turn would be next has waited for too long (T6). The last one of
    /// a lane has its turn in any case.
    #[inline]
    pub(super) fn is_overdue(&self, slot: SlotId, oldest: Tick) -> bool {
        let entry = self.queue.slots.at(slot);
        let state = &self.queue.classes[entry.class];
        entry.stamp < oldest && state.is_sheddable() && self.queue.lane_len(state.lane()) > 1
    }

    /// Notes how long a message stayed whose turn begins, or which is shed instead (T6).
    #[inline]
    pub(super) fn note_stay(&mut self, now: Tick, stamp: Tick) {
        if self.watched.sojourn.is_some() {
            let handling = self.handling();
            if let Some(sojourn) = &mut self.watched.sojourn {
                sojourn.saw(now, Span::of(now.since(stamp)), handling);
            }
        }
    }

    /// The mean time that a turn takes; `NONE` while it is unknown.
    pub(super) fn handling(&self) -> Span {
        if self.is_pool { self.turn_time.mean() } else { self.drain.interval() }
    }

    /// Notes how long the mailbox was not empty, if it has run empty.
    pub(super) fn note_empty(&mut self, now: Tick) {
        if self.queue.used() == 0 {
            self.busy_longest = self.busy_longest.max(Span::of(now.since(self.busy_since)));
        }
    }

    /// Takes an unclaimed message out of the queue. Its key may hold one more after that.
    pub(super) fn take_out(&mut self, slot: SlotId) -> Option<(T, Tag)> {
        let (item, tag) = self.queue.remove(slot)?;
        self.work.add(1);
        self.review_key_of(tag.class, tag.hash);
        Some((item, tag))
    }
}

/// The user's `Eq` panicked.
pub(super) struct Panicked;
