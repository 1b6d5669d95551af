//! What a handle sends: [`Handle::tell`], [`Handle::ask`] and [`Handle::reserve`].

use super::{Ask, Attach, MailSink, Permit, Reserve, Tell};
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::error::SendError;
use futures_core::Stream;

impl<A: Actor> Handle<A> {
    /// Sends a message without asking for its answer. Nothing happens before the result is awaited,
    /// or `try_send` is called on it.
    #[inline]
    pub fn tell<M: Message>(&self, message: M) -> Tell<'_, A, M>
    where
        A: Handler<M>,
    {
        Tell::new(self, message)
    }

    /// Sends a message and waits until it has been handled.
    #[inline]
    pub fn ask<M: Message>(&self, message: M) -> Ask<'_, A, M>
    where
        A: Handler<M>,
    {
        Ask::new(self, message)
    }

    /// Waits for a slot for a message of type `M`, which can then be created and sent without
    /// waiting; see [`Permit`].
    ///
    /// [`Permit`]: crate::send::Permit
    pub fn reserve<M: Message>(&self) -> Reserve<'_, A, M>
    where
        A: Handler<M>,
    {
        Reserve::new(self)
    }

    /// Returns a slot for a message of type `M`, if there is one now. Needs no async context.
    ///
    /// # Errors
    ///
    /// [`Reason::Full`](crate::Reason::Full), [`Reason::Shed`](crate::Reason::Shed) or
    /// [`Reason::Closed`](crate::Reason::Closed).
    pub fn try_reserve<M: Message>(&self) -> Result<Permit<A, M>, SendError<()>>
    where
        A: Handler<M>,
    {
        Reserve::new(self).now()
    }

    /// Sends the items of a stream, each only when there is a slot for it: pull instead of push.
    /// See [`Attach`].
    ///
    /// ```
    /// # use actors_core::prelude::*;
    /// # struct Mill { ground: u32 }
    /// # #[actor(local, capacity = 2, reserve = 0)]
    /// # impl Mill {
    /// #     #[message]
    /// #     fn grind(&mut self, sack: u32) { self.ground += sack; }
    /// #     #[message(overflow = block)]
    /// #     fn ground(&mut self) -> u32 { self.ground }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let mill = System::new("village").spawn(Mill { ground: 0 });
    /// let sacks = futures_util::stream::iter((1..=100).map(|sack| MillGrind { sack }));
    /// assert_eq!(mill.attach(sacks).await.unwrap(), 100);
    /// assert_eq!(mill.ground().await.unwrap(), 5050);
    /// # }
    /// ```
    pub fn attach<M: Message, St: Stream<Item = M> + Unpin>(&self, stream: St) -> Attach<A, M, St>
    where
        A: Handler<M>,
    {
        Attach::new(self, stream)
    }

    /// A sink of messages of type `M` that is ready when there is a slot. See [`MailSink`].
    pub fn sink<M: Message>(&self) -> MailSink<A, M>
    where
        A: Handler<M>,
    {
        MailSink::new(self)
    }
}
