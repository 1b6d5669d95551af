//! What a mailbox moves: values of one type, each of a class.

use crate::policy::Policy;
use std::any::TypeId;
use std::hash::Hasher;

/// What a mailbox moves.
pub trait Item: Send + 'static {
    /// Which of the mailbox's classes this value belongs to.
    fn class(&self) -> usize {
        0
    }

    /// Feeds the key to `state`, for classes whose policy is keyed. Runs before the mailbox is locked.
    ///
    /// What is fed must depend on the key alone. By default nothing is fed: all values of the class have one key.
    fn hash_key<H: Hasher>(&self, _state: &mut H) {}

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
