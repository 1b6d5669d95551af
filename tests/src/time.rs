//! Paused time, in which an hour passes at once.

use actors_core::prelude::*;
use actors_core::testing;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// An hour. Only a wait without an end takes longer; in paused time it passes at once.
pub const HOUR: Duration = Duration::from_secs(3600);
/// A second.
pub const SECOND: Duration = Duration::from_secs(1);
/// A millisecond, the resolution of tokio's timers.
pub const MS: Duration = Duration::from_millis(1);

/// Runs a test in paused time, on a runtime with one thread.
///
/// # Panics
/// When the test panics, or still waits after a day of paused time.
pub fn run(test: impl AsyncFnOnce(System)) {
    testing::run(async |system| {
        let guarded = tokio::time::timeout(24 * HOUR, test(system));
        guarded.await.expect("the test waits for an event that never comes");
    });
}

/// Builds a current-thread runtime in paused time, for tests that outlive their runtime or need two
/// of them.
///
/// # Panics
/// When the operating system refuses a runtime.
#[must_use]
pub fn paused() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime starts")
}
