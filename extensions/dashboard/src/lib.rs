//! A live page over the actors of a running system, and the same numbers as JSON.
//!
//! The page answers within a minute: which actor is the bottleneck and what it waits for, what is
//! refused or lost and why, how slow each message type is now, what the supervisor did, and how a
//! limit is changed. It is embedded in the binary, without a build step and without another host.
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_dashboard::Dashboard;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let system = System::builder("shop").histograms(64).build();
//! // Until the system begins to shut down. Port 0 is for this example; use one of yours.
//! let serving = tokio::spawn(Dashboard::new(&system).serve("127.0.0.1:0".parse()?));
//! # tokio::task::yield_now().await;
//! system.shutdown(std::time::Duration::from_secs(5)).await;
//! serving.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # A watcher never hurts the watched
//!
//! ```text
//!   system ──► sampler, once a second ──► the latest frame ──► at most 100 streams
//! ```
//!
//! - One task reads the system, once a second, however many clients there are, and only while there
//!   is one. No route sends a message to an actor.
//! - All streams share the bytes of one frame. A client that does not read keeps that one, and
//!   continues with the latest.
//! - Streams, connections, bodies, and the times for heads, requests and unread answers are
//!   bounded; each limit has its reason where it is defined.
//!
//! # Who may ask
//!
//! By default: clients of this machine, and they may only read. [`Dashboard::allow_changes`] and
//! [`Dashboard::allow_remote`] open more, each for a [`Token`]. Names and texts of the watched
//! program are text on the page, never markup, and the content security policy allows only the
//! page's own scripts.
//!
//! The paths, the page and the limits are in the guide, `docs/guide/dashboard.md`.

pub use token::{Token, WeakToken};

mod assets;
mod bottleneck;
mod boundaries;
mod cache;
mod detail;
mod frame;
mod guard;
mod hub;
mod letters;
mod readiness;
mod routes;
mod sample;
mod serve;
mod source;
mod stream;
mod token;
mod waits;
mod window;

use actors_core::System;
use actors_metrics::Exporter;
use axum::Router;
use guard::Rights;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// A live page over a system, and the same numbers as JSON.
///
/// It only reads, and only for clients of this machine, unless it is told otherwise.
#[derive(Clone, Debug)]
#[must_use = "`serve` or `router` shows it"]
pub struct Dashboard {
    system: System,
    rights: Rights,
    ready_while: Vec<String>,
    exporter: Exporter,
}

/// Why the dashboard is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address can be reached from other machines.
    #[error("{0} can be reached from other machines; bind 127.0.0.1 or [::1], or say `allow_remote(token)`")]
    NotLoopback(SocketAddr),
    /// The listener failed.
    #[error("the dashboard has no listener: {0}")]
    Io(#[from] io::Error),
}

impl Dashboard {
    /// Creates a dashboard that only reads, for clients of this machine.
    pub fn new(system: &System) -> Dashboard {
        Dashboard {
            system: system.clone(),
            rights: Rights::default(),
            ready_while: Vec::new(),
            exporter: Exporter::new(system),
        }
    }

    /// Lets clients with this token change the limits of actors while they run. Each change is a
    /// decision in the log.
    pub fn allow_changes(mut self, token: Token) -> Self {
        self.rights.changes = Some(token);
        self
    }

    /// Lets clients of other machines read. Everything then needs this token: as `Bearer`, or as
    /// the password for which a browser asks. The token and the answers travel in the clear, so put
    /// a server with TLS before it.
    pub fn allow_remote(mut self, token: Token) -> Self {
        self.rights.remote = Some(token);
        self
    }

    /// Names the actors that `/readyz` looks at. Without a name it looks at all that have no
    /// parent. A named actor that does not live is not ready.
    pub fn ready_while(mut self, actors: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ready_while.extend(actors.into_iter().map(Into::into));
        self
    }

    /// Sets what `/metrics` exports; without it, this system with the exporter's own limits.
    pub fn metrics(mut self, exporter: Exporter) -> Self {
        self.exporter = exporter;
        self
    }

    /// Returns the routes, for a server of the program.
    pub fn router(self) -> Router {
        routes::router(self)
    }

    /// Serves the dashboard on an address until the system begins to shut down.
    ///
    /// # Errors
    /// [`ServeError::NotLoopback`] for an address of the network without
    /// [`allow_remote`](Dashboard::allow_remote), and [`ServeError::Io`] where it cannot be bound.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped, it stops accepting; connections end by themselves.
    pub async fn serve(self, address: SocketAddr) -> Result<(), ServeError> {
        self.check(address)?;
        let listener = TcpListener::bind(address).await?;
        self.serve_on(listener).await
    }

    /// Serves the dashboard on a listener, as [`serve`](Dashboard::serve) does on an address. For a
    /// port that the operating system chooses, and for sockets that a service manager opens.
    ///
    /// # Errors
    /// [`ServeError::NotLoopback`], and [`ServeError::Io`] where the listener has no address.
    ///
    /// # Cancel safety
    /// Like [`serve`](Dashboard::serve).
    pub async fn serve_on(self, listener: TcpListener) -> Result<(), ServeError> {
        self.check(listener.local_addr()?)?;
        let token = self.system.token();
        Ok(serve::serve(listener, self.router(), token).await?)
    }

    fn check(&self, address: SocketAddr) -> Result<(), ServeError> {
        let is_open = self.rights.remote.is_some() || address.ip().to_canonical().is_loopback();
        is_open.then_some(()).ok_or(ServeError::NotLoopback(address))
    }
}
