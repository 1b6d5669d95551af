//! Both directions: each frame is asked, and the replies are written in the order of the frames.

mod reading;

use super::end::{End, Served};
use super::limited::{FrameError, Limited};
use super::linger::Linger;
use super::stop::Stop;
use crate::panics::{caught, discard, discard_each};
use actors_core::lifecycle::Waiting;
use actors_core::send::{AskReturning, Slots};
use actors_core::{AskError, Handle, Handler, Message, StopReason};
use futures_sink::Sink;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;
use tokio_util::codec::{Decoder, Encoder, Framed};

/// The default number of requests of one connection that are in flight, 32: as many messages as an
/// actor's task claims at a time, so one busy connection keeps an actor busy. A mailbox of 256
/// slots has room for eight such connections.
pub const IN_FLIGHT: NonZeroUsize = match NonZeroUsize::new(32) {
    Some(limit) => limit,
    None => panic!("the default is not zero"),
};

/// Asks an actor for each frame of a socket, and writes the replies in the order of the frames.
///
/// `to_message` makes a message of a frame, and `to_frame` a frame of the answer, or of the error
/// that an ask ended with: each request has a reply. A request is read only while fewer than
/// [`in_flight`](Serve::in_flight) of them are unanswered or unwritten, and only when the one
/// before has its slot. A request that does not fit although it has a slot (bytes, or the share of
/// its key) waits too, and those behind it. So neither a full mailbox nor a peer that does not read
/// its replies makes a backlog: both stop the reading, and the peer's window closes (C3).
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_streams::framed;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio_util::codec::LinesCodec;
/// # struct Echo;
/// # #[actor(local, capacity = 4, reserve = 0)]
/// # impl Echo {
/// #     #[message]
/// #     fn shout(&mut self, text: String) -> String { text.to_uppercase() }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let echo = System::new("echo").spawn(Echo);
/// let (mut client, socket) = tokio::io::duplex(64);
/// let to_frame = |answer: Result<String, AskError>| answer.unwrap_or_else(|error| format!("error: {error}"));
/// let served = framed::serve(&echo, socket, LinesCodec::new(), |text| EchoShout { text }, to_frame);
/// let served = tokio::spawn(served);
/// client.write_all(b"one\ntwo\n").await.unwrap();
/// client.shutdown().await.unwrap(); // half-closed: the replies still come
/// let mut replies = String::new();
/// client.read_to_string(&mut replies).await.unwrap();
/// assert_eq!(replies, "ONE\nTWO\n");
/// assert_eq!(served.await.unwrap().replies, 2);
/// # }
/// ```
pub fn serve<A: Handler<M>, M: Message, T, C, F, G, Out>(
    handle: &Handle<A>,
    io: T,
    codec: C,
    to_message: F,
    to_frame: G,
) -> Serve<A, M, T, C, F, G, Out>
where
    T: AsyncRead + AsyncWrite + Unpin,
    C: Decoder + Encoder<Out, Error = <C as Decoder>::Error> + Unpin,
    F: FnMut(<C as Decoder>::Item) -> M,
    G: FnMut(Result<M::Reply, AskError>) -> Out,
{
    Serve {
        handle: handle.clone(),
        slots: Slots::of(handle),
        closed: handle.closed().untracked(),
        frames: Some(Framed::new(io, Limited::new(codec))),
        to_message,
        message: None,
        pause: None,
        stop: Stop::default(),
        to_frame,
        farewell: None,
        in_flight: IN_FLIGHT,
        asks: VecDeque::new(),
        is_unflushed: false,
        linger: None,
        end: None,
        requests: 0,
        replies: 0,
    }
}

/// Makes the last frame of a connection.
type Farewell<Out, E> = Box<dyn FnOnce(&End<E>) -> Option<Out> + Send>;

/// A request whose reply is not written yet.
enum Asked<A: Handler<M>, M: Message> {
    Waiting(AskReturning<'static, A, M>),
    Answered(Result<M::Reply, AskError>),
}

/// Drops a message that comes back with the error.
fn answered<A: Handler<M>, M: Message>(answer: Result<M::Reply, (AskError, Option<M>)>) -> Asked<A, M> {
    Asked::Answered(answer.map_err(|(why, message)| {
        discard(message);
        why
    }))
}

/// The future of [`serve`], which resolves with a report when the connection has ended.
///
/// After the peer's last frame, a broken frame or the actor's end, the replies that are owed are
/// still written, then the [`farewell`](Serve::farewell), and the socket is shut down. A peer that
/// never reads delays that for ever: put a time limit around the whole.
///
/// # Cancel safety
/// Cancel safe. Dropped, it drops the socket, and withdraws the requests whose turns have not
/// begun.
///
/// # Panics
/// When it is polled after it has completed.
#[must_use = "nothing is read before it is polled"]
pub struct Serve<A: Handler<M>, M: Message, T, C: Decoder, F, G, Out> {
    handle: Handle<A>,
    slots: Slots<A, M>,
    closed: Waiting<StopReason>,
    /// `None` once this has completed.
    frames: Option<Framed<T, Limited<C>>>,
    to_message: F,
    /// The request that was read, and waits for its slot.
    message: Option<M>,
    /// The wait of a request that did not fit although it had a slot.
    pause: Option<Pin<Box<Sleep>>>,
    stop: Stop,
    to_frame: G,
    farewell: Option<Farewell<Out, C::Error>>,
    in_flight: NonZeroUsize,
    asks: VecDeque<Asked<A, M>>,
    is_unflushed: bool,
    /// Once the writing direction is shut down.
    linger: Option<Linger>,
    /// Why no more requests are read, once that is known.
    end: Option<End<C::Error>>,
    requests: u64,
    replies: u64,
}

// The socket and the codec are pinned by their own `Unpin`.
impl<A: Handler<M>, M: Message, T: Unpin, C: Decoder, F, G, Out> Unpin for Serve<A, M, T, C, F, G, Out> {}

impl<A: Handler<M>, M: Message, T, C: Decoder, F, G, Out> fmt::Debug for Serve<A, M, T, C, F, G, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Serve");
        shown.field("asks", self.handle.name()).field("in_flight", &self.asks.len());
        shown.field("requests", &self.requests).field("replies", &self.replies).finish_non_exhaustive()
    }
}

impl<A: Handler<M>, M: Message, T, C, F, G, Out> Serve<A, M, T, C, F, G, Out>
where
    T: AsyncRead + AsyncWrite + Unpin,
    C: Decoder + Encoder<Out, Error = <C as Decoder>::Error> + Unpin,
    F: FnMut(<C as Decoder>::Item) -> M,
    G: FnMut(Result<M::Reply, AskError>) -> Out,
{
    /// Sets the largest number of bytes that an unfinished request may have. The default is
    /// [`MAX_FRAME`](super::MAX_FRAME).
    pub fn max_frame(mut self, bytes: usize) -> Self {
        if let Some(frames) = &mut self.frames {
            frames.codec_mut().set_limit(bytes);
        }
        self
    }

    /// Sets how many requests are asked at a time, those included whose replies wait for the peer
    /// to read. The default is [`IN_FLIGHT`]. With 1, the next request is read when the reply is
    /// written.
    pub fn in_flight(mut self, requests: NonZeroUsize) -> Self {
        self.in_flight = requests;
        self
    }

    /// Sets a signal after which no more requests are read, for an orderly end. Those that were
    /// read are answered, then comes the farewell. Put a time limit around the whole, for a peer
    /// that does not read and an actor that is slow.
    pub fn until(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Stop::when(stop);
        self
    }

    /// Sets a last frame, which tells the peer why the connection ends. It is written unless the
    /// socket cannot be written any more, or `to_frame` has panicked.
    pub fn farewell(
        mut self,
        farewell: impl FnOnce(&End<<C as Decoder>::Error>) -> Option<Out> + Send + 'static,
    ) -> Self {
        self.farewell = Some(Box::new(farewell));
        self
    }

    /// Ends the reading. Of two reasons, the first one holds.
    fn finish(&mut self, end: End<<C as Decoder>::Error>) {
        match end {
            // The socket is not used again after a panic in it.
            End::Frame(FrameError::Panicked(_)) => self.abort(end),
            end => {
                self.end.get_or_insert(end);
            }
        }
    }

    /// Ends at once: what is owed cannot be written.
    fn abort(&mut self, end: End<<C as Decoder>::Error>) {
        self.end = Some(end);
        discard_each(self.asks.drain(..));
        discard(self.message.take());
        self.farewell = None;
        (self.is_unflushed, self.frames) = (false, None);
    }

    /// Writes the oldest reply if it is there and the peer reads. Returns whether it did.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        match self.asks.front_mut() {
            None => return false,
            Some(Asked::Answered(_)) => {}
            Some(Asked::Waiting(ask)) => match Pin::new(ask).poll(cx) {
                Poll::Pending => return false,
                Poll::Ready(answer) => self.asks[0] = answered(answer),
            },
        }
        match self.poll_writable(cx) {
            Poll::Pending => return false,
            Poll::Ready(Err(error)) => {
                self.abort(End::Write(error));
                return true;
            }
            Poll::Ready(Ok(())) => {}
        }
        let Some(Asked::Answered(answer)) = self.asks.pop_front() else { return false };
        match caught(|| (self.to_frame)(answer)) {
            Err(panic) => self.abort(End::Panicked(panic)),
            Ok(frame) => {
                if self.start_write(frame) {
                    self.replies += 1;
                }
            }
        }
        true
    }

    /// Calls the writing direction of the socket. A panic is an error of it.
    fn poll_socket(
        &mut self,
        poll: impl FnOnce(Pin<&mut Framed<T, Limited<C>>>) -> Poll<Result<(), FrameError<<C as Decoder>::Error>>>,
    ) -> Poll<Result<(), FrameError<<C as Decoder>::Error>>> {
        let Some(frames) = &mut self.frames else { return Poll::Ready(Ok(())) };
        let polled = caught(|| poll(Pin::new(frames)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(FrameError::Panicked(panic))))
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FrameError<<C as Decoder>::Error>>> {
        self.poll_socket(|socket| Sink::<Out>::poll_ready(socket, cx))
    }

    /// Puts a frame into the write buffer. Returns whether it is there.
    fn start_write(&mut self, frame: Out) -> bool {
        match self.poll_socket(|socket| Poll::Ready(socket.start_send(frame))) {
            Poll::Ready(Err(error)) => {
                self.abort(End::Write(error));
                false
            }
            Poll::Ready(Ok(())) | Poll::Pending => {
                self.is_unflushed = true;
                true
            }
        }
    }

    /// Flushes what is written. Pending replies do not wait for it.
    fn flush(&mut self, cx: &mut Context<'_>) {
        if !self.is_unflushed {
            return;
        }
        match self.poll_socket(|socket| Sink::<Out>::poll_flush(socket, cx)) {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.is_unflushed = false,
            Poll::Ready(Err(error)) => self.abort(End::Write(error)),
        }
    }

    /// Writes the last frame, shuts down, and reads until the peer has closed too.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.linger.is_none() {
            ready!(self.poll_shutdown(cx));
        }
        if let (Some(linger), Some(frames)) = (&mut self.linger, &mut self.frames) {
            ready!(linger.poll(frames.get_mut(), cx));
        }
        self.frames = None;
        Poll::Ready(())
    }

    /// Writes the last frame and shuts the writing direction down.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.farewell.is_some() {
            match ready!(self.poll_writable(cx)) {
                Err(error) => self.abort(End::Write(error)),
                Ok(()) => self.say_farewell(),
            }
        }
        let closed = ready!(self.poll_socket(|socket| Sink::<Out>::poll_close(socket, cx)));
        match (closed, &self.end) {
            // What was read and answered stays so; only the goodbye was not heard.
            (Err(error), _) => self.finish(End::Write(error)),
            // Everything was read.
            (Ok(()), Some(End::PeerClosed)) => {}
            (Ok(()), _) => self.linger = Some(Linger::start()),
        }
        Poll::Ready(())
    }

    fn say_farewell(&mut self) {
        let (Some(farewell), Some(end)) = (self.farewell.take(), &self.end) else { return };
        match caught(|| farewell(end)) {
            Ok(Some(frame)) => {
                self.start_write(frame);
            }
            Ok(None) => {}
            Err(panic) => self.abort(End::Panicked(panic)),
        }
    }
}

impl<A: Handler<M>, M: Message, T, C: Decoder, F, G, Out> Drop for Serve<A, M, T, C, F, G, Out> {
    fn drop(&mut self) {
        discard_each(self.asks.drain(..));
        discard(self.message.take());
    }
}

impl<A: Handler<M>, M: Message, T, C, F, G, Out> Future for Serve<A, M, T, C, F, G, Out>
where
    T: AsyncRead + AsyncWrite + Unpin,
    C: Decoder + Encoder<Out, Error = <C as Decoder>::Error> + Unpin,
    F: FnMut(<C as Decoder>::Item) -> M,
    G: FnMut(Result<M::Reply, AskError>) -> Out,
{
    type Output = Served<<C as Decoder>::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.end.is_none()
            && Pin::new(&mut this.closed).poll(cx).is_ready()
            && let Err(refused) = this.handle.try_reserve::<M>()
        {
            this.finish(End::Refused(refused));
        }
        if this.stop.poll(cx).is_ready() {
            this.finish(End::Stopped);
        }
        assert!(this.frames.is_some(), "a connection was polled after its end");
        // Each request needs a slot, and each slot costs a unit of tokio's cooperative budget.
        loop {
            let mut has_moved = this.write(cx);
            has_moved |= this.read(cx);
            has_moved |= this.ask(cx);
            if !has_moved {
                break;
            }
        }
        this.flush(cx);
        if this.end.is_some() && this.asks.is_empty() && this.message.is_none() {
            ready!(this.poll_close(cx));
        }
        match this.end.take() {
            Some(end) if this.frames.is_none() => {
                Poll::Ready(Served { requests: this.requests, replies: this.replies, end })
            }
            end => {
                this.end = end;
                Poll::Pending
            }
        }
    }
}
