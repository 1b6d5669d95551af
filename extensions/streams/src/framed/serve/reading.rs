//! From the socket into the mailbox.

use super::{Asked, Serve, answered};
use crate::credit::is_for_now;
use crate::framed::end::End;
use crate::framed::frames::poll_frame;
use crate::panics::caught;
use actors_core::send::{AskReturning, Permit};
use actors_core::{AskError, Handler, Message};
use futures_core::Stream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{Decoder, Encoder};

impl<A: Handler<M>, M: Message, T, C, F, G, Out> Serve<A, M, T, C, F, G, Out>
where
    T: AsyncRead + AsyncWrite + Unpin,
    C: Decoder + Encoder<Out, Error = <C as Decoder>::Error> + Unpin,
    F: FnMut(<C as Decoder>::Item) -> M,
    G: FnMut(Result<M::Reply, AskError>) -> Out,
{
    /// Reads one request if there may be one more. Returns whether something has arrived.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> bool {
        if self.end.is_some() || self.message.is_some() || self.asks.len() >= self.in_flight.get() {
            return false;
        }
        let Some(frames) = &mut self.frames else { return false };
        match poll_frame(frames, cx) {
            Poll::Pending => return false,
            Poll::Ready(None) => self.finish(End::PeerClosed),
            Poll::Ready(Some(Err(error))) => self.finish(End::Frame(error)),
            Poll::Ready(Some(Ok(frame))) => match caught(|| (self.to_message)(frame)) {
                Err(panic) => self.finish(End::Panicked(panic)),
                Ok(message) => {
                    self.requests += 1;
                    self.message = Some(message);
                }
            },
        }
        true
    }

    /// Asks for the request that was read, if there is a slot. Returns whether something was done.
    pub(super) fn ask(&mut self, cx: &mut Context<'_>) -> bool {
        if self.message.is_none() {
            return false;
        }
        // Where the actor has closed, the ask is refused at once, and its error is the reply.
        let permit = match self.poll_slot(cx) {
            Poll::Pending => return false,
            Poll::Ready(permit) => permit,
        };
        let Some(message) = self.message.take() else { return false };
        let ask = match permit {
            Some(permit) => permit.ask(message),
            None => self.handle.ask(message).owned(),
        };
        self.send(ask.returning(), cx);
        true
    }

    /// Whether there are no more slots.
    fn is_refused(&self) -> bool {
        matches!(self.end, Some(End::Refused(_))) || self.handle.is_closed()
    }

    /// Polls for the slot of a request; `None` if there will be none.
    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Option<Permit<A, M>>> {
        if self.is_refused() {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        match ready!(Pin::new(&mut self.slots).poll_next(cx)) {
            Some(Ok(permit)) => Poll::Ready(Some(permit)),
            Some(Err(refused)) => {
                self.finish(End::Refused(refused));
                Poll::Ready(None)
            }
            None => Poll::Ready(None),
        }
    }

    /// Sends a request with its first poll. Only the oldest one is polled again: an answer waits in
    /// its slot until the replies before it are written.
    fn send(&mut self, mut ask: AskReturning<'static, A, M>, cx: &mut Context<'_>) {
        match Pin::new(&mut ask).poll(cx) {
            Poll::Pending => self.asks.push_back(Asked::Waiting(ask)),
            Poll::Ready(Err((why, Some(message)))) if !self.is_refused() && is_for_now(&why) => {
                let wait = why.retry_after().unwrap_or_default();
                (self.message, self.pause) = (Some(message), Some(Box::pin(tokio::time::sleep(wait))));
            }
            Poll::Ready(answer) => self.asks.push_back(answered(answer)),
        }
    }
}
