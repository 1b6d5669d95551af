//! Whether this thread is a worker of a multi-thread runtime, and in a task: only there may a sender run a turn (S6).
//!
//! A handler may do what tasks of such a runtime may do, `block_in_place` for one, which panics in a `LocalSet` and on a
//! current-thread runtime. tokio does not say what a thread is; so it is known by the name that tokio gives its workers by
//! default, or by an actor of such a runtime having been polled on it. A thread that is not known does not donate.

use std::cell::Cell;

/// What tokio calls its workers unless it is told otherwise.
const NAME: &str = "tokio-rt-worker";

thread_local! {
    static IS_WORKER: Cell<Option<bool>> = const { Cell::new(None) };
}

/// This thread has polled a task of a multi-thread runtime.
pub(crate) fn note() {
    IS_WORKER.set(Some(true));
}

/// Whether a turn may be run here.
#[inline]
pub(crate) fn is_here() -> bool {
    IS_WORKER.get().unwrap_or_else(find) && tokio::task::try_id().is_some()
}

#[cold]
fn find() -> bool {
    let is_worker = std::thread::current().name() == Some(NAME);
    IS_WORKER.set(Some(is_worker));
    is_worker
}
