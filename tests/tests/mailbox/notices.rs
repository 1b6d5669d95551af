//! Refusals without the lock: exact in the books, and over as soon as there is room.

use actors_core::policy::Overflow;
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Gate, SECOND, fill, finishes, pending, poll, row, run, run_other_tasks, threads};
use shop_messages as m;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

struct Shop;

#[actor(capacity = 4, reserve = 0)]
impl Shop {
    #[message]
    async fn serve(&mut self, gate: Gate) {
        gate.pass().await;
    }

    #[message]
    fn view(&mut self) {}

    #[message(overflow = block)]
    fn order(&mut self) -> u32 {
        7
    }
}

/// A shop in a turn, with a full mailbox that has refused often enough for a notice.
async fn full(system: &System) -> (ShopHandle, Gate) {
    let (shop, gate) = (system.spawn(Shop), Gate::default());
    shop.serve(gate.clone()).try_send().unwrap();
    run_other_tasks().await;
    assert_eq!(fill(|| shop.view()), 4);
    (0..20).for_each(|_| refused(&shop));
    (shop, gate)
}

#[track_caller]
fn refused(shop: &ShopHandle) {
    let refused = shop.view().try_send().unwrap_err();
    assert_eq!(refused.reason(), Reason::Full);
    assert!(refused.retry_after().is_some());
    assert!(refused.to_string().contains("the mailbox is full"), "{refused}");
}

#[test]
fn l1_each_refusal_without_the_lock_is_in_the_books_at_once() {
    run(async |system| {
        let (shop, gate) = full(&system).await;
        for sent in 22..100 {
            refused(&shop);
            let row = row::<m::View>(&shop);
            assert_eq!((row.offered, row.refused(Reason::Full)), (4 + sent, sent), "{row:?}");
            assert!(row.is_balanced());
        }
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(shop.ledger().total().handled, 5);
    });
}

#[test]
fn b1_room_ends_the_refusals_however_it_comes() {
    run(async |system| {
        // A turn begins.
        let (shop, gate) = full(&system).await;
        gate.open(1);
        run_other_tasks().await;
        shop.view().try_send().unwrap();
        // A sender takes its message back.
        let (shop, gate) = full(&system).await;
        gate.open(1);
        run_other_tasks().await;
        let held = testing::hold(&shop);
        let asked = pending(shop.order());
        assert_eq!(fill(|| shop.view()), 3);
        (0..20).for_each(|_| refused(&shop));
        drop(asked);
        shop.view().try_send().unwrap();
        refused(&shop);
        // A policy changes: the type refuses no more, and has less room.
        shop.adjust::<m::View>(|policy| policy.overflow(&[Overflow::DropOldest])).unwrap();
        shop.view().try_send().unwrap();
        held.release();
        // A stop and a kill have reasons of their own.
        let (shop, gate) = full(&system).await;
        let stopped = pending(shop.stop().into_future());
        assert_eq!(shop.view().try_send().unwrap_err().reason(), Reason::Closed);
        gate.open(1);
        stopped.await;
        let (shop, _gate) = full(&system).await;
        shop.kill();
        assert_eq!(shop.view().try_send().unwrap_err().reason(), Reason::Closed);
        shop.closed().await;
    });
}

/// A type that would wait is refused by `try_send` only.
#[test]
fn o1_a_sender_that_waits_is_not_refused_by_a_notice_for_others() {
    run(async |system| {
        let (shop, gate) = full(&system).await;
        for _ in 0..20 {
            assert_eq!(shop.order().tell().try_send().unwrap_err().reason(), Reason::Full);
        }
        let mut waits = shop.order();
        assert!(poll(&mut waits).is_pending());
        assert_eq!(shop.ledger().total().waiting, 1);
        gate.open(1);
        assert_eq!(waits.await.unwrap(), 7);
    });
}

#[test]
fn p9_refusals_without_the_lock_are_told_the_age_of_the_turn_spread_by_a_fifth() {
    run(async |system| {
        let (shop, _gate) = full(&system).await;
        for age in [1.0, 2.0, 3.0] {
            tokio::time::sleep(SECOND).await;
            let waits: Vec<_> = (0..200)
                .map(|_| shop.view().try_send().unwrap_err().retry_after().unwrap().as_secs_f64())
                .collect();
            let late = &waits[8..];
            assert!(late.iter().all(|wait| (0.8 * age..=1.2 * age).contains(wait)), "{late:?}");
            let (least, most) = late.iter().fold((9.0, 0.0), |(l, m), w| (f64::min(l, *w), f64::max(m, *w)));
            assert!(most > 1.3 * least, "{least} to {most}: all would come back at once");
        }
        shop.kill();
    });
}

/// T9: runs with the same seed are told the same, on whichever thread they are.
#[test]
fn t9_refusals_without_the_lock_are_told_the_same_in_each_run() {
    let told = || {
        let (tell, told) = std::sync::mpsc::channel();
        testing::run_with_seed(7, async |system| {
            let (shop, _gate) = full(&system).await;
            tokio::time::sleep(SECOND).await;
            let waits: Vec<_> =
                (0..100).map(|_| shop.view().try_send().unwrap_err().retry_after().unwrap()).collect();
            tell.send(waits).unwrap();
            shop.kill();
        });
        told.recv().unwrap()
    };
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(told)).collect();
    let runs: Vec<_> = threads.into_iter().map(|run| run.join().unwrap()).collect();
    assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "{runs:?}");
}

#[test]
fn l1_refusals_of_many_threads_are_counted_exactly() {
    finishes(|| {
        let runtime = threads(2);
        let shop = {
            let _inside = runtime.enter();
            System::new("full").spawn(Shop)
        };
        let gate = Gate::default();
        runtime.block_on(async { shop.serve(gate.clone()).await.unwrap() });
        let (accepted, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let senders: Vec<_> = (0..6)
            .map(|number| {
                let (shop, gate) = (shop.clone(), gate.clone());
                let (accepted, refused) = (accepted.clone(), refused.clone());
                std::thread::spawn(move || {
                    for n in 0..20_000 {
                        if number == 0 && n % 100 == 0 {
                            // Room comes and goes meanwhile.
                            gate.open(1);
                            let _ = shop.serve(gate.clone()).try_send().inspect_err(|_| gate.open(1));
                        }
                        let count = if shop.view().try_send().is_ok() { &accepted } else { &refused };
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        gate.open(1_000);
        let row = row::<m::View>(&shop);
        assert!(row.is_balanced(), "{row:?}");
        let expected = (120_000, refused.load(Ordering::Relaxed));
        assert_eq!((row.offered, row.refused(Reason::Full)), expected, "{row:?}");
        assert_eq!(accepted.load(Ordering::Relaxed) + expected.1, 120_000);
        let report = runtime.block_on(async { shop.stop().await });
        drop(report);
    });
}
