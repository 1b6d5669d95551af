//! The shop over HTTP. Every response is 2xx, 4xx for a mistake in the request, or a refusal
//! ([`actors_http::refusal`]), with `Retry-After` where a retry helps. No request hangs: every
//! message has a deadline, and so has the request as a whole.
//!
//! The statuses are configurable (`--status full=429`), because proxies and clients differ in what
//! they retry.

use crate::endpoints;
use crate::service::Service;
use crate::shop::{Audit, Declined, Receipt, SKUS, Status};
use actors_core::{Actor, Admission, Handle, Reason, Refusal, SendError};
use actors_http::refusal::{Refused, StatusTable};
use actors_metrics::{Exporter, Format};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The limit for a whole request, the arrival of its body included. Every message has a shorter
/// deadline, so only a client that sends slowly can exceed it.
const REQUEST_MAX: Duration = Duration::from_secs(5);
/// The limit for responses that are still being sent when the server stops.
const HANGING_UP_MAX: Duration = Duration::from_secs(6);
/// A card and an amount.
const BODY_BYTES_MAX: usize = 4096;
/// The page's name waits in a mailbox, so its length is part of the memory of a full one.
const PAGE_BYTES_MAX: usize = 256;
/// A million euros. A larger amount is a mistake.
const CENTS_MAX: u64 = 100_000_000;

/// A payment has two seconds in all, so if one in a hundred waits for half a second, that is worth
/// an alert.
const QUEUE_TARGET: Duration = Duration::from_millis(500);
/// The shop is ready below this fill, its `high` mark. Payments have no room above three quarters.
const READY_BELOW: f64 = 0.65;
/// The writer of orders is ready below this fill: `high` has no room above five eighths of its
/// mailbox.
const ORDERS_READY_BELOW: f64 = 0.5;
/// Turns take milliseconds, and a commit on a slow disk tens of them. An actor that begins no turn
/// for this long has stalled.
const STALLED_MAX: Duration = Duration::from_secs(5);

/// The state that every request can reach.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) statuses: StatusTable,
    exporter: Exporter,
    /// Cancelled when the process is told to stop.
    stopping: CancellationToken,
}

impl App {
    pub(crate) fn new(service: Service, statuses: StatusTable) -> App {
        let stopping = service.system.token().child_token();
        let exporter = Exporter::new(&service.system).queue_target(QUEUE_TARGET);
        App { service, statuses, exporter, stopping }
    }

    /// Returns why more requests are not welcome, if they are not. It reports this before the queue
    /// is full: a load balancer polls, and the requests that it sends until the next poll must find
    /// room.
    fn unready(&self) -> Option<String> {
        if self.stopping.is_cancelled() {
            return Some("the shop is shutting down".into());
        }
        let Service { shop, orders, .. } = &self.service;
        unready("shop", shop, READY_BELOW).or_else(|| unready("orders", orders, ORDERS_READY_BELOW))
    }

    /// Builds the refusal for a message that was not handled.
    fn refused(&self, error: &impl Refusal) -> Failure {
        self.answer(Refused::of(error))
    }

    /// Where a retry helps but has no time, uses the time until the current queue is empty. The
    /// shop is an example, so its answers name the reason.
    fn answer(&self, refused: Refused) -> Failure {
        let refused = self.statuses.apply(refused).with_reason();
        let can_retry = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        Failure::Refused(if refused.retry_after().is_none() && can_retry.contains(&refused.status()) {
            refused.with_retry_after(self.service.shop.reading().retry_after.unwrap_or_default())
        } else {
            refused
        })
    }

    /// Returns 202 when a one-way message is in the mailbox. A newer message may still displace it,
    /// as its type declares. A new message that was itself dropped is not accepted.
    fn accepted<M>(&self, sent: Result<Admission, SendError<M>>) -> Result<StatusCode, Failure> {
        match sent {
            Ok(Admission::Dropped) => Err(self.answer(Refused::new(Reason::Dropped))),
            Ok(_) => Ok(StatusCode::ACCEPTED),
            Err(error) => Err(self.refused(&error)),
        }
    }
}

/// Why the shop has no answer to a request.
#[derive(Debug)]
enum Failure {
    /// The path does not exist, or not for this method.
    NotHere(StatusCode),
    /// More requests are not welcome now, with the reason.
    Unready(String),
    /// A mistake of the client.
    Bad(StatusCode, &'static str),
    /// A refusal by the shop.
    Refused(Refused),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Failure::Bad(status, why) => (status, format!("{why}\n")).into_response(),
            Failure::Refused(refusal) => refusal.into_response(),
            Failure::NotHere(status) => {
                (status, format!("not here; there is\n{}", endpoints::list())).into_response()
            }
            Failure::Unready(why) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response()
            }
        }
    }
}

fn unready<A: Actor>(name: &str, actor: &Handle<A>, below: f64) -> Option<String> {
    let reading = actor.reading();
    let (depth, capacity) = (reading.depth, reading.capacity);
    if actor.is_closed() {
        return Some(format!("{name} has ended"));
    }
    if reading.stalled >= STALLED_MAX {
        return Some(format!(
            "{name} has begun no turn for {} s while {depth} messages are queued",
            reading.stalled.as_secs()
        ));
    }
    let limit = (below * capacity as f64).ceil();
    (depth as f64 >= limit)
        .then(|| format!("{name} has {depth} of {capacity} slots taken, and is ready again below {limit}"))
}

/// Serves until `stop`. Then reports for the time of `notice` that it is not ready, stops accepting
/// connections, and finishes the requests in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
    notice: Duration,
) -> std::io::Result<()> {
    let token = app.service.system.token().child_token();
    let (stopped, stopping) = (token.clone(), app.stopping.clone());
    tokio::spawn(async move {
        stop.await;
        stopping.cancel();
        tokio::time::sleep(notice).await;
        token.cancel();
    });
    let graceful = stopped.clone().cancelled_owned();
    let serving = axum::serve(listener, router(app)).with_graceful_shutdown(graceful);
    let late = async move {
        stopped.cancelled_owned().await;
        tokio::time::sleep(HANGING_UP_MAX).await;
    };
    tokio::select! {
        served = serving.into_future() => served,
        // A client that never finishes its request does not keep the shop open.
        () = late => Ok(()),
    }
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(async || endpoints::list()))
        .route("/charge", post(charge))
        .route("/orders/{id}", get(status))
        .route("/view", post(view))
        .route("/prices/{sku}", put(price))
        .route("/audit", get(audit))
        .route("/ledger", get(ledger))
        .route("/snapshot", get(snapshot))
        .route("/decisions", get(decisions))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(async || Failure::NotHere(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || Failure::NotHere(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(within_deadline))
        .with_state(app)
}

async fn within_deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Failure::Bad(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive").into_response()
        }
    }
}

#[derive(Debug, Deserialize)]
struct ChargeBody {
    card: u64,
    cents: u64,
}

async fn charge(
    State(app): State<App>,
    Json(body): Json<ChargeBody>,
) -> Result<(StatusCode, Json<Receipt>), Failure> {
    if !(1..=CENTS_MAX).contains(&body.cents) {
        return Err(Failure::Bad(StatusCode::UNPROCESSABLE_ENTITY, "cents: 1 to 100000000"));
    }
    match app.service.shop.charge(body.card, body.cents).await {
        Ok(Ok(receipt)) => Ok((StatusCode::CREATED, Json(receipt))),
        Ok(Err(Declined)) => Err(Failure::Bad(StatusCode::PAYMENT_REQUIRED, "the card was declined")),
        Err(error) => Err(app.refused(&error)),
    }
}

async fn status(State(app): State<App>, Path(order): Path<u64>) -> Result<Json<Status>, Failure> {
    match app.service.shop.status(order).await {
        Ok(Some(status)) => Ok(Json(status)),
        Ok(None) => Err(Failure::Bad(StatusCode::NOT_FOUND, "no such order")),
        Err(error) => Err(app.refused(&error)),
    }
}

#[derive(Debug, Deserialize)]
struct ViewQuery {
    page: String,
}

async fn view(State(app): State<App>, Query(query): Query<ViewQuery>) -> Result<StatusCode, Failure> {
    if query.page.len() > PAGE_BYTES_MAX {
        return Err(Failure::Bad(StatusCode::UNPROCESSABLE_ENTITY, "page: at most 256 bytes"));
    }
    app.accepted(app.service.shop.viewed(query.page).await)
}

#[derive(Debug, Deserialize)]
struct PriceBody {
    cents: u64,
}

async fn price(
    State(app): State<App>,
    Path(sku): Path<u32>,
    Json(body): Json<PriceBody>,
) -> Result<StatusCode, Failure> {
    if sku >= SKUS {
        return Err(Failure::Bad(StatusCode::NOT_FOUND, "no such product"));
    }
    app.accepted(app.service.shop.priced(sku, body.cents).await)
}

async fn audit(State(app): State<App>) -> Result<Json<Audit>, Failure> {
    let audit = app.service.shop.audit().await;
    audit.map(Json).map_err(|error| app.refused(&error))
}

async fn ledger(State(app): State<App>) -> String {
    let Service { shop, orders, .. } = app.service;
    format!("shop\n{}\norders\n{}", shop.ledger(), orders.ledger())
}

async fn snapshot(State(app): State<App>) -> impl IntoResponse {
    Json(app.service.system.snapshot())
}

/// The decisions of the runtime, one sentence each, oldest first: the last thousand.
async fn decisions(State(app): State<App>) -> String {
    let decisions = app.service.system.decisions();
    let lines = decisions
        .iter()
        .map(|decision| format!("{:.1} s ago: {decision}\n", decision.at.elapsed().as_secs_f64()));
    lines.collect()
}

/// In the format that the scraper prefers. It asks no actor either.
async fn metrics(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let format = Format::accepted(headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()));
    ([(header::CONTENT_TYPE, format.content_type())], app.exporter.page(format))
}

/// Asks no actor, so it answers however busy they are.
async fn readyz(State(app): State<App>) -> Result<&'static str, Failure> {
    app.unready().map_or(Ok("ready\n"), |why| Err(Failure::Unready(why)))
}

/// Asks no actor: a busy shop is healthy.
async fn healthz(State(app): State<App>) -> Result<&'static str, Failure> {
    match app.service.shop.is_closed() || app.service.orders.is_closed() {
        false => Ok("ok\n"),
        true => Err(app.answer(Refused::new(Reason::Closed))),
    }
}
