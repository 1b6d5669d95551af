//! A subscription to the state of a breaker.
//!
//! A breaker becomes half-open by time alone, and it has no task that could tell. So a subscription
//! also waits for the end of the open time.

use super::{Breaker, State};
use std::fmt;
use tokio::sync::watch;
use tokio::time::sleep_until;

/// A subscription to the state of a [`Breaker`]. It has the latest state, and no backlog.
pub struct Changes {
    breaker: Breaker,
    generation: watch::Receiver<u64>,
    seen: State,
}

impl Changes {
    pub(super) fn new(breaker: Breaker, generation: watch::Receiver<u64>) -> Self {
        let seen = breaker.state();
        Changes { breaker, generation, seen }
    }

    /// Returns the state now.
    pub fn state(&self) -> State {
        self.breaker.state()
    }

    /// Waits until the state differs from that of the last call, or from that of the subscription.
    /// Returns the new state.
    ///
    /// # Cancel safety
    /// Cancel safe: the next call returns the change.
    pub async fn changed(&mut self) -> State {
        let seen = self.seen;
        self.until(|state| state != seen).await
    }

    /// Waits until the breaker is closed or half-open. Returns the state.
    ///
    /// In half-open only a few calls are admitted, so a caller may still be refused.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn until_not_open(&mut self) -> State {
        self.until(|state| state != State::Open).await
    }

    async fn until(&mut self, is_wanted: impl Fn(State) -> bool) -> State {
        loop {
            // Before the state is read: a change after that ends the wait below.
            self.generation.mark_unchanged();
            let (state, until) = self.breaker.outlook();
            if is_wanted(state) {
                self.seen = state;
                return state;
            }
            let time_is_over = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // The breaker holds the sender, and this holds the breaker: never an error.
                _ = self.generation.changed() => {}
                () = time_is_over => {}
            }
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("breaker", &self.breaker).field("seen", &self.seen).finish()
    }
}
