//! Known defects of actor frameworks, each as a test.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{HOUR, Record, pending, poll, run, run_other_tasks};
use desk_messages as m;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

type Log = Record<u32>;

#[derive(Default)]
struct Desk {
    log: Log,
}

#[actor(capacity = 16, reserve = 2)]
impl Desk {
    #[message]
    fn work(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn trifle(&mut self) {}

    #[message(priority = urgent)]
    fn urgent(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(overflow = reject)]
    fn question(&mut self, n: u32) -> u32 {
        n
    }

    #[message(priority = urgent)]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message]
    fn fails(&mut self, n: u32) -> u32 {
        panic!("order {n} was too much");
    }

    #[message]
    fn refuses(&mut self) -> Result<u32, String> {
        Err("no".to_owned())
    }
}

fn desk(system: &System) -> (DeskHandle, Log) {
    let log = Log::default();
    (system.spawn(Desk { log: log.clone() }), log)
}

#[test]
fn blocked_senders_are_bounded() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let mut line = Vec::new();
        let mut refused = 0;
        for n in 0..10_000 {
            let mut send = desk.work(n);
            match poll(&mut send) {
                Poll::Pending => line.push(send),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    assert_eq!(error.reason(), Reason::Full);
                    refused += 1;
                }
            }
        }
        assert_eq!((desk.reading().depth, line.len(), refused), (14, 16, 10_000 - 30));
    });
}

#[test]
fn no_way_of_sending_gets_past_the_bound() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let recipient: Recipient<m::Work> = desk.recipient();
        let _held = testing::hold(&desk);
        for n in 0..1000 {
            drop(desk.work(n).try_send());
            drop(recipient.try_send(m::Work { n }));
            drop(desk.tell(m::Work { n }).try_send());
            drop(desk.refuses().tell().try_send());
            drop(poll(&mut desk.question(n)));
            drop(desk.trifle().await);
            assert!(desk.reading().depth <= 14);
        }
    });
}

#[test]
fn a_mailbox_full_of_trifles_takes_an_urgent_message() {
    run(async |system| {
        let (desk, log) = desk(&system);
        let held = testing::hold(&desk);
        for _ in 0..1000 {
            desk.trifle().await.unwrap();
        }
        assert_eq!(desk.urgent(1).await.unwrap(), Admission::Queued);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1]);
    });
}

#[test]
fn a_stop_is_not_queued_behind_a_flood() {
    run(async |system| {
        let (desk, log) = desk(&system);
        let flood = {
            let desk = desk.clone();
            tokio::spawn(async move {
                let mut sent = 0;
                while desk.work(sent).await.is_ok() {
                    sent += 1;
                }
                sent
            })
        };
        for _ in 0..100 {
            run_other_tasks().await;
        }
        let before = Instant::now();
        assert_eq!(desk.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let sent = flood.await.unwrap();
        assert_eq!(log.read().len() as u32, sent);
    });
}

#[test]
fn the_word_that_another_actor_ended_does_not_wait_behind_a_busy_mailbox_s_senders() {
    run(async |system| {
        struct Watcher {
            seen: Arc<Notify>,
        }
        #[actor(local, capacity = 2, reserve = 1)]
        impl Watcher {
            #[message]
            fn watch_over(&mut self, other: DeskHandle, ctx: &mut Context<Self>) {
                let watching = ctx.watch(&other, |why| WatcherEnded { why });
                assert!(watching.is_ok());
            }

            #[message(priority = urgent)]
            fn ended(&mut self, why: StopReason) {
                assert_eq!(why, StopReason::Panicked);
                self.seen.notify_one();
            }

            #[message]
            fn trifle(&mut self) {}
        }
        let seen = Arc::new(Notify::new());
        let watcher = system.spawn(Watcher { seen: seen.clone() });
        let (watched, _) = desk(&system);
        watcher.watch_over(watched.clone()).await.unwrap();
        testing::quiet(&system).await;
        let held = testing::hold(&watcher);
        let mut line: Vec<_> = (0..3).map(|_| watcher.trifle()).collect();
        line.iter_mut().for_each(|send| drop(poll(send)));
        drop(watched.fails(1).await);
        run_other_tasks().await;
        assert_eq!(watcher.reading().depth, 2, "one trifle and the word");
        held.release();
        seen.notified().await;
    });
}

#[test]
fn equal_priority_is_first_come_first_served() {
    run(async |system| {
        let (desk, log) = desk(&system);
        for round in 0..50 {
            let held = testing::hold(&desk);
            for n in 0..14 {
                desk.work(round * 14 + n).await.unwrap();
            }
            held.release();
            testing::quiet(&system).await;
        }
        assert_eq!(log.read(), (0..700).collect::<Vec<_>>());
    });
}

#[test]
fn a_low_message_is_handled_under_an_endless_flood_of_urgent_ones() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        desk.trifle().await.unwrap();
        let flood = {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    if desk.urgent(n).await.is_err() {
                        return;
                    }
                }
            })
        };
        held.release();
        while desk.ledger().of::<m::Trifle>().handled == 0 {
            tokio::task::yield_now().await;
            let urgent = desk.ledger().of::<m::Urgent>().handled;
            assert!(urgent < 100_000, "the low one starves");
        }
        desk.kill();
        flood.await.unwrap();
    });
}

#[test]
fn the_message_in_flight_is_not_lost_without_a_trace_on_a_panic() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut lost = system.dead_letters();
        let error = desk.fails(7).await.unwrap_err();
        assert_eq!(error.reason(), Reason::Panicked);
        let letter = lost.next().await.unwrap();
        assert_eq!((letter.message, letter.reason), ("Fails", Reason::Panicked));
        assert_eq!(letter.payload.as_deref(), Some("order 7 was too much"));
        assert_eq!(desk.ledger().of::<m::Fails>().panicked, 1);
    });
}

#[test]
fn a_queue_that_ends_with_its_actor_is_reported_message_by_message() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&desk);
        desk.fails(0).tell().await.unwrap();
        for n in 1..10 {
            desk.work(n).await.unwrap();
        }
        held.release();
        desk.closed().await;
        let payloads: Vec<_> =
            std::iter::from_fn(|| lost.try_next()).filter_map(|letter| letter.payload).collect();
        let expected: Vec<_> = std::iter::once("order 0 was too much".to_owned())
            .chain((1..10).map(|n| format!("Work {{ n: {n} }}")))
            .collect();
        assert_eq!(payloads, expected);
    });
}

#[test]
fn an_asker_learns_of_a_loss_when_it_happens() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let asked = pending(desk.question(1).timeout(20 * HOUR));
        let before = Instant::now();
        desk.kill();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_cancelled_ask_leaks_no_slot() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..10_000 {
            let _asked = pending(desk.question(n));
        }
        assert_eq!(desk.reading().depth, 0);
        held.release();
        assert_eq!(desk.question(1).await.unwrap(), 1);
        assert_eq!(desk.ledger().of::<m::Question>().cancelled, 10_000);
    });
}

#[test]
fn an_ask_that_times_out_leaks_no_slot() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..100 {
            let asked = desk.question(n).timeout(Duration::from_millis(1));
            assert_eq!(asked.await.unwrap_err().reason(), Reason::TimedOut);
        }
        assert_eq!(desk.reading().depth, 0);
        held.release();
        assert_eq!(desk.question(1).await.unwrap(), 1);
    });
}

#[test]
fn a_told_message_whose_handler_returns_an_error_leaves_its_actor_alive() {
    run(async |system| {
        let (desk, _) = desk(&system);
        desk.refuses().tell().await.unwrap();
        testing::quiet(&system).await;
        assert!(!desk.is_closed());
        assert_eq!(desk.question(1).await.unwrap(), 1);
    });
}

#[test]
fn what_was_declared_not_discardable_is_not_discarded_by_another_type_s_policy() {
    run(async |system| {
        let (desk, log) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..14 {
            desk.work(n).await.unwrap();
        }
        for _ in 0..1000 {
            assert_eq!(desk.trifle().await.unwrap(), Admission::Dropped);
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), (0..14).collect::<Vec<_>>());
    });
}

#[test]
fn a_start_does_not_hang_on_a_mailbox_that_is_full_already() {
    run(async |system| {
        struct Slow {
            go: Arc<Notify>,
            handled: u32,
        }
        #[actor(local, capacity = 2, reserve = 0)]
        impl Slow {
            #[started]
            async fn open(&mut self, ctx: &mut Context<Self>) {
                self.go.notified().await;
                // The mailbox is full. Control and timers do not need a slot.
                assert_eq!(ctx.reading().depth, 2);
                assert!(ctx.send_after(Duration::from_secs(1), SlowWork).is_ok());
            }

            #[message]
            fn work(&mut self) {
                self.handled += 1;
            }

            #[message(overflow = block)]
            fn handled(&mut self) -> u32 {
                self.handled
            }
        }
        let go = Arc::new(Notify::new());
        let slow = system.spawn(Slow { go: go.clone(), handled: 0 });
        slow.work().await.unwrap();
        slow.work().await.unwrap();
        let mut waiting = [slow.work(), slow.work()];
        assert!(waiting.iter_mut().all(|send| poll(send).is_pending()));
        run_other_tasks().await;
        assert_eq!(slow.ledger().total().handled, 0, "nothing before it has started");
        go.notify_one();
        slow.ready().await.unwrap();
        for send in waiting {
            send.await.unwrap();
        }
        tokio::time::sleep(2 * Duration::from_secs(1)).await;
        assert_eq!(slow.handled().await.unwrap(), 5);
    });
}

#[test]
fn a_subscriber_that_lags_is_told_what_it_missed() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut lost = system.dead_letters();
        let _held = testing::hold(&desk);
        for _ in 0..14 + 3000 {
            desk.trifle().await.unwrap();
        }
        let first = lost.next().await.unwrap();
        assert_eq!(first.missed, 3000 - 1024);
        let rest = std::iter::from_fn(|| lost.try_next());
        assert_eq!(rest.map(|letter| 1 + letter.missed).sum::<u64>(), 1023);
    });
}

#[test]
fn a_slow_actor_is_no_black_hole_its_senders_are_held_back() {
    run(async |system| {
        let (desk, _) = desk(&system);
        desk.rest(HOUR).tell().await.unwrap();
        run_other_tasks().await;
        let accepted = (0..1000).filter(|n| desk.work(*n).try_send().is_ok()).count();
        assert_eq!(accepted, 14);
    });
}
