//! Waiting for an actor's beginning and end.

use super::Actor;
use super::cell::Cell;
use super::handle::DRAIN_MAX;
use crate::clock::Tick;
use crate::current::waits;
use crate::error::{About, Around, AskError, Detail, Stage, StartError, StopReason};
use crate::observe::trace;
use crate::wait::{Names, What};
use crate::wakers::discard;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

/// The future that [`Closed`], [`Ready`] and [`Stop`] become; boxed, because starts and stops are not on a hot path.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, nothing changes.
#[must_use = "it says nothing before it is awaited"]
pub struct Waiting<T>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T> Waiting<T> {
    fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Waiting(Some(Box::pin(future)))
    }
}

impl<T> fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

impl<T> Future for Waiting<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        // It holds a waker, which may panic when it is dropped, and the waiter may be going away because of a panic.
        discard(self.0.take());
    }
}

/// Waits until `look` has something to say, and asks it again at every change of the actor's life.
async fn until<A: Actor, T>(cell: Arc<Cell<A>>, look: impl Fn(&Cell<A>) -> Option<T>) -> T {
    loop {
        // Registered before looking: a change in between wakes.
        let mut changed = pin!(cell.changed.notified());
        changed.as_mut().enable();
        if let Some(seen) = look(&cell) {
            return seen;
        }
        changed.await;
    }
}

/// Like [`until`], and inside a turn a wait like an ask (D3).
///
/// # Errors
/// The names around a cycle that this wait closes, or for which it was ended.
async fn until_or_cycle<A: Actor, T>(
    cell: Arc<Cell<A>>,
    what: fn() -> What,
    look: impl Fn(&Cell<A>) -> Option<T>,
) -> Result<T, Names> {
    let mut told = pin!(until(cell.clone(), look));
    let mut wait = None;
    poll_fn(|cx| match told.as_mut().poll(cx) {
        Poll::Ready(seen) => Poll::Ready(Ok(seen)),
        Poll::Pending if waits::concerns(wait.as_ref()) => {
            match waits::enter(&mut wait, &cell, Tick::NEVER, cx.waker(), what) {
                Ok(()) => Poll::Pending,
                Err(names) => Poll::Ready(Err(names)),
            }
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Waits for the end. Inside a turn, where this wait closes a cycle, another wait of it fails (D3).
///
/// # Errors
/// The names around a cycle none of whose waits can fail, where `must_know`. Otherwise it is logged, and the wait goes on.
pub(super) async fn until_ended<A: Actor>(cell: Arc<Cell<A>>, must_know: bool) -> Result<StopReason, Names> {
    let mut told = pin!(until(cell.clone(), Cell::ended));
    let mut wait = None;
    poll_fn(|cx| match told.as_mut().poll(cx) {
        Poll::Ready(why) => Poll::Ready(Ok(why)),
        Poll::Pending if waits::concerns(wait.as_ref()) => {
            match waits::enter_in_any_case(&mut wait, &cell, || What::End) {
                Some(names) if must_know => Poll::Ready(Err(names)),
                Some(names) => {
                    trace::would_deadlock(&names);
                    Poll::Pending
                }
                None => Poll::Pending,
            }
        }
        Poll::Pending => Poll::Pending,
    })
    .await
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
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, nothing changes.
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
        Waiting::new(async move {
            match until_ended(self.cell, false).await {
                Ok(why) => why,
                Err(_) => unreachable!("only a wait that must know of a cycle is told"),
            }
        })
    }
}

/// Resolves when an actor has started; see [`Handle::ready`](crate::Handle::ready).
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, nothing changes.
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
        Waiting::new(async move {
            let started = until_or_cycle(self.cell.clone(), || What::Start, start_of).await;
            started.unwrap_or_else(|names| {
                let why = format!("waiting for it could never end ({})", Around(&names));
                Err(StartError { name: self.cell.name.clone(), why: why.into() })
            })
        })
    }
}

/// Whether an actor has started, if that is known.
fn start_of<A: Actor>(cell: &Cell<A>) -> Option<Result<(), StartError>> {
    let life = cell.life.lock();
    match (&life.failed, life.stage) {
        (Some(failed), _) => Some(Err(failed.clone())),
        (None, Stage::Starting) => None,
        (None, Stage::Running) => Some(Ok(())),
        (None, Stage::Ended(_)) => {
            Some(Err(StartError { name: cell.name.clone(), why: "it has ended".into() }))
        }
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
    /// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock): it was awaited inside a turn without whose end the actor cannot
    /// end: one of its own, or one that a turn of it waits for. The actor stops all the same.
    pub fn reason(&self) -> Result<StopReason, &AskError> {
        self.outcome.as_ref().copied()
    }
}

/// An actor on its way to its end; see [`Handle::stop`](crate::Handle::stop).
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, or before it is awaited, the actor stops all the same.
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
        Waiting::new(async move {
            let ended = until_or_cycle(self.cell.clone(), || What::End, Cell::ended).await;
            let outcome = ended.map_err(|names| AskError::in_cycle(&self.cell.life, About::End, names));
            Ending { outcome }
        })
    }
}
