//! Frames of a socket, decoded one at a time.
//!
//! A slot is asked for only when a frame is whole. So a connection that is idle, or sends slowly,
//! keeps no slot from other senders, and uses up no token of a rate (T7).

use super::limited::FrameError;
use crate::panics::caught;
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A frame, or the reason why no more frames can be read.
type Read<F, E> = Result<F, FrameError<E>>;

/// Polls for a frame; `None` at the end of the socket. After an error it is not polled again.
pub(super) fn poll_frame<S, F, E>(source: &mut S, cx: &mut Context<'_>) -> Poll<Option<Read<F, E>>>
where
    S: Stream<Item = Read<F, E>> + Unpin,
{
    let polled = caught(|| Pin::new(source).poll_next(cx));
    polled.unwrap_or_else(|panic| Poll::Ready(Some(Err(FrameError::Panicked(panic)))))
}
