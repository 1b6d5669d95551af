//! Slots one after the other, for a source that has several items out.

use super::Permit;
use super::pull::Grant;
use crate::actor::Handler;
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::error::SendError;
use futures_core::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream of permits: each item is a slot in an actor's mailbox for one message of type `M`.
///
/// It is for sources that may have several items out, such as a producer with credit.
/// [`Handle::attach`] and [`Handle::sink`] have one. While the mailbox is full, load is shed, or
/// the rate of the type is spent, the stream is pending. It asks for one slot at a time, so it
/// takes one place in line, and none before it is polled.
///
/// Dropped while it is pending, it leaves the line. Permits that it has yielded are not affected.
///
/// # Errors
///
/// A [`SendError`] when the actor closes, and inside a turn at the end of that turn's time or where
/// only the end of that turn could make room. The stream ends after an error.
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_core::send::Slots;
/// use futures_util::StreamExt;
/// # struct Mill;
/// # #[actor(local, capacity = 2, reserve = 0)]
/// # impl Mill { #[message] fn grind(&mut self, sack: u32) { let _ = sack; } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let mill = System::new("village").spawn(Mill);
/// let mut slots = Slots::<_, MillGrind>::of(&mill);
/// let both = [slots.next().await.unwrap().unwrap(), slots.next().await.unwrap().unwrap()];
/// assert_eq!(mill.reading().permits, 2);
/// for (sack, permit) in both.into_iter().enumerate() {
///     permit.send(MillGrind { sack: sack as u32 }).unwrap();
/// }
/// # }
/// ```
#[must_use = "it asks for a slot when it is polled"]
pub struct Slots<A: Handler<M>, M: Message> {
    grant: Grant<A, M>,
    /// Whether it has yielded an error, which is final.
    is_over: bool,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Slots<A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for Slots<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = self.grant.handle().name();
        f.debug_struct("Slots").field("of", of).field("message", &M::NAME).finish_non_exhaustive()
    }
}

impl<A: Handler<M>, M: Message> Slots<A, M> {
    /// Creates the stream of an actor's slots for messages of type `M`.
    pub fn of(handle: &Handle<A>) -> Self {
        Slots { grant: Grant::new(handle), is_over: false }
    }
}

impl<A: Handler<M>, M: Message> Stream for Slots<A, M> {
    type Item = Result<Permit<A, M>, SendError<()>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match ready!(self.grant.poll(cx)) {
            Ok(()) => Poll::Ready(self.grant.take().map(Ok)),
            Err(why) => {
                self.is_over = true;
                Poll::Ready(Some(Err(SendError::new((), why))))
            }
        }
    }
}
