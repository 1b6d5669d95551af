//! T1: the TTL of a message.

use super::*;

#[test]
fn t1_nothing_expires_early_and_nothing_past_its_ttl_is_handled() {
    run(async |system| {
        for (wait, is_handled) in
            [(Duration::ZERO, true), (5 * SECOND - MS, true), (5 * SECOND + MS, false), (HOUR, false)]
        {
            let (desk, _) = desk(&system);
            let held = testing::hold(&desk);
            desk.brief(1).await.unwrap();
            advance(wait).await;
            held.release();
            testing::quiet(&system).await;
            let row = row::<m::Brief>(&desk);
            assert_eq!((row.handled == 1, row.expired == 1), (is_handled, !is_handled), "{wait:?}");
        }
    });
}

#[test]
fn t1_the_ttl_runs_from_the_first_poll_of_the_send() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let send = desk.brief(1);
        advance(4 * SECOND).await;
        send.await.unwrap();
        advance(4 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [1]);
    });
}

#[test]
fn t1_the_ttl_runs_on_in_line() {
    run(async |system| {
        let (desk, _) = desk(&system);
        desk.rest(3 * SECOND).tell().await.unwrap();
        desk.rest(3 * SECOND).tell().await.unwrap();
        run_other_tasks().await;
        desk.lasting(0).await.unwrap();
        let before = Instant::now();
        assert_eq!(desk.brief(1).await.unwrap(), Admission::Waited);
        // Three seconds in line and three in the queue are more than the TTL.
        assert_eq!(before.elapsed(), 3 * SECOND);
        assert_eq!(desk.seen().await.unwrap(), [100, 100, 0]);
        assert_eq!(row::<m::Brief>(&desk).expired, 1);
    });
}

#[test]
fn t1_a_sender_in_line_past_the_ttl_gets_the_message_back() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let before = Instant::now();
        let late = desk.brief(2).await.unwrap_err();
        assert_eq!((late.reason(), late.into_message().n), (Reason::Expired, 2));
        assert_eq!(before.elapsed(), 5 * SECOND);
        let row = row::<m::Brief>(&desk);
        assert_eq!((row.expired, row.waiting), (1, 0));
        assert_eq!(desk.reading().waiting, 0);
    });
}

#[test]
fn t1_an_asker_is_told_when_its_message_expires() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let _held = testing::hold(&desk);
        let before = Instant::now();
        let late = desk.brief_question(SECOND).await.unwrap_err();
        assert_eq!((late.reason(), before.elapsed()), (Reason::Expired, 5 * SECOND));
        assert_eq!(row::<m::BriefQuestion>(&desk).expired, 1);
        assert_eq!(desk.reading().depth, 0);
    });
}

#[test]
fn t1_a_ttl_that_passes_during_the_turn_no_longer_matters() {
    run(async |system| {
        let (desk, _) = desk(&system);
        assert_eq!(desk.brief_question(10 * SECOND).await.unwrap(), 7);
        assert_eq!(row::<m::BriefQuestion>(&desk).handled, 1);
    });
}

#[test]
fn t1_the_dead_are_skipped_however_many_they_are() {
    run(async |system| {
        let builder = system.instance(Desk::default()).capacity(1000);
        let desk: DeskHandle = builder.spawn().unwrap();
        let held = testing::hold(&desk);
        for n in 0..900 {
            desk.brief(n).await.unwrap();
        }
        desk.lasting(1).await.unwrap();
        advance(6 * SECOND).await;
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [1]);
        assert_eq!(row::<m::Brief>(&desk).expired, 900);
    });
}
