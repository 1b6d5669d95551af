//! The service of the layers that may refuse a request: one decision before the inner service.
//!
//! [`LoadLayer`](crate::load::LoadLayer),
//! [`ConcurrencyLayer`](crate::concurrency::ConcurrencyLayer) and
//! [`DeadlineLayer`](crate::deadline::DeadlineLayer) differ in what they [decide](Decide).
//! [`Refusing`] is what they share:
//!
//! ```text
//!   request ──► Decide::decide ──► Ok(limit) ──► inner service ──► its response
//!                    │                 └──────── resolves first ──► refusal
//!                    └──────────► Err(refusal) ───────────────────► refusal
//! ```
//!
//! A refusal is a response, not an error, so the layers need no error handler. It is plain HTTP or,
//! for a request of gRPC and with the feature `tonic`, a status of gRPC: see
//! [`answer`](crate::answer).
//!
//! # A layer of your own
//!
//! ```
//! use actors_core::Reason;
//! use actors_http::refusal::Refused;
//! use actors_http::refusing::{Decide, Refusing};
//! use http::{Method, Request, Response};
//! use std::convert::Infallible;
//! use std::future::Pending;
//! use tower::ServiceExt;
//!
//! /// Lets only reads pass.
//! #[derive(Clone)]
//! struct ReadOnly;
//!
//! impl Decide for ReadOnly {
//!     /// Nothing ends a request that was let in.
//!     type Limit = Pending<Refused>;
//!
//!     fn decide<B>(&self, request: &mut Request<B>) -> Result<Self::Limit, Refused> {
//!         match *request.method() {
//!             Method::GET | Method::HEAD => Ok(std::future::pending()),
//!             _ => Err(Refused::new(Reason::Closed).with_body("only reads for now")),
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let inner = tower::service_fn(async |_: Request<()>| {
//!     Ok::<_, Infallible>(Response::new("served\n".to_owned()))
//! });
//! let service = Refusing::new(inner, ReadOnly);
//! let response = service.oneshot(Request::post("/").body(()).unwrap()).await.unwrap();
//! assert_eq!((response.status().as_u16(), response.body().as_str()), (503, "only reads for now\n"));
//! # }
//! ```

use crate::answer::{AnswerBody, Protocol};
use crate::refusal::Refused;
use http::{Request, Response};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// What a layer decides about a request, before the inner service sees it.
pub trait Decide {
    /// Runs beside the inner future and is dropped with the response's head. If it resolves before
    /// that, the inner future is dropped, and its refusal is the answer.
    type Limit: Future<Output = Refused>;

    /// Lets the request pass, which it may change, or refuses it. Must not block.
    ///
    /// # Errors
    ///
    /// The refusal. The inner service is then not called.
    fn decide<B>(&self, request: &mut Request<B>) -> Result<Self::Limit, Refused>;
}

/// A service that answers requests itself if its [`Decide`] refuses them.
///
/// It is ready when the inner service is. A refused request does not use that up: what the inner
/// service holds for the next call, it keeps for the next call.
#[derive(Clone, Debug)]
pub struct Refusing<S, D> {
    inner: S,
    decide: D,
}

impl<S, D> Refusing<S, D> {
    /// Puts a decision before a service.
    pub const fn new(inner: S, decide: D) -> Self {
        Refusing { inner, decide }
    }
}

impl<S, D, B, R> Service<Request<B>> for Refusing<S, D>
where
    S: Service<Request<B>, Response = Response<R>>,
    D: Decide,
    R: AnswerBody,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, D::Limit>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let protocol = Protocol::of(&request);
        let state = match self.decide.decide(&mut request) {
            // The limit first: if the call panics, dropping the limit gives back what it holds.
            Ok(limit) => State::Serving { limit, inner: self.inner.call(request) },
            Err(refused) => State::Refused { refused },
        };
        ResponseFuture { state, protocol }
    }
}

pin_project! {
    /// The future of [`Refusing`]: the inner service's response, or a refusal.
    ///
    /// # Cancel safety
    /// Cancel safe, if the inner future is: dropping it drops the inner future and its limit.
    ///
    /// # Panics
    /// When it is polled after it has completed.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, L> {
        #[pin]
        state: State<F, L>,
        protocol: Protocol,
    }
}

pin_project! {
    #[project = Projected]
    #[project_replace = Replaced]
    enum State<F, L> {
        Serving { #[pin] inner: F, #[pin] limit: L },
        Refused { refused: Refused },
        Done,
    }
}

impl<F, L, B, E> Future for ResponseFuture<F, L>
where
    F: Future<Output = Result<Response<B>, E>>,
    L: Future<Output = Refused>,
    B: AnswerBody,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut state = this.state;
        let ended = match state.as_mut().project() {
            // A response that is there at the limit counts.
            Projected::Serving { inner, limit } => Some(match inner.poll(cx) {
                Poll::Ready(served) => Ok(served),
                Poll::Pending => Err(ready!(limit.poll(cx))),
            }),
            Projected::Refused { .. } | Projected::Done => None,
        };
        // Drops the inner future and its limit now, not when the caller drops this future.
        match (ended, state.project_replace(State::Done)) {
            (Some(Ok(served)), _) => Poll::Ready(served),
            (Some(Err(refused)), _) | (None, Replaced::Refused { refused }) => {
                Poll::Ready(Ok(this.protocol.answer(refused)))
            }
            (None, _) => panic!("a ResponseFuture was polled after it had completed"),
        }
    }
}

impl<F, L> fmt::Debug for ResponseFuture<F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Serving { .. } => "serving",
            State::Refused { .. } => "refused",
            State::Done => "done",
        };
        f.debug_struct("ResponseFuture").field("state", &state).finish()
    }
}
