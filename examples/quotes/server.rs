//! The router, and the order in which everything starts and stops.

use crate::quotes::{Quotes, QuotesHandle};
use crate::service::Service;
use crate::wire::QuotesServer;
use actors_core::prelude::*;
use actors_core::system::ShutdownReport;
use actors_http::concurrency::ConcurrencyLayer;
use actors_http::criticality::CriticalityLayer;
use actors_http::deadline::DeadlineLayer;
use actors_http::load::LoadLayer;
use actors_http::ready::Readiness;
use actors_metrics::{Exporter, Format};
use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The longest deadline of a call, streams included.
const DEADLINE_MAX: Duration = Duration::from_secs(300);
/// The deadline of a call that has none of its own.
const DEADLINE: Duration = Duration::from_secs(5);
/// The calls in flight. By Little's law the actor answers about 500 prices a second, each within
/// its second; the streams of publishers come on top.
const IN_FLIGHT_MAX: usize = 1024;
/// The histories that are read at a time: of each, the server keeps an ask and what HTTP/2 buffers.
/// The limit of calls in flight does not count them, because it ends with the head of the answer. A
/// deadline does not end a history whose client stops reading, because the server only asks for
/// the next quote when the client has room for it.
pub(crate) const STREAMS_MAX: usize = 64;
/// One turn in so many is sampled for the histograms of `/metrics`. A price takes milliseconds, so
/// the price of a sample, some 50 ns, does not show.
const SAMPLE_EVERY: u32 = 8;
/// The limit for draining: longer than the deadline of a price.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// The system and what serves it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) system: System,
    pub(crate) quotes: QuotesHandle,
    /// A permit for each history.
    pub(crate) streams: Arc<Semaphore>,
    /// Cancelled when the process is told to stop.
    stopping: CancellationToken,
}

impl Server {
    /// Starts the actor. `exchange` has a permit for each order that the exchange prices at once.
    pub(crate) fn open(exchange: Arc<Semaphore>) -> Result<Server, BoxError> {
        let system = System::builder("quotes").histograms(SAMPLE_EVERY).build();
        let quotes = system.instance(Quotes::new(exchange)).name("quotes").spawn()?;
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        Ok(Server { system, quotes, streams, stopping: CancellationToken::new() })
    }

    /// gRPC and plain HTTP on one port. The first layer is the outermost one.
    pub(crate) fn router(&self) -> Router {
        let layers = (
            DeadlineLayer::new(DEADLINE_MAX).default_timeout(DEADLINE),
            CriticalityLayer::new(),
            LoadLayer::of(&self.quotes),
            ConcurrencyLayer::new(IN_FLIGHT_MAX),
        );
        let stopping = self.stopping.clone();
        let readiness = Readiness::new().actor(&self.quotes).check("process", move || {
            if stopping.is_cancelled() { Err("shutting down".into()) } else { Ok(()) }
        });
        let (exporter, quotes) = (Exporter::new(&self.system), self.quotes.clone());
        let service = Service { quotes: self.quotes.clone(), streams: self.streams.clone() };
        Router::new()
            .route_service("/quotes.Quotes/{method}", QuotesServer(service))
            .layer(layers)
            // After the layers, so that they never refuse operators and load balancers.
            .route_service("/readyz", readiness)
            .route("/ledger", get(async move || quotes.ledger().to_string()))
            .route("/metrics", get(async move |headers: HeaderMap| page(&exporter, &headers)))
    }

    /// Serves until `stop`. Then it accepts no connections and no messages, handles what was
    /// accepted, and returns what was lost. Open streams end as `UNAVAILABLE`, with the number of
    /// quotes that were accepted.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<ShutdownReport, BoxError> {
        let router = self.router();
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            stop.await;
            stopping.cancel();
        });
        let stopped = self.stopping.clone().cancelled_owned();
        let serving = axum::serve(listener, router).with_graceful_shutdown(stopped).into_future();
        let drained = async {
            self.stopping.cancelled().await;
            self.system.shutdown(DRAIN_MAX).await
        };
        tokio::pin!(serving);
        let report = tokio::select! {
            // The listener failed: the actor drains all the same.
            served = &mut serving => {
                let report = self.system.shutdown(DRAIN_MAX).await;
                served?;
                return Ok(report);
            }
            report = drained => report,
        };
        // A client that never reads its answer does not keep the process.
        if let Ok(served) = tokio::time::timeout(DRAIN_MAX, serving).await {
            served?;
        }
        Ok(report)
    }
}

/// The numbers of the actor, in the format that the scraper prefers.
fn page(exporter: &Exporter, headers: &HeaderMap) -> impl IntoResponse + use<> {
    let format = Format::accepted(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()));
    ([(CONTENT_TYPE, format.content_type())], exporter.page(format))
}
