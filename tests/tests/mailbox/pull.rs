//! C: pull. An item is taken from its source only when there is a slot for it.

use actors_core::prelude::*;
use actors_core::{policy::Rate, send::Slots, testing};
use actors_tests::{MS, SECOND, balanced, pending, poll, row, run, run_other_tasks};
use futures_util::{Sink, SinkExt, Stream, StreamExt, stream};
use mill_messages as m;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use tokio::time::Instant;

#[derive(Default)]
struct Mill {
    ground: Vec<u32>,
}

#[actor(capacity = 4, reserve = 0)]
impl Mill {
    #[message]
    fn grind(&mut self, sack: u32) {
        self.ground.push(sack);
    }

    #[message(overflow = conflate, key = key)]
    fn newest(&mut self, key: u32) {
        self.ground.push(key);
    }

    #[message(overflow = block)]
    fn ground(&mut self) -> Vec<u32> {
        self.ground.clone()
    }

    #[message(overflow = block, weight = bytes)]
    fn heavy(&mut self, bytes: u32) {
        self.ground.push(bytes);
    }
}

fn mill(system: &System) -> MillHandle {
    system.spawn(Mill::default())
}

/// Counts what is taken out of it.
struct Sacks {
    taken: Arc<AtomicU32>,
    left: u32,
}

impl Stream for Sacks {
    type Item = m::Grind;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<m::Grind>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(m::Grind { sack: self.taken.fetch_add(1, Ordering::Relaxed) }))
    }
}

fn sacks(left: u32) -> (Sacks, Arc<AtomicU32>) {
    let taken = Arc::new(AtomicU32::new(0));
    (Sacks { taken: taken.clone(), left }, taken)
}

#[test]
fn c1_a_source_is_asked_only_when_there_is_a_slot() {
    run(async |system| {
        let mill = mill(&system);
        let held = testing::hold(&mill);
        let (stream, taken) = sacks(100);
        let mut attached = mill.attach(stream);
        assert!(poll(&mut attached).is_pending());
        assert_eq!((taken.load(Ordering::Relaxed), mill.reading().depth, attached.sent()), (4, 4, 4));
        run_other_tasks().await;
        assert!(poll(&mut attached).is_pending());
        assert_eq!(taken.load(Ordering::Relaxed), 4, "no item is out");
        held.release();
        assert_eq!(attached.await.unwrap(), 100);
        assert_eq!(mill.ground().await.unwrap(), (0..100).collect::<Vec<_>>());
        assert_eq!(mill.ledger().total().refused_total(), 0);
        balanced(&mill);
    });
}

#[test]
fn c1_a_source_without_an_item_holds_one_slot_and_gives_it_back_when_it_is_dropped() {
    run(async |system| {
        let mill = mill(&system);
        let mut attached = mill.attach(stream::pending::<m::Grind>());
        assert!(poll(&mut attached).is_pending());
        assert_eq!(mill.reading().permits, 1);
        drop(attached);
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_the_actor_s_end_drops_the_stream_and_an_item_that_was_taken_comes_back() {
    run(async |system| {
        let mill = mill(&system);
        let (stream, held) = (stream::pending::<m::Grind>(), Arc::new(()));
        let kept = held.clone();
        let stream = Box::pin(stream.map(move |item| (kept.clone(), item).1));
        let attached = tokio::spawn(mill.attach(stream));
        run_other_tasks().await;
        mill.kill();
        let why = attached.await.unwrap().unwrap_err();
        assert_eq!((why.reason(), why.into_message().is_none()), (Reason::Closed, true));
        assert_eq!(Arc::strong_count(&held), 1, "the stream is dropped");
    });
    run(async |system| {
        let mill = mill(&system);
        // Closes the actor while it hands out its item.
        let closing = mill.clone();
        let stream = stream::once(async move {
            closing.kill();
            m::Grind { sack: 7 }
        });
        let mut attached = mill.attach(Box::pin(stream));
        let why = (&mut attached).await.unwrap_err();
        assert_eq!((why.reason(), why.into_message().unwrap().sack), (Reason::Closed, 7));
        assert_eq!(attached.sent(), 0, "an item that came back was not sent");
    });
}

#[test]
fn c1_a_source_waits_for_the_rate_of_its_type() {
    run(async |system| {
        let mill = mill(&system);
        mill.adjust::<m::Grind>(|policy| policy.rate(Rate::new(10, SECOND)).burst(1)).unwrap();
        let before = Instant::now();
        let (stream, _) = sacks(5);
        assert_eq!(mill.attach(stream).await.unwrap(), 5);
        // One more token is taken for the end of the stream.
        assert!(before.elapsed() >= 400 * MS && before.elapsed() <= 510 * MS, "{:?}", before.elapsed());
    });
}

#[test]
fn c1_where_the_line_is_full_a_source_asks_again() {
    run(async |system| {
        let mill: MillHandle = system.instance(Mill::default()).capacity(1).max_waiting(0).spawn().unwrap();
        let held = testing::hold(&mill);
        mill.grind(100).try_send().unwrap();
        let (stream, taken) = sacks(3);
        let attached = tokio::spawn(mill.attach(stream));
        tokio::time::sleep(100 * MS).await;
        assert_eq!(taken.load(Ordering::Relaxed), 0);
        held.release();
        assert_eq!(attached.await.unwrap().unwrap(), 3);
        assert_eq!(mill.ground().await.unwrap(), [100, 0, 1, 2]);
    });
}

#[test]
fn c1_an_item_that_does_not_fit_into_the_bytes_is_sent_when_it_does() {
    run(async |system| {
        let mill: MillHandle = system.instance(Mill::default()).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&mill);
        mill.heavy(8).try_send().unwrap();
        let attached = tokio::spawn(mill.attach(stream::iter([5, 6]).map(|bytes| m::Heavy { bytes })));
        tokio::time::sleep(50 * MS).await;
        assert_eq!(row::<m::Heavy>(&mill).queued, 1);
        held.release();
        assert_eq!(attached.await.unwrap().unwrap(), 2);
        assert_eq!(mill.ground().await.unwrap(), [8, 5, 6]);
        let never = mill.attach(stream::iter([m::Heavy { bytes: 1000 }])).await.unwrap_err();
        assert_eq!((never.reason(), never.into_message().unwrap().bytes), (Reason::Full, 1000));
    });
}

#[test]
fn c1_a_sink_keeps_an_item_that_does_not_fit_yet() {
    run(async |system| {
        let mill: MillHandle = system.instance(Mill::default()).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&mill);
        mill.heavy(8).try_send().unwrap();
        let mut sink = mill.sink::<m::Heavy>();
        let sent = tokio::spawn(async move { sink.send(m::Heavy { bytes: 5 }).await.map(|()| sink) });
        tokio::time::sleep(50 * MS).await;
        assert!(!sent.is_finished(), "its bytes do not fit");
        held.release();
        let mut sink = sent.await.unwrap().unwrap();
        sink.close().await.unwrap();
        assert_eq!(mill.ground().await.unwrap(), [8, 5]);
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_an_item_that_a_sink_keeps_can_be_taken_out_when_the_actor_has_ended() {
    run(async |system| {
        let mill: MillHandle = system.instance(Mill::default()).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&mill);
        mill.heavy(8).try_send().unwrap();
        let mut sink = mill.sink::<m::Heavy>();
        sink.feed(m::Heavy { bytes: 5 }).await.unwrap();
        mill.kill();
        drop(held);
        assert_eq!(sink.take_unsent().map(|item| item.bytes), Some(5));
        assert!(sink.take_unsent().is_none());
    });
}

#[test]
fn c4_a_completed_attachment_holds_neither_slot_nor_stream() {
    run(async |system| {
        let mill = mill(&system);
        let mut attached = mill.attach(sacks(3).0);
        assert_eq!((&mut attached).await.unwrap(), 3);
        assert_eq!(mill.reading().permits, 0);
        drop(attached);
    });
}

#[test]
fn c1_a_source_that_always_has_an_item_lets_other_tasks_run() {
    run(async |system| {
        let mill = mill(&system);
        let endless = stream::repeat_with(|| m::Newest { key: 1 });
        let attached = tokio::spawn(mill.attach(endless));
        for _ in 0..100 {
            run_other_tasks().await;
        }
        assert!(row::<m::Newest>(&mill).handled > 10);
        attached.abort();
    });
}

#[test]
fn c1_a_sink_is_ready_when_there_is_a_slot() {
    run(async |system| {
        let mill = mill(&system);
        let held = testing::hold(&mill);
        let mut sink = mill.sink::<m::Grind>();
        for sack in 0..4 {
            sink.feed(m::Grind { sack }).await.unwrap();
        }
        {
            let mut ready = std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx));
            pending(&mut ready);
        }
        held.release();
        let mut rest = stream::iter((4..50).map(|sack| Ok(m::Grind { sack })));
        sink.send_all(&mut rest).await.unwrap();
        sink.close().await.unwrap();
        assert_eq!(mill.ground().await.unwrap(), (0..50).collect::<Vec<_>>());
        assert_eq!(mill.reading().permits, 0);
        mill.kill();
        let why = sink.send(m::Grind { sack: 50 }).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Closed);
        balanced(&mill);
    });
}

#[test]
fn c1_slots_are_permits_one_after_the_other_and_wait_while_the_mailbox_is_full() {
    run(async |system| {
        let mill = mill(&system);
        let held = testing::hold(&mill);
        let mut slots = Slots::<_, m::Grind>::of(&mill);
        let mut permits: Vec<_> = slots.by_ref().take(4).map(Result::unwrap).collect().await;
        assert_eq!(mill.reading().permits, 4);
        drop(pending(slots.next()));
        assert_eq!(mill.reading().waiting, 1, "one place in line");
        let unused = permits.pop().unwrap();
        for (sack, permit) in permits.into_iter().enumerate() {
            permit.send(m::Grind { sack: sack as u32 }).unwrap();
        }
        drop(unused);
        let last = slots.next().await.unwrap().unwrap();
        drop(last);
        mill.kill();
        assert_eq!(slots.next().await.unwrap().unwrap_err().reason(), Reason::Closed);
        assert!(slots.next().await.is_none());
        drop(held);
        balanced(&mill);
    });
}
