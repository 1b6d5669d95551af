//! What a handle sends: [`Handle::tell`], [`Handle::ask`] and [`Handle::reserve`].

use super::{Ask, Permit, Reserve, Tell};
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::error::SendError;

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
}
