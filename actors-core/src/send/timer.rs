//! The timer of a send: set only during a wait that has an end.
//!
//! Where a worker of the actor's own multi-thread runtime polls the wait, it is an entry among the
//! system's [`deadlines`](crate::deadlines). Elsewhere it is a timer of tokio's.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock::{self, Tick};
use crate::current::{self, worker};
use crate::deadlines::Entry;
use crate::mailbox::ClassId;
use crate::sync::Arc;
use crate::wakers::discard;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::Context;
use tokio::runtime;
use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of one wait. The poll that follows [`set`](Timer::set) arms it, on the runtime that
/// polls it then, or on the actor's runtime if there is none or it has no timers.
pub(super) struct Timer {
    /// When it ends, if the next poll is to arm it. [`NEVER`](Tick::NEVER) otherwise.
    unarmed: Tick,
    armed: Armed,
}

enum Armed {
    No,
    /// Among the deadlines of the system.
    Entry(Arc<Entry>),
    /// Boxed, so that the futures that have one stay `Unpin`. `abroad`: the runtime on whose clock
    /// it runs, if that is not the actor's.
    Sleep {
        sleep: Pin<Box<Sleep>>,
        abroad: Option<runtime::Id>,
    },
}

impl Timer {
    #[inline]
    pub(super) fn none() -> Self {
        Timer { unarmed: Tick::NEVER, armed: Armed::No }
    }

    pub(super) fn is_set(&self) -> bool {
        !matches!(self.armed, Armed::No) || self.unarmed != Tick::NEVER
    }

    /// Sets it to `end`. [`NEVER`](Tick::NEVER) clears it.
    #[inline]
    pub(super) fn set<A: Actor>(&mut self, end: Tick, cell: &Cell<A>) {
        if end == Tick::NEVER {
            self.clear(cell);
        }
        self.unarmed = end;
    }

    /// Arms it if it was set since. Returns whether it needs no poll now: it is an entry, and knows
    /// this task.
    #[inline]
    pub(super) fn arm<A: Actor>(&mut self, cell: &Cell<A>, cx: &Context<'_>) -> bool {
        let end = self.unarmed;
        if end == Tick::NEVER {
            return false;
        }
        let deadlines = cell.system.deadlines();
        let is_fresh = match &self.armed {
            Armed::Entry(entry) => {
                deadlines.arm_again(entry, end, cx.waker(), &cell.rt);
                !entry.is_due()
            }
            // Recognising the task needs no clone of the runtime's handle, which all workers share.
            Armed::No if cell.is_multi_thread && worker::is_here(cx.waker(), &cell.rt) => {
                let entry = deadlines.arm(end, cx.waker(), &cell.rt);
                let is_due = entry.is_due();
                self.armed = Armed::Entry(entry);
                !is_due
            }
            _ => {
                self.arm_elsewhere(end, cell, cx);
                false
            }
        };
        // Only now: the clone of a waker is foreign code, and may have panicked.
        self.unarmed = Tick::NEVER;
        is_fresh
    }

    #[cold]
    fn arm_elsewhere<A: Actor>(&mut self, end: Tick, cell: &Cell<A>, cx: &Context<'_>) {
        match clock::instant(end) {
            Some(at) => self.arm_at(at, cell, cx),
            None => self.clear(cell),
        }
    }

    fn arm_at<A: Actor>(&mut self, at: Instant, cell: &Cell<A>, cx: &Context<'_>) {
        discard(mem::replace(&mut self.armed, Armed::No));
        let here = runtime::Handle::try_current().ok();
        let is_at_home = here.as_ref().is_some_and(|here| here.id() == cell.rt.id());
        if is_at_home && cell.is_multi_thread {
            let entry = cell.system.deadlines().arm(clock::tick(at), cx.waker(), &cell.rt);
            self.armed = Armed::Entry(entry);
            return;
        }
        let has_timers = is_at_home || here.as_ref().is_some_and(clock::has_timers);
        let abroad = here.filter(|_| has_timers && !is_at_home).map(|here| here.id());
        let _inside = (!has_timers).then(|| cell.rt.enter());
        self.armed = Armed::Sleep { sleep: Box::pin(sleep_until(at)), abroad };
    }

    /// Disarms the timer after the wait.
    #[inline]
    pub(super) fn clear<A: Actor>(&mut self, cell: &Cell<A>) {
        self.unarmed = Tick::NEVER;
        match mem::replace(&mut self.armed, Armed::No) {
            Armed::No => {}
            Armed::Entry(entry) => cell.system.deadlines().disarm(entry),
            sleep @ Armed::Sleep { .. } => discard(sleep),
        }
    }

    pub(super) fn take(&mut self) -> Timer {
        mem::replace(self, Timer::none())
    }

    /// Returns whether it runs on the actor's runtime and that has ended: its time never comes.
    pub(super) fn is_lost<A: Actor>(&self, cell: &Cell<A>) -> bool {
        let is_at_home = matches!(self.armed, Armed::Entry(_) | Armed::Sleep { abroad: None, .. });
        is_at_home && cell.system.has_lost_runtime()
    }

    /// Polls whether its time has come. A lost timer is not polled, because it would panic.
    pub(super) fn poll<A: Actor>(&mut self, cell: &Cell<A>, cx: &mut Context<'_>) -> bool {
        self.arm(cell, cx);
        self.follow(cell, cx);
        if self.is_lost(cell) {
            return false;
        }
        match &mut self.armed {
            Armed::No => false,
            Armed::Entry(entry) => entry.poll(cx.waker()),
            Armed::Sleep { sleep, .. } => sleep.as_mut().poll(cx).is_ready(),
        }
    }

    /// Moves it to the runtime that polls it now: the one on which it was set may have ended.
    fn follow<A: Actor>(&mut self, cell: &Cell<A>, cx: &Context<'_>) {
        let Armed::Sleep { sleep, abroad: abroad @ Some(_) } = &self.armed else { return };
        let here = runtime::Handle::try_current().ok().map(|here| here.id());
        if here != *abroad {
            let at = sleep.deadline();
            self.arm_at(at, cell, cx);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        match mem::replace(&mut self.armed, Armed::No) {
            Armed::No => {}
            Armed::Entry(entry) => {
                entry.disarm();
                entry.forget();
            }
            // It holds a waker, which may panic when it is dropped, and the waiter may be going
            // away because of a panic.
            sleep @ Armed::Sleep { .. } => discard(sleep),
        }
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
