//! The one source of chance of a system.
//!
//! ```text
//!   seed of the system ──► seed per actor name ──► stream per purpose: shedding, jitter, drop_random, backoff
//!                                               └─► hashes of keys
//! ```
//!
//! Each step is a SipHash, which is one-way in practice: a client that sees the jitter of many
//! `retry_after` values does not learn the seed, and so cannot make the hashes of keys collide
//! either.

use crate::Rng;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a stream of random numbers is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Purpose {
    /// `drop_random` and the jitter of `retry_after`, in one mailbox.
    Mailbox,
    /// Which senders are shed, and the jitter of their `retry_after`.
    Gate,
    /// The spread of the delays before a restart.
    Backoff,
    /// The hashes of keys.
    Keys,
}

/// The seed of a system, or of one actor in it. Its `Debug` does not show it: it protects the
/// hashes of keys.
#[derive(Clone, Copy)]
pub struct Seed(u64);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// The seed of this number.
    pub const fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// The seed of the actor of this name.
    pub fn of(self, name: &str) -> Seed {
        let mut hasher = DefaultHasher::new();
        (self.0, name).hash(&mut hasher);
        Seed(hasher.finish())
    }

    /// The stream of random numbers for this purpose.
    pub fn stream(self, purpose: Purpose) -> Rng {
        Rng::new(self.hasher(purpose).finish())
    }

    /// A hasher for one key. It has the seed as its first input, which no client knows.
    pub fn key_hasher(self) -> DefaultHasher {
        self.hasher(Purpose::Keys)
    }

    fn hasher(self, purpose: Purpose) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        (self.0, purpose).hash(&mut hasher);
        hasher
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t9_streams_differ_by_seed_purpose_and_name_and_by_nothing_else() {
        let first = |seed, purpose, name| Seed::new(seed).of(name).stream(purpose).next_u64();
        let stream = first(1, Purpose::Mailbox, "shop-1");
        assert_eq!(stream, first(1, Purpose::Mailbox, "shop-1"));
        assert_ne!(stream, first(2, Purpose::Mailbox, "shop-1"));
        assert_ne!(stream, first(1, Purpose::Gate, "shop-1"));
        assert_ne!(stream, first(1, Purpose::Mailbox, "shop-2"));
    }
}
