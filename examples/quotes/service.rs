//! What each call does: a message to the actor, or a stream of them.

use crate::quotes::quotes_messages::{Past as AskPast, Publish};
use crate::quotes::{Past, QuotesHandle, SYMBOLS};
use crate::wire::{Accepted, From, Order, Quote, Sum};
use actors_http::deadline::Deadline;
use actors_http::grpc;
use actors_http::refusal::Refused;
use futures_util::future::ready;
use futures_util::stream::{BoxStream, StreamExt, iter};
use tonic::{Request, Response, Status, Streaming};

/// The calls, over one actor.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) quotes: QuotesHandle,
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
            None => Err(Status::not_found("there is no quote yet")),
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

    /// Each quote is asked for when the client has room for it.
    pub(crate) async fn history(
        self,
        request: Request<From>,
    ) -> Result<Response<BoxStream<'static, Result<Quote, Status>>>, Status> {
        let deadline = deadline(&request);
        let numbers = iter((request.into_inner().number..).map(Ok));
        let past = grpc::answers(&self.quotes, deadline, numbers, |number| Ok(AskPast { number }));
        let quotes = past.scan((), |(), past| {
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
