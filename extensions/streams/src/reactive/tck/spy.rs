//! A publisher's side that a check plays itself, and what the subscriber has said to it.

use crate::reactive::Subscription;
use std::sync::{Arc, Mutex, PoisonError};

/// What a subscriber has called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spying {
    /// The number of items that were requested.
    pub requested: u64,
    /// The number of calls.
    pub calls: u64,
    /// Whether the subscription was cancelled or dropped.
    pub is_cancelled: bool,
}

/// A subscription that records its calls. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct Spy {
    record: Arc<Mutex<Spying>>,
}

impl Spy {
    /// Returns what was called so far.
    pub fn seen(&self) -> Spying {
        *self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, note: impl FnOnce(&mut Spying)) {
        note(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Creates the subscription for a subscriber.
    pub fn subscription(&self) -> Box<dyn Subscription> {
        Box::new(Spied { spy: self.clone() })
    }
}

struct Spied {
    spy: Spy,
}

impl Subscription for Spied {
    fn request(&mut self, n: u64) {
        assert_ne!(n, 0, "§3.9: a subscriber requests at least one item");
        self.spy.note(|seen| {
            seen.calls += 1;
            seen.requested = seen.requested.saturating_add(n);
        });
    }

    fn cancel(&mut self) {
        self.spy.note(|seen| {
            seen.calls += 1;
            seen.is_cancelled = true;
        });
    }
}

impl Drop for Spied {
    fn drop(&mut self) {
        self.spy.note(|seen| seen.is_cancelled = true);
    }
}
