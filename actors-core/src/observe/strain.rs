//! What a mailbox tells producers that can slow down:
//! [`Handle::pressure`](crate::Handle::pressure).

use crate::policy::Level;
use tokio::sync::watch;

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

/// The latest [`PressureState`] of an actor, and its changes.
///
/// It hands out values, never references: a reference would keep the channel locked, and the send
/// that passes a mark would wait for it.
#[derive(Clone, Debug)]
pub struct PressureSignal(pub(crate) watch::Receiver<PressureState>);

impl PressureSignal {
    /// The latest state.
    pub fn state(&self) -> PressureState {
        *self.0.borrow()
    }

    /// Whether the state has changed since [`changed`](PressureSignal::changed) returned last.
    pub fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(true)
    }

    /// Waits until the state changes, and returns it. At once where the actor is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no change is missed.
    pub async fn changed(&mut self) -> PressureState {
        match self.0.changed().await {
            Ok(()) => *self.0.borrow_and_update(),
            Err(_) => self.state(),
        }
    }

    /// Waits while the state is high, and returns the one that is not.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn low(&mut self) -> PressureState {
        if let Ok(state) = self.0.wait_for(|state| !state.is_high).await {
            return *state;
        }
        PressureState { is_high: false, ..self.state() }
    }
}
