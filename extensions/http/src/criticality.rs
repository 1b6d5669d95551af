//! How much a request matters, from a header.
//!
//! The words are those of the SRE book (Beyer et al.: Site Reliability Engineering, 2016, "Handling
//! Overload"). Each stands for a [`Priority`]:
//!
//! | `x-criticality` | priority | for |
//! |---|---|---|
//! | `critical_plus` | `urgent` | requests whose failure a user notices and that matter most |
//! | `critical` | `high` | requests whose failure a user notices |
//! | `sheddable_plus` | `normal` | requests that are retried later, such as batch jobs |
//! | `sheddable` | `low` | requests that may fail often, or altogether |
//!
//! A service sends the criticality on with its own requests, so that one request is worth the same
//! everywhere: [`Criticality::word`] is the header's value.
//!
//! A request without the header, or with another word, is `normal`. In the SRE book it would be
//! critical, because there every client is inside and labels its batch jobs. At the edge, requests
//! without a label are most of the traffic: a [`LoadLayer`](crate::load::LoadLayer) that spared
//! them would shed nothing. [`CriticalityLayer::default_priority`] changes that.
//!
//! A handler passes it on with a message whose type declares a range of priorities. A priority
//! outside of the range stands for the nearest one in it (S9):
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::criticality::Criticality;
//! use actors_http::refusal::Refused;
//! # struct Shop;
//!
//! #[actor]
//! impl Shop {
//!     #[message(priority = normal..=high, overflow = reject)]
//!     async fn order(&mut self, sku: u32) -> u32 { sku }
//! }
//!
//! async fn order(shop: &ShopHandle, criticality: Criticality) -> Result<u32, Refused> {
//!     Ok(shop.order(7).priority(criticality.priority()).await?)
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! #     let shop = System::new("shop").spawn(Shop);
//! #     assert_eq!(order(&shop, Criticality(Priority::Urgent)).await, Ok(7));
//! # }
//! ```
//!
//! A client outside can write `critical_plus` too. [`CriticalityLayer::at_most`] limits what the
//! header may claim.

use actors_core::Priority;
use http::Request;
use http::header::HeaderName;
use std::fmt;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// The header with the criticality of a request.
pub const CRITICALITY: HeaderName = HeaderName::from_static("x-criticality");

/// The word of each priority.
const WORDS: [(Priority, &str); 4] = [
    (Priority::Low, "sheddable"),
    (Priority::Normal, "sheddable_plus"),
    (Priority::High, "critical"),
    (Priority::Urgent, "critical_plus"),
];

/// How much a request matters. In the request's extensions behind a [`CriticalityLayer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Criticality(pub Priority);

impl Criticality {
    /// Returns the criticality of a word, in upper or lower case.
    pub fn from_word(word: &str) -> Option<Self> {
        let found = WORDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
        found.map(|(priority, _)| Criticality(*priority))
    }

    /// Returns the word for the header.
    pub fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(priority, _)| *priority == self.0);
        // `Priority` may grow. A word for one that this version does not know claims nothing.
        found.map_or("sheddable_plus", |(_, word)| word)
    }

    /// Returns the priority that it stands for.
    pub const fn priority(self) -> Priority {
        self.0
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Puts the [`Criticality`] of each request into its extensions.
#[derive(Clone, Copy, Debug)]
pub struct CriticalityLayer {
    default: Priority,
    at_most: Priority,
}

impl Default for CriticalityLayer {
    fn default() -> Self {
        CriticalityLayer::new()
    }
}

impl CriticalityLayer {
    /// Creates a layer that believes every header, and takes a request without one for `normal`.
    pub const fn new() -> Self {
        CriticalityLayer { default: Priority::Normal, at_most: Priority::Urgent }
    }

    /// Sets the priority of a request without the header, or with a word that does not exist.
    #[must_use]
    pub const fn default_priority(self, priority: Priority) -> Self {
        CriticalityLayer { default: priority, ..self }
    }

    /// Limits the priority that a header may claim.
    #[must_use]
    pub const fn at_most(self, priority: Priority) -> Self {
        CriticalityLayer { at_most: priority, ..self }
    }

    fn of<B>(&self, request: &Request<B>) -> Criticality {
        let word = request.headers().get(CRITICALITY).and_then(|value| value.to_str().ok());
        match word.and_then(Criticality::from_word) {
            Some(claimed) => claimed.min(Criticality(self.at_most)),
            None => Criticality(self.default),
        }
    }
}

impl<S> Layer<S> for CriticalityLayer {
    type Service = CriticalityService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CriticalityService { inner, layer: *self }
    }
}

/// The service of a [`CriticalityLayer`].
#[derive(Clone, Copy, Debug)]
pub struct CriticalityService<S> {
    inner: S,
    layer: CriticalityLayer,
}

impl<S, B> Service<Request<B>> for CriticalityService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let criticality = self.layer.of(&request);
        request.extensions_mut().insert(criticality);
        self.inner.call(request)
    }
}
