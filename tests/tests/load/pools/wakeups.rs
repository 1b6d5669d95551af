//! Idle workers are woken when a message becomes ready.

use super::*;

#[test]
fn s4_a_waiter_that_gets_the_slot_of_a_parked_message_has_its_turn_at_once() {
    run(async |system| {
        let (history, pool) = pool_with(&system, 4..=4, 1, always());
        pool.task(Task::new(7, 0, HOUR / 2)).await.unwrap();
        run_other_tasks().await;
        let parked = pending(pool.question(Question::new(7, 1, SECOND)));
        run_other_tasks().await;
        let waits = tokio::spawn({
            let pool = pool.clone();
            async move { pool.question(Question::new(8, 2, SECOND)).await }
        });
        run_other_tasks().await;
        assert_eq!(pool.reading().waiting, 1);
        drop(parked);
        let began = Instant::now();
        assert_eq!(waits.await.unwrap().unwrap(), 2);
        assert_eq!(began.elapsed().as_secs(), 1, "three workers were idle");
        assert_eq!(history.of(8), [2]);
    });
}

#[test]
fn s4_a_waiter_that_gets_the_slot_of_an_expired_parked_message_has_its_turn_at_once() {
    run(async |system| {
        let (_, pool) = pool_with(&system, 4..=4, 2, always());
        pool.task(Task::new(7, 0, HOUR / 2)).await.unwrap();
        run_other_tasks().await;
        for n in 1..3 {
            pool.expiring(Expiring::new(7, n, SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        let waits: Vec<_> = (8..10)
            .map(|key| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.question(Question::new(key, 2, SECOND)).await })
            })
            .collect();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(pool.reading().waiting, 2, "no send has purged them yet");
        // A send that is refused purges expired messages.
        let began = Instant::now();
        assert_eq!(pool.look().await.unwrap_err().reason(), Reason::Full);
        for wait in waits {
            assert_eq!(wait.await.unwrap().unwrap(), 2);
        }
        assert_eq!(began.elapsed().as_secs(), 1);
    });
}

#[test]
fn s4_a_message_wakes_an_idle_worker_also_while_others_are_busy() {
    run(async |system| {
        let (_, pool) = pool(&system, 3..=3);
        for _ in 0..10 {
            let long = pending(pool.rest(10 * SECOND));
            for _ in 0..5 {
                let began = Instant::now();
                let (a, b) = (pool.rest(SECOND), pool.rest(SECOND));
                let (a, b) = futures_util::future::join(a.into_future(), b.into_future()).await;
                a.and(b).unwrap();
                assert_eq!(began.elapsed().as_secs(), 1);
            }
            long.await.unwrap();
        }
    });
}

#[test]
fn s4_keys_that_become_free_in_several_lanes_have_a_worker_each() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        for key in 0..4 {
            pool.task(Task::new(key, 0, SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        for key in 0..4 {
            pool.low(Low::new(key, 1, SECOND)).await.unwrap();
            pool.urgent(Urgent::new(key, 2, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert_eq!(began.elapsed().as_secs(), 3, "four keys at a time, each three times");
        assert!((0..4).all(|key| history.of(key) == [0, 2, 1]));
    });
}
