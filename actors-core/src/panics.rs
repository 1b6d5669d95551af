//! Catches the panics of foreign code.
//!
//! Foreign code is: handlers, hooks, factories, a message's `Drop` and `Debug`, a key's `Hash` and
//! `Eq`, and wakers. The payload of a panic is foreign too: its own `Drop` may panic.

use crate::sync::assert_unlocked;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs foreign code, without a lock (B6).
///
/// # Errors
/// The text of a panic.
#[inline]
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    assert_unlocked();
    catch_unwind(AssertUnwindSafe(f)).map_err(text)
}

/// Runs foreign code and ignores a panic.
pub(crate) fn ignored(f: impl FnOnce()) {
    let _ = caught(f);
}

/// Returns the first 1,024 characters of a panic's text.
#[cold]
fn text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = crate::text::of_panic(text.unwrap_or("a panic without a text"));
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // The payload of that panic might panic when dropped, too: forgetting it ends the chain.
        std::mem::forget(again);
    }
    text
}
