//! Watching: readings, dead letters, snapshots, and the only home of the `tracing` feature.
//!
//! Nothing in here is on a message's way. A reading takes the mailbox's lock once; a dead letter is built only while somebody
//! listens; a visit of the system, and a snapshot, ask every actor's mailbox in turn.

mod advice;
mod decisions;
mod letters;
pub(crate) mod losses;
mod meter;
pub(crate) mod reading;
mod snapshot;
pub(crate) mod span;
pub(crate) mod trace;
mod view;

pub use crate::mailbox::books::ledger::Row;
pub use crate::text::brief;
#[doc(inline)]
pub use actors_policy::{Cause, DecisionKind, Level, Spent};
pub use advice::Advice;
pub use decisions::Decision;
pub(crate) use decisions::Decisions;
pub use letters::{DeadLetter, DeadLetters};
pub(crate) use letters::{Letters, Loss};
pub use meter::{Meter, TurnTimes};
pub(crate) use meter::{Metering, SampledTurn, Tap};
pub(crate) use reading::Reading;
pub use snapshot::{ActorSnapshot, DecisionSnapshot, RowSnapshot, Snapshot};
pub use view::ActorView;
