//! What a supervisor sees of a mailbox, and what it may change (P1, P2).
//!
//! ```text
//!   not sampled ── a message is queued ──► request, once ──► sampled, again and again
//!        ▲                                                        │
//!        └─────────────── nothing to see: armed ◄────────────────┘
//! ```
//!
//! While a mailbox is not sampled, the first message takes the long way in and requests a sample.
//! From then on messages take the fast path again. So an idle mailbox costs no timer, and a busy
//! one no instruction.

use crate::clock::{Span, Tick};
use crate::mailbox::books::ledger::{Counts, Ledger, Row};
use crate::mailbox::books::watched::Sampling;
use crate::mailbox::consumers::{Consumers, Serving};
use crate::mailbox::core::Core;
use crate::mailbox::effects::Effects;
use crate::mailbox::ids::{ClassId, WorkerId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::policy::{Backlog, Priority, Sample, expected_wait};
use std::time::Duration;

impl<T: Item, S> Section<'_, T, S> {
    /// Requests sampling for a message that came the long way, if the mailbox is not sampled.
    #[inline]
    pub(super) fn request_sample(&mut self) {
        if self.watched.sampling == Sampling::Armed {
            self.set_sampling(Sampling::Requested);
            self.effects.requests_sample = true;
        }
    }
}

impl<T: Item> Core<T> {
    /// The longest time that the mailbox was not empty, up to now.
    pub(super) fn busy_longest(&self, now: Tick) -> Duration {
        let current = if self.queue.used() == 0 { Duration::ZERO } else { now.since(self.busy_since) };
        self.busy_longest.get().unwrap_or_default().max(current)
    }

    /// The age of the oldest unclaimed message.
    pub(super) fn oldest_age(&self, now: Tick) -> Duration {
        let fronts = (0..Priority::COUNT).filter_map(|lane| self.queue.lane_front(lane));
        let oldest =
            fronts.chain(self.queue.parked_heads()).map(|slot| self.queue.slots.at(slot).stamp).min();
        oldest.map_or(Duration::ZERO, |stamp| now.since(stamp))
    }

    /// When a refused sender of any type should try again, before the spread; `None` where nothing
    /// keeps a sender out.
    pub(super) fn expected_wait(&self, now: Tick) -> Option<Duration> {
        let is_idle = self.queue.taken() == 0 && self.lines.owed() == 0;
        let running = self.turn_began().map(|began| now.since(began));
        let messages = self.queue.used() + self.lines.owed();
        let backlog = Backlog { messages, drain_rate: self.drain.rate(), running, refusals: 0 };
        (!is_idle).then(|| expected_wait(&backlog))
    }

    /// When the running turn began, if one runs. For a turn that a sender runs, and in a pool, the
    /// noted instant may be too early: then since when messages have been queued.
    pub(super) fn turn_began(&self) -> Option<Tick> {
        let is_serving = self.queue.classes.iter().any(|state| state.counts.in_service > 0);
        match self.claim.is_running() {
            true => Some(self.watched.moved),
            false => is_serving.then(|| self.watched.moved.max(self.busy_since)),
        }
    }

    pub(super) fn set_sampling(&mut self, sampling: Sampling) {
        self.watched.sampling = sampling;
        self.queue.classes.iter_mut().for_each(|state| state.set_armed(sampling == Sampling::Armed));
    }

    /// For how long messages have been queued without a turn beginning.
    pub(super) fn stalled(&self, now: Tick) -> Duration {
        match self.queue.used() {
            0 => Duration::ZERO,
            _ => now.since(self.watched.moved.max(self.busy_since)),
        }
    }

    /// Messages that hold a slot, by priority.
    fn lane_depths(&self) -> LaneDepths {
        let mut of = [0; Priority::COUNT];
        self.queue.classes.iter().for_each(|state| of[state.lane()] += state.counts.queued as usize);
        let [low, normal, high, urgent] = of;
        LaneDepths { low, normal, high, urgent }
    }

    fn read_sample(&mut self, now: Tick, workers: usize, busy: usize) -> Sample {
        let stay = std::mem::replace(&mut self.watched.stay, Span::NONE).get();
        let oldest = self.oldest_age(now);
        let mut offered = [0; Priority::COUNT];
        for state in self.queue.classes.iter().filter(|state| state.is_sheddable()) {
            offered[state.lane()] += state.counts.offered;
        }
        Sample {
            queued: self.queue.used(),
            // Senders that wait for tokens are no backlog: nothing but time helps them.
            waiting: self.lines.waiting() - self.lines.limited(),
            held_back: self.queue.parked() + self.lines.held_back(),
            capacity: 0,
            sojourn: stay.or((self.queue.runnable() > 0).then_some(oldest)),
            turns: self.turns,
            drain_rate: self.drain.rate(),
            arrivals: self.ids + self.watched.shed,
            offered,
            workers,
            busy,
            stalled: self.stalled(now),
            needs_growth: false,
        }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    pub(crate) fn depth(&mut self, now: Tick) -> Depth {
        self.settle();
        self.enter_refused();
        let offers = self.ids + self.watched.shed;
        self.arrivals.saw(now, offers);
        let (workers, workers_busy) = self.workers();
        Depth {
            queued: self.queue.used(),
            lanes: self.lane_depths(),
            soft_limit: self
                .queue
                .classes
                .iter()
                .find_map(|state| state.soft_limit())
                .map(|most| most as usize),
            waiting: self.lines.waiting(),
            stored: self.lines.outside(),
            permits: self.queue.permits,
            bytes: self.queue.bytes,
            peak: self.queue.peak().min(self.mailbox.limits().capacity),
            #[cfg(feature = "testing")]
            is_idle: self.consumers.is_idle()
                && (self.is_held || (self.queue.used() == 0 && self.lines.outside() == 0 && self.is_open())),
            oldest_age: self.oldest_age(now),
            drain_rate: self.drain.rate(),
            arrival_rate: self.arrivals.rate(),
            arrival_peak: self.arrivals.peak(),
            busy_longest: self.busy_longest(now),
            workers,
            workers_busy,
            stalled: self.stalled(now),
            retry_after: self.expected_wait(now),
            tokens: self.tokens(now),
        }
    }

    /// Takes a sample for the supervisor. `shed` is the cumulative number of messages that were
    /// refused before the mailbox.
    pub(crate) fn sample(&mut self, now: Tick, shed: u64) -> Sample {
        self.settle();
        self.enter_refused();
        self.watched.shed = shed;
        let (workers, busy) = self.workers();
        let capacity = self.mailbox.limits().capacity;
        Sample { capacity, ..self.core.read_sample(now, workers, busy) }
    }

    /// For how long the turn that began last has been running, if one is.
    pub(crate) fn turn(&mut self, now: Tick) -> Option<Duration> {
        self.settle();
        (self.workers().1 > 0).then(|| now.since(self.watched.moved))
    }

    /// Replaces the content of `turns` by the turns that run.
    pub(crate) fn running(&mut self, turns: &mut Vec<RunningClass>) {
        turns.clear();
        self.settle();
        let core = &*self.core;
        match &*self.consumers {
            Consumers::One(_) => {
                let claimed = core.claim.running();
                let began = claimed.map(|_| core.watched.moved);
                let is_serving = |class: &ClassId| core.queue.classes[*class].counts.in_service > 0;
                let class = claimed.or_else(|| core.queue.classes.ids().find(is_serving));
                let turn = |class| RunningClass { worker: WorkerId::ONLY, class, began, serial: core.turns };
                turns.extend(class.map(turn));
            }
            Consumers::Pool(pool) => turns.extend(pool.servings().map(|(worker, serving)| {
                let Serving { class, began, .. } = serving;
                RunningClass { worker, class, began: Some(began), serial: began.as_nanos() }
            })),
        }
    }

    /// Sets how many slots `block` types may hold before their senders wait; `None` lifts the limit
    /// (P2).
    pub(crate) fn set_soft_limit(&mut self, most: Option<u32>) {
        self.queue.classes.iter_mut().for_each(|state| state.set_soft_limit(most));
        self.settle();
        self.grant();
        self.wake_if_filled();
    }
}

impl<T: Item, S> Mailbox<T, S> {
    pub(crate) fn ledger(&self, effects: &mut Effects<T>) -> Ledger {
        let mut rows = Vec::new();
        self.rows(&mut rows, effects);
        Ledger::new(rows, self.classes[..self.types()].iter().map(|class| (class.type_id)()).collect())
    }

    /// Replaces the content of `rows` by one row per message type. Allocates only where `rows`
    /// lacks room, and then before the lock is taken.
    pub(crate) fn rows(&self, rows: &mut Vec<Row>, effects: &mut Effects<T>) {
        rows.clear();
        rows.reserve(self.types());
        if self.is_untouched() {
            let none = Counts::default();
            rows.extend(self.classes[..self.types()].iter().map(|class| none.row(class)));
            return;
        }
        self.visit(effects, |section| {
            section.settle();
            section.enter_refused();
            let classes = section.queue.classes.iter().zip(self.classes.iter());
            for ((state, class), of_type) in classes.zip(self.type_of_each()) {
                let row = state.counts.row(class);
                match rows.get_mut(of_type) {
                    Some(sum) => sum.add(&row),
                    None => rows.push(row),
                }
            }
        });
    }

    /// Whether the fill has passed the high mark, and how many slots are taken. An ended mailbox
    /// has passed none. Has no consequences, so it may be called under a lock of the caller's.
    pub(crate) fn fill_and_mark(&self) -> (bool, usize) {
        let inner = self.lock();
        let is_high = inner.core.watched.marks.as_ref().is_some_and(|marks| marks.is_high);
        (is_high && inner.core.is_open(), inner.core.queue.taken())
    }

    /// Whether a message is queued or stored, or a turn runs.
    pub(crate) fn has_work(&self) -> bool {
        let mut inner = self.lock();
        inner.core.settle_books(&self.signals);
        inner.core.queue.used() > 0 || inner.core.awaits_stored() || inner.workers().1 > 0
    }

    /// Asks for sampling to begin, although no message has come. `false` where it has begun
    /// already.
    pub(crate) fn request_sample(&self) -> bool {
        let mut inner = self.lock();
        let is_armed = inner.core.watched.sampling == Sampling::Armed;
        if is_armed {
            inner.core.set_sampling(Sampling::Requested);
        }
        is_armed
    }

    /// Ends sampling until the next message requests it. `false` where there is something to
    /// sample.
    pub(crate) fn arm(&self) -> bool {
        let mut inner = self.lock();
        let is_empty = inner.core.queue.used() == 0 && inner.core.lines.owed() == 0;
        if is_empty && inner.core.watched.sampling == Sampling::Requested {
            inner.core.set_sampling(Sampling::Armed);
        }
        is_empty
    }

    /// Notes that the supervisor which sampled this mailbox is gone: the next message requests
    /// sampling, whatever is queued.
    pub(crate) fn rearm(&self) {
        let mut inner = self.lock();
        if inner.core.watched.sampling == Sampling::Requested {
            inner.core.set_sampling(Sampling::Armed);
        }
    }

    /// By type: the lane in which it may be shed, if it may (P3).
    pub(crate) fn sheddable(&self) -> Vec<Option<usize>> {
        let inner = self.lock();
        let classes = inner.core.queue.classes.iter();
        classes.map(|state| state.is_sheddable().then(|| state.lane())).collect()
    }
}

/// A turn that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunningClass {
    pub(crate) worker: WorkerId,
    pub(crate) class: ClassId,
    /// When it began: an instant that the mailbox has noted anyway. `None` for a turn that a sender
    /// runs.
    pub(crate) began: Option<Tick>,
    /// Two turns of a worker that run at different times have different numbers.
    pub(crate) serial: u64,
}

/// Queued messages by priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LaneDepths {
    /// Of priority `low`.
    pub low: usize,
    /// Of priority `normal`.
    pub normal: usize,
    /// Of priority `high`.
    pub high: usize,
    /// Of priority `urgent`.
    pub urgent: usize,
}

/// Numbers of a mailbox at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    pub(crate) queued: usize,
    pub(crate) lanes: LaneDepths,
    pub(crate) soft_limit: Option<usize>,
    pub(crate) waiting: usize,
    pub(crate) stored: usize,
    pub(crate) permits: usize,
    pub(crate) bytes: u64,
    pub(crate) peak: usize,
    /// Nothing is to be done, and no turn is under way.
    #[cfg(feature = "testing")]
    pub(crate) is_idle: bool,
    pub(crate) oldest_age: Duration,
    pub(crate) drain_rate: f64,
    pub(crate) arrival_rate: f64,
    pub(crate) arrival_peak: f64,
    pub(crate) busy_longest: Duration,
    pub(crate) stalled: Duration,
    pub(crate) workers: usize,
    pub(crate) workers_busy: usize,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) tokens: Option<usize>,
}
