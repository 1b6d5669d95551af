//! A client of the service, for `--check` and the tests.

use crate::wire::{Accepted, From, HISTORY, Order, PRICE, PUBLISH, Quote, Sum};
use futures_util::Stream;
use http::uri::PathAndQuery;
use std::net::SocketAddr;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

#[derive(Clone, Debug)]
pub(crate) struct Client(tonic::client::Grpc<Channel>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Client, tonic::transport::Error> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        Ok(Client(tonic::client::Grpc::new(channel)))
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))
    }

    pub(crate) async fn price(&mut self, symbol: &str, shares: u32) -> Result<u64, Status> {
        self.ready().await?;
        let order = Request::new(Order { symbol: symbol.to_owned(), shares });
        let sum = self.0.unary(order, PathAndQuery::from_static(PRICE), ProstCodec::default()).await?;
        let Sum { cents } = sum.into_inner();
        Ok(cents)
    }

    pub(crate) async fn publish(
        &mut self,
        quotes: impl Stream<Item = Quote> + Send + 'static,
    ) -> Result<u64, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(PUBLISH);
        let accepted = self.0.client_streaming(Request::new(quotes), path, ProstCodec::default()).await?;
        let Accepted { count } = accepted.into_inner();
        Ok(count)
    }

    pub(crate) async fn history(&mut self, number: u64) -> Result<Streaming<Quote>, Status> {
        self.ready().await?;
        let path = PathAndQuery::from_static(HISTORY);
        let quotes = self.0.server_streaming(Request::new(From { number }), path, ProstCodec::default());
        Ok(quotes.await?.into_inner())
    }
}

/// A quote to be published.
pub(crate) fn quote(symbol: &str, cents: u64) -> Quote {
    Quote { number: 0, symbol: symbol.to_owned(), cents }
}
