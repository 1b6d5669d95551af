//! The one source of chance of a system.
//!
//! ```text
//!   seed of the system ──► stream per purpose and actor name ──► Rng: shedding, jitter, drop_random, backoff
//!                      └─► hash state of keys
//! ```
//!
//! Streams are derived with SipHash, which is one-way in practice: a client that sees the jitter of many `retry_after` values
//! does not learn the seed, and so not the hash state of the keys either.

use crate::policy::Rng;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// What a stream of random numbers is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Purpose {
    /// `drop_random` and the jitter of `retry_after`, in one mailbox.
    Mailbox,
    /// Who is shed, and the jitter of what the refused senders are told.
    Gate,
    /// The spread of the delays before a restart.
    Backoff,
}

/// A system's seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) const fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// A seed from the operating system's randomness: std seeds `RandomState` from it.
    pub(crate) fn from_os() -> Seed {
        Seed(RandomState::new().hash_one(0u8))
    }

    /// The stream for this purpose of the actor of this name.
    pub(crate) fn stream(self, purpose: Purpose, name: &str) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.0, purpose, name).hash(&mut hasher);
        Rng::new(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t9_streams_differ_by_seed_purpose_and_name_and_by_nothing_else() {
        let first = |seed, purpose, name| Seed::new(seed).stream(purpose, name).next();
        let stream = first(1, Purpose::Mailbox, "shop-1");
        assert_eq!(stream, first(1, Purpose::Mailbox, "shop-1"));
        assert_ne!(stream, first(2, Purpose::Mailbox, "shop-1"));
        assert_ne!(stream, first(1, Purpose::Gate, "shop-1"));
        assert_ne!(stream, first(1, Purpose::Mailbox, "shop-2"));
    }

    #[test]
    fn t9_without_a_seed_two_systems_differ() {
        let first = || Seed::from_os().stream(Purpose::Gate, "shop").next();
        assert_ne!(first(), first());
    }
}
