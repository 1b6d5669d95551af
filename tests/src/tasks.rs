//! Futures that a test polls itself, and turns for the other tasks of its thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls a future once, with a waker that does nothing.
pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls a future once, with this waker.
pub fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls a future once, checks that it has to wait, and returns it.
///
/// # Panics
/// When the future is ready.
#[track_caller]
pub fn pending<F: Future + Unpin>(mut future: F) -> F {
    assert!(poll(&mut future).is_pending(), "the future does not have to wait");
    future
}

/// Lets the other tasks of this thread run until they wait, without moving the clock.
///
/// Twenty yields: the longest chain of wake-ups in these tests (timer, sender, actor, asker, and
/// back) has fewer steps.
pub async fn run_other_tasks() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
