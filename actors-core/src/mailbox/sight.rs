//! What a supervisor sees of a mailbox, and what it may change (P1, P2).
//!
//! ```text
//!   nobody looks ── a message is queued ──► it rings, once ──► somebody looks, again and again
//!        ▲                                                           │
//!        └────────────────────── nothing to be seen: armed ◄─────────┘
//! ```
//!
//! While nobody looks, the first message that is queued takes the long way in, where it rings; from then on messages take the short
//! one again. So an idle mailbox costs nobody a timer, and a busy one nobody an instruction.

use super::core::Core;
use super::{Effects, Item, Mailbox};
use crate::clock::{Span, Tick};
use crate::policy::{Overflow, Priority, Sight};
use std::time::Duration;

/// Whether somebody looks at a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// Nobody is to.
    Off,
    /// Nobody does; the next message rings.
    Armed,
    /// It rang.
    Rung,
}

/// What is seen of a mailbox beside the numbers that it keeps anyway.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) alarm: Alarm,
    /// The shortest stay of messages whose turns have begun since somebody looked.
    stay: Span,
    /// When a turn began last.
    pub(super) moved: Tick,
    /// Messages that were refused before they came here.
    pub(super) shed: u64,
}

impl Watched {
    pub(super) fn new(is_supervised: bool) -> Self {
        let alarm = if is_supervised { Alarm::Armed } else { Alarm::Off };
        Watched { alarm, stay: Span::NONE, moved: Tick::ZERO, shed: 0 }
    }

    /// A turn begins of a message that was offered at `stamp`.
    #[inline]
    pub(super) fn began(&mut self, now: Tick, stamp: Tick) {
        self.moved = now;
        // `NONE` is the longest.
        self.stay = self.stay.min(Span::of(now.since(stamp)));
    }
}

impl<T: Item> Core<T> {
    /// A message came the long way: if nobody looks, somebody is to.
    #[inline]
    pub(super) fn ring(&mut self, fx: &mut Effects<T>) {
        if self.watched.alarm == Alarm::Armed {
            self.set_alarm(Alarm::Rung);
            fx.rings = true;
        }
    }

    pub(super) fn set_alarm(&mut self, alarm: Alarm) {
        self.watched.alarm = alarm;
        self.queue.kinds.iter_mut().for_each(|kind| kind.set_armed(alarm == Alarm::Armed));
    }

    /// Messages are queued, and no turn began for so long.
    pub(super) fn stuck(&self, now: Tick) -> Duration {
        match self.queue.used() {
            0 => Duration::ZERO,
            _ => now.since(self.watched.moved.max(self.busy_since)),
        }
    }

    fn sight(&mut self, now: Tick, workers: usize, busy: usize) -> Sight {
        let stay = std::mem::replace(&mut self.watched.stay, Span::NONE).get();
        let oldest = self.oldest_age(now);
        let mut offered = [0; Priority::COUNT];
        for kind in self.queue.kinds.iter().filter(|kind| kind.is_sheddable()) {
            offered[kind.lane()] += kind.counts.offered;
        }
        Sight {
            queued: self.queue.used(),
            waiting: self.lines.waiting(),
            held_back: self.queue.parked() + self.lines.held_back(),
            capacity: 0,
            sojourn: stay.or((self.queue.runnable() > 0).then_some(oldest)),
            turns: self.turns,
            arrivals: self.ids + self.watched.shed,
            offered,
            workers,
            busy,
            stuck: self.stuck(now),
        }
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// A look at everything. `shed` is how many messages were refused before they came here, since ever.
    pub(crate) fn sight(&self, now: Tick, shed: u64, fx: &mut Effects<T>) -> Sight {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        inner.core.watched.shed = shed;
        let (workers, busy) = inner.workers();
        Sight { capacity: self.limits.capacity, ..inner.core.sight(now, workers, busy) }
    }

    /// Whether a message is queued, or a turn runs.
    pub(crate) fn has_work(&self) -> bool {
        let mut inner = self.lock();
        inner.core.settle_books(&self.signals);
        inner.core.queue.used() > 0 || inner.workers().1 > 0
    }

    /// For how long the turn that began last has been running, if one is.
    pub(crate) fn turn(&self, now: Tick, fx: &mut Effects<T>) -> Option<Duration> {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        (inner.workers().1 > 0).then(|| now.since(inner.core.watched.moved))
    }

    /// Somebody is to look, although no message has come. `false` where somebody does.
    pub(crate) fn ring(&self) -> bool {
        let mut inner = self.lock();
        let is_armed = inner.core.watched.alarm == Alarm::Armed;
        if is_armed {
            inner.core.set_alarm(Alarm::Rung);
        }
        is_armed
    }

    /// Nobody will look any more, until a message rings. `false` where there is something to be seen.
    pub(crate) fn arm(&self) -> bool {
        let mut inner = self.lock();
        let is_empty = inner.core.queue.used() == 0 && inner.core.lines.waiting() == 0;
        if is_empty && inner.core.watched.alarm == Alarm::Rung {
            inner.core.set_alarm(Alarm::Armed);
        }
        is_empty
    }

    /// The supervisor that looked at this mailbox is gone: the next message rings, whatever is queued.
    pub(crate) fn rearm(&self) {
        let mut inner = self.lock();
        if inner.core.watched.alarm == Alarm::Rung {
            inner.core.set_alarm(Alarm::Armed);
        }
    }

    /// How many slots `block` types may hold before their senders wait, if not all (P2).
    pub(crate) fn squeeze(&self, most: Option<u32>, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        inner.core.queue.kinds.iter_mut().for_each(|kind| kind.squeeze(most));
        inner.core.settle(&self.signals, fx);
        inner.core.grant(&self.signals, fx);
        inner.rouse_if_filled(fx);
    }

    /// By type: the lane in which it may be shed, if it may (P3).
    pub(crate) fn sheddable(&self) -> Vec<Option<usize>> {
        let inner = self.lock();
        let kinds = inner.core.queue.kinds.iter();
        kinds.map(|kind| kind.is_sheddable().then(|| kind.lane())).collect()
    }
}

impl super::kind::Kind {
    /// Whether senders may be refused before the mailbox is full: nobody was promised otherwise, and it is not urgent.
    pub(super) fn is_sheddable(&self) -> bool {
        let may_be_lost = self.overflow.is_droppable() || self.overflow.last_resort() == Overflow::Reject;
        may_be_lost && self.lane() < Priority::Urgent.lane()
    }
}
