//! Turns that wait until the test lets them go on.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// A gate that is closed. Each call of [`open`](Gate::open) lets so many turns pass.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Waits until the gate lets this turn pass.
    ///
    /// # Panics
    /// Never: the semaphore is not closed.
    pub async fn pass(&self) {
        self.0.acquire().await.expect("the gate is never closed for good").forget();
    }

    /// Lets so many turns pass, now or later.
    pub fn open(&self, turns: usize) {
        self.0.add_permits(turns);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Gate(Arc::new(Semaphore::new(0)))
    }
}
