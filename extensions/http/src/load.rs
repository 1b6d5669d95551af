//! Refuses requests that matter less, while an actor is overloaded.
//!
//! The actor sheds load itself, message by message (`pressure` with `respond = [shed]`), and it
//! does that better: step by step, and only for types that may be refused. A layer saves what comes
//! before the actor: reading and parsing the body, and calls of other services. Use it where that
//! is a good part of a request's cost.
//!
//! It refuses while the [`Level`] of the observed actor is [`Overloaded`](Level::Overloaded),
//! requests whose [`Criticality`] is below a bound: by default those below
//! [`Priority::High`]. A request that is not behind a
//! [`CriticalityLayer`](crate::criticality::CriticalityLayer) counts as `normal`.
//!
//! The answer is 503, over gRPC `RESOURCE_EXHAUSTED`, with the time in which the actor works off
//! its backlog, spread by a fifth. All clones of a service observe the same actor. A request that
//! may be refused costs one look at the mailbox's numbers, which takes its lock once.
//!
//! An actor that declares neither `pressure` nor a variable number of workers is always calm. For
//! such an actor, [`LoadLayer::new`] takes a function that judges for itself:
//!
//! ```
//! # use actors_core::prelude::*;
//! use actors_core::observe::Level;
//! use actors_http::load::LoadLayer;
//! # struct Shop;
//! # #[actor(local)]
//! # impl Shop { #[message] fn total(&mut self) -> u64 { 7 } }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let shop = System::new("shop").spawn(Shop);
//! # let weak = shop.downgrade();
//! let layer = LoadLayer::new(move || match weak.upgrade() {
//!     Some(shop) if shop.reading().fill() > 0.9 => Level::Overloaded,
//!     _ => Level::Calm,
//! });
//! # drop(layer);
//! # }
//! ```

use crate::criticality::Criticality;
use crate::jitter::Jitter;
use crate::refusal::Refused;
use crate::refusing::{Decide, Refusing};
use actors_core::observe::Level;
use actors_core::{Actor, Handle, Priority, Reading, Reason};
use http::Request;
use std::fmt;
use std::future::{Pending, pending};
use std::sync::Arc;
use std::time::Duration;
use tower_layer::Layer;

/// When to retry while the backlog is not known: a second, the shortest unit of `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a [`LoadLayer`] learns from what it observes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// How much pressure there is.
    pub level: Level,
    /// When a refused client should try again, if that is known.
    pub retry_after: Option<Duration>,
}

impl From<Level> for Observed {
    fn from(level: Level) -> Self {
        Observed { level, retry_after: None }
    }
}

impl From<Reading> for Observed {
    fn from(reading: Reading) -> Self {
        Observed { level: reading.level, retry_after: reading.retry_after }
    }
}

/// Refuses requests below a criticality while an actor is overloaded.
#[derive(Clone)]
pub struct LoadLayer {
    observe: Arc<dyn Fn() -> Observed + Send + Sync>,
    below: Priority,
    jitter: Arc<Jitter>,
}

impl LoadLayer {
    /// Creates a layer that observes an actor. It does not keep the actor alive. After the actor's
    /// end it refuses nothing: then the handler's own call is refused as `closed`.
    pub fn of<A: Actor>(actor: &Handle<A>) -> Self {
        let actor = actor.downgrade();
        LoadLayer::new(move || {
            actor.upgrade().map_or(Observed::default(), |actor| Observed::from(actor.reading()))
        })
    }

    /// Creates a layer that asks a function, once for each request that it may refuse. The function
    /// returns a [`Level`] or a [`Reading`], and must not block.
    pub fn new<L: Into<Observed>>(observe: impl Fn() -> L + Send + Sync + 'static) -> Self {
        LoadLayer {
            observe: Arc::new(move || observe().into()),
            below: Priority::High,
            jitter: Arc::new(Jitter::from_os()),
        }
    }

    /// Sets the priority below which requests are refused. Below [`Priority::Low`] is none.
    #[must_use]
    pub fn below(self, priority: Priority) -> Self {
        LoadLayer { below: priority, ..self }
    }

    /// Sets the seed of the spread of `Retry-After`, for tests that must be repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        LoadLayer { jitter: Arc::new(Jitter::seeded(seed)), ..self }
    }

    /// Returns the refusal of a request, if it is to be refused.
    fn refuses(&self, criticality: Criticality) -> Option<Refused> {
        if criticality.priority() >= self.below {
            return None;
        }
        let Observed { level, retry_after } = (self.observe)();
        (level >= Level::Overloaded).then(|| {
            let after = self.jitter.spread(retry_after.unwrap_or(RETRY_AFTER));
            Refused::new(Reason::Shed).with_retry_after(after)
        })
    }
}

impl fmt::Debug for LoadLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadLayer").field("below", &self.below).finish_non_exhaustive()
    }
}

impl Decide for LoadLayer {
    type Limit = Pending<Refused>;

    fn decide<B>(&self, request: &mut Request<B>) -> Result<Self::Limit, Refused> {
        let criticality = request.extensions().get().copied().unwrap_or_default();
        self.refuses(criticality).map_or(Ok(pending()), Err)
    }
}

impl<S> Layer<S> for LoadLayer {
    type Service = Load<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Refusing::new(inner, self.clone())
    }
}

/// The service of a [`LoadLayer`].
pub type Load<S> = Refusing<S, LoadLayer>;
