//! Which children restart when one fails.

use super::*;

async fn births_after_a_failure(system: &System, strategy: Strategy, failing: &str) -> [u32; 4] {
    let (events, root) = start_tree(system, Plan::of("root", strategy, leaves(&["a", "b", "c", "d"]))).await;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(events.child(name).work().await.unwrap(), 1);
    }
    let _ = events.child(failing).fail().await;
    testing::quiet(system).await;
    let births = ["a", "b", "c", "d"].map(|name| events.births(name));
    for (name, births) in ["a", "b", "c", "d"].into_iter().zip(births) {
        let fresh = if births == 2 { 1 } else { 2 };
        assert_eq!(
            events.child(name).work().await.unwrap(),
            fresh,
            "{name}: the same handle leads to the new one"
        );
    }
    assert_eq!(events.births("root"), 1);
    root.stop().await;
    events.assert_all_ended();
    births
}

#[test]
fn f2_one_for_one_only_the_child_that_failed_begins_anew() {
    run(async |system| {
        assert_eq!(births_after_a_failure(&system, Strategy::OneForOne, "b").await, [1, 2, 1, 1]);
    });
}

#[test]
fn f2_one_for_all_all_children_begin_anew() {
    run(async |system| {
        assert_eq!(births_after_a_failure(&system, Strategy::OneForAll, "b").await, [2, 2, 2, 2]);
    });
}

#[test]
fn f2_rest_for_one_those_that_were_started_later_begin_anew() {
    run(async |system| {
        assert_eq!(births_after_a_failure(&system, Strategy::RestForOne, "b").await, [1, 2, 2, 2]);
    });
}

#[test]
fn f2_a_sibling_that_begins_anew_keeps_its_queue_and_ends_its_turn() {
    run(async |system| {
        let plan = Plan::of("root", Strategy::OneForAll, leaves(&["a", "b"]));
        let (events, _root) = start_tree(&system, plan).await;
        let (a, b) = (events.child("a"), events.child("b"));
        let rests = pending(b.rest(SECOND));
        run_other_tasks().await;
        for n in 0..3 {
            b.note(n).await.unwrap();
        }
        let _ = a.fail().await;
        run_other_tasks().await;
        assert_eq!(events.births("b"), 1, "its turn is not cut off");
        assert_eq!(rests.await.unwrap(), 1);
        testing::quiet(&system).await;
        assert_eq!(events.births("b"), 2);
        assert_eq!(events.lines(), ["b Restarted", "b 0", "b 1", "b 2"]);
        let total = b.ledger().total();
        assert_eq!((total.offered, total.handled), (4, 4), "the ledger is kept");
    });
}

#[test]
fn f2_siblings_that_fail_at_once_begin_anew_once() {
    run(async |system| {
        let plan = Plan::of("root", Strategy::OneForOne, leaves(&["a", "b", "c"]));
        let (events, _root) = start_tree(&system, Plan { strategy: Strategy::OneForAll, ..plan }).await;
        for name in ["a", "b", "c"] {
            events.child(name).fail_later(SECOND).await.unwrap();
        }
        testing::quiet(&system).await;
        for name in ["a", "b", "c"] {
            assert_eq!(events.births(name), 2, "{name}");
            assert_eq!(events.child(name).work().await.unwrap(), 1);
        }
    });
}

#[test]
fn f2_a_child_without_a_factory_that_fails_affects_no_other_actor() {
    run(async |system| {
        let single = Plan { has_factory: false, ..Plan::leaf("b") };
        let plan = Plan::of("root", Strategy::OneForAll, [Plan::leaf("a"), single]);
        let (events, root) = start_tree(&system, plan).await;
        let _ = events.child("b").fail().await;
        assert_eq!(events.child("b").closed().await, StopReason::Panicked);
        testing::quiet(&system).await;
        assert_eq!((events.births("root"), events.births("a"), events.births("b")), (1, 1, 1));
        assert!(!root.is_closed());
    });
}

#[test]
fn f2_where_all_begin_anew_a_child_without_a_factory_ends() {
    run(async |system| {
        let single = Plan { has_factory: false, ..Plan::leaf("b") };
        let plan = Plan::of("root", Strategy::OneForAll, [Plan::leaf("a"), single]);
        let (events, _root) = start_tree(&system, plan).await;
        let _ = events.child("a").fail().await;
        assert_eq!(events.child("b").closed().await, StopReason::Killed);
    });
}

#[test]
fn f2_a_child_that_stops_is_no_failure() {
    run(async |system| {
        let (events, root) =
            start_tree(&system, Plan::of("root", Strategy::OneForAll, leaves(&["a", "b"]))).await;
        events.child("a").stop_yourself().await.unwrap();
        assert_eq!(events.child("a").closed().await, StopReason::Stopped);
        events.child("b").kill();
        assert_eq!(events.child("b").closed().await, StopReason::Killed);
        testing::quiet(&system).await;
        assert_eq!((events.births("root"), events.births("a"), events.births("b")), (1, 1, 1));
        assert!(!root.is_closed());
    });
}
