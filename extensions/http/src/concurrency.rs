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
//!   queue without a bound. In it, a request outlives its deadline unnoticed.
//! - `LoadShed` around one of them refuses, but with an error. axum's routers need services without
//!   errors, so each use needs a handler of boxed errors, which does not know when to retry.
//! - They take the slot in `poll_ready`. A clone that is ready and never called keeps it.
//!
//! This limit takes the slot in the call, or answers 503 with `Retry-After`; over gRPC
//! `RESOURCE_EXHAUSTED` with a pushback. The response's head frees the slot; a body that is still
//! being sent does not hold it.
//!
//! # How large
//!
//! Little's law: requests in flight are the rate times the time that each takes. At 500 requests a
//! second of 40 ms each, 20 are in flight on average. Twice that leaves room for bursts.

use crate::jitter::Jitter;
use crate::refusal::Refused;
use crate::refusing::{Decide, Refusing};
use actors_core::Reason;
use http::Request;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer;

/// When to retry, unless the layer says otherwise: a second, the shortest unit of `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Limits the requests in flight, and refuses the rest at once.
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

impl Decide for ConcurrencyLayer {
    type Limit = Slot;

    fn decide<B>(&self, _: &mut Request<B>) -> Result<Self::Limit, Refused> {
        self.slots
            .clone()
            .try_acquire_owned()
            .map(|permit| Slot { _permit: permit })
            .map_err(|_| Refused::new(Reason::Full).with_retry_after(self.jitter.spread(self.retry_after)))
    }
}

/// A request in flight. It ends none; dropping it frees the slot.
#[derive(Debug)]
#[must_use = "dropping it frees the slot"]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Future for Slot {
    type Output = Refused;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Refused> {
        Poll::Pending
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Refusing::new(inner, self.clone())
    }
}

/// The service of a [`ConcurrencyLayer`].
pub type Concurrency<S> = Refusing<S, ConcurrencyLayer>;
