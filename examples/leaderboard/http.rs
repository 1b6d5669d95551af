//! The edge: scores in, the page and the WebSockets out.

use crate::board::BoardFull;
use crate::score::ScoreBody;
use crate::service::Service;
use crate::viewer::{Left, Viewer};
use actors_core::Reason;
use actors_http::deadline::DeadlineLayer;
use actors_http::refusal::Refused;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::StreamExt;
use serde::Deserialize;
use std::fmt::Write;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

/// The limit for a whole request, the arrival of its body included.
const REQUEST_MAX: Duration = Duration::from_secs(5);
/// A name and a number.
const BODY_BYTES_MAX: usize = 1024;
/// Viewers send nothing but control frames, which have 125 bytes at most.
const FRAME_BYTES_MAX: usize = 1024;
/// A label names a viewer on `/viewers`.
const LABEL_BYTES_MAX: usize = 32;
/// What the kernel keeps for a client that does not read. It keeps several megabytes by default:
/// thousands of versions, which a slow client would have to read before the newest one.
const SEND_BUFFER_BYTES: u32 = 16 * 1024;
/// What a WebSocket reads at a time. The default of 128 KiB is for clients that send data; here it
/// would be three quarters of a viewer's memory.
const READ_BUFFER_BYTES: usize = 2 * FRAME_BYTES_MAX;
/// What a WebSocket collects before it writes: some versions, which have about half a kilobyte.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;
/// The most that it collects. One version with the longest names of the widest characters has less
/// than two kilobytes.
const WRITE_BUFFER_BYTES_MAX: usize = 4 * WRITE_BUFFER_BYTES;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// When a client that found no place tries again.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Listens with a small send buffer, which accepted connections inherit.
pub(crate) fn listen(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop`, and finishes the requests in flight. WebSockets live on until
/// [`Service::close`].
pub(crate) async fn serve(
    listener: TcpListener,
    service: Service,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let told = CancellationToken::new();
    let late = told.clone();
    let stopped = async move {
        stop.await;
        told.cancel();
    };
    tokio::select! {
        served = axum::serve(listener, router(service)).with_graceful_shutdown(stopped).into_future() => served,
        // A client that never finishes its request does not keep the server open.
        () = async { late.cancelled().await; tokio::time::sleep(REQUEST_MAX).await } => Ok(()),
    }
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/ws", get(view))
        .route("/scores", post(score))
        .route("/board", get(board))
        .route("/viewers", get(viewers))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(DeadlineLayer::new(REQUEST_MAX))
        .with_state(service)
}

/// The answer to a mistake of the client.
fn bad(why: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, format!("{why}\n")).into_response()
}

async fn score(State(service): State<Service>, Json(body): Json<ScoreBody>) -> Response {
    let (player, points) = match body.check() {
        Ok(score) => score,
        Err(why) => return bad(why),
    };
    match service.board.scored(player, points).await {
        Ok(Ok(sum)) => format!("{sum}\n").into_response(),
        Ok(Err(BoardFull)) => {
            (StatusCode::CONFLICT, "the board has no room for another player\n").into_response()
        }
        Err(refusal) => Refused::of(&refusal).into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct ViewQuery {
    label: Option<String>,
}

/// Takes a place before the upgrade, so that a client that finds none has an answer of HTTP.
async fn view(
    State(service): State<Service>,
    Query(query): Query<ViewQuery>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let label = query.label.unwrap_or_else(|| "viewer".into());
    if label.len() > LABEL_BYTES_MAX {
        return bad("label: at most 32 bytes");
    }
    let Ok(place) = service.places.clone().try_acquire_owned() else {
        return Refused::new(Reason::Full).with_retry_after(FULL_RETRY_AFTER).into_response();
    };
    let upgrade = upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX);
    upgrade.on_upgrade(async move |socket| {
        let (outgoing, incoming) = socket.split();
        let viewer = Viewer::new(Box::pin(outgoing), Box::pin(incoming), service.terms, place);
        if let Err(refusal) = service.board.join(label.into(), viewer).await {
            // The socket has been dropped with the viewer, which closes the connection.
            tracing::warn!(%refusal, "viewer not started");
        }
    })
}

async fn board(State(service): State<Service>) -> Result<Response, Refused> {
    let version = service.board.shown().await?;
    Ok(([("content-type", "application/json")], version.text.as_str().to_owned()).into_response())
}

/// A line for each viewer: what became of its updates.
async fn viewers(State(service): State<Service>) -> Result<String, Refused> {
    let mut page = format!("{:<32} {:>9} {:>9} {:>9}\n", "viewer", "offered", "written", "conflated");
    for viewer in service.board.viewers().await? {
        let row = viewer.updates;
        // Writing to a string cannot fail.
        let _ =
            writeln!(page, "{:<32} {:>9} {:>9} {:>9}", viewer.label, row.offered, row.handled, row.conflated);
    }
    for why in Left::ALL {
        let _ = writeln!(page, "left, {why}: {}", service.terms.tally.count(why));
    }
    Ok(page)
}
