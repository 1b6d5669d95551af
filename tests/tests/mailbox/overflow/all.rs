//! O11: `drop_all` gives up everything that is queued of the newcomer's type.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{balanced, losses, row, run};
use feed_messages as m;

#[derive(Default)]
struct Feed {
    seen: Vec<u32>,
}

#[actor(capacity = 300, reserve = 0)]
impl Feed {
    #[message(overflow = drop_all)]
    fn part(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(overflow = [drop_all, block], max = 3)]
    fn few(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(overflow = [conflate, drop_all], key = id, weight = bytes)]
    fn heavy(&mut self, id: u32, bytes: u32) {
        self.seen.push(100 * id + bytes);
    }

    #[message]
    fn other(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message]
    fn seen(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.seen)
    }
}

#[test]
fn o11_everything_queued_of_the_type_makes_room_and_nothing_else() {
    run(async |system| {
        let feed: FeedHandle = system.spawn(Feed::default());
        let mut letters = system.dead_letters();
        let held = testing::hold(&feed);
        for n in 0..100 {
            feed.other(1000 + n).try_send().unwrap();
        }
        // More than one visit may lose.
        for n in 0..200 {
            assert_eq!(feed.part(n).try_send().unwrap(), Admission::Queued);
        }
        assert_eq!(feed.part(200).try_send().unwrap(), Admission::Displaced);
        assert_eq!((row::<m::Part>(&feed).dropped, row::<m::Part>(&feed).queued), (200, 1));
        assert_eq!(row::<m::Other>(&feed).queued, 100);
        let lost = losses(&mut letters);
        assert_eq!(lost.len(), 200);
        assert!(lost.iter().all(|(message, why)| (*message, *why) == ("Part", Reason::Dropped)));
        held.release();
        let seen = feed.seen().await.unwrap();
        assert_eq!((seen.len(), seen.last()), (101, Some(&200)));
        balanced(&feed);
    });
}

#[test]
fn o11_a_twin_that_grows_is_not_among_those_that_make_room() {
    run(async |system| {
        let builder = system.instance(Feed::default()).max_bytes(10).reserve(0);
        let feed: FeedHandle = builder.spawn().unwrap();
        let held = testing::hold(&feed);
        feed.heavy(1, 4).await.unwrap();
        feed.heavy(2, 4).await.unwrap();
        assert_eq!(feed.heavy(1, 8).await.unwrap(), Admission::Conflated);
        let row = row::<m::Heavy>(&feed);
        assert_eq!((row.queued, row.dropped, row.conflated), (1, 1, 1));
        assert_eq!(feed.reading().bytes, 8);
        held.release();
        testing::quiet(&system).await;
        balanced(&feed);
        assert_eq!(feed.seen().await.unwrap(), [108]);
    });
}

#[test]
fn o11_where_none_is_queued_the_next_word_applies() {
    run(async |system| {
        let feed: FeedHandle = system.spawn(Feed::default());
        let held = testing::hold(&feed);
        for n in 0..4 {
            feed.few(n).await.unwrap();
        }
        assert_eq!((row::<m::Few>(&feed).dropped, row::<m::Few>(&feed).queued), (3, 1));
        for n in 0..299 {
            feed.other(n).try_send().unwrap();
        }
        assert_eq!(feed.part(0).try_send().unwrap(), Admission::Dropped, "nothing of its own is queued");
        held.release();
        testing::quiet(&system).await;
        assert_eq!(feed.seen().await.unwrap().len(), 300);
        balanced(&feed);
    });
}
