//! Answers: a slot between one asker and whoever answers. Replies bypass mailboxes (D2): nobody waits for room in order to
//! answer.
//!
//! ```text
//!   Ask ── holds ──► Slot ◄── holds ── ReplySender (in the parcel, then in the turn, or in a ReplyTo)
//! ```
//!
//! The slot is told exactly once: with an answer, or with the [`Reason`] why there is none (F5). A `ReplySender` that is dropped
//! untold tells [`Reason::Closed`], so that no asker ever waits for something that cannot come.

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

#[derive(Debug)]
enum State<R> {
    Empty,
    Awaited(Waker),
    /// The handler took the reply along: whoever has it may answer, whatever becomes of the turn.
    /// In a pool the instance owes it.
    Later {
        waker: Option<Waker>,
        /// Only dropped: when the asker is told, or goes away.
        _owed: Option<OpenReply>,
    },
    Told(Result<R, Reason>),
    /// The asker has its answer, or has gone.
    Over,
}

/// Where an answer is left.
#[derive(Debug)]
pub(crate) struct Slot<R> {
    state: Mutex<State<R>>,
}

impl<R> Slot<R> {
    fn with(state: State<R>) -> Arc<Self> {
        Arc::new(Slot { state: Mutex::new(state) })
    }

    /// The answer, once.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<R, Reason>> {
        {
            let mut state = self.state.lock();
            match &*state {
                State::Told(_) => return Slot::take(&mut state),
                State::Awaited(waker) if waker.will_wake(cx.waker()) => return Poll::Pending,
                State::Over => return Poll::Pending,
                State::Empty | State::Awaited(_) | State::Later { .. } => {}
            }
        }
        // Wakers are foreign code: cloned before the lock is taken, dropped after it is free.
        let waker = cloned(cx.waker());
        let mut state = self.state.lock();
        let (old, answer) = match &mut *state {
            State::Told(_) | State::Over => (Some(waker), Slot::take(&mut state)),
            State::Awaited(old) => (Some(std::mem::replace(old, waker)), Poll::Pending),
            State::Later { waker: old, .. } => (old.replace(waker), Poll::Pending),
            State::Empty => {
                *state = State::Awaited(waker);
                (None, Poll::Pending)
            }
        };
        drop(state);
        // A panic in its `Drop` must not lose the answer.
        discard(old);
        answer
    }

    fn take(state: &mut State<R>) -> Poll<Result<R, Reason>> {
        match std::mem::replace(state, State::Over) {
            State::Told(answer) => Poll::Ready(answer),
            _ => Poll::Pending,
        }
    }

    /// The asker goes away.
    pub(crate) fn abandon(&self) {
        // What was there, a waker or an answer, is dropped after the lock is free. It may panic when dropped, and the asker may be
        // going away because of a panic.
        let old = std::mem::replace(&mut *self.state.lock(), State::Over);
        discard(old);
    }

    /// The answer no longer depends on the turn. `owed` is kept while the asker waits.
    fn put_off(&self, owed: Option<OpenReply>) {
        let mut state = self.state.lock();
        let waker = match &mut *state {
            State::Empty => None,
            State::Awaited(_) => match std::mem::replace(&mut *state, State::Empty) {
                State::Awaited(waker) => Some(waker),
                _ => None,
            },
            // The asker no longer waits. What is owed is dropped after the lock is free.
            State::Later { .. } | State::Told(_) | State::Over => return drop(state),
        };
        *state = State::Later { waker, _owed: owed };
    }

    fn is_abandoned(&self) -> bool {
        matches!(*self.state.lock(), State::Over)
    }
}

impl<R: Send + 'static> Slot<R> {
    /// An empty one: one that was used before, where this thread has one.
    pub(crate) fn new() -> Arc<Self> {
        local_pool::take().unwrap_or_else(|| Slot::with(State::Empty))
    }

    /// The slot, for whoever wants to know whether it is awaited still.
    #[cfg(not(actors_loom))]
    pub(crate) fn as_live(slot: &Arc<Self>) -> Awaited {
        slot.clone()
    }

    #[cfg(actors_loom)]
    pub(crate) fn as_live(slot: &Arc<Self>) -> Awaited {
        std::sync::Arc::new(Shared(slot.clone()))
    }

    /// The asker has its answer: the slot is kept for the next one, if nobody else has it any more.
    pub(crate) fn recycle(mut slot: Arc<Self>) {
        if let Some(unique) = Arc::get_mut(&mut slot) {
            *unique.state.get_mut() = State::Empty;
            local_pool::give(slot);
        }
    }
}

impl<R: Send> Live for Slot<R> {
    fn is_awaited(&self) -> bool {
        matches!(*self.state.lock(), State::Empty | State::Awaited(_))
    }
}

/// loom's `Arc` does not become one of a trait object.
#[cfg(actors_loom)]
struct Shared<R>(Arc<Slot<R>>);

#[cfg(actors_loom)]
impl<R: Send> Live for Shared<R> {
    fn is_awaited(&self) -> bool {
        self.0.is_awaited()
    }
}

/// The side that answers.
#[derive(Debug)]
pub(crate) struct ReplySender<R> {
    slot: Option<Arc<Slot<R>>>,
}

impl<R> ReplySender<R> {
    pub(crate) fn new(slot: Arc<Slot<R>>) -> Self {
        ReplySender { slot: Some(slot) }
    }

    /// Tells the asker. `false` when it has gone; then the answer is dropped here.
    pub(crate) fn send(mut self, answer: Result<R, Reason>) -> bool {
        match self.slot.take() {
            Some(slot) => send(slot, answer).is_ok(),
            None => false,
        }
    }
}

/// Gives the slot up before the asker is woken, so that the asker finds itself alone with it.
fn send<R>(slot: Arc<Slot<R>>, answer: Result<R, Reason>) -> Result<(), Result<R, Reason>> {
    let mut state = slot.state.lock();
    if matches!(*state, State::Over) {
        return Err(answer);
    }
    let old = std::mem::replace(&mut *state, State::Told(answer));
    drop(state);
    drop(slot);
    if let State::Awaited(waker) | State::Later { waker: Some(waker), .. } = old {
        wake(waker);
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

/// An answer that is given later, from anywhere; so whoever waits for it is not said to wait for the actor that took the question
/// (D1): a cycle by way of it ends by its deadline. Dropped without one, its asker is told [`Reason::Unanswered`] at once.
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
#[must_use = "dropping it tells the asker that there is no answer"]
pub struct ReplyTo<R> {
    asker: Option<ReplySender<R>>,
}

impl<R> fmt::Debug for ReplyTo<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo").field("is_wanted", &self.is_wanted()).finish()
    }
}

impl<R> ReplyTo<R> {
    /// `owed` says that an instance owes it, where that matters.
    pub(crate) fn new(asker: Option<ReplySender<R>>, owed: impl FnOnce() -> Option<OpenReply>) -> Self {
        if let Some(slot) = asker.as_ref().and_then(|sender| sender.slot.as_ref()) {
            slot.put_off(owed());
        }
        ReplyTo { asker }
    }

    /// Whether somebody still waits for the answer. Work for an answer that nobody wants can be left undone.
    pub fn is_wanted(&self) -> bool {
        self.asker.as_ref().and_then(|sender| sender.slot.as_ref()).is_some_and(|slot| !slot.is_abandoned())
    }

    /// Answers.
    ///
    /// # Errors
    /// The answer back, when nobody waits for it any more.
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
