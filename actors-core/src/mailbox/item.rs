//! What a mailbox moves: values of one type, each of a class.

use crate::policy::Policy;
use std::any::TypeId;
use std::hash::Hasher;

/// What a mailbox moves.
pub trait Item: Send + 'static {
    /// Returns the index of the class that this value belongs to.
    fn class(&self) -> usize {
        0
    }

    /// Feeds the key to `state`, for classes whose policy is keyed. Runs before the mailbox is
    /// locked.
    ///
    /// What is fed must depend on the key alone. By default nothing is fed: all values of the class
    /// have one key.
    fn hash_key<H: Hasher>(&self, _state: &mut H) {}

    /// Returns the bytes that the value counts for. Called only in a mailbox with `max_bytes`,
    /// before its lock is taken.
    fn weight(&self) -> usize {
        size_of_val(self)
    }

    /// Returns whether both have the same conflation key. Called only for values of one class with
    /// equal hashes, while the mailbox is locked: it must not use that mailbox.
    fn same_key(&self, _other: &Self) -> bool {
        false
    }
}

/// A message type of a mailbox: a name for its account, and its policy.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) type_id: fn() -> TypeId,
}

impl Class {
    /// Makes a class of a plain channel.
    pub const fn new(name: &'static str, policy: Policy) -> Self {
        Class { name, policy, type_id: TypeId::of::<()> }
    }

    /// Returns the name that ledger and dead letters show.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
