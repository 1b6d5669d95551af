//! The routes. None sends a message to an actor, so they answer however busy the actors are.

use crate::Dashboard;
use crate::assets;
use crate::cache::Cache;
use crate::guard;
use crate::hub::Hub;
use crate::readiness::{State as ReadyState, unready};
use crate::source;
use crate::stream;
use actors_core::config::{ActorConfig, ReconfigureError};
use actors_metrics::{Exporter, Format};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A configuration of an actor with a hundred message types has less.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;
/// The time in which a request must have arrived; answers take milliseconds.
const REQUEST_MAX: Duration = Duration::from_secs(5);
/// A name in a query. Longer names exist nowhere.
const NAME_BYTES_MAX: usize = 1024;

/// What the routes share.
struct App {
    hub: Arc<Hub>,
    /// The actors that decide about readiness; empty for all without a parent.
    ready_while: Vec<String>,
    exporter: Exporter,
    /// The metrics in OpenMetrics and as text.
    pages: [Cache; 2],
    snapshot: Cache,
    boundaries: Cache,
}

type Shared = State<Arc<App>>;

pub(crate) fn router(dashboard: Dashboard) -> Router {
    let Dashboard { system, rights, ready_while, exporter } = dashboard;
    let hub = Hub::new(system, rights.changes.is_some());
    let app = App {
        hub,
        ready_while,
        exporter,
        pages: Default::default(),
        snapshot: Cache::default(),
        boundaries: Cache::default(),
    };
    let mut router = Router::new();
    for file in assets::FILES {
        router = router.route(file.0, get(async |headers: HeaderMap| assets::answer(file, &headers)));
    }
    router
        .route("/snapshot.json", get(snapshot))
        .route("/decisions.json", get(decisions))
        .route("/letters.json", get(letters))
        .route("/boundaries.json", get(boundaries))
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/actors/{name}/config", get(config).post(change))
        .layer(middleware::from_fn(within_deadline))
        // The stream has no deadline, so it is outside of the layer above.
        .route("/events", get(events))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::new(rights), guard::check))
        .with_state(Arc::new(app))
}

async fn within_deadline(request: Request, next: Next) -> Response {
    let late = (StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive\n");
    tokio::time::timeout(REQUEST_MAX, next.run(request)).await.unwrap_or_else(|_| late.into_response())
}

#[derive(Deserialize)]
struct Selected {
    actor: Option<String>,
}

async fn events(State(app): Shared, Query(query): Query<Selected>) -> Response {
    if query.actor.as_ref().is_some_and(|name| name.len() > NAME_BYTES_MAX) {
        return (StatusCode::BAD_REQUEST, "actor: at most 1024 bytes\n").into_response();
    }
    stream::open(&app.hub, query.actor)
}

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

async fn snapshot(State(app): Shared) -> Response {
    let system = app.hub.system.clone();
    (JSON, app.snapshot.get(move || serde_json::to_vec(&system.snapshot())).await).into_response()
}

async fn boundaries(State(app): Shared) -> Response {
    app.hub.collect();
    let hub = app.hub.clone();
    (JSON, app.boundaries.get(move || serde_json::to_vec(&hub.boundaries())).await).into_response()
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn decisions(State(app): Shared, Query(query): Query<Since>) -> Response {
    Json(source::decisions(&app.hub.system, query.since)).into_response()
}

async fn letters(State(app): Shared, Query(query): Query<Since>) -> Response {
    app.hub.collect();
    Json(app.hub.letters(query.since)).into_response()
}

async fn metrics(State(app): Shared, headers: HeaderMap) -> Response {
    let format = Format::accepted(headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()));
    let page = &app.pages[usize::from(format == Format::Text)];
    let exporter = app.exporter.clone();
    let page = page.get(move || Ok::<_, ()>(exporter.page(format).into_bytes())).await;
    ([(header::CONTENT_TYPE, format.content_type())], page).into_response()
}

async fn readyz(State(app): Shared) -> Response {
    let reasons = app.unready();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = if reasons.is_empty() { "ready\n".into() } else { reasons.join("\n") + "\n" };
    (status, body).into_response()
}

impl App {
    /// Returns why more work is not welcome. It visits the actors, which takes no turn of any.
    fn unready(&self) -> Vec<String> {
        let system = &self.hub.system;
        if system.token().is_cancelled() {
            return vec![format!("{}: shutting down", system.name())];
        }
        let (mut reasons, mut missing) = (Vec::new(), self.ready_while.clone());
        system.visit(&mut |view| {
            let name = view.name.as_str();
            let counts = match self.ready_while.is_empty() {
                true => view.parent.is_none(),
                false => self.ready_while.iter().any(|wanted| wanted == name),
            };
            if !counts {
                return;
            }
            missing.retain(|wanted| wanted != name);
            let config = system.effective(name);
            let state = ReadyState {
                name,
                depth: view.reading.depth,
                capacity: view.reading.capacity,
                level: view.reading.level,
                stalled: view.reading.stalled,
                high: config.and_then(|config| config.pressure?.high),
            };
            reasons.extend(unready(&state));
        });
        reasons.extend(missing.iter().map(|name| format!("{name}: is not there")));
        reasons
    }
}

const NO_ACTOR: (StatusCode, &str) = (StatusCode::NOT_FOUND, "no such actor\n");

async fn config(State(app): Shared, Path(name): Path<String>) -> Response {
    match app.hub.system.effective(&name) {
        Some(config) => Json(config).into_response(),
        None => NO_ACTOR.into_response(),
    }
}

/// Changes limits of an actor. What the body leaves out stays. The answer is the configuration that
/// applies from now on.
async fn change(
    State(app): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    body: Bytes,
) -> Response {
    let is_json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_json {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json\n").into_response();
    }
    let config: ActorConfig = match serde_json::from_slice(&body) {
        Ok(config) => config,
        Err(mistakes) => return (StatusCode::UNPROCESSABLE_ENTITY, format!("{mistakes}\n")).into_response(),
    };
    let author = match peer {
        Some(axum::Extension(ConnectInfo(peer))) => format!("dashboard, from {}", peer.ip()),
        None => "dashboard".to_owned(),
    };
    let system = &app.hub.system;
    match system.reconfigure(&name, &config, &author) {
        Ok(()) => Json(system.effective(&name)).into_response(),
        Err(ReconfigureError::NotFound(_)) => NO_ACTOR.into_response(),
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{why}\n")).into_response(),
    }
}
