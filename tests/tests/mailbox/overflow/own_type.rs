//! O0: an overflow policy affects only messages of its own type.

use super::*;

#[test]
fn o0_a_policy_costs_only_messages_of_its_own_type() {
    run(async |system| {
        for flood in ["newest", "oldest", "oldest_or_reject", "priced", "rejected", "priced_or_oldest"] {
            let (store, log) = store(&system);
            let held = testing::hold(&store);
            store.blocked(1).await.unwrap();
            store.also_blocked(2).await.unwrap();
            store.fresh(Sku(3), 0).await.unwrap();
            store.oldest_or_block(4).await.unwrap();
            for n in 0..50 {
                match flood {
                    "newest" => drop(store.newest(n).try_send()),
                    "oldest" => drop(store.oldest(n).try_send()),
                    "oldest_or_reject" => drop(store.oldest_or_reject(n).try_send()),
                    "priced" => drop(store.priced(Sku(n), 0).try_send()),
                    "rejected" => drop(store.rejected(n).try_send()),
                    _ => drop(store.priced_or_oldest(Sku(n), 0).try_send()),
                }
            }
            held.release();
            testing::quiet(&system).await;
            let first = [("blocked", 1), ("also_blocked", 2), ("fresh", 3000), ("oldest_or_block", 4)];
            assert_eq!(log.take(), first, "a flood of {flood}");
            for other in [
                row::<m::Blocked>(&store),
                row::<m::AlsoBlocked>(&store),
                row::<m::Fresh>(&store),
                row::<m::OldestOrBlock>(&store),
            ] {
                assert!(lost_nothing(&other), "a flood of {flood} cost {other:?}");
            }
        }
    });
}

#[test]
fn o0_a_high_message_evicts_nothing_that_was_accepted() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.oldest(n).await.unwrap();
        }
        assert_eq!(store.pressing(9).try_send().unwrap_err().reason(), Reason::Full);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [("oldest", 0), ("oldest", 1), ("oldest", 2), ("oldest", 3)]);
    });
}
