//! Stop, kill, the last handle, and the end of the runtime.

use super::*;

#[test]
fn s4_a_stop_handles_what_is_parked_and_ends_those_that_sleep() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        for n in 0..10 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        run_other_tasks().await;
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.of(7), (0..10).collect::<Vec<_>>());
        assert_eq!(history.alive(), 0);
        let total = balanced(&pool);
        assert_eq!((total.handled, total.undelivered), (10, 0));
        assert_eq!(pool.look().await.unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn s4_a_kill_cuts_all_suspended_turns() {
    run(async |system| {
        let (history, pool) = pool(&system, 4..=4);
        let asked: Vec<_> = (0..4).map(|_| pending(pool.rest(HOUR / 2))).collect();
        run_other_tasks().await;
        for n in 0..10 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        pool.kill();
        assert_eq!(pool.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        for rest in asked {
            assert_eq!(rest.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(history.lines(), ["Killed"; 4], "`#[stopped]` runs for each");
        assert_eq!(history.alive(), 0);
        assert_eq!(balanced(&pool).undelivered, 14);
    });
}

#[test]
fn s4_a_stop_or_kill_finds_a_worker_in_its_pause() {
    run(async |system| {
        for is_kill in [false, true] {
            let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR, HOUR);
            let (history, pool) = pool_with(&system, 2..=2, 64, slow);
            // After a worker's first failure the next instance starts at once, after the second one
            // there is a pause.
            for _ in 0..4 {
                pool.fail(Duration::ZERO).await.unwrap_err();
            }
            run_other_tasks().await;
            assert_eq!(history.alive(), 0, "both are in their pauses");
            for n in 0..4 {
                pool.task(Task::new(7, n, SECOND)).await.unwrap();
            }
            let began = Instant::now();
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
                assert_eq!(began.elapsed(), Duration::ZERO);
            } else {
                assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
                assert_eq!(began.elapsed().as_secs(), 4);
                assert_eq!(history.of(7), [0, 1, 2, 3]);
            }
            assert_eq!(history.alive(), 0);
            balanced(&pool);
        }
    });
}

#[test]
fn s4_a_drain_that_others_end_ends_a_worker_s_pause() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR, HOUR);
        let (history, pool) = pool_with(&system, 2..=2, 64, slow);
        pool.fail(Duration::ZERO).await.unwrap_err();
        let rests = tokio::spawn({
            let pool = pool.clone();
            async move { pool.rest(SECOND).await }
        });
        let fails = pending(pool.fail(SECOND / 2));
        run_other_tasks().await;
        pool.task(Task::new(7, 1, SECOND)).await.unwrap();
        let began = Instant::now();
        // The failure comes after the stop, so its pause lasts as long as there is work.
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed().as_secs(), 2);
        fails.await.unwrap_err();
        rests.await.unwrap().unwrap();
        assert_eq!(history.of(7), [1]);
    });
}

#[test]
fn s4_with_the_last_handle_gone_a_pool_handles_the_rest_and_ends() {
    run(async |system| {
        let (history, pool) = pool(&system, 3..=3);
        for n in 0..5 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let closed = pool.closed();
        drop(pool);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(history.of(7), [0, 1, 2, 3, 4]);
        assert_eq!(history.alive(), 0);
    });
}

#[test]
fn s4_a_pool_that_never_got_a_message_ends() {
    run(async |system| {
        for is_kill in [false, true] {
            let (history, pool) = pool(&system, 3..=3);
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
            } else {
                let closed = pool.closed();
                drop(pool);
                assert_eq!(closed.await, StopReason::Unreferenced);
            }
            assert_eq!(history.alive(), 0);
        }
    });
}

#[test]
fn s4_a_stop_while_nothing_is_handed_out_ends_when_it_is() {
    run(async |system| {
        let (_, pool) = pool(&system, 3..=3);
        testing::quiet(&system).await;
        let held = testing::hold(&pool);
        let stop = pool.stop();
        run_other_tasks().await;
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn s4_the_last_to_go_may_be_one_that_was_too_many() {
    run(async |system| {
        let (history, pool) = pool(&system, 1..=3);
        pool.resize(3);
        testing::quiet(&system).await;
        *history.rest.lock().unwrap() = SECOND;
        pool.resize(1);
        run_other_tasks().await;
        *history.rest.lock().unwrap() = Duration::ZERO;
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.alive(), 0);
        let lines = history.lines();
        assert_eq!(lines.iter().filter(|line| *line == "Retired").count(), 2, "{lines:?}");
    });
}

#[test]
fn s4_a_pool_in_a_system_that_is_shutting_down_is_closed_from_the_beginning() {
    struct Last(Arc<History>);
    #[actor(local)]
    impl Last {
        #[message(overflow = block)]
        fn nothing(&mut self, ctx: &mut Context<Self>) -> bool {
            let made = self.0.clone();
            let spawned = ctx.actor(move || Clerk::new(&made)).workers(3..=3).spawn::<ClerkHandle>();
            spawned.is_err()
        }
    }
    run(async |system| {
        let history = Arc::<History>::default();
        let last = system.spawn(Last(history.clone()));
        let held = testing::hold(&last);
        let asked = pending(last.nothing());
        let shutdown = tokio::spawn({
            let system = system.clone();
            async move { system.shutdown(10 * SECOND).await }
        });
        run_other_tasks().await;
        held.release();
        assert!(asked.await.unwrap());
        assert!(shutdown.await.unwrap().is_clean());
        testing::quiet(&system).await;
        assert_eq!(history.alive(), 0);
    });
}

#[test]
fn s4_a_pool_ends_with_its_runtime() {
    let (history, pool) = {
        let runtime = paused();
        runtime.block_on(async {
            let system = System::new("gone");
            let (history, pool) = pool(&system, 3..=3);
            let rest = pending(pool.rest(HOUR));
            for n in 0..3 {
                pool.task(Task::new(7, n, HOUR)).await.unwrap();
            }
            run_other_tasks().await;
            drop(rest);
            (history, pool)
        })
    };
    assert!(pool.is_closed());
    assert_eq!(history.alive(), 0);
    let total = balanced(&pool);
    assert_eq!((total.offered, total.undelivered), (4, 4));
}
