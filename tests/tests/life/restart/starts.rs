//! F2: starts that fail, in the factory or in `#[started]`.

use super::*;

fn lamp_that_starts_badly(
    system: &System,
    restart: Restart,
    bad: impl FnOnce(&History),
) -> (Arc<History>, LampHandle) {
    let history = Arc::<History>::default();
    bad(&history);
    let shared = history.clone();
    (history, system.actor(move || Lamp::new(&shared)).restart(restart).spawn().unwrap())
}

#[test]
fn f2_a_start_that_fails_is_tried_again() {
    run(async |system| {
        for is_panic in [false, true] {
            let bad = |history: &History| {
                let count = if is_panic { &history.panicking_starts } else { &history.bad_starts };
                count.store(3, Ordering::SeqCst);
            };
            let (history, lamp) = lamp_that_starts_badly(&system, slowly(10 * SECOND), bad);
            lamp.work(1).await.unwrap();
            let began = Instant::now();
            lamp.ready().await.unwrap();
            let pauses = 2.0 * 10.0;
            assert!((0.8 * pauses..1.2 * pauses + 1.0).contains(&began.elapsed().as_secs_f64()));
            assert_eq!(lamp.number().await.unwrap(), 4);
            let diary = history.diary();
            match is_panic {
                true => assert_eq!(diary, ["4: 1"]),
                false => assert_eq!(diary, ["1: Restarted", "2: Restarted", "3: Restarted", "4: 1"]),
            }
        }
    });
}

#[test]
fn f2_a_factory_that_panics_is_asked_again() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(SECOND));
        history.bad_factories.store(2, Ordering::SeqCst);
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.number().await.unwrap(), 2);
        assert_eq!(history.diary(), [""; 0]);
        // The turn counts as one failure, and each call of the factory as one more.
        lamp.ready().await.unwrap();
    });
}

#[test]
fn f2_a_caller_that_waits_for_the_start_is_told_when_it_is_given_up() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let bad = |history: &History| history.bad_starts.store(9, Ordering::SeqCst);
        let (history, lamp) = lamp_that_starts_badly(&system, restart, bad);
        let mut ready = lamp.ready().into_future();
        run_other_tasks().await;
        assert!(poll(&mut ready).is_pending(), "the start has failed, but is retried");
        let failed = ready.await.unwrap_err();
        assert!(failed.to_string().contains("no oil"), "{failed}");
        assert_eq!(lamp.closed().await, StopReason::StartFailed);
        assert_eq!(history.births(), 3);
    });
}

#[test]
fn f2_a_factory_that_is_given_up_is_a_failed_start() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let (history, lamp) = lamp_with(&system, restart);
        lamp.ready().await.unwrap();
        history.bad_factories.store(9, Ordering::SeqCst);
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.closed().await, StopReason::StartFailed);
        let failed = lamp.ready().await.unwrap_err();
        assert!(failed.to_string().contains("no glass"), "{failed}");
    });
}

#[test]
fn f2_a_kill_between_two_starts_is_at_once() {
    run(async |system| {
        let bad = |history: &History| history.bad_starts.store(9, Ordering::SeqCst);
        let (_, lamp) = lamp_that_starts_badly(&system, slowly(HOUR), bad);
        run_other_tasks().await;
        let began = Instant::now();
        lamp.kill();
        assert_eq!(lamp.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(lamp.ready().await.is_err());
    });
}

#[test]
fn f2_starts_that_fail_for_ever_let_others_run() {
    actors_tests::finishes(|| {
        run(async |system| {
            let bad = |history: &History| history.bad_starts.store(i32::MAX, Ordering::SeqCst);
            let (history, lamp) =
                lamp_that_starts_badly(&system, always().backoff(Duration::ZERO, Duration::ZERO), bad);
            while history.births() < 1000 {
                tokio::task::yield_now().await;
            }
            lamp.kill();
            assert_eq!(lamp.closed().await, StopReason::Killed);
        });
    });
}
