//! Runs wakers, which are code of other crates: they may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code that wakes tasks, and ignores a panic of their wakers. A guard's `drop` calls this,
/// perhaps while its thread unwinds: a second panic would end the process.
pub(crate) fn wake(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // The payload may panic when it is dropped, too.
        std::mem::forget(payload);
    }
}
