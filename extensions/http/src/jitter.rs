//! Spreads the times of refusals, so that clients that were refused together do not return
//! together. What an actor's error says is spread by the runtime; this is for refusals of layers.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
/// 2014): 2^64 divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Times are spread by a fifth either way, like those of the runtime.
const SPREAD: f64 = 0.2;

/// A sequence of random numbers that threads share without a lock.
#[derive(Debug)]
pub(crate) struct Jitter {
    state: AtomicU64,
}

impl Jitter {
    /// Takes the seed from the operating system's randomness, from which std seeds `RandomState`.
    pub(crate) fn from_os() -> Self {
        Jitter::seeded(RandomState::new().hash_one(0_u8))
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Jitter { state: AtomicU64::new(seed) }
    }

    fn next(&self) -> u64 {
        // Only the numbers are shared, no other memory.
        let mut word = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Returns a time between 0.8 and 1.2 times `time`.
    pub(crate) fn spread(&self, time: Duration) -> Duration {
        // The upper 53 bits, as many as an `f64` holds exactly: from 0 to 1.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::try_from_secs_f64(time.as_secs_f64() * (1.0 - SPREAD + 2.0 * SPREAD * share))
            .unwrap_or(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spread_by_a_fifth_either_way_and_follow_from_the_seed() {
        let times = |seed| {
            let jitter = Jitter::seeded(seed);
            (0..1000).map(|_| jitter.spread(Duration::from_secs(10))).collect::<Vec<_>>()
        };
        let seconds: Vec<_> = times(1).iter().map(Duration::as_secs_f64).collect();
        assert!(seconds.iter().all(|time| (8.0..=12.0).contains(time)));
        assert!(seconds.iter().any(|time| *time < 8.1) && seconds.iter().any(|time| *time > 11.9));
        assert_eq!(times(1), times(1));
        assert_ne!(times(1), times(2));
    }

    #[test]
    fn a_time_that_cannot_be_spread_stays_as_it_is() {
        let jitter = Jitter::seeded(1);
        assert_eq!(jitter.spread(Duration::ZERO), Duration::ZERO);
        let longest = jitter.spread(Duration::MAX);
        assert!(longest >= Duration::MAX.mul_f64(0.79), "{longest:?}");
    }
}
