use crate::client::{Client, quote};
use crate::quotes::quotes_messages::Price;
use crate::quotes::{KEPT, QuotesHandle, SYMBOLS};
use crate::server::{STREAMS_MAX, Server};
use actors_core::prelude::*;
use actors_core::system::ShutdownReport;
use actors_http::grpc::{ACCEPTED_MESSAGES, RETRY_PUSHBACK_MS};
use futures_util::future::join_all;
use futures_util::stream::{StreamExt, TryStreamExt, iter, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tonic::{Code, Status};

/// A server on a free port of the loopback interface.
struct Running {
    address: SocketAddr,
    quotes: QuotesHandle,
    exchange: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<ShutdownReport, BoxError>>,
}

impl Running {
    async fn start() -> (Running, Client) {
        let exchange = Arc::new(Semaphore::new(1));
        let server = Server::open(exchange.clone()).unwrap();
        let (quotes, streams) = (server.quotes.clone(), server.streams.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(listener, async move { stopped.await.unwrap_or(()) }));
        let client = Client::connect(address).await.unwrap();
        (Running { address, quotes, exchange, streams, stop, serving }, client)
    }

    /// Stops it, and returns what was lost.
    async fn stop(self) -> ShutdownReport {
        self.stop.send(()).unwrap();
        let report = self.serving.await.unwrap().unwrap();
        assert!(report.total.is_balanced() && self.quotes.ledger().is_balanced(), "{report}");
        report
    }

    /// Asks over HTTP/1.1, on the same port.
    async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: quotes\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

fn accepted(status: &Status) -> &str {
    status.metadata().get(ACCEPTED_MESSAGES).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn quotes_are_published_priced_and_read_back_in_order() {
    let (server, mut client) = Running::start().await;
    assert_eq!(client.price("ACME", 1).await.unwrap_err().code(), Code::NotFound);
    let published = iter((0..100).map(|cents| quote(SYMBOLS[cents as usize % 4], cents)));
    assert_eq!(client.publish(published).await.unwrap(), 100);
    assert_eq!(client.price("NULL", 2).await.unwrap(), 198);
    let history: Vec<_> = client.history(40).await.unwrap().try_collect().await.unwrap();
    assert!(history.iter().map(|quote| (quote.number, quote.cents)).eq((40..100).map(|n| (n, n))));
    assert!(server.stop().await.is_clean());
}

#[tokio::test]
async fn a_wrong_request_is_the_clients_mistake() {
    let (server, mut client) = Running::start().await;
    assert_eq!(client.price("FREE", 1).await.unwrap_err().code(), Code::InvalidArgument);
    let status = client.publish(iter([quote("ACME", 1), quote("FREE", 2)])).await.unwrap_err();
    assert_eq!((status.code(), accepted(&status)), (Code::InvalidArgument, "1"));
    let many = iter((0..=KEPT as u64).map(|cents| quote("ECHO", cents)));
    client.publish(many).await.unwrap();
    let mut history = client.history(0).await.unwrap();
    assert_eq!(history.next().await.unwrap().unwrap_err().code(), Code::OutOfRange);
    server.stop().await;
}

// In paused time a busy machine neither uses up the second that a price has, nor the exchange's two
// milliseconds.
#[tokio::test(start_paused = true)]
async fn too_many_prices_are_refused_with_a_time_to_retry_and_the_ledger_counts_them() {
    let (server, mut client) = Running::start().await;
    client.publish(iter([quote("ACME", 7)])).await.unwrap();
    // While this is held, the exchange answers nothing.
    let line = server.exchange.acquire().await.unwrap();
    let asking = tokio::spawn(join_all((0..300).map(|_| {
        let mut client = client.clone();
        async move { client.price("ACME", 1).await }
    })));
    while server.quotes.ledger().of::<Price>().offered < 300 {
        tokio::task::yield_now().await;
    }
    drop(line);
    let (mut paid, mut refused) = (0, 0);
    for answer in asking.await.unwrap() {
        match answer {
            Ok(_) => paid += 1,
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
                assert!(status.metadata().contains_key(RETRY_PUSHBACK_MS), "{status}");
                refused += 1;
            }
        }
    }
    let row = server.quotes.ledger().of::<Price>();
    assert_eq!((row.handled, row.offered, paid + refused), (paid, 300, 300), "{row:?}");
    assert!(refused >= 300 - 129, "a mailbox has 128 slots, and one turn runs: {row:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_history_takes_a_place_until_it_ends_and_is_refused_without_one() {
    let (server, mut client) = Running::start().await;
    client.publish(iter([quote("ACME", 7)])).await.unwrap();
    // While the exchange prices an order, the history waits for the actor.
    let line = server.exchange.acquire().await.unwrap();
    let mut asker = client.clone();
    let pricing = tokio::spawn(async move { asker.price("ACME", 1).await });
    while server.quotes.ledger().of::<Price>().in_service == 0 {
        tokio::task::yield_now().await;
    }
    let history = client.history(0).await.unwrap();
    assert_eq!(server.streams.available_permits(), STREAMS_MAX - 1);
    let places = server.streams.acquire_many(STREAMS_MAX as u32 - 1).await.unwrap();
    let status = client.history(0).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.metadata().contains_key(RETRY_PUSHBACK_MS), "{status}");
    // The server drops the stream of a client that has gone.
    drop(history);
    let place = server.streams.acquire().await.unwrap();
    drop((place, places, line));
    assert!(pricing.await.unwrap().is_ok());
    let quotes: Vec<_> = client.history(0).await.unwrap().try_collect().await.unwrap();
    assert_eq!(quotes.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_open_streams_and_says_how_many_quotes_were_accepted() {
    let (server, mut client) = Running::start().await;
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200 "));
    assert!(server.get("/ledger").await.starts_with("HTTP/1.1 200 "));
    let depth = "actors_mailbox_depth{system=\"quotes\",type=\"Quotes\",actor=\"quotes\"} 0\n";
    assert!(server.get("/metrics").await.contains(depth));
    let mut publisher = client.clone();
    let open = iter((0..3).map(|cents| quote("ACME", cents))).chain(pending());
    let publishing = tokio::spawn(async move { publisher.publish(open).await });
    // The third quote is priced when it has arrived.
    while client.price("ACME", 1).await.ok() != Some(2) {
        tokio::task::yield_now().await;
    }
    let report = server.stop().await;
    assert!(report.is_clean(), "{report}");
    let status = publishing.await.unwrap().unwrap_err();
    assert_eq!((status.code(), accepted(&status)), (Code::Unavailable, "3"));
}
