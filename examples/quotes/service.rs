//! What each call does: a message to the actor, or a stream of them.

use crate::quotes::quotes_messages::{Past as AskPast, Publish};
use crate::quotes::{Past, QuotesHandle, SYMBOLS};
use crate::wire::{Accepted, From, Order, Quote, Sum};
use actors_core::Reason;
use actors_http::deadline::Deadline;
use actors_http::grpc;
use actors_http::refusal::Refused;
use futures_util::future::ready;
use futures_util::stream::{BoxStream, StreamExt, iter};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// When a client whose history found no place tries again: most histories are read in a second.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The calls, over one actor.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) quotes: QuotesHandle,
    /// A permit for each history.
    pub(crate) streams: Arc<Semaphore>,
}

/// The caller's deadline, from the layer in front.
fn deadline<T>(request: &Request<T>) -> Option<Deadline> {
    request.extensions().get().copied()
}

fn symbol(name: &str) -> Result<usize, Status> {
    let known = SYMBOLS.iter().position(|symbol| *symbol == name);
    known.ok_or_else(|| Status::invalid_argument("the symbols are ACME, ECHO, INIT and NULL"))
}

impl Service {
    /// `?` turns a refusal of the actor into a status that says when to retry.
    pub(crate) async fn price(self, request: Request<Order>) -> Result<Response<Sum>, Status> {
        let deadline = deadline(&request);
        let Order { symbol: name, shares } = request.into_inner();
        let ask = self.quotes.price(symbol(&name)?, shares);
        let ask = match deadline {
            Some(deadline) => ask.timeout(deadline.remaining()),
            None => ask,
        };
        match ask.await.map_err(Refused::from)? {
            Some(cents) => Ok(Response::new(Sum { cents })),
            None => Err(Status::not_found("the symbol has no quote yet")),
        }
    }

    /// Quotes are taken from the client only while the mailbox has room for them.
    pub(crate) async fn publish(
        self,
        request: Request<Streaming<Quote>>,
    ) -> Result<Response<Accepted>, Status> {
        let deadline = deadline(&request);
        let accepted = grpc::feed(&self.quotes, deadline, request.into_inner(), |quote| {
            Ok(Publish { symbol: symbol(&quote.symbol)?, cents: quote.cents })
        });
        Ok(Response::new(Accepted { count: accepted.await? }))
    }

    /// Each quote is asked for when the client has room for it. A client that stops reading keeps
    /// its place, so the places are bounded.
    pub(crate) async fn history(
        self,
        request: Request<From>,
    ) -> Result<Response<BoxStream<'static, Result<Quote, Status>>>, Status> {
        let deadline = deadline(&request);
        let Ok(place) = self.streams.try_acquire_owned() else {
            return Err(Refused::new(Reason::Full).with_retry_after(FULL_RETRY_AFTER).into());
        };
        let numbers = iter((request.into_inner().number..).map(Ok));
        let past = grpc::answers(&self.quotes, deadline, numbers, |number| Ok(AskPast { number }));
        let quotes = past.scan(place, |_, past| {
            ready(match past {
                Ok(Past::Quote(quote)) => Some(Ok(quote)),
                Ok(Past::Gone) => Some(Err(Status::out_of_range("so old quotes are not kept"))),
                Ok(Past::NotYet) => None,
                Err(status) => Some(Err(status)),
            })
        });
        Ok(Response::new(quotes.boxed()))
    }
}
