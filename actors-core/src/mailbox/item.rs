//! What a mailbox moves: values of one type, each of a class.

use crate::policy::{Policy, Priority};
use std::any::TypeId;
use std::borrow::Cow;
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

    /// Returns the tokens that the value costs under a rate. Called only for classes whose policy
    /// is [`costed`](crate::policy::Policy::costed), before the mailbox is locked.
    fn cost(&self) -> usize {
        1
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
    /// The declared class of which this is another lane (S9).
    pub(crate) base: Option<u16>,
}

impl Class {
    /// Makes a class of a plain channel.
    pub const fn new(name: &'static str, policy: Policy) -> Self {
        Class { name, policy, type_id: TypeId::of::<()>, base: None }
    }

    /// Adds a class for each further lane that sends of a message type may choose (S9). Each is a
    /// class of its own, so that everything that goes by lanes goes by classes.
    pub(in crate::mailbox) fn with_lanes(mut classes: Cow<'static, [Class]>) -> Cow<'static, [Class]> {
        if classes.iter().all(|class| !class.policy.has_range()) {
            return classes;
        }
        let declared = classes.to_mut();
        for at in 0..declared.len() {
            let Class { policy, .. } = declared[at];
            let lanes = Priority::ALL.iter().filter(|lane| (policy.priority..=policy.highest).contains(lane));
            // The first lane is that of the declared class.
            for lane in lanes.skip(1) {
                // There are fewer types than 2^16: a class has a number of 16 bits.
                let base = Some(at as u16);
                declared.push(Class { policy: policy.priority(*lane), base, ..declared[at] });
            }
        }
        classes
    }

    /// Returns the name that ledger and dead letters show.
    pub fn name(&self) -> &'static str {
        self.name
    }
}
