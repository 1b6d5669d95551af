//! Messages with the same key: one turn at a time, in order, and what happens to those that are
//! parked.

use super::*;

#[test]
fn s4_messages_of_a_key_never_run_at_once_and_stay_in_order() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        for n in 0..20 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert!(began.elapsed() >= 20 * SECOND);
        assert_eq!(history.of(7), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn s4_the_order_of_a_key_is_kept_across_types_of_a_lane() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        let mut asked = Vec::new();
        for n in 0..20 {
            if n % 2 == 0 {
                pool.task(Task::new(7, n, SECOND)).await.unwrap();
            } else {
                let question = pending(pool.question(Question::new(7, n, SECOND)));
                asked.push((n, question));
            }
        }
        for (n, question) in asked {
            assert_eq!(question.await.unwrap(), n);
        }
        assert_eq!(history.of(7), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn s4_of_a_key_the_higher_lane_goes_first_and_never_beside_the_other() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        run_other_tasks().await;
        for n in 1..4 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        // More messages than in the higher lanes: otherwise a rotation of the order could look
        // right.
        for n in 11..19 {
            pool.low(Low::new(7, n, SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        for n in 21..24 {
            pool.urgent(Urgent::new(7, n, SECOND)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(history.of(7), [0, 21, 22, 23, 1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18]);
    });
}

#[test]
fn s4_a_busy_key_keeps_back_its_own_messages_only() {
    run(async |system| {
        let (history, pool) = pool(&system, 2..=2);
        let began = Instant::now();
        for n in 0..40 {
            pool.task(Task::new(1, n, HOUR)).await.unwrap();
        }
        for n in 0..20 {
            pool.task(Task::new(2, n, Duration::ZERO)).await.unwrap();
            pool.note(n).await.unwrap();
        }
        run_other_tasks().await;
        run_other_tasks().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(history.of(1), [0]);
        assert_eq!(history.of(2), (0..20).collect::<Vec<_>>());
        assert_eq!(history.lines().len(), 41);
        let reading = pool.reading();
        assert_eq!((reading.depth, reading.workers_busy), (39, 1));
        tokio::time::sleep(SECOND).await;
        assert!(pool.reading().oldest_age >= SECOND, "parked messages age, too");
        pool.kill();
        assert_eq!(pool.closed().await, StopReason::Killed);
        let total = balanced(&pool);
        assert_eq!((total.handled, total.undelivered), (40, 40));
    });
}

#[test]
fn s4_what_is_parked_can_be_withdrawn() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        let ask = |key, n| pending(pool.question(Question::new(key, n, SECOND)));
        let first = ask(7, 0);
        run_other_tasks().await;
        let mut rest: Vec<_> = (1..6).map(|n| ask(7, n)).collect();
        run_other_tasks().await;
        // The first, a middle one, and the last of the parked messages.
        for at in [4, 2, 0] {
            drop(rest.remove(at));
        }
        first.await.unwrap();
        // One that was unparked, and has not had its turn.
        let held = testing::hold(&pool);
        rest.remove(0).await.unwrap();
        drop(rest.remove(0));
        let last = ask(7, 9);
        held.release();
        last.await.unwrap();
        assert_eq!(history.of(7), [0, 2, 9]);
        let total = balanced(&pool);
        assert_eq!((total.handled, total.cancelled, total.queued), (3, 4, 0));
    });
}

#[test]
fn s4_one_that_was_let_go_and_is_withdrawn_makes_way_for_the_next_of_its_key() {
    run(async |system| {
        let (history, pool) = pool(&system, 2..=2);
        let ask = |n| pending(pool.question(Question::new(7, n, SECOND)));
        let first = ask(0);
        run_other_tasks().await;
        let (second, third) = (ask(1), ask(2));
        run_other_tasks().await;
        let held = testing::hold(&pool);
        first.await.unwrap();
        drop(second);
        held.release();
        third.await.unwrap();
        assert_eq!(history.of(7), [0, 2]);
    });
}

#[test]
fn s4_what_is_parked_expires() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, 3 * SECOND)).await.unwrap();
        run_other_tasks().await;
        for n in 1..4 {
            pool.expiring(Expiring::new(7, n, Duration::ZERO)).await.unwrap();
            pool.task(Task::new(7, 10 + n, Duration::ZERO)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(history.of(7), [0, 11, 12, 13]);
        assert_eq!(balanced(&pool).expired, 3);
    });
}

#[test]
fn s4_what_is_parked_may_be_given_up_as_anything_queued() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        for key in [7, 8, 9] {
            pool.task(Task::new(key, 0, 3 * SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        for n in 1..8 {
            pool.trifle(Trifle::new(7, n, Duration::ZERO)).await.unwrap();
            pool.latest(Latest::new(8, n, Duration::ZERO)).await.unwrap();
            pool.random(Random::new(9, n, Duration::ZERO)).await.unwrap();
            run_other_tasks().await;
        }
        assert_eq!(pool.reading().depth, 3 + 1 + 3);
        testing::quiet(&system).await;
        assert_eq!(history.of(7), [0, 5, 6, 7], "drop_oldest");
        assert_eq!(history.of(8), [0, 7], "conflate");
        let random = history.of(9);
        assert!(random.len() == 4 && random.is_sorted(), "{random:?}");
        let total = balanced(&pool);
        assert_eq!((total.dropped, total.conflated), (8, 6));
    });
}

#[test]
fn s4_what_is_parked_may_be_evicted_for_a_higher_lane() {
    run(async |system| {
        let (history, pool) = pool_with(&system, 3..=3, 4, always());
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        run_other_tasks().await;
        for n in 1..5 {
            pool.low(Low::new(7, n, Duration::ZERO)).await.unwrap();
        }
        run_other_tasks().await;
        for n in 11..13 {
            pool.urgent(Urgent::new(7, n, Duration::ZERO)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(history.of(7), [0, 11, 12, 1, 2]);
        assert_eq!(balanced(&pool).evicted, 2);
    });
}

#[test]
fn s4_a_policy_that_changes_while_messages_are_parked_changes_no_order() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        pool.task(Task::new(8, 0, 2 * SECOND)).await.unwrap();
        run_other_tasks().await;
        for n in 1..6 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
            pool.task(Task::new(8, n, SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        for max in [30, 40, 50] {
            pool.adjust::<Task>(|policy| policy.max(max)).unwrap();
            tokio::time::sleep(SECOND / 2).await;
            let held = testing::hold(&pool);
            tokio::time::sleep(SECOND).await;
            pool.adjust::<Trifle>(|policy| policy.max(max)).unwrap();
            held.release();
        }
        testing::quiet(&system).await;
        assert_eq!(history.of(7), [0, 1, 2, 3, 4, 5]);
        assert_eq!(history.of(8), [0, 1, 2, 3, 4, 5]);
    });
}
