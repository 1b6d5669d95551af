//! The server on loopback. Tests in paused time are those in which a limit of time passes: the
//! clock jumps to it as soon as nothing else can happen.

use crate::{shop, token};
use actors_core::System;
use actors_dashboard::{Dashboard, ServeError};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

async fn serve(system: &System) -> (SocketAddr, JoinHandle<Result<(), ServeError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let dashboard = Dashboard::new(system);
    (address, tokio::spawn(dashboard.serve_on(listener)))
}

async fn ask(stream: &mut TcpStream, path: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// Reads until the text has been received.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let (mut received, mut buffer) = (String::new(), [0; 4096]);
    while !received.contains(text) {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "ended after {received:?}");
        received.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    received
}

/// Reads to the end of the connection, however it ends. A connection that stays open is a failure.
async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut received)).await;
    assert!(read.is_ok(), "still open after a minute");
    received
}

#[tokio::test]
async fn addresses_of_the_network_are_refused_without_a_token_for_them() {
    let system = System::new("test");
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = Dashboard::new(&system).serve(address).await.unwrap_err();
    assert!(refused.to_string().contains("allow_remote(token)"), "{refused}");
    let listener = TcpListener::bind(address).await.unwrap();
    assert!(matches!(Dashboard::new(&system).serve_on(listener).await, Err(ServeError::NotLoopback(_))));
    // With a token it serves, until the system shuts down.
    system.token().cancel();
    Dashboard::new(&system).allow_remote(token()).serve(address).await.unwrap();
}

#[tokio::test]
async fn a_client_gets_answers_and_events_over_one_connection_each() {
    let system = System::new("test");
    let _shop = shop(&system, "shop");
    let (address, serving) = serve(&system).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    ask(&mut client, "/healthz").await;
    until(&mut client, "alive\n").await;
    ask(&mut client, "/events").await;
    until(&mut client, "event: frame").await;
    system.token().cancel();
    let rest = to_the_end(&mut client).await;
    assert!(String::from_utf8_lossy(&rest).contains("event: end"));
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_the_others_stay() {
    let system = System::new("test");
    let (address, _serving) = serve(&system).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        let mut client = TcpStream::connect(address).await.unwrap();
        ask(&mut client, "/healthz").await;
        until(&mut client, "alive\n").await;
        clients.push(client);
    }
    let mut late = TcpStream::connect(address).await.unwrap();
    let told = to_the_end(&mut late).await;
    assert!(told.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&told));
    ask(&mut clients[0], "/healthz").await;
    until(&mut clients[0], "alive\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let system = System::new("test");
    let (address, _serving) = serve(&system).await;
    let began = tokio::time::Instant::now();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nhost: local").await.unwrap();
    to_the_end(&mut client).await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_too() {
    let system = System::new("test");
    let (address, _serving) = serve(&system).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(to_the_end(&mut client).await, b"");
    assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_head_of_more_than_16_kib_is_refused() {
    let system = System::new("test");
    let (address, _serving) = serve(&system).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-large: {}\r\n\r\n", "x".repeat(20_000));
    client.write_all(head.as_bytes()).await.unwrap();
    let told = to_the_end(&mut client).await;
    assert!(told.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&told));
}

/// A suspended browser. Its socket takes some megabytes, then nothing.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_loses_its_connection() {
    let system = System::new("test");
    let _shops: Vec<_> = (0..2000).map(|at| shop(&system, &format!("shop-{at:0200}"))).collect();
    let (address, _serving) = serve(&system).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    ask(&mut client, "/events").await;
    until(&mut client, "event: frame").await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    // The connection's end is reached, although the stream goes on for clients that read it.
    to_the_end(&mut client).await;
}
