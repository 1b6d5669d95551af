//! A key's `Eq` runs under the mailbox's lock (B6). If it uses a mailbox itself it would wait for its own thread for ever;
//! so it is told instead, by a panic that the mailbox catches. The check costs nothing while the lock is free.

use crate::sync::thread_local;
use std::cell::Cell;

thread_local! {
    static IN_EQ: Cell<bool> = const { Cell::new(false) };
}

/// Runs user code under the lock. `f` must not unwind.
pub(super) fn guarded<R>(f: impl FnOnce() -> R) -> R {
    IN_EQ.with(|flag| {
        let before = flag.replace(true);
        let result = f();
        flag.set(before);
        result
    })
}

/// Whether this thread runs a key's `Eq`, under a mailbox's lock.
pub(crate) fn is_in_eq() -> bool {
    IN_EQ.with(Cell::get)
}

/// Called before waiting for a lock.
///
/// # Panics
/// Inside a key's `Eq`.
pub(super) fn check() {
    IN_EQ.with(|flag| {
        assert!(
            !flag.get(),
            "the `Eq` of a conflation key must not use a mailbox: it runs while its own is locked"
        );
    });
}
