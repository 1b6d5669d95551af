//! S7: messages of a type with `fair_by` share its slots and its turns between the values of a
//! field.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, Record, Rng, balanced, pending, poll, row, run, run_other_tasks};
use std::collections::{HashMap, VecDeque};

#[derive(Default)]
struct Desk {
    seen: Vec<(u32, u32)>,
}

#[actor(local, capacity = 12, reserve = 0, max_waiting = 8)]
impl Desk {
    #[message(overflow = reject, fair_by = user)]
    fn order(&mut self, user: u32, n: u32) {
        self.seen.push((user, n));
    }

    #[message(overflow = block, fair_by = user)]
    fn wait(&mut self, user: u32, n: u32) {
        self.seen.push((user, n));
    }

    #[message(overflow = drop_oldest, fair_by = user)]
    fn log(&mut self, user: u32, n: u32) {
        self.seen.push((user, n));
    }

    #[message(overflow = drop_random, fair_by = user)]
    fn sample(&mut self, user: u32, n: u32) {
        self.seen.push((user, n));
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

#[derive(Debug, Message)]
#[message(reply = (), overflow = reject, timeout = "10s", fair_by = user)]
struct Query {
    user: u32,
}

#[derive(Default)]
struct Slow {
    seen: Record<u32>,
}

#[actor(local, capacity = 256, reserve = 0, inline = never)]
impl Slow {
    /// Takes 10 ms.
    #[handler]
    async fn query(&mut self, query: Query) {
        tokio::time::sleep(10 * MS).await;
        self.seen.write(query.user);
    }

    #[message(priority = urgent)]
    fn seen(&mut self) -> Vec<u32> {
        self.seen.read()
    }
}

#[test]
fn s7_each_value_has_its_turn_in_a_round_however_much_another_one_sends() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for n in 0..6 {
            desk.order(1, n).await.unwrap();
        }
        desk.order(2, 0).await.unwrap();
        desk.order(3, 0).await.unwrap();
        desk.order(3, 1).await.unwrap();
        drop(held);
        let order = [(1, 0), (2, 0), (3, 0), (1, 1), (3, 1), (1, 2), (1, 3), (1, 4), (1, 5)];
        assert_eq!(desk.seen().await.unwrap(), order);
    });
}

#[test]
fn s7_other_types_of_the_lane_keep_their_turns() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for n in 0..3 {
            desk.order(1, n).await.unwrap();
            desk.other(n).await.unwrap();
        }
        desk.order(2, 9).await.unwrap();
        desk.other(3).await.unwrap();
        drop(held);
        let order = [(1, 0), (0, 0), (2, 9), (0, 1), (1, 1), (0, 2), (1, 2), (0, 3)];
        assert_eq!(desk.seen().await.unwrap(), order);
    });
}

#[test]
fn s7_a_value_holds_one_share_and_the_next_one_finds_its_own_free() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let _held = testing::hold(&desk);
        let fill = |user| (0..12).take_while(|n| desk.order(user, *n).try_send().is_ok()).count();
        // Of twelve slots: a half, a third, a quarter; then what is left.
        assert_eq!([1, 2, 3, 4].map(fill), [6, 4, 2, 0]);
        let why = desk.order(1, 0).try_send().unwrap_err();
        assert_eq!(why.reason(), Reason::Full);
        assert!(why.retry_after().is_some());
        balanced(&desk);
    });
}

#[test]
fn s7_a_share_grows_when_the_other_values_have_gone() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for user in 1..=5 {
            desk.order(user, 0).await.unwrap();
        }
        assert!(desk.order(1, 1).try_send().is_ok());
        assert!(desk.order(1, 2).try_send().is_err(), "two of twelve, for five");
        drop(held);
        desk.seen().await.unwrap();
        let _held = testing::hold(&desk);
        assert_eq!((0..12).take_while(|n| desk.order(1, *n).try_send().is_ok()).count(), 6);
    });
}

#[test]
fn s7_a_free_slot_goes_to_the_waiting_value_that_holds_the_fewest() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        while desk.other(0).try_send().is_ok() && desk.reading().depth < 6 {}
        for n in 0..6 {
            desk.wait(1, n).try_send().unwrap();
        }
        // The mailbox is full. A greedy user waits first, with many senders; then others.
        let admitted = Record::<u32>::default();
        for (user, n) in [(1, 6), (1, 7), (1, 8), (2, 0), (3, 0)] {
            let (send, admitted) = (desk.wait(user, n).owned(), admitted.clone());
            tokio::spawn(async move {
                send.await.unwrap();
                admitted.write(user);
            });
        }
        run_other_tasks().await;
        assert_eq!((desk.reading().waiting, admitted.read()), (5, vec![]));
        drop(held);
        run_other_tasks().await;
        assert_eq!(admitted.read(), [2, 3, 1, 1, 1]);
        balanced(&desk);
    });
}

#[test]
fn s7_the_places_in_line_are_shared_too() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let _held = testing::hold(&desk);
        while desk.other(0).try_send().is_ok() {}
        let mut line: Vec<_> = (0..4).map(|n| pending(desk.wait(1, n))).collect();
        // Of eight places half: the fifth sender of one user is refused, and another one's waits.
        let why = desk.wait(1, 4).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Full);
        line.push(pending(desk.wait(2, 0)));
        assert_eq!(desk.reading().waiting, 5);
        drop(line);
        assert_eq!(desk.reading().waiting, 0);
        // Nothing is left of the second one: the first has half of the places again.
        let line: Vec<_> = (0..4).map(|n| pending(desk.wait(1, n))).collect();
        assert_eq!(desk.wait(1, 4).await.unwrap_err().reason(), Reason::Full);
        drop(line);
        balanced(&desk);
    });
}

#[test]
fn s7_the_senders_of_one_value_stay_in_order() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        while desk.wait(1, 0).try_send().is_ok() {}
        let sends: Vec<_> = (1..=4).map(|n| pending(desk.wait(1, n))).collect();
        drop(held);
        futures_util::future::join_all(sends).await;
        let seen = desk.seen().await.unwrap();
        assert_eq!(seen[6..], [(1, 1), (1, 2), (1, 3), (1, 4)]);
    });
}

#[test]
fn s7_a_newcomer_whose_value_waits_does_not_pass_it() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let _held = testing::hold(&desk);
        while desk.wait(1, 0).try_send().is_ok() {}
        let _waits = pending(desk.wait(1, 1));
        assert!(desk.reading().depth < 12, "there are slots, but not for this user");
        assert_eq!(desk.wait(1, 2).try_send().unwrap_err().reason(), Reason::Full);
        desk.wait(2, 0).try_send().unwrap();
    });
}

#[test]
fn s7_what_is_dropped_is_of_the_value_that_holds_most() {
    for random in [false, true] {
        run(async |system| {
            let desk = system.spawn(Desk::default());
            let held = testing::hold(&desk);
            let log = |user, n| match random {
                true => desk.sample(user, n).try_send().unwrap(),
                false => desk.log(user, n).try_send().unwrap(),
            };
            for n in 0..8 {
                // Above its share its own oldest make room.
                let expected = if n < 6 { Admission::Queued } else { Admission::Displaced };
                assert_eq!(log(1, n), expected);
            }
            while desk.other(0).try_send().is_ok() {}
            // The mailbox is full: a new user takes a slot from the one with most.
            assert_eq!(log(2, 0), Admission::Displaced);
            assert_eq!(log(3, 0), Admission::Displaced);
            drop(held);
            let seen = desk.seen().await.unwrap();
            let mut kept = HashMap::new();
            seen.iter().for_each(|(user, _)| *kept.entry(*user).or_insert(0) += 1);
            assert_eq!((kept[&1], kept[&2], kept[&3]), (4, 1, 1), "random: {random}");
            balanced(&desk);
        });
    }
}

/// One user sends ten times as much as the actor can do, another one half of its share: the second
/// loses nothing, and no ask of it is taken for doomed because of the first.
#[test]
fn s7_a_quiet_value_next_to_a_flood_is_served_as_if_it_were_alone() {
    run(async |system| {
        let slow = system.spawn(Slow::default());
        let mut quiet = Vec::new();
        for round in 0..100 {
            for _ in 0..20 {
                tokio::spawn(slow.query(Query { user: 1 }).ask().timeout(500 * MS).owned());
            }
            if round % 2 == 0 {
                quiet.push(tokio::spawn(slow.query(Query { user: 2 }).ask().timeout(60 * MS).owned()));
            }
            tokio::time::sleep(20 * MS).await;
        }
        let mut answered = 0;
        for ask in quiet {
            answered += usize::from(ask.await.unwrap().is_ok());
        }
        assert_eq!(answered, 50);
        assert!(row::<Query>(&slow).refused(Reason::Doomed) > 500, "the flood learns it at once");
        let seen = slow.seen().await.unwrap();
        let of_flood = seen.iter().filter(|user| **user == 1).count();
        assert!((130..=160).contains(&of_flood), "the rest of the turns: {of_flood} of {}", seen.len());
    });
}

/// Users that all want more than there is get the same, within a tenth.
#[test]
fn s7_greedy_values_share_the_turns_within_a_tenth() {
    run(async |system| {
        let slow = system.spawn(Slow::default());
        let mut random = Rng::new(7);
        for _ in 0..300 {
            for user in 0..8_u32 {
                // Some send four times as much as others.
                for _ in 0..=(random.below(4) * (1 + user as usize % 4)) {
                    let _ = slow.tell(Query { user }).try_send();
                }
            }
            tokio::time::sleep(10 * MS).await;
        }
        let seen = slow.seen().await.unwrap();
        let counts: Vec<usize> =
            (0..8).map(|user| seen.iter().filter(|seen| **seen == user).count()).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(*most as f64 <= 1.1 * *least as f64, "{counts:?}");
    });
}

#[test]
fn s7_a_pool_shares_its_turns_too() {
    run(async |system| {
        let seen = Record::default();
        let of_all = seen.clone();
        let make = move || Slow { seen: of_all.clone() };
        let slow: SlowHandle = system.actor(make).workers(2..=2).spawn().unwrap();
        slow.ready().await.unwrap();
        let held = testing::hold(&slow);
        for _ in 0..20 {
            slow.query(Query { user: 1 }).try_send().unwrap();
        }
        for _ in 0..2 {
            slow.query(Query { user: 2 }).try_send().unwrap();
        }
        drop(held);
        tokio::time::sleep(25 * MS).await;
        let mut first = seen.read();
        first.sort_unstable();
        assert_eq!(first, [1, 1, 2, 2], "each value has had every second turn");
        balanced(&slow);
    });
}

/// The rule in plain code: which sender is let in, and which value has the next turn.
#[derive(Default)]
struct Reference {
    /// The lane: whether each place is of the fair type, and the message of another type.
    lane: VecDeque<Option<(u32, u32)>>,
    /// The values with messages, in the order of their turns.
    round: VecDeque<(u32, VecDeque<u32>)>,
}

impl Reference {
    fn admits(&self, user: u32) -> bool {
        let held = self.round.iter().find(|(known, _)| *known == user).map_or(0, |(_, queued)| queued.len());
        let values = self.round.len() + usize::from(held == 0);
        self.lane.len() < 12 && held < (12 / (values + 1)).max(1)
    }

    fn push(&mut self, user: u32, n: u32) {
        self.lane.push_back(None);
        match self.round.iter_mut().find(|(known, _)| *known == user) {
            Some((_, queued)) => queued.push_back(n),
            None => self.round.push_back((user, VecDeque::from([n]))),
        }
    }

    fn turn(&mut self) -> Option<(u32, u32)> {
        if let Some(other) = self.lane.pop_front()? {
            return Some(other);
        }
        let (user, mut queued) = self.round.pop_front()?;
        let n = queued.pop_front()?;
        if !queued.is_empty() {
            self.round.push_back((user, queued));
        }
        Some((user, n))
    }
}

#[test]
fn s7_random_queues_are_served_as_the_rule_says() {
    for seed in 0..200 {
        run(async |system| {
            let mut random = Rng::new(seed);
            let desk = system.spawn(Desk::default());
            for _ in 0..3 {
                let (mut reference, held) = (Reference::default(), testing::hold(&desk));
                for n in 0..30 {
                    let user = 1 + random.below(5) as u32;
                    if random.below(4) == 0 {
                        let is_in = desk.other(n).try_send().is_ok();
                        assert_eq!(is_in, reference.lane.len() < 12, "seed {seed}");
                        reference.lane.extend(is_in.then_some(Some((0, n))));
                    } else {
                        let is_in = desk.order(user, n).try_send().is_ok();
                        assert_eq!(is_in, reference.admits(user), "seed {seed}: user {user}");
                        if is_in {
                            reference.push(user, n);
                        }
                    }
                }
                drop(held);
                let expected: Vec<_> = std::iter::from_fn(|| reference.turn()).collect();
                assert_eq!(desk.seen().await.unwrap(), expected, "seed {seed}");
            }
        });
    }
}

/// Programs with every way in and out, in no order that a caller would choose.
#[test]
fn s7_random_programs_end_with_a_balanced_ledger_and_nothing_left() {
    for seed in 0..30 {
        run(async |system| {
            let mut random = Rng::new(seed);
            let desk = system.spawn(Desk::default());
            let mut held = None;
            let mut line = Vec::new();
            for n in 0..300 {
                let user = random.below(5) as u32;
                match random.below(12) {
                    0 => held = Some(testing::hold(&desk)),
                    1 | 2 => held = None,
                    3 => run_other_tasks().await,
                    4 if !line.is_empty() => drop(line.swap_remove(random.below(line.len()))),
                    5 | 6 => _ = desk.log(user, n).try_send(),
                    7 => _ = desk.sample(user, n).try_send(),
                    8 => _ = desk.other(n).try_send(),
                    9 => {
                        let mut send = desk.wait(user, n);
                        if poll(&mut send).is_pending() {
                            line.push(send);
                        }
                    }
                    _ => _ = desk.order(user, n).try_send(),
                }
                let reading = desk.reading();
                assert!(reading.depth <= 12 && reading.waiting <= 8, "seed {seed}: {reading:?}");
                balanced(&desk);
            }
            drop(held);
            line.clear();
            run_other_tasks().await;
            desk.seen().await.unwrap();
            let total = balanced(&desk);
            assert_eq!((total.queued, total.waiting), (0, 0), "seed {seed}");
        });
    }
}
