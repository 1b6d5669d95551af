//! Actors, messages, and the handles to actors.
//!
//! `#[actor]` implements these traits. `by_hand` shows how to write them without macros.

mod any;
pub(crate) mod cell;
pub(crate) mod children;
pub(crate) mod context;
mod counted;
pub(crate) mod ending;
mod gate;
pub(crate) mod handle;
pub(crate) mod jobs;
pub(crate) mod message;
mod node;
pub mod outlet;
mod readings;
pub(crate) mod recipient;

use crate::error::{BoxError, StopReason};
use crate::mailbox::Class;
use crate::policy::Settings;
use context::Context;
use handle::Handle;
use message::{AnyEnvelope, Envelope, Message};
use std::future::Future;

/// A value that handles messages one at a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    note = "`#[actor]` on the impl block of a struct or an enum makes it one: `#[actor] impl Shop {{ .. }}`"
)]
pub trait Actor: Sized + Send + 'static {
    /// The type of all messages that it handles; in general an enum.
    type Mail: Mail<Self>;

    /// The name of the type, from which the name of an unnamed actor is made.
    const NAME: &'static str;

    /// The declared settings of its mailbox.
    const SETTINGS: Settings = Settings::new();

    /// Whether [`started`](Actor::started) does anything. If not, an actor without messages needs
    /// no task.
    const STARTS: bool = false;

    /// Runs before the first turn. An error or a panic is a failed start.
    ///
    /// Without a factory, the actor then ends and waiting callers get the error.
    fn started(&mut self, ctx: &mut Context<Self>) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = ctx;
        std::future::ready(Ok(()))
    }

    /// Runs at the end of an instance, unless it has panicked in a turn or the runtime has ended.
    /// It has 30 seconds.
    fn stopped(&mut self, why: StopReason) -> impl Future<Output = ()> + Send {
        let _ = why;
        std::future::ready(())
    }
}

/// All messages of an actor as one type, which is moved by value.
pub trait Mail<A: Actor>: Sized + Send + 'static {
    /// The message types, by number.
    const CLASSES: &'static [Class];

    /// Returns the number of its message type in [`CLASSES`](Mail::CLASSES).
    fn class(&self) -> usize;

    /// Returns the envelope inside with its type erased, for cold paths.
    fn envelope(&self) -> &dyn AnyEnvelope;

    /// Returns the envelope inside with its type erased, for cold paths.
    fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope;

    /// Returns whether its handler is an `async fn`, for which [`deliver_now`](Mail::deliver_now)
    /// would only return the message.
    ///
    /// `true` saves a move of the message; `false` is always correct.
    fn waits(&self) -> bool {
        false
    }

    /// Runs the handler if it is a plain `fn`. Otherwise returns the message.
    fn deliver_now(self, actor: &mut A, ctx: &mut Context<A>) -> Option<Self>;

    /// Runs the handler.
    fn deliver(self, actor: &mut A, ctx: &mut Context<A>) -> impl Future<Output = ()> + Send;
}

/// A handler that is a plain `fn`: it returns its reply, and never suspends.
pub type Inline<A, M> = fn(&mut A, M, &mut Context<A>) -> <M as Message>::Reply;

/// An actor that handles messages of type `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    note = "a `#[message]` or `#[handler]` method in its `#[actor]` block would say how"
)]
pub trait Handler<M: Message>: Actor {
    /// The number of the message type in the actor's [`Mail::CLASSES`].
    const CLASS: usize;

    /// The handler, if it is a plain `fn` that returns its reply. A sender may then run the turn
    /// itself instead of waking the actor (S6). `None` if it is not, or if senders must not run it.
    const INLINE: Option<Inline<Self, M>> = None;

    /// Whether a sender may begin the turn of an `async fn` and poll it once, instead of waking the
    /// actor (S6). Without effect if there is an [`INLINE`](Handler::INLINE).
    const FIRST_POLL: bool = false;

    /// Wraps the message, and does nothing else: the mailbox is locked meanwhile.
    fn pack(envelope: Envelope<M>) -> Self::Mail;

    /// Unwraps the message. `None` if it has another type.
    fn unpack(mail: Self::Mail) -> Option<Envelope<M>>;
}

/// A handle with a method per message, as `#[actor]` generates it.
pub trait TypedHandle: Clone + Send + Sync + 'static {
    /// The type of its actor.
    type Actor: Actor;

    /// Wraps a plain handle.
    fn from_handle(handle: Handle<Self::Actor>) -> Self;
}

impl<A: Actor> TypedHandle for Handle<A> {
    type Actor = A;

    fn from_handle(handle: Handle<A>) -> Self {
        handle
    }
}

/// Declares `H` as the handle that [`System::spawn`](crate::System::spawn) returns for this actor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    note = "`#[actor]` on the impl block of a struct or an enum makes it one: `#[actor] impl Shop {{ .. }}`",
    note = "a closure that makes one is a factory: `system.actor(|| Shop::new(..)).spawn()`"
)]
pub trait Typed<H: TypedHandle<Actor = Self>>: Actor {}
