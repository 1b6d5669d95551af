//! The factory of an actor, the failures of its instances, and its restarts (F1, F2).
//!
//! **Invariant.** The factory is called and dropped without a lock, because it is foreign code.

use super::Cell;
use crate::actor::Actor;
use crate::clock;
use crate::drops;
use crate::error::{Detail, StopReason};
use crate::mailbox::{ClassId, WorkerId};
use crate::observe::trace;
use crate::policy::{Cause, Decided, DecisionKind, Failures, Fault, Restart, Revival, Rng};
use crate::sync::Lock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes instances.
pub(crate) type Factory<A> = Arc<dyn Fn() -> A + Send + Sync>;

/// The factory of an actor, and the record of its failures.
pub(crate) struct Restarts<A> {
    /// `None` once the actor has ended, so that a handle keeps nothing alive that the factory
    /// captured.
    factory: Lock<Option<Factory<A>>>,
    failures: Lock<Failures>,
    /// How often another instance has replaced one that ended.
    restarted: AtomicU64,
    /// The random numbers that spread the delays.
    rng: Lock<Rng>,
}

impl<A> Restarts<A> {
    pub(crate) fn new(factory: Factory<A>, restart: Restart, rng: Rng) -> Self {
        let (factory, failures) = (Lock::new(Some(factory)), Lock::new(Failures::new(restart)));
        Restarts { factory, failures, restarted: AtomicU64::new(0), rng: Lock::new(rng) }
    }

    /// Returns the factory, to be called without a lock. `None` once the actor has ended.
    pub(crate) fn factory(&self) -> Option<Factory<A>> {
        self.factory.lock().clone()
    }
}

impl<A: Actor> Cell<A> {
    /// Replaces all instances by new ones, each after its current turn. Without a factory the actor
    /// is killed.
    pub(crate) fn restart(self: &Arc<Self>) {
        if self.restarts.is_none() {
            return self.kill();
        }
        self.restart_worker(None);
    }

    /// Replaces the instance of one worker, or of all workers for `None`.
    pub(crate) fn restart_worker(self: &Arc<Self>, worker: Option<WorkerId>) {
        self.visit(|section| section.request_restart(worker));
    }

    /// Fails the instance, because a child has failed too often (F2).
    pub(crate) fn fail_by_child(self: &Arc<Self>) {
        self.life.note_failure("a child failed too often");
        if self.restarts.is_none() {
            return self.give_up(StopReason::ChildFailed);
        }
        self.life.lock().has_failed_child = true;
        self.restart();
    }

    /// Ends the actor now, because it has failed for good.
    pub(crate) fn give_up(self: &Arc<Self>, why: StopReason) {
        self.life.lock().kill_for(why);
        self.visit(|section| section.kill());
    }

    /// Returns whether an instance that stops itself is followed by another one.
    pub(crate) fn is_permanent(&self) -> bool {
        self.restarts.as_ref().is_some_and(|restarts| restarts.failures.lock().restart().is_permanent())
    }

    /// Records a panic of a handler.
    #[cold]
    pub(crate) fn note_panic(&self, class: ClassId, text: &str) {
        let message = self.mailbox.class(class).name();
        self.life.note_failure(&format!("`{message}` panicked: {text}"));
        trace::panicked(self.system.log(), self.name(), message, text);
    }

    /// Records the failure of a worker's instance, decides what follows, and informs the parent.
    pub(crate) fn failed(&self, worker: WorkerId, why: StopReason) -> Revival {
        let Some(restarts) = &self.restarts else { return Revival::Never };
        let random = restarts.rng.lock().next_u64();
        let fault = if why == StopReason::StartFailed { Fault::Start } else { Fault::Run };
        let present: Vec<u32> = self.mailbox.worker_numbers().into_iter().map(u32::from).collect();
        let revival = restarts.failures.lock().failed(worker.into(), &present, fault, clock::now(), random);
        let kind = match revival {
            Revival::After(after) => DecisionKind::Restarted { after },
            Revival::Never => DecisionKind::GaveUp { spent: None },
            Revival::TooOften(spent) => {
                self.life.lock().set_detail(Detail::Spent(spent));
                DecisionKind::GaveUp { spent: Some(spent) }
            }
        };
        self.system.decision_log().record(self.name(), Decided { kind, cause: Cause::Failure(why) });
        match (revival, &self.parent) {
            (Revival::After(_), Some(siblings)) => siblings.restart_siblings(self.id()),
            (Revival::TooOften(_), Some(siblings)) => siblings.fail_parent(),
            _ => {}
        }
        revival
    }

    /// Drops the factory and what it captured, because the actor has ended.
    pub(crate) fn drop_factory(&self) {
        let factory = self.restarts.as_ref().and_then(|restarts| restarts.factory.lock().take());
        if let Some(factory) = factory {
            drops::bounded(move || drop(factory));
        }
    }

    /// Records that another instance has replaced one.
    pub(crate) fn has_restarted(&self) {
        if let Some(restarts) = &self.restarts {
            restarts.restarted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often another instance has replaced one that ended.
    pub(crate) fn restarted(&self) -> u64 {
        self.restarts.as_ref().map_or(0, |restarts| restarts.restarted.load(Ordering::Relaxed))
    }

    /// Records that a worker's instance has started.
    pub(crate) fn has_started(&self, worker: WorkerId) {
        if let Some(restarts) = &self.restarts {
            restarts.failures.lock().started(worker.into());
        }
    }

    /// Forgets the failures of a worker that has retired. The next worker may have its number.
    pub(crate) fn forget_failures(&self, worker: WorkerId) {
        if let Some(restarts) = &self.restarts {
            restarts.failures.lock().forget(worker.into());
        }
    }
}
