//! Wakers are foreign code: they request again, panic, or do so when they are dropped.

use crate::Wakes;
use actors_streams::credit;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Wake, Waker};

/// Requests more from within the wake-up, or panics.
struct Reentrant {
    line: Mutex<Option<Arc<credit::CreditLine>>>,
    panics: bool,
    woken: AtomicU32,
}

impl Wake for Reentrant {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        if let Some(line) = self.line.lock().unwrap().take() {
            line.request(10).unwrap();
        }
        assert!(!self.panics, "a waker that panics");
    }
}

#[test]
fn wakers_may_request_again_or_panic() {
    for panics in [false, true] {
        let (line, mut credit) = credit::account();
        let line = Arc::new(line);
        let reentrant =
            Arc::new(Reentrant { line: Some(line.clone()).into(), panics, woken: AtomicU32::new(0) });
        let waker = Waker::from(reentrant.clone());
        assert!(credit.poll_ready(&mut TaskContext::from_waker(&waker)).is_pending());
        line.request(1).unwrap();
        assert_eq!((reentrant.woken.load(Ordering::Relaxed), credit.available()), (1, 11));
        drop(waker);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(reentrant)));
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        if let Some(line) = self.line.lock().unwrap().take() {
            line.request(100).unwrap();
        }
        assert!(!self.panics, "a waker that panics in its drop");
    }
}

#[test]
fn wakers_that_are_replaced_may_request_in_their_drop_or_panic() {
    for panics in [false, true] {
        let (line, mut credit) = credit::account();
        let line = Arc::new(line);
        let waker = Waker::from(Arc::new(Reentrant {
            line: Some(line.clone()).into(),
            panics,
            woken: AtomicU32::new(0),
        }));
        assert!(credit.poll_ready(&mut TaskContext::from_waker(&waker)).is_pending());
        drop(waker);
        let wakes = Arc::new(Wakes::default());
        // Its waker takes the place of the other one, which is dropped, and requests.
        assert!(credit.poll_ready(&mut TaskContext::from_waker(&Waker::from(wakes.clone()))).is_pending());
        assert_eq!((wakes.count(), credit.available()), (1, 100), "the new waker is woken for it");
    }
}
