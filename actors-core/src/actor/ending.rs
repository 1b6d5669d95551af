//! Waiting for an actor's beginning and end.

use super::Actor;
use super::cell::Cell;
use super::handle::DRAIN_MAX;
use crate::error::{About, AskError, Detail, Stage, StartError, StopReason};
use crate::turn::current;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The future these awaitables become; boxed, because nobody starts or stops actors on a hot path.
type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Waits until `look` has something to say, and asks it again at every change of the actor's life.
async fn until<A: Actor, T>(cell: Arc<Cell<A>>, look: impl Fn(&Cell<A>) -> Option<T>) -> T {
    loop {
        // Registered before looking: a change in between wakes.
        let mut changed = std::pin::pin!(cell.changed.notified());
        changed.as_mut().enable();
        if let Some(seen) = look(&cell) {
            return seen;
        }
        changed.await;
    }
}

macro_rules! awaitable {
    ($name:ident) => {
        impl<A: Actor> fmt::Debug for $name<A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("actor", &self.cell.name).finish_non_exhaustive()
            }
        }
    };
}

/// Resolves with the reason when an actor has ended; see [`Handle::closed`](crate::Handle::closed).
#[must_use = "it says nothing before it is awaited"]
pub struct Closed<A: Actor> {
    cell: Arc<Cell<A>>,
}
awaitable!(Closed);

impl<A: Actor> Closed<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Closed { cell }
    }
}

impl<A: Actor> IntoFuture for Closed<A> {
    type Output = StopReason;
    type IntoFuture = Waiting<StopReason>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(until(self.cell, Cell::ended))
    }
}

/// Resolves when an actor has started; see [`Handle::ready`](crate::Handle::ready).
#[must_use = "it says nothing before it is awaited"]
pub struct Ready<A: Actor> {
    cell: Arc<Cell<A>>,
}
awaitable!(Ready);

impl<A: Actor> Ready<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Ready { cell }
    }
}

impl<A: Actor> IntoFuture for Ready<A> {
    type Output = Result<(), StartError>;
    type IntoFuture = Waiting<Result<(), StartError>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(until(self.cell, |cell| {
            let life = cell.life.lock();
            match (&life.failed, life.stage) {
                (Some(failed), _) => Some(Err(failed.clone())),
                (None, Stage::Starting) => None,
                (None, Stage::Running) => Some(Ok(())),
                (None, Stage::Ended(_)) => {
                    Some(Err(StartError { name: cell.name.clone(), why: "it has ended".into() }))
                }
            }
        }))
    }
}

/// How a [`Stop`] ended.
#[derive(Clone, Debug)]
pub struct Ending {
    outcome: Result<StopReason, AskError>,
}

impl Ending {
    /// Why the actor ended: [`StopReason::Killed`] when it did not drain in time.
    ///
    /// # Errors
    /// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock): it was awaited inside a turn of the same actor, which cannot
    /// end before that turn does. The actor stops all the same.
    pub fn reason(&self) -> Result<StopReason, &AskError> {
        self.outcome.as_ref().copied()
    }
}

/// An actor on its way to its end; see [`Handle::stop`](crate::Handle::stop).
pub struct Stop<A: Actor> {
    cell: Arc<Cell<A>>,
}
awaitable!(Stop);

impl<A: Actor> Stop<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>, why: StopReason) -> Self {
        cell.close(why);
        if cell.drain_timer.lock().is_none() {
            kill_after(&cell, DRAIN_MAX);
        }
        Stop { cell }
    }

    /// How long the actor may drain, counted from now, before it is killed; instead of 30 seconds, or of what an earlier stop
    /// said.
    #[must_use = "the new limit holds, but nobody waits for the end"]
    pub fn within(self, limit: Duration) -> Self {
        kill_after(&self.cell, limit);
        self
    }
}

/// Kills the actor if it has not ended by then. An actor has one such timer, which ends with it.
fn kill_after<A: Actor>(cell: &Arc<Cell<A>>, limit: Duration) {
    let watched = cell.clone();
    let timer = cell.rt.spawn(async move {
        if tokio::time::timeout(limit, until(watched.clone(), Cell::ended)).await.is_err() {
            watched.kill_for(Some(Detail::DrainedTooLong(limit)));
        }
    });
    // Aborting a task may drop what it holds: not under the lock.
    let before = cell.drain_timer.lock().replace(timer.abort_handle());
    if let Some(before) = before {
        before.abort();
    }
}

impl<A: Actor> IntoFuture for Stop<A> {
    type Output = Ending;
    type IntoFuture = Waiting<Ending>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let own = self.cell.id();
            // Asked while being polled: it is the turn that polls which would wait for itself.
            if current::get().is_some_and(|turn| turn.cell == own) {
                return Ending {
                    outcome: Err(AskError::in_cycle(
                        &self.cell.life,
                        About::End,
                        [self.cell.name.clone()].into(),
                    )),
                };
            }
            Ending { outcome: Ok(until(self.cell, Cell::ended).await) }
        })
    }
}
