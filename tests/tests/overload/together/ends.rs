//! Turns that end with their askers, where they meet claims and the wait graph (T8, D1).

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Gate, Record, balanced, pending, poll, row, run, run_other_tasks};
use std::any::Any;
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[derive(Default)]
struct Cancelled {
    seen: Record<u32>,
}

#[actor(local, capacity = 16, reserve = 0)]
impl Cancelled {
    #[message(cancel = on_abandon)]
    async fn search(&mut self, drops: Arc<Mutex<Option<Box<dyn Any + Send>>>>) {
        drop(drops.lock().unwrap().take());
        tokio::task::yield_now().await;
        self.seen.write(99_u32);
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.seen.write(n);
    }
}

/// The asker goes away in the first poll of the turn, while others are claimed.
#[test]
fn t8_an_asker_that_goes_away_during_the_first_poll_ends_the_turn_there() {
    run(async |system| {
        let actor = Cancelled::default();
        let seen = actor.seen.clone();
        let actor = system.spawn(actor);
        let held = testing::hold(&actor);
        let shared: Arc<Mutex<Option<Box<dyn Any + Send>>>> = Arc::default();
        let asked = pending(actor.search(shared.clone()).ask().owned());
        *shared.lock().unwrap() = Some(Box::new(asked));
        for n in 0..4 {
            actor.note(n).await.unwrap();
        }
        drop(held);
        run_other_tasks().await;
        assert_eq!(seen.read(), [0, 1, 2, 3]);
        let row = row::<CancelledSearch>(&actor);
        assert_eq!((row.offered, row.cancelled, row.handled), (1, 1, 0));
        balanced(&actor);
        actor.note(7).await.unwrap();
        run_other_tasks().await;
        assert_eq!(seen.read(), [0, 1, 2, 3, 7]);
    });
}

struct Node;

#[actor(local)]
impl Node {
    #[message(cancel = on_abandon)]
    async fn via(&mut self, other: NodeHandle, back: Option<NodeHandle>, gate: Gate) -> u32 {
        other.slow(back, gate).await.unwrap_or(0)
    }

    #[message]
    async fn slow(&mut self, back: Option<NodeHandle>, gate: Gate) -> u32 {
        gate.pass().await;
        match back {
            Some(back) => back.ping().await.map_err(|why| why.to_string()).unwrap(),
            None => 1,
        }
    }

    /// Like `slow`, and ends with its asker.
    #[message(cancel = on_abandon)]
    async fn search(&mut self, back: NodeHandle, gate: Gate) -> Option<Reason> {
        gate.pass().await;
        back.ping().await.err().map(|why| why.reason())
    }

    #[message]
    async fn begin(&mut self, other: NodeHandle, me: NodeHandle, gate: Gate) -> Option<Reason> {
        other.search(me, gate).await.unwrap_or(None)
    }

    #[message]
    fn ping(&mut self) -> u32 {
        7
    }
}

/// A turn that watches its asker is still one that its asker waits for.
#[test]
fn d1_a_cycle_through_a_turn_that_ends_with_its_asker_is_found() {
    run(async |system| {
        let (a, b) = (system.spawn(Node), system.spawn(Node));
        let gate = Gate::default();
        let mut asked = pending(a.begin(b.clone(), a.clone(), gate.clone()));
        run_other_tasks().await;
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(poll(&mut asked).map(Result::unwrap), Poll::Ready(Some(Reason::WouldDeadlock)));
    });
}

#[test]
fn d1_a_cancelled_turn_leaves_no_wait_behind() {
    run(async |system| {
        let (a, b) = (system.spawn(Node), system.spawn(Node));
        let gate = Gate::default();
        let asked = pending(a.via(b.clone(), Some(a.clone()), gate.clone()));
        run_other_tasks().await;
        drop(asked);
        run_other_tasks().await;
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(b.ping().await.unwrap(), 7, "b asked a, which waits for nothing");
        assert_eq!(row::<NodeSlow>(&b).panicked, 0);
        assert_eq!(row::<NodeVia>(&a).cancelled, 1);
    });
}
