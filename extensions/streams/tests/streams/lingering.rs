//! What a connection costs that is slow, or does not close.

use crate::framed::{Numbers, answer};
use crate::mill_messages::{Double, Grind};
use crate::{Mill, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::framed::{self, End};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::Instant;

#[test]
fn c4_a_peer_that_does_not_close_is_read_for_two_seconds() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, socket) = tokio::io::duplex(256);
        let task = tokio::spawn(framed::serve(&mill, socket, Numbers, |sack| Double { sack }, answer));
        run_other_tasks().await;
        mill.kill();
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0, "the writing direction is shut down at once");
        let began = Instant::now();
        task.await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        assert!(peer.write_all(&[0]).await.is_err(), "the socket is dropped");
    });
}

#[test]
fn c4_a_peer_that_sends_on_is_read_for_a_mebibyte() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut peer, socket) = tokio::io::duplex(4096);
        let task = tokio::spawn(framed::serve(&mill, socket, Numbers, |sack| Double { sack }, answer));
        run_other_tasks().await;
        mill.kill();
        let (began, mut sent) = (Instant::now(), 0);
        while peer.write_all(&[0; 1024]).await.is_ok() {
            sent += 1024;
        }
        task.await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO, "the clock was not needed");
        // And what is in the pipe and in the buffer.
        assert!((1 << 20..(1 << 20) + 32_768).contains(&sent), "{sent}");
    });
}

#[derive(Default)]
struct Metered;

#[actor(capacity = 8, reserve = 0)]
impl Metered {
    #[message(overflow = reject, rate = "1/s", burst = 2)]
    fn tick(&mut self, number: u64) {
        let _ = number;
    }

    #[message(timeout = "1h", weight = number)]
    fn weigh(&mut self, number: u64) -> u64 {
        number
    }

    #[message(overflow = reject, rate = "1/s", burst = 2)]
    fn tock(&mut self, number: u64) -> u64 {
        number
    }
}

/// A slot includes a token. A peer that sends a byte at a time makes the bridge ask for many slots.
#[test]
fn c3_a_part_of_a_frame_uses_up_no_token() {
    testing::run(async |system| {
        let metered = system.spawn(Metered);
        let (mut peer, socket) = tokio::io::duplex(64);
        let tick = |number| metered_messages::Tick { number };
        let delivered = tokio::spawn(framed::deliver(&metered, socket, Numbers, tick));
        let (mut client, socket) = tokio::io::duplex(64);
        let tock = |number| metered_messages::Tock { number };
        let served = tokio::spawn(framed::serve(&metered, socket, Numbers, tock, answer));
        for _ in 0..7 {
            peer.write_all(&[0]).await.unwrap();
            client.write_all(&[0]).await.unwrap();
            run_other_tasks().await;
        }
        assert_eq!(metered.reading().permits, 0);
        for number in 0..2 {
            metered.tick(number).try_send().unwrap();
            metered.tock(number).await.unwrap();
        }
        assert_eq!(metered.tick(2).try_send().unwrap_err().reason(), Reason::RateLimited);
        drop((peer, client));
        assert_eq!((delivered.await.unwrap().frames, served.await.unwrap().requests), (0, 0));
    });
}

#[test]
fn c3_a_request_whose_bytes_do_not_fit_yet_waits_and_is_not_refused() {
    testing::run(async |system| {
        let scale: MeteredHandle = system.instance(Metered).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&scale);
        let (mut peer, socket) = tokio::io::duplex(64);
        let weigh = |number| metered_messages::Weigh { number };
        let task = tokio::spawn(framed::serve(&scale, socket, Numbers, weigh, answer));
        for number in [8, 5, 1] {
            peer.write_u64(number).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(scale.reading().depth, 1, "what does not fit keeps those behind it waiting");
        held.release();
        for number in [8, 5, 1] {
            assert_eq!(peer.read_u64().await.unwrap(), number);
        }
        // One that can never fit is answered with an error.
        peer.write_u64(1000).await.unwrap();
        assert_eq!(peer.read_u64().await.unwrap(), 0);
        drop(peer);
        assert_eq!(task.await.unwrap().replies, 4);
    });
}

#[test]
fn c4_a_request_that_waits_for_its_slot_when_the_actor_ends_has_a_reply() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, socket) = tokio::io::duplex(256);
        let task = tokio::spawn(framed::serve(&mill, socket, Numbers, |sack| Double { sack }, answer));
        for sack in 1..=9 {
            peer.write_u64(sack).await.unwrap();
        }
        run_other_tasks().await;
        assert_eq!((mill.reading().depth, mill.reading().waiting), (8, 1));
        mill.kill();
        drop(held);
        let mut replies = Vec::new();
        peer.read_to_end(&mut replies).await.unwrap();
        assert_eq!(replies, [0; 9 * 8]);
        drop(peer);
        let served = task.await.unwrap();
        assert_eq!((served.requests, served.replies), (9, 9));
    });
}

#[test]
fn c4_a_bridge_that_is_told_to_end_finishes_what_it_has_read() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, socket) = tokio::io::duplex(256);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = framed::serve(&mill, socket, Numbers, |sack| Double { sack }, answer)
            .until(async move { drop(stopped.await) })
            .farewell(|_| Some(999));
        let served = tokio::spawn(served);
        for sack in 1..=9 {
            peer.write_u64(sack).await.unwrap();
        }
        run_other_tasks().await;
        stop.send(()).unwrap();
        run_other_tasks().await;
        peer.write_u64(10).await.unwrap();
        held.release();
        for sack in (1..=9).map(|sack| sack * 2).chain([999]) {
            assert_eq!(peer.read_u64().await.unwrap(), sack);
        }
        assert!(peer.read_u64().await.is_err(), "the tenth one is not read");
        drop(peer);
        let served = served.await.unwrap();
        assert!(matches!(served.end, End::Stopped), "{:?}", served.end);
        assert_eq!((served.requests, served.replies, record.ground()), (9, 9, (1..=9).collect()));
    });
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut peer, socket) = tokio::io::duplex(256);
        let (stop, stopped) = oneshot::channel::<()>();
        let delivered = framed::deliver(&mill, socket, Numbers, |sack| Grind { sack })
            .until(async move { drop(stopped.await) });
        let delivered = tokio::spawn(delivered);
        for sack in 1..=20 {
            peer.write_u64(sack).await.unwrap();
        }
        run_other_tasks().await;
        stop.send(()).unwrap();
        run_other_tasks().await;
        assert!(!delivered.is_finished(), "the ninth one waits for its slot");
        held.release();
        let delivered = delivered.await.unwrap();
        assert!(matches!(delivered.end, End::Stopped), "{:?}", delivered.end);
        testing::quiet(&system).await;
        assert_eq!((delivered.frames, record.ground()), (9, (1..=9).collect()));
    });
}

#[test]
fn a_signal_that_panics_ends_its_bridge_in_order() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let delivered = framed::deliver(&mill, &[0; 8][..], Numbers, |sack| Grind { sack });
        let delivered = delivered.until(async { panic!("the signal panics") }).await;
        assert!(matches!(delivered.end, End::Stopped), "{:?}", delivered.end);
    });
}
