//! What a mailbox tells producers that can slow down:
//! [`Handle::pressure`](crate::Handle::pressure).

use crate::policy::Level;

/// Whether producers should slow down, and by how much a mailbox is filled.
///
/// It changes when the fill passes the `high` mark upwards or the `low` mark downwards, and when
/// the supervisor's level changes; between the marks it stays as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PressureState {
    /// The high mark was passed, and the low one has not been since. Nothing is refused yet: this
    /// is when to slow down.
    pub is_high: bool,
    /// The part of the slots that was taken when the state changed, 0 to 1.
    pub fill: f64,
    /// The supervisor's level (P1); calm where nothing is declared.
    pub level: Level,
}
