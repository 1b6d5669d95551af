//! Pools that grow and shrink.

use super::*;

#[test]
fn s4_a_pool_grows_and_shrinks_within_its_range() {
    run(async |system| {
        let (history, pool) = pool(&system, 2..=5);
        testing::quiet(&system).await;
        assert_eq!(pool.reading().workers, 2);
        for (wish, comes_to) in [(4, 4), (9, 5), (1, 2), (0, 2), (3, 3), (5, 5)] {
            assert_eq!(pool.resize(wish), comes_to);
            testing::quiet(&system).await;
            assert_eq!((pool.reading().workers, history.alive()), (comes_to, comes_to as i64));
        }
        let retired = history.lines().iter().filter(|line| *line == "Retired").count();
        assert_eq!(retired, 3);
        assert_eq!(history.most_alive.load(Ordering::SeqCst), 5);
        let began = Instant::now();
        let rests: Vec<_> = (0..5).map(|_| pool.rest(SECOND).into_future()).collect();
        for rest in futures_util::future::join_all(rests).await {
            rest.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 1, "all five work");
    });
}

#[test]
fn s4_a_worker_that_is_one_too_many_ends_its_turn_first() {
    run(async |system| {
        let (history, pool) = pool(&system, 1..=4);
        assert_eq!(pool.resize(4), 4);
        let rests: Vec<_> = (0..4)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.rest(SECOND).await })
            })
            .collect();
        run_other_tasks().await;
        for n in 0..10 {
            pool.task(Task::new(n, 0, SECOND)).await.unwrap();
        }
        assert_eq!(pool.resize(1), 1);
        run_other_tasks().await;
        assert_eq!(pool.reading().workers_busy, 4);
        for rest in rests {
            rest.await.unwrap().unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert_eq!(began.elapsed().as_secs(), 10, "the remaining worker handles the rest");
        assert_eq!((pool.reading().workers, history.alive()), (1, 1));
        let total = balanced(&pool);
        assert_eq!((total.offered, total.handled), (14, 14));
    });
}

#[test]
fn s4_numbers_of_workers_that_have_gone_are_used_again() {
    run(async |system| {
        let (history, pool) = pool(&system, 1..=8);
        *history.rest.lock().unwrap() = SECOND;
        let mut rests = Vec::new();
        for round in 0..50_usize {
            // Some retiring workers have not ended when new ones start.
            pool.resize(1 + round * 7 % 8);
            if round % 3 == 0 {
                tokio::time::sleep(SECOND / 3).await;
            }
            let rest = pending(pool.rest(SECOND / 2));
            rests.push(rest);
            if round % 5 == 0 {
                run_other_tasks().await;
            }
            assert!(pool.reading().workers_busy <= 8);
        }
        for rest in rests {
            rest.await.unwrap();
        }
        pool.resize(1);
        testing::quiet(&system).await;
        assert_eq!((pool.reading().workers, history.alive()), (1, 1));
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.alive(), 0);
    });
}
