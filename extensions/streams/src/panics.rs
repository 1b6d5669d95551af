//! Catches the panics of foreign code: streams, sinks, codecs, subscribers, wakers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The longest text of a panic that is kept, in characters: as many as `actors-core` keeps.
const TEXT_MAX: usize = 1024;

/// A panic of foreign code that was caught, with the first 1,024 characters of its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {text}")]
pub struct Panicked {
    text: String,
}

impl Panicked {
    /// Returns the text of the panic.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Runs foreign code. The caller holds no lock, and uses nothing that the code may have left half
/// done.
///
/// # Errors
/// The panic, if it panics.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| Panicked { text: text(payload) })
}

/// Runs foreign code, for example a `Drop` or a waker, and ignores a panic.
pub(crate) fn ignored(f: impl FnOnce()) {
    let _ = caught(f);
}

/// Drops a value of foreign type, and ignores a panic.
pub(crate) fn discard<T>(value: T) {
    ignored(|| drop(value));
}

/// Drops values of foreign type one by one. A collection that is dropped with two of them that
/// panic would abort the process.
pub(crate) fn discard_each<T>(values: impl IntoIterator<Item = T>) {
    values.into_iter().for_each(discard);
}

#[cold]
fn text(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a text").chars().take(TEXT_MAX).collect();
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // The payload of that panic might panic when dropped, too: forgetting it ends the chain.
        std::mem::forget(again);
    }
    text
}
