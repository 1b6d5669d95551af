//! Takes seeds from the operating system, once per system or once per process.
//!
//! Everything that is derived from a seed is pure, and is in `actors_policy::seed`.

pub(crate) use actors_policy::seed::{Purpose, Seed};
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// Returns the hasher state for [`Message::key_hash`](crate::Message::key_hash), one per process.
pub(crate) fn of_process() -> &'static RandomState {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    STATE.get_or_init(RandomState::new)
}

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
