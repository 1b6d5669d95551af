//! The stream of a client: the latest frame once a second, then the detail of its actor.

use crate::frame;
use crate::hub::{Hub, Place, Published};
use axum::body::Body;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Proxies that buffer answers would hold frames back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What a stream needs between two events.
struct Client {
    hub: Arc<Hub>,
    _place: Place,
    latest: watch::Receiver<Option<Arc<Published>>>,
    token: CancellationToken,
    actor: Option<String>,
    /// The sample whose detail is to be sent.
    detail: Option<Arc<Published>>,
    has_ended: bool,
}

/// Opens a stream, or answers that there are too many.
pub(crate) fn open(hub: &Arc<Hub>, actor: Option<String>) -> Response {
    let Some((place, latest)) = hub.enter() else {
        let retry = [(header::RETRY_AFTER, "10")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "100 streams are open; close a page\n")
            .into_response();
    };
    let token = hub.system.token();
    let client =
        Client { hub: hub.clone(), _place: place, latest, token, actor, detail: None, has_ended: false };
    let events = stream::unfold(client, async |mut client| {
        let event = client.next().await?;
        Some((Ok::<_, Infallible>(event), client))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (UNBUFFERED, "no")];
    (headers, Body::from_stream(events)).into_response()
}

impl Client {
    /// Waits for the next event; `None` after the last one.
    ///
    /// It is polled only when the client's connection has room. So a client that does not read
    /// skips samples, and gets the latest one when it reads again.
    async fn next(&mut self) -> Option<Bytes> {
        if self.has_ended {
            return None;
        }
        if let (Some(published), Some(actor)) = (self.detail.take(), &self.actor) {
            let detail = self.hub.detail(&published, actor);
            return Some(frame::event("actor", published.serial, &detail).into());
        }
        loop {
            tokio::select! {
                biased;
                () = self.token.cancelled() => {
                    self.has_ended = true;
                    return Some(Bytes::from_static(b"event: end\ndata: \"the system shuts down\"\n\n"));
                }
                // The hub has the sender and outlives its streams.
                changed = self.latest.changed() => changed.ok()?,
            }
            let Some(published) = self.latest.borrow_and_update().clone() else { continue };
            let event = published.event.clone();
            self.detail = self.actor.is_some().then_some(published);
            return Some(event);
        }
    }
}
