//! What became of a socket.

use super::limited::FrameError;
use crate::panics::Panicked;
use actors_core::SendError;

/// Why a bridge ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum End<E> {
    /// The peer sends no more frames. The last one was whole.
    #[error("the peer has closed the connection")]
    PeerClosed,
    /// `until` has resolved. What was accepted before is in the mailbox, or answered.
    #[error("the connection was told to end")]
    Stopped,
    /// The socket failed, or the codec found no frame.
    #[error(transparent)]
    Frame(FrameError<E>),
    /// The actor has closed, or the message can never be sent to it.
    #[error(transparent)]
    Refused(SendError<()>),
    /// Replies cannot be written any more.
    #[error("replies cannot be written: {0}")]
    Write(#[source] FrameError<E>),
    /// A function that makes messages or frames has panicked.
    #[error("a conversion failed: {0}")]
    Panicked(#[source] Panicked),
}

/// What became of a socket whose frames went to an actor.
#[derive(Debug)]
pub struct Delivered<M, E> {
    /// The number of frames that are in the mailbox or were handled.
    pub frames: u64,
    /// The message of the last frame, if it could not be sent.
    pub undelivered: Option<M>,
    /// Why it ended.
    pub end: End<E>,
}

/// What became of a socket whose frames were asked.
#[derive(Debug)]
pub struct Served<E> {
    /// The number of frames that were asked.
    pub requests: u64,
    /// The number of replies that were written, those about errors included.
    pub replies: u64,
    /// Why it ended.
    pub end: End<E>,
}
