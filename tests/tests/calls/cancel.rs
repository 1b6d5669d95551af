//! T3: a pending send that is dropped was not sent, so that its caller may send again. A message
//! that the mailbox has accepted meanwhile is withdrawn, unless its turn has begun.

use actors_core::mailbox::{Class, Item, channel};
use actors_core::policy::{Overflow, Policy, Settings};
use actors_core::prelude::*;
use actors_tests::{Gate, Record, alone, meet_workers, pending, poll, run, run_other_tasks, threads};
use std::task::Poll;

#[derive(Default)]
struct Till {
    seen: Record<u32>,
}

#[actor(local, capacity = 1, reserve = 0, max_waiting = 4)]
impl Till {
    /// Passes the gate first, if there is one.
    #[message(overflow = block)]
    async fn pay(&mut self, n: u32, gate: Option<Gate>) {
        if let Some(gate) = gate {
            gate.pass().await;
        }
        self.seen.write(n);
    }
}

/// Starts an actor with a turn that waits at the gate, and a full queue.
async fn busy(system: &System) -> (TillHandle, Gate, Record<u32>) {
    let (gate, till) = (Gate::default(), Till::default());
    let seen = till.seen.clone();
    let till = system.spawn(till);
    till.pay(1, Some(gate.clone())).await.unwrap();
    run_other_tasks().await;
    till.pay(2, Some(gate.clone())).await.unwrap();
    (till, gate, seen)
}

#[test]
fn t3_a_tell_that_was_let_in_and_is_dropped_before_it_knows_is_withdrawn() {
    run(async |system| {
        let (till, gate, seen) = busy(&system).await;
        let tell = pending(till.pay(3, None));
        gate.open(1);
        run_other_tasks().await;
        assert_eq!((till.reading().waiting, till.reading().depth), (0, 1), "it was let in");
        drop(tell);
        assert_eq!(till.reading().depth, 0);
        // The caller does not know that it was let in, so it sends again.
        till.pay(3, None).await.unwrap();
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(seen.read(), [1, 2, 3]);
        let total = till.ledger().total();
        assert_eq!((total.offered, total.handled, total.cancelled), (4, 3, 1));
    });
}

#[test]
fn t3_a_tell_whose_turn_has_begun_stays_sent() {
    run(async |system| {
        let (till, gate, seen) = busy(&system).await;
        let tell = pending(till.pay(3, Some(gate.clone())));
        gate.open(2);
        run_other_tasks().await;
        drop(tell);
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(seen.read(), [1, 2, 3]);
        assert_eq!(till.ledger().total().cancelled, 0);
    });
}

#[test]
fn t3_a_tell_that_knows_that_it_is_in_is_not_withdrawn() {
    run(async |system| {
        let (till, gate, seen) = busy(&system).await;
        let mut tell = pending(till.pay(3, None));
        gate.open(1);
        run_other_tasks().await;
        assert!(matches!(poll(&mut tell), Poll::Ready(Ok(Admission::Waited))));
        drop(tell);
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(seen.read(), [1, 2, 3]);
    });
}

#[test]
fn t3_the_slot_of_a_tell_that_is_withdrawn_goes_to_the_next_in_line() {
    run(async |system| {
        let (till, gate, seen) = busy(&system).await;
        let (mut first, mut second) = (till.pay(3, None), till.pay(4, None));
        assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
        gate.open(1);
        run_other_tasks().await;
        drop(first);
        assert!(matches!(poll(&mut second), Poll::Ready(Ok(Admission::Waited))));
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(seen.read(), [1, 2, 4]);
    });
}

#[test]
fn t3_a_permit_that_was_given_to_a_reservation_that_is_dropped_is_given_on() {
    run(async |system| {
        let (till, gate, _) = busy(&system).await;
        let (mut first, mut second) = (till.reserve::<TillPay>(), till.reserve::<TillPay>());
        assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
        gate.open(1);
        run_other_tasks().await;
        drop(first);
        let Poll::Ready(Ok(permit)) = poll(&mut second) else { panic!("it has its slot") };
        assert_eq!(till.reading().permits, 1);
        drop(permit);
        gate.open(1);
    });
}

struct Thing(u32);
impl Item for Thing {}

#[test]
fn t3_a_value_sent_into_a_channel_that_was_let_in_is_withdrawn_too() {
    let policy = Policy::tell().overflow(&[Overflow::Block]);
    let settings = Settings::new().capacity(1).reserve(0);
    let (sender, mut receiver) = channel(settings, vec![Class::new("thing", policy)]).unwrap();
    sender.try_send(Thing(1)).unwrap();
    let sending = pending(sender.send(Thing(2)));
    let Poll::Ready(Some(Thing(1))) = poll(&mut receiver.recv()) else { panic!("the first one") };
    drop(sending);
    sender.try_send(Thing(3)).unwrap();
    let Poll::Ready(Some(Thing(3))) = poll(&mut receiver.recv()) else { panic!("the one that was sent") };
    assert_eq!(receiver.ledger().total().cancelled, 1);
}

struct Quick(Record<u32>);

#[actor(local)]
impl Quick {
    #[message]
    fn tick(&mut self, n: u32) {
        self.0.write(n);
    }

    #[message]
    fn ask_tick(&mut self, n: u32) -> u32 {
        self.0.write(n);
        n
    }
}

#[test]
fn t3_a_task_without_budget_yields_before_a_donated_turn_and_not_after_it() {
    alone!("t3_a_task_without_budget_yields_before_a_donated_turn_and_not_after_it", || {
        actors_core::__private::freeze_cpu_clock();
        let runtime = threads(1);
        let system = {
            let _inside = runtime.enter();
            System::new("budget")
        };
        meet_workers(&runtime, &system, 1);
        let seen = Record::default();
        let (quick, other) = (system.spawn(Quick(seen.clone())), system.spawn(Quick(seen.clone())));
        let task = runtime.spawn(async move {
            while tokio::task::coop::has_budget_remaining() {
                let _ = poll(&mut std::pin::pin!(tokio::task::coop::consume_budget()));
            }
            // The runtime times the first turn of each type, which costs a unit of budget.
            let tell = pending(quick.tick(1));
            drop(tell);
            let ask = pending(other.ask_tick(2));
            drop(ask);
            tokio::task::yield_now().await;
            for actor in [&quick, &other] {
                assert!(actor.ledger().is_balanced());
                assert_eq!(
                    actor.ledger().total().handled,
                    0,
                    "what was dropped while it was pending was handled"
                );
            }
            quick.tick(3).await.unwrap();
            assert_eq!(other.ask_tick(4).await.unwrap(), 4);
        });
        runtime.block_on(task).unwrap();
        assert_eq!(seen.read(), [3, 4]);
    });
}

#[test]
fn o10_a_message_that_was_refused_in_line_has_a_dead_letter_where_its_sender_went_away_before_it_knew() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (till, _gate, _) = busy(&system).await;
        let (mut told, mut untold) = (till.pay(3, None), till.pay(4, None));
        assert!(poll(&mut told).is_pending() && poll(&mut untold).is_pending());
        till.kill();
        assert_eq!(till.ledger().total().refused(Reason::Closed), 2);
        drop(untold);
        let Poll::Ready(Err(error)) = poll(&mut told) else { panic!("it was refused") };
        assert_eq!(error.reason(), Reason::Closed);
        drop((told, error));
        till.closed().await;
        let seen: Vec<_> = std::iter::from_fn(|| letters.try_next())
            .map(|letter| (letter.reason, letter.payload.unwrap_or_default()))
            .collect();
        // The running and the queued message were accepted. The waiting sender gets its message
        // back.
        assert_eq!(seen.len(), 3, "{seen:?}");
        assert!(seen.iter().all(|(reason, _)| *reason == Reason::Closed), "{seen:?}");
        assert!(till.ledger().is_balanced());
    });
}
