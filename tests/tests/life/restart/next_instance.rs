//! F1: after a panic the next instance continues with the same queue.

use super::*;

#[test]
fn f1_another_instance_goes_on_with_the_queue_in_order() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, always());
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        let failed = pending(lamp.fail());
        for n in 3..40 {
            lamp.work(n).await.unwrap();
        }
        lamp.urgent(7).await.unwrap();
        held.release();
        testing::quiet(&system).await;
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        let first = ["1: urgent 7".to_owned(), "1: 0".into(), "1: 1".into(), "1: 2".into()];
        let second = (3..40).map(|n| format!("2: {n}"));
        assert_eq!(history.diary(), first.into_iter().chain(second).collect::<Vec<_>>());
        assert_eq!(history.births(), 2);
        let total = balanced(&lamp);
        assert_eq!(
            (total.offered, total.handled, total.panicked),
            (1242, 1241, 1),
            "the failed message is not retried"
        );
        assert!(!lamp.is_closed());
    });
}

#[test]
fn f1_an_async_handler_s_panic_is_followed_by_another_instance_too() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, always());
        let failed = pending(lamp.fail_later(SECOND));
        for n in 0..3 {
            lamp.work(n).await.unwrap();
        }
        assert_eq!(failed.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(lamp.fail_later(Duration::ZERO).await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(lamp.number().await.unwrap(), 3);
        assert_eq!(history.diary(), ["2: 0", "2: 1", "2: 2"]);
        let total = balanced(&lamp);
        assert_eq!((total.offered, total.handled, total.panicked), (6, 4, 2));
    });
}

#[test]
fn f1_every_panic_has_its_dead_letter() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (_, lamp) = lamp_with(&system, always());
        lamp.fail_untold().await.unwrap();
        lamp.fail_later(SECOND).await.unwrap_err();
        testing::quiet(&system).await;
        for (message, text) in [("FailUntold", "a fuse"), ("FailLater", "a late fuse")] {
            let letter: DeadLetter = letters.next().await.unwrap();
            assert_eq!((letter.message, letter.reason), (message, Reason::Panicked));
            assert!(format!("{letter:?}").contains(text), "{letter:?}");
        }
    });
}

#[test]
fn f1_a_state_that_a_panic_went_through_is_dropped_without_its_stopped() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, always());
        lamp.fail().await.unwrap_err();
        testing::quiet(&system).await;
        assert_eq!(history.diary(), [""; 0]);
        assert_eq!((history.births(), history.alive.load(Ordering::SeqCst)), (2, 1));
        assert_eq!(lamp.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(history.diary(), ["2: Stopped"], "no panic went through this one");
        assert_eq!(history.alive.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn f1_what_has_died_meanwhile_goes_first() {
    run(async |system| {
        let (history, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        // Now the actor is in its pause.
        let asked = pending(lamp.expired_so_far().timeout(HOUR));
        for n in 0..5 {
            lamp.expiring(n).await.unwrap();
        }
        assert_eq!(asked.await.unwrap(), 5, "they were queued behind it, and purged before its turn");
        assert_eq!(history.diary(), [""; 0]);
        assert_eq!(balanced(&lamp).expired, 5);
    });
}

#[test]
fn f1_in_the_pause_the_capacity_holds() {
    run(async |system| {
        let history = Arc::<History>::default();
        let shared = history.clone();
        let make = move || Lamp::new(&shared);
        let lamp: LampHandle =
            system.actor(make).restart(slowly(10 * SECOND)).capacity(4).reserve(0).spawn().unwrap();
        lamp.fail().await.unwrap_err();
        lamp.fail().await.unwrap_err();
        for n in 0..4 {
            lamp.work(n).await.unwrap();
        }
        let began = Instant::now();
        assert_eq!(lamp.number().await.unwrap_err().reason(), Reason::Full);
        let waits = pending(lamp.work(4));
        run_other_tasks().await;
        let reading = lamp.reading();
        assert_eq!((reading.depth, reading.waiting), (4, 1));
        assert_eq!(began.elapsed(), Duration::ZERO);
        waits.await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(history.diary(), (0..5).map(|n| format!("3: {n}")).collect::<Vec<_>>());
    });
}

#[test]
fn f1_a_claim_of_which_the_first_failed_keeps_its_slots_in_the_pause() {
    run(async |system| {
        let (_, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        lamp.fail_untold().await.unwrap();
        for n in 0..63 {
            lamp.work(n).await.unwrap();
        }
        held.release();
        run_other_tasks().await;
        assert_eq!(lamp.reading().depth, 63, "the claimed messages went back");
        lamp.work(63).try_send().unwrap();
        assert!(lamp.work(64).try_send().is_err());
        testing::quiet(&system).await;
        let works = lamp.ledger().rows().iter().find(|row| row.message == "Work").copied().unwrap();
        assert_eq!((works.handled, works.refused_total()), (64, 1));
    });
}

#[test]
fn f1_an_asker_that_goes_away_in_the_pause_takes_its_message_along() {
    run(async |system| {
        let (_, lamp) = lamp_with(&system, slowly(10 * SECOND));
        lamp.fail().await.unwrap_err();
        warm_up(&lamp).await;
        let held = testing::hold(&lamp);
        lamp.fail_untold().await.unwrap();
        let asked = pending(lamp.number());
        held.release();
        run_other_tasks().await;
        drop(asked);
        let now = balanced(&lamp);
        assert_eq!((now.cancelled, now.queued), (1, 0));
    });
}
