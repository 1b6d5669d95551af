//! Policies that change while the actor runs.

use actors_core::prelude::*;
use actors_core::{
    policy::{Order, Overflow, Rate},
    testing,
};
use actors_policy::fields::{MESSAGE, Reach};
use actors_tests::{Record, SECOND, pending, poll, run};
use desk_messages as m;
use std::task::Poll;

type Log = Record<u32>;

#[derive(Default)]
struct Desk {
    log: Log,
}

#[actor(capacity = 4, reserve = 0)]
impl Desk {
    #[message]
    fn paper(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(priority = low, overflow = drop_newest)]
    fn trifle(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(overflow = conflate, key = n)]
    fn latest(&mut self, n: u32) {
        self.log.write(n);
    }

    #[message(overflow = reject)]
    fn question(&mut self) -> u32 {
        7
    }
}

fn desk(system: &System) -> (Log, DeskHandle) {
    let log = Log::default();
    (log.clone(), system.spawn(Desk { log }))
}

#[test]
fn in_an_incident_a_type_that_blocks_can_be_told_to_drop() {
    run(async |system| {
        let (log, desk) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..4 {
            desk.paper(n).await.unwrap();
        }
        let mut waits = pending(desk.paper(4));
        desk.adjust::<m::Paper>(|policy| policy.overflow(&[Overflow::DropOldest])).unwrap();
        // The waiter stays in line. The next send drops the oldest of the messages queued before.
        assert!(poll(&mut waits).is_pending());
        assert_eq!(desk.paper(5).await.unwrap(), Admission::Displaced);
        held.release();
        assert_eq!(waits.await.unwrap(), Admission::Waited);
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1, 2, 3, 5, 4]);
    });
}

#[test]
fn lists_that_a_new_policy_needs_are_made_up_for() {
    run(async |system| {
        for word in [Overflow::DropOldest, Overflow::DropRandom] {
            let (log, desk) = desk(&system);
            let held = testing::hold(&desk);
            for n in 0..4 {
                desk.paper(n).await.unwrap();
            }
            desk.adjust::<m::Paper>(|policy| policy.overflow(&[word])).unwrap();
            for n in 4..20 {
                assert_eq!(desk.paper(n).await.unwrap(), Admission::Displaced, "{word:?}");
            }
            // Back again, while messages of the list are queued.
            desk.adjust::<m::Paper>(|policy| policy.overflow(&[Overflow::Reject])).unwrap();
            assert_eq!(desk.paper(20).await.unwrap_err().reason(), Reason::Full);
            held.release();
            testing::quiet(&system).await;
            assert_eq!(log.read().len(), 4);
        }
    });
}

#[test]
fn a_type_can_be_told_to_evict_what_is_queued_below_it_already() {
    run(async |system| {
        let (log, desk) = desk(&system);
        let held = testing::hold(&desk);
        for n in 0..4 {
            desk.trifle(n).await.unwrap();
        }
        desk.adjust::<m::Paper>(|policy| policy.overflow(&[Overflow::EvictLower])).unwrap();
        assert_eq!(desk.paper(9).await.unwrap(), Admission::Displaced);
        // The type must not be lost any more, so no message is evicted.
        desk.adjust::<m::Trifle>(|policy| policy.overflow(&[Overflow::Reject])).unwrap();
        assert_eq!(desk.paper(9).await.unwrap_err().reason(), Reason::Full);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [9, 0, 1, 2]);
    });
}

#[test]
fn more_room_is_given_to_waiting_senders_at_once() {
    run(async |system| {
        let (_, desk) = desk(&system);
        let _held = testing::hold(&desk);
        desk.adjust::<m::Paper>(|policy| policy.max(1)).unwrap();
        desk.paper(1).await.unwrap();
        let mut waits = pending(desk.paper(2));
        desk.adjust::<m::Paper>(|policy| policy.max(2)).unwrap();
        assert!(matches!(poll(&mut waits), Poll::Ready(Ok(Admission::Waited))));
        // A smaller maximum removes nothing.
        desk.adjust::<m::Paper>(|policy| policy.max(1)).unwrap();
        assert_eq!(desk.ledger().of::<m::Paper>().queued, 2);
        assert!(poll(&mut desk.paper(3)).is_pending());
    });
}

#[test]
fn ttl_and_timeout_hold_from_the_next_send_on() {
    run(async |system| {
        let (log, desk) = desk(&system);
        let held = testing::hold(&desk);
        desk.paper(1).await.unwrap();
        desk.adjust::<m::Paper>(|policy| policy.ttl(SECOND)).unwrap();
        desk.adjust::<m::Question>(|policy| policy.timeout(3 * SECOND)).unwrap();
        desk.paper(2).await.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(desk.question().await.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(began.elapsed(), 3 * SECOND);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [1]);
        assert_eq!(desk.policy::<m::Paper>().ttl, Some(SECOND));
        assert_eq!(desk.policy::<m::Question>().timeout, 3 * SECOND);
    });
}

/// The mailbox keeps a copy of each setting that `adjust` changes. A new word may be forgotten when
/// it is stored, or when it is read back.
#[test]
fn every_word_that_adjust_may_change_is_in_the_policy_that_is_read_back() {
    run(async |system| {
        let (_, desk) = desk(&system);
        let declared = desk.policy::<m::Latest>();
        let wanted = declared
            .overflow(&[Overflow::Conflate, Overflow::DropRandom])
            .early(0.5)
            .max(3)
            .max_per_key(2)
            .ttl(SECOND)
            .rate(Rate::new(7, SECOND))
            .burst(2)
            .timeout(3 * SECOND);
        desk.adjust::<m::Latest>(|_| wanted).unwrap();
        let adjusted = desk.policy::<m::Latest>();
        for field in MESSAGE.iter().filter(|field| field.reach == Reach::Running) {
            let [declared, wanted, adjusted] =
                [declared, wanted, adjusted].map(|policy| (field.get)(&policy));
            assert_ne!(wanted, declared, "give `{}` another value in this test", field.word);
            assert_eq!(adjusted, wanted, "`{}`", field.word);
        }
    });
}

#[test]
fn what_cannot_change_is_refused_with_a_sentence_and_nothing_changes() {
    run(async |system| {
        let (_, desk) = desk(&system);
        let before = desk.policy::<m::Latest>();
        let refusals = [
            desk.adjust::<m::Latest>(|policy| policy.priority(Priority::High)),
            desk.adjust::<m::Latest>(|policy| policy.overflow(&[Overflow::Block])),
            desk.adjust::<m::Latest>(|policy| policy.order(Order::LifoUnderPressure)),
            desk.adjust::<m::Latest>(|policy| policy.max(0)),
            desk.adjust::<m::Latest>(|policy| policy.early(0.5)),
            desk.adjust::<m::Latest>(|policy| policy.max(1).overflow(&[])),
        ];
        let words = ["the priority", "conflated", "the order", "at least 1", "drop_random", "empty list"];
        for (refusal, word) in refusals.into_iter().zip(words) {
            let why = refusal.unwrap_err().to_string();
            assert!(why.contains("`Latest`") && why.contains(word), "{why}");
        }
        assert_eq!(desk.policy::<m::Latest>(), before);
    });
}

/// Two changes at the same time do not undo each other: each applies what it changes.
#[test]
fn a_change_during_another_one_is_not_lost() {
    run(async |system| {
        let (_, desk) = desk(&system);
        let other = desk.clone();
        let change = desk.adjust::<m::Paper>(|policy| {
            // As another thread might at this moment.
            other.adjust::<m::Paper>(|policy| policy.ttl(SECOND).max(2)).unwrap();
            policy.max(3).timeout(2 * SECOND)
        });
        change.unwrap();
        let policy = desk.policy::<m::Paper>();
        assert_eq!((policy.ttl, policy.max, policy.timeout), (Some(SECOND), Some(3), 2 * SECOND));
        // What the two changes come to together is checked.
        let wrong = desk.adjust::<m::Trifle>(|policy| {
            other.adjust::<m::Trifle>(|policy| policy.overflow(&[Overflow::DropRandom]).early(0.5)).unwrap();
            policy.overflow(&[Overflow::DropOldest])
        });
        assert!(wrong.unwrap_err().to_string().contains("`drop_random`"));
        assert_eq!(desk.policy::<m::Trifle>().overflow.words(), [Overflow::DropRandom]);
    });
}
