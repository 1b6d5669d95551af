//! Futures that are polled only when they were woken: a wake-up that is lost fails a check.

use super::YIELDS;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Whether a future was woken since it was polled.
#[derive(Debug)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// A future and its wake-ups.
pub(super) struct Woken<F: ?Sized> {
    flag: Arc<Flag>,
    /// `None` once it has resolved, or is dropped by the check.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future + ?Sized> Woken<F> {
    pub(super) fn new(future: Pin<Box<F>>) -> Self {
        // The first poll needs no wake-up.
        Woken { flag: Arc::new(Flag(AtomicBool::new(true))), future: Some(future) }
    }

    /// Lets the future, where it is woken, and all other tasks run until they wait. Returns the
    /// output when it resolves.
    pub(super) async fn advance(&mut self) -> Option<F::Output> {
        let mut output = None;
        for _ in 0..YIELDS {
            if let Some(future) = &mut self.future
                && self.flag.0.swap(false, Ordering::AcqRel)
            {
                let waker = Waker::from(self.flag.clone());
                if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    (output, self.future) = (Some(ready), None);
                }
            }
            tokio::task::yield_now().await;
        }
        output
    }

    /// Drops the future.
    pub(super) fn stop(&mut self) {
        self.future = None;
    }
}
