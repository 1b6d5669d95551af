//! The nouns: what an actor is, what a message is, and what others hold of an actor.
//!
//! `#[actor]` writes the implementations of these traits; nothing in them is reserved to it. By hand:
//!
//! ```
//! use actors_core::{Actor, AnyParcel, Class, Context, Handle, Handler, Mail, Message, Parcel, Policy, System, Typed};
//!
//! struct Counter(u64);
//! struct Add(u64);
//! impl Message for Add {
//!     type Reply = u64;
//!     const NAME: &'static str = "Add";
//!     const POLICY: Policy = Policy::ask();
//! }
//!
//! // All messages of the actor, inline: no box and no `dyn` on their way.
//! enum CounterMail { Add(Parcel<Add>) }
//! impl Mail<Counter> for CounterMail {
//!     const CLASSES: &'static [Class] = &[Class::of::<Add>()];
//!     fn class(&self) -> usize { 0 }
//!     fn parcel(&self) -> &dyn AnyParcel { let CounterMail::Add(parcel) = self; parcel }
//!     fn parcel_mut(&mut self) -> &mut dyn AnyParcel { let CounterMail::Add(parcel) = self; parcel }
//!     fn deliver_now(self, actor: &mut Counter, ctx: &mut Context<Counter>) -> Option<Self> {
//!         let CounterMail::Add(parcel) = self;
//!         let (Add(n), answer) = parcel.open();
//!         actor.0 += n;
//!         answer.send(ctx, actor.0);
//!         None
//!     }
//!     async fn deliver(self, actor: &mut Counter, ctx: &mut Context<Counter>) { self.deliver_now(actor, ctx); }
//! }
//! impl Actor for Counter {
//!     type Mail = CounterMail;
//!     const NAME: &'static str = "Counter";
//! }
//! impl Handler<Add> for Counter {
//!     const CLASS: usize = 0;
//!     fn pack(parcel: Parcel<Add>) -> CounterMail { CounterMail::Add(parcel) }
//!     fn unpack(mail: CounterMail) -> Option<Parcel<Add>> { let CounterMail::Add(parcel) = mail; Some(parcel) }
//! }
//! impl Typed<Handle<Counter>> for Counter {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let counter = System::new("by-hand").spawn(Counter(0));
//! assert_eq!(counter.ask(Add(2)).await.unwrap(), 2);
//! # }
//! ```

mod any;
pub(crate) mod cell;
pub(crate) mod children;
pub(crate) mod context;
mod counted;
mod crew;
pub(crate) mod ending;
mod gate;
pub(crate) mod handle;
pub(crate) mod jobs;
pub(crate) mod message;
mod readings;
pub(crate) mod recipient;

use crate::error::{BoxError, StopReason};
use crate::mailbox::Class;
use crate::policy::Settings;
use context::Context;
use handle::Handle;
use message::{AnyParcel, Message, Parcel};
use std::future::Future;

/// A value that handles messages one at a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    note = "`#[actor]` on the impl block of a struct or an enum makes it one: `#[actor] impl Shop {{ .. }}`"
)]
pub trait Actor: Sized + Send + 'static {
    /// All the messages it handles; an enum, in general.
    type Mail: Mail<Self>;

    /// Name of the type, for names of actors that were given none.
    const NAME: &'static str;

    /// What it declares about its mailbox.
    const SETTINGS: Settings = Settings::new();

    /// Whether [`started`](Actor::started) does anything. Where it does not, an actor without messages needs no task.
    const STARTS: bool = false;

    /// Runs before the first turn. An error or a panic is a failed start: the actor ends, and whoever waits is told.
    fn started(&mut self, ctx: &mut Context<Self>) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = ctx;
        std::future::ready(Ok(()))
    }

    /// Runs at every end, unless a panic went through this state. It has 30 seconds.
    fn stopped(&mut self, why: StopReason) -> impl Future<Output = ()> + Send {
        let _ = why;
        std::future::ready(())
    }
}

/// All messages of an actor, as one type that travels by value.
pub trait Mail<A: Actor>: Sized + Send + 'static {
    /// The message types, by number.
    const CLASSES: &'static [Class];

    /// Which of [`CLASSES`](Mail::CLASSES) this is.
    fn class(&self) -> usize;

    /// The parcel inside, its type erased; for the rare paths.
    fn parcel(&self) -> &dyn AnyParcel;

    /// The parcel inside, its type erased; for the rare paths.
    fn parcel_mut(&mut self) -> &mut dyn AnyParcel;

    /// Whether its handler is an `async fn`, so that [`deliver_now`](Mail::deliver_now) would only give the message back. An answer
    /// that spares a move; `false` is never wrong.
    fn waits(&self) -> bool {
        false
    }

    /// Runs the handler here and now if it is a plain `fn`; otherwise gives the message back.
    fn deliver_now(self, actor: &mut A, ctx: &mut Context<A>) -> Option<Self>;

    /// Runs the handler.
    fn deliver(self, actor: &mut A, ctx: &mut Context<A>) -> impl Future<Output = ()> + Send;
}

/// A handler that is a plain `fn`: it returns what it answers, and never waits.
pub type Inline<A, M> = fn(&mut A, M, &mut Context<A>) -> <M as Message>::Reply;

/// An actor that handles messages of type `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    note = "a `#[message]` or `#[handler]` method in its `#[actor]` block would say how"
)]
pub trait Handler<M: Message>: Actor {
    /// Number of the message type among the actor's [`Mail::CLASSES`].
    const CLASS: usize;

    /// Runs the handler at once, where it is a plain `fn` that returns what it answers: then a sender may run the turn itself
    /// instead of waking the actor (S6). `None` where that is not so, or not wanted.
    const INLINE: Option<Inline<Self, M>> = None;

    /// Wraps the message, and does nothing else: the mailbox is locked meanwhile.
    fn pack(parcel: Parcel<M>) -> Self::Mail;

    /// Unwraps the message; `None` when it is another one.
    fn unpack(mail: Self::Mail) -> Option<Parcel<M>>;
}

/// A handle with methods of its own, as `#[actor]` generates them.
pub trait TypedHandle: Clone + Send + Sync + 'static {
    /// The actor it leads to.
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

/// Says that `H` is the handle that [`System::spawn`](crate::System::spawn) gives for this actor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    note = "`#[actor]` on the impl block of a struct or an enum makes it one: `#[actor] impl Shop {{ .. }}`",
    note = "a closure that makes one is a factory: `system.actor(|| Shop::new(..)).spawn()`"
)]
pub trait Typed<H: TypedHandle<Actor = Self>>: Actor {}
