//! F2: permanent actors, which are replaced also when they stop themselves.

use super::*;

#[test]
fn f2_a_permanent_actor_that_stops_itself_is_replaced() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, Restart::permanent().at_most(1, Duration::ZERO));
        let held = testing::hold(&lamp);
        let asked = pending(lamp.stop_yourself());
        for n in 0..40 {
            lamp.work(n).await.unwrap();
        }
        held.release();
        assert_eq!(asked.await.unwrap(), 1);
        testing::quiet(&system).await;
        let rest = (0..40).map(|n| format!("2: {n}"));
        let expected: Vec<_> =
            ["1: stopped itself".to_owned(), "1: Restarted".into()].into_iter().chain(rest).collect();
        assert_eq!(history.diary(), expected);
        for _ in 0..20 {
            lamp.stop_yourself().await.unwrap();
        }
        assert_eq!(lamp.number().await.unwrap(), 22, "as often as its policy allows");
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped, "from outside it can be ended");
        assert_eq!(balanced(&lamp).handled, 62);
    });
}

#[test]
fn f2_an_actor_that_is_not_permanent_may_stop_itself() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, always());
        lamp.stop_yourself().await.unwrap();
        assert_eq!(lamp.closed().await, StopReason::Stopped);
        assert_eq!(history.births(), 1);
    });
}

#[test]
fn f2_an_actor_that_stops_itself_and_fails_is_replaced_once() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, Restart::permanent());
        lamp.stop_and_fail().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(lamp.number().await.unwrap(), 2);
        assert_eq!((history.births(), history.diary().len()), (2, 0));
    });
}

#[test]
fn f2_a_permanent_actor_that_stops_itself_while_it_drains_ends() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, Restart::permanent());
        let held = testing::hold(&lamp);
        let _asked = pending(lamp.stop_yourself());
        let stop = lamp.stop();
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.births(), 1, "no message was left");
        assert_eq!(history.diary(), ["1: stopped itself", "1: Stopped"]);
    });
}
