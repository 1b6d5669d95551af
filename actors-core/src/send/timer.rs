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
use tokio::time::{Sleep, sleep_until};

/// Boxed, so that the futures that have one stay `Unpin`.
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whether it belongs to the actor's own runtime, so that the next asker can reuse it.
    is_kept: bool,
}

impl Timer {
    #[inline]
    pub(super) fn none() -> Self {
        Timer { sleep: None, is_kept: false }
    }

    pub(super) fn is_set(&self) -> bool {
        self.sleep.is_some()
    }

    /// Sets it to `end` on the runtime that polls it, or on the actor's runtime if there is none.
    /// If both are the same runtime with workers, it reuses a timer if one is kept.
    pub(super) fn set<A: Actor>(&mut self, end: Tick, cell: &Cell<A>) {
        let Some(at) = clock::instant(end) else { return self.clear(cell) };
        let here = runtime::Handle::try_current();
        let is_at_home = cell.timers.is_kept() && here.as_ref().is_ok_and(|here| here.id() == cell.rt.id());
        let used = if is_at_home { cell.timers.take() } else { None };
        self.is_kept = is_at_home;
        self.sleep = Some(match used {
            Some(mut timer) => {
                timer.as_mut().reset(at);
                timer
            }
            None => {
                let _inside = here.is_err().then(|| cell.rt.enter());
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
        Timer { sleep: self.sleep.take(), is_kept: self.is_kept }
    }

    /// Polls whether its time has come.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.sleep.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // It holds a waker, which may panic when it is dropped, and the waiter may be going away
        // because of a panic.
        discard(self.sleep.take());
    }
}

/// Returns until when a wait for room inside a turn lasts: to that turn's deadline or, without one,
/// for the type's default (T2). `NEVER` outside of turns.
pub(super) fn end_of_wait<A: Actor>(cell: &Cell<A>, class: ClassId) -> Tick {
    match current::get().map(|turn| turn.until()) {
        None => Tick::NEVER,
        Some(Tick::NEVER) => clock::now().after(cell.mailbox.timeout(class)),
        Some(until) => until,
    }
}
