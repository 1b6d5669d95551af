//! Handles, stages, stop and kill: the inputs of the workers' lives, and what is published of them.
//!
//! ```text
//!   Starting ──► Running ──► Ended
//!       └────────────────────►┘
//! ```
//!
//! `close` stops admission, and the actor ends when its queue is empty. `kill` ends it now. Both
//! are state in the mailbox, not messages, so they wait behind nothing (B4). A worker learns of
//! them as events of its `Lifecycle`, which decides what follows.

use super::Cell;
use crate::actor::Actor;
use crate::clock::{self, Tick};
use crate::drops;
use crate::error::{Detail, LifeStage, StopReason};
use crate::panics::ignored;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

impl<A: Actor> Cell<A> {
    /// Adds a handle. Only for [`Counted`](crate::actor::counted::Counted), like the next two.
    pub(in crate::actor) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a handle if another one exists.
    pub(in crate::actor) fn try_add_handle(&self) -> bool {
        let add = |count: usize| (count > 0).then_some(count + 1);
        self.handles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Removes a handle. The last one closes the actor.
    pub(in crate::actor) fn drop_handle(self: &Arc<Self>) {
        // AcqRel: what other handles did happens before the actor closes.
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(StopReason::Unreferenced);
            if self.mailbox.has_work() && self.note_unreferenced(clock::now()) {
                let this: Weak<Self> = Arc::downgrade(self);
                self.system.departing().add(self.id(), this, &self.rt);
                if self.ended().is_some() {
                    // It ended before it was listed, so its end did not remove it.
                    self.system.departing().remove(self.id());
                }
            }
        }
    }

    /// Returns whether this is the first time.
    fn note_unreferenced(&self, now: Tick) -> bool {
        let since = &self.unreferenced;
        since.compare_exchange(0, now.as_nanos(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    fn unreferenced(&self) -> Option<Tick> {
        // No clock reads the first instant of all.
        let since = Tick::from_nanos(self.unreferenced.load(Ordering::Acquire));
        (since != Tick::ZERO).then_some(since)
    }

    /// Returns whether its last handle was dropped while it still had work.
    pub(crate) fn is_departing(&self) -> bool {
        self.unreferenced().is_some()
    }

    /// Returns how long the actor has had no handle, and how long its current turn has run, if any.
    /// `None` while it has a handle, and after its end.
    pub(crate) fn departing(self: &Arc<Self>) -> Option<(Duration, Option<Duration>)> {
        let now = clock::now();
        let since = self.unreferenced().filter(|_| self.ended().is_none())?;
        Some((now.since(since), self.turn(now)))
    }

    /// Returns how long the current turn has run, if there is one.
    pub(crate) fn turn(self: &Arc<Self>, now: Tick) -> Option<Duration> {
        self.visit(|section| section.turn(now))
    }

    /// Closes admission. The actor ends when it has handled its queue (F4).
    pub(crate) fn close(self: &Arc<Self>, why: StopReason) {
        self.life.lock().why.get_or_insert(why);
        self.visit(|section| section.close());
    }

    /// Closes admission, and ends the actor now (F4).
    pub(crate) fn kill(self: &Arc<Self>) {
        self.kill_for(None);
    }

    /// Like [`kill`](Cell::kill), and records the reason.
    pub(crate) fn kill_for(self: &Arc<Self>, detail: Option<Detail>) {
        let mut life = self.life.lock();
        if life.kill_for(StopReason::Killed)
            && let Some(detail) = detail
        {
            life.set_detail(detail);
        }
        drop(life);
        self.visit(|section| section.kill());
    }

    /// Drops the outlet, because the actor has ended. It may hold the last handle of another actor.
    pub(crate) fn drop_outlet(&self) {
        if let Some(outlet) = self.outlet.as_ref().and_then(|slot| slot.take()) {
            drops::bounded(move || drop(outlet));
        }
    }

    /// Publishes a later stage of a worker's life, and wakes the tasks that wait for it. An advance
    /// to the current stage does nothing.
    pub(crate) fn advance(self: &Arc<Self>, stage: LifeStage) {
        let mut life = self.life.lock();
        let is_legal = matches!(
            (life.stage, stage),
            (LifeStage::Starting, LifeStage::Running)
                | (LifeStage::Starting | LifeStage::Running, LifeStage::Ended(_))
        );
        if life.stage == stage {
            return;
        }
        debug_assert!(is_legal, "{:?} → {stage:?}", life.stage);
        if is_legal {
            life.stage = stage;
        }
        drop(life);
        if let LifeStage::Ended(_) = stage {
            self.publish_last();
        }
        // Wakers are foreign code.
        ignored(|| self.changed.notify_waiters());
    }

    /// Returns why the actor ended, if it has.
    pub(crate) fn ended(&self) -> Option<StopReason> {
        match self.life.lock().stage {
            LifeStage::Ended(why) => Some(why),
            _ => None,
        }
    }
}
