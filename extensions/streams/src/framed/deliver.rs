//! One direction: each frame of a socket becomes a message.

use super::end::{Delivered, End};
use super::frames::poll_frame;
use super::limited::Limited;
use super::stop::Stop;
use crate::panics::{caught, discard};
use actors_core::lifecycle::Waiting;
use actors_core::send::MailSink;
use actors_core::{Handle, Handler, Message, SendError, StopReason};
use futures_sink::Sink;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncRead;
use tokio_util::codec::{Decoder, FramedRead};

/// Sends each frame of a socket to an actor, as the message that `to_message` makes of it.
///
/// One frame is read ahead. While the mailbox is full, nothing more is read, so the peer's window
/// closes (C3). `io` is a socket or its reading half. Bytes that were read before, for example in a
/// handshake, are put in front with `tokio::io::AsyncReadExt::chain`.
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_streams::framed::{self, End};
/// use tokio_util::codec::LinesCodec;
/// # #[derive(Default)] struct Log { lines: u32 }
/// # #[actor(local, capacity = 4, reserve = 0)]
/// # impl Log {
/// #     #[message]
/// #     fn line(&mut self, text: String) { self.lines += 1; drop(text); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let log = System::new("log").spawn(Log::default());
/// let socket = &b"one\ntwo\nthree\n"[..];
/// let report = framed::deliver(&log, socket, LinesCodec::new(), |text| LogLine { text }).max_frame(4096).await;
/// assert_eq!(report.frames, 3);
/// assert!(matches!(report.end, End::PeerClosed));
/// # }
/// ```
pub fn deliver<A: Handler<M>, M: Message, R, D, F>(
    handle: &Handle<A>,
    io: R,
    decoder: D,
    to_message: F,
) -> Deliver<A, M, R, D, F>
where
    R: AsyncRead + Unpin,
    D: Decoder + Unpin,
    F: FnMut(D::Item) -> M,
{
    Deliver {
        sink: handle.sink(),
        handle: handle.clone(),
        closed: handle.closed().untracked(),
        frames: Some(FramedRead::new(io, Limited::new(decoder))),
        to_message,
        message: None,
        stop: Stop::default(),
        is_stopped: false,
        is_sending: false,
        count: 0,
    }
}

/// The future of [`deliver`], which resolves with a report.
///
/// # Cancel safety
/// Cancel safe. Dropped, it gives its slot back and drops the socket. The message of a frame that
/// was read, and waits for its slot or for bytes of the mailbox, is dropped with it.
///
/// # Panics
/// When it is polled after it has completed.
#[must_use = "nothing is read before it is polled"]
pub struct Deliver<A: Handler<M>, M: Message, R, D, F> {
    handle: Handle<A>,
    sink: MailSink<A, M>,
    closed: Waiting<StopReason>,
    /// `None` once this has completed.
    frames: Option<FramedRead<R, Limited<D>>>,
    to_message: F,
    /// Made of the frame that waits for its slot.
    message: Option<M>,
    stop: Stop,
    is_stopped: bool,
    /// Whether the sink has a message that is not counted yet.
    is_sending: bool,
    count: u64,
}

// The socket and the codec are pinned by their own `Unpin`.
impl<A: Handler<M>, M: Message, R: Unpin, D, F> Unpin for Deliver<A, M, R, D, F> {}

impl<A: Handler<M>, M: Message, R, D, F> Drop for Deliver<A, M, R, D, F> {
    fn drop(&mut self) {
        discard(self.message.take());
    }
}

impl<A: Handler<M>, M: Message, R, D, F> fmt::Debug for Deliver<A, M, R, D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Deliver");
        shown.field("to", self.handle.name()).field("frames", &self.count).finish_non_exhaustive()
    }
}

type Ended<M, E> = (End<E>, Option<M>);

impl<A: Handler<M>, M: Message, R, D, F> Deliver<A, M, R, D, F>
where
    R: AsyncRead + Unpin,
    D: Decoder + Unpin,
    F: FnMut(D::Item) -> M,
{
    /// Sets the largest number of bytes that an unfinished frame may have. The default is
    /// [`MAX_FRAME`](super::MAX_FRAME). It also protects from a codec that has no limit of its own.
    pub fn max_frame(mut self, bytes: usize) -> Self {
        if let Some(frames) = &mut self.frames {
            frames.decoder_mut().set_limit(bytes);
        }
        self
    }

    /// Sets a signal after which no more frames are read, for an orderly end. A frame that was read
    /// before still waits for its slot: put a time limit around the whole, which drops it.
    ///
    /// Frames that the peer has sent and that are not read are lost to the peer, which gets no
    /// answer here.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Stop::when(stop);
        self
    }

    /// Moves one frame, or waits. Ready at the end.
    fn poll_move(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended<M, D::Error>>> {
        let refused = |refused: SendError<Option<M>>| {
            let mut item = None;
            let refused = refused.map(|unsent| item = unsent);
            (End::Refused(refused), item)
        };
        if self.is_sending {
            ready!(Pin::new(&mut self.sink).poll_flush(cx)).map_err(refused)?;
            self.is_sending = false;
            self.count += 1;
        }
        if self.message.is_none() {
            if self.is_stopped {
                return Poll::Ready(Err((End::Stopped, None)));
            }
            let Some(frames) = &mut self.frames else { return Poll::Pending };
            let frame = match ready!(poll_frame(frames, cx)) {
                None => return Poll::Ready(Err((End::PeerClosed, None))),
                Some(Err(error)) => return Poll::Ready(Err((End::Frame(error), None))),
                Some(Ok(frame)) => frame,
            };
            let message = caught(|| (self.to_message)(frame));
            self.message = Some(message.map_err(|panic| (End::Panicked(panic), None))?);
        }
        ready!(Pin::new(&mut self.sink).poll_ready(cx)).map_err(refused)?;
        let Some(message) = self.message.take() else { return Poll::Ready(Ok(())) };
        Pin::new(&mut self.sink).start_send(message).map_err(refused)?;
        self.is_sending = true;
        Poll::Ready(Ok(()))
    }
}

impl<A: Handler<M>, M: Message, R, D, F> Future for Deliver<A, M, R, D, F>
where
    R: AsyncRead + Unpin,
    D: Decoder + Unpin,
    F: FnMut(D::Item) -> M,
{
    type Output = Delivered<M, D::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(this.frames.is_some(), "the frames of a socket were polled after their end");
        let mut ended = None;
        this.is_stopped |= this.stop.poll(cx).is_ready();
        if Pin::new(&mut this.closed).poll(cx).is_ready()
            && let Err(refused) = this.handle.try_reserve::<M>()
        {
            ended = Some((End::Refused(refused), None));
        }
        // Each frame needs a slot, and each slot costs a unit of tokio's cooperative budget.
        let (end, undelivered) = loop {
            if let Some(ended) = ended {
                break ended;
            }
            ended = ready!(this.poll_move(cx)).err();
        };
        // The message that waited for a slot, or in the sink for bytes, when the end came.
        let undelivered = undelivered.or_else(|| this.message.take()).or_else(|| this.sink.take_unsent());
        // Gives the slot back. The socket is closed before the report is out.
        let _ = Pin::new(&mut this.sink).poll_close(cx);
        this.frames = None;
        Poll::Ready(Delivered { frames: this.count, undelivered, end })
    }
}
