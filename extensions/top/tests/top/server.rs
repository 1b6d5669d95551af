//! A fake dashboard on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What a request is answered with.
pub(crate) struct Answer {
    /// Everything that is sent, its head too.
    pub(crate) bytes: Vec<u8>,
    /// The body goes on for ever.
    pub(crate) is_endless: bool,
    /// The connection stays open afterwards.
    pub(crate) stays_open: bool,
}

impl Answer {
    /// These bytes, whatever they are. Then the connection ends.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
        Answer { bytes: bytes.into(), is_endless: false, stays_open: false }
    }

    /// Status 200 with a body.
    pub(crate) fn json(body: &str) -> Answer {
        Answer::raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
    }

    /// A status without a body.
    pub(crate) fn status(status: u16) -> Answer {
        Answer::raw(format!("HTTP/1.1 {status} Of the test\r\ncontent-length: 0\r\n\r\n"))
    }
}

/// Answers requests one after the other, until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// The heads of the requests.
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    is_over: AtomicBool,
}

impl Server {
    /// Starts a server. `answer` gets the head of a request and its number, from 0.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> Answer + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let thread = std::thread::spawn(move || {
            // Connections that stay open without an answer.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                if of_thread.is_over.load(Ordering::SeqCst) {
                    return;
                }
                silent.extend(of_thread.serve(stream.unwrap(), &answer));
            }
        });
        Server { address, shared, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Answers one request; returns the connection if it must stay open. A peer that goes away ends
    /// it, which is no error of the server.
    fn serve(&self, mut stream: TcpStream, answer: impl Fn(&str, usize) -> Answer) -> Option<TcpStream> {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let nth = self.requests.lock().unwrap().len();
        self.requests.lock().unwrap().push(head.clone());
        let Answer { bytes, is_endless, stays_open } = answer(&head, nth);
        let mut is_open = stream.write_all(&bytes).is_ok();
        while is_open && is_endless {
            is_open = stream.write_all(&[b' '; 4096]).is_ok();
        }
        stays_open.then_some(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
