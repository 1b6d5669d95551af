//! A readiness probe: whether a load balancer should send more requests to this instance.
//!
//! It answers 200 while every actor is open and not overloaded, and every check passes; else 503.
//! The body has a line for each, in the order in which they were added:
//!
//! ```text
//! shop: overloaded, 112 of 128 slots are taken
//! orders: ready
//! ```
//!
//! It sends no message, so it answers however busy the actors are. The lines name actors: serve it
//! where only operators and load balancers reach it.
//!
//! Readiness is not liveness. An overloaded process is healthy, and a restart only loses its work:
//! let the liveness probe answer 200 as long as the actors are open.
//!
//! [`Readiness`] is a tower service, so axum takes it as `route_service("/readyz", readiness)`:
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::ready::Readiness;
//! # struct Shop;
//! # #[actor(local)]
//! # impl Shop { #[message] fn total(&mut self) -> u64 { 7 } }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let system = System::new("shop");
//! let shop = system.spawn(Shop);
//! let stopping = system.token();
//! let readiness = Readiness::new().actor(&shop).check("process", move || {
//!     if stopping.is_cancelled() { Err("shutting down".into()) } else { Ok(()) }
//! });
//! assert!(readiness.report().is_ready());
//! # }
//! ```

use actors_core::observe::Level;
use actors_core::{Actor, Handle};
use http::{HeaderValue, Request, Response, StatusCode, header};
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The actors and checks of a readiness probe, and the service that answers it.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(Arc<str>, Check)>,
}

impl Readiness {
    /// Creates a probe that is always ready.
    pub fn new() -> Self {
        Readiness::default()
    }

    /// Adds an actor, by its name. The probe does not keep it alive.
    ///
    /// An actor that declares neither `pressure` nor a variable number of workers is never
    /// overloaded: add a [`check`](Readiness::check) that compares
    /// [`Reading::fill`](actors_core::Reading::fill).
    #[must_use]
    pub fn actor<A: Actor>(self, actor: &Handle<A>) -> Self {
        let (name, actor) = (actor.name().to_string(), actor.downgrade());
        self.check(name, move || match actor.upgrade() {
            Some(actor) => judge(&actor),
            None => Err("closed".into()),
        })
    }

    /// Adds a check. It returns why the instance is not ready, and must not block.
    #[must_use]
    pub fn check(
        mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push((name.into().into(), Arc::new(check)));
        self
    }

    /// Looks at every actor and runs every check.
    pub fn report(&self) -> Report {
        Report { lines: self.checks.iter().map(|(name, check)| (name.clone(), check())).collect() }
    }
}

fn judge<A: Actor>(actor: &Handle<A>) -> Result<(), String> {
    if actor.is_closed() {
        return Err("closed".into());
    }
    let reading = actor.reading();
    if reading.level < Level::Overloaded {
        return Ok(());
    }
    Err(format!("{}, {} of {} slots are taken", reading.level, reading.depth, reading.capacity))
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks.iter().map(|(name, _)| name)).finish()
    }
}

impl<B> Service<Request<B>> for Readiness {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(self.report().into()))
    }
}

/// The result of a readiness probe. Displays as a line for each actor and check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it says whether the instance is ready"]
pub struct Report {
    lines: Vec<(Arc<str>, Result<(), String>)>,
}

impl Report {
    /// Returns whether every actor and every check is ready.
    pub fn is_ready(&self) -> bool {
        self.lines.iter().all(|(_, result)| result.is_ok())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(name, result)| match result {
            Ok(()) => writeln!(f, "{name}: ready"),
            Err(why) => writeln!(f, "{name}: {why}"),
        })
    }
}

impl<B: From<String>> From<Report> for Response<B> {
    fn from(report: Report) -> Self {
        let mut response = Response::new(B::from(report.to_string()));
        if !report.is_ready() {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        // A cache that answers for the instance answers for its past.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
