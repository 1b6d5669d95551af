//! F2: how many failures within a window an actor may have.

use super::*;

#[test]
fn f2_one_failure_too_many_in_the_window_is_the_end() {
    run(async |system| {
        let restart = Restart::on_failure().at_most(2, 10 * SECOND).backoff(Duration::ZERO, Duration::ZERO);
        let (history, lamp) = lamp_with(&system, restart);
        for wait in [0, 9, 2] {
            tokio::time::sleep(wait * SECOND).await;
            lamp.fail().await.unwrap_err();
            assert_eq!(
                lamp.number().await.unwrap(),
                history.births(),
                "at 0, 9 and 11 seconds never three in ten"
            );
        }
        assert_eq!(history.births(), 4);
        tokio::time::sleep(7 * SECOND).await;
        let held = testing::hold(&lamp);
        let mut failed = lamp.fail();
        let mut behind = lamp.number();
        assert!(poll(&mut failed).is_pending() && poll(&mut behind).is_pending());
        held.release();
        assert_eq!(lamp.closed().await, StopReason::Panicked, "9, 11 and 18 are three in ten seconds");
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(behind.await.unwrap_err().reason(), Reason::Closed, "the asker gets an error");
        let total = balanced(&lamp);
        assert_eq!((total.panicked, total.undelivered), (4, 1));
    });
}

#[test]
fn f2_never_means_never() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, Restart::never());
        lamp.fail().await.unwrap_err();
        assert_eq!(lamp.closed().await, StopReason::Panicked);
        assert_eq!(history.births(), 1);
    });
}
