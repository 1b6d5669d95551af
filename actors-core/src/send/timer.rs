//! The timer of a send: set only during a wait that has an end.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock::{self, Tick};
use crate::current;
use crate::mailbox::ClassId;
use crate::wakers::discard;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use tokio::runtime;
use tokio::time::{Instant, Sleep, sleep_until};

/// Boxed, so that the futures that have one stay `Unpin`.
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The runtime on whose clock it runs, if that is not the actor's.
    abroad: Option<runtime::Id>,
    /// Whether it belongs to the actor's own runtime, so that the next asker can reuse it.
    is_kept: bool,
}

impl Timer {
    #[inline]
    pub(super) fn none() -> Self {
        Timer { sleep: None, abroad: None, is_kept: false }
    }

    pub(super) fn is_set(&self) -> bool {
        self.sleep.is_some()
    }

    /// Sets it to `end` on the runtime that polls it, or on the actor's runtime if there is none or
    /// it has no timers. If both are the same runtime with workers, it reuses a timer if one is
    /// kept.
    pub(super) fn set<A: Actor>(&mut self, end: Tick, cell: &Cell<A>) {
        let Some(at) = clock::instant(end) else { return self.clear(cell) };
        self.set_at(at, cell);
    }

    fn set_at<A: Actor>(&mut self, at: Instant, cell: &Cell<A>) {
        let here = runtime::Handle::try_current().ok();
        let is_at_home = here.as_ref().is_some_and(|here| here.id() == cell.rt.id());
        let has_timers = is_at_home || here.as_ref().is_some_and(clock::has_timers);
        self.abroad = here.filter(|_| has_timers && !is_at_home).map(|here| here.id());
        self.is_kept = is_at_home && cell.timers.is_kept();
        let used = if self.is_kept { cell.timers.take() } else { None };
        self.sleep = Some(match used {
            Some(mut timer) => {
                timer.as_mut().reset(at);
                timer
            }
            None => {
                let _inside = (!has_timers).then(|| cell.rt.enter());
                Box::pin(sleep_until(at))
            }
        });
    }

    /// Disarms the timer after the wait.
    #[inline]
    pub(super) fn clear<A: Actor>(&mut self, cell: &Cell<A>) {
        if let Some(timer) = self.sleep.take() {
            let left = if self.is_kept { cell.timers.give(timer) } else { Some(timer) };
            if left.is_some() {
                discard(left);
            }
        }
    }

    pub(super) fn take(&mut self) -> Timer {
        Timer { sleep: self.sleep.take(), abroad: self.abroad, is_kept: self.is_kept }
    }

    /// Returns whether it runs on the actor's runtime and that has ended: its time never comes.
    pub(super) fn is_lost<A: Actor>(&self, cell: &Cell<A>) -> bool {
        self.sleep.is_some() && self.abroad.is_none() && cell.system.has_lost_runtime()
    }

    /// Polls whether its time has come. A lost timer is not polled, because it would panic.
    pub(super) fn poll<A: Actor>(&mut self, cell: &Cell<A>, cx: &mut Context<'_>) -> bool {
        if self.abroad.is_some() {
            self.follow(cell);
        }
        if self.is_lost(cell) {
            return false;
        }
        self.sleep.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }

    /// Moves it to the runtime that polls it now: the one on which it was set may have ended.
    fn follow<A: Actor>(&mut self, cell: &Cell<A>) {
        let here = runtime::Handle::try_current().ok().map(|here| here.id());
        if here != self.abroad
            && let Some(sleep) = self.sleep.take()
        {
            let at = sleep.deadline();
            discard(sleep);
            self.set_at(at, cell);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // It holds a waker, which may panic when it is dropped, and the waiter may be going away
        // because of a panic.
        discard(self.sleep.take());
    }
}

/// Returns until when a wait for room lasts (T2). A wait with a deadline of its own, `own`, lasts
/// to that one, and inside a turn to that turn's at most. Without one it lasts inside a turn to
/// that turn's deadline or, if that has none, for the type's default; elsewhere it has no end
/// (`NEVER`).
pub(super) fn end_of_wait<A: Actor>(cell: &Cell<A>, class: ClassId, own: Tick) -> Tick {
    match current::get().map(|turn| turn.until()) {
        None => own,
        Some(Tick::NEVER) if own == Tick::NEVER => clock::now().after(cell.mailbox.timeout(class)),
        Some(until) => own.min(until),
    }
}
