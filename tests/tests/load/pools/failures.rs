//! Workers that fail, or do not start.

use super::*;

#[test]
fn s4_a_worker_that_fails_takes_nothing_along() {
    run(async |system| {
        let (history, pool) = pool(&system, 2..=2);
        let rests = pending(pool.rest(10 * SECOND));
        let fails = pending(pool.fail(SECOND));
        run_other_tasks().await;
        for n in 0..6 {
            pool.task(Task::new(u64::from(n % 2), n, SECOND)).await.unwrap();
        }
        assert_eq!(fails.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(rests.await.unwrap(), 1, "the other worker continues");
        testing::quiet(&system).await;
        assert_eq!((history.of(0), history.of(1)), (vec![0, 2, 4], vec![1, 3, 5]));
        assert_eq!((history.births.load(Ordering::SeqCst), history.alive()), (3, 2));
        let total = balanced(&pool);
        assert_eq!((total.offered, total.handled, total.panicked), (8, 7, 1));
    });
}

#[test]
fn s4_the_key_of_a_turn_that_failed_is_free() {
    keyed!(Bomb, (), Policy::tell().keyed());
    struct Shed(Arc<History>);
    #[actor(local)]
    impl Shed {
        #[handler]
        async fn bomb(&mut self, it: Bomb) {
            let _inside = Inside::new(&self.0, it.key);
            tokio::time::sleep(it.time).await;
            self.0.write(format!("{}: {}", it.key, it.n));
            if it.n.is_multiple_of(2) {
                panic_quietly("on purpose");
            }
        }
    }
    run(async |system| {
        let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR / 2, HOUR / 2);
        let history = Arc::<History>::default();
        let made = history.clone();
        let shed: ShedHandle =
            system.actor(move || Shed(made.clone())).workers(3..=3).restart(slow).spawn().unwrap();
        let began = Instant::now();
        for n in 0..4 {
            shed.bomb(Bomb::new(7, n, SECOND)).await.unwrap();
        }
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(
            history.of(7),
            [0, 1, 2, 3],
            "while two workers were in their pauses, the others continued"
        );
        assert!(began.elapsed() < HOUR / 4);
        shed.kill();
        shed.closed().await;
    });
}

#[test]
fn s4_a_pool_that_fails_too_often_ends_as_one() {
    run(async |system| {
        for is_busy in [false, true] {
            // Each of the three may fail once; while one is busy, none may.
            let limit = u32::from(!is_busy);
            let (history, pool) = pool_with(&system, 3..=3, 64, Restart::on_failure().at_most(limit, HOUR));
            let mut rests = pool.rest(HOUR);
            if is_busy {
                assert!(poll(&mut rests).is_pending());
            }
            let mut failures = 0;
            while pool.fail(Duration::ZERO).await.unwrap_err().reason() == Reason::Panicked
                && !pool.is_closed()
            {
                failures += 1;
                run_other_tasks().await;
            }
            assert_eq!(pool.closed().await, StopReason::Panicked);
            assert!(failures <= 3 * limit + 3, "{failures}");
            if is_busy {
                assert_eq!(rests.await.unwrap_err().reason(), Reason::Closed);
            }
            assert_eq!(history.alive(), 0);
        }
    });
}

#[test]
fn s4_a_worker_whose_start_fails_tries_again_and_the_others_work_meanwhile() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(100, HOUR).backoff(HOUR / 4, HOUR / 4);
        let history = Arc::<History>::default();
        history.bad_starts.store(2, Ordering::SeqCst);
        let made = history.clone();
        let pool: ClerkHandle =
            system.actor(move || Clerk::new(&made)).workers(3..=3).restart(slow).spawn().unwrap();
        let began = Instant::now();
        pool.ready().await.unwrap();
        pool.rest(SECOND).await.unwrap();
        assert!(began.elapsed() < 2 * SECOND);
        tokio::time::sleep(HOUR / 2).await;
        testing::quiet(&system).await;
        assert_eq!((history.births.load(Ordering::SeqCst), history.alive()), (5, 3));
    });
}

#[test]
fn s4_a_pool_none_of_which_starts_is_given_up() {
    run(async |system| {
        let history = Arc::<History>::default();
        history.bad_starts.store(1000, Ordering::SeqCst);
        let made = history.clone();
        let few = Restart::on_failure().at_most(5, HOUR);
        let pool: ClerkHandle =
            system.actor(move || Clerk::new(&made)).workers(3..=3).restart(few).spawn().unwrap();
        let failed = pool.ready().await.unwrap_err();
        assert!(failed.to_string().contains("no chair"), "{failed}");
        assert_eq!(pool.closed().await, StopReason::StartFailed);
        assert_eq!(history.alive(), 0);
    });
}

#[test]
fn s4_a_permanent_worker_that_stops_itself_is_replaced_alone() {
    run(async |system| {
        let (history, pool) = pool_with(&system, 3..=3, 64, Restart::permanent());
        testing::quiet(&system).await;
        pool.stop_yourself().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!((history.births.load(Ordering::SeqCst), history.alive()), (4, 3));
        assert_eq!(history.lines(), ["Restarted"]);
        assert_eq!(pool.look().await.unwrap(), 2);
    });
}
