//! Futures that wait for an actor's start or end.

use super::Actor;
use super::cell::Cell;
use super::handle::DRAIN_MAX;
use crate::clock::Tick;
use crate::current::waits;
use crate::error::{About, AskError, CyclePath, Detail, LifeStage, StartError, StopReason};
use crate::observe::trace;
use crate::tasks;
use crate::wait::{Names, What};
use crate::wakers::discard;
use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

/// The future of [`Closed`], [`Ready`] and [`Stop`]. It is boxed, because starts and stops are not
/// on the hot path.
///
/// # Cancel safety
/// Cancel safe. Dropping it while it is pending changes nothing.
#[must_use = "it does nothing unless it is awaited"]
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
        // It holds a waker whose `Drop` may panic, and this thread may be unwinding already.
        discard(self.0.take());
    }
}

/// Waits until `check` returns a value. It is called again at every change of the actor's life.
pub(crate) async fn until<A: Actor, T>(cell: Arc<Cell<A>>, check: impl Fn(&Cell<A>) -> Option<T>) -> T {
    loop {
        // Registered before the check, so that a change in between wakes the task.
        let mut changed = pin!(cell.changed.notified());
        changed.as_mut().enable();
        if let Some(value) = check(&cell) {
            return value;
        }
        changed.await;
    }
}

/// Waits like [`until`]. Inside a turn, the wait is in the wait graph like an ask (D3).
///
/// # Errors
/// The names around a cycle that this wait closes, or for which it was ended.
async fn until_or_cycle<A: Actor, T>(
    cell: Arc<Cell<A>>,
    what: fn() -> What,
    check: impl Fn(&Cell<A>) -> Option<T>,
) -> Result<T, Names> {
    let mut done = pin!(until(cell.clone(), check));
    let mut wait = None;
    poll_fn(|cx| match done.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
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

/// Waits for the end. If this wait closes a cycle inside a turn, another wait of the cycle fails
/// (D3).
///
/// # Errors
/// With `must_know`: the names around a cycle in which no wait can fail. Without it, such a cycle
/// is logged, and the wait continues.
pub(super) async fn until_ended<A: Actor>(cell: Arc<Cell<A>>, must_know: bool) -> Result<StopReason, Names> {
    let mut done = pin!(until(cell.clone(), Cell::ended));
    let mut wait = None;
    poll_fn(|cx| match done.as_mut().poll(cx) {
        Poll::Ready(why) => Poll::Ready(Ok(why)),
        Poll::Pending if waits::concerns(wait.as_ref()) => {
            match waits::enter_in_any_case(&mut wait, &cell, || What::End) {
                Some(names) if must_know => Poll::Ready(Err(names)),
                Some(names) => {
                    trace::would_deadlock(cell.system.log(), &names);
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
                f.debug_struct(stringify!($name)).field("actor", self.cell.name()).finish_non_exhaustive()
            }
        }
    };
}

/// Resolves with the reason when an actor has ended; see [`Handle::closed`](crate::Handle::closed).
///
/// # Cancel safety
/// Cancel safe. Dropping it while it is pending changes nothing.
#[must_use = "it does nothing unless it is awaited"]
pub struct Closed<A: Actor> {
    cell: Arc<Cell<A>>,
}
awaitable!(Closed);

impl<A: Actor> Closed<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>) -> Self {
        Closed { cell }
    }

    /// Returns a future that resolves like this one, and that the wait-for graph leaves out.
    ///
    /// It is for code that reacts to the end and does not need it, such as a source that stops when
    /// its target has ended. So it is never a part of a deadlock (D3).
    ///
    /// # Cancel safety
    /// Cancel safe. Dropping it while it is pending changes nothing.
    pub fn untracked(self) -> Waiting<StopReason> {
        Waiting::new(until(self.cell, Cell::ended))
    }
}

impl<A: Actor> IntoFuture for Closed<A> {
    type Output = StopReason;
    type IntoFuture = Waiting<StopReason>;

    fn into_future(self) -> Self::IntoFuture {
        Waiting::new(async move {
            match until_ended(self.cell, false).await {
                Ok(why) => why,
                Err(_) => unreachable!("without `must_know` a cycle is logged"),
            }
        })
    }
}

/// Resolves when an actor has started; see [`Handle::ready`](crate::Handle::ready).
///
/// # Cancel safety
/// Cancel safe. Dropping it while it is pending changes nothing.
#[must_use = "it does nothing unless it is awaited"]
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
                let why = format!("waiting for it could never end ({})", CyclePath(&names));
                Err(StartError { name: self.cell.name().clone(), why: why.into() })
            })
        })
    }
}

/// Returns the outcome of an actor's start, if it is known.
fn start_of<A: Actor>(cell: &Cell<A>) -> Option<Result<(), StartError>> {
    let life = cell.life.lock();
    match (life.failed(), life.stage) {
        (Some(failed), _) => Some(Err(failed.clone())),
        (None, LifeStage::Starting) => None,
        (None, LifeStage::Running) => Some(Ok(())),
        (None, LifeStage::Ended(_)) => {
            Some(Err(StartError { name: cell.name().clone(), why: "it has ended".into() }))
        }
    }
}

/// The outcome of a [`Stop`].
#[derive(Clone, Debug)]
pub struct Ending {
    outcome: Result<StopReason, AskError>,
}

impl Ending {
    /// Returns why the actor ended: [`StopReason::Killed`] if it did not drain in time.
    ///
    /// # Errors
    /// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), if it was awaited inside a turn
    /// that must return before the actor can end: the actor's own, or one for which its turn waits.
    /// The actor still stops.
    pub fn reason(&self) -> Result<StopReason, &AskError> {
        self.outcome.as_ref().copied()
    }
}

/// The stop of an actor, in progress; see [`Handle::stop`](crate::Handle::stop).
///
/// # Cancel safety
/// Cancel safe. The actor stops even if this is dropped while it is pending, or before it is
/// awaited.
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

    /// Sets how long the actor may drain from now on before it is killed.
    ///
    /// It replaces the default of 30 seconds, or the limit of an earlier stop.
    #[must_use = "the limit applies, but await the result to wait for the end"]
    pub fn within(self, limit: Duration) -> Self {
        kill_after(&self.cell, limit);
        self
    }
}

/// Kills the actor if it has not ended within `limit`. An actor has one such timer, which ends with
/// it.
fn kill_after<A: Actor>(cell: &Arc<Cell<A>>, limit: Duration) {
    let watched = cell.clone();
    let timer = tasks::spawn(&cell.rt, format_args!("{}: limit of its stop", cell.name()), async move {
        if tokio::time::timeout(limit, until(watched.clone(), Cell::ended)).await.is_err() {
            watched.kill_for(Some(Detail::DrainedTooLong(limit)));
        }
    });
    // Aborting a task may drop its future: not under the lock.
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
