//! O7: `conflate`. A new message replaces the queued message with the same key.

use super::*;

#[test]
fn o7_a_newcomer_takes_over_the_place_of_its_key_also_where_there_is_room() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 10).await.unwrap();
        store.blocked(5).await.unwrap();
        assert_eq!(store.priced(Sku(1), 11).await.unwrap(), Admission::Conflated);
        assert_eq!(store.priced(Sku(2), 20).await.unwrap(), Admission::Queued);
        assert_eq!(store.priced(Sku(1), 12).try_send().unwrap(), Admission::Conflated);
        assert_eq!(store.reading().depth, 3);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("priced", 1012), ("blocked", 5), ("priced", 2020)]);
        let row = row::<m::Priced>(&store);
        assert_eq!((row.offered, row.handled, row.conflated), (4, 2, 2));
    });
}

#[test]
fn o7_equal_hashes_are_not_equal_keys_and_keys_of_two_types_are_two() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 1).await.unwrap();
        store.priced(Sku(2), 2).await.unwrap();
        store.priced_or_block(Sku(1), 3).await.unwrap();
        store.priced(Sku(2), 4).await.unwrap();
        held.release();
        testing::quiet(&system).await;
        let order = [("priced", 1001), ("priced", 2004), ("priced_or_block", 1003)];
        assert_eq!(log.take(), order);
    });
}

#[test]
fn o7_a_newcomer_brings_its_own_age() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.fresh(Sku(1), 1).await.unwrap();
        store.fresh(Sku(2), 1).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        store.fresh(Sku(1), 2).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("fresh", 1002)]);
        let row = row::<m::Fresh>(&store);
        assert_eq!((row.handled, row.conflated, row.expired), (1, 1, 1));
    });
}

#[test]
fn o7_the_asker_whose_message_was_replaced_is_told_at_once_and_the_new_one_is_answered() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        let before = tokio::time::Instant::now();
        let (mut old, mut new) = (store.priced_asked(Sku(1), 1), store.priced_asked(Sku(1), 2));
        assert!(poll(&mut old).is_pending());
        assert!(poll(&mut new).is_pending());
        match poll(&mut old) {
            Poll::Ready(Err(error)) => assert_eq!(error.reason(), Reason::Conflated),
            other => panic!("{other:?}"),
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
        // Dropping the old ask does not touch the new message.
        drop(old);
        held.release();
        assert_eq!(new.await.unwrap(), 2);
    });
}

#[test]
fn o7_the_deadline_is_the_newcomer_s() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 1).timeout(SECOND).await.unwrap();
        store.priced(Sku(1), 2).timeout(10 * SECOND).await.unwrap();
        store.priced(Sku(2), 1).timeout(10 * SECOND).await.unwrap();
        store.priced(Sku(2), 2).timeout(SECOND).await.unwrap();
        tokio::time::advance(5 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("priced", 1002)]);
    });
}

#[test]
fn o7_alone_and_without_room_the_oldest_of_the_type_goes() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for sku in 1..=4 {
            store.priced(Sku(sku), 0).await.unwrap();
        }
        assert_eq!(store.priced(Sku(5), 0).await.unwrap(), Admission::Displaced);
        // Key 1 is no longer queued, so this message is new.
        assert_eq!(store.priced(Sku(1), 7).await.unwrap(), Admission::Displaced);
        assert_eq!(store.priced(Sku(5), 8).await.unwrap(), Admission::Conflated);
        held.release();
        testing::quiet(&system).await;
        let left: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(left, [3000, 4000, 5008, 1007]);
        let row = row::<m::Priced>(&store);
        assert_eq!((row.dropped, row.conflated), (2, 1));
    });
}

#[test]
fn o7_a_running_message_is_not_replaced() {
    run(async |system| {
        let (store, log) = store(&system);
        store.slow(Sku(1), 1).await.unwrap();
        run_other_tasks().await;
        assert_eq!(store.slow(Sku(1), 2).await.unwrap(), Admission::Queued);
        assert_eq!(store.slow(Sku(1), 3).await.unwrap(), Admission::Conflated);
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("slow", 1001), ("slow", 1003)]);
    });
}

#[test]
fn o7_at_most_one_of_a_key_is_queued_when_a_waiter_is_let_in() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        let mut line: Vec<_> = (1..=3).map(|cents| pending(store.priced_or_block(Sku(1), cents))).collect();
        held.release();
        testing::quiet(&system).await;
        for send in &mut line {
            assert!(matches!(poll(send), Poll::Ready(Ok(Admission::Waited))));
        }
        assert_eq!(log.take().last(), Some(&("priced_or_block", 1003)));
        let row = row::<m::PricedOrBlock>(&store);
        assert_eq!((row.handled, row.conflated), (1, 2));
    });
}
