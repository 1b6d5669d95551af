//! The reply slot between one asker and the handler that answers.
//!
//! ```text
//!   Ask ── holds ──► Slot ◄── holds ── ReplySender (in the envelope, then in the turn, or in a ReplyTo)
//! ```
//!
//! Replies bypass mailboxes (D2), so an answer never waits for room.
//!
//! **Invariants.**
//! - A slot gets exactly one result: an answer, or the [`Reason`] why there is none (F5).
//! - A `ReplySender` that is dropped without an answer sends [`Reason::Closed`]. So no asker
//!   waits for an answer that cannot come.
//! - Wakers and answers are dropped after the slot's lock is released.
//!
//! **Price.** One lock per side: the asker leaves its waker, and the other side the answer. When
//! the asker is woken the slot is its own, and it needs no lock to take the answer out. A thread
//! reuses its slots (`local_pool`).

#[cfg(all(test, actors_loom))]
mod loom;
mod open;

pub(crate) use open::{OpenReplies, OpenReply};

use crate::error::Reason;
use crate::local_pool;
use crate::sync::{Arc, Mutex};
use crate::wait::{Awaited, Live};
use crate::wakers::{cloned, discard, wake};
use std::fmt;
use std::task::{Context, Poll, Waker};

/// The state of a slot. Transitions: `Empty` → `Waiting` → `Answered` → `Closed`, where
/// `Deferred` or `Watched` may take the place of the first two.
#[derive(Debug)]
enum State<R> {
    /// The asker has not been polled yet.
    Empty,
    /// The asker waits.
    Waiting(Waker),
    /// The handler kept the reply as a [`ReplyTo`]: the answer no longer depends on its turn.
    Deferred {
        waker: Option<Waker>,
        /// In a pool, counts as owed by the instance until the asker is answered or goes away.
        _owed: Option<OpenReply>,
    },
    /// The turn is suspended, and ends if the asker goes away (T8).
    Watched { asker: Option<Waker>, turn: Waker },
    /// The result is here, and the asker has not taken it yet.
    Answered(Result<R, Reason>),
    /// The asker has taken its result, or has gone away.
    Closed,
}

/// The place where an answer is left for its asker.
#[derive(Debug)]
pub(crate) struct Slot<R> {
    state: Mutex<State<R>>,
}

impl<R> Slot<R> {
    fn with(state: State<R>) -> Arc<Self> {
        Arc::new(Slot { state: Mutex::new(state) })
    }

    /// Takes the result without a lock, if it is here and the other side has let go of the slot;
    /// then the slot is empty again. `None` says nothing: [`poll`](Slot::poll) it.
    #[inline]
    pub(crate) fn take_alone(slot: &mut Arc<Self>) -> Option<Result<R, Reason>> {
        let state = Arc::get_mut(slot)?.state.get_mut();
        match std::mem::replace(state, State::Empty) {
            State::Answered(answer) => Some(answer),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Takes the result, or registers the asker's task to be woken by it. Ready once.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<R, Reason>> {
        {
            let mut state = self.state.lock();
            match &*state {
                State::Answered(_) => return Slot::take(&mut state),
                State::Waiting(waker) | State::Watched { asker: Some(waker), .. }
                    if waker.will_wake(cx.waker()) =>
                {
                    return Poll::Pending;
                }
                State::Closed => return Poll::Pending,
                State::Empty | State::Waiting(_) | State::Deferred { .. } | State::Watched { .. } => {}
            }
        }
        self.register(cx)
    }

    /// Like [`poll`](Slot::poll), with one lock instead of two, for a first poll: there, the answer
    /// is rarely here already, and no waker is.
    pub(crate) fn register(&self, cx: &mut Context<'_>) -> Poll<Result<R, Reason>> {
        // Wakers are foreign code: cloned before the lock is taken, dropped after it is released.
        let waker = cloned(cx.waker());
        let mut state = self.state.lock();
        let (old, answer) = match &mut *state {
            State::Answered(_) | State::Closed => (Some(waker), Slot::take(&mut state)),
            State::Waiting(old) => (Some(std::mem::replace(old, waker)), Poll::Pending),
            State::Deferred { waker: old, .. } | State::Watched { asker: old, .. } => {
                (old.replace(waker), Poll::Pending)
            }
            State::Empty => {
                *state = State::Waiting(waker);
                (None, Poll::Pending)
            }
        };
        drop(state);
        // A panic in its `Drop` must not lose the answer.
        discard(old);
        answer
    }

    fn take(state: &mut State<R>) -> Poll<Result<R, Reason>> {
        match std::mem::replace(state, State::Closed) {
            State::Answered(answer) => Poll::Ready(answer),
            _ => Poll::Pending,
        }
    }

    /// Closes the slot, because its asker goes away.
    pub(crate) fn abandon(&self) {
        // The waker or answer in it is dropped after the lock is released. Its `Drop` may panic,
        // and the asker may be unwinding already.
        let mut old = std::mem::replace(&mut *self.state.lock(), State::Closed);
        if let State::Watched { turn, .. } = &mut old {
            wake(std::mem::replace(turn, Waker::noop().clone()));
        }
        discard(old);
    }

    /// Whether the asker has gone away. If not, registers the task of the turn to be woken when it
    /// does. Pending for ever where the answer no longer depends on the turn.
    fn poll_abandoned(&self, cx: &Context<'_>) -> Poll<()> {
        match &*self.state.lock() {
            State::Closed => return Poll::Ready(()),
            State::Watched { turn, .. } if turn.will_wake(cx.waker()) => return Poll::Pending,
            State::Answered(_) | State::Deferred { .. } => return Poll::Pending,
            State::Empty | State::Waiting(_) | State::Watched { .. } => {}
        }
        // Wakers are foreign code: cloned before the lock is taken, dropped after it is released.
        let turn = cloned(cx.waker());
        let mut state = self.state.lock();
        let (asker, old) = match std::mem::replace(&mut *state, State::Empty) {
            State::Empty => (None, None),
            State::Waiting(asker) => (Some(asker), None),
            State::Watched { asker, turn } => (asker, Some(turn)),
            other => {
                let is_gone = matches!(other, State::Closed);
                *state = other;
                drop(state);
                discard(turn);
                return if is_gone { Poll::Ready(()) } else { Poll::Pending };
            }
        };
        *state = State::Watched { asker, turn };
        drop(state);
        discard(old);
        Poll::Pending
    }

    /// Marks the answer as independent of the turn. `owed` is kept while the asker waits.
    fn defer(&self, owed: Option<OpenReply>) {
        let mut state = self.state.lock();
        let waker = match &mut *state {
            State::Empty => None,
            State::Waiting(_) => match std::mem::replace(&mut *state, State::Empty) {
                State::Waiting(waker) => Some(waker),
                _ => None,
            },
            // The asker no longer waits. `owed` is dropped after the lock is released.
            State::Deferred { .. } | State::Answered(_) | State::Closed => return drop(state),
            // A turn that is watched holds its answer itself.
            State::Watched { .. } => return drop(state),
        };
        *state = State::Deferred { waker, _owed: owed };
    }

    fn is_abandoned(&self) -> bool {
        matches!(*self.state.lock(), State::Closed)
    }
}

impl<R: Send + 'static> Slot<R> {
    /// Returns an empty slot: a recycled one, if this thread has kept one.
    pub(crate) fn new() -> Arc<Self> {
        local_pool::take().unwrap_or_else(|| Slot::with(State::Empty))
    }

    /// Returns the slot as the wait graph sees it: whether its answer is still awaited.
    #[cfg(not(actors_loom))]
    pub(crate) fn as_live(slot: &Arc<Self>) -> Awaited {
        slot.clone()
    }

    #[cfg(actors_loom)]
    pub(crate) fn as_live(slot: &Arc<Self>) -> Awaited {
        std::sync::Arc::new(Shared(slot.clone()))
    }

    /// Keeps an empty slot that has no other owner for the thread's next ask.
    pub(crate) fn keep(slot: Arc<Self>) {
        local_pool::give(slot);
    }

    /// Keeps the slot for the thread's next ask, if no other reference to it is left.
    pub(crate) fn recycle(mut slot: Arc<Self>) {
        if let Some(unique) = Arc::get_mut(&mut slot) {
            *unique.state.get_mut() = State::Empty;
            local_pool::give(slot);
        }
    }
}

impl<R: Send> Live for Slot<R> {
    fn is_awaited(&self) -> bool {
        matches!(*self.state.lock(), State::Empty | State::Waiting(_) | State::Watched { .. })
    }
}

/// A slot behind std's `Arc`: loom's `Arc` does not coerce to a trait object.
#[cfg(actors_loom)]
struct Shared<R>(Arc<Slot<R>>);

#[cfg(actors_loom)]
impl<R: Send> Live for Shared<R> {
    fn is_awaited(&self) -> bool {
        self.0.is_awaited()
    }
}

/// The answering side of a slot.
#[derive(Debug)]
pub(crate) struct ReplySender<R> {
    slot: Option<Arc<Slot<R>>>,
}

impl<R> ReplySender<R> {
    pub(crate) fn new(slot: Arc<Slot<R>>) -> Self {
        ReplySender { slot: Some(slot) }
    }

    /// Whether the asker has gone away. If not, the task of `cx` is woken when it does.
    pub(crate) fn poll_abandoned(&self, cx: &Context<'_>) -> Poll<()> {
        self.slot.as_ref().map_or(Poll::Pending, |slot| slot.poll_abandoned(cx))
    }

    /// Sends the result to the asker. Returns `false` if the asker has gone; then it is dropped
    /// here.
    pub(crate) fn send(mut self, answer: Result<R, Reason>) -> bool {
        match self.slot.take() {
            Some(slot) => send(slot, answer).is_ok(),
            None => false,
        }
    }
}

/// Stores the result, releases the slot, then wakes the asker. In this order, the asker is the only
/// owner of the slot when it wakes, and can recycle it.
///
/// # Errors
/// The result, if the asker has gone.
fn send<R>(slot: Arc<Slot<R>>, answer: Result<R, Reason>) -> Result<(), Result<R, Reason>> {
    let mut state = slot.state.lock();
    if matches!(*state, State::Closed) {
        return Err(answer);
    }
    let old = std::mem::replace(&mut *state, State::Answered(answer));
    drop(state);
    drop(slot);
    match old {
        State::Waiting(waker) | State::Deferred { waker: Some(waker), .. } => wake(waker),
        State::Watched { asker, turn } => {
            discard(turn);
            asker.into_iter().for_each(wake);
        }
        _ => {}
    }
    Ok(())
}

impl<R> Drop for ReplySender<R> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            let _ = send(slot, Err(Reason::Closed));
        }
    }
}

/// A reply that the handler keeps, and that any code may send later.
///
/// Dropped without an answer, it fails the ask as [`Reason::Unanswered`] at once.
///
/// The wait for it does not count as a wait for the actor that took the question (D1), so a cycle
/// through it ends only at its deadline.
///
/// ```
/// use actors_core::prelude::*;
///
/// struct Desk { pending: Vec<ReplyTo<u32>> }
///
/// #[actor(local)]
/// impl Desk {
///     #[message]
///     fn number(&mut self, reply: ReplyTo<u32>) { self.pending.push(reply); }
///     #[message]
///     fn call(&mut self, number: u32) { self.pending.drain(..).for_each(|asker| { let _ = asker.send(number); }); }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let desk = System::new("desk").spawn(Desk { pending: vec![] });
/// let asked = tokio::spawn(desk.number().owned());
/// tokio::task::yield_now().await;
/// desk.call(7).await.unwrap();
/// assert_eq!(asked.await.unwrap().unwrap(), 7);
/// # }
/// ```
#[must_use = "dropping it fails the ask as `unanswered`"]
pub struct ReplyTo<R> {
    asker: Option<ReplySender<R>>,
}

impl<R> fmt::Debug for ReplyTo<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo").field("is_wanted", &self.is_wanted()).finish()
    }
}

impl<R> ReplyTo<R> {
    /// Defers the answer. `owed` makes the entry by which the instance of a pool owes the reply.
    pub(crate) fn new(asker: Option<ReplySender<R>>, owed: impl FnOnce() -> Option<OpenReply>) -> Self {
        if let Some(slot) = asker.as_ref().and_then(|sender| sender.slot.as_ref()) {
            slot.defer(owed());
        }
        ReplyTo { asker }
    }

    /// Returns whether the asker still waits. If it does not, the work for the answer can be
    /// skipped.
    pub fn is_wanted(&self) -> bool {
        self.asker.as_ref().and_then(|sender| sender.slot.as_ref()).is_some_and(|slot| !slot.is_abandoned())
    }

    /// Sends the answer.
    ///
    /// # Errors
    /// The answer, if the asker no longer waits for it.
    pub fn send(mut self, reply: R) -> Result<(), R> {
        let slot = self.asker.take().and_then(|mut sender| sender.slot.take());
        let Some(slot) = slot else { return Err(reply) };
        match send(slot, Ok(reply)) {
            Ok(()) | Err(Err(_)) => Ok(()),
            Err(Ok(reply)) => Err(reply),
        }
    }
}

impl<R> Drop for ReplyTo<R> {
    fn drop(&mut self) {
        if let Some(asker) = self.asker.take() {
            let reason = if std::thread::panicking() { Reason::Panicked } else { Reason::Unanswered };
            asker.send(Err(reason));
        }
    }
}
