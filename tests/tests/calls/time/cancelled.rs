//! T3: asks and sends whose caller goes away.

use super::*;

#[test]
fn t3_an_asker_that_went_away_leaves_a_message_that_is_skipped() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let asked = pending(desk.question(1));
        desk.lasting(2).await.unwrap();
        drop(asked);
        assert_eq!(desk.reading().depth, 1);
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [2]);
        let row = row::<m::Question>(&desk);
        assert_eq!((row.cancelled, row.handled), (1, 0));
    });
}

#[test]
fn t3_a_message_is_skipped_also_when_it_is_claimed_already() {
    run(async |system| {
        let asks = Asks::default();
        let state = Desk { asks: asks.clone(), ..Desk::default() };
        let desk: DeskHandle = system.instance(state).capacity(64).spawn().unwrap();
        // After so many short turns, the actor claims many messages at a time.
        for n in 0..2000 {
            desk.lasting(n).await.unwrap();
        }
        assert_eq!(desk.seen().await.unwrap().len(), 2000);
        let held = testing::hold(&desk);
        desk.forget().await.unwrap();
        for n in 0..20 {
            let asked = pending(desk.question(n).owned());
            asks.write(asked);
            desk.lasting(100 + n).await.unwrap();
        }
        held.release();
        assert_eq!(desk.seen().await.unwrap(), (100..120).collect::<Vec<_>>());
        assert_eq!(row::<m::Question>(&desk).cancelled, 20);
    });
}

#[test]
fn t3_one_that_gave_up_in_line_counts_cancelled_too() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        desk.lasting(0).await.unwrap();
        desk.lasting(1).await.unwrap();
        let (mut asked, mut told) = (desk.question(2), desk.lasting(3));
        assert!(poll(&mut asked).is_pending() && poll(&mut told).is_pending());
        drop((asked, told));
        held.release();
        assert_eq!(desk.seen().await.unwrap(), [0, 1]);
        let counts = (row::<m::Question>(&desk).cancelled, row::<m::Lasting>(&desk).cancelled);
        assert_eq!(counts, (1, 1));
    });
}

#[test]
fn t3_an_asker_that_goes_away_during_the_turn_changes_nothing() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let asked = pending(desk.rest(SECOND));
        run_other_tasks().await;
        drop(asked);
        assert_eq!(desk.seen().await.unwrap(), [100]);
        let row = row::<m::Rest>(&desk);
        assert_eq!((row.handled, row.cancelled), (1, 0));
    });
}

#[test]
fn t3_an_ask_that_becomes_owned_under_way_is_not_gone() {
    run(async |system| {
        let (desk, _) = desk(&system);
        let held = testing::hold(&desk);
        let (mut kept, mut dropped) = (desk.question(1), desk.question(2));
        assert!(poll(&mut kept).is_pending() && poll(&mut dropped).is_pending());
        let kept = kept.owned();
        drop(dropped.owned());
        held.release();
        kept.await.unwrap();
        let row = row::<m::Question>(&desk);
        assert_eq!((row.cancelled, row.handled), (1, 1));
    });
}

#[test]
fn t3_what_was_never_polled_was_never_sent() {
    run(async |system| {
        let (desk, _) = desk(&system);
        drop((desk.question(1), desk.lasting(1).timeout(SECOND), desk.lasting(1).owned()));
        assert_eq!(desk.ledger().total().offered, 0);
    });
}
