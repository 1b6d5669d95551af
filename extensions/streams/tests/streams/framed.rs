use crate::mill_messages::{Double, Grind, Heavy};
use crate::{Mill, MillHandle, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::framed::{self, Delivered, End, FrameError, Served};
use bytes::{Buf, BufMut, BytesMut};
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::task::JoinHandle;
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec, LinesCodec};

/// A number is eight bytes. Some numbers are trouble.
#[derive(Clone, Copy)]
pub(crate) struct Numbers;

/// The codec finds no number.
const BROKEN: u64 = u64::MAX;
/// The codec panics.
const POISON: u64 = u64::MAX - 1;

impl Decoder for Numbers {
    type Item = u64;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<u64>> {
        if bytes.len() < 8 {
            return Ok(None);
        }
        match bytes.get_u64() {
            BROKEN => Err(io::Error::other("no number")),
            POISON => panic!("the codec is poisoned"),
            number => Ok(Some(number)),
        }
    }
}

impl Encoder<u64> for Numbers {
    type Error = io::Error;

    fn encode(&mut self, number: u64, bytes: &mut BytesMut) -> io::Result<()> {
        bytes.put_u64(number);
        Ok(())
    }
}

async fn write(peer: &mut DuplexStream, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        peer.write_u64(number).await.unwrap();
    }
}

fn deliver(mill: &MillHandle) -> (DuplexStream, JoinHandle<Delivered<Grind, io::Error>>) {
    let (peer, socket) = tokio::io::duplex(256);
    (peer, tokio::spawn(framed::deliver(mill, socket, Numbers, |sack| Grind { sack })))
}

#[test]
fn c3_a_full_mailbox_stops_the_reading() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, task) = deliver(&mill);
        let writing = tokio::spawn(async move { write(&mut peer, 0..10_000).await });
        run_other_tasks().await;
        // 8 KiB ahead, 8 KiB of the codec and the pipe hold fewer than 2,100 numbers.
        assert!(!writing.is_finished());
        assert_eq!((mill.reading().depth, mill.ledger().total().offered), (8, 8));
        held.release();
        writing.await.unwrap();
        let delivered = task.await.unwrap();
        assert!(matches!(delivered.end, End::PeerClosed), "{:?}", delivered.end);
        testing::quiet(&system).await;
        assert_eq!((delivered.frames, record.ground()), (10_000, (0..10_000).collect()));
        assert_eq!(mill.reading().depth_peak, 8);
    });
}

#[test]
fn c3_a_connection_that_is_idle_or_slow_keeps_no_slot() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let (mut peer, task) = deliver(&mill);
        run_other_tasks().await;
        assert_eq!(mill.reading().permits, 0, "nothing has arrived");
        peer.write_all(&[0, 0, 0]).await.unwrap();
        run_other_tasks().await;
        assert_eq!(mill.reading().permits, 0, "a part of a frame has arrived");
        peer.write_all(&[0, 0, 0, 0, 9]).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(record.ground(), [9]);
        drop(peer);
        assert_eq!(task.await.unwrap().frames, 1);
    });
}

#[test]
fn c4_the_end_of_a_socket_is_reported() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        for (bytes, frames, end) in [
            (vec![0; 16], 2, "closed the connection"),
            (vec![0; 12], 1, "bytes remaining"),
            ([vec![0; 8], vec![255; 8], vec![0; 8]].concat(), 1, "no number"),
            ([vec![0; 8], (u64::MAX - 1).to_be_bytes().to_vec()].concat(), 1, "the codec is poisoned"),
        ] {
            let (mut peer, task) = deliver(&mill);
            peer.write_all(&bytes).await.unwrap();
            peer.shutdown().await.unwrap();
            let delivered = task.await.unwrap();
            assert!(delivered.end.to_string().contains(end), "{}", delivered.end);
            assert_eq!((delivered.frames, delivered.undelivered.is_none()), (frames, true), "{end}");
        }
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_the_actor_s_end_closes_the_socket() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, task) = deliver(&mill);
        write(&mut peer, [1]).await;
        run_other_tasks().await;
        mill.kill();
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0, "the socket is closed");
        let delivered = task.await.unwrap();
        let End::Refused(why) = delivered.end else { panic!("{:?}", delivered.end) };
        assert_eq!((delivered.frames, why.reason()), (1, Reason::Closed));
    });
}

#[test]
fn a_frame_that_can_never_be_sent_is_in_the_report() {
    testing::run(async |system| {
        let mill: MillHandle = system.instance(Mill::default()).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&mill);
        let (mut peer, socket) = tokio::io::duplex(256);
        let task = tokio::spawn(framed::deliver(&mill, socket, Numbers, |bytes| Heavy { bytes }));
        write(&mut peer, [8, 5, 1000]).await;
        run_other_tasks().await;
        assert_eq!(mill.reading().depth, 1, "five bytes do not fit yet");
        held.release();
        let delivered = task.await.unwrap();
        assert!(matches!(delivered.end, End::Refused(_)), "{:?}", delivered.end);
        assert_eq!((delivered.frames, delivered.undelivered.unwrap().bytes), (2, 1000));
    });
}

#[test]
fn an_oversized_frame_ends_the_connection_also_where_the_codec_has_no_limit() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, socket) = tokio::io::duplex(256);
        let lines = framed::deliver(&mill, socket, LinesCodec::new(), |line: String| Grind {
            sack: line.len() as u64,
        });
        let task = tokio::spawn(lines.max_frame(10_000));
        let mut sent = 0;
        while sent < 100_000 && peer.write_all(&[b'a'; 100]).await.is_ok() {
            sent += 100;
        }
        assert!(sent < 30_000, "{sent} bytes were read");
        let delivered = task.await.unwrap();
        let is_too_large = matches!(delivered.end, End::Frame(FrameError::TooLarge { limit: 10_000 }));
        assert!(is_too_large, "{}", delivered.end);

        let codec = LengthDelimitedCodec::builder().max_frame_length(100).new_codec();
        let socket = &[0, 0, 1, 0, 7][..];
        let delivered = framed::deliver(&mill, socket, codec, |_| Grind { sack: 0 }).await;
        assert!(delivered.end.to_string().contains("frame size too big"), "{}", delivered.end);
    });
}

/// A socket that fails, or panics, when it is read.
struct Broken {
    panics: bool,
}

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut TaskContext<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        assert!(!self.panics, "the socket panics");
        Poll::Ready(Err(io::Error::other("the cable is cut")))
    }
}

#[test]
fn sockets_that_fail_and_code_that_panics_end_one_connection_and_nothing_else() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let make = |sack| Grind { sack };
        let cut = framed::deliver(&mill, Broken { panics: false }, Numbers, make).await;
        assert!(cut.end.to_string().contains("the cable is cut"), "{}", cut.end);
        let panicked = framed::deliver(&mill, Broken { panics: true }, Numbers, make).await;
        assert!(panicked.end.to_string().contains("the socket panics"), "{}", panicked.end);
        let fear = |_| -> Grind { panic!("the conversion panics") };
        let converted = framed::deliver(&mill, &[0; 8][..], Numbers, fear).await;
        assert!(converted.end.to_string().contains("the conversion panics"), "{}", converted.end);
        assert_eq!(mill.reading().permits, 0);
        mill.grind(1).await.unwrap();
    });
}

/// Reply 0 means an error, so that each request has a reply of eight bytes.
pub(crate) fn answer(answer: Result<u64, AskError>) -> u64 {
    answer.unwrap_or(0)
}

fn serve(mill: &MillHandle, in_flight: usize) -> (DuplexStream, JoinHandle<Served<io::Error>>) {
    let (peer, socket) = tokio::io::duplex(256);
    let serve = framed::serve(mill, socket, Numbers, |sack| Double { sack }, answer);
    let serve = serve.in_flight(NonZeroUsize::new(in_flight).unwrap()).farewell(|end| match end {
        End::PeerClosed => None,
        _ => Some(999),
    });
    (peer, tokio::spawn(serve))
}

async fn read(peer: &mut DuplexStream) -> Vec<u64> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).await.unwrap();
    bytes.chunks(8).map(|number| u64::from_be_bytes(number.try_into().unwrap())).collect()
}

#[test]
fn replies_are_written_in_order_also_after_the_peer_has_half_closed() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, task) = serve(&mill, 6);
        write(&mut peer, 1..=20).await;
        peer.shutdown().await.unwrap();
        run_other_tasks().await;
        assert_eq!(mill.reading().depth, 6, "six are in flight");
        held.release();
        // The mill fears 13, and its next instance does not exist: it has no factory.
        let replies = read(&mut peer).await;
        assert_eq!(replies[..12], (1..=12).map(|sack| sack * 2).collect::<Vec<_>>());
        assert!(replies[12..].iter().all(|reply| [0, 999].contains(reply)), "{replies:?}");
        let served = task.await.unwrap();
        assert_eq!(served.requests, served.replies);
    });
}

#[test]
fn a_peer_that_closes_gets_its_replies_and_no_farewell() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, task) = serve(&mill, 32);
        write(&mut peer, 1..=3).await;
        peer.shutdown().await.unwrap();
        assert_eq!(read(&mut peer).await, [2, 4, 6]);
        let served = task.await.unwrap();
        assert!(matches!(served.end, End::PeerClosed));
        assert_eq!((served.requests, served.replies), (3, 3));
    });
}

#[test]
fn c3_a_peer_that_does_not_read_its_replies_is_not_read() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (peer, task) = serve(&mill, 4);
        let (mut replies, mut requests) = tokio::io::split(peer);
        let writing = tokio::spawn(async move {
            for sack in 100..20_100 {
                requests.write_u64(sack).await.unwrap();
            }
            requests.shutdown().await.unwrap();
        });
        for _ in 0..100 {
            run_other_tasks().await;
        }
        assert!(!writing.is_finished());
        // The pipe, the write buffer of 8 KiB and four in flight.
        let handled = mill.ledger().total().handled;
        assert!(handled < 1200, "{handled}");
        for sack in 100..20_100 {
            assert_eq!(replies.read_u64().await.unwrap(), sack * 2);
        }
        let served = task.await.unwrap();
        assert_eq!((served.requests, served.replies), (20_000, 20_000));
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_the_actor_s_end_is_told_to_the_peer() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, task) = serve(&mill, 32);
        write(&mut peer, [1, 2]).await;
        run_other_tasks().await;
        mill.kill();
        drop(held);
        assert_eq!(read(&mut peer).await, [0, 0, 999], "each request has a reply");
        let served = task.await.unwrap();
        assert!(matches!(served.end, End::Refused(_)), "{:?}", served.end);
        assert_eq!((served.requests, served.replies), (2, 2));
    });
}

#[test]
fn c4_a_broken_request_is_answered_by_the_farewell_after_the_replies_that_are_owed() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, task) = serve(&mill, 32);
        write(&mut peer, [1, 2, BROKEN, 3]).await;
        assert_eq!(read(&mut peer).await, [2, 4, 999]);
        assert!(task.await.unwrap().end.to_string().contains("no number"));
    });
}

#[test]
fn a_peer_that_is_gone_withdraws_its_requests() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, task) = serve(&mill, 4);
        write(&mut peer, 1..=4).await;
        run_other_tasks().await;
        assert_eq!(mill.reading().depth, 4);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!((mill.reading().depth, mill.ledger().total().cancelled), (0, 4));
        held.release();
    });
}

#[test]
fn a_connection_whose_replies_cannot_be_written_ends() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, task) = serve(&mill, 4);
        write(&mut peer, 1..=4).await;
        run_other_tasks().await;
        drop(peer);
        held.release();
        let served = task.await.unwrap();
        assert!(matches!(served.end, End::Write(_)), "{:?}", served.end);
        let panics = |_: Result<u64, AskError>| -> u64 { panic!("the reply panics") };
        let (mut peer, socket) = tokio::io::duplex(256);
        let task = tokio::spawn(framed::serve(&mill, socket, Numbers, |sack| Double { sack }, panics));
        write(&mut peer, [1]).await;
        assert_eq!(read(&mut peer).await, [0_u64; 0]);
        assert!(matches!(task.await.unwrap().end, End::Panicked(_)));
    });
}

/// Answers in the reverse order.
struct Desk {
    owed: Arc<Mutex<Vec<ReplyTo<u64>>>>,
}

#[actor(capacity = 8, reserve = 0)]
impl Desk {
    #[message]
    fn later(&mut self, number: u64, reply: ReplyTo<u64>) {
        let mut owed = self.owed.lock().unwrap();
        owed.push(reply);
        if owed.len() == 3 {
            for (reply, n) in owed.drain(..).rev().zip(1..) {
                reply.send(number * 10 + n).unwrap();
            }
        }
    }
}

#[test]
fn answers_that_come_in_another_order_are_written_in_the_order_of_the_requests() {
    testing::run(async |system| {
        let desk = system.spawn(Desk { owed: Arc::default() });
        let (mut peer, socket) = tokio::io::duplex(256);
        let ask = |number| desk_messages::Later { number };
        let task = tokio::spawn(framed::serve(&desk, socket, Numbers, ask, answer));
        write(&mut peer, [5, 6, 7]).await;
        peer.shutdown().await.unwrap();
        assert_eq!(read(&mut peer).await, [73, 72, 71]);
        assert_eq!(task.await.unwrap().replies, 3);
    });
}
