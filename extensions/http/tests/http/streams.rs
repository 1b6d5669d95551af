//! Streams of gRPC over HTTP/2 on the loopback interface, in paused time: the clock moves only when
//! neither a task nor a socket has anything to do.

use crate::mill::mill_messages::Page;
use crate::mill::{Ground, MILL_SLOTS};
use crate::wire::{self, WINDOW, Wire};

use actors_core::testing;
use actors_http::deadline::DeadlineLayer;
use actors_http::grpc::ACCEPTED_MESSAGES;
use futures_util::stream::{self, Stream, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The bytes of a message, its number first.
const SACK: usize = 1024;
/// What may be on its way between a sender and a receiver, in bytes: the window of the stream twice
/// (granted, and granted again while a message is taken), and what encoder, client and decoder
/// hold. The mailbox comes on top.
const ON_THE_WAY: u64 = 2 * WINDOW as u64 + 256 * 1024;

fn sack(number: u64) -> Vec<u8> {
    let mut sack = vec![0; SACK];
    sack[..8].copy_from_slice(&number.to_be_bytes());
    sack
}

/// Sacks without end, and how many of them the client has taken.
fn sacks() -> (impl Stream<Item = Vec<u8>> + Send + 'static, Arc<AtomicU64>) {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = taken.clone();
    (stream::repeat_with(move || sack(counted.fetch_add(1, Ordering::Relaxed))), taken)
}

/// The clock advances only when nothing can run, but the kernel may still have bytes between two
/// sockets. So a counter has stopped when it has not moved for this many seconds of paused time.
const STILL: u64 = 10_000;

/// Waits until a counter has stopped.
async fn stopped(counter: &AtomicU64) -> u64 {
    let mut last = counter.load(Ordering::Relaxed);
    let mut unchanged = 0;
    while unchanged < STILL {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = counter.load(Ordering::Relaxed);
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
    }
    last
}

fn accepted(status: &Status) -> &str {
    status.metadata().get(ACCEPTED_MESSAGES).expect("the status says how many").to_str().unwrap()
}

fn numbers(ground: &Ground) -> Vec<u64> {
    let sacks = ground.sacks.lock().unwrap();
    sacks.iter().map(|sack| u64::from_be_bytes(sack[..8].try_into().unwrap())).collect()
}

#[tokio::test(start_paused = true)]
async fn c1_a_full_mailbox_stops_the_client_and_all_arrives_in_order_after_it() {
    let (system, wire, client) = wire::open().await;
    let held = testing::hold(&wire.mill);
    let (sacks, taken) = sacks();
    // Far more than windows and buffers hold.
    let most = 8 * ON_THE_WAY / SACK as u64;
    let mut caller = client.clone();
    let call = tokio::spawn(async move { wire::grind(&mut caller, sacks.take(most as usize)).await });

    let sent = stopped(&taken).await;
    assert!(sent <= MILL_SLOTS as u64 + ON_THE_WAY / SACK as u64, "{sent} of {most} were sent");
    assert_eq!(wire.mill.reading().depth, MILL_SLOTS, "the mailbox is full");
    assert!(!call.is_finished());

    held.release();
    assert_eq!(call.await.unwrap().unwrap(), most);
    testing::quiet(&system).await;
    let ground = wire.mill.ground().await.unwrap();
    assert!(numbers(&ground).into_iter().eq(0..most), "each once and in order");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_stops_the_production() {
    let (_system, wire, mut client) = wire::open().await;
    let most = 8 * ON_THE_WAY / SACK as u64;
    let mut pages = wire::pages(&mut client, most).await.unwrap();
    let produced = wire.mill.produced().await.unwrap();
    let made = stopped(&produced).await;
    // hyper buffers up to 400 KiB of a stream that it cannot send.
    let buffered = (ON_THE_WAY + 400 * 1024) / SACK as u64;
    assert!(made <= buffered, "{made} of {most} were made");

    let mut read = 0_u64;
    while let Some(page) = pages.next().await {
        assert_eq!(page.unwrap(), sack(read));
        read += 1;
    }
    assert_eq!((read, produced.load(Ordering::Relaxed)), (most, most));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_stops_the_production() {
    let (_system, wire, mut client) = wire::open().await;
    let mut pages = wire::pages(&mut client, u64::MAX).await.unwrap();
    let produced = wire.mill.produced().await.unwrap();
    assert!(pages.next().await.unwrap().is_ok());
    drop(pages);
    wire.log.dropped.notified().await;
    let made = produced.load(Ordering::Relaxed);
    assert_eq!(stopped(&produced).await, made);
    let reading = wire.mill.reading();
    assert_eq!((reading.depth, reading.permits), (0, 0), "the stream holds nothing");
}

#[tokio::test(start_paused = true)]
async fn both_directions_answer_each_message_in_order() {
    let (_system, wire, mut client) = wire::open().await;
    let answers = wire::echo(&mut client, stream::iter(0..100).map(sack)).await.unwrap();
    let answers: Vec<_> = answers.map(Result::unwrap).collect().await;
    assert!(answers.into_iter().eq((0..100).map(sack)));
    assert_eq!(wire.mill.reading().permits, 0);
}

#[tokio::test(start_paused = true)]
async fn both_directions_stop_a_client_that_does_not_read_answers() {
    let (_system, wire, mut client) = wire::open().await;
    let (sacks, taken) = sacks();
    let most = 8 * ON_THE_WAY / SACK as u64;
    let answers = wire::echo(&mut client, sacks.take(most as usize)).await.unwrap();
    let sent = stopped(&taken).await;
    // What is on the way in both directions, and what hyper buffers.
    assert!(sent <= (2 * ON_THE_WAY + 400 * 1024) / SACK as u64, "{sent} of {most} were sent");
    assert_eq!(answers.count().await as u64, most);
    assert_eq!(wire.mill.reading().permits, 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_ends_the_call_and_says_how_many_were_accepted() {
    let (_system, wire, mut client) = wire::open().await;
    let status =
        wire::grind(&mut client, stream::iter([sack(0), sack(1), vec![], sack(2)])).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "an empty sack"));
    assert_eq!(accepted(&status), "2");
    assert_eq!(numbers(&wire.mill.ground().await.unwrap()), [0, 1]);
}

/// Waits until the mill has ground three sacks.
async fn after_three(wire: &Wire) -> Arc<Ground> {
    let ground = wire.mill.ground().await.unwrap();
    while ground.sacks.lock().unwrap().len() < 3 {
        ground.changed.notified().await;
    }
    ground
}

#[tokio::test(start_paused = true)]
async fn c4_the_actors_end_ends_the_call_as_unavailable_and_says_how_many_were_accepted() {
    let (_system, wire, mut client) = wire::open().await;
    let mill = wire.mill.clone();
    let endless = stream::iter((0..3).map(sack)).chain(stream::pending());
    let mut caller = client.clone();
    let call = tokio::spawn(async move { wire::grind(&mut caller, endless).await });
    let mut talk = wire::echo(&mut client, stream::pending()).await.unwrap();
    after_three(&wire).await;
    mill.stop().await;
    let status = call.await.unwrap().unwrap_err();
    assert_eq!((status.code(), accepted(&status)), (Code::Unavailable, "3"));
    assert_eq!(talk.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
    // One that begins after the end.
    let status = wire::grind(&mut client, stream::iter([sack(0)])).await.unwrap_err();
    assert_eq!((status.code(), accepted(&status)), (Code::Unavailable, "0"));
    let mut pages = wire::pages(&mut client, 1).await.unwrap();
    assert_eq!(pages.next().await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn answers_end_as_resource_exhausted_where_the_line_is_full() {
    let (_system, wire, mut client) = wire::open().await;
    let held = testing::hold(&wire.mill);
    while wire.mill.grind(sack(0)).try_send().is_ok() {}
    let mut first = wire.mill.reserve::<Page>();
    assert!(futures_util::poll!(&mut first).is_pending(), "it waits in line");
    let mut pages = wire::pages(&mut client, 1).await.unwrap();
    let status = pages.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.get_details_retry_info().is_some());
    assert!(pages.next().await.is_none());
    held.release();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_cancels_does_not_look_like_one_that_has_finished() {
    let (system, wire, mut client) = wire::open().await;
    let endless = stream::iter((0..3).map(sack)).chain(stream::pending());
    let mut caller = client.clone();
    let call = tokio::spawn(async move { wire::grind(&mut caller, endless).await });
    let ground = after_three(&wire).await;
    call.abort();
    wire.log.dropped.notified().await;
    assert_eq!(wire.log.finished.load(Ordering::Relaxed), 0, "the handler took it for the end");
    testing::quiet(&system).await;
    assert_eq!(wire.mill.reading().permits, 0, "the slot is free");
    assert_eq!(numbers(&ground), [0, 1, 2], "what was accepted is handled");

    assert_eq!(wire::grind(&mut client, stream::iter([sack(3)])).await.unwrap(), 1);
    assert_eq!(wire.log.finished.load(Ordering::Relaxed), 1);
}

/// A deadline that passes in paused time only.
fn an_hour() -> DeadlineLayer {
    DeadlineLayer::new(Duration::from_secs(3600))
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_stream_whose_client_sends_nothing_and_frees_its_slot() {
    let (_system, wire, mut client) = wire::open_behind(an_hour()).await;
    let status = wire::grind(&mut client, stream::pending()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    wire.log.dropped.notified().await;
    assert_eq!(wire.mill.reading().permits, 0);
}

#[tokio::test]
async fn a_deadline_ends_streams_of_answers_too_although_the_head_was_sent() {
    let (_system, wire, mut client) = wire::open_behind(an_hour()).await;
    let mut talk = wire::echo(&mut client, stream::iter([sack(7)]).chain(stream::pending())).await.unwrap();
    assert_eq!(talk.next().await.unwrap().unwrap(), sack(7));
    tokio::time::pause();
    assert_eq!(talk.next().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(wire.mill.reading().permits, 0);

    let held = testing::hold(&wire.mill);
    let mut pages = wire::pages(&mut client, 1).await.unwrap();
    assert_eq!(pages.next().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    held.release();
}
