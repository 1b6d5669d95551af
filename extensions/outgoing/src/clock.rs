//! The only module that reads a clock, and the only source of randomness.

use actors_core::policy::{Rng, Tick};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use tokio::time::Instant;

/// The longest time that a setting can have: a day. A longer one is a mistake, and sums of such
/// times fit every clock.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// tokio's clock as ticks, counted from the instant at which the owner was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock { origin: Instant::now() }
    }

    pub(crate) fn now(self) -> Tick {
        Tick::ZERO.after(self.origin.elapsed())
    }

    /// Returns the instant of a tick. One that the clock cannot represent is a day away.
    pub(crate) fn instant(self, tick: Tick) -> Instant {
        let since = tick.since(Tick::ZERO);
        self.origin.checked_add(since).unwrap_or_else(|| Instant::now() + TIME_MAX)
    }
}

/// A stream of random numbers with a seed from the operating system, from which std seeds
/// `RandomState`.
pub(crate) fn rng_of_os() -> Rng {
    Rng::new(RandomState::new().hash_one(0_u8))
}

/// Returns a time between 0.8 and 1.2 times `time`, so that callers that were refused together do
/// not return together. The runtime spreads by the same fifth (P7).
pub(crate) fn spread(time: Duration, random: u64) -> Duration {
    time.saturating_mul(800 + below(401, random)) / 1000
}

/// Returns a time between 1 and 1.2 times `time`: never earlier.
pub(crate) fn later(time: Duration, random: u64) -> Duration {
    time.saturating_add(time.saturating_mul(below(201, random)) / 1000)
}

/// Returns a number below `bound`, from a random number.
fn below(bound: u64, random: u64) -> u32 {
    (((random >> 32) * bound) >> 32) as u32
}
