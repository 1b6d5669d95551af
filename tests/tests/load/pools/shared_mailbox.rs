//! The mailbox that the workers share.

use super::*;

#[test]
fn s4_as_many_turns_run_at_once_as_there_are_workers() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        let rests: Vec<_> = (0..8).map(|_| pending(pool.rest(SECOND))).collect();
        run_other_tasks().await;
        let reading = pool.reading();
        assert_eq!((reading.workers, reading.workers_busy, reading.depth), (4, 4, 4));
        let began = Instant::now();
        for rest in rests {
            rest.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 2, "two rounds of four");
        assert_eq!(history.births.load(Ordering::SeqCst), 4);
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.alive(), 0);
        assert_eq!(pool.reading().workers, 0);
    });
}

#[test]
fn s4_no_worker_is_idle_beside_a_batch() {
    run(async |system| {
        let (_, pool) = pool(&system, 4..=4);
        let held = testing::hold(&pool);
        let rest = |time| pending(pool.rest(time));
        let long = rest(HOUR / 2);
        let short: Vec<_> = (0..30).map(|_| rest(SECOND)).collect();
        held.release();
        let began = Instant::now();
        for rest in short {
            rest.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 10, "thirty turns by three workers");
        long.await.unwrap();
    });
}

#[test]
fn s4_a_pool_needs_a_factory_and_a_range_that_makes_sense() {
    run(async |system| {
        let history = Arc::<History>::default();
        let backwards = RangeInclusive::new(4, 2);
        for range in [0..=4, backwards] {
            let made = history.clone();
            let builder = system.actor(move || Clerk::new(&made)).workers(range);
            assert!(builder.spawn::<ClerkHandle>().is_err());
        }
        testing::quiet(&system).await;
        assert_eq!(history.alive(), 0);
        assert!(system.snapshot().actors.is_empty());
    });
}

#[test]
fn s4_what_waits_in_line_gets_in_and_has_its_turn() {
    run(async |system| {
        let (history, pool) = pool_with(&system, 2..=2, 1, always());
        let many: Vec<_> = (0..20)
            .map(|n| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.task(Task::new(u64::from(n % 3), n, SECOND)).await })
            })
            .collect();
        for sent in many {
            sent.await.unwrap().unwrap();
        }
        testing::quiet(&system).await;
        for key in 0..3 {
            let expected: Vec<_> = (0..20).filter(|n| u64::from(n % 3) == key).collect();
            assert_eq!(history.of(key), expected);
        }
        assert_eq!(pool.reading().depth_peak, 1, "B1");
    });
}
