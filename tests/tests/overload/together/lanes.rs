//! Priorities of sends where they meet failures, changes, generic actors and other places (S9).

use actors_core::policy::Policy;
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{balanced, letters, panic_quietly, run};

#[derive(Default)]
struct Ranged {
    seen: Vec<u32>,
}

#[actor(local, capacity = 8, reserve = 0)]
impl Ranged {
    #[message(priority = low..=urgent, overflow = reject)]
    fn order(&mut self, n: u32) -> u32 {
        if n == 13 {
            panic_quietly("unlucky");
        }
        self.seen.push(n);
        n
    }

    #[message(overflow = reject)]
    fn plain(&mut self, n: u32) {
        self.seen.push(n);
    }
}

#[test]
fn s9_a_panic_in_a_turn_of_a_chosen_lane_is_reported() {
    run(async |system| {
        let ranged = system.spawn(Ranged::default());
        let mut subscriber = system.dead_letters();
        let why = ranged.order(13).priority(Priority::Urgent).await.unwrap_err();
        assert_eq!((why.reason(), why.message()), (Reason::Panicked, "Order"));
        let lost: Vec<_> =
            letters(&mut subscriber).iter().map(|letter| (letter.priority, letter.reason)).collect();
        assert_eq!(lost, [(Priority::Urgent, Reason::Panicked)]);
        let why = ranged.order(1).priority(Priority::Urgent).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Closed);
        balanced(&ranged);
    });
}

/// A change that has no effect is refused, as that of a priority is.
#[test]
fn p6_what_belongs_to_the_code_of_a_message_cannot_be_adjusted() {
    run(async |system| {
        let ranged = system.spawn(Ranged::default());
        type Change = fn(Policy) -> Policy;
        let changes: [(&str, Change); 4] = [
            ("fair_by", Policy::fair),
            ("cost", Policy::costed),
            ("cancel", Policy::cancel_on_abandon),
            ("key", Policy::keyed),
        ];
        for (word, change) in changes {
            let why = ranged.adjust::<RangedPlain>(change).unwrap_err().to_string();
            assert!(why.contains(&format!("`{word}` belongs to the code of the message")), "{why}");
        }
    });
}

mod shapes {
    use super::*;
    use std::marker::PhantomData;

    pub(super) trait Db: Send + 'static {}
    impl Db for u8 {}

    pub(super) struct Shop<D: Db> {
        pub(super) seen: u32,
        pub(super) db: PhantomData<D>,
    }

    #[actor]
    impl<D: Db> Shop<D> {
        #[message(priority = normal..=high, overflow = reject, fair_by = user, cost = n, rate = "10/s")]
        fn put(&mut self, user: u32, n: u32) -> u32 {
            let _ = user;
            self.seen += n;
            self.seen
        }

        #[message(priority = low..=urgent, cancel = on_abandon, cost = whole)]
        async fn get(&mut self, n: u32) -> u32 {
            self.seen + n
        }

        #[handler]
        async fn pair(&mut self, pair: Pair) -> u32 {
            pair.1
        }

        #[handler]
        async fn any(&mut self, any: Any<u8>) -> u8 {
            any.0
        }
    }

    fn whole(get: &shop_messages::Get) -> usize {
        get.n as usize
    }

    #[derive(Debug, Message)]
    #[message(reply = u32, priority = low..=high, fair_by = 0, cost = 1, cancel = on_abandon, overflow = reject)]
    pub(super) struct Pair(u32, u32);

    #[derive(Debug, Message)]
    #[message(reply = T, crate = actors_tests::runtime, priority = low..=high, fair_by = 0, cost = cost, overflow = reject)]
    pub(super) struct Any<T: std::hash::Hash + Clone + PartialEq + Eq>(T, u32);

    fn cost<T: std::hash::Hash + Clone + PartialEq + Eq>(any: &Any<T>) -> usize {
        any.1 as usize
    }

    #[derive(Debug, Message)]
    #[message(priority = low..=high, cost = enum_cost, cancel = on_abandon)]
    pub(super) enum Either {
        Left,
        Right(u32),
    }

    fn enum_cost(either: &Either) -> usize {
        match either {
            Either::Left => 1,
            Either::Right(n) => *n as usize,
        }
    }

    struct Over;

    #[actor(crate = actors_tests::runtime, local)]
    impl Over {
        #[message(priority = low..=high, cancel = on_abandon, cost = n, fair_by = n, overflow = reject)]
        async fn go(&mut self, n: u32) -> u32 {
            n
        }

        #[handler]
        async fn either(&mut self, either: Either) {
            let _ = either;
        }
    }

    #[test]
    fn s9_words_hold_for_generic_actors_tuple_structs_and_enums() {
        run(async |system| {
            let shop = system.spawn(Shop::<u8> { seen: 0, db: PhantomData });
            assert_eq!(shop.put(1, 1).priority(Priority::High).await.unwrap(), 1);
            assert_eq!(shop.get(1).priority(Priority::Urgent).await.unwrap(), 2);
            assert_eq!(shop.pair(Pair(1, 7)).priority(Priority::High).await.unwrap(), 7);
            assert_eq!(shop.any(Any(1, 7)).priority(Priority::High).await.unwrap(), 1);
            let over = system.spawn(Over);
            assert_eq!(over.go(1).priority(Priority::High).await.unwrap(), 1);
            over.either(Either::Right(3)).priority(Priority::High).await.unwrap();
            over.either(Either::Left).await.unwrap();
        });
    }
}

mod elsewhere {
    use super::*;
    use actors_core::outlet::{Call, Handed, Handing, Outlet, Returned};

    #[derive(Default)]
    struct Far {
        seen: Vec<u32>,
    }

    #[actor(local, capacity = 8, reserve = 4)]
    impl Far {
        #[message(priority = normal..=urgent, overflow = reject)]
        fn order(&mut self, n: u32) {
            self.seen.push(n);
        }
    }

    struct Wire(FarHandle);

    impl Outlet<Far> for Wire {
        fn send(&self, mail: <Far as Actor>::Mail, call: Call) -> Handing<Far> {
            let far = self.0.clone();
            Box::pin(async move { far.deliver(mail, call.deadline).priority(call.priority).await })
        }

        fn try_send(&self, mail: <Far as Actor>::Mail, _: Call) -> Handed<Far> {
            Err(Returned::new(mail, Reason::Full))
        }
    }

    /// S9: every rule about lanes holds for the lane that was chosen.
    #[test]
    fn s9_a_message_to_another_place_keeps_its_priority() {
        run(async |system| {
            let far = system.spawn(Far::default());
            let _held = testing::hold(&far);
            let near: FarHandle = system.outlet("near", Wire(far.clone())).unwrap();
            while far.order(0).try_send().is_ok() {}
            assert!(
                far.order(1).priority(Priority::Urgent).try_send().is_ok(),
                "half of the mailbox is for it"
            );
            let sent = near.order(2).priority(Priority::Urgent).await;
            assert!(sent.is_ok(), "{sent:?}");
        });
    }
}
