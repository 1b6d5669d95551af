//! The pipeline with its database held by a gate. No test waits for a clock.

use crate::db::{BeforeCommit, Scratch};
use crate::event::{self, Event, generated};
use crate::http::{self, App};
use crate::reader::{self, Read};
use crate::service::Service;
use crate::verdict;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Holds every commit while it is closed. It opens when it is dropped, also by a failed test.
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn closed() -> (Gate, BeforeCommit) {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let held = gate.clone();
        let before_commit = move |_| {
            let (is_open, changed) = &*held;
            drop(changed.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
        };
        (Gate(gate), Box::new(before_commit))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let (is_open, changed) = &*self.0;
        *is_open.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// A source that counts the bytes that are read from it.
struct Counted {
    bytes: io::Cursor<Vec<u8>>,
    read: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.bytes).poll_read(cx, buf);
        self.read.fetch_add(buf.filled().len() - before, Ordering::Relaxed);
        polled
    }
}

fn line(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

fn assert_kept(checks: &[verdict::Check]) {
    assert!(checks.iter().all(|(_, is_kept)| *is_kept), "{checks:#?}");
}

#[tokio::test]
async fn a_slow_database_stops_the_reading_and_nothing_is_lost() {
    let (scratch, (gate, before_commit)) = (Scratch::create("file").unwrap(), Gate::closed());
    let path = scratch.file("events.jsonl");
    event::generate(&path, 20_000).unwrap();
    let (content, bytes) = (event::content(&path).unwrap(), std::fs::read(&path).unwrap());
    let (all, read) = (bytes.len(), Arc::new(AtomicUsize::new(0)));
    let source = Counted { bytes: io::Cursor::new(bytes), read: read.clone() };

    let db = scratch.file("events.db");
    let service = Service::open(&db, content.events, before_commit).await.unwrap();
    let parser = service.parser.clone();
    let reading = tokio::spawn(async move { reader::read(source, &parser, pending()).await });
    // While the gate is closed, full mailboxes stay full.
    while service.parser.reading().depth < 64 || service.writer.reading().depth < 128 {
        tokio::task::yield_now().await;
    }
    // Two mailboxes, an open batch, and two buffers of 8 KiB.
    let bound = 40_000;
    assert!(all > 20 * bound && read.load(Ordering::Relaxed) < bound, "{read:?} of {all}");
    assert!(!reading.is_finished());
    assert_eq!(service.progress.rows(), 0);

    drop(gate);
    let lines = reading.await.unwrap().unwrap().lines;
    let books = service.close().await.unwrap();
    assert_eq!(read.load(Ordering::Relaxed), all);
    assert_kept(&verdict::of_file(&content, lines, &verdict::found(&db).unwrap(), &books));
    assert_eq!(books.progress.thirds().len(), 3);
}

#[tokio::test]
async fn lines_that_are_no_events_are_counted() {
    let scratch = Scratch::create("malformed").unwrap();
    let path = scratch.file("events.jsonl");
    let mut damaged = Event::new(1, 0, 990);
    damaged.cents += 1;
    let text =
        [line(&Event::new(0, 0, 5)), "{".into(), line(&damaged), line(&Event::new(0, 1, 6))].join("\n");
    std::fs::write(&path, text).unwrap();
    let content = event::content(&path).unwrap();
    assert_eq!((content.events, content.malformed), (2, 2));
    let db = scratch.file("events.db");
    let service = Service::open(&db, 2, Box::new(|_| {})).await.unwrap();
    let source = tokio::fs::File::open(&path).await.unwrap();
    let lines = reader::read(source, &service.parser, pending()).await.unwrap().lines;
    let books = service.close().await.unwrap();
    assert_kept(&verdict::of_file(&content, lines, &verdict::found(&db).unwrap(), &books));
}

#[tokio::test]
async fn a_row_that_is_missing_damaged_or_out_of_order_breaks_a_promise() {
    let scratch = Scratch::create("broken").unwrap();
    let db = scratch.file("events.db");
    let service = Service::open(&db, 3, Box::new(|_| {})).await.unwrap();
    let text = [0, 2, 1].map(|seq| line(&Event::new(0, seq, 5))).join("\n");
    reader::read(text.as_bytes(), &service.parser, pending()).await.unwrap();
    let books = service.close().await.unwrap();
    let found = verdict::found(&db).unwrap();
    assert_eq!((found.rows, found.gaps, found.out_of_order), (3, 1, 1));
    let broken = verdict::of_requests(4, &found, &books);
    assert_eq!(broken.iter().filter(|(_, is_kept)| !is_kept).count(), 2, "{broken:#?}");
}

/// The texts of the promises that were broken.
fn broken(checks: &[verdict::Check]) -> String {
    let broken = checks.iter().filter(|(_, is_kept)| !is_kept).map(|(text, _)| text.as_str());
    broken.collect::<Vec<_>>().join("; ")
}

/// A pipeline whose mailboxes are full behind a gate, and what is read of its source.
async fn full(scratch: &Scratch) -> (Gate, Service, JoinHandle<Read>, oneshot::Sender<()>) {
    let (gate, before_commit) = Gate::closed();
    let service = Service::open(&scratch.file("events.db"), 0, before_commit).await.unwrap();
    let lines: String = generated(2000).map(|event| line(&event) + "\n").collect();
    let (stop, stopped) = oneshot::channel();
    let parser = service.parser.clone();
    let reading = tokio::spawn(async move {
        let source = io::Cursor::new(lines);
        reader::read(source, &parser, async move { drop(stopped.await) }).await.unwrap()
    });
    while service.parser.reading().depth < 64 || service.writer.reading().depth < 128 {
        tokio::task::yield_now().await;
    }
    (gate, service, reading, stop)
}

#[tokio::test]
async fn a_pipeline_that_is_told_to_end_writes_what_it_has_read() {
    let scratch = Scratch::create("stopped").unwrap();
    let (gate, service, reading, stop) = full(&scratch).await;
    stop.send(()).unwrap();
    drop(gate);
    let read = reading.await.unwrap();
    assert!(read.is_stopped && (192..500).contains(&read.lines), "{read:?}");
    let books = service.close().await.unwrap();
    let found = verdict::found(&scratch.file("events.db")).unwrap();
    assert_kept(&verdict::of_part(read.lines, &found, &books));
    assert!(broken(&verdict::of_part(read.lines + 1, &found, &books)).contains("accounted for"));
}

#[tokio::test]
async fn an_actor_that_is_killed_breaks_promises_although_the_shutdown_comes_later() {
    let scratch = Scratch::create("killed").unwrap();
    let (gate, service, reading, stop) = full(&scratch).await;
    service.writer.kill();
    drop(gate);
    stop.send(()).unwrap();
    let read = reading.await.unwrap();
    let books = service.close().await.unwrap();
    let found = verdict::found(&scratch.file("events.db")).unwrap();
    let broken = broken(&verdict::of_part(read.lines, &found, &books));
    for promise in ["accounted for", "accepted messages were lost", "writer: kill was called"] {
        assert!(broken.contains(promise), "{broken}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_send_its_request_does_not_delay_the_end_for_ever() {
    let scratch = Scratch::create("grace").unwrap();
    let service = Service::open(&scratch.file("events.db"), 0, Box::new(|_| {})).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, app) = (listener.local_addr().unwrap(), App::new(service.clone()));
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_told = async move { drop(stopped.await) };
    let server = tokio::spawn(http::serve(listener, app, stop_told, Duration::ZERO));
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(b"POST /events HTTP/1.1\r\ncontent-length: 100\r\nhost: ").await.unwrap();
    let accepted = post(at, &line(&Event::new(0, 0, 5))).await;
    assert!(is(&accepted, 202), "{accepted}");
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    let books = service.close().await.unwrap();
    assert_kept(&verdict::of_requests(1, &verdict::found(&scratch.file("events.db")).unwrap(), &books));
    drop(client);
}

/// Posts one event. Returns the response in lower case, because header names may have any case.
async fn post(at: SocketAddr, body: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST /events HTTP/1.1\r\nhost: pipeline\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response.to_lowercase()
}

fn is(response: &str, status: u16) -> bool {
    response.starts_with(&format!("http/1.1 {status} "))
}

#[tokio::test]
async fn a_slow_database_answers_503_and_every_accepted_event_is_written_in_order() {
    let (scratch, (gate, before_commit)) = (Scratch::create("http").unwrap(), Gate::closed());
    let db = scratch.file("events.db");
    let service = Service::open(&db, 0, before_commit).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, app) = (listener.local_addr().unwrap(), App::new(service.clone()));
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_told = async move { drop(stopped.await) };
    let server = tokio::spawn(http::serve(listener, app.clone(), stop_told, http::GRACE));

    let refused = post(at, "{").await;
    assert!(is(&refused, 400), "{refused}");
    let events: Vec<_> = generated(400).map(|event| line(&event)).collect();
    let mut sent = 0;
    let refused = loop {
        let response = post(at, &events[sent]).await;
        if is(&response, 503) {
            break response;
        }
        assert!(is(&response, 202), "{response}");
        sent += 1;
    };
    assert!(refused.contains("\r\nretry-after: "), "{refused}");
    assert_eq!(service.progress.rows(), 0);
    assert!(sent > 64, "{sent} events were accepted before the pressure arrived");

    drop(gate);
    for event in &events[sent..] {
        // A client would wait as long as it was told. This one comes again at once.
        while is(&post(at, event).await, 503) {}
    }
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    let books = service.close().await.unwrap();
    assert_eq!(app.accepted(), 400);
    assert_kept(&verdict::of_requests(400, &verdict::found(&db).unwrap(), &books));
}
