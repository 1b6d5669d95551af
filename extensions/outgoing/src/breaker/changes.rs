//! A subscription to the state of a breaker.
//!
//! A breaker becomes half-open by time alone, and it has no task that could tell. So a subscription
//! also waits for the end of the open time.

use super::{Breaker, State};
use std::fmt;
use tokio::sync::watch;

/// A subscription to the state of a [`Breaker`]. It has the latest state, and no backlog.
pub struct Changes {
    breaker: Breaker,
    news: watch::Receiver<u64>,
    seen: State,
}

impl Changes {
    pub(super) fn new(breaker: Breaker, news: watch::Receiver<u64>) -> Self {
        let seen = breaker.state();
        Changes { breaker, news, seen }
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
    /// In half-open only a few calls are admitted, so a caller may still be refused, and a loop
    /// around this and a refused call would spin. [`Breaker::admitted`] waits for an admission.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn until_not_open(&mut self) -> State {
        self.until(|state| state != State::Open).await
    }

    async fn until(&mut self, is_wanted: impl Fn(State) -> bool) -> State {
        loop {
            // Before the state is read: a change after that ends the wait below.
            self.news.mark_unchanged();
            let (state, until) = self.breaker.outlook();
            if is_wanted(state) {
                self.seen = state;
                return state;
            }
            self.breaker.wait(&mut self.news, until).await;
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("breaker", &self.breaker).field("seen", &self.seen).finish()
    }
}
