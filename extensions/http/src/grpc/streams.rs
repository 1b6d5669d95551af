//! Streams of gRPC over actors, with the flow control of HTTP/2 on the one side and the mailbox on
//! the other.

use super::Status;
use crate::deadline::Deadline;
use crate::refusal::Refused;
use actors_core::{Handle, Handler, Message, Reason, Refusal};
use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::future::{Either, select};
use futures_util::stream::{StreamExt, try_unfold};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::task::yield_now;
use tokio::time::timeout_at;

/// The metadata of a failed [`feed`]: the number of messages that the actor accepted before.
pub const ACCEPTED_MESSAGES: &str = "accepted-messages";

/// Sends the messages of a client's stream to an actor, each only when its mailbox has a slot, and
/// returns their number at the end of the stream.
///
/// This is [`Handle::attach`] for a call with a stream of requests. While the mailbox is full, load
/// is shed or the rate of the type is spent, nothing is taken from the stream: messages stay in the
/// window of the HTTP/2 stream, and then the client's `send` waits. `message` makes a message of
/// what the client sent, or returns the status that ends the call.
///
/// A stream keeps one slot while its client sends nothing. So a mailbox needs more slots than there
/// are idle streams: a `max` on the message type, fewer calls
/// ([`ConcurrencyLayer`](crate::concurrency::ConcurrencyLayer)) and a deadline bound what they
/// hold. The deadline is that of a [`DeadlineLayer`](crate::deadline::DeadlineLayer), from the
/// extensions of the request. The layer answers at the same time, without [`ACCEPTED_MESSAGES`]; a
/// client sees one of the two answers.
///
/// # Errors
///
/// The status that ends the call, with [`ACCEPTED_MESSAGES`] in its metadata. So a client knows
/// where to continue, and nothing is lost silently.
///
/// | what happened | code |
/// |---|---|
/// | the actor ended or was told to stop | `UNAVAILABLE` |
/// | the deadline passed | `DEADLINE_EXCEEDED` |
/// | a message can never be sent (too many bytes) | `RESOURCE_EXHAUSTED` |
/// | `message` refused | its own |
/// | the client's stream failed, or what it sent cannot be decoded | that of the stream |
///
/// # Cancel safety
///
/// Cancel safe: dropped, it drops the stream and gives its slot back. What was accepted stays in
/// the mailbox. A server does that when the client cancels the call. tonic shows a cancelled stream
/// as one that has ended, so `feed` lets the server look for a cancellation before it returns: code
/// behind it runs only for a stream that its client ended. This holds where the call's own task
/// polls `feed`, not in a task spawned from it.
///
/// # Panics
///
/// Where `message` or the stream does.
///
/// ```
/// use actors_core::prelude::*;
/// use actors_http::deadline::Deadline;
/// use actors_http::grpc;
/// use tonic::{Request, Response, Status, Streaming};
/// # struct Quotes;
/// # use quotes_messages::Publish;
/// # #[actor]
/// # impl Quotes { #[message] fn publish(&mut self, cents: u64) {} }
///
/// async fn publish(
///     quotes: &QuotesHandle,
///     request: Request<Streaming<u64>>,
/// ) -> Result<Response<u64>, Status> {
///     let deadline = request.extensions().get::<Deadline>().copied();
///     let accepted = grpc::feed(quotes, deadline, request.into_inner(), |cents| match cents {
///         0 => Err(Status::invalid_argument("a price is not 0")),
///         cents => Ok(Publish { cents }),
///     });
///     Ok(Response::new(accepted.await?))
/// }
/// # fn main() {}
/// ```
pub async fn feed<A, M, T, St, F>(
    actor: &Handle<A>,
    deadline: Option<Deadline>,
    frames: St,
    message: F,
) -> Result<u64, Status>
where
    A: Handler<M>,
    M: Message,
    St: Stream<Item = Result<T, Status>> + Unpin,
    F: FnMut(T) -> Result<M, Status>,
{
    let mut source = Source { frames, message, failed: None };
    let mut attached = actor.attach(&mut source);
    let ended = until(deadline, &mut attached).await;
    let accepted = attached.sent();
    drop(attached);
    let status = match (ended, source.failed) {
        (Err(status), _) | (Ok(Ok(_)), Some(status)) => status,
        (Ok(Err(refused)), _) => status(&refused),
        (Ok(Ok(_)), None) => {
            // A server looks for a cancelled call when the call is pending.
            yield_now().await;
            return Ok(accepted);
        }
    };
    Err(with_accepted(status, accepted))
}

/// The messages of a client, until one fails.
struct Source<St, F> {
    frames: St,
    message: F,
    /// Why it ended before its client did.
    failed: Option<Status>,
}

// The stream is pinned by its own `Unpin`; nothing else needs to stay where it is.
impl<St: Unpin, F> Unpin for Source<St, F> {}

impl<T, M, St, F> Stream for Source<St, F>
where
    St: Stream<Item = Result<T, Status>> + Unpin,
    F: FnMut(T) -> Result<M, Status>,
{
    type Item = M;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<M>> {
        let this = &mut *self;
        let next = ready!(Pin::new(&mut this.frames).poll_next(cx));
        Poll::Ready(match next.map(|frame| frame.and_then(&mut this.message)) {
            Some(Ok(message)) => Some(message),
            Some(Err(status)) => {
                this.failed = Some(status);
                None
            }
            None => None,
        })
    }
}

/// Asks an actor with each message of a stream, and returns the stream of its answers.
///
/// The server takes an answer when the client has room for it. Only then is a slot reserved, a
/// message taken from the stream, and the actor asked; one at a time, so the answers have the order
/// of the messages. A client that reads slowly stops the production, and an actor with a full
/// mailbox stops the client's sending.
///
/// - A call in both directions passes its stream of requests. It keeps a slot while the client
///   sends nothing, like a [`feed`].
/// - A call with a stream of answers alone passes a stream that makes the messages, such as
///   `futures_util::stream::iter((0..).map(Ok))`, and ends what it returns where an answer says so.
///
/// The deadline is that of a [`DeadlineLayer`](crate::deadline::DeadlineLayer), from the extensions
/// of the request. The layer ends with the head of the response, so pass it on: a stream without a
/// deadline lasts as long as its client wishes. The stream looks at its deadline when the server
/// asks for the next answer. A server does not ask for a client that has stopped reading, so
/// neither does the deadline end that stream: bound the number of streams, with a permit that the
/// stream keeps.
///
/// Dropping the stream, as a server does when the client cancels the call, withdraws a message
/// whose turn has not begun. The stream keeps the actor alive.
///
/// # Errors
///
/// The last item is an error where the stream of messages had one, `message` refused, or the actor
/// did: see [`feed`], and [`code`](super::code) for an ask. The client has got an answer for every
/// message before that. Other than for a `feed`, load that is shed and a full line end the call, as
/// `RESOURCE_EXHAUSTED` with the time to retry.
///
/// ```
/// use actors_core::prelude::*;
/// use actors_http::deadline::Deadline;
/// use actors_http::grpc;
/// use futures_util::future::ready;
/// use futures_util::stream::{BoxStream, StreamExt, iter};
/// use tonic::{Request, Response, Status};
/// # struct Quotes { past: Vec<u64> }
/// # use quotes_messages::Past;
/// # #[actor]
/// # impl Quotes { #[message] fn past(&mut self, at: usize) -> Option<u64> { self.past.get(at).copied() } }
///
/// type Prices = BoxStream<'static, Result<u64, Status>>;
///
/// /// All prices, each asked for when the client has room for it.
/// fn history(quotes: &QuotesHandle, request: Request<()>) -> Response<Prices> {
///     let deadline = request.extensions().get::<Deadline>().copied();
///     let prices = grpc::answers(quotes, deadline, iter((0..).map(Ok)), |at| Ok(Past { at }));
///     // The first `None` ends the stream.
///     Response::new(prices.scan((), |(), price| ready(price.transpose())).boxed())
/// }
/// # fn main() {}
/// ```
pub fn answers<A, M, T, St, F>(
    actor: &Handle<A>,
    deadline: Option<Deadline>,
    frames: St,
    mut message: F,
) -> BoxStream<'static, Result<M::Reply, Status>>
where
    A: Handler<M>,
    M: Message,
    St: Stream<Item = Result<T, Status>> + Send + 'static,
    T: 'static,
    F: FnMut(T) -> Result<M, Status> + Send + 'static,
{
    let messages = frames.map(move |frame| frame.and_then(&mut message)).boxed();
    let ended = Box::pin(actor.closed().into_future());
    let talk = Talk { actor: actor.clone(), deadline, messages, ended };
    Box::pin(try_unfold(talk, move |mut talk| async move {
        let answer = until(deadline, talk.answer()).await??;
        Ok(answer.map(|answer| (answer, talk)))
    }))
}

/// An actor that answers a stream.
struct Talk<A: Handler<M>, M: Message, E> {
    actor: Handle<A>,
    deadline: Option<Deadline>,
    messages: BoxStream<'static, Result<M, Status>>,
    /// Resolves at the actor's end.
    ended: Pin<Box<E>>,
}

impl<A: Handler<M>, M: Message, E: Future> Talk<A, M, E> {
    /// Returns the answer to the next message; `None` at the end of the stream.
    async fn answer(&mut self) -> Result<Option<M::Reply>, Status> {
        let permit = self.actor.reserve::<M>().await.map_err(|refused| status(&refused))?;
        let message = match select(self.messages.next(), &mut self.ended).await {
            Either::Left((Some(message), _)) => message?,
            Either::Left((None, _)) => return Ok(None),
            Either::Right(_) => return Err(Refused::new(Reason::Closed).into()),
        };
        let ask = permit.ask(message);
        // The actor knows the deadline too: it does not handle what comes too late.
        let ask = match self.deadline {
            Some(deadline) => ask.timeout(deadline.remaining()),
            None => ask,
        };
        ask.await.map(Some).map_err(|refused| status(&refused))
    }
}

/// Waits for a future until the deadline, if there is one.
async fn until<F: Future>(deadline: Option<Deadline>, future: F) -> Result<F::Output, Status> {
    match deadline {
        Some(Deadline(at)) => timeout_at(at, future).await.map_err(|_| Refused::new(Reason::TimedOut).into()),
        None => Ok(future.await),
    }
}

fn status(refusal: &impl Refusal) -> Status {
    Refused::of(refusal).into()
}

fn with_accepted(mut status: Status, accepted: u64) -> Status {
    status.metadata_mut().insert(ACCEPTED_MESSAGES, accepted.into());
    status
}
