//! Failures that go up to the parent.

use super::*;

#[test]
fn f2_a_child_that_fails_too_often_takes_its_parent_s_instance_along() {
    run(async |system| {
        let children = [Plan::leaf("a"), Plan::leaf("b").restart(once()), Plan::leaf("c")];
        let (events, root) = start_tree(&system, Plan::of("root", Strategy::OneForOne, children)).await;
        let (old_a, old_b) = (events.child("a"), events.child("b"));
        assert_eq!(root.work().await.unwrap(), 1);
        let _ = old_b.fail().await;
        testing::quiet(&system).await;
        assert_eq!(old_b.closed().await, StopReason::Panicked);
        assert_eq!(old_a.closed().await, StopReason::Stopped, "the children of the old instance end");
        for name in ["root", "a", "b", "c"] {
            assert_eq!(events.births(name), 2, "{name}");
        }
        assert_eq!(root.work().await.unwrap(), 1, "the same handle leads to the next instance of the parent");
        assert_eq!(events.child("b").work().await.unwrap(), 1, "with children of its own");
        assert_eq!(events.lines(), ["c Stopped", "a Stopped", "root Restarted"]);
    });
}

#[test]
fn f2_a_parent_without_a_factory_ends_with_a_child_that_fails_too_often() {
    run(async |system| {
        for is_busy in [false, true] {
            let children = [Plan::leaf("a"), Plan::leaf("b").restart(once())];
            let plan = Plan { has_factory: false, ..Plan::of("root", Strategy::OneForOne, children) };
            let (events, root) = start_tree(&system, plan).await;
            let mut rests = root.rest(HOUR);
            if is_busy {
                assert!(poll(&mut rests).is_pending());
                run_other_tasks().await;
            }
            let _ = events.child("b").fail().await;
            assert_eq!(root.closed().await, StopReason::ChildFailed);
            assert_eq!(events.lines(), ["a Stopped", "root ChildFailed"]);
            events.assert_all_ended();
        }
    });
}

#[test]
fn f2_escalation_goes_up_as_far_as_it_must() {
    run(async |system| {
        // Each actor may fail once in an hour.
        let some = Restart::on_failure().at_most(1, HOUR).backoff(Duration::ZERO, Duration::ZERO);
        let leaf = Plan::leaf("leaf").restart(some);
        let middle = Plan::of("middle", Strategy::OneForOne, [leaf]).restart(some);
        let root = Plan::of("root", Strategy::OneForOne, [middle]).restart(some);
        let (events, root) = start_tree(&system, root).await;
        let mut seen = Vec::new();
        for _ in 0..8 {
            if root.is_closed() {
                break;
            }
            let _ = events.child("leaf").fail().await;
            testing::quiet(&system).await;
            seen.push((events.births("root"), events.births("middle"), events.births("leaf")));
        }
        let expected =
            [(1, 1, 2), (1, 2, 3), (1, 2, 4), (2, 3, 5), (2, 3, 6), (2, 4, 7), (2, 4, 8), (2, 4, 8)];
        assert_eq!(seen, expected);
        assert_eq!(root.closed().await, StopReason::ChildFailed);
        events.assert_all_ended();
    });
}

#[test]
fn f2_a_parent_in_its_own_pause_counts_a_child_s_failure_once() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let child = Plan::leaf("b").restart(once()).rest(3 * SECOND);
        let (events, root) =
            start_tree(&system, Plan::of("root", Strategy::OneForOne, [child]).restart(slow)).await;
        let b = events.child("b");
        let held = testing::hold(&b);
        b.fail().await.unwrap();
        let _ = root.fail().await;
        run_other_tasks().await;
        // The parent's old instance is ending, and its child too.
        drop(held);
        testing::quiet(&system).await;
        assert_eq!(root.work().await.unwrap(), 1);
        assert_eq!(events.births("root"), 2, "a child of the old instance does not affect the new one");
        assert!(!root.is_closed());
    });
}
