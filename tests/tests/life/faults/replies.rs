//! F5: every ask ends, with an answer or an error.

use super::*;

#[test]
fn f5_a_reply_dropped_without_an_answer_tells_its_asker_at_once() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = tokio::spawn(desk.later().owned());
        run_other_tasks().await;
        let before = Instant::now();
        desk.drop_pending().await.unwrap();
        assert_eq!(asked.await.unwrap().unwrap_err().reason(), Reason::Unanswered);
        assert_eq!(before.elapsed(), Duration::ZERO);
        let row = row::<m::Later>(&desk);
        assert_eq!((row.handled, row.panicked), (1, 0));
    });
}

#[test]
fn f5_replies_that_an_actor_still_owes_at_its_end_are_told() {
    run(async |system| {
        for end in ["stop", "kill", "panic"] {
            let (desk, _) = desk(&system);
            let asked = tokio::spawn(desk.later().timeout(20 * HOUR).owned());
            run_other_tasks().await;
            let before = Instant::now();
            match end {
                "stop" => drop(desk.stop()),
                "kill" => desk.kill(),
                _ => drop(desk.fails().await),
            }
            let reason = asked.await.unwrap().unwrap_err().reason();
            assert_eq!((reason, before.elapsed()), (Reason::Unanswered, Duration::ZERO), "{end}");
        }
    });
}

#[test]
fn f5_a_reply_that_a_panic_takes_along_says_so() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = desk.fails_with_reply().await;
        assert_eq!(asked.unwrap_err().reason(), Reason::Panicked);
    });
}

#[test]
fn f5_every_asker_is_told_when_its_message_is_lost_never_by_a_time_out() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let before = Instant::now();
        let mut asks: Vec<_> = (0..4).map(|n| desk.question(n).timeout(20 * HOUR)).collect();
        asks.extend((4..6).map(|n| desk.question(n).timeout(20 * HOUR)));
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        desk.kill();
        drop(held);
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn f5_one_outcome_each() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let mut asks = Vec::new();
        for n in 0..200_u64 {
            let mut ask = match n % 3 {
                0 => desk.rest(Duration::from_millis(n)),
                1 => desk.rest(SECOND).timeout(Duration::from_millis(n)),
                _ => desk.rest(Duration::from_millis(1)),
            };
            if poll(&mut ask).is_pending() && !n.is_multiple_of(7) {
                asks.push(ask);
            }
            run_other_tasks().await;
        }
        testing::quiet(&system).await;
        desk.kill();
        let (mut answered, mut failed) = (0, 0);
        let count = asks.len();
        for ask in asks {
            match ask.await {
                Ok(_) => answered += 1,
                Err(_) => failed += 1,
            }
        }
        assert_eq!(answered + failed, count);
        assert!(answered > 0 && failed > 0);
        let row = row::<m::Rest>(&desk);
        assert!(row.is_balanced(), "{row:?}");
        assert_eq!(row.offered, 200);
    });
}
