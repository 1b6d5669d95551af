//! The routes, without a network and in paused time; and the server, on loopback.

mod changes;
mod guard;
mod live;
mod routes;
mod server;

use actors_core::prelude::*;
use actors_dashboard::{Dashboard, Token};
use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt;
use serde_json::Value;
use tower::ServiceExt;

/// The actor of these tests: eight slots, each type with another word.
pub(crate) struct Shop;

#[actor(
    vis = pub(crate),
    capacity = 8,
    reserve = 0,
    max_waiting = 4,
    pressure(high = 0.75, low = 0.25, dwell = "10ms", respond = [block])
)]
impl Shop {
    #[message(overflow = reject)]
    fn viewed(&mut self, page: String) {
        drop(page);
    }

    #[message(overflow = drop_oldest, max = 2)]
    fn traced(&mut self, text: String) {
        drop(text);
    }

    #[message(priority = high)]
    async fn charge(&mut self, cents: u64) -> u64 {
        cents
    }
}

pub(crate) const TOKEN: &str = "0123456789abcdef";

pub(crate) fn token() -> Token {
    Token::new(TOKEN).unwrap()
}

pub(crate) fn shop(system: &System, name: &str) -> ShopHandle {
    system.actor(|| Shop).name(name).spawn().unwrap()
}

/// A request as a client of this machine sends it.
pub(crate) fn request(path: &str) -> Builder {
    Request::get(path).header("host", "127.0.0.1:9900")
}

/// The answer to a request: status, headers, body.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn get(router: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    send(router, request(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn json(router: &Router, path: &str) -> Value {
    let (status, headers, body) = get(router, path).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (StatusCode::OK, &"application/json".parse().unwrap()),
        "{path}"
    );
    serde_json::from_str(&body).unwrap()
}

/// A stream of events.
pub(crate) struct Events(BodyDataStream);

impl Events {
    /// Opens a stream, or returns the status that refuses it.
    pub(crate) async fn open(router: &Router, query: &str) -> Result<Events, StatusCode> {
        let request = request(&format!("/events{query}")).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        match response.status() {
            StatusCode::OK => {
                assert_eq!(response.headers()["content-type"], "text/event-stream");
                Ok(Events(response.into_body().into_data_stream()))
            }
            refused => Err(refused),
        }
    }

    /// The next event: its kind and its data. `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        let chunk = self.0.next().await?.unwrap();
        let text = String::from_utf8(chunk.to_vec()).unwrap();
        let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        assert!(text.ends_with("\n\n") && text.matches("\n\n").count() == 1, "one event: {text:?}");
        Some((of("event: ").to_owned(), serde_json::from_str(of("data: ")).unwrap()))
    }

    pub(crate) async fn frame(&mut self) -> Value {
        let (kind, data) = self.next().await.unwrap();
        assert_eq!(kind, "frame");
        data
    }
}

/// A number of an actor's row, by the name of its column; 0 where the row has been cut.
pub(crate) fn column(frame: &Value, actor: &str, column: &str) -> f64 {
    let columns = frame["columns"].as_array().unwrap();
    let at = columns.iter().position(|name| name == column).unwrap();
    let mut rows = frame["rows"].as_array().unwrap().iter();
    let row = rows.find(|row| row[0] == actor).unwrap_or_else(|| panic!("no row of {actor}: {frame}"));
    row[at].as_f64().unwrap_or_default()
}

pub(crate) fn reading(system: &System) -> Router {
    Dashboard::new(system).router()
}

/// A request that changes limits, with the token of [`token`].
pub(crate) fn change(actor: &str, body: &str) -> Request<Body> {
    let request = Request::post(format!("/actors/{actor}/config")).header("host", "localhost");
    let request = request.header("content-type", "application/json");
    request.header("authorization", format!("Bearer {TOKEN}")).body(Body::from(body.to_owned())).unwrap()
}
