//! F1: panics without a restart.

use super::*;

#[test]
fn f1_a_panic_is_caught_and_its_asker_is_told() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.fails_asked(5).await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        let row = row::<m::FailsAsked>(&desk);
        assert_eq!((row.offered, row.panicked, row.handled), (1, 1, 0));
    });
}

#[test]
fn f1_an_async_handler_s_panic_is_the_same() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.fails_later().await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(desk.closed().await, StopReason::Panicked);
        assert_eq!(row::<m::FailsLater>(&desk).panicked, 1);
    });
}

#[test]
fn f1_the_dead_letter_has_the_panic_s_text() {
    run(async |system| {
        let mut lost = system.dead_letters();
        let (plain, _) = desk(&system);
        plain.fails().await.unwrap();
        let (asked, _) = desk(&system);
        drop(asked.fails_asked(5).await);
        let (odd, _) = desk(&system);
        drop(odd.fails_oddly().await);
        let found: Vec<_> = letters(&mut lost)
            .into_iter()
            .map(|letter| (letter.message, letter.reason, letter.payload.unwrap()))
            .collect();
        let expected = [
            ("Fails", "a plain panic"),
            ("FailsAsked", "number 5"),
            ("FailsOddly", "a panic without a text"),
        ];
        let expected = expected.map(|(message, text)| (message, Reason::Panicked, text.to_owned()));
        assert_eq!(found, expected);
    });
}

#[test]
fn f1_without_restarts_the_actor_stops_and_its_queue_is_told() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&desk);
        desk.fails().await.unwrap();
        let mut asks = [desk.question(1), desk.question(2), desk.question(3)];
        let mut waiter = desk.work(4);
        assert!(asks.iter_mut().all(|ask| poll(ask).is_pending()));
        assert!(poll(&mut waiter).is_pending());
        held.release();
        let before = Instant::now();
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
        }
        // The waiter got the slot that the turn freed, and was lost with the queue.
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let total = desk.ledger().total();
        assert_eq!((total.panicked, total.undelivered, total.handled), (1, 4, 0));
        assert_eq!(letters(&mut lost).len(), 5);
        assert_eq!(diary.take(), Vec::<String>::new());
    });
}

#[test]
fn f1_a_state_that_a_panic_went_through_is_not_used_again() {
    run(async |system| {
        let (desk, diary) = desk(&system);
        drop(desk.fails_asked(1).await);
        desk.closed().await;
        assert_eq!(diary.take(), ["fails"], "neither retried nor `#[stopped]`");
    });
}

#[test]
fn f1_other_actors_and_the_system_go_on() {
    run(async |system| {
        let (bad, _) = desk(&system);
        let (good, _) = desk(&system);
        drop(bad.fails_asked(1).await);
        assert_eq!(good.question(1).await.unwrap(), 1);
        assert_eq!(bad.question(1).await.unwrap_err().reason(), Reason::Closed);
        let (new, _) = desk(&system);
        assert_eq!(new.question(2).await.unwrap(), 2);
    });
}

#[test]
fn f1_an_error_that_a_handler_returns_is_an_answer_and_no_fault() {
    run(async |system| {
        struct Strict;
        #[actor(local)]
        impl Strict {
            #[message]
            fn even(&mut self, n: u32) -> Result<u32, String> {
                n.is_multiple_of(2).then_some(n).ok_or_else(|| format!("{n} is odd"))
            }
        }
        let strict = system.spawn(Strict);
        strict.even(3).tell().await.unwrap();
        assert_eq!(strict.even(3).await.unwrap(), Err("3 is odd".to_owned()));
        assert_eq!(strict.even(4).await.unwrap(), Ok(4));
        assert_eq!(strict.ledger().total().handled, 3);
    });
}
