//! Real loopback connections, without a clock: a test continues when something has happened.

use crate::mill_messages::{Double, Grind};
use crate::{Mill, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::framed::{self, End};
use bytes::{Buf, BufMut, BytesMut};
use std::io;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::codec::{Decoder, Encoder};

/// A number that takes so many bytes: a few thousand of them fill the kernel's buffers.
const BLOCK: usize = 256;
/// How many numbers the writer would send: 1 MiB, several times what the kernel buffers.
const NUMBERS: u64 = 4 << 10;
/// How many bytes may be on their way: at most half of that. The kernel's buffers are set to
/// 16 KiB, and it takes up to four times as much; both ends have one in each direction.
const ON_ITS_WAY: usize = 512 << 10;
const KERNEL_BUFFER: u32 = 16 << 10;
/// How often the writer finds its socket full, with turns of all other tasks between, before it
/// counts as stopped. The reader has had thousands of turns by then.
const LOOKS: u32 = 50;

struct Blocks;

impl Decoder for Blocks {
    type Item = u64;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<u64>> {
        Ok((bytes.len() >= BLOCK).then(|| bytes.split_to(BLOCK).get_u64()))
    }
}

impl Encoder<u64> for Blocks {
    type Error = io::Error;

    fn encode(&mut self, number: u64, bytes: &mut BytesMut) -> io::Result<()> {
        bytes.put_u64(number);
        bytes.put_bytes(0, BLOCK - 8);
        Ok(())
    }
}

fn with_sockets(test: impl AsyncFnOnce(System)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let system = System::builder("sockets").seed(1).build();
        test(system.clone()).await;
        let report = system.shutdown(Duration::from_secs(60)).await;
        assert!(report.total.is_balanced(), "{:?}", report.total);
    });
}

async fn connection() -> (TcpStream, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    let peer = TcpSocket::new_v4().unwrap();
    for socket in [&socket, &peer] {
        // Before it listens, so that accepted connections have it too.
        socket.set_recv_buffer_size(KERNEL_BUFFER).unwrap();
        socket.set_send_buffer_size(KERNEL_BUFFER).unwrap();
    }
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener: TcpListener = socket.listen(1).unwrap();
    let (peer, accepted) = tokio::join!(peer.connect(listener.local_addr().unwrap()), listener.accept());
    (peer.unwrap(), accepted.unwrap().0)
}

fn numbers() -> BytesMut {
    let mut bytes = BytesMut::new();
    (0..NUMBERS).for_each(|number| Blocks.encode(number, &mut bytes).unwrap());
    bytes
}

/// Writes until the socket stays full. Returns the number of bytes that were written.
async fn write_until_full(peer: &TcpStream, bytes: &[u8]) -> usize {
    let (mut written, mut looks) = (0, 0);
    while looks < LOOKS {
        match peer.try_write(&bytes[written..]) {
            Ok(n) => (written, looks) = (written + n, 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                looks += 1;
                run_other_tasks().await;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(written < ON_ITS_WAY, "{written} bytes were taken");
    }
    written
}

async fn write_all(peer: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        peer.writable().await.unwrap();
        match peer.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
}

/// Reads until the other end has closed. A connection that is reset is an error.
async fn read_to_end(peer: &TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        peer.readable().await?;
        match peer.try_read_buf(&mut bytes) {
            Ok(0) => return Ok(bytes),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            // A socket may look readable and have nothing.
            Ok(_) | Err(_) => {}
        }
    }
}

#[test]
fn c3_a_full_mailbox_closes_the_peer_s_tcp_window_and_nothing_is_lost() {
    with_sockets(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (peer, socket) = connection().await;
        let task = tokio::spawn(framed::deliver(&mill, socket, Blocks, |sack| Grind { sack }));
        let bytes = numbers();
        let written = write_until_full(&peer, &bytes).await;
        while mill.reading().depth < 8 {
            tokio::task::yield_now().await;
        }
        assert_eq!((mill.reading().depth, mill.reading().waiting), (8, 1), "the backlog is flat");
        assert_eq!(mill.ledger().total().offered, 8);
        held.release();
        // The window opens again.
        write_all(&peer, &bytes[written..]).await;
        drop(peer);
        let delivered = task.await.unwrap();
        assert!(matches!(delivered.end, End::PeerClosed), "{:?}", delivered.end);
        testing::quiet(&system).await;
        let ground = record.ground();
        assert!(ground.len() as u64 == NUMBERS && ground.iter().zip(0..).all(|(sack, n)| *sack == n));
        assert_eq!(mill.reading().depth_peak, 8);
    });
}

#[test]
fn c3_a_peer_that_does_not_read_its_replies_finds_its_own_window_closed() {
    with_sockets(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (peer, socket) = connection().await;
        let answer = |answer: Result<u64, AskError>| answer.unwrap();
        let task =
            tokio::spawn(framed::serve(&mill, socket, Blocks, |sack| Double { sack: sack + 100 }, answer));
        let bytes = numbers();
        let written = write_until_full(&peer, &bytes).await;
        let handled = mill.ledger().total().handled;
        assert!(handled as usize * BLOCK < ON_ITS_WAY, "{handled} replies wait to be read");
        let (mut replies, mut next) = (BytesMut::new(), 0);
        let reading = async {
            while next < NUMBERS {
                peer.readable().await.unwrap();
                match peer.try_read_buf(&mut replies) {
                    Ok(0) => panic!("closed after {next} replies"),
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
                while let Some(reply) = Blocks.decode(&mut replies).unwrap() {
                    assert_eq!(reply, (next + 100) * 2);
                    next += 1;
                }
            }
        };
        tokio::join!(write_all(&peer, &bytes[written..]), reading);
        drop(peer);
        let served = task.await.unwrap();
        assert_eq!((served.requests, served.replies), (NUMBERS, NUMBERS));
    });
}

#[test]
fn c4_the_actor_s_end_closes_a_real_socket() {
    with_sockets(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (peer, socket) = connection().await;
        let task = tokio::spawn(framed::deliver(&mill, socket, Blocks, |sack| Grind { sack }));
        mill.stop().await;
        assert_eq!(read_to_end(&peer).await.unwrap(), []);
        assert!(matches!(task.await.unwrap().end, End::Refused(_)));
    });
}

#[test]
fn c4_the_last_replies_reach_a_peer_whose_input_is_not_read_any_more() {
    with_sockets(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (peer, socket) = connection().await;
        let answer = |answer: Result<u64, AskError>| answer.unwrap();
        let fear = |sack| match sack {
            3 => panic!("the conversion fears three"),
            sack => Double { sack },
        };
        let served = framed::serve(&mill, socket, Blocks, fear, answer).farewell(|_| Some(999));
        let task = tokio::spawn(served);
        // Most of them are behind the broken request.
        write_all(&peer, &numbers()[..1000 * BLOCK]).await;
        let mut replies = BytesMut::from(&read_to_end(&peer).await.expect("it is not reset")[..]);
        let replies: Vec<_> = std::iter::from_fn(|| Blocks.decode(&mut replies).unwrap()).collect();
        assert_eq!(replies, [0, 2, 4, 999]);
        drop(peer);
        assert!(matches!(task.await.unwrap().end, End::Panicked(_)));
    });
}
