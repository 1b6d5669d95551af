//! A limit of the requests in flight that refuses instead of waiting.
//!
//! A mailbox bounds what waits for its actor. It does not bound what a handler holds before it
//! calls the actor: bodies, connections to other services, memory. This limit does. It is shared by
//! all clones of a service, and by all services that one layer makes.
//!
//! # Why not tower's own limits
//!
//! - `ConcurrencyLimit` and `GlobalConcurrencyLimit` wait: `poll_ready` is pending until a slot is
//!   free. A server polls a clone of the service for each request, so the clones that wait are a
//!   queue without a bound. In it, a request ages without anybody looking at its deadline.
//! - `LoadShed` around one of them refuses, but with an error. axum's routers need services without
//!   errors, so each use needs a handler of boxed errors, which does not know when to retry.
//! - They take the slot in `poll_ready`. A clone that is ready and never called keeps it.
//!
//! This limit takes the slot in the call, or answers 503 with `Retry-After`. The response's head
//! frees the slot; a body that is still being sent does not hold it.
//!
//! # How large
//!
//! Little's law: requests in flight are the rate times the time that each takes. At 500 requests a
//! second of 40 ms each, 20 are in flight on average. Twice that leaves room for bursts.

use crate::future::ResponseFuture;
use crate::jitter::Jitter;
use crate::refusal::Refused;
use actors_core::Reason;
use http::{Request, Response};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer;
use tower_service::Service;

/// When to retry, unless the layer says otherwise: a second, the shortest unit of `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Limits the requests in flight, and refuses the others at once.
#[derive(Clone, Debug)]
pub struct ConcurrencyLayer {
    slots: Arc<Semaphore>,
    max: usize,
    retry_after: Duration,
    jitter: Arc<Jitter>,
}

impl ConcurrencyLayer {
    /// Creates a limit of `max` requests in flight. A limit of 0 refuses every request.
    pub fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        ConcurrencyLayer {
            slots: Arc::new(Semaphore::new(max)),
            max,
            retry_after: RETRY_AFTER,
            jitter: Arc::new(Jitter::from_os()),
        }
    }

    /// Sets when a refused client should try again; spread by a fifth. The default is a second.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        ConcurrencyLayer { retry_after: after, ..self }
    }

    /// Sets the seed of the spread of `Retry-After`, for tests that must be repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        ConcurrencyLayer { jitter: Arc::new(Jitter::seeded(seed)), ..self }
    }

    /// Returns the number of requests in flight, in all services of this layer.
    pub fn in_flight(&self) -> usize {
        self.max - self.slots.available_permits()
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Concurrency { inner, layer: self.clone() }
    }
}

/// The service of a [`ConcurrencyLayer`].
#[derive(Clone, Debug)]
pub struct Concurrency<S> {
    inner: S,
    layer: ConcurrencyLayer,
}

impl<S, B, R> Service<Request<B>> for Concurrency<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, OwnedSemaphorePermit>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.layer.slots.clone().try_acquire_owned() {
            Ok(slot) => ResponseFuture::serving(self.inner.call(request), slot),
            Err(_) => {
                let after = self.layer.jitter.spread(self.layer.retry_after);
                ResponseFuture::refused(Refused::new(Reason::Full).with_retry_after(after))
            }
        }
    }
}
