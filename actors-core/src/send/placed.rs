//! A one-way send that returns the message's place in the mailbox.

use super::journey::Journey;
use crate::actor::Handler;
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::error::SendError;
use crate::mailbox::{Place, WhenFull};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Like [`Tell`](super::Tell), but resolves with the message's place in the mailbox; `None` where
/// its policy dropped it. It always goes by the queue: the sender never runs the turn.
///
/// # Cancel safety
/// Cancel safe, like a [`Tell`](super::Tell).
#[must_use = "nothing is sent before it is awaited"]
pub(crate) struct Placed<'a, A: Handler<M>, M: Message> {
    journey: Journey<'a, A, M>,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Placed<'_, A, M> {}

impl<'a, A: Handler<M>, M: Message> Placed<'a, A, M> {
    pub(crate) fn new(handle: &'a Handle<A>, message: M) -> Self {
        Placed { journey: Journey::new(handle, message) }
    }
}

impl<A: Handler<M>, M: Message> Future for Placed<'_, A, M> {
    type Output = Result<Option<Place>, SendError<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let journey = &mut self.journey;
        let arrival = match journey.is_refused(WhenFull::Wait) {
            Some((reason, retry_after)) => journey.refused(reason, retry_after),
            None => ready!(journey.poll_place(cx)),
        };
        Poll::Ready(match arrival {
            Ok(_) => Ok(journey.place()),
            Err(refusal) => match refusal.message {
                Some(message) => Err(SendError::new(message, refusal.why)),
                None => Ok(None),
            },
        })
    }
}
