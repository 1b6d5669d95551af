//! Credit: a producer sends as many items as its consumer has requested, and the consumer requests
//! as many as its mailbox has slots for.
//!
//! ```text
//!   consumer                          the wire: a channel, a pipe, a socket          producer
//!
//!   mailbox ── permits ──► Grantor ────── request(n), cancel ──────► CreditLine
//!      ▲                      │                                         │ Demand
//!      └──────── send ────────┴◄────── item, complete, error ◄────── Credit
//! ```
//!
//! It is the `request(n)` of Reactive Streams, the window of gRPC and HTTP/2, the link credit of
//! AMQP. Five signals are all that a wire must carry: [`ToProducer`] one way, [`ToConsumer`] the
//! other. [`Grantor`] and [`Credit`] know no wire, so a protocol uses them in its own loops.
//! [`consume`] drives a stream and a sink; [`pair`] connects both ends in one process.
//!
//! # Invariants
//!
//! - A unit of credit is backed by a permit, which counts against the capacity. So an item that
//!   arrives with credit has its slot (C1), however many producers there are.
//! - `request(n)` adds and saturates; zero is refused. Cancel is final. At most one of complete and
//!   error is sent, and nothing follows it (C2). [`Demand`] is that account, a pure value.
//! - An item without credit is an error: it ends the subscription, and is returned.
//! - The credit that is out and the slots reserved for the next grant are together at most the
//!   [`Window`]. So are the items that have arrived and do not fit yet.
//!
//! # The price of a slot that waits
//!
//! Credit that a producer does not use keeps slots from other senders. That is the point of it,
//! because the item could be on its way, and the reason why a window is small. A type's `max`
//! limits what all its producers hold together.

mod consume;
mod demand;
mod grantor;
mod line;
mod pair;
mod window;

pub use consume::{Consume, End, Report, ToConsumer, ToProducer, consume};
pub use demand::{Demand, Stage, ZeroRequest};
pub(crate) use grantor::is_for_now;
pub use grantor::{Grantor, ItemError};
pub use line::{Cancelled, Credit, CreditLine, SpendError, account};
pub(crate) use pair::channel;
pub use pair::{Items, LineSink, Producer, ProducerError, pair};
pub use window::Window;
