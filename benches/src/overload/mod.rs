//! The harness of the bench `overload`: a service that is asked for more than it can do.
//!
//! ```text
//!   schedule ──► generator (main thread) ──► Contestant::ask ──► service (one worker thread)
//!                 │        ▲ woken asks                                 │
//!                 │        └──────────── in_flight ◄────────────────────┘
//!                 └──► tally: histograms, counts, timeline ──► one table per scenario
//! ```
//!
//! The generator is an open loop: it sends at intended times and never waits for the service.
//! Latencies count from the intended time. Other packages run the same cells for contestants of
//! their own with [`program::main`].

pub mod contestants;
pub mod entry;
pub mod generator;
mod in_flight;
mod process;
pub mod program;
mod scenarios;
mod table;
pub mod tally;

use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The outcome of an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service answered.
    Answered,
    /// The service did not take the ask, or dropped it to make room.
    Refused,
    /// The deadline passed.
    TimedOut,
    /// The service failed.
    Lost,
}

/// The service that a contestant starts.
#[derive(Clone, Debug)]
pub struct Service {
    /// Slots of the mailbox.
    pub slots: usize,
    /// How long each turn spins.
    pub work: Duration,
    /// The runtime of the service, with one worker thread.
    pub runtime: Handle,
}

/// A service with a bounded mailbox.
pub trait Contestant: Sized {
    /// The name in tables.
    const NAME: &'static str;

    /// Whether its asks need a tokio runtime, for their timers. The generator then enters the one
    /// of the service.
    const IN_RUNTIME: bool = false;

    /// Starts the service. The caller has entered the service's runtime.
    fn start(service: &Service) -> Self;

    /// Asks the service, as its users would: with a deadline, and without waiting for room.
    fn ask(&self, deadline: Duration) -> impl Future<Output = Outcome>;
}

/// A service with two priorities.
pub trait Urgent: Contestant {
    /// Asks at high priority.
    fn urgent(&self, deadline: Duration) -> impl Future<Output = Outcome>;

    /// Sends a message of low priority, which may be dropped.
    fn flood(&self);
}

/// A client that tries again, in its own way, when its service refuses.
pub trait Retrying: Contestant {
    /// How it tries again, for tables.
    const HOW: &'static str;

    /// Makes a request of up to four attempts. `deadline` is that of one attempt, and a quarter of
    /// that of the request.
    fn request(&self, deadline: Duration) -> impl Future<Output = Outcome>;

    /// The number of attempts so far.
    fn attempts(&self) -> u64;
}

/// A service whose senders may wait for room.
pub trait Waiting: Contestant {
    /// Sends a message, and waits for room. [`Outcome::Answered`] means that it is queued.
    fn wait(&self) -> impl Future<Output = Outcome>;
}

/// Attempts of a request at most: the first, and three more.
pub const ATTEMPTS: u32 = 4;

/// Makes up to [`ATTEMPTS`] attempts, one right after the other: a client without a budget.
pub async fn insist<F: Future<Output = Outcome>>(mut attempt: impl FnMut() -> F) -> Outcome {
    for _ in 1..ATTEMPTS {
        if attempt().await == Outcome::Answered {
            return Outcome::Answered;
        }
    }
    attempt().await
}

/// Spins on the CPU: the work of a turn.
pub fn spin(work: Duration) {
    let began = Instant::now();
    while began.elapsed() < work {
        std::hint::spin_loop();
    }
}

/// The deadline of an ask whose turn takes `work`: 20 turns, at least 2 ms.
pub fn deadline(work: Duration) -> Duration {
    (20 * work).max(Duration::from_millis(2))
}
