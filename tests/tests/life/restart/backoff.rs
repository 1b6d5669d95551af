//! F2: the pause before a restart, and what a stop, a kill or a shutdown does in it.

use super::*;

#[test]
fn f2_from_the_second_failure_on_there_is_a_pause_that_doubles() {
    run(async |system| {
        let restart = Restart::on_failure()
            .at_most(100, HOUR)
            .backoff(Duration::from_millis(100), Duration::from_millis(450));
        let (_, lamp) = lamp_with(&system, restart);
        for due in [0.0, 100.0, 200.0, 400.0, 450.0, 450.0] {
            lamp.fail().await.unwrap_err();
            let began = Instant::now();
            lamp.number().await.unwrap();
            let took = began.elapsed().as_secs_f64() * 1000.0;
            // Timers are exact to the millisecond.
            assert!((0.8 * due..=1.2 * due + 1.0).contains(&took), "{took} of {due}");
        }
    });
}

#[test]
fn f2_a_kill_in_the_pause_is_at_once() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        run_other_tasks().await;
        let began = Instant::now();
        lamp.kill();
        assert_eq!(lamp.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        let total = balanced(&lamp);
        assert_eq!((total.panicked, total.undelivered), (2, 1));
        assert_eq!((history.births(), history.diary().len()), (2, 0));
    });
}

#[test]
fn f2_a_stop_in_the_pause_is_at_once() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        run_other_tasks().await;
        let began = Instant::now();
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(history.births(), 2, "no message was left for a third instance");
    });
}

#[test]
fn f2_a_stop_in_the_pause_handles_the_rest_at_once() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        run_other_tasks().await;
        let began = Instant::now();
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(history.diary(), ["3: 0", "3: 1", "3: 2", "3: Stopped"]);
    });
}

/// A stop ends the pause also if it comes earlier, while the failed instance is still ending.
#[test]
fn f2_a_stop_before_the_pause_while_the_failed_instance_ends_handles_the_rest_at_once() {
    run(async |system| {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        struct Slow;
        #[actor(local)]
        impl Slow {
            #[started]
            async fn open(&mut self) -> Result<(), BoxError> {
                match STARTS.fetch_add(1, Ordering::Relaxed) {
                    0 => Err("not yet".into()),
                    _ => Ok(()),
                }
            }
            #[message]
            fn work(&mut self) {}
            #[stopped]
            async fn close(&mut self) {
                tokio::time::sleep(2 * SECOND).await;
            }
        }
        let restart = Restart::on_failure().start_backoff(HOUR, HOUR);
        let slow: SlowHandle = system.actor(|| Slow).restart(restart).spawn().unwrap();
        slow.work().await.unwrap();
        tokio::time::sleep(SECOND).await;
        let began = Instant::now();
        assert_eq!(slow.stop().await.reason().unwrap(), StopReason::Stopped);
        // The rest of one `#[stopped]`, and all of the other.
        assert_eq!(began.elapsed(), 3 * SECOND);
        assert_eq!(balanced(&slow).handled, 1);
    });
}

#[test]
fn f2_with_the_last_handle_gone_in_the_pause_it_ends() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        let closed = lamp.closed();
        drop(lamp);
        let began = Instant::now();
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(history.diary(), ["3: 1", "3: Unreferenced"]);
    });
}

#[test]
fn f2_a_stop_among_failures_handles_the_rest() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(SECOND));
        let held = testing::hold(&lamp);
        for n in 0..3 {
            lamp.fail_untold().await.unwrap();
            lamp.work(n).await.unwrap();
        }
        let stop = lamp.stop();
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.diary(), ["2: 0", "3: 1", "4: 2", "4: Stopped"]);
        let total = balanced(&lamp);
        assert_eq!((total.offered, total.handled, total.panicked), (6, 3, 3));
    });
}

#[test]
fn f2_a_shutdown_handles_what_those_in_a_pause_still_have() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(HOUR));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        lamp.work(1).await.unwrap();
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(history.diary(), ["3: 1", "3: Stopped"]);
    });
}

#[test]
fn f2_an_actor_that_drains_and_waits_before_its_next_instance_ends_when_nothing_living_is_left() {
    run(async |system| {
        for living in [0, 1] {
            let mut letters = system.dead_letters();
            let history = Arc::new(History::default());
            let make = {
                let history = history.clone();
                move || Lamp::new(&history)
            };
            let restart = Restart::on_failure().backoff(20 * SECOND, 20 * SECOND);
            let lamp: LampHandle = system.actor(make).restart(restart).spawn().unwrap();
            let held = testing::hold(&lamp);
            // The second failure is followed by a pause of 16 seconds at least.
            lamp.fail_untold().await.unwrap();
            lamp.fail_untold().await.unwrap();
            for n in 0..60 {
                lamp.work(n).timeout(SECOND + MS * n).try_send().unwrap();
            }
            for n in 0..living {
                lamp.work(n).try_send().unwrap();
            }
            let accepted = lamp.reading().depth as u64;
            let (stop, began) = (lamp.stop(), Instant::now());
            held.release();
            assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
            let took = began.elapsed();
            assert!(if living == 0 { took < 2 * SECOND } else { took > 15 * SECOND }, "{living} {took:?}");
            let total = lamp.ledger().total();
            assert!(total.is_balanced(), "{total:?}");
            assert_eq!(total.expired, accepted - 2 - u64::from(living));
            let expired =
                std::iter::from_fn(|| letters.try_next()).filter(|letter| letter.reason == Reason::Expired);
            assert_eq!(expired.count() as u64, total.expired);
        }
    });
}
