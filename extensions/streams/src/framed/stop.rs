//! A signal that ends a bridge after what it has accepted.

use crate::panics::{caught, discard};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future that says when to end; none says never.
#[derive(Default)]
pub(super) struct Stop {
    signal: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

impl Stop {
    pub(super) fn when(signal: impl Future<Output = ()> + Send + 'static) -> Self {
        Stop { signal: Some(Box::pin(signal)) }
    }

    /// Polls the signal until it has resolved once. A signal that panics counts as resolved.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(signal) = &mut self.signal else { return Poll::Pending };
        let polled = caught(|| signal.as_mut().poll(cx)).unwrap_or(Poll::Ready(()));
        if polled.is_ready() {
            discard(self.signal.take());
        }
        polled
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        discard(self.signal.take());
    }
}
