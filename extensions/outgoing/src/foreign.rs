//! Keeps wakers apart, which are code of other crates: they may panic.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// Polls a future with wakers whose panics are ignored.
///
/// tokio wakes waiters in batches, and a panic in a batch costs the rest of it their wake-up. A
/// guard that is dropped wakes too, perhaps while its thread unwinds: a second panic would end the
/// process.
pub(crate) async fn guarded<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // The waker of the last poll, and its guard: one guard for all polls with the same waker.
    let mut known = Waker::noop().clone();
    let mut guard = known.clone();
    poll_fn(|cx| {
        if !known.will_wake(cx.waker()) {
            known = cx.waker().clone();
            guard = Waker::from(Arc::new(Guard(Some(known.clone()))));
        }
        future.as_mut().poll(&mut Context::from_waker(&guard))
    })
    .await
}

/// A waker that does not panic. `None` while it is dropped.
struct Guard(Option<Waker>);

impl Wake for Guard {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(waker) = &self.0 {
            caught(|| waker.wake_by_ref());
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let waker = self.0.take();
        caught(|| drop(waker));
    }
}

fn caught(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // The payload may panic when it is dropped, too.
        std::mem::forget(payload);
    }
}
