//! L: the ledger has each message that was offered. D2: answers need no slot.

use actors_core::prelude::*;
use actors_core::{observe::Row, testing};
use actors_tests::{Record, SECOND, pending, poll, run, run_other_tasks};
use desk_messages as m;
use futures_util::future::{Either, join, select};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Wake, Waker};
use std::time::Duration;

type Log = Record<(u32, u32)>;

#[derive(Default)]
struct Desk {
    log: Log,
}

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn work(&mut self, sender: u32, n: u32) {
        self.log.write((sender, n));
    }

    #[message(overflow = block)]
    fn question(&mut self, n: u32) -> u32 {
        n
    }

    #[message(overflow = reject)]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message(overflow = drop_oldest, ttl = "5s")]
    fn brief(&mut self) {}

    #[message(overflow = drop_newest)]
    fn newest(&mut self) {}

    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32) {
        let _ = sku;
    }

    #[message]
    fn fails(&mut self) {
        panic!("on purpose");
    }
}

/// A row of the ledger, for comparisons.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    offered: u64,
    handled: u64,
    panicked: u64,
    full: u64,
    closed: u64,
    timed_out: u64,
    dropped: u64,
    conflated: u64,
    expired: u64,
    cancelled: u64,
    undelivered: u64,
    queued: u64,
    waiting: u64,
    in_service: u64,
}

fn counts(row: Row) -> Counts {
    assert!(row.is_balanced(), "{row:?}");
    let refused = [Reason::Full, Reason::Closed, Reason::TimedOut].map(|reason| row.refused(reason));
    assert_eq!(refused.iter().sum::<u64>(), row.refused_total());
    assert_eq!(row.evicted, 0);
    Counts {
        offered: row.offered,
        handled: row.handled,
        panicked: row.panicked,
        full: refused[0],
        closed: refused[1],
        timed_out: refused[2],
        dropped: row.dropped,
        conflated: row.conflated,
        expired: row.expired,
        cancelled: row.cancelled,
        undelivered: row.undelivered,
        queued: row.queued,
        waiting: row.waiting,
        in_service: row.in_service,
    }
}

fn of<M: Message>(desk: &DeskHandle) -> Counts {
    let ledger = desk.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    counts(ledger.of::<M>())
}

#[test]
fn l1_each_message_stands_in_one_column_all_its_life() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        let mut asked = desk.rest(SECOND);
        assert_eq!(of::<m::Rest>(&desk), Counts::default(), "a send that is not polled is not offered");
        assert!(poll(&mut asked).is_pending());
        let mut expected = Counts { offered: 1, queued: 1, ..Counts::default() };
        assert_eq!(of::<m::Rest>(&desk), expected);
        held.release();
        run_other_tasks().await;
        (expected.queued, expected.in_service) = (0, 1);
        assert_eq!(of::<m::Rest>(&desk), expected);
        assert_eq!(asked.await.unwrap(), 1);
        // A caller that has the answer sees the message as handled.
        (expected.in_service, expected.handled) = (0, 1);
        assert_eq!(of::<m::Rest>(&desk), expected);
    });
}

#[test]
fn l1_a_task_that_an_answer_wakes_finds_the_message_handled() {
    struct Auditor {
        desk: DeskHandle,
        seen: Record<Counts>,
    }
    impl Wake for Auditor {
        fn wake(self: Arc<Self>) {
            self.seen.write(of::<m::Question>(&self.desk));
        }
    }
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let auditor = Arc::new(Auditor { desk: desk.clone(), seen: Record::default() });
        let mut asked = desk.question(1);
        let waker = Waker::from(auditor.clone());
        assert!(Pin::new(&mut asked).poll(&mut TaskContext::from_waker(&waker)).is_pending());
        testing::quiet(&system).await;
        let handled = Counts { offered: 1, handled: 1, ..Counts::default() };
        assert_eq!(auditor.seen.take(), [handled]);
        assert_eq!(asked.await.unwrap(), 1);
    });
}

#[test]
fn l1_every_outcome_has_its_column() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        desk.brief().await.unwrap();
        desk.priced(1).await.unwrap();
        desk.priced(1).await.unwrap();
        desk.work(0, 0).await.unwrap();
        let asked = pending(desk.question(0));
        desk.brief().await.unwrap();
        desk.newest().await.unwrap();
        assert!(desk.rest(SECOND).await.is_err());
        assert!(desk.work(0, 1).timeout(SECOND).await.is_err());
        let mut waiting = [desk.work(0, 2), desk.work(0, 3)];
        assert!(waiting.iter_mut().all(|send| poll(send).is_pending()));
        let [left, stays] = waiting;
        drop(left);
        let brief = Counts { offered: 2, dropped: 1, queued: 1, ..Counts::default() };
        assert_eq!(of::<m::Brief>(&desk), brief);
        let priced = Counts { offered: 2, conflated: 1, queued: 1, ..Counts::default() };
        assert_eq!(of::<m::Priced>(&desk), priced);
        let work =
            Counts { offered: 4, timed_out: 1, cancelled: 1, queued: 1, waiting: 1, ..Counts::default() };
        assert_eq!(of::<m::Work>(&desk), work);
        let (newest, rest) = (of::<m::Newest>(&desk), of::<m::Rest>(&desk));
        assert_eq!((newest.offered, newest.dropped), (1, 1));
        assert_eq!((rest.offered, rest.full), (1, 1));
        drop(asked);
        assert_eq!(of::<m::Question>(&desk).cancelled, 1);
        tokio::time::advance(10 * SECOND).await;
        held.release();
        assert_eq!(stays.await.unwrap(), Admission::Waited);
        testing::quiet(&system).await;
        assert_eq!(of::<m::Brief>(&desk).expired, 1);
        let held = testing::hold(&desk);
        desk.fails().await.unwrap();
        desk.work(0, 4).await.unwrap();
        held.release();
        desk.closed().await;
        assert!(desk.work(0, 5).await.is_err());
        assert_eq!(of::<m::Fails>(&desk).panicked, 1);
        let work = Counts {
            offered: 6,
            handled: 2,
            closed: 1,
            timed_out: 1,
            cancelled: 1,
            undelivered: 1,
            ..Counts::default()
        };
        assert_eq!(of::<m::Work>(&desk), work);
        let total = desk.ledger().total();
        assert_eq!((total.offered, total.handled), (14, 3));
        assert!(total.is_balanced());
    });
}

#[test]
fn l1_the_books_balance_inside_a_turn_too() {
    run(async |system| {
        struct Auditor {
            rows: Vec<Row>,
        }
        #[actor(local, capacity = 512, reserve = 0)]
        impl Auditor {
            #[message]
            fn audit(&mut self, ctx: &mut Context<Self>) {
                let ledger = ctx.handle::<AuditorHandle>().ledger();
                self.rows.push(ledger.of::<AuditorAudit>());
            }

            #[message]
            fn rows(&mut self) -> Vec<Row> {
                std::mem::take(&mut self.rows)
            }
        }
        let auditor = system.spawn(Auditor { rows: Vec::new() });
        let held = testing::hold(&auditor);
        for _ in 0..300 {
            auditor.audit().await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        for (turn, row) in (0..).zip(auditor.rows().await.unwrap()) {
            assert!(row.is_balanced(), "{row:?}");
            let seen = (row.offered, row.handled, row.in_service, row.queued);
            assert_eq!(seen, (300, turn, 1, 299 - turn));
        }
    });
}

#[test]
fn l1_a_ledger_of_another_message_is_a_panic_that_names_what_there_is() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let ledger = desk.ledger();
        let asked = std::panic::catch_unwind(|| ledger.of::<u32>());
        let text = *asked.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("u32") && text.contains("Work, Question"), "{text}");
        let names: Vec<_> = ledger.rows().iter().map(|row| row.message).collect();
        let declared = ["Work", "Question", "Rest", "Brief", "Newest", "Priced", "Fails"];
        assert_eq!(names, declared);
        assert!(ledger.to_string().contains("undelivered"));
    });
}

/// The sends of one sender, by its own count.
#[derive(Default)]
struct Tally {
    offered: u64,
    accepted: u64,
    refused: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_eight_senders_through_sixteen_slots_lose_nothing_and_keep_their_order() {
    const EACH: u32 = 4_000;
    let log = Log::default();
    let system = System::new("flood");
    let builder = system.instance(Desk { log: log.clone() }).capacity(16);
    let desk: DeskHandle = builder.spawn().unwrap();
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    desk.work(sender, n).await.unwrap();
                }
            })
        })
        .collect();
    while !senders.iter().all(|sender| sender.is_finished()) {
        let reading = desk.reading();
        assert!(reading.depth <= 16 && reading.waiting <= 16, "{reading:?}");
        assert!(desk.ledger().is_balanced(), "{}", desk.ledger());
        tokio::task::yield_now().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(desk.stop().await.reason().is_ok());
    let total = desk.ledger().total();
    assert_eq!((total.offered, total.handled), (32_000, 32_000));
    let mut next = [0; 8];
    for (sender, n) in log.read().iter() {
        let expected = &mut next[*sender as usize];
        assert_eq!(n, expected, "sender {sender}");
        *expected += 1;
    }
    assert_eq!(next, [EACH; 8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_sends_that_are_cancelled_at_random_are_each_counted_once() {
    const EACH: u32 = 10_000;
    let log = Log::default();
    let system = System::new("fickle");
    let builder = system.instance(Desk { log: log.clone() }).max_waiting(3);
    let desk: DeskHandle = builder.spawn().unwrap();
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let desk = desk.clone();
            tokio::spawn(async move {
                let mut tally = Tally::default();
                for n in 0..EACH {
                    tally.offered += 1;
                    let sent = match (n + sender) % 3 {
                        // Dropped as soon as it has to wait.
                        0 => match select(desk.work(sender, n), ready(())).await {
                            Either::Left((sent, _)) => sent.map(drop),
                            Either::Right(((), waiting)) => {
                                drop(waiting);
                                continue;
                            }
                        },
                        // Dropped after some time in line.
                        1 => {
                            let patience = Box::pin(tokio::task::yield_now());
                            match select(desk.work(sender, n), patience).await {
                                Either::Left((sent, _)) => sent.map(drop),
                                Either::Right(((), waiting)) => {
                                    drop(waiting);
                                    continue;
                                }
                            }
                        }
                        _ => desk.work(sender, n).await.map(drop),
                    };
                    match sent {
                        Ok(()) => tally.accepted += 1,
                        Err(refused) => {
                            assert_eq!(refused.reason(), Reason::Full);
                            assert_eq!(refused.into_message().n, n);
                            tally.refused += 1;
                            tokio::task::yield_now().await;
                        }
                    }
                }
                tally
            })
        })
        .collect();
    while !senders.iter().all(|sender| sender.is_finished()) {
        assert!(desk.reading().waiting <= 3);
        assert!(desk.ledger().is_balanced(), "{}", desk.ledger());
        tokio::task::yield_now().await;
    }
    let mut sum = Tally::default();
    for sender in senders {
        let tally = sender.await.unwrap();
        sum.offered += tally.offered;
        sum.accepted += tally.accepted;
        sum.refused += tally.refused;
    }
    assert!(desk.stop().await.reason().is_ok());
    let row = desk.ledger().of::<m::Work>();
    assert_eq!(row.refused(Reason::Full), sum.refused);
    // A send that is dropped before it was polled was never offered.
    assert!(row.offered <= sum.offered);
    assert_eq!(row.handled + row.cancelled + row.refused(Reason::Full), row.offered);
    // A message whose turn began just before its sender left is handled, although the sender does
    // not know.
    assert!(row.handled >= sum.accepted);
    let log = log.read();
    assert_eq!(log.len() as u64, row.handled);
    for sender in 0..8 {
        let of_sender = log.iter().filter(|(from, _)| *from == sender).map(|(_, n)| *n);
        assert!(of_sender.is_sorted_by(|a, b| a < b), "sender {sender}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_asks_that_are_abandoned_at_random_are_each_counted_once() {
    let system = System::new("askers");
    let builder = system.instance(Desk::default()).max_waiting(8);
    let desk: DeskHandle = builder.spawn().unwrap();
    let askers: Vec<_> = (0..8_u32)
        .map(|asker| {
            let desk = desk.clone();
            tokio::spawn(async move {
                let mut answered = 0_u64;
                for n in 0..1500 {
                    match (n + asker) % 3 {
                        0 => drop(select(desk.question(n), ready(())).await),
                        1 => {
                            let patience = Box::pin(tokio::task::yield_now());
                            drop(select(desk.question(n), patience).await);
                        }
                        _ => {
                            assert_eq!(desk.question(n).await.unwrap(), n);
                            answered += 1;
                        }
                    }
                }
                answered
            })
        })
        .collect();
    while !askers.iter().all(|asker| asker.is_finished()) {
        assert!(desk.reading().depth <= 4);
        assert!(desk.ledger().is_balanced(), "{}", desk.ledger());
        tokio::task::yield_now().await;
    }
    let mut answered = 0;
    for asker in askers {
        answered += asker.await.unwrap();
    }
    assert!(desk.stop().await.reason().is_ok());
    let row = desk.ledger().of::<m::Question>();
    // An ask that is dropped before it was polled was never offered.
    assert!(row.offered <= 40_000 && row.offered >= answered);
    assert_eq!(row.handled + row.cancelled + row.refused(Reason::Full), row.offered);
    assert!(row.handled >= answered);
}

#[test]
fn l2_the_books_are_kept_after_the_actor_s_end() {
    run(async |system| {
        for end in ["stop", "kill", "panic"] {
            let desk = system.spawn(Desk::default());
            desk.work(0, 0).await.unwrap();
            testing::quiet(&system).await;
            match end {
                "stop" => drop(desk.stop()),
                "kill" => desk.kill(),
                _ => drop(desk.fails().await),
            }
            desk.closed().await;
            assert_eq!(of::<m::Work>(&desk).handled, 1, "{end}");
            // The ledger also counts messages that arrive after the end.
            assert!(desk.work(0, 1).try_send().is_err());
            assert!(desk.question(1).await.is_err());
            assert_eq!((of::<m::Work>(&desk).closed, of::<m::Question>(&desk).closed), (1, 1));
        }
    });
}

#[test]
fn l2_a_shutdown_reports_the_books_of_every_actor_there_ever_was() {
    run(async |system| {
        for n in 0..5 {
            let desk = system.spawn(Desk::default());
            for at in 0..n {
                desk.work(n, at).await.unwrap();
            }
            match n {
                1 => desk.kill(),
                2 => drop(desk.fails().await),
                _ => {}
            }
            let closed = desk.closed();
            drop(desk);
            closed.await;
        }
        let alive = system.spawn(Desk::default());
        alive.work(9, 9).await.unwrap();
        let report = system.shutdown(SECOND).await;
        assert!(report.total.is_balanced());
        let total = (report.total.offered, report.total.panicked, report.total.undelivered);
        assert_eq!(total, (10 + 1 + 1, 1, 1));
        assert_eq!(report.total.handled, 10);
    });
}

#[test]
fn d2_an_answer_needs_no_room_in_the_asker_s_mailbox() {
    run(async |system| {
        struct Front {
            back: DeskHandle,
        }
        #[actor(local, capacity = 1, reserve = 0)]
        impl Front {
            #[message(overflow = block)]
            async fn serve(&mut self, n: u32) -> Result<u32, AskError> {
                self.back.question(n).await
            }

            #[message]
            fn fill(&mut self) {}
        }
        let back = system.instance(Desk::default()).capacity(1).spawn::<DeskHandle>();
        let back = back.unwrap();
        let front = system.spawn(Front { back: back.clone() });
        let held = testing::hold(&back);
        let served = pending(front.serve(7));
        run_other_tasks().await;
        // Both mailboxes are full, and a sender waits at each.
        front.fill().await.unwrap();
        let (mut at_front, mut at_back) = (front.fill(), back.work(0, 0));
        assert!(poll(&mut at_front).is_pending() && poll(&mut at_back).is_pending());
        let before = tokio::time::Instant::now();
        held.release();
        assert_eq!(served.await.unwrap().unwrap(), 7);
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn d2_an_answer_given_later_never_waits_for_a_slot() {
    run(async |system| {
        struct Clerk {
            owed: Vec<ReplyTo<u32>>,
        }
        #[actor(local, capacity = 2, reserve = 0)]
        impl Clerk {
            #[message(overflow = block)]
            fn later(&mut self, reply: ReplyTo<u32>) {
                self.owed.push(reply);
            }

            #[message]
            fn answer_all(&mut self) {
                for (n, owed) in (0..).zip(self.owed.drain(..)) {
                    assert!(owed.send(n).is_ok());
                }
            }

            #[message]
            fn fill(&mut self) {}
        }
        let clerk = system.spawn(Clerk { owed: Vec::new() });
        let mut asks: Vec<_> = (0..2).map(|_| clerk.later()).collect();
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        testing::quiet(&system).await;
        let held = testing::hold(&clerk);
        clerk.answer_all().await.unwrap();
        clerk.fill().await.unwrap();
        let _waiting = pending(clerk.fill());
        held.release();
        let before = tokio::time::Instant::now();
        let [first, second]: [_; 2] = asks.try_into().unwrap();
        let (first, second) = join(first, second).await;
        assert_eq!((first.unwrap(), second.unwrap()), (0, 1));
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}
