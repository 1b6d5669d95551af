//! A handle to an actor of unknown type that handles one message type.

use super::handle::Handle;
use super::message::Message;
use super::{Actor, Handler};
use crate::error::{Admission, AskError, SendError};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

/// A handle with the actor's type erased.
#[async_trait]
trait Receives<M: Message>: Send + Sync {
    async fn tell(&self, message: M) -> Result<Admission, SendError<M>>;
    async fn ask(&self, message: M) -> Result<M::Reply, AskError>;
    fn try_send(&self, message: M) -> Result<Admission, SendError<M>>;
    fn name(&self) -> &str;
}

#[async_trait]
impl<A: Actor + Handler<M>, M: Message> Receives<M> for Handle<A> {
    async fn tell(&self, message: M) -> Result<Admission, SendError<M>> {
        Handle::tell(self, message).await
    }

    async fn ask(&self, message: M) -> Result<M::Reply, AskError> {
        Handle::ask(self, message).await
    }

    fn try_send(&self, message: M) -> Result<Admission, SendError<M>> {
        Handle::tell(self, message).try_send()
    }

    fn name(&self) -> &str {
        Handle::name(self).as_str()
    }
}

/// A handle to an actor of unknown type that handles `M`.
///
/// It keeps the actor alive, like a [`Handle`]. Each `tell` and `ask` allocates its future.
///
/// ```
/// use actors_core::prelude::*;
///
/// #[derive(Message)]
/// #[message(reply = u32)]
/// pub struct Count;
///
/// struct Ones;
/// #[actor(local)]
/// impl Ones {
///     #[handler]
///     fn count(&mut self, _ask: Count) -> u32 { 1 }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let ones = System::new("sum").spawn(Ones);
/// let counters: Vec<Recipient<Count>> = vec![ones.recipient(), ones.recipient()];
/// let mut sum = 0;
/// for counter in &counters {
///     sum += counter.ask(Count).await.unwrap();
/// }
/// assert_eq!(sum, 2);
/// # }
/// ```
pub struct Recipient<M: Message> {
    to: Arc<dyn Receives<M>>,
}

impl<M: Message> Clone for Recipient<M> {
    fn clone(&self) -> Self {
        Recipient { to: self.to.clone() }
    }
}

impl<M: Message> fmt::Debug for Recipient<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("actor", &self.to.name()).field("message", &M::NAME).finish()
    }
}

impl<M: Message> Recipient<M> {
    pub(crate) fn new<A: Handler<M>>(handle: Handle<A>) -> Self {
        Recipient { to: Arc::new(handle) }
    }

    /// Sends a message. Resolves when it is in the mailbox.
    ///
    /// # Cancel safety
    /// Cancel safe, like a [`Tell`](crate::send::Tell).
    ///
    /// # Errors
    /// A refusal under the message's policy, with the message.
    pub async fn tell(&self, message: M) -> Result<Admission, SendError<M>> {
        self.to.tell(message).await
    }

    /// Sends a message and waits for the answer.
    ///
    /// # Cancel safety
    /// Cancel safe, like an [`Ask`](crate::send::Ask).
    ///
    /// # Errors
    /// The reason why there is no answer.
    pub async fn ask(&self, message: M) -> Result<M::Reply, AskError> {
        self.to.ask(message).await
    }

    /// Sends a message without waiting.
    ///
    /// # Errors
    /// A refusal under the message's policy, with the message. It is
    /// [`Reason::Full`](crate::Reason::Full) if the send would wait for a slot.
    pub fn try_send(&self, message: M) -> Result<Admission, SendError<M>> {
        self.to.try_send(message)
    }

    /// Returns the actor's name.
    pub fn name(&self) -> &str {
        self.to.name()
    }
}
