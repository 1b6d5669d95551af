//! Watching: readings, dead letters, snapshots, and the only home of the `tracing` feature.
//!
//! A message passes nothing in here, except the meter if it is sampled. A reading takes the
//! mailbox's lock once. A dead letter is built only for subscribers. A visit of the system, and a
//! snapshot, read every mailbox in turn.

mod advice;
mod decisions;
mod letters;
pub(crate) mod losses;
mod meter;
pub(crate) mod reading;
mod snapshot;
pub(crate) mod span;
mod strain;
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
pub(crate) use meter::{Metering, SampledTurn, TurnSampler};
pub(crate) use reading::Reading;
pub use snapshot::{ActorSnapshot, DecisionSnapshot, RowSnapshot, Snapshot, TurnSnapshot};
pub use strain::{PressureSignal, PressureState};
pub(crate) use view::VisitBuffers;
pub use view::{ActorView, RunningTurn, TypeTotals};
