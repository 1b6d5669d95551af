//! What a mailbox moves: values of one type, each of a class.

use crate::policy::Policy;
use crate::seed::of_process;
use std::any::TypeId;
use std::hash::{Hasher, RandomState};

/// What a mailbox moves.
pub trait Item: Send + 'static {
    /// Which of the mailbox's classes this value belongs to.
    fn class(&self) -> usize {
        0
    }

    /// Hashes the key, for classes whose policy is keyed: feeds it to `state`, which is a function of the system's seed.
    ///
    /// By default it feeds [`key_hash`](Item::key_hash) to it.
    fn hash_key<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key_hash(of_process()));
    }

    /// Returns the hash of the key in one number, which differs from process to process. Implement [`hash_key`](Item::hash_key)
    /// instead; then the hash is a function of the system's seed too.
    fn key_hash(&self, _state: &RandomState) -> u64 {
        0
    }

    /// Bytes it counts for; only asked for in a mailbox with `max_bytes`, before its lock is taken.
    fn weight(&self) -> usize {
        size_of_val(self)
    }

    /// Whether both have the same conflation key; only asked of values of one class with equal hashes. It runs while the
    /// mailbox is locked and must not use it.
    fn same_key(&self, _other: &Self) -> bool {
        false
    }
}

/// One kind of message in a mailbox: a name for its account, and its policy.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) type_id: fn() -> TypeId,
}

impl Class {
    /// A class of a plain channel.
    pub const fn new(name: &'static str, policy: Policy) -> Self {
        Class { name, policy, type_id: TypeId::of::<()> }
    }

    /// The name that ledger and dead letters show.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
