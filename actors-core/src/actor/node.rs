//! An actor as a node of the wait graph (D1).

use super::Actor;
use super::cell::Cell;
use crate::error::{ActorName, LifeStage};
use crate::mailbox::WorkerId;
use crate::observe::trace;
use crate::policy::Action;
use crate::wait::{self, InLine, Node, Waits, WorkerSet};
use std::sync::Arc;

impl<A: Actor> Node for Cell<A> {
    fn id(&self) -> usize {
        Cell::id(self)
    }

    fn name(&self) -> &ActorName {
        self.name()
    }

    fn waits(&self) -> &Waits {
        self.system.waits()
    }

    /// The pool may grow if the supervisor may start a worker, and does not pause after a failed
    /// trial.
    fn worker_set(&self) -> WorkerSet {
        let limits = self.mailbox.limits();
        let (workers, leaving) = self.mailbox.present_workers();
        let numbers = |workers: Vec<WorkerId>| -> Vec<u32> { workers.into_iter().map(u32::from).collect() };
        let (workers, leaving) = (numbers(workers), numbers(leaving));
        let may_spawn = limits.pressure.is_some_and(|pressure| pressure.has(Action::Spawn));
        // What an actor in another place does is not known here.
        let may_grow = self.outlet.is_some()
            || may_spawn
                && workers.len() < limits.workers.most()
                && self.gate.may_grow()
                && self.system.watchlist().is_active();
        WorkerSet { workers, leaving, may_grow }
    }

    fn is_killed(&self) -> bool {
        self.mailbox.is_killed()
    }

    fn has_started(&self) -> bool {
        self.life.lock().stage != LifeStage::Starting
    }

    fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    fn is_stuck_in_line(&self, place: InLine) -> Option<u64> {
        self.mailbox.is_stuck_in_line(place.waiter.into(), place.ticket)
    }

    fn admit(self: Arc<Self>, place: InLine) -> bool {
        self.visit(|section| section.admit_waiter(place.waiter.into(), place.ticket))
    }
}

impl<A: Actor> Cell<A> {
    /// Fails a wait of a cycle that exists because this pool has lost a worker or will not grow, or
    /// because no permit is left that could be given back to its line (D1). A cycle in which no
    /// wait can fail is logged.
    pub(crate) fn review_waits(self: &Arc<Self>) {
        let node: Arc<dyn Node> = self.clone();
        if let Some(names) = wait::review(&node) {
            trace::would_deadlock(self.system.log(), &names);
        }
    }
}
