//! Foreign code may panic anywhere; here is how its panics are caught.
//!
//! Foreign are handlers, hooks, factories, a message's `Drop` and `Debug`, a key's `Hash` and `Eq`, wakers. Even the payload of a
//! panic is: its own `Drop` may panic, and is caught too.

use crate::sync::assert_unlocked;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs foreign code; a panic in it comes back as its text. No lock of ours is held meanwhile (B6).
#[inline]
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    assert_unlocked();
    catch_unwind(AssertUnwindSafe(f)).map_err(text)
}

/// Runs foreign code of which nobody wants to know whether it panicked.
pub(crate) fn ignored(f: impl FnOnce()) {
    let _ = caught(f);
}

/// The text of a panic, as far as it has one: its first 1,024 characters.
#[cold]
fn text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = crate::text::of_panic(text.unwrap_or("a panic without a text"));
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // A payload that panics when dropped, whose payload might do so too: this chain ends here.
        std::mem::forget(again);
    }
    text
}
