//! P10: a refused send that is tried again waits as long as it was told, stays within its deadline,
//! and is bounded by the budget of its actor.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, SECOND, balanced, pending, row, run};
use desk_messages as m;
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[derive(Default)]
struct Desk {
    seen: Vec<u32>,
}

#[actor(capacity = 1, reserve = 0)]
impl Desk {
    #[message(overflow = reject)]
    fn note(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(rate = "10/s", burst = 1)]
    fn charge(&mut self, n: u32) -> u32 {
        self.seen.push(n);
        n
    }

    #[message(overflow = block)]
    async fn forward(&mut self, to: DeskHandle) -> (Option<Reason>, Duration) {
        let began = Instant::now();
        let outcome = to.note(9).retry(100).await;
        (outcome.err().map(|why| why.reason()), began.elapsed())
    }

    #[message]
    fn broken(&mut self) -> u32 {
        panic!("as asked")
    }
}

fn desk(system: &System) -> DeskHandle {
    system.spawn(Desk::default())
}

#[test]
fn p10_a_refused_send_is_tried_again_when_it_was_told_to() {
    run(async |system| {
        let desk = desk(&system);
        assert_eq!(desk.charge(1).await.unwrap(), 1);
        let before = Instant::now();
        assert_eq!(desk.charge(2).retry(1).await.unwrap(), 2);
        assert!(before.elapsed() >= 99 * MS && before.elapsed() <= 102 * MS, "{:?}", before.elapsed());
        let row = row::<m::Charge>(&desk);
        assert_eq!((row.offered, row.handled, row.refused(Reason::RateLimited)), (3, 2, 1));
        assert_eq!(desk.charge(3).await.unwrap_err().reason(), Reason::RateLimited, "without retries");
    });
}

#[test]
fn p10_a_tell_is_tried_again_too_and_comes_back_when_its_attempts_are_used_up() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        desk.note(1).try_send().unwrap();
        let why = desk.note(2).retry(3).await.unwrap_err();
        assert_eq!((why.reason(), why.retry_after().is_some()), (Reason::Full, true));
        assert_eq!(why.into_message().n, 2);
        assert_eq!(row::<m::Note>(&desk).refused(Reason::Full), 4);
        let sent = tokio::spawn(desk.note(3).owned().retry(5));
        sleep(5 * MS).await;
        held.release();
        assert_eq!(sent.await.unwrap().unwrap(), Admission::Queued);
        balanced(&desk);
    });
}

#[test]
fn p10_the_deadline_covers_all_attempts_and_the_waits_between_them() {
    run(async |system| {
        let desk = desk(&system);
        desk.charge(1).await.unwrap();
        let before = Instant::now();
        // The next token comes after 100 ms: waiting for it makes no sense.
        let why = desk.charge(2).timeout(50 * MS).retry(3).await.unwrap_err();
        assert_eq!((why.reason(), before.elapsed()), (Reason::RateLimited, Duration::ZERO));
        assert_eq!(desk.charge(3).timeout(150 * MS).retry(3).await.unwrap(), 3);
        let before = Instant::now();
        let why = desk.charge(4).retry_within(90 * MS).await.unwrap_err();
        assert_eq!((why.reason(), before.elapsed()), (Reason::RateLimited, Duration::ZERO));
        assert_eq!(desk.charge(5).retry_within(SECOND).await.unwrap(), 5);
        let held = testing::hold(&desk);
        let before = Instant::now();
        let late = desk.charge(6).timeout(300 * MS).retry(3).await.unwrap_err();
        assert_eq!(
            (late.reason(), before.elapsed()),
            (Reason::TimedOut, 300 * MS),
            "one attempt after 100 ms"
        );
        held.release();
    });
}

#[test]
fn p10_inside_a_turn_retries_end_with_the_turn_s_deadline() {
    run(async |system| {
        let (outer, inner) = (desk(&system), desk(&system));
        let _held = testing::hold(&inner);
        inner.note(1).try_send().unwrap();
        let asked = tokio::spawn(outer.forward(inner.clone()).timeout(500 * MS).owned());
        let (reason, took) = asked.await.unwrap().unwrap();
        assert_eq!(reason, Some(Reason::Full));
        assert!(took > 50 * MS && took < 500 * MS, "the next wait would outlast it: {took:?}");
    });
}

#[test]
fn p10_a_tell_that_got_in_stays_in_when_the_time_for_its_attempts_is_over() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        desk.note(1).retry_within(50 * MS).await.unwrap();
        sleep(SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!((row::<m::Note>(&desk).handled, row::<m::Note>(&desk).expired), (1, 0));
    });
}

#[test]
fn p10_an_ask_with_a_permit_is_tried_within_its_time_too() {
    run(async |system| {
        let desk = desk(&system);
        let permit = desk.reserve::<m::Charge>().await.unwrap();
        let held = testing::hold(&desk);
        let before = Instant::now();
        let late = permit.ask(m::Charge { n: 1 }).retry_within(50 * MS).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::TimedOut, 50 * MS));
        held.release();
    });
}

#[test]
fn p10_where_a_retry_does_not_help_there_is_none() {
    run(async |system| {
        let desk = desk(&system);
        let why = desk.broken().retry(3).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Panicked);
        assert_eq!(row::<m::Broken>(&desk).offered, 1);
        let why = desk.charge(1).retry(3).await.unwrap_err();
        assert_eq!((why.reason(), row::<m::Charge>(&desk).offered), (Reason::Closed, 1));
    });
}

#[test]
fn p10_retries_are_a_fifth_of_the_sends_and_ten_a_second() {
    run(async |system| {
        let desk = desk(&system);
        let _held = testing::hold(&desk);
        desk.note(0).try_send().unwrap();
        let sends: Vec<_> = (0..1000).map(|n| tokio::spawn(desk.note(n).owned().retry(3))).collect();
        for send in sends {
            assert_eq!(send.await.unwrap().unwrap_err().reason(), Reason::Full);
        }
        let refused = row::<m::Note>(&desk).refused(Reason::Full);
        assert_eq!(refused, 1000 + 200 + 100);
    });
}

#[test]
fn p10_a_send_that_is_dropped_between_two_attempts_was_not_sent() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        desk.note(0).try_send().unwrap();
        let mut send = desk.note(1).owned().retry(3);
        pending(&mut send);
        drop(send);
        held.release();
        sleep(SECOND).await;
        let row = row::<m::Note>(&desk);
        assert_eq!((row.offered, row.handled, row.refused(Reason::Full)), (2, 1, 1));
        balanced(&desk);
    });
}
