//! The timer of a send: set only during a wait that has an end.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock::{self, Tick};
use crate::current::{self, worker};
use crate::mailbox::ClassId;
use crate::wakers::discard;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::Context;
use tokio::runtime;
use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of one wait. The poll that follows [`set`](Timer::set) arms it, on the runtime that
/// polls it then, or on the actor's runtime if there is none or it has no timers.
///
/// Boxed, so that the futures that have one stay `Unpin`.
pub(super) struct Timer {
    /// When it ends, if the next poll is to arm it. [`NEVER`](Tick::NEVER) otherwise.
    unarmed: Tick,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The runtime on whose clock it runs, if that is not the actor's.
    abroad: Option<runtime::Id>,
    /// Whether it belongs to the actor's own runtime, so that the next asker can reuse it.
    is_kept: bool,
}

impl Timer {
    #[inline]
    pub(super) fn none() -> Self {
        Timer { unarmed: Tick::NEVER, sleep: None, abroad: None, is_kept: false }
    }

    pub(super) fn is_set(&self) -> bool {
        self.sleep.is_some() || self.unarmed != Tick::NEVER
    }

    /// Sets it to `end`. [`NEVER`](Tick::NEVER) clears it.
    #[inline]
    pub(super) fn set<A: Actor>(&mut self, end: Tick, cell: &Cell<A>) {
        if end == Tick::NEVER {
            self.clear(cell);
        }
        self.unarmed = end;
    }

    /// Arms it if it was set since. On the actor's own runtime with workers, it reuses a timer if
    /// one is kept.
    #[inline]
    pub(super) fn arm<A: Actor>(&mut self, cell: &Cell<A>, cx: &Context<'_>) {
        let end = mem::replace(&mut self.unarmed, Tick::NEVER);
        if end != Tick::NEVER {
            match clock::instant(end) {
                Some(at) => self.arm_at(at, cell, cx),
                None => self.clear(cell),
            }
        }
    }

    fn arm_at<A: Actor>(&mut self, at: Instant, cell: &Cell<A>, cx: &Context<'_>) {
        // Recognising the task needs no clone of the runtime's handle, which all workers share.
        let kept = if worker::is_here(cx.waker(), &cell.rt) { cell.timers.take() } else { None };
        if let Some(timer) = kept {
            (self.abroad, self.is_kept) = (None, true);
            return self.reset(timer, at);
        }
        let here = runtime::Handle::try_current().ok();
        let is_at_home = here.as_ref().is_some_and(|here| here.id() == cell.rt.id());
        let has_timers = is_at_home || here.as_ref().is_some_and(clock::has_timers);
        self.abroad = here.filter(|_| has_timers && !is_at_home).map(|here| here.id());
        self.is_kept = is_at_home && cell.timers.is_kept();
        match if self.is_kept { cell.timers.take() } else { None } {
            Some(timer) => self.reset(timer, at),
            None => {
                let _inside = (!has_timers).then(|| cell.rt.enter());
                self.sleep = Some(Box::pin(sleep_until(at)));
            }
        }
    }

    fn reset(&mut self, mut timer: Pin<Box<Sleep>>, at: Instant) {
        timer.as_mut().reset(at);
        self.sleep = Some(timer);
    }

    /// Disarms the timer after the wait.
    #[inline]
    pub(super) fn clear<A: Actor>(&mut self, cell: &Cell<A>) {
        self.unarmed = Tick::NEVER;
        if let Some(timer) = self.sleep.take() {
            let left = if self.is_kept { cell.timers.give(timer) } else { Some(timer) };
            if left.is_some() {
                discard(left);
            }
        }
    }

    pub(super) fn take(&mut self) -> Timer {
        mem::replace(self, Timer::none())
    }

    /// Returns whether it runs on the actor's runtime and that has ended: its time never comes.
    pub(super) fn is_lost<A: Actor>(&self, cell: &Cell<A>) -> bool {
        self.sleep.is_some() && self.abroad.is_none() && cell.system.has_lost_runtime()
    }

    /// Polls whether its time has come. A lost timer is not polled, because it would panic.
    pub(super) fn poll<A: Actor>(&mut self, cell: &Cell<A>, cx: &mut Context<'_>) -> bool {
        self.arm(cell, cx);
        if self.abroad.is_some() {
            self.follow(cell, cx);
        }
        if self.is_lost(cell) {
            return false;
        }
        self.sleep.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }

    /// Moves it to the runtime that polls it now: the one on which it was set may have ended.
    fn follow<A: Actor>(&mut self, cell: &Cell<A>, cx: &Context<'_>) {
        let here = runtime::Handle::try_current().ok().map(|here| here.id());
        if here != self.abroad
            && let Some(sleep) = self.sleep.take()
        {
            let at = sleep.deadline();
            discard(sleep);
            self.arm_at(at, cell, cx);
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
