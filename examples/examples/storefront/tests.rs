//! The shop over a real loopback connection. Nothing here waits for a clock.

use crate::db::DbFile;
use crate::http::{self, App};
use crate::refusal::StatusTable;
use crate::service::{Books, Service};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct Server {
    at: SocketAddr,
    service: Service,
    task: JoinHandle<std::io::Result<()>>,
    stop: tokio::sync::oneshot::Sender<()>,
    file: DbFile,
}

impl Server {
    async fn start() -> Server {
        let file = DbFile::new(None);
        let service = Service::open(&file).await.unwrap();
        let app = App { service: service.clone(), statuses: StatusTable::new(&[]) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(http::serve(listener, app, async move {
            let _ = stopped.await;
        }));
        Server { at, service, task, stop, file }
    }

    /// The whole response, in lower case: header names come in any.
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

    async fn close(self) -> (Books, DbFile) {
        self.stop.send(()).unwrap();
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
