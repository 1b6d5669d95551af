//! Producers, subscribers and sockets on several threads: a wake-up that gets lost hangs a test.

use crate::Mill;
use crate::framed::Numbers;
use crate::mill_messages::{Double, Grind};
use actors_core::prelude::*;
use actors_streams::credit::{self, End, Window};
use actors_streams::framed;
use actors_streams::reactive::{self, Outcome, Publisher};
use futures_util::{SinkExt, StreamExt, stream};
use std::num::{NonZeroU32, NonZeroUsize};
use tokio::task::yield_now;
use tokio_util::codec::Framed;

const ITEMS: u64 = 3000;

fn on_threads(test: impl AsyncFnOnce(System)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async { test(System::new("threads")).await });
}

/// A window from 1 to 7.
fn window(n: u64) -> Window {
    Window::new(NonZeroU32::new(1 + n as u32 % 7).unwrap())
}

/// The numbers of each source are complete and in order.
fn assert_complete(mill: &Mill, sources: u64) {
    let ground = mill.ground();
    for source in 0..sources {
        let of_one = ground.iter().filter(|sack| **sack / ITEMS == source).map(|sack| sack % ITEMS);
        assert!(of_one.eq(0..ITEMS), "source {source}");
    }
}

#[test]
fn c1_producers_on_other_threads_lose_no_item_and_no_wake_up() {
    on_threads(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let mut tasks = Vec::new();
        for source in 0..4 {
            let (mut producer, consumer) = credit::pair::<_, Grind>(&mill, window(source));
            tasks.push(tokio::spawn(consumer));
            tokio::spawn(async move {
                for n in 0..ITEMS {
                    producer.ready().await.unwrap();
                    producer.send(Grind { sack: source * ITEMS + n }).unwrap();
                    if n % 5 == source {
                        yield_now().await;
                    }
                }
                producer.complete();
            });
        }
        for task in tasks {
            let report = task.await.unwrap();
            assert!(matches!(report.end, End::Completed) && report.items == ITEMS, "{report:?}");
        }
        mill.stop().await;
        assert_complete(&record, 4);
        assert_eq!(mill.ledger().total().handled, 4 * ITEMS);
    });
}

#[test]
fn c1_publishers_on_other_threads_lose_no_item_and_no_wake_up() {
    on_threads(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let mut tasks = Vec::new();
        for source in 0..4 {
            let (mut emitter, publisher) = reactive::emitter(NonZeroUsize::new(3).unwrap());
            tokio::spawn(async move {
                for n in 0..ITEMS {
                    emitter.emit(source * ITEMS + n).await.unwrap();
                }
                emitter.complete();
            });
            let (inlet, publisher_below) = reactive::processor(window(source), |items| {
                items.map(|item| item.map(|sack| Grind { sack }))
            });
            let above = tokio::spawn(publisher.subscribe(inlet));
            let (subscriber, feed) = reactive::subscriber(&mill, window(source + 3));
            tasks.push((above, tokio::spawn(publisher_below.subscribe(subscriber)), tokio::spawn(feed)));
        }
        for (above, below, feed) in tasks {
            assert_eq!(
                (above.await.unwrap(), below.await.unwrap()),
                (Outcome::Completed, Outcome::Completed)
            );
            assert_eq!(feed.await.unwrap().items, ITEMS);
        }
        mill.stop().await;
        assert_complete(&record, 4);
    });
}

#[test]
fn c3_connections_on_other_threads_lose_no_frame_and_no_wake_up() {
    on_threads(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let mut tasks = Vec::new();
        for source in 0..4 {
            let (peer, socket) = tokio::io::duplex(64);
            let answer = |answer: Result<u64, AskError>| answer.unwrap();
            let served = framed::serve(&mill, socket, Numbers, |sack| Double { sack }, answer)
                .in_flight(NonZeroUsize::new(1 + source as usize).unwrap());
            tasks.push(tokio::spawn(served));
            let (mut requests, mut replies) = Framed::new(peer, Numbers).split();
            tokio::spawn(async move {
                // The mill fears 13.
                let sacks = (0..ITEMS).map(|n| Ok((source + 1) * ITEMS + n));
                requests.send_all(&mut stream::iter(sacks)).await.unwrap();
                requests.close().await.unwrap();
            });
            tasks.push(tokio::spawn(async move {
                for n in 0..ITEMS {
                    assert_eq!(replies.next().await.unwrap().unwrap(), ((source + 1) * ITEMS + n) * 2);
                }
                framed::Served { requests: ITEMS, replies: ITEMS, end: framed::End::PeerClosed }
            }));
        }
        for task in tasks {
            let served = task.await.unwrap();
            assert_eq!((served.requests, served.replies), (ITEMS, ITEMS));
        }
        mill.stop().await;
        assert_eq!(record.ground().len() as u64, 4 * ITEMS);
    });
}
