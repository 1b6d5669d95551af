//! Reactive Streams for Rust: the specification of [reactive-streams-jvm][spec] 1.0.4, as far as it
//! can be broken in Rust.
//!
//! ```text
//!   Publisher ── subscribe(Subscriber) ──► on_subscribe(Subscription) ──► Receiver
//!                                              ▲                             │
//!                  Run, while it is polled     │ request(n), cancel, drop    │
//!                      on_next* (on_error | on_complete)? ───────────────────┘
//! ```
//!
//! | from | to | function |
//! |---|---|---|
//! | a publisher | an actor | [`subscriber`]: requests exactly its granted slots |
//! | what an actor emits | a publisher | [`emitter`] |
//! | a `Stream` | a publisher | [`publish`], [`try_publish`] |
//! | a publisher | a `Stream` | [`stream`], or [`inlet`] for the subscriber by itself |
//! | a publisher | a `Sink` | [`sink`] |
//! | a `Sink` | a publisher | [`emitter`], whose [`Emitter`] is a sink |
//! | a stage between two of them | | [`processor`] |
//!
//! # How it differs from the JVM
//!
//! A subscription runs while its [`Run`] is polled: no thread and no task is hidden, and a run that
//! is dropped is a subscription that is cancelled. `request` and `cancel` only change the account
//! and wake the run. So no signal is ever called from within a call of the subscriber, and requests
//! within `on_next` are a loop.
//!
//! # Rules that the types keep
//!
//! | rule | kept by |
//! |---|---|
//! | §1.3 signals are serial | `on_next(&mut self)`: two calls cannot overlap |
//! | §1.7 nothing follows complete or error | `on_complete(self)`, `on_error(self)`: the receiver is gone |
//! | §1.9 `on_subscribe` comes first | the receiver, which takes the other signals, is what `on_subscribe` returns |
//! | §1.10, §1.11, §2.12 one subscription for a subscriber | `subscribe` and `on_subscribe` take both by value |
//! | §2.5 a second subscription is cancelled | there cannot be one, for the same reason |
//! | §2.6 a subscription that is not needed is cancelled | dropping it cancels |
//! | §2.7 calls of the subscription are serial | `request(&mut self)`, `cancel(&mut self)` |
//! | §2.11 signals happen before they are processed | `Send` and `&mut` |
//! | §3.1 only the subscriber has the subscription | it is a `Box` that is passed by value |
//! | §3.9 a negative request is an error | `u64`; zero is checked |
//! | `null` is refused (§1.9, §2.13) | Rust has no null references |
//!
//! # Rules that cannot be tested
//!
//! | rule | why |
//! |---|---|
//! | §1.11, §3.10, §3.11, §3.14 | permissions, which an implementation may leave unused |
//! | §2.2 | a recommendation about the speed of a subscriber |
//! | the rest of §3.4 and §3.5: "timely" | needs a clock; the tests show that no item is waited for |
//! | §2.5, §2.7, §2.11, §2.12, §3.1 | a program that breaks them does not compile |
//!
//! All other rules are checks in the module `tck` (feature `tck`), which also run for publishers
//! and subscribers of yours.
//!
//! [spec]: https://github.com/reactive-streams/reactive-streams-jvm/blob/v1.0.4/README.md

mod actor;
mod bridge;
mod emitter;
mod inlet;
mod publish;
#[cfg(feature = "tck")]
#[cfg_attr(docsrs, doc(cfg(feature = "tck")))]
pub mod tck;
mod traits;

pub use crate::credit::Window;
pub use actor::{ActorReceiver, ActorSubscriber, Requests, subscriber};
pub use bridge::{PublisherStream, SinkFeed, processor, sink, stream};
pub use emitter::{EmitError, Emitted, Emitter, emitter};
pub use inlet::{Broken, Inlet, InletReceiver, Outlet, inlet};
pub use publish::{Run, StreamPublisher, Sure, publish, try_publish};
pub use traits::{IllegalRequest, Outcome, Publisher, Receiver, Subscriber, Subscription};
