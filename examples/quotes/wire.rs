//! The messages and the service of `quotes.proto`, written out: no code is generated, and no protoc
//! is needed.
//!
//! ```proto
//! syntax = "proto3";
//! package quotes;
//!
//! service Quotes {
//!   rpc Price(Order) returns (Sum);
//!   rpc Publish(stream Quote) returns (Accepted);
//!   rpc History(From) returns (stream Quote);
//! }
//! message Order { string symbol = 1; uint32 shares = 2; }
//! message Sum { uint64 cents = 1; }
//! message Quote { uint64 number = 1; string symbol = 2; uint64 cents = 3; }
//! message Accepted { uint64 count = 1; }
//! message From { uint64 number = 1; }
//! ```

use crate::service::Service;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// An order to be priced.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Order {
    #[prost(string, tag = "1")]
    pub(crate) symbol: String,
    #[prost(uint32, tag = "2")]
    pub(crate) shares: u32,
}

/// The price of an order.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Sum {
    #[prost(uint64, tag = "1")]
    pub(crate) cents: u64,
}

/// A price of one share. The board gives it its number.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Quote {
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
    #[prost(string, tag = "2")]
    pub(crate) symbol: String,
    #[prost(uint64, tag = "3")]
    pub(crate) cents: u64,
}

/// The answer to a stream of quotes.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Accepted {
    #[prost(uint64, tag = "1")]
    pub(crate) count: u64,
}

/// The number with which a history begins.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct From {
    #[prost(uint64, tag = "1")]
    pub(crate) number: u64,
}

pub(crate) const PRICE: &str = "/quotes.Quotes/Price";
pub(crate) const PUBLISH: &str = "/quotes.Quotes/Publish";
pub(crate) const HISTORY: &str = "/quotes.Quotes/History";

/// The service, as a tower service that a router takes.
#[derive(Clone, Debug)]
pub(crate) struct QuotesServer(pub(crate) Service);

impl<B> tower::Service<http::Request<B>> for QuotesServer
where
    B: axum::body::HttpBody + Send + 'static,
    B::Error: Into<axum::BoxError> + Send,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.0.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                PRICE => {
                    let price = service_fn(move |asked: Request<Order>| service.clone().price(asked));
                    Grpc::new(ProstCodec::default()).unary(price, request).await
                }
                PUBLISH => {
                    let publish = service_fn(move |quotes| service.clone().publish(quotes));
                    Grpc::new(ProstCodec::default()).client_streaming(publish, request).await
                }
                HISTORY => {
                    let history = service_fn(move |from| service.clone().history(from));
                    Grpc::new(ProstCodec::default()).server_streaming(history, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}
