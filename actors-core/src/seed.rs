//! Takes seeds from the operating system, once per system.
//!
//! Everything that is derived from a seed is pure, and is in `actors_policy::seed`.

pub(crate) use actors_policy::seed::{Purpose, Seed};
use std::hash::{BuildHasher, RandomState};

/// Returns a seed from the operating system's randomness, from which std seeds `RandomState`.
pub(crate) fn from_os() -> Seed {
    Seed::new(RandomState::new().hash_one(0u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t9_without_a_seed_two_systems_differ() {
        let first = || from_os().stream(Purpose::Gate).next_u64();
        assert_ne!(first(), first());
    }
}
