//! Turns that run for too long (F3): one report each, and no timer for it in an idle system.

use actors_core::observe::DecisionKind;
use actors_core::prelude::*;
use actors_core::testing::run;
use std::time::Duration;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

struct Desk;

#[actor]
impl Desk {
    #[message]
    async fn wait(&mut self, time: Duration) {
        sleep(time).await;
    }

    #[message]
    async fn charge(&mut self, time: Duration) {
        sleep(time).await;
    }

    #[message]
    fn viewed(&mut self) {}
}

/// The sentences about turns, in their order.
fn overdue(system: &System) -> Vec<String> {
    let decisions = system.decisions().into_iter();
    let overdue = decisions.filter(|decision| matches!(decision.kind, DecisionKind::TurnOverdue { .. }));
    overdue.map(|decision| decision.to_string()).collect()
}

/// A turn that hangs is reported once, with its worker, message type and age, of an actor without
/// `pressure` too.
#[test]
fn f3_a_turn_that_hangs_is_reported_once_with_its_message_type() {
    run(async |system| {
        let desk: DeskHandle = system.instance(Desk).name("desk").capacity(8).spawn().unwrap();
        desk.wait(25 * SECOND).await.unwrap();
        sleep(60 * SECOND).await;
        assert_eq!(overdue(&system), [""; 0], "it was not long enough");
        desk.charge(600 * SECOND).await.unwrap();
        desk.viewed().await.unwrap();
        desk.wait(600 * SECOND).await.unwrap();
        sleep(29 * SECOND).await;
        assert_eq!(overdue(&system), [""; 0]);
        sleep(12 * SECOND).await;
        let first = overdue(&system);
        assert_eq!(first.len(), 1, "{first:?}");
        let due = "desk at 25 %: the turn of `Charge` on worker 0 has been running for 3";
        assert!(first[0].starts_with(due), "{first:?}");
        sleep(500 * SECOND).await;
        assert_eq!(overdue(&system).len(), 1, "once per turn");
        sleep(120 * SECOND).await;
        let both = overdue(&system);
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(both[1].contains("the turn of `Wait` on worker 0"), "{both:?}");
    });
}

/// Each worker's turn is one of its own.
#[test]
fn f3_each_worker_of_a_pool_is_reported_for_its_own_turn() {
    run(async |system| {
        let desk: DeskHandle = system.actor(|| Desk).name("desk").workers(2..=2).spawn().unwrap();
        desk.wait(100 * SECOND).await.unwrap();
        desk.charge(100 * SECOND).await.unwrap();
        sleep(50 * SECOND).await;
        let mut shown: Vec<_> = system.snapshot().actors[0]
            .turns
            .iter()
            .map(|turn| (turn.message.to_string(), turn.worker, turn.age))
            .collect();
        shown.sort();
        assert_eq!(shown.iter().map(|turn| turn.0.as_str()).collect::<Vec<_>>(), ["Charge", "Wait"]);
        assert!(
            shown[0].1 != shown[1].1 && shown.iter().all(|turn| turn.2 == Some(50 * SECOND)),
            "{shown:?}"
        );
        let told = overdue(&system);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            ["`Charge`", "`Wait`"].iter().all(|name| told.iter().any(|line| line.contains(name))),
            "{told:?}"
        );
    });
}

/// The looks end with the last turn: a system whose actors wait for messages has no timer.
#[test]
fn f3_a_system_without_a_running_turn_has_no_timer() {
    run(async |system| {
        let desks: Vec<DeskHandle> = (0..100).map(|_| system.spawn(Desk)).collect();
        for desk in &desks {
            desk.wait(SECOND / 1000).ask().await.unwrap();
        }
        sleep(60 * SECOND).await;
        let parks = || tokio::runtime::Handle::current().metrics().worker_park_count(0);
        let before = parks();
        sleep(3600 * SECOND).await;
        let ticks = parks() - before;
        // With looks every 10 s it would be 360 times.
        assert!(ticks <= 12, "woke up {ticks} times in a calm hour");
        assert_eq!(overdue(&system), [""; 0]);
        // The next turn is looked at again.
        desks[7].charge(100 * SECOND).await.unwrap();
        sleep(41 * SECOND).await;
        assert_eq!(overdue(&system).len(), 1);
    });
}
