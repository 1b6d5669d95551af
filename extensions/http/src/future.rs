//! The future of a service that may refuse a request before the inner service sees it.

use crate::refusal::Refused;
use http::Response;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`Load`](crate::load::Load) and
    /// [`Concurrency`](crate::concurrency::Concurrency): the inner service's response, or a
    /// refusal.
    ///
    /// The refusal is an [`http::Response`], not an error, so the layers need no error handler.
    ///
    /// # Cancel safety
    /// Cancel safe, if the inner future is: dropping it drops the inner future and frees its slot.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, G = ()> {
        #[pin]
        state: State<F, G>,
    }
}

pin_project! {
    #[project = Projected]
    #[project_replace = Replaced]
    enum State<F, G> {
        Serving { #[pin] inner: F, guard: G },
        Refused { refused: Refused },
        Done,
    }
}

impl<F, G> ResponseFuture<F, G> {
    /// Polls the inner future. `guard` is dropped with the response's head.
    pub(crate) fn serving(inner: F, guard: G) -> Self {
        ResponseFuture { state: State::Serving { inner, guard } }
    }

    pub(crate) fn refused(refused: Refused) -> Self {
        ResponseFuture { state: State::Refused { refused } }
    }
}

impl<F, G, B, E> Future for ResponseFuture<F, G>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let served = match state.as_mut().project() {
            Projected::Serving { inner, .. } => Some(ready!(inner.poll(cx))),
            Projected::Refused { .. } | Projected::Done => None,
        };
        // Drops the inner future and frees its slot now, not when the caller drops this future.
        match (served, state.project_replace(State::Done)) {
            (Some(served), _) => Poll::Ready(served),
            (None, Replaced::Refused { refused }) => Poll::Ready(Ok(refused.into())),
            (None, _) => panic!("a ResponseFuture was polled after it had completed"),
        }
    }
}

impl<F, G> fmt::Debug for ResponseFuture<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Serving { .. } => "serving",
            State::Refused { .. } => "refused",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture").field("state", &state).finish()
    }
}
