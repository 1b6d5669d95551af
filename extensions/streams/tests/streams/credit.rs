use crate::mill_messages::{Grind, Heavy};
use crate::{Mill, MillHandle, Rng, Wakes, poll, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::credit::{
    self, Demand, End, Grantor, ItemError, SpendError, Stage, ToConsumer, ToProducer, Window, ZeroRequest,
};
use futures_util::{SinkExt, StreamExt, stream};
use std::future::poll_fn;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

fn window(size: u32) -> Window {
    Window::new(NonZeroU32::new(size).unwrap())
}

fn grant<A: Handler<M>, M: Message>(grantor: &mut Grantor<A, M>) -> Option<u32> {
    match grantor.poll_grant(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(granted) => Some(granted.unwrap()),
        Poll::Pending => None,
    }
}

#[test]
fn c2_requests_add_up_and_saturate() {
    let mut demand = Demand::new();
    for n in [1, 2, 3] {
        demand.request(n).unwrap();
    }
    assert_eq!(demand.open(), 6);
    demand.request(u64::MAX - 1).unwrap();
    demand.request(u64::MAX).unwrap();
    assert_eq!(demand.open(), u64::MAX);
    assert!(demand.take());
    assert_eq!(demand.open(), u64::MAX, "demand without limit is not used up");
}

#[test]
fn c2_a_request_for_nothing_is_refused_and_changes_nothing() {
    let (line, credit) = credit::account();
    line.request(2).unwrap();
    let why = line.request(0).unwrap_err();
    assert_eq!(why, ZeroRequest);
    assert!(why.to_string().contains("at least one item"), "{why}");
    assert_eq!((credit.available(), line.stage()), (2, Stage::Open));
}

#[tokio::test]
async fn c2_cancel_is_final() {
    let (line, mut credit) = credit::account();
    line.request(3).unwrap();
    line.cancel();
    line.cancel();
    line.request(5).unwrap();
    line.request(0).unwrap();
    assert_eq!(credit.available(), 0);
    assert_eq!(credit.spend(), Err(SpendError::Over));
    assert!(credit.ready().await.is_err());
    assert!(!credit.end(), "after a cancel neither complete nor error is sent");
    assert_eq!(line.stage(), Stage::Cancelled);
}

#[tokio::test]
async fn c2_complete_or_error_is_said_at_most_once_and_nothing_follows() {
    let (line, mut credit) = credit::account();
    line.request(3).unwrap();
    assert!(credit.end());
    assert!(!credit.end());
    line.request(3).unwrap();
    assert_eq!(credit.spend(), Err(SpendError::Over));
    line.cancel();
    assert_eq!(line.stage(), Stage::Ended, "the first end holds");
}

#[test]
fn c2_a_line_that_is_gone_cancels() {
    let (line, mut credit) = credit::account();
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    assert!(credit.poll_cancelled(&mut TaskContext::from_waker(&waker)).is_pending());
    drop(line);
    assert_eq!(wakes.count(), 1);
    assert!(credit.poll_cancelled(&mut TaskContext::from_waker(&waker)).is_ready());
}

#[test]
fn c2_an_item_without_credit_is_an_error_and_returned() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let mut grantor = Grantor::<_, Grind>::new(&mill, window(2));
        let why = grantor.item(Grind { sack: 7 }).unwrap_err();
        assert!(why.to_string().contains("without credit"), "{why}");
        assert!(matches!(why, ItemError::NoCredit(Grind { sack: 7 })));
        assert_eq!(grant(&mut grantor), None, "the subscription is over");
        assert_eq!((mill.reading().depth, mill.reading().permits), (0, 0));

        let mut grantor = Grantor::<_, Grind>::new(&mill, window(2));
        assert_eq!(grant(&mut grantor), Some(2));
        for sack in 0..2 {
            grantor.item(Grind { sack }).unwrap();
        }
        grantor.item(Grind { sack: 2 }).unwrap_err();
        assert_eq!(mill.ledger().total().offered, 2, "it was not queued");
    });
}

#[test]
fn c1_credit_is_backed_by_permits_that_count_against_the_capacity() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let mut first = Grantor::<_, Grind>::new(&mill, window(6));
        let mut second = Grantor::<_, Grind>::new(&mill, window(6));
        assert_eq!((grant(&mut first), grant(&mut second)), (Some(6), Some(2)));
        assert_eq!(mill.reading().permits, 8);
        assert_eq!(mill.grind(99).try_send().unwrap_err().reason(), Reason::Full, "all slots are promised");
        for sack in 0..6 {
            first.item(Grind { sack }).unwrap();
        }
        assert_eq!((mill.reading().depth, mill.reading().permits), (6, 2));
        drop(second);
        assert_eq!(mill.reading().permits, 0);
        held.release();
    });
}

#[test]
fn credit_is_replenished_when_half_of_the_window_is_used() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let mut grantor = Grantor::<_, Grind>::new(&mill, window(6));
        assert_eq!(grant(&mut grantor), Some(6));
        for sack in 0..2 {
            grantor.item(Grind { sack }).unwrap();
            assert_eq!(grant(&mut grantor), None);
            assert_eq!(mill.reading().permits, 5 - sack as usize, "used slots serve other senders");
        }
        grantor.item(Grind { sack: 2 }).unwrap();
        testing::quiet(&system).await;
        assert_eq!(grant(&mut grantor), Some(3));
        assert_eq!(grantor.granted(), 6);
    });
}

/// A batch of half a window that is larger than the mailbox could never be reserved.
#[test]
fn a_window_that_is_larger_than_the_mailbox_counts_as_its_capacity() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let mut grantor = Grantor::<_, Grind>::new(&mill, window(1000));
        assert_eq!(grant(&mut grantor), Some(8));
        (0..4).for_each(|sack| grantor.item(Grind { sack }).unwrap());
        testing::quiet(&system).await;
        assert_eq!(grant(&mut grantor), Some(4));
    });
}

#[test]
fn a_producer_without_credit_gets_one_slot_at_once() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        for sack in 0..8 {
            mill.grind(sack).try_send().unwrap();
        }
        let mut grantor = Grantor::<_, Grind>::new(&mill, window(6));
        assert_eq!(grant(&mut grantor), None);
        assert_eq!(mill.reading().waiting, 1);
        held.release();
        let granted = poll_fn(|cx| grantor.poll_grant(cx)).await.unwrap();
        assert!(granted >= 1);
    });
}

#[test]
fn c1_producers_of_one_actor_never_have_more_items_out_than_it_has_slots() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let (mut producers, mut consumers) = (Vec::new(), Vec::new());
        for n in 0..5_u64 {
            let (producer, consumer) = credit::pair::<_, Grind>(&mill, window(4));
            consumers.push(tokio::spawn(consumer));
            let sacks = stream::iter((0..50).map(move |sack| Ok(Grind { sack: n * 1000 + sack })));
            producers.push(tokio::spawn(async move { sacks.forward(producer).await.unwrap() }));
        }
        run_other_tasks().await;
        let reading = mill.reading();
        assert_eq!((reading.depth + reading.permits, reading.waiting), (8, 5), "{reading:?}");
        assert_eq!(mill.ledger().total().offered, reading.depth as u64, "no item is anywhere else");
        held.release();
        for consumer in consumers {
            let report = consumer.await.unwrap();
            assert!(matches!(report.end, End::Completed), "{:?}", report.end);
            assert_eq!((report.items, report.undelivered.len()), (50, 0));
        }
        testing::quiet(&system).await;
        let ground = record.ground();
        for n in 0..5 {
            let of_one: Vec<_> = ground.iter().filter(|sack| **sack / 1000 == n).collect();
            assert!(of_one.len() == 50 && of_one.is_sorted(), "{of_one:?}");
        }
        assert_eq!(mill.ledger().total().refused_total(), 0);
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_the_actor_s_end_cancels_the_producer_and_returns_what_it_had_sent() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut producer, mut consumer) = credit::pair::<_, Grind>(&mill, window(4));
        assert!(poll(&mut consumer).is_pending());
        for sack in 0..2 {
            producer.send(Grind { sack }).unwrap();
        }
        mill.kill();
        let report = consumer.await;
        let End::Refused(why) = &report.end else { panic!("{:?}", report.end) };
        assert_eq!((why.reason(), report.items), (Reason::Closed, 0));
        assert_eq!(report.undelivered.iter().map(|item| item.sack).collect::<Vec<_>>(), [0, 1]);
        assert!(producer.ready().await.is_err());
        let refused = producer.send(Grind { sack: 2 }).unwrap_err();
        assert_eq!((refused.why(), refused.into_item().sack), (SpendError::Over, 2));
    });
}

#[test]
fn c4_a_producer_s_end_gives_its_slots_back_and_the_report_says_which_end_it_was() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let run = |end: fn(credit::Producer<Grind>)| {
            let (mut producer, mut consumer) = credit::pair::<_, Grind>(&mill, window(4));
            assert!(poll(&mut consumer).is_pending());
            producer.send(Grind { sack: 1 }).unwrap();
            end(producer);
            consumer
        };
        let completed = run(|producer| producer.complete()).await;
        assert!(matches!(completed.end, End::Completed));
        let failed = run(|producer| producer.fail("the cellar is flooded")).await;
        assert!(failed.end.to_string().contains("flooded"), "{}", failed.end);
        let vanished = run(drop).await;
        assert!(matches!(vanished.end, End::Vanished));
        assert_eq!([completed.items, failed.items, vanished.items], [1, 1, 1]);
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn a_consumer_that_is_dropped_gives_its_slots_back_and_cancels_the_producer() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let (mut producer, mut consumer) = credit::pair::<_, Grind>(&mill, window(4));
        assert!(poll(&mut consumer).is_pending());
        assert_eq!((mill.reading().permits, producer.available()), (4, 4));
        drop(consumer);
        assert_eq!((mill.reading().permits, producer.available()), (0, 0));
        assert!(producer.ready().await.is_err());
    });
}

#[test]
fn items_that_do_not_fit_into_the_bytes_wait_in_order_and_get_no_new_credit() {
    testing::run(async |system| {
        let mill = Mill::default();
        let handle: MillHandle = system.instance(mill.clone()).max_bytes(10).spawn().unwrap();
        let held = testing::hold(&handle);
        let (mut producer, consumer) = credit::pair::<_, Heavy>(&handle, window(4));
        let consumer = tokio::spawn(consumer);
        for bytes in [8, 5, 1, 2] {
            producer.feed(Heavy { bytes }).await.unwrap();
        }
        run_other_tasks().await;
        assert_eq!((handle.reading().depth, producer.available()), (1, 0));
        held.release();
        producer.feed(Heavy { bytes: 3 }).await.unwrap();
        producer.complete();
        let report = consumer.await.unwrap();
        assert_eq!((report.items, report.undelivered.len()), (5, 0), "{:?}", report.end);
        testing::quiet(&system).await;
        assert_eq!(mill.ground(), [8, 5, 1, 2, 3]);

        let (mut producer, consumer) = credit::pair::<_, Heavy>(&handle, window(4));
        let consumer = tokio::spawn(consumer);
        producer.feed(Heavy { bytes: 1000 }).await.unwrap();
        let report = consumer.await.unwrap();
        assert!(matches!(report.end, End::Refused(_)), "{:?}", report.end);
        assert_eq!(report.undelivered[0].bytes, 1000);
    });
}

#[test]
fn a_wire_that_panics_ends_the_subscription_and_nothing_else() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let inbound = stream::poll_fn(|_| -> Poll<Option<ToConsumer<Grind>>> { panic!("the wire burns") });
        let outbound = futures_util::sink::drain().sink_map_err(|never| match never {});
        let outbound = SinkExt::<ToProducer>::sink_map_err(outbound, |error: std::io::Error| error);
        let report = credit::consume(&mill, window(4), inbound, outbound).await;
        assert!(report.end.to_string().contains("the wire burns"), "{}", report.end);
        assert_eq!(mill.reading().permits, 0);
        mill.grind(1).await.unwrap();
    });
}

/// Random producers, holds and ends, with the same seed in every run.
#[test]
fn c1_random_producers_lose_nothing_and_stay_within_the_capacity() {
    for seed in 1..=40 {
        testing::run_with_seed(seed, async |system| {
            let (mut rng, (mill, record)) = (Rng(seed), Mill::spawn(&system));
            let (mut sent, mut held) = (0, None);
            let mut ends: Vec<_> = (0..3)
                .map(|_| {
                    let size = 1 + rng.below(7) as u32;
                    let (producer, consumer) = credit::pair::<_, Grind>(&mill, window(size));
                    (producer, tokio::spawn(consumer))
                })
                .collect();
            for _ in 0..300 {
                match rng.below(8) {
                    0 => held = Some(testing::hold(&mill)),
                    1 => drop(held.take()),
                    2 => tokio::task::yield_now().await,
                    n => {
                        let (producer, _) = &mut ends[n as usize % 3];
                        if producer.available() > 0 {
                            producer.send(Grind { sack: sent }).unwrap();
                            sent += 1;
                        }
                    }
                }
                let reading = mill.reading();
                assert!(reading.depth + reading.permits <= 8, "{reading:?}");
            }
            drop(held);
            let mut items = 0;
            for (producer, consumer) in ends {
                producer.complete();
                items += consumer.await.unwrap().items;
            }
            testing::quiet(&system).await;
            let mut ground = record.ground();
            ground.sort_unstable();
            assert_eq!((items, ground), (sent, (0..sent).collect()));
        });
    }
}
