//! Which turns wait for which actors, as data (D1).

use crate::error::ActorName;
use crate::wait::WaitsFor;
use std::time::Duration;

/// A turn that waits for an actor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WaitSnapshot {
    /// The actor whose turn waits.
    pub actor: ActorName,
    /// The number of the worker that runs it; 0 in an actor with one worker.
    pub worker: u32,
    /// The actor that must do something first.
    pub waits_for: ActorName,
    /// What that is.
    pub what: WaitsFor,
    /// For how long the turn has been running: the wait is not older. `None` where the turn's
    /// beginning is not known (S6).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "turn_ms", with = "actors_policy::millis::optional", default)
    )]
    pub turn: Option<Duration>,
}
