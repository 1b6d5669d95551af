//! How long somebody waits: one timer, set only while something is waited for that has an end.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock::{self, Tick};
use crate::turn::current;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use tokio::runtime;
use tokio::time::{Sleep, sleep_until};

/// Boxed, so that the futures that have one stay `Unpin`.
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    #[inline]
    pub(super) fn none() -> Self {
        Timer(None)
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Sets it to `end`: on the actor's runtime if that has workers, which never stand still; else on the one it is polled on,
    /// and on the actor's only if there is none.
    pub(super) fn set<A: Actor>(&mut self, end: Tick, cell: &Cell<A>) {
        let Some(at) = end.instant() else { return self.clear(cell) };
        if let Some(timer) = &mut self.0 {
            return timer.as_mut().reset(at);
        }
        self.0 = Some(match cell.timers.take() {
            Some(mut timer) => {
                timer.as_mut().reset(at);
                timer
            }
            None => {
                let is_elsewhere = cell.may_donate || runtime::Handle::try_current().is_err();
                let _inside = is_elsewhere.then(|| cell.rt.enter());
                Box::pin(sleep_until(at))
            }
        });
    }

    /// Nothing is waited for any more.
    #[inline]
    pub(super) fn clear<A: Actor>(&mut self, cell: &Cell<A>) {
        if let Some(timer) = self.0.take() {
            cell.timers.give(timer);
        }
    }

    pub(super) fn take(&mut self) -> Timer {
        Timer(self.0.take())
    }

    /// Whether its time has come.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.0.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready())
    }
}

/// Until when whoever waits for room waits, if the wait is part of a turn: to that turn's deadline or, where it has none, for
/// the type's default (T2). `NEVER` outside of turns.
pub(super) fn end_of_wait<A: Actor>(cell: &Cell<A>, class: usize) -> Tick {
    match current::get() {
        None => Tick::NEVER,
        Some(turn) if turn.deadline == Tick::NEVER => clock::now().after(cell.mailbox.timeout(class)),
        Some(turn) => turn.deadline,
    }
}
