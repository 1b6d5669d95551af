//! The same pipeline with POST as its source. A client cannot be slowed down by not reading, so the
//! pressure becomes an answer: 503 with `Retry-After`.

use crate::event::Event;
use crate::service::Service;
use actors_http::refusal::Refused;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// One event.
const BODY_BYTES_MAX: usize = 4096;
/// The time to retry where the parser knows none, because it has not handled enough messages to
/// have a rate.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long requests in progress may take after the end was told: many times what an event of 4 KiB
/// takes on a slow line.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// What a request needs. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct App {
    service: Service,
    accepted: Arc<AtomicU64>,
}

impl App {
    pub(crate) fn new(service: Service) -> Self {
        App { service, accepted: Arc::default() }
    }

    /// The number of events that were answered with 202.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// Serves until `stop` resolves and the requests in progress are answered. A client that has not
/// sent its request within `grace` after that is not waited for.
pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/events", post(event))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app);
    let (told, hears) = oneshot::channel();
    let stop = async move {
        stop.await;
        // Nothing hears it once the server has failed.
        let _ = told.send(());
    };
    let over = async move {
        // An error says that the server has ended by itself.
        let _ = hears.await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stop) => served,
        () = over => Ok(()),
    }
}

/// Takes one event. 202 means that it will be in the database: the pipeline drains before it ends.
async fn event(State(app): State<App>, text: String) -> Response {
    if !serde_json::from_str::<Event>(&text).is_ok_and(|event| event.is_intact()) {
        return (StatusCode::BAD_REQUEST, "no event, or its checksum is wrong\n").into_response();
    }
    match app.service.parser.line(text).await {
        Ok(_) => {
            app.accepted.fetch_add(1, Ordering::Relaxed);
            StatusCode::ACCEPTED.into_response()
        }
        Err(refused) => {
            let retry_after = refused.retry_after().unwrap_or(RETRY_AFTER);
            Refused::of(&refused).with_retry_after(retry_after).into_response()
        }
    }
}
