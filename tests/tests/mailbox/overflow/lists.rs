//! O9: lists of overflow words, and expired messages, which are purged first.

use super::*;

#[test]
fn o9_a_list_is_tried_in_order() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        store.oldest_or_block(0).await.unwrap();
        store.priced_or_block(Sku(1), 0).await.unwrap();
        store.priced_or_oldest(Sku(1), 0).await.unwrap();
        store.blocked(0).await.unwrap();
        // The first word applies: there is a message of the type to drop, or to replace.
        assert_eq!(store.oldest_or_block(1).await.unwrap(), Admission::Displaced);
        assert_eq!(store.priced_or_block(Sku(1), 1).await.unwrap(), Admission::Conflated);
        assert_eq!(store.priced_or_oldest(Sku(1), 1).await.unwrap(), Admission::Conflated);
        // The second word applies: the key is another one, and the type has a message to drop.
        assert_eq!(store.priced_or_oldest(Sku(2), 1).await.unwrap(), Admission::Displaced);
        let _waits = pending(store.priced_or_block(Sku(2), 1));
        // The type has nothing queued, so the next word applies.
        let refused = store.oldest_or_reject(1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        let refused = store.priced_or_reject(Sku(9), 1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
    });
}

#[test]
fn o9_an_impossible_list_is_refused_with_a_sentence() {
    use Overflow::{Block, Conflate, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    let cases: [(&[Overflow], &str); 9] = [
        (&[], "empty list"),
        (&[Block, Reject], "nothing is tried after `block`"),
        (&[Reject, DropOldest], "nothing is tried after `reject`"),
        (&[DropNewest, Block], "nothing is tried after `drop_newest`"),
        (&[DropOldest, Conflate], "it stands first in the list"),
        (&[DropOldest, DropOldest], "twice"),
        (&[Conflate], "needs a key"),
        (&[DropOldest, DropRandom], "leave one of them out"),
        (&[Conflate, DropOldest, EvictLower, Block, Reject], "at most"),
    ];
    run(async |system| {
        for (list, word) in cases {
            let builder = system.instance(Store::default());
            let builder = builder.policy::<m::Blocked>(|policy| policy.overflow(list));
            match builder.spawn::<StoreHandle>() {
                Err(SpawnError::Settings(why)) => {
                    assert!(why.to_string().contains(word), "{list:?}: {why}");
                    assert_eq!(why.message(), Some("Blocked"), "{list:?}: {why}");
                }
                other => panic!("{list:?}: {other:?}"),
            }
        }
        let sound: [&[Overflow]; 7] = [
            &[Block],
            &[Conflate],
            &[Conflate, Block],
            &[Conflate, DropOldest],
            &[Conflate, DropOldest, Reject],
            &[DropOldest, DropNewest],
            &[DropOldest, Block],
        ];
        for list in sound {
            let builder = system.instance(Store::default());
            let builder = builder.policy::<m::Priced>(|policy| policy.overflow(list));
            assert!(builder.spawn::<StoreHandle>().is_ok(), "{list:?}");
        }
    });
}

#[test]
fn o9_the_expired_are_purged_before_anything_alive_is_given_up() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.brief(0).await.unwrap();
        store.oldest(1).await.unwrap();
        store.brief(2).await.unwrap();
        store.blocked(3).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        // Each of these sends finds a mailbox full of expired messages.
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        assert_eq!(store.rejected(5).await.unwrap(), Admission::Queued);
        assert_eq!(store.oldest(6).await.unwrap(), Admission::Displaced);
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [3, 4, 5, 6]);
        assert_eq!(row::<m::Brief>(&store).expired, 2);
    });
}

#[test]
fn o9_messages_past_their_own_deadline_are_purged_too() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..3 {
            store.blocked(n).timeout(SECOND).await.unwrap();
        }
        store.oldest(3).await.unwrap();
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("oldest", 3), ("oldest", 4)]);
        assert_eq!(row::<m::Blocked>(&store).expired, 3);
    });
}

#[test]
fn o9_a_dead_message_behind_a_living_one_of_its_type_is_purged_too() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.brief(0).await.unwrap();
        store.brief(1).timeout(SECOND).await.unwrap();
        store.blocked(2).await.unwrap();
        store.oldest(3).await.unwrap();
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = log.take().into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [0, 2, 3, 4]);
    });
}

#[test]
fn o9_an_ask_past_its_deadline_is_purged_before_its_asker_looks() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let mut asks: Vec<_> = (0..4).map(|n| store.reject_asked(n).timeout(SECOND)).collect();
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.rejected(4).try_send().unwrap(), Admission::Queued);
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::TimedOut);
        }
        assert_eq!(row::<m::RejectAsked>(&store).expired, 4);
    });
}
