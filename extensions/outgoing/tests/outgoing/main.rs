//! The laws as tables and against models, and the parts around real calls, in paused time.

mod breaker;
mod breaker_law;
mod breaker_model;
mod compose;
mod gradient;
mod limit;
mod outcome;
mod retry;
mod simulated;

use actors_core::policy::Tick;
use actors_core::{Reason, Refusal};
use std::future::Future;
use std::time::Duration;

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn at(ms: u64) -> Tick {
    Tick::ZERO.after(Duration::from_millis(ms))
}

/// Runs a test on one thread, in paused time. A test that waits for nothing fails after a day of
/// that time, which is at once.
pub(crate) fn paused(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let day = Duration::from_secs(24 * 3600);
    let in_time = runtime.unwrap().block_on(async { tokio::time::timeout(day, test).await });
    in_time.expect("the test waits for something that never comes");
}

/// An error with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub(crate) Reason, pub(crate) Option<Duration>);

impl Refusal for Failed {
    fn reason(&self) -> Reason {
        self.0
    }

    fn retry_after(&self) -> Option<Duration> {
        self.1
    }
}

/// A call that fails at once, because its target has gone.
pub(crate) async fn gone() -> Result<u32, Failed> {
    Err(Failed(Reason::Closed, None))
}

/// A call that succeeds after a time.
pub(crate) async fn takes(time: Duration) -> Result<u32, Failed> {
    tokio::time::sleep(time).await;
    Ok(7)
}
