//! Watching: readings, dead letters, snapshots, and the only home of the `tracing` feature.
//!
//! A message passes nothing in here, except the meter if it is sampled, and
//! spans if a subscriber wants them. A reading takes the
//! mailbox's lock once. A dead letter is built only for subscribers. A visit of the system, and a
//! snapshot, read every mailbox in turn.

mod advice;
mod bottleneck;
mod decisions;
mod edges;
mod histogram;
mod letters;
mod log_levels;
pub(crate) mod losses;
mod meter;
pub(crate) mod reading;
mod snapshot;
pub(crate) mod span;
mod strain;
mod times;
pub(crate) mod trace;
mod turn;
mod view;
mod waits;
#[cfg(feature = "serde")]
mod wire;

pub use crate::mailbox::books::ledger::Row;
pub use crate::mailbox::sample::LaneDepths;
pub use crate::text::brief;
pub use crate::wait::WaitsFor;
#[doc(inline)]
pub use actors_policy::{Cause, DecisionKind, Level, Spent};
pub use advice::Advice;
pub use bottleneck::{Bottleneck, BottleneckSign};
pub use decisions::Decision;
pub(crate) use decisions::Decisions;
pub use edges::{RecentWaits, WaitEdge};
pub use histogram::Histogram;
pub use letters::{DeadLetter, DeadLetters};
pub(crate) use letters::{Letters, Loss};
pub(crate) use log_levels::LogLevels;
pub use log_levels::{LogEvent, LogLevel};
pub use meter::{Meter, TurnTimes};
pub(crate) use meter::{Metering, TurnSampler};
pub(crate) use reading::Reading;
pub use snapshot::{
    ActorSnapshot, DecisionSnapshot, RowSnapshot, Snapshot, TimesSnapshot, TimesSummary, TurnSnapshot,
};
pub use span::TurnSpans;
pub use strain::{PressureSignal, PressureState};
pub use times::{Histograms, TypeTimes};
pub(crate) use turn::{ObservedTurn, Observers};
pub(crate) use view::VisitBuffers;
pub use view::{ActorView, RunningTurn, TypeTotals};
pub use waits::WaitSnapshot;
