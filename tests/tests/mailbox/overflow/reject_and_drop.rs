//! O2 to O4: `reject`, `drop_newest` and `drop_oldest`.

use super::*;

#[test]
fn o2_reject_brings_the_message_back_with_a_time_to_try_again() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        for refused in [store.rejected(7).await.unwrap_err(), store.rejected(7).try_send().unwrap_err()] {
            assert_eq!(refused.reason(), Reason::Full);
            assert!(refused.retry_after().unwrap() > Duration::ZERO);
            assert_eq!(refused.into_message().n, 7);
        }
        assert_eq!(row::<m::Rejected>(&store).refused(Reason::Full), 2);
    });
}

#[test]
fn o2_a_refused_ask_gives_the_message_back_where_it_is_wanted() {
    fn is_free<E: std::error::Error + Send + Sync + 'static>(_: &E) {}
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let refused = store.reject_asked(7).await.unwrap_err();
        is_free(&refused);
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        let (refused, message) = store.reject_asked(8).returning().await.unwrap_err();
        assert_eq!((refused.reason(), message.unwrap().n), (Reason::Full, 8));
        let row = store.ledger().of::<m::RejectAsked>();
        assert_eq!((row.offered, row.refused(Reason::Full)), (2, 2), "each refusal is counted once");
    });
}

#[test]
fn o3_drop_newest_gives_the_newcomer_up_and_tells_its_sender() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            assert_eq!(store.newest(n).await.unwrap(), Admission::Queued);
        }
        assert_eq!(store.newest(4).await.unwrap(), Admission::Dropped);
        assert_eq!(store.newest(5).try_send().unwrap(), Admission::Dropped);
        let refused = store.newest_asked(6).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Dropped);
        let (refused, message) = store.newest_asked(7).returning().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Dropped);
        assert!(message.is_none(), "a dropped message does not come back");
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take().len(), 4);
        assert_eq!(row::<m::Newest>(&store).dropped, 2);
        assert_eq!(row::<m::NewestAsked>(&store).dropped, 2);
    });
}

#[test]
fn o4_drop_oldest_gives_up_the_oldest_of_its_own_type() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.blocked(100).await.unwrap();
        for n in 0..3 {
            assert_eq!(store.oldest(n).await.unwrap(), Admission::Queued);
        }
        for n in 3..10 {
            assert_eq!(store.oldest(n).await.unwrap(), Admission::Displaced);
        }
        held.release();
        testing::quiet(&system).await;
        let left = [("blocked", 100), ("oldest", 7), ("oldest", 8), ("oldest", 9)];
        assert_eq!(log.take(), left);
        assert_eq!(row::<m::Oldest>(&store).dropped, 7);
    });
}

#[test]
fn o4_with_none_of_its_type_queued_the_newcomer_itself_is_dropped() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Dropped);
        assert_eq!(store.oldest_asked(4).await.unwrap_err().reason(), Reason::Dropped);
        assert_eq!(row::<m::Blocked>(&store).queued, 4);
    });
}

#[test]
fn o4_the_asker_whose_message_was_taken_is_told_at_once() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let before = tokio::time::Instant::now();
        let mut asks: Vec<_> = (0..5).map(|n| store.oldest_asked(n)).collect();
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        match poll(&mut asks[0]) {
            Poll::Ready(Err(error)) => assert_eq!(error.reason(), Reason::Dropped),
            other => panic!("{other:?}"),
        }
        assert!(poll(&mut asks[1]).is_pending());
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn o4_a_message_whose_turn_runs_is_not_taken() {
    run(async |system| {
        let (store, _) = store(&system);
        store.rest(SECOND).await.unwrap();
        run_other_tasks().await;
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        // The only other message of its type has begun its turn.
        assert_eq!(store.rest(SECOND).await.unwrap(), Admission::Dropped);
        testing::quiet(&system).await;
        let row = row::<m::Rest>(&store);
        assert_eq!((row.handled, row.dropped), (1, 1));
    });
}
