//! The shop over a real loopback connection. No test waits for a clock.

use crate::db::DbFile;
use crate::http::{self, App};
use crate::service::{Books, Service};
use actors_http::refusal::StatusTable;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct Server {
    at: SocketAddr,
    service: Service,
    task: JoinHandle<std::io::Result<()>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    file: DbFile,
}

impl Server {
    async fn start() -> Server {
        Server::start_with(Duration::ZERO).await
    }

    /// `notice` is how long the shop reports that it is not ready before it stops.
    async fn start_with(notice: Duration) -> Server {
        let file = DbFile::new(None);
        let service = Service::open(&file).await.unwrap();
        let app = App::new(service.clone(), StatusTable::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stop_told = async move {
            let _ = stopped.await;
        };
        let task = tokio::spawn(http::serve(listener, app, stop_told, notice));
        Server { at, service, task, stop: Some(stop), file }
    }

    /// The whole response in lower case, because header names may have any case.
    async fn request(&self, line: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response.to_lowercase()
    }

    async fn expect(&self, status: u16, line: &str, body: &str) -> String {
        let response = self.request(line, body).await;
        assert!(response.starts_with(&format!("http/1.1 {status} ")), "{line}: {response}");
        response
    }

    async fn close(mut self) -> (Books, DbFile) {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap().unwrap();
        (self.service.close().await, self.file)
    }
}

#[tokio::test]
async fn an_order_that_was_paid_is_found_and_is_in_the_file() {
    let server = Server::start().await;
    let paid = server.expect(201, "POST /charge", r#"{"card": 4242, "cents": 990}"#).await;
    assert!(paid.ends_with(r#"{"order":1}"#), "{paid}");
    let found = server.expect(200, "GET /orders/1", "").await;
    assert!(found.contains(r#""cents":990"#), "{found}");
    let (books, file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
    assert_eq!(file.ids().unwrap(), [1]);
}

#[tokio::test]
async fn what_the_client_got_wrong_is_4xx() {
    let server = Server::start().await;
    server.expect(400, "POST /charge", "{").await;
    server.expect(422, "POST /charge", r#"{"card": 4242}"#).await;
    server.expect(422, "POST /charge", r#"{"card": 4242, "cents": 0}"#).await;
    server.expect(402, "POST /charge", r#"{"card": 0, "cents": 990}"#).await;
    server.expect(413, "POST /charge", &" ".repeat(10_000)).await;
    server.expect(404, "GET /orders/77", "").await;
    server.expect(400, "GET /orders/first", "").await;
    server.expect(400, "POST /view", "").await;
    server.expect(404, "PUT /prices/64", r#"{"cents": 1}"#).await;
    server.expect(405, "GET /charge", "").await;
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn views_prices_and_books_are_served() {
    let server = Server::start().await;
    server.expect(202, "POST /view?page=/", "").await;
    server.expect(202, "PUT /prices/7", r#"{"cents": 990}"#).await;
    let audit = server.expect(200, "GET /audit", "").await;
    assert!(audit.contains(r#""views":1"#) && audit.contains(r#""7":990"#), "{audit}");
    server.expect(200, "GET /healthz", "").await;
    assert!(server.expect(200, "GET /ledger", "").await.contains("offered"));
    assert!(server.expect(200, "GET /snapshot", "").await.contains(r#""system":"storefront""#));
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn a_shop_that_has_closed_refuses_and_says_when_to_come_back() {
    let server = Server::start().await;
    server.service.shop.stop().await;
    for (line, body) in [
        ("POST /charge", r#"{"card": 1, "cents": 1}"#),
        ("GET /orders/1", ""),
        ("POST /view?page=/", ""),
        ("PUT /prices/7", r#"{"cents": 1}"#),
        ("GET /audit", ""),
        ("GET /healthz", ""),
    ] {
        let refused = server.expect(503, line, body).await;
        assert!(refused.contains("\r\nretry-after: "), "{refused}");
    }
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn what_can_be_asked_for_is_listed_and_wrong_paths_and_methods_say_so() {
    let server = Server::start().await;
    let list = server.expect(200, "GET /", "").await;
    for (method, path, _) in crate::endpoints::ENDPOINTS {
        assert!(list.contains(&format!("{method:<5} {path} ").to_lowercase()), "{path} in {list}");
    }
    let missing = server.expect(404, "GET /metric", "").await;
    assert!(missing.contains("get   /metrics "), "{missing}");
    let wrong = server.expect(405, "GET /charge", "").await;
    assert!(wrong.contains("post  /charge ") && wrong.contains("\r\nallow: post"), "{wrong}");
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn the_metrics_are_those_of_the_snapshot() {
    let server = Server::start().await;
    server.expect(201, "POST /charge", r#"{"card": 4242, "cents": 990}"#).await;
    server.service.shop.stop().await;
    server.expect(503, "POST /charge", r#"{"card": 4242, "cents": 990}"#).await;
    // The order was answered inside its turn, which may not have ended yet.
    while server.service.orders.ledger().total().handled == 0 {
        tokio::task::yield_now().await;
    }
    // An actor that has ended has no gauges, and keeps its counters.
    let page = server.expect(200, "GET /metrics", "").await;
    assert!(page.contains("content-type: text/plain; version=0.0.4"), "{page}");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    for line in body.lines().filter(|line| line.starts_with("actors_")) {
        let (series, number) = line.rsplit_once(' ').unwrap();
        let of_system = "{system=\"storefront\"";
        assert!(series.ends_with('}') && series.contains(of_system) || series.contains("{le="), "{line}");
        number.parse::<f64>().unwrap();
    }
    for line in [
        "# type actors_messages_total counter",
        "actors_mailbox_capacity{system=\"storefront\",type=\"orders\",actor=\"orders\"} 64",
        "actors_mailbox_depth{system=\"storefront\",type=\"orders\",actor=\"orders\"} 0",
        "actors_workers{system=\"storefront\",type=\"orders\",actor=\"orders\"} 1",
        "actors_level{system=\"storefront\",type=\"orders\",actor=\"orders\"} 0",
        "actors_messages_offered_total{system=\"storefront\",type=\"orders\",message=\"place\"} 1",
        "actors_messages_total{system=\"storefront\",type=\"orders\",message=\"place\",outcome=\"handled\"} 1",
    ] {
        assert!(body.contains(&format!("{line}\n")), "{line} in {body}");
    }
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn a_shop_is_unready_before_its_queue_is_full_and_ready_again_afterwards() {
    let server = Server::start().await;
    server.expect(200, "GET /readyz", "").await;
    let shop = server.service.shop.clone();
    let flood = tokio::spawn(async move {
        loop {
            // At most 84 of 128 slots: payments have room up to 96.
            while shop.reading().depth < 84 {
                drop(shop.charge(1, 1).tell().try_send());
            }
            tokio::task::yield_now().await;
        }
    });
    let unready = loop {
        let answer = server.request("GET /readyz", "").await;
        if answer.starts_with("http/1.1 503 ") {
            break answer;
        }
    };
    let shop = &server.service.shop;
    assert_eq!(shop.ledger().total().refused_total(), 0, "it was unready before it refused");
    assert!(unready.contains(" of 128 slots taken, and is ready again below 84\n"), "{unready}");
    server.expect(200, "GET /healthz", "").await;
    flood.abort();
    while server.request("GET /readyz", "").await.starts_with("http/1.1 503 ") {}
    let (books, _file) = server.close().await;
    assert!(books.is_balanced(), "{books}");
}

#[tokio::test]
async fn a_shop_that_is_told_to_stop_is_unready_and_serves_until_its_notice_is_over() {
    let mut server = Server::start_with(Duration::from_secs(3600)).await;
    server.stop.take().unwrap().send(()).unwrap();
    let unready = loop {
        let answer = server.request("GET /readyz", "").await;
        if answer.starts_with("http/1.1 503 ") {
            break answer;
        }
    };
    assert!(unready.contains("not ready: the shop is shutting down\n"), "{unready}");
    server.expect(201, "POST /charge", r#"{"card": 1, "cents": 1}"#).await;
    server.task.abort();
    let books = server.service.close().await;
    assert!(books.is_balanced(), "{books}");
}
