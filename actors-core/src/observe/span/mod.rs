//! The spans of actors and of their turns, behind the feature `tracing` (L7).
//!
//! ```text
//!   the sender's span ── Origin ──► envelope ── queue ──► turn{actor, message}
//!   actor{actor}: around hooks, and around turns without a span of their own
//! ```
//!
//! The span of a sender travels in the envelope of its message, so it is wherever the message is:
//! in the queue, in line, between two instances, on its way to a worker. It is released as soon as
//! the span of the turn refers to it, or with the message.
//!
//! **Price.** While no subscriber wants spans of turns, a send and a poll of an actor's task
//! compare the level of the subscriber, and a message carries nothing. Otherwise a traced message
//! costs two allocations for the sender's span, and its turn another one.
//!
//! **Invariant.** A subscriber is foreign code. It runs outside locks and turns, and its panics are
//! caught, also when a span is left or closed while the thread unwinds.

#[cfg(feature = "tracing")]
mod actor;
#[cfg(feature = "tracing")]
mod turn;
#[cfg(not(feature = "tracing"))]
mod without_tracing;

#[cfg(feature = "tracing")]
pub(crate) use self::{
    actor::{ActorSpan, NO_SPAN},
    turn::{Origin, TurnSpan, is_wanted, within},
};
#[cfg(not(feature = "tracing"))]
pub(crate) use without_tracing::{ActorSpan, NO_SPAN, Origin, TurnSpan, is_wanted, within};

/// How the span of a turn refers to the span in which its message was sent (L7).
///
/// The span has the target `actors::turn`, the level INFO, and the fields `actor` and `message`. It
/// exists where the feature `tracing` is on and a subscriber wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnSpans {
    /// The span of the turn is a root, and follows from the sender's span: OpenTelemetry shows a
    /// trace per turn, with a link to the sender's. The sender does not wait for every turn that it
    /// causes, and a root may end after it.
    #[default]
    FollowsFrom,
    /// The span of the turn is a child of the sender's: OpenTelemetry shows one trace across
    /// actors. A subscriber keeps a parent open until its last child has ended.
    ChildOf,
    /// Turns have no spans, and no sender's span is kept.
    Off,
}
