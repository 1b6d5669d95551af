//! The words of overload where they meet each other: costs with lines, permits and streams; shares
//! with lanes, bytes, tokens and reservations.

use actors_core::policy::Policy;
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, Record, SECOND, balanced, pending, poll, row, run, run_other_tasks};
use std::sync::{Arc, Mutex};
use tokio::time::advance;

#[derive(Default)]
struct Rated {
    seen: Vec<u32>,
}

#[actor(local, capacity = 64, reserve = 0)]
impl Rated {
    #[message(rate = "10/s", burst = 4, cost = n)]
    fn wait(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(priority = normal..=high, rate = "10/s", burst = 4, cost = n)]
    fn range(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message(rate = "7/s", burst = 1, fair_by = user)]
    fn fair(&mut self, user: u32) {
        self.seen.push(user);
    }

    #[message(rate = "10/s", burst = 4, fair_by = user, cost = n)]
    fn fair_cost(&mut self, user: u32, n: u32) {
        let _ = user;
        self.seen.push(n);
    }

    #[message(overflow = [drop_oldest, block], rate = "10/s", burst = 4, fair_by = user, cost = n)]
    fn fair_drop(&mut self, user: u32, n: u32) {
        let _ = user;
        self.seen.push(n);
    }

    #[message(rate = "10/s", burst = 10, cost = n)]
    fn ten(&mut self, n: u32) {
        self.seen.push(n);
    }

    #[message]
    fn seen(&mut self) -> Vec<u32> {
        self.seen.clone()
    }
}

/// C1: an attached stream of costed messages goes on.
#[test]
fn c1_a_stream_of_messages_that_cost_several_tokens_is_taken_to_its_end() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        let items = futures_util::stream::iter((0..3).map(|_| RatedWait { n: 4 }));
        let attached = rated.attach(items);
        let ended = tokio::time::timeout(60 * SECOND, attached).await;
        assert!(ended.is_ok(), "after a minute only {:?}", rated.seen().await.unwrap());
        assert_eq!(ended.unwrap().unwrap(), 3);
    });
}

/// T7: the rate holds after a change of the burst while an expensive sender waits.
#[test]
fn t7_a_smaller_burst_does_not_end_the_rate() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.ten(10).await.unwrap();
        let mut line = pending(rated.ten(10));
        rated.adjust::<RatedTen>(|policy| policy.burst(2)).unwrap();
        run_other_tasks().await;
        let let_in = (0..20).filter(|_| rated.ten(1).try_send().is_ok()).count();
        assert!(let_in <= 2, "{let_in} of 20 at once, under 10/s with a burst of 2");
    });
}

/// T7, S9: senders in line get tokens in order; the lane that matters more is not starved by lower
/// lanes of its type.
#[test]
fn s9_a_sender_of_a_high_lane_is_not_starved_by_cheap_newcomers_of_its_type() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.range(4).await.unwrap();
        let mut high = pending(rated.range(4).priority(Priority::High));
        let mut low = 0;
        for _ in 0..50 {
            advance(100 * MS).await;
            run_other_tasks().await;
            low += usize::from(rated.range(1).try_send().is_ok());
        }
        assert!(poll(&mut high).is_ready(), "five seconds later; {low} low ones have passed it");
    });
}

#[test]
fn s9_a_sender_of_a_high_lane_is_not_starved_by_senders_of_a_lower_one() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.range(4).await.unwrap();
        let mut high = pending(rated.range(4).priority(Priority::High));
        let mut low: Vec<_> = (0..20).map(|_| pending(rated.range(1))).collect();
        for _ in 0..10 {
            advance(100 * MS).await;
            run_other_tasks().await;
        }
        let passed = low.iter_mut().filter_map(|send| poll(send).is_ready().then_some(())).count();
        assert!(poll(&mut high).is_ready(), "a second later; {passed} low ones have passed it");
    });
}

/// O1: no other send overtakes a sender in line.
#[test]
fn s7_a_token_that_has_come_belongs_to_the_sender_in_line() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.fair(1).await.unwrap();
        let mut line = pending(rated.fair(1));
        run_other_tasks().await;
        // The token comes after 142.857 ms, the timer at 143 ms.
        advance(std::time::Duration::from_micros(142_900)).await;
        let newcomer = rated.fair(2).try_send();
        run_other_tasks().await;
        assert!(newcomer.is_err(), "a newcomer has passed the line: {:?}", poll(&mut line));
    });
}

#[test]
fn s7_a_reservation_does_not_take_the_token_of_a_sender_in_line() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.fair(1).await.unwrap();
        let _line = pending(rated.fair(1));
        run_other_tasks().await;
        advance(std::time::Duration::from_micros(142_900)).await;
        assert!(rated.try_reserve::<RatedFair>().is_err());
    });
}

#[test]
fn s7_an_expensive_sender_is_not_starved_by_cheap_ones_of_other_values() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.fair_cost(1, 4).await.unwrap();
        let mut line = pending(rated.fair_cost(1, 4));
        let mut passed = 0;
        for _ in 0..50 {
            advance(100 * MS).await;
            run_other_tasks().await;
            passed += usize::from(rated.fair_cost(2, 1).try_send().is_ok());
        }
        assert!(poll(&mut line).is_ready(), "{passed} have passed it");
    });
}

#[test]
fn s7_a_message_does_not_pass_a_sender_of_its_own_value() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.fair_drop(1, 3).await.unwrap();
        let mut first = pending(rated.fair_drop(1, 3));
        let second = rated.fair_drop(1, 1).try_send();
        assert!(second.is_err(), "{second:?} before {:?}", poll(&mut first));
    });
}

/// "exact": after those in line.
#[test]
fn t7_the_time_of_a_refusal_is_exact_where_some_tokens_are_left() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.wait(2).await.unwrap();
        let mut line = pending(rated.wait(3));
        let why = rated.wait(1).try_send().unwrap_err();
        assert_eq!(why.reason(), Reason::RateLimited, "{:?}", rated.reading());
        // Two are left, four are needed: 200 ms.
        assert_eq!(why.retry_after(), Some(200 * MS));
        let _ = poll(&mut line);
    });
}

struct Selfish;

#[actor(local, capacity = 64, reserve = 0)]
impl Selfish {
    #[message(rate = "10/s", burst = 4, cost = n)]
    fn wait(&mut self, n: u32) {
        let _ = n;
    }

    #[message]
    async fn send(&mut self, me: SelfishHandle, n: u32) -> Result<(), String> {
        me.wait(n).await.map(drop).map_err(|why| why.to_string())
    }
}

/// D1: a wait for a token is no part of a cycle, also not behind a sender that needs more of them.
#[test]
fn d1_a_wait_behind_a_sender_that_waits_for_tokens_is_no_cycle() {
    run(async |system| {
        let selfish = system.spawn(Selfish);
        selfish.wait(3).await.unwrap();
        // One token is left.
        let line = tokio::spawn(selfish.wait(3).owned());
        run_other_tasks().await;
        let sent = selfish.send(selfish.clone(), 1).await.unwrap();
        assert_eq!(sent, Ok(()));
        assert!(line.is_finished(), "the sender in front of it has not been let in");
    });
}

#[derive(Default)]
struct Shared {
    seen: Vec<(u32, u32)>,
}

#[actor(local, capacity = 12, reserve = 0, max_waiting = 8)]
impl Shared {
    #[message(overflow = block, fair_by = user)]
    fn wait(&mut self, user: u32, n: u32) {
        self.seen.push((user, n));
    }

    #[message(priority = normal..=high, overflow = reject, fair_by = user)]
    fn range(&mut self, user: u32) {
        self.seen.push((user, 0));
    }

    #[message]
    fn other(&mut self, n: u32) {
        self.seen.push((0, n));
    }

    #[message(priority = low, overflow = block)]
    fn seen(&mut self) -> Vec<(u32, u32)> {
        std::mem::take(&mut self.seen)
    }
}

#[test]
fn s7_a_free_slot_goes_to_a_reservation_behind_a_value_that_holds_its_share() {
    run(async |system| {
        let shared = system.spawn(Shared::default());
        let _held = testing::hold(&shared);
        for n in 0..6 {
            shared.wait(1, n).try_send().unwrap();
        }
        let permit = shared.reserve::<SharedOther>().await.unwrap();
        while shared.other(0).try_send().is_ok() {}
        assert_eq!(shared.reading().depth + 1, 12);
        let _spent = pending(shared.wait(1, 6));
        let mut reserve = pending(shared.reserve::<SharedWait>());
        drop(permit);
        run_other_tasks().await;
        assert!(poll(&mut reserve).is_ready(), "a slot is free: {:?}", shared.reading());
    });
}

#[test]
fn s7_a_value_holds_one_share_in_all_lanes_together() {
    run(async |system| {
        let shared = system.spawn(Shared::default());
        let _held = testing::hold(&shared);
        let fill = |user, priority| {
            (0..12).take_while(|_| shared.range(user).priority(priority).try_send().is_ok()).count()
        };
        let of_one = fill(1, Priority::Normal) + fill(1, Priority::High);
        let of_new = fill(2, Priority::Normal) + fill(2, Priority::High);
        assert_eq!((of_one, of_new), (6, 4), "(slots of the first value, of the next one)");
    });
}

#[derive(Default)]
struct Heavy;

#[actor(local, capacity = 12, reserve = 0, max_bytes = 100)]
impl Heavy {
    #[message(overflow = drop_oldest, fair_by = user, weight = bytes)]
    fn log(&mut self, user: u32, bytes: u32) {
        let _ = (user, bytes);
    }

    #[message(overflow = block, fair_by = user, weight = bytes)]
    fn wait(&mut self, user: u32, bytes: u32) {
        let _ = (user, bytes);
    }
}

/// O9: a shortage of bytes is helped with as many messages as it takes up to 32.
#[test]
fn o9_as_many_messages_of_all_values_make_room_for_bytes_as_it_takes() {
    run(async |system| {
        let heavy = system.spawn(Heavy);
        let _held = testing::hold(&heavy);
        for user in 1..=5 {
            heavy.log(user, 20).try_send().unwrap();
        }
        assert_eq!(heavy.log(6, 40).try_send().unwrap(), Admission::Displaced);
    });
}

/// O1: a heavy sender in line is not passed for ever.
#[test]
fn s7_a_heavy_sender_is_not_passed_by_newcomers_of_other_values() {
    run(async |system| {
        let heavy = system.spawn(Heavy);
        let held = testing::hold(&heavy);
        heavy.wait(1, 60).try_send().unwrap();
        heavy.wait(3, 30).try_send().unwrap();
        let mut line = pending(heavy.wait(2, 60));
        // Another value's newcomer is lighter.
        let passed = heavy.wait(4, 10).try_send();
        drop(held);
        run_other_tasks().await;
        assert!(passed.is_err(), "a newcomer has passed the line ({:?})", poll(&mut line));
    });
}

/// O1: no slot stays free while a sender waits that could have it.
#[test]
fn b5_a_light_sender_in_line_does_not_wait_for_a_heavy_one_of_another_value() {
    run(async |system| {
        let heavy = system.spawn(Heavy);
        let _held = testing::hold(&heavy);
        heavy.wait(1, 60).try_send().unwrap();
        let _heavy = pending(heavy.wait(2, 60));
        let in_line = poll(&mut heavy.wait(4, 10)).is_ready();
        let fill = poll(&mut heavy.wait(5, 30)).is_ready();
        // Both are admitted at once, as newcomers; behind a full mailbox they wait for the heavy one.
    });
}

#[derive(Debug, Message)]
#[message(reply = (), overflow = reject, timeout = "10s", fair_by = user)]
struct Query {
    user: u32,
}

#[derive(Default)]
struct Slow {
    seen: Vec<u32>,
}

#[actor(local, capacity = 256, reserve = 0, inline = never)]
impl Slow {
    #[handler]
    async fn query(&mut self, query: Query) {
        tokio::time::sleep(10 * MS).await;
        self.seen.push(query.user);
    }

    #[message]
    async fn other(&mut self) {
        tokio::time::sleep(10 * MS).await;
    }
}

async fn warm(slow: &SlowHandle) {
    for _ in 0..32 {
        slow.other().await.unwrap();
    }
    tokio::time::sleep(400 * MS).await;
}

/// T4: those of its lane go first, whatever their type.
#[test]
fn t4_an_ask_behind_a_long_lane_of_another_type_is_doomed() {
    run(async |system| {
        let slow = system.spawn(Slow::default());
        warm(&slow).await;
        for _ in 0..100 {
            slow.other().try_send().unwrap();
        }
        run_other_tasks().await;
        let why = slow.query(Query { user: 1 }).ask().timeout(100 * MS).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Doomed);
    });
}

/// T4: only what could not be answered is refused.
#[test]
fn t4_an_ask_that_goes_in_place_of_an_earlier_one_is_not_doomed() {
    run(async |system| {
        let slow = system.spawn(Slow::default());
        warm(&slow).await;
        for _ in 0..20 {
            slow.tell(Query { user: 1 }).try_send().unwrap();
        }
        for _ in 0..5 {
            slow.tell(Query { user: 2 }).try_send().unwrap();
        }
        for _ in 0..180 {
            slow.other().try_send().unwrap();
        }
        run_other_tasks().await;
        // Twelve turns of 10 ms go first: 120 ms.
        let answered = slow.query(Query { user: 2 }).ask().timeout(400 * MS).await;
        assert!(answered.is_ok(), "{answered:?}");
    });
}

#[derive(Default)]
struct Ranged {
    seen: Vec<u32>,
}

#[actor(local, capacity = 8, reserve = 0)]
impl Ranged {
    #[message(priority = low..=urgent, overflow = reject)]
    fn order(&mut self, n: u32) -> u32 {
        assert_ne!(n, 13, "unlucky");
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
        let mut letters = system.dead_letters();
        let why = ranged.order(13).priority(Priority::Urgent).await.unwrap_err();
        assert_eq!((why.reason(), why.message()), (Reason::Panicked, "Order"));
        let why = ranged.order(1).priority(Priority::Urgent).await.unwrap_err();
        println!("{:?}", actors_tests::letters(&mut letters));
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
            ("fair", Policy::fair),
            ("costed", Policy::costed),
            ("cancels", Policy::cancel_on_abandon),
            ("keyed", Policy::keyed),
        ];
        for (what, change) in changes {
            let changed = ranged.adjust::<RangedPlain>(change);
        }
        assert!(ranged.adjust::<RangedPlain>(Policy::fair).is_err(), "silently ignored");
    });
}

#[derive(Default)]
struct Cancelled {
    seen: Record<u32>,
}

#[actor(local, capacity = 16, reserve = 0)]
impl Cancelled {
    #[message(cancel = on_abandon)]
    async fn search(&mut self, drops: Arc<Mutex<Option<Box<dyn std::any::Any + Send>>>>) {
        drop(drops.lock().unwrap().take());
        tokio::task::yield_now().await;
        self.seen.write(99_u32);
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.seen.write(n);
    }
}

/// The asker goes away in the first poll of the turn, while others are claimed.
#[test]
fn t8_an_asker_that_goes_away_during_the_first_poll_ends_the_turn_there() {
    run(async |system| {
        let actor = Cancelled::default();
        let seen = actor.seen.clone();
        let actor = system.spawn(actor);
        let held = testing::hold(&actor);
        let shared: Arc<Mutex<Option<Box<dyn std::any::Any + Send>>>> = Arc::default();
        let asked = pending(actor.search(shared.clone()).ask().owned());
        *shared.lock().unwrap() = Some(Box::new(asked));
        for n in 0..4 {
            actor.note(n).await.unwrap();
        }
        drop(held);
        run_other_tasks().await;
        assert_eq!(seen.read(), [0, 1, 2, 3]);
        let row = row::<CancelledSearch>(&actor);
        assert_eq!((row.offered, row.cancelled, row.handled), (1, 1, 0));
        balanced(&actor);
        actor.note(7).await.unwrap();
        run_other_tasks().await;
        assert_eq!(seen.read(), [0, 1, 2, 3, 7]);
    });
}

#[derive(Default)]
struct Early;

#[actor(local, capacity = 12, reserve = 0)]
impl Early {
    #[message(overflow = drop_random(from = 0.1), fair_by = user)]
    fn sample(&mut self, user: u32) {
        let _ = user;
    }
}

/// S7: between values it is not left to chance whose message is given up.
#[test]
fn s7_an_early_drop_does_not_take_the_message_of_a_quiet_value() {
    run(async |system| {
        let early = system.spawn(Early);
        let mut letters = system.dead_letters();
        let _held = testing::hold(&early);
        early.sample(2).try_send().unwrap();
        for _ in 0..100 {
            let _ = early.sample(1).try_send();
        }
        let lost = actors_tests::letters(&mut letters);
        let quiet = lost.iter().filter(|letter| format!("{letter:?}").contains("user: 2")).count();
        assert_eq!(quiet, 0, "of {} lost", lost.len());
    });
}

#[derive(Default)]
struct Both;

#[actor(local, capacity = 12, reserve = 0, rate = "10/s", burst = 10)]
impl Both {
    #[message(overflow = block, fair_by = user, cost = n)]
    fn wait(&mut self, user: u32, n: u32) {
        let _ = (user, n);
    }

    #[message(overflow = reject)]
    fn view(&mut self) {}

    #[message(overflow = reject, cost = n)]
    fn big(&mut self, n: u32) {
        let _ = n;
    }
}

/// ADR 40: a sender that also lacks something else keeps nothing from others.
#[test]
fn t7_a_sender_that_lacks_a_slot_keeps_no_tokens_from_others() {
    run(async |system| {
        let both = system.spawn(Both);
        let _held = testing::hold(&both);
        for _ in 0..6 {
            both.wait(1, 0).try_send().unwrap();
        }
        both.big(5).try_send().unwrap();
        let _line = pending(both.wait(1, 8));
        let viewed = both.view().try_send();
        assert!(viewed.is_ok(), "five tokens are left, and the sender in line has no slot: {viewed:?}");
    });
}

/// T7: an expensive item of a stream gets in under the actor's rate.
#[test]
fn c1_a_stream_is_taken_to_its_end_under_the_rate_of_the_actor() {
    run(async |system| {
        let both = system.spawn(Both);
        let items = futures_util::stream::iter((0..3).map(|_| BothBig { n: 10 }));
        let ended = tokio::time::timeout(60 * SECOND, both.attach(items)).await;
        assert!(ended.is_ok(), "{:?}", row::<BothBig>(&both).handled);
    });
}

mod shapes {
    use super::*;
    use std::marker::PhantomData;

    pub trait Db: Send + 'static {}
    impl Db for u8 {}

    pub struct Shop<D: Db> {
        pub seen: u32,
        pub db: PhantomData<D>,
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
    pub struct Pair(pub u32, pub u32);

    #[derive(Debug, Message)]
    #[message(reply = T, crate = actors_tests::runtime, priority = low..=high, fair_by = 0, cost = cost, overflow = reject)]
    pub struct Any<T: std::hash::Hash + Clone + PartialEq + Eq>(pub T, pub u32);

    fn cost<T: std::hash::Hash + Clone + PartialEq + Eq>(any: &Any<T>) -> usize {
        any.1 as usize
    }

    #[derive(Debug, Message)]
    #[message(priority = low..=high, cost = enum_cost, cancel = on_abandon)]
    pub enum Either {
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

struct Gated {
    begun: Record<u32>,
    gate: actors_tests::Gate,
}

#[actor(local, capacity = 12, reserve = 0, max_waiting = 64)]
impl Gated {
    #[message(overflow = block, fair_by = user)]
    async fn wait(&mut self, user: u32) {
        self.begun.write(user);
        self.gate.pass().await;
    }

    #[message(overflow = reject)]
    async fn other(&mut self) {
        self.begun.write(1000_u32);
        self.gate.pass().await;
    }
}

fn oracle(seeds: std::ops::Range<u64>, workers: usize, permits: bool, strict: bool) {
    for seed in seeds {
        run(async |system| {
            let mut random = actors_tests::Rng::new(seed);
            let (begun, gate) = (Record::<u32>::default(), actors_tests::Gate::default());
            let (b, g) = (begun.clone(), gate.clone());
            let make = move || Gated { begun: b.clone(), gate: g.clone() };
            let gated: GatedHandle = match workers {
                1 => system.actor(make).spawn().unwrap(),
                n => system.actor(make).workers(n..=n).spawn().unwrap(),
            };
            gated.ready().await.unwrap();
            let mut line = Vec::new();
            let mut reserves = Vec::new();
            let (mut of_wait, mut of_other) = (Vec::new(), Vec::new());
            let mut admitted = [0_usize; 6];
            for step in 0..300 {
                let user = random.below(6) as u32;
                match random.below(14) {
                    0..=4 => {
                        let mut send = gated.wait(user);
                        match poll(&mut send) {
                            std::task::Poll::Ready(done) => {
                                admitted[user as usize] += usize::from(done.is_ok())
                            }
                            std::task::Poll::Pending => line.push((user, send)),
                        }
                    }
                    5 => admitted[user as usize] += usize::from(gated.wait(user).try_send().is_ok()),
                    6 => _ = gated.other().try_send(),
                    7 if !line.is_empty() => drop(line.swap_remove(random.below(line.len()))),
                    8 if permits => {
                        let mut reserve = gated.reserve::<GatedWait>();
                        match poll(&mut reserve) {
                            std::task::Poll::Ready(done) => of_wait.extend(done.ok()),
                            std::task::Poll::Pending => reserves.push(reserve),
                        }
                    }
                    9 if permits => of_other.extend(gated.try_reserve::<GatedOther>().ok()),
                    10 => {
                        of_other.pop();
                    }
                    11 => {
                        if let Some(permit) = of_wait.pop() {
                            if random.below(2) == 0 {
                                admitted[user as usize] +=
                                    usize::from(permit.send(GatedWait { user }).is_ok());
                            }
                        }
                    }
                    12 => gate.open(1),
                    _ => {}
                }
                run_other_tasks().await;
                line.retain_mut(|(user, send)| match poll(send) {
                    std::task::Poll::Ready(done) => {
                        done.unwrap();
                        admitted[*user as usize] += 1;
                        false
                    }
                    std::task::Poll::Pending => true,
                });
                reserves.retain_mut(|reserve| match poll(reserve) {
                    std::task::Poll::Ready(done) => {
                        of_wait.push(done.unwrap());
                        false
                    }
                    std::task::Poll::Pending => true,
                });
                let seen = begun.read();
                let held: Vec<usize> = (0..6)
                    .map(|user| admitted[user] - seen.iter().filter(|seen| **seen == user as u32).count())
                    .collect();
                let values = (0..6)
                    .filter(|user| held[*user] > 0 || line.iter().any(|(of, _)| *of as usize == *user))
                    .count();
                let reading = gated.reading();
                let taken = reading.depth + of_wait.len() + of_other.len();
                assert!(taken <= 12);
                if taken < 12 {
                    assert!(
                        !strict || reserves.is_empty(),
                        "seed {seed} step {step}: a reservation waits beside a free slot {reading:?}"
                    );
                    let share = (12 / (values + 1)).max(1);
                    for (user, _) in &line {
                        assert!(
                            held[*user as usize] >= share,
                            "seed {seed} step {step}: {user} could have a slot: {held:?} {reading:?}"
                        );
                    }
                }
                balanced(&gated);
            }
            if random.below(2) == 0 {
                gated.kill();
            } else {
                gate.open(1000);
            }
            drop((line, reserves, of_wait, of_other));
            run_other_tasks().await;
            let total = balanced(&gated);
            assert_eq!((total.queued, total.waiting, total.in_service), (0, 0, 0), "seed {seed}");
        });
    }
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have() {
    oracle(0..60, 1, false, true);
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have_next_to_permits() {
    oracle(0..60, 1, true, true);
}

#[test]
fn s7_no_sender_waits_for_a_slot_that_it_may_have_in_a_pool() {
    oracle(0..60, 2, true, false);
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

#[derive(Default)]
struct Mixed;

#[actor(local, capacity = 64, reserve = 8, max_waiting = 64, rate = "10/s", burst = 5)]
impl Mixed {
    #[message(priority = high, exempt)]
    fn exempt(&mut self) {}

    #[message(priority = normal..=urgent, cost = n)]
    fn range(&mut self, n: u32) {
        let _ = n;
    }

    #[message(priority = low..=high, cost = n, rate = "7/s", burst = 5)]
    fn own(&mut self, n: u32) {
        let _ = n;
    }

    #[message(priority = low, cost = n)]
    fn low(&mut self, n: u32) {
        let _ = n;
    }

    #[message(rate = "20 per 1s, sliding", cost = n)]
    fn sliding(&mut self, n: u32) {
        let _ = n;
    }

    #[message(overflow = [conflate, block], key = user)]
    fn price(&mut self, user: u32) {
        let _ = user;
    }

    #[message(fair_by = user, cost = n)]
    fn fair(&mut self, user: u32, n: u32) {
        let _ = (user, n);
    }
}

#[test]
fn t7_no_sender_waits_for_ever_for_a_token() {
    for seed in 0..60 {
        run(async |system| {
            let mut random = actors_tests::Rng::new(seed);
            let mixed = system.spawn(Mixed);
            let mut tasks = Vec::new();
            let mut held = None;
            for n in 0..120 {
                let (user, cost) = (random.below(3) as u32, random.below(6) as u32);
                let priority = Priority::ALL[random.below(4)];
                let m = mixed.clone();
                let kind = random.below(16);
                let give_up = random.below(8) == 0;
                let task = async move {
                    let send = async {
                        match kind {
                            0 => m.exempt().await.map(drop).map_err(|why| why.reason()),
                            1 | 2 => {
                                m.range(cost).priority(priority).await.map(drop).map_err(|why| why.reason())
                            }
                            3 | 4 => {
                                m.own(cost).priority(priority).await.map(drop).map_err(|why| why.reason())
                            }
                            5 | 6 => m.low(cost).await.map(drop).map_err(|why| why.reason()),
                            7 | 8 => m.sliding(cost).await.map(drop).map_err(|why| why.reason()),
                            9 => m.price(user).await.map(drop).map_err(|why| why.reason()),
                            10 => m.reserve::<MixedRange>().await.map(drop).map_err(|why| why.reason()),
                            _ => m.fair(user, cost).await.map(drop).map_err(|why| why.reason()),
                        }
                    };
                    match give_up {
                        true => _ = tokio::time::timeout(50 * MS, send).await,
                        false => {
                            let done = send.await;
                            assert!(matches!(done, Ok(()) | Err(Reason::Full)), "{done:?}");
                        }
                    }
                };
                tasks.push(tokio::spawn(task));
                match random.below(8) {
                    0 => advance(random.below(300) as u32 * MS).await,
                    1 => held = Some(testing::hold(&mixed)),
                    2 => held = None,
                    3 => run_other_tasks().await,
                    _ => {}
                }
                let _ = n;
                balanced(&mixed);
            }
            drop(held);
            let all = tokio::time::timeout(600 * SECOND, futures_util::future::join_all(tasks)).await;
            let Ok(all) = all else { panic!("seed {seed}: {:?}", mixed.reading()) };
            all.into_iter().for_each(|task| task.unwrap());
            run_other_tasks().await;
            let total = balanced(&mixed);
            assert_eq!((total.queued, total.waiting), (0, 0), "seed {seed}");
        });
    }
}

#[derive(Default)]
struct Node {
    other: Option<NodeHandle>,
}

#[actor(local)]
impl Node {
    #[message(cancel = on_abandon)]
    async fn via(&mut self, other: NodeHandle, back: Option<NodeHandle>, gate: actors_tests::Gate) -> u32 {
        other.slow(back, gate).await.unwrap_or(0)
    }

    #[message]
    async fn slow(&mut self, back: Option<NodeHandle>, gate: actors_tests::Gate) -> u32 {
        gate.pass().await;
        match back {
            Some(back) => back.ping().await.map_err(|why| why.to_string()).unwrap(),
            None => 1,
        }
    }

    #[message]
    fn ping(&mut self) -> u32 {
        7
    }
}

#[test]
fn d1_a_cancelled_turn_leaves_no_wait_behind() {
    run(async |system| {
        let (a, b) = (system.spawn(Node::default()), system.spawn(Node::default()));
        let gate = actors_tests::Gate::default();
        let asked = pending(a.via(b.clone(), Some(a.clone()), gate.clone()));
        run_other_tasks().await;
        drop(asked);
        run_other_tasks().await;
        gate.open(1);
        run_other_tasks().await;
        assert_eq!(b.ping().await.unwrap(), 7, "b asked a, which waits for nothing");
        assert_eq!(row::<NodeSlow>(&b).panicked, 0);
        assert_eq!(row::<NodeVia>(&a).cancelled, 1);
        let _ = &Node::default().other;
    });
}

/// C1: an attached stream of one value ends, although the value meets its share.
#[test]
fn c1_a_stream_of_one_value_is_taken_to_its_end_although_it_meets_its_share() {
    run(async |system| {
        let shared = system.spawn(Shared::default());
        let items = futures_util::stream::iter((0..100).map(|n| SharedWait { user: 1, n }));
        let ended = tokio::time::timeout(60 * SECOND, shared.attach(items)).await;
        assert_eq!(ended.unwrap().unwrap(), 100);
        let seen = shared.seen().await.unwrap();
        assert_eq!(seen, (0..100).map(|n| (1, n)).collect::<Vec<_>>());
    });
}

/// S7: a sender in line whose value holds its share is not let in, whatever is free.
#[test]
fn s7_a_sender_in_line_whose_value_holds_its_share_is_not_let_in() {
    run(async |system| {
        let shared = system.spawn(Shared::default());
        let _held = testing::hold(&shared);
        let permit = shared.reserve::<SharedOther>().await.unwrap();
        for n in 0..6 {
            shared.wait(1, n).try_send().unwrap();
        }
        let mut line = pending(shared.wait(1, 6));
        drop(permit);
        run_other_tasks().await;
        assert!(poll(&mut line).is_pending());
        assert_eq!(shared.reading().depth, 6);
    });
}

/// S7 after a failure: the round goes on.
#[derive(Default)]
struct Fails {
    seen: Record<(u32, u32)>,
}

#[actor(local, capacity = 24, reserve = 0)]
impl Fails {
    #[message(overflow = reject, fair_by = user)]
    fn order(&mut self, user: u32, n: u32) {
        self.seen.write((user, n));
        if n == 1 && user == 1 {
            actors_tests::panic_quietly("on purpose");
        }
    }

    #[message(overflow = reject, fair_by = user, ttl = "10ms")]
    fn short(&mut self, user: u32) {
        self.seen.write((user, 100));
    }
}

#[test]
fn s7_shares_survive_restarts_and_expired_messages() {
    run(async |system| {
        let seen = Record::default();
        let of = seen.clone();
        let fails: FailsHandle = system.actor(move || Fails { seen: of.clone() }).spawn().unwrap();
        fails.ready().await.unwrap();
        let held = testing::hold(&fails);
        for n in 0..4 {
            fails.order(1, n).try_send().unwrap();
        }
        fails.order(2, 0).try_send().unwrap();
        fails.order(2, 1).try_send().unwrap();
        for user in 1..4 {
            fails.short(user).try_send().unwrap();
        }
        advance(20 * MS).await;
        drop(held);
        tokio::time::sleep(SECOND).await;
        assert_eq!(seen.read(), [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (1, 3)]);
        assert_eq!(row::<FailsShort>(&fails).expired, 3);
        let total = balanced(&fails);
        assert_eq!((total.queued, total.panicked), (0, 1));
        // Nothing is left of the values: one that is alone has half of the slots.
        let _held = testing::hold(&fails);
        assert_eq!((0..24).take_while(|_| fails.short(9).try_send().is_ok()).count(), 12);
    });
}
