//! Costs and rates where they meet lines, permits, streams, lanes and shares (T7).

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, Rng, SECOND, balanced, pending, poll, row, run, run_other_tasks};
use std::time::Duration;
use tokio::time::{advance, timeout};

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
        let ended = timeout(60 * SECOND, attached).await;
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
        let _line = pending(rated.ten(10));
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
        advance(Duration::from_micros(142_900)).await;
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
        advance(Duration::from_micros(142_900)).await;
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

/// T7: exact, after those in line.
#[test]
fn t7_the_time_of_a_refusal_is_exact_where_some_tokens_are_left() {
    run(async |system| {
        let rated = system.spawn(Rated::default());
        rated.wait(2).await.unwrap();
        let _line = pending(rated.wait(3));
        let why = rated.wait(1).try_send().unwrap_err();
        assert_eq!(why.reason(), Reason::RateLimited, "{:?}", rated.reading());
        // Two are left, four are needed: 200 ms.
        assert_eq!(why.retry_after(), Some(200 * MS));
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
        let ended = timeout(60 * SECOND, both.attach(items)).await;
        assert!(ended.is_ok(), "{:?}", row::<BothBig>(&both).handled);
    });
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

impl MixedHandle {
    /// Sends one message of a kind, and waits until it is in, or why not.
    async fn send_any(&self, kind: usize, user: u32, cost: u32, priority: Priority) -> Result<(), Reason> {
        match kind {
            0 => self.exempt().await.map(drop).map_err(|why| why.reason()),
            1 | 2 => self.range(cost).priority(priority).await.map(drop).map_err(|why| why.reason()),
            3 | 4 => self.own(cost).priority(priority).await.map(drop).map_err(|why| why.reason()),
            5 | 6 => self.low(cost).await.map(drop).map_err(|why| why.reason()),
            7 | 8 => self.sliding(cost).await.map(drop).map_err(|why| why.reason()),
            9 => self.price(user).await.map(drop).map_err(|why| why.reason()),
            10 => self.reserve::<MixedRange>().await.map(drop).map_err(|why| why.reason()),
            _ => self.fair(user, cost).await.map(drop).map_err(|why| why.reason()),
        }
    }
}

#[test]
fn t7_no_sender_waits_for_ever_for_a_token() {
    for seed in 0..60 {
        run(async |system| {
            let mut random = Rng::new(seed);
            let mixed = system.spawn(Mixed);
            let (mut tasks, mut held) = (Vec::new(), None);
            for _ in 0..120 {
                let (user, cost) = (random.below(3) as u32, random.below(6) as u32);
                let (priority, kind) = (Priority::ALL[random.below(4)], random.below(16));
                let (mixed_too, gives_up) = (mixed.clone(), random.below(8) == 0);
                tasks.push(tokio::spawn(async move {
                    let send = mixed_too.send_any(kind, user, cost, priority);
                    if gives_up {
                        let _ = timeout(50 * MS, send).await;
                        return;
                    }
                    let sent = send.await;
                    assert!(matches!(sent, Ok(()) | Err(Reason::Full)), "{sent:?}");
                }));
                match random.below(8) {
                    0 => advance(random.below(300) as u32 * MS).await,
                    1 => held = Some(testing::hold(&mixed)),
                    2 => held = None,
                    3 => run_other_tasks().await,
                    _ => {}
                }
                balanced(&mixed);
            }
            drop(held);
            let all = timeout(600 * SECOND, futures_util::future::join_all(tasks)).await;
            let Ok(all) = all else { panic!("seed {seed}: {:?}", mixed.reading()) };
            all.into_iter().for_each(|task| task.unwrap());
            run_other_tasks().await;
            let total = balanced(&mixed);
            assert_eq!((total.queued, total.waiting), (0, 0), "seed {seed}");
        });
    }
}
