//! Shares where they meet permits, lanes, bytes, deadlines, early drops and failures (S7).

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{
    MS, Record, SECOND, balanced, letters, panic_quietly, pending, poll, row, run, run_other_tasks,
};
use tokio::time::{advance, sleep, timeout};

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
        sleep(10 * MS).await;
        self.seen.push(query.user);
    }

    #[message]
    async fn other(&mut self) {
        sleep(10 * MS).await;
    }
}

async fn warm(slow: &SlowHandle) {
    for _ in 0..32 {
        slow.other().await.unwrap();
    }
    sleep(400 * MS).await;
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
        let mut subscriber = system.dead_letters();
        let _held = testing::hold(&early);
        early.sample(2).try_send().unwrap();
        for _ in 0..100 {
            let _ = early.sample(1).try_send();
        }
        let lost = letters(&mut subscriber);
        let quiet = lost.iter().filter(|letter| format!("{letter:?}").contains("user: 2")).count();
        assert_eq!(quiet, 0, "of {} lost", lost.len());
    });
}

/// C1: an attached stream of one value ends, although the value meets its share.
#[test]
fn c1_a_stream_of_one_value_is_taken_to_its_end_although_it_meets_its_share() {
    run(async |system| {
        let shared = system.spawn(Shared::default());
        let items = futures_util::stream::iter((0..100).map(|n| SharedWait { user: 1, n }));
        let ended = timeout(60 * SECOND, shared.attach(items)).await;
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
            panic_quietly("on purpose");
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
        sleep(SECOND).await;
        assert_eq!(seen.read(), [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (1, 3)]);
        assert_eq!(row::<FailsShort>(&fails).expired, 3);
        let total = balanced(&fails);
        assert_eq!((total.queued, total.panicked), (0, 1));
        // Nothing is left of the values: one that is alone has half of the slots.
        let _held = testing::hold(&fails);
        assert_eq!((0..24).take_while(|_| fails.short(9).try_send().is_ok()).count(), 12);
    });
}
