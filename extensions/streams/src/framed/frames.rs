//! Frames of a socket, which are taken only when their bytes have arrived.
//!
//! A slot is asked for after bytes have arrived, and given back if they are not a whole frame. So a
//! connection that is idle, or sends slowly, keeps no slot from other senders. The bytes that are
//! read before there is a slot are bounded: a buffer of [`AHEAD`] bytes, and an unfinished frame.

use super::limited::{FrameError, Limited};
use crate::panics::caught;
use futures_core::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader};
use tokio_util::codec::{Decoder, Framed, FramedRead};

/// The size of the buffer that tells whether bytes have arrived, 8 KiB: as large as the first
/// buffer of `tokio_util::codec`, so that one read of the socket fills it.
const AHEAD: usize = 8 * 1024;

/// The reading direction of [`FramedRead`] and [`Framed`].
pub(super) trait Source: Stream<Item = Result<Self::Frame, FrameError<Self::Error>>> + Unpin {
    type Frame;
    type Error;

    /// Returns whether bytes are buffered that the codec may not have seen.
    fn has_bytes(&self) -> bool;

    /// Polls until bytes or the end have arrived.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl<R: AsyncRead + Unpin, D: Decoder + Unpin> Source for FramedRead<BufReader<R>, Limited<D>> {
    type Frame = D::Item;
    type Error = D::Error;

    fn has_bytes(&self) -> bool {
        !self.read_buffer().is_empty()
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut()).poll_fill_buf(cx).map_ok(|_| ())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin, C: Decoder + Unpin> Source for Framed<BufReader<T>, Limited<C>> {
    type Frame = C::Item;
    type Error = C::Error;

    fn has_bytes(&self) -> bool {
        !self.read_buffer().is_empty()
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut()).poll_fill_buf(cx).map_ok(|_| ())
    }
}

/// A frame, or the reason why no more frames can be read.
type Read<S> = Result<<S as Source>::Frame, FrameError<<S as Source>::Error>>;

/// Puts the buffer in front of a socket.
pub(super) fn buffered<T: AsyncRead>(io: T) -> BufReader<T> {
    BufReader::with_capacity(AHEAD, io)
}

/// The frames of a source, one at a time.
#[derive(Debug)]
pub(super) struct Frames<S> {
    pub(super) source: S,
    /// Whether the codec has seen all bytes that are buffered, and needs more.
    is_starved: bool,
    /// Met while waiting for bytes.
    error: Option<io::Error>,
}

impl<S: Source> Frames<S> {
    pub(super) fn new(source: S) -> Self {
        Frames { source, is_starved: false, error: None }
    }

    /// Polls until [`poll_frame`](Frames::poll_frame) may have a frame, or the end.
    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FrameError<S::Error>>> {
        if self.error.is_some() || (!self.is_starved && self.source.has_bytes()) {
            return Poll::Ready(Ok(()));
        }
        let filled = caught(|| self.source.poll_fill(cx)).map_err(FrameError::Panicked)?;
        self.error = ready!(filled).err();
        Poll::Ready(Ok(()))
    }

    /// Polls for a frame; `None` at the end of the socket. After an error it is not polled again.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Read<S>>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Some(Err(error.into())));
        }
        let polled = match caught(|| Pin::new(&mut self.source).poll_next(cx)) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(Some(Err(FrameError::Panicked(panic)))),
        };
        self.is_starved = polled.is_pending();
        polled
    }
}
