//! A wait as an edge of the graph, and the cycles that edges form.

use super::{Awaited, InLine, Node, Waits, WaitsFor};
use crate::clock::Tick;
use crate::error::ActorName;
use crate::sync::Lock;
use crate::wakers::{WakerSlot, cloned, discard, wake};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

/// A turn: a worker runs one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Waiter {
    /// The actor's [`Node::id`].
    pub(crate) actor: usize,
    /// The number of the worker that runs it.
    pub(crate) worker: u32,
}

/// What a turn waits for.
pub(crate) enum What {
    Answer(Awaited),
    Slot(InLine),
    /// The start of the actor's first instance.
    Start,
    /// The actor's end: each of its workers must end its turn first.
    End,
}

impl What {
    pub(super) fn word(&self) -> WaitsFor {
        match self {
            What::Answer(_) => WaitsFor::Answer,
            What::Slot(_) => WaitsFor::Slot,
            What::Start => WaitsFor::Start,
            What::End => WaitsFor::End,
        }
    }
}

/// A wait that is about to begin.
pub(crate) struct Plan {
    pub(crate) from: Waiter,
    pub(crate) to: Arc<dyn Node>,
    pub(crate) what: What,
    /// When the waiter gives up.
    pub(crate) until: Tick,
    /// The waiter's turn continues although its actor was killed: a `#[stopped]`.
    pub(crate) outlives_kill: bool,
}

/// A turn waits for what an actor must do first.
pub(super) struct Edge {
    pub(super) plan: Plan,
    /// The turn has ended, although the wait was not dropped.
    is_over: AtomicBool,
    /// The wait can fail: it can be cut, and its task is told.
    can_fail: bool,
    /// Woken when it is cut.
    waker: Lock<WakerSlot>,
    /// The cycle for which it was cut, from its own actor on.
    cut: OnceLock<Names>,
}

impl Edge {
    /// An edge that can fail if it has a waker.
    pub(super) fn new(plan: Plan, waker: Option<&Waker>) -> Arc<Edge> {
        let (can_fail, mut slot) = (waker.is_some(), WakerSlot::default());
        if let Some(waker) = waker {
            let _none = slot.put(cloned(waker));
        }
        let waker = Lock::new(slot);
        Arc::new(Edge { plan, is_over: AtomicBool::new(false), can_fail, waker, cut: OnceLock::new() })
    }

    /// The graph that it is an edge of: that of the actor it leads to.
    pub(super) fn waits(&self) -> &Waits {
        self.plan.to.waits()
    }

    /// Returns a number if the wait is not over. Where two looks return the same number, it counted
    /// all the time in between.
    pub(super) fn live(&self, now: Tick) -> Option<u64> {
        let to = &self.plan.to;
        let since = match &self.plan.what {
            What::Answer(answer) => answer.is_awaited().then_some(0),
            What::Slot(place) => to.is_stuck_in_line(*place),
            What::Start => (!to.has_started()).then_some(0),
            What::End => (!to.has_ended()).then_some(0),
        };
        let is_over = self.is_over.load(Ordering::Relaxed);
        since.filter(|_| now < self.plan.until && self.cut.get().is_none() && !is_over)
    }

    /// The turn has ended.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Wakes the waiter, which finds that its wait was cut. Called without any lock.
    pub(super) fn wake(&self) {
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

/// A wait that is in the graph until this is dropped.
pub(crate) struct Wait(pub(super) Arc<Edge>);

impl Wait {
    /// Returns whether it is a wait of this turn, with this end.
    pub(crate) fn is_of(&self, from: Waiter, until: Tick) -> bool {
        // Relaxed: a turn and the next one of its worker follow each other anyhow.
        self.0.plan.from == from && self.0.plan.until == until && !self.0.is_over.load(Ordering::Relaxed)
    }

    /// It is polled again, by a task that `waker` wakes.
    ///
    /// # Errors
    /// The names around a cycle, for which it was cut meanwhile.
    pub(crate) fn goes_on(&self, waker: &Waker) -> Result<(), Names> {
        if self.0.can_fail && !self.0.waker.lock().has(waker) {
            let new = cloned(waker);
            let old = self.0.waker.lock().put(new);
            discard(old);
        }
        // After the waker is stored: a cut from now on wakes it.
        self.0.cut.get().map_or(Ok(()), |names| Err(names.clone()))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // They may be the last to hold a slot or a cell: dropped after the locks. Wakers and
        // answers may panic when they are dropped, and the waiter may be unwinding.
        let edge = self.0.waits().remove(&self.0);
        let waker = self.0.waker.lock().take();
        discard((edge, waker));
    }
}

/// The actors around a cycle, beginning with the waiter that is told.
pub(crate) type Names = Arc<[ActorName]>;

/// A cycle of waits.
pub(super) struct Cycle {
    pub(super) names: Names,
    /// The ids of these actors.
    pub(super) actors: Vec<usize>,
    /// Its waits, beginning with the newest where that closes it.
    pub(super) waits: Vec<Arc<Edge>>,
}

impl Drop for Cycle {
    /// Like [`Reached`](super::search::Reached), it may hold the last references to slots and
    /// cells, whose `Drop` may panic.
    fn drop(&mut self) {
        discard(std::mem::take(&mut self.waits));
    }
}

impl Cycle {
    /// Cuts the first of its waits that can fail, if there is one. Called under the arbiter's lock;
    /// the caller wakes it later.
    pub(super) fn cut_one(&self) -> Option<Arc<Edge>> {
        let victim = self.waits.iter().find(|edge| edge.can_fail)?;
        let own = self.actors.iter().position(|actor| *actor == victim.plan.from.actor)?;
        let mut names = self.names.to_vec();
        names.rotate_left(own);
        let _ = victim.cut.set(names.into());
        Some(victim.clone())
    }

    /// Lets a sender in that waits in a line of the cycle only because the supervisor lowered the
    /// limit (P2). Called without any lock.
    pub(super) fn admit_one(&self) -> bool {
        self.waits.iter().any(|edge| match edge.plan.what {
            What::Slot(place) => edge.plan.to.clone().admit(place),
            What::Answer(_) | What::Start | What::End => false,
        })
    }
}
