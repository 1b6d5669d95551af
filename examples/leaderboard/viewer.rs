//! A viewer: the actor that writes to one WebSocket.
//!
//! This is the part to copy. Three lines of declaration make a slow client harmless:
//!
//! - `overflow = conflate`: while a write is pending, the newest update replaces the one that
//!   waits. The mailbox holds one update at most, so memory does not depend on how slow the client
//!   is, and the next write has the newest state.
//! - The write is awaited inside the turn, so the next update begins when this one is written. That
//!   is the back-pressure of TCP, up to the board's declaration of what may be lost.
//! - The write has a time limit. A client that takes nothing for that long is gone, and its place
//!   is free for the next one. A quiet board writes nothing, so a client that has vanished without
//!   a word keeps its place until the updates that come next fill its buffers.

use crate::board::Version;
use actors_core::prelude::*;
use axum::extract::ws::{CloseFrame, Message, close_code};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

/// How long a viewer that is told to end waits for its last frame to be written. A client that
/// reads takes it at once.
const FAREWELL_MAX: Duration = Duration::from_millis(500);

/// Where updates go: the writing half of a WebSocket.
pub(crate) type Outgoing = Pin<Box<dyn Sink<Message, Error = axum::Error> + Send>>;
/// What comes from the client: the reading half.
pub(crate) type Incoming = Pin<Box<dyn Stream<Item = Result<Message, axum::Error>> + Send>>;

/// Why a viewer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The client closed the connection with a close frame.
    Closed,
    /// The connection broke.
    Gone,
    /// The client took nothing for too long.
    TooSlow,
    /// The client sent data, which viewers do not.
    Talked,
    /// The client sent a message above the size limit.
    TooBig,
    /// The server stops.
    Stopped,
}

impl Left {
    pub(crate) const ALL: [Left; 6] =
        [Left::Closed, Left::Gone, Left::TooSlow, Left::Talked, Left::TooBig, Left::Stopped];

    /// The code and the text of the last frame.
    fn frame(self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            // The WebSocket has its answer to a close frame; otherwise nothing can be written.
            Left::Closed | Left::Gone | Left::TooSlow => return None,
            Left::TooBig => (close_code::SIZE, "the message is too big"),
            Left::Talked => (close_code::POLICY, "this connection only sends"),
            Left::Stopped => (close_code::AWAY, "the server stops"),
        };
        Some(CloseFrame { code, reason: reason.into() })
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Left::Closed => "closed",
            Left::Gone => "gone",
            Left::TooSlow => "too slow",
            Left::Talked => "talked",
            Left::TooBig => "too big",
            Left::Stopped => "stopped",
        })
    }
}

/// How many viewers have ended, by reason. It outlives them.
#[derive(Debug, Default)]
pub(crate) struct Tally([AtomicU64; Left::ALL.len()]);

impl Tally {
    pub(crate) fn count(&self, why: Left) -> u64 {
        self.0[why as usize].load(Ordering::Relaxed)
    }

    fn add(&self, why: Left) {
        self.0[why as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// What all viewers of a server have in common.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How long one write may take.
    pub(crate) patience: Duration,
    pub(crate) tally: Arc<Tally>,
}

/// One client.
pub(crate) struct Viewer {
    outgoing: Outgoing,
    /// Taken when the viewer starts.
    incoming: Option<Incoming>,
    terms: Terms,
    left: Option<Left>,
    /// Its place among the viewers; free again when the viewer has ended.
    _place: OwnedSemaphorePermit,
}

impl Viewer {
    pub(crate) fn new(
        outgoing: Outgoing,
        incoming: Incoming,
        terms: Terms,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Viewer { outgoing, incoming: Some(incoming), terms, left: None, _place: place }
    }

    /// Ends after this turn. The first reason counts.
    fn leave(&mut self, why: Left, ctx: &mut Context<Self>) {
        self.left.get_or_insert(why);
        ctx.stop();
    }
}

// One update and the end of the connection: more is never queued.
#[actor(vis = pub(crate), capacity = 2, reserve = 0)]
impl Viewer {
    /// Reads what the client sends, next to the turns: pings are answered, and a close is noticed.
    #[started]
    fn read(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        if let Some(incoming) = self.incoming.take() {
            ctx.pipe(until_the_end(incoming), |why| viewer_messages::Ended { why })
                .map_err(|refused| refused.reason().word())?;
        }
        Ok(())
    }

    /// Writes a version. While it is being written, newer ones replace each other in the mailbox.
    #[message(overflow = conflate, key = board)]
    async fn update(&mut self, board: u32, version: Version, ctx: &mut Context<Self>) {
        let _ = board;
        if self.left.is_some() {
            return;
        }
        match timeout(self.terms.patience, self.outgoing.send(Message::Text(version.text))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.leave(Left::Gone, ctx),
            Err(_) => self.leave(Left::TooSlow, ctx),
        }
    }

    /// The client sends nothing any more.
    #[message(priority = high, overflow = block)]
    fn ended(&mut self, why: Left, ctx: &mut Context<Self>) {
        self.leave(why, ctx);
    }

    /// Says goodbye, if that can be written.
    #[stopped]
    async fn close(&mut self) {
        let why = self.left.unwrap_or(Left::Stopped);
        let last = async {
            match why.frame() {
                Some(frame) => self.outgoing.send(Message::Close(Some(frame))).await,
                // The WebSocket queued its answer when it read the close frame.
                None if why == Left::Closed => self.outgoing.flush().await,
                None => Ok(()),
            }
        };
        // A client that does not take it finds the connection closed.
        let _ = timeout(FAREWELL_MAX, last).await;
        self.terms.tally.add(why);
        if why == Left::TooSlow {
            tracing::warn!(patience = ?self.terms.patience, "viewer closed: it takes nothing");
        } else {
            tracing::info!(%why, "viewer left");
        }
    }
}

/// Reads until the client closes the connection, sends data, or is gone.
async fn until_the_end(mut incoming: Incoming) -> Left {
    loop {
        match incoming.next().await {
            Some(Ok(Message::Text(_) | Message::Binary(_))) => return Left::Talked,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) => return Left::Closed,
            Some(Err(error)) => return if is_too_big(error) { Left::TooBig } else { Left::Gone },
            None => return Left::Gone,
        }
    }
}

fn is_too_big(error: axum::Error) -> bool {
    let error = error.into_inner().downcast::<tungstenite::Error>();
    error.is_ok_and(|error| matches!(*error, tungstenite::Error::Capacity(_)))
}
