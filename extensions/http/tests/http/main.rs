//! The layers and the answers, without a network and in paused time.

mod concurrency;
mod criticality;
mod deadline;
#[cfg(feature = "tonic")]
mod grpc;
mod load;
#[cfg(feature = "tonic")]
mod mill;
mod ready;
mod refusal;
#[cfg(feature = "tonic")]
mod streams;
#[cfg(feature = "tonic")]
mod trailers;
#[cfg(feature = "tonic")]
mod wire;

use actors_core::observe::Level;
use actors_core::prelude::*;
use http::{Request, Response};
use std::convert::Infallible;
use std::time::Duration;
use tower::Service;

/// An actor that gets overloaded when half of its eight slots are taken for 20 ms.
pub(crate) struct Shop;

#[actor(
    vis = pub(crate),
    capacity = 8,
    reserve = 0,
    pressure(high = 0.5, low = 0.25, dwell = "10ms", respond = [block])
)]
impl Shop {
    #[message(overflow = reject)]
    fn viewed(&mut self) {}

    #[message]
    async fn charge(&mut self, cents: u64) -> u64 {
        cents
    }
}

/// Fills the mailbox of an actor that takes no turns, until it is overloaded.
pub(crate) async fn overload(shop: &ShopHandle) {
    for _ in 0..8 {
        shop.viewed().try_send().unwrap();
    }
    for _ in 0..100 {
        if shop.reading().level == Level::Overloaded {
            return;
        }
        tokio::time::advance(Duration::from_millis(10)).await;
        tokio::task::yield_now().await;
    }
    panic!("not overloaded after a second: {:?}", shop.reading());
}

/// A request with one header.
pub(crate) fn request(header: Option<(&str, &str)>) -> Request<()> {
    let builder = Request::get("/");
    let builder = match header {
        Some((name, value)) => builder.header(name, value),
        None => builder,
    };
    builder.body(()).unwrap()
}

/// A service that answers 200.
pub(crate) fn ok() -> impl Service<
    Request<()>,
    Response = Response<String>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<String>, Infallible>> + Send,
> + Clone {
    tower::service_fn(async |_: Request<()>| Ok(Response::new("served\n".to_owned())))
}

/// The cells of the rows of a Markdown table in a text that name a word as code.
pub(crate) fn row_of<'a>(text: &'a str, word: &str) -> &'a str {
    let code = format!("`{word}`");
    let mut rows = text
        .lines()
        .map(|line| line.trim_start_matches("//! "))
        .filter(|line| line.starts_with("| `") && line.contains(&code));
    let row = rows.next().unwrap_or_else(|| panic!("no row has {code}"));
    assert!(rows.next().is_none(), "two rows have {code}");
    row
}
