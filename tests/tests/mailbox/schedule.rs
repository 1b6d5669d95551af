//! S: the order of turns.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Record, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

/// The most turns of higher lanes for which a lane with a runnable message waits.
const TURNS_MAX: u32 = 32;

/// Lane and number, in order of turns.
type Log = Record<(usize, u32)>;

const LOW: usize = 0;
const NORMAL: usize = 1;
const HIGH: usize = 2;
const URGENT: usize = 3;

/// A message of each lane, plain and async.
#[derive(Default)]
struct Desk {
    log: Log,
}

impl Desk {
    fn note(&self, lane: usize, n: u32) {
        self.log.write((lane, n));
    }
}

#[actor(capacity = 4096, reserve = 0)]
impl Desk {
    #[message(priority = low)]
    fn low(&mut self, n: u32) {
        self.note(LOW, n);
    }

    #[message]
    fn normal(&mut self, n: u32) {
        self.note(NORMAL, n);
    }

    #[message(overflow = drop_oldest)]
    async fn normal_async(&mut self, n: u32) {
        self.note(NORMAL, n);
    }

    #[message(overflow = reject, ttl = "1h")]
    async fn normal_slow(&mut self, n: u32) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.note(NORMAL, n);
    }

    #[message(priority = high)]
    fn high(&mut self, n: u32) {
        self.note(HIGH, n);
    }

    #[message(priority = urgent)]
    fn urgent(&mut self, n: u32) {
        self.note(URGENT, n);
    }

    /// A normal turn that sends the actor a message of another lane.
    #[message]
    fn normal_sends(&mut self, n: u32, lane: usize, ctx: &mut Context<Self>) {
        self.note(NORMAL, n);
        let me: DeskHandle = ctx.handle();
        send(&me, lane, n);
    }

    /// An urgent turn that sends the actor a message of another lane.
    #[message(priority = urgent)]
    fn urgent_sends(&mut self, n: u32, lane: usize, ctx: &mut Context<Self>) {
        self.note(URGENT, n);
        let me: DeskHandle = ctx.handle();
        send(&me, lane, n);
    }
}

fn send(desk: &DeskHandle, lane: usize, n: u32) {
    let sent = match lane {
        LOW => desk.low(n).try_send().is_ok(),
        NORMAL => desk.normal(n).try_send().is_ok(),
        HIGH => desk.high(n).try_send().is_ok(),
        _ => desk.urgent(n).try_send().is_ok(),
    };
    assert!(sent);
}

/// Starts a desk that knows that its turns are short, so that it claims many messages at a time.
async fn desk(system: &System) -> (DeskHandle, Log) {
    let log = Log::default();
    let desk: DeskHandle = system.spawn(Desk { log: log.clone() });
    for n in 0..3000 {
        send(&desk, NORMAL, n);
    }
    testing::quiet(system).await;
    log.take();
    (desk, log)
}

fn numbers_of(lane: usize, order: &[(usize, u32)]) -> Vec<u32> {
    let of_lane = order.iter().filter(|(of, _)| *of == lane);
    of_lane.map(|(_, n)| *n).collect()
}

// --- S1 ---

#[test]
fn s1_messages_of_one_lane_are_handled_in_the_order_they_were_admitted() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..1000 {
            match n % 7 {
                0 | 3 | 5 => desk.normal(n).await.map(drop).unwrap(),
                6 => desk.normal_slow(n).await.map(drop).unwrap(),
                _ => desk.normal_async(n).await.map(drop).unwrap(),
            }
        }
        held.release();
        testing::quiet(&system).await;
        let order = numbers_of(NORMAL, &log.take());
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn s1_the_order_survives_interruptions_by_higher_lanes() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..1000 {
            match n % 5 {
                0 => desk.normal_sends(n, URGENT).await.map(drop).unwrap(),
                1 => desk.normal_sends(n, LOW).await.map(drop).unwrap(),
                2 => desk.normal_sends(n, HIGH).await.map(drop).unwrap(),
                _ => desk.normal(n).await.map(drop).unwrap(),
            }
        }
        held.release();
        testing::quiet(&system).await;
        let order = log.take();
        let all: Vec<u32> = (0..1000).collect();
        assert_eq!(numbers_of(NORMAL, &order), all);
        for (lane, rest) in [(URGENT, 0), (LOW, 1), (HIGH, 2)] {
            let sent: Vec<u32> = all.iter().copied().filter(|n| n % 5 == rest).collect();
            assert_eq!(numbers_of(lane, &order), sent);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_each_sender_s_messages_of_a_lane_stay_in_order() {
    let log = Log::default();
    let desk: DeskHandle = System::new("lanes").spawn(Desk { log: log.clone() });
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let desk = desk.clone();
            tokio::spawn(async move {
                for n in 0..5000_u32 {
                    let n = sender * 10_000 + n;
                    match n % 4 {
                        0 => desk.low(n).await.map(drop).unwrap(),
                        1 => desk.normal(n).await.map(drop).unwrap(),
                        2 => desk.high(n).await.map(drop).unwrap(),
                        _ => desk.urgent(n).await.map(drop).unwrap(),
                    }
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    assert!(desk.stop().await.reason().is_ok());
    let order = log.take();
    assert_eq!(order.len(), 20_000);
    for lane in [LOW, NORMAL, HIGH, URGENT] {
        for sender in 0..4 {
            let of_sender = numbers_of(lane, &order).into_iter().filter(|n| n / 10_000 == sender);
            assert!(of_sender.is_sorted(), "lane {lane}, sender {sender}");
        }
    }
}

// --- S2 ---

/// Checks the starvation bound for messages that were all queued before the first turn.
fn bound_holds(order: &[(usize, u32)], queued: [u32; 4]) {
    let mut left = queued;
    let mut waited = [0; 4];
    for (at, &(lane, _)) in order.iter().enumerate() {
        left[lane] -= 1;
        waited[lane] = 0;
        for lower in (0..lane).filter(|lower| left[*lower] > 0) {
            waited[lower] += 1;
            assert!(waited[lower] <= TURNS_MAX, "lane {lower} starves at turn {at}");
        }
    }
    assert_eq!(left, [0; 4]);
}

#[test]
fn s2_the_highest_lane_goes_first() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..5 {
            for lane in [LOW, HIGH, NORMAL, URGENT] {
                send(&desk, lane, n);
            }
        }
        held.release();
        testing::quiet(&system).await;
        let lanes: Vec<_> = log.take().into_iter().map(|(lane, _)| lane).collect();
        let expected = [[URGENT; 5], [HIGH; 5], [NORMAL; 5], [LOW; 5]].concat();
        assert_eq!(lanes, expected);
    });
}

#[test]
fn s2_no_lane_waits_for_more_than_32_turns_of_higher_lanes() {
    run(async |system| {
        for queued in [[1, 0, 0, 500], [100, 0, 0, 500], [0, 3, 500, 0], [10, 200, 200, 0], [1, 1, 1, 500]] {
            let (desk, log) = desk(&system).await;
            let held = testing::hold(&desk);
            for (lane, count) in queued.into_iter().enumerate() {
                (0..count).for_each(|n| send(&desk, lane, n));
            }
            held.release();
            testing::quiet(&system).await;
            bound_holds(&log.take(), queued);
        }
    });
}

#[test]
fn s2_the_bound_holds_when_all_lanes_are_due() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..600 {
            for lane in [URGENT, HIGH, NORMAL, LOW] {
                send(&desk, lane, n);
            }
        }
        held.release();
        testing::quiet(&system).await;
        let order = log.take();
        bound_holds(&order, [600; 4]);
        // The order is strict nevertheless: most of the first turns are urgent.
        let urgent = order[..400].iter().filter(|(lane, _)| *lane == URGENT).count();
        assert!(urgent >= 350, "{urgent} of 400");
    });
}

#[test]
fn s2_the_bound_counts_from_when_a_lane_gets_its_first_message() {
    run(async |system| {
        for at in [0, 1, 5, 31, 32, 33, 100] {
            let (desk, log) = desk(&system).await;
            let held = testing::hold(&desk);
            for n in 0..300 {
                match n == at {
                    true => desk.urgent_sends(n, LOW).await.map(drop).unwrap(),
                    false => desk.urgent(n).await.map(drop).unwrap(),
                }
            }
            held.release();
            testing::quiet(&system).await;
            let order = log.take();
            let sent = order.iter().position(|turn| *turn == (URGENT, at)).unwrap();
            let handled = order.iter().position(|turn| *turn == (LOW, at)).unwrap();
            let waited = (handled - sent - 1) as u32;
            assert!(waited <= TURNS_MAX, "waited for {waited} turns");
            assert_eq!(order.len(), 301);
        }
    });
}

// --- S3 ---

#[test]
fn s3_an_urgent_message_is_next_whatever_was_claimed_before() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..400 {
            match n % 3 {
                0 => desk.normal_sends(n, URGENT).await.map(drop).unwrap(),
                _ => desk.normal(n).await.map(drop).unwrap(),
            }
        }
        held.release();
        testing::quiet(&system).await;
        let order = log.take();
        for (at, turn) in order.iter().enumerate() {
            if turn.0 == NORMAL && turn.1.is_multiple_of(3) {
                assert_eq!(order[at + 1], (URGENT, turn.1));
            }
        }
    });
}

#[test]
fn s3_each_lane_goes_before_the_rest_of_a_lower_batch() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        let held = testing::hold(&desk);
        for n in 0..100 {
            desk.normal_sends(n, if n == 50 { HIGH } else { LOW }).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        let order = log.take();
        let at = order.iter().position(|turn| *turn == (NORMAL, 50)).unwrap();
        assert_eq!(order[at + 1], (HIGH, 50));
    });
}

#[test]
fn s3_nothing_is_preempted() {
    run(async |system| {
        let (desk, log) = desk(&system).await;
        desk.normal_slow(1).await.unwrap();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        desk.urgent(2).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(log.take(), [(NORMAL, 1), (URGENT, 2)]);
    });
}

// --- S5 ---

/// Goes to the end of the run queue. `yield_now` would also wait for the next poll of the timers,
/// which is less frequent.
async fn next_in_line() {
    let mut is_first = true;
    std::future::poll_fn(|cx| {
        if std::mem::take(&mut is_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

#[test]
fn s5_a_busy_actor_lets_others_run() {
    run(async |system| {
        let turns = Arc::new(AtomicU32::new(0));
        struct Busy {
            turns: Arc<AtomicU32>,
        }
        #[actor(local, capacity = 65536, reserve = 0)]
        impl Busy {
            #[message]
            fn plain(&mut self) {
                self.turns.fetch_add(1, Ordering::Relaxed);
            }

            #[message]
            async fn later(&mut self) {
                self.turns.fetch_add(1, Ordering::Relaxed);
            }
        }
        const MESSAGES: u32 = 40_000;
        for is_plain in [true, false] {
            turns.store(0, Ordering::Relaxed);
            let busy = system.spawn(Busy { turns: turns.clone() });
            let held = testing::hold(&busy);
            for _ in 0..MESSAGES {
                match is_plain {
                    true => busy.plain().await.unwrap(),
                    false => busy.later().await.unwrap(),
                };
            }
            // In a task: tokio schedules the test's main future differently.
            let seen = turns.clone();
            let observer = tokio::spawn(async move {
                let (mut most, mut before) = (0, 0);
                while before < MESSAGES {
                    next_in_line().await;
                    let now = seen.load(Ordering::Relaxed);
                    most = most.max(now - before);
                    before = now;
                }
                most
            });
            held.release();
            let most = observer.await.unwrap();
            // Eight short turns cost one of the budget's 128 units. The last claim may exceed the
            // budget.
            assert!(most <= 128 * 8 + TURNS_MAX, "{most} turns at a stretch");
        }
    });
}
