//! S4: workers that share a mailbox, and keys that stay in order among them.

use actors_core::prelude::*;
use actors_core::{Overflow, Policy, Pressure, Restart, testing};
use actors_tests::{HOUR, SECOND, others, poll, run};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A panic that nobody prints.
fn give_in() -> ! {
    std::panic::resume_unwind(Box::new("on purpose"))
}

// Messages with keys, by hand: the key's own number is its hash, so that it is the same in all types.
macro_rules! keyed {
    ($name:ident, $reply:ty, $policy:expr) => {
        #[derive(Debug)]
        struct $name {
            key: u64,
            n: u32,
            time: Duration,
        }
        impl Message for $name {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
            // Keys here may fill the mailbox: what they may hold by default is S8 (`hot_keys.rs`).
            const POLICY: Policy = $policy.max_per_key(64);
            fn key_hash(&self, _: &RandomState) -> u64 {
                self.key
            }
            fn same_key(&self, other: &Self) -> bool {
                self.key == other.key
            }
        }
        impl $name {
            fn new(key: u64, n: u32, time: Duration) -> Self {
                $name { key, n, time }
            }
        }
    };
}

keyed!(Task, (), Policy::tell().keyed());
keyed!(Question, u32, Policy::ask().keyed().overflow(&[Overflow::Block]).timeout(HOUR));
keyed!(Mortal, (), Policy::tell().keyed().ttl(SECOND));
keyed!(Trifle, (), Policy::tell().keyed().overflow(&[Overflow::DropOldest]).max(3));
keyed!(Random, (), Policy::tell().keyed().overflow(&[Overflow::DropRandom]).max(3));
keyed!(Latest, (), Policy::tell().keyed().overflow(&[Overflow::Conflate]));
keyed!(Low, (), Policy::tell().keyed().priority(Priority::Low).overflow(&[Overflow::DropNewest]));
keyed!(
    Urgent,
    (),
    Policy::tell().keyed().priority(Priority::Urgent).overflow(&[Overflow::EvictLower, Overflow::Reject])
);

/// What all workers of a pool went through.
#[derive(Default)]
struct Office {
    births: AtomicU32,
    alive: AtomicI64,
    most_alive: AtomicI64,
    lines: Mutex<Vec<String>>,
    /// Keys with a turn under way.
    keys: Mutex<BTreeSet<u64>>,
    bad_starts: AtomicI64,
    /// How long `#[stopped]` takes.
    rest: Mutex<Duration>,
}

impl Office {
    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    /// The lines of one key, in order.
    fn of(&self, key: u64) -> Vec<u32> {
        let start = format!("{key}: ");
        let lines = self.lines.lock().unwrap();
        lines.iter().filter_map(|line| line.strip_prefix(&start)).map(|n| n.parse().unwrap()).collect()
    }

    fn alive(&self) -> i64 {
        self.alive.load(Ordering::SeqCst)
    }
}

struct Clerk {
    office: Arc<Office>,
}

impl Clerk {
    fn new(office: &Arc<Office>) -> Clerk {
        office.births.fetch_add(1, Ordering::SeqCst);
        let alive = office.alive.fetch_add(1, Ordering::SeqCst) + 1;
        office.most_alive.fetch_max(alive, Ordering::SeqCst);
        Clerk { office: office.clone() }
    }

    async fn handle(&mut self, key: u64, n: u32, time: Duration) {
        let _inside = Inside::new(&self.office, key);
        self.office.write(format!("{key}: {n}"));
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }
}

/// A turn of this key is under way.
struct Inside(Arc<Office>, u64);

impl Inside {
    fn new(office: &Arc<Office>, key: u64) -> Inside {
        assert!(office.keys.lock().unwrap().insert(key), "two turns of key {key} at once");
        Inside(office.clone(), key)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.keys.lock().unwrap().remove(&self.1);
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.office.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[actor(local, capacity = 64, reserve = 0)]
impl Clerk {
    #[started]
    async fn begin(&mut self) -> Result<(), BoxError> {
        match self.office.bad_starts.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Err("no chair".into()),
            false => Ok(()),
        }
    }

    #[handler]
    async fn task(&mut self, it: Task) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn question(&mut self, it: Question) -> u32 {
        self.handle(it.key, it.n, it.time).await;
        it.n
    }

    #[handler]
    async fn mortal(&mut self, it: Mortal) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn trifle(&mut self, it: Trifle) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn random(&mut self, it: Random) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn latest(&mut self, it: Latest) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn low(&mut self, it: Low) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn urgent(&mut self, it: Urgent) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[message(overflow = block, timeout = "1h")]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.office.write(format!("note {n}"));
    }

    #[message(overflow = reject)]
    fn look(&mut self) -> u32 {
        2
    }

    #[message(overflow = block, timeout = "1h")]
    async fn fail(&mut self, after: Duration) -> u32 {
        tokio::time::sleep(after).await;
        give_in();
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.stop();
        3
    }

    #[stopped]
    async fn end(&mut self, why: StopReason) {
        let rest = *self.office.rest.lock().unwrap();
        tokio::time::sleep(rest).await;
        self.office.write(format!("{why:?}"));
    }
}

fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

fn pool_with(
    system: &System,
    workers: RangeInclusive<usize>,
    capacity: usize,
    restart: Restart,
) -> (Arc<Office>, ClerkHandle) {
    let office = Arc::<Office>::default();
    let made = office.clone();
    let builder = system.actor(move || Clerk::new(&made)).workers(workers).restart(restart);
    // Nobody but the test resizes it.
    let builder = builder.pressure(Pressure::new());
    (office, builder.capacity(capacity).max_waiting(64).reserve(0).spawn().unwrap())
}

fn pool(system: &System, workers: RangeInclusive<usize>) -> (Arc<Office>, ClerkHandle) {
    pool_with(system, workers, 64, always())
}

fn is_balanced(pool: &ClerkHandle) -> actors_core::Row {
    let ledger = pool.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    ledger.total()
}

// --- the mailbox they share -----------------------------------------------------------------------------------------

#[test]
fn s4_as_many_turns_run_at_once_as_there_are_workers() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        let mut rests: Vec<_> = (0..8).map(|_| Box::pin(pool.rest(SECOND).into_future())).collect();
        assert!(rests.iter_mut().all(|rest| poll(rest).is_pending()));
        others().await;
        let reading = pool.reading();
        assert_eq!((reading.workers, reading.workers_busy, reading.depth), (4, 4, 4));
        let began = Instant::now();
        for rest in rests {
            rest.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 2, "twice four at a time");
        assert_eq!(office.births.load(Ordering::SeqCst), 4);
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(office.alive(), 0);
        assert_eq!(pool.reading().workers, 0);
    });
}

#[test]
fn s4_no_worker_is_idle_beside_a_batch() {
    run(async |system| {
        let (_, pool) = pool(&system, 4..=4);
        let held = testing::hold(&pool);
        let rest = |time| {
            let mut rest = Box::pin(pool.rest(time).into_future());
            assert!(poll(&mut rest).is_pending());
            rest
        };
        let long = rest(HOUR / 2);
        let short: Vec<_> = (0..30).map(|_| rest(SECOND)).collect();
        held.release();
        let began = Instant::now();
        for rest in short {
            rest.await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 10, "thirty by three of them");
        long.await.unwrap();
    });
}

#[test]
fn s4_a_pool_needs_a_factory_and_a_range_that_makes_sense() {
    run(async |system| {
        let office = Arc::<Office>::default();
        let backwards = RangeInclusive::new(4, 2);
        for range in [0..=4, backwards] {
            let made = office.clone();
            let builder = system.actor(move || Clerk::new(&made)).workers(range);
            assert!(builder.spawn::<ClerkHandle>().is_err());
        }
        testing::quiet(&system).await;
        assert_eq!(office.alive(), 0);
        assert!(system.snapshot().actors.is_empty());
    });
}

#[test]
fn s4_what_waits_in_line_gets_in_and_has_its_turn() {
    run(async |system| {
        let (office, pool) = pool_with(&system, 2..=2, 1, always());
        let many: Vec<_> = (0..20)
            .map(|n| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.task(Task::new(u64::from(n % 3), n, SECOND)).await })
            })
            .collect();
        for sent in many {
            sent.await.unwrap().unwrap();
        }
        testing::quiet(&system).await;
        for key in 0..3 {
            let expected: Vec<_> = (0..20).filter(|n| u64::from(n % 3) == key).collect();
            assert_eq!(office.of(key), expected);
        }
        assert_eq!(pool.reading().depth_peak, 1, "B1");
    });
}

// --- keys ---------------------------------------------------------------------------------------------------------------

#[test]
fn s4_messages_of_a_key_never_run_at_once_and_stay_in_order() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        for n in 0..20 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert!(began.elapsed() >= 20 * SECOND);
        assert_eq!(office.of(7), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn s4_the_order_of_a_key_is_kept_across_types_of_a_lane() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        let mut asked = Vec::new();
        for n in 0..20 {
            if n % 2 == 0 {
                pool.task(Task::new(7, n, SECOND)).await.unwrap();
            } else {
                let mut question = Box::pin(pool.question(Question::new(7, n, SECOND)).into_future());
                assert!(poll(&mut question).is_pending());
                asked.push((n, question));
            }
        }
        for (n, question) in asked {
            assert_eq!(question.await.unwrap(), n);
        }
        assert_eq!(office.of(7), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn s4_of_a_key_the_higher_lane_goes_first_and_never_beside_the_other() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        others().await;
        for n in 1..4 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        // More than there are higher ones, or as often as those go first they might come round to where they were.
        for n in 11..19 {
            pool.low(Low::new(7, n, SECOND)).await.unwrap();
        }
        others().await;
        for n in 21..24 {
            pool.urgent(Urgent::new(7, n, SECOND)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(office.of(7), [0, 21, 22, 23, 1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18]);
    });
}

#[test]
fn s4_a_busy_key_keeps_its_own_messages_and_nobody_else_s() {
    run(async |system| {
        let (office, pool) = pool(&system, 2..=2);
        let began = Instant::now();
        for n in 0..40 {
            pool.task(Task::new(1, n, HOUR)).await.unwrap();
        }
        for n in 0..20 {
            pool.task(Task::new(2, n, Duration::ZERO)).await.unwrap();
            pool.note(n).await.unwrap();
        }
        others().await;
        others().await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(office.of(1), [0]);
        assert_eq!(office.of(2), (0..20).collect::<Vec<_>>());
        assert_eq!(office.lines().len(), 41);
        let reading = pool.reading();
        assert_eq!((reading.depth, reading.workers_busy), (39, 1));
        tokio::time::sleep(SECOND).await;
        assert!(pool.reading().oldest_age >= SECOND, "those that are parked age, too");
        pool.kill();
        assert_eq!(pool.closed().await, StopReason::Killed);
        let total = is_balanced(&pool);
        assert_eq!((total.handled, total.undelivered), (40, 40));
    });
}

#[test]
fn s4_what_is_parked_can_be_withdrawn() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        let ask = |key, n| {
            let mut asked = Box::pin(pool.question(Question::new(key, n, SECOND)).into_future());
            assert!(poll(&mut asked).is_pending());
            asked
        };
        let first = ask(7, 0);
        others().await;
        let mut rest: Vec<_> = (1..6).map(|n| ask(7, n)).collect();
        others().await;
        // The first that is parked, one in the middle, the last.
        for at in [4, 2, 0] {
            drop(rest.remove(at));
        }
        first.await.unwrap();
        // One that was let go, and has not had its turn.
        let held = testing::hold(&pool);
        rest.remove(0).await.unwrap();
        drop(rest.remove(0));
        let last = ask(7, 9);
        held.release();
        last.await.unwrap();
        assert_eq!(office.of(7), [0, 2, 9]);
        let total = is_balanced(&pool);
        assert_eq!((total.handled, total.cancelled, total.queued), (3, 4, 0));
    });
}

#[test]
fn s4_one_that_was_let_go_and_is_withdrawn_makes_way_for_the_next_of_its_key() {
    run(async |system| {
        let (office, pool) = pool(&system, 2..=2);
        let ask = |n| {
            let mut asked = Box::pin(pool.question(Question::new(7, n, SECOND)).into_future());
            assert!(poll(&mut asked).is_pending());
            asked
        };
        let first = ask(0);
        others().await;
        let (second, third) = (ask(1), ask(2));
        others().await;
        let held = testing::hold(&pool);
        first.await.unwrap();
        drop(second);
        held.release();
        third.await.unwrap();
        assert_eq!(office.of(7), [0, 2]);
    });
}

#[test]
fn s4_what_is_parked_expires() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, 3 * SECOND)).await.unwrap();
        others().await;
        for n in 1..4 {
            pool.mortal(Mortal::new(7, n, Duration::ZERO)).await.unwrap();
            pool.task(Task::new(7, 10 + n, Duration::ZERO)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(office.of(7), [0, 11, 12, 13]);
        assert_eq!(is_balanced(&pool).expired, 3);
    });
}

#[test]
fn s4_what_is_parked_may_be_given_up_as_anything_queued() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        for key in [7, 8, 9] {
            pool.task(Task::new(key, 0, 3 * SECOND)).await.unwrap();
        }
        others().await;
        for n in 1..8 {
            pool.trifle(Trifle::new(7, n, Duration::ZERO)).await.unwrap();
            pool.latest(Latest::new(8, n, Duration::ZERO)).await.unwrap();
            pool.random(Random::new(9, n, Duration::ZERO)).await.unwrap();
            others().await;
        }
        assert_eq!(pool.reading().depth, 3 + 1 + 3);
        testing::quiet(&system).await;
        assert_eq!(office.of(7), [0, 5, 6, 7], "drop_oldest");
        assert_eq!(office.of(8), [0, 7], "conflate");
        let random = office.of(9);
        assert!(random.len() == 4 && random.is_sorted(), "{random:?}");
        let total = is_balanced(&pool);
        assert_eq!((total.dropped, total.conflated), (8, 6));
    });
}

#[test]
fn s4_what_is_parked_may_be_evicted_for_a_higher_lane() {
    run(async |system| {
        let (office, pool) = pool_with(&system, 3..=3, 4, always());
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        others().await;
        for n in 1..5 {
            pool.low(Low::new(7, n, Duration::ZERO)).await.unwrap();
        }
        others().await;
        for n in 11..13 {
            pool.urgent(Urgent::new(7, n, Duration::ZERO)).await.unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(office.of(7), [0, 11, 12, 1, 2]);
        assert_eq!(is_balanced(&pool).evicted, 2);
    });
}

#[test]
fn s4_a_policy_that_changes_while_messages_are_parked_changes_no_order() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        pool.task(Task::new(7, 0, SECOND)).await.unwrap();
        pool.task(Task::new(8, 0, 2 * SECOND)).await.unwrap();
        others().await;
        for n in 1..6 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
            pool.task(Task::new(8, n, SECOND)).await.unwrap();
        }
        others().await;
        for max in [30, 40, 50] {
            pool.adjust::<Task>(|policy| policy.max(max)).unwrap();
            tokio::time::sleep(SECOND / 2).await;
            let held = testing::hold(&pool);
            tokio::time::sleep(SECOND).await;
            pool.adjust::<Trifle>(|policy| policy.max(max)).unwrap();
            held.release();
        }
        testing::quiet(&system).await;
        assert_eq!(office.of(7), [0, 1, 2, 3, 4, 5]);
        assert_eq!(office.of(8), [0, 1, 2, 3, 4, 5]);
    });
}

// --- who sleeps is woken -------------------------------------------------------------------------------------------------

#[test]
fn s4_who_gets_the_slot_of_a_parked_message_has_its_turn_at_once() {
    run(async |system| {
        let (office, pool) = pool_with(&system, 4..=4, 1, always());
        pool.task(Task::new(7, 0, HOUR / 2)).await.unwrap();
        others().await;
        let mut parked = Box::pin(pool.question(Question::new(7, 1, SECOND)).into_future());
        assert!(poll(&mut parked).is_pending());
        others().await;
        let waits = tokio::spawn({
            let pool = pool.clone();
            async move { pool.question(Question::new(8, 2, SECOND)).await }
        });
        others().await;
        assert_eq!(pool.reading().waiting, 1);
        drop(parked);
        let began = Instant::now();
        assert_eq!(waits.await.unwrap().unwrap(), 2);
        assert_eq!(began.elapsed().as_secs(), 1, "three workers had nothing to do");
        assert_eq!(office.of(8), [2]);
    });
}

#[test]
fn s4_who_gets_the_slot_of_a_dead_parked_message_has_its_turn_at_once() {
    run(async |system| {
        let (_, pool) = pool_with(&system, 4..=4, 2, always());
        pool.task(Task::new(7, 0, HOUR / 2)).await.unwrap();
        others().await;
        for n in 1..3 {
            pool.mortal(Mortal::new(7, n, SECOND)).await.unwrap();
        }
        others().await;
        let waits: Vec<_> = (8..10)
            .map(|key| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.question(Question::new(key, 2, SECOND)).await })
            })
            .collect();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(pool.reading().waiting, 2, "nobody has looked");
        // Somebody who is refused looks.
        let began = Instant::now();
        assert_eq!(pool.look().await.unwrap_err().reason(), Reason::Full);
        for wait in waits {
            assert_eq!(wait.await.unwrap().unwrap(), 2);
        }
        assert_eq!(began.elapsed().as_secs(), 1);
    });
}

#[test]
fn s4_whoever_comes_wakes_one_that_sleeps_also_where_others_are_busy() {
    run(async |system| {
        let (_, pool) = pool(&system, 3..=3);
        for _ in 0..10 {
            let mut long = Box::pin(pool.rest(10 * SECOND).into_future());
            assert!(poll(&mut long).is_pending());
            for _ in 0..5 {
                let began = Instant::now();
                let (a, b) = (pool.rest(SECOND), pool.rest(SECOND));
                let (a, b) = futures_util::future::join(a.into_future(), b.into_future()).await;
                a.and(b).unwrap();
                assert_eq!(began.elapsed().as_secs(), 1);
            }
            long.await.unwrap();
        }
    });
}

#[test]
fn s4_keys_that_become_free_in_several_lanes_have_a_worker_each() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        for key in 0..4 {
            pool.task(Task::new(key, 0, SECOND)).await.unwrap();
        }
        others().await;
        for key in 0..4 {
            pool.low(Low::new(key, 1, SECOND)).await.unwrap();
            pool.urgent(Urgent::new(key, 2, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert_eq!(began.elapsed().as_secs(), 3, "four keys at a time, each three times");
        assert!((0..4).all(|key| office.of(key) == [0, 2, 1]));
    });
}

// --- failures --------------------------------------------------------------------------------------------------------------

#[test]
fn s4_a_worker_that_fails_takes_nothing_along() {
    run(async |system| {
        let (office, pool) = pool(&system, 2..=2);
        let mut rests = Box::pin(pool.rest(10 * SECOND).into_future());
        assert!(poll(&mut rests).is_pending());
        let mut fails = Box::pin(pool.fail(SECOND).into_future());
        assert!(poll(&mut fails).is_pending());
        others().await;
        for n in 0..6 {
            pool.task(Task::new(u64::from(n % 2), n, SECOND)).await.unwrap();
        }
        assert_eq!(fails.await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(rests.await.unwrap(), 1, "the other one goes on");
        testing::quiet(&system).await;
        assert_eq!((office.of(0), office.of(1)), (vec![0, 2, 4], vec![1, 3, 5]));
        assert_eq!((office.births.load(Ordering::SeqCst), office.alive()), (3, 2));
        let total = is_balanced(&pool);
        assert_eq!((total.offered, total.handled, total.panicked), (8, 7, 1));
    });
}

#[test]
fn s4_the_key_of_a_turn_that_failed_is_free() {
    keyed!(Bomb, (), Policy::tell().keyed());
    struct Shed(Arc<Office>);
    #[actor(local)]
    impl Shed {
        #[handler]
        async fn bomb(&mut self, it: Bomb) {
            let _inside = Inside::new(&self.0, it.key);
            tokio::time::sleep(it.time).await;
            self.0.write(format!("{}: {}", it.key, it.n));
            if it.n.is_multiple_of(2) {
                give_in();
            }
        }
    }
    run(async |system| {
        let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR / 2, HOUR / 2);
        let office = Arc::<Office>::default();
        let made = office.clone();
        let shed: ShedHandle =
            system.actor(move || Shed(made.clone())).workers(3..=3).restart(slow).spawn().unwrap();
        let began = Instant::now();
        for n in 0..4 {
            shed.bomb(Bomb::new(7, n, SECOND)).await.unwrap();
        }
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(office.of(7), [0, 1, 2, 3], "while two workers were in their pauses, the others went on");
        assert!(began.elapsed() < HOUR / 4);
        shed.kill();
        shed.closed().await;
    });
}

#[test]
fn s4_a_pool_that_fails_too_often_ends_as_one() {
    run(async |system| {
        for is_busy in [false, true] {
            // Each of the three may fail once; where one is at work meanwhile, none may.
            let limit = u32::from(!is_busy);
            let (office, pool) = pool_with(&system, 3..=3, 64, Restart::on_failure().at_most(limit, HOUR));
            let mut rests = Box::pin(pool.rest(HOUR).into_future());
            if is_busy {
                assert!(poll(&mut rests).is_pending());
            }
            let mut failures = 0;
            while pool.fail(Duration::ZERO).await.unwrap_err().reason() == Reason::Panicked
                && !pool.is_closed()
            {
                failures += 1;
                others().await;
            }
            assert_eq!(pool.closed().await, StopReason::Panicked);
            assert!(failures <= 3 * limit + 3, "{failures}");
            if is_busy {
                assert_eq!(rests.await.unwrap_err().reason(), Reason::Closed);
            }
            assert_eq!(office.alive(), 0);
        }
    });
}

#[test]
fn s4_a_worker_whose_start_fails_tries_again_and_the_others_work_meanwhile() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(100, HOUR).backoff(HOUR / 4, HOUR / 4);
        let office = Arc::<Office>::default();
        office.bad_starts.store(2, Ordering::SeqCst);
        let made = office.clone();
        let pool: ClerkHandle =
            system.actor(move || Clerk::new(&made)).workers(3..=3).restart(slow).spawn().unwrap();
        let began = Instant::now();
        pool.ready().await.unwrap();
        pool.rest(SECOND).await.unwrap();
        assert!(began.elapsed() < 2 * SECOND);
        tokio::time::sleep(HOUR / 2).await;
        testing::quiet(&system).await;
        assert_eq!((office.births.load(Ordering::SeqCst), office.alive()), (5, 3));
    });
}

#[test]
fn s4_a_pool_none_of_which_starts_is_given_up() {
    run(async |system| {
        let office = Arc::<Office>::default();
        office.bad_starts.store(1000, Ordering::SeqCst);
        let made = office.clone();
        let few = Restart::on_failure().at_most(5, HOUR);
        let pool: ClerkHandle =
            system.actor(move || Clerk::new(&made)).workers(3..=3).restart(few).spawn().unwrap();
        let failed = pool.ready().await.unwrap_err();
        assert!(failed.to_string().contains("no chair"), "{failed}");
        assert_eq!(pool.closed().await, StopReason::StartFailed);
        assert_eq!(office.alive(), 0);
    });
}

#[test]
fn s4_a_permanent_worker_that_stops_itself_is_replaced_alone() {
    run(async |system| {
        let (office, pool) = pool_with(&system, 3..=3, 64, Restart::permanent());
        testing::quiet(&system).await;
        pool.stop_yourself().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!((office.births.load(Ordering::SeqCst), office.alive()), (4, 3));
        assert_eq!(office.lines(), ["Restarted"]);
        assert_eq!(pool.look().await.unwrap(), 2);
    });
}

// --- more and fewer -------------------------------------------------------------------------------------------------------

#[test]
fn s4_a_pool_grows_and_shrinks_within_its_range() {
    run(async |system| {
        let (office, pool) = pool(&system, 2..=5);
        testing::quiet(&system).await;
        assert_eq!(pool.reading().workers, 2);
        for (wish, comes_to) in [(4, 4), (9, 5), (1, 2), (0, 2), (3, 3), (5, 5)] {
            assert_eq!(pool.resize(wish), comes_to);
            testing::quiet(&system).await;
            assert_eq!((pool.reading().workers, office.alive()), (comes_to, comes_to as i64));
        }
        let retired = office.lines().iter().filter(|line| *line == "Retired").count();
        assert_eq!(retired, 3);
        assert_eq!(office.most_alive.load(Ordering::SeqCst), 5);
        let began = Instant::now();
        let rests: Vec<_> = (0..5).map(|_| pool.rest(SECOND).into_future()).collect();
        for rest in futures_util::future::join_all(rests).await {
            rest.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 1, "all five work");
    });
}

#[test]
fn s4_a_worker_that_is_one_too_many_ends_its_turn_first() {
    run(async |system| {
        let (office, pool) = pool(&system, 1..=4);
        assert_eq!(pool.resize(4), 4);
        let rests: Vec<_> = (0..4)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.rest(SECOND).await })
            })
            .collect();
        others().await;
        for n in 0..10 {
            pool.task(Task::new(n, 0, SECOND)).await.unwrap();
        }
        assert_eq!(pool.resize(1), 1);
        others().await;
        assert_eq!(pool.reading().workers_busy, 4);
        for rest in rests {
            rest.await.unwrap().unwrap();
        }
        let began = Instant::now();
        testing::quiet(&system).await;
        assert_eq!(began.elapsed().as_secs(), 10, "one of them does the rest");
        assert_eq!((pool.reading().workers, office.alive()), (1, 1));
        let total = is_balanced(&pool);
        assert_eq!((total.offered, total.handled), (14, 14));
    });
}

#[test]
fn s4_numbers_of_workers_that_have_gone_are_used_again() {
    run(async |system| {
        let (office, pool) = pool(&system, 1..=8);
        *office.rest.lock().unwrap() = SECOND;
        let mut rests = Vec::new();
        for round in 0..50_usize {
            // Some of those that are to go have not gone when others come.
            pool.resize(1 + round * 7 % 8);
            if round % 3 == 0 {
                tokio::time::sleep(SECOND / 3).await;
            }
            let mut rest = Box::pin(pool.rest(SECOND / 2).into_future());
            assert!(poll(&mut rest).is_pending());
            rests.push(rest);
            if round % 5 == 0 {
                others().await;
            }
            assert!(pool.reading().workers_busy <= 8);
        }
        for rest in rests {
            rest.await.unwrap();
        }
        pool.resize(1);
        testing::quiet(&system).await;
        assert_eq!((pool.reading().workers, office.alive()), (1, 1));
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(office.alive(), 0);
    });
}

// --- the end ---------------------------------------------------------------------------------------------------------------

#[test]
fn s4_a_stop_handles_what_is_parked_and_ends_those_that_sleep() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        for n in 0..10 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        others().await;
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(office.of(7), (0..10).collect::<Vec<_>>());
        assert_eq!(office.alive(), 0);
        let total = is_balanced(&pool);
        assert_eq!((total.handled, total.undelivered), (10, 0));
        assert_eq!(pool.look().await.unwrap_err().reason(), Reason::Closed);
    });
}

#[test]
fn s4_a_kill_cuts_all_suspended_turns() {
    run(async |system| {
        let (office, pool) = pool(&system, 4..=4);
        let mut asked: Vec<_> = (0..4).map(|_| Box::pin(pool.rest(HOUR / 2).into_future())).collect();
        assert!(asked.iter_mut().all(|rest| poll(rest).is_pending()));
        others().await;
        for n in 0..10 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let began = Instant::now();
        pool.kill();
        assert_eq!(pool.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        for rest in asked {
            assert_eq!(rest.await.unwrap_err().reason(), Reason::Closed);
        }
        assert_eq!(office.lines(), ["Killed"; 4], "each has its `#[stopped]`");
        assert_eq!(office.alive(), 0);
        assert_eq!(is_balanced(&pool).undelivered, 14);
    });
}

#[test]
fn s4_a_stop_or_kill_finds_a_worker_in_its_pause() {
    run(async |system| {
        for is_kill in [false, true] {
            let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR, HOUR);
            let (office, pool) = pool_with(&system, 2..=2, 64, slow);
            // The first failure of each is followed by a new instance at once, the second one by a pause.
            for _ in 0..4 {
                pool.fail(Duration::ZERO).await.unwrap_err();
            }
            others().await;
            assert_eq!(office.alive(), 0, "both are in their pauses");
            for n in 0..4 {
                pool.task(Task::new(7, n, SECOND)).await.unwrap();
            }
            let began = Instant::now();
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
                assert_eq!(began.elapsed(), Duration::ZERO);
            } else {
                assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
                assert_eq!(began.elapsed().as_secs(), 4);
                assert_eq!(office.of(7), [0, 1, 2, 3]);
            }
            assert_eq!(office.alive(), 0);
            is_balanced(&pool);
        }
    });
}

#[test]
fn s4_a_drain_that_others_end_ends_a_worker_s_pause() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(1000, HOUR).backoff(HOUR, HOUR);
        let (office, pool) = pool_with(&system, 2..=2, 64, slow);
        pool.fail(Duration::ZERO).await.unwrap_err();
        let rests = tokio::spawn({
            let pool = pool.clone();
            async move { pool.rest(SECOND).await }
        });
        let mut fails = Box::pin(pool.fail(SECOND / 2).into_future());
        assert!(poll(&mut fails).is_pending());
        others().await;
        pool.task(Task::new(7, 1, SECOND)).await.unwrap();
        let began = Instant::now();
        // The failure comes after the stop: its pause is a whole one, as long as there is something to do.
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(began.elapsed().as_secs(), 2);
        fails.await.unwrap_err();
        rests.await.unwrap().unwrap();
        assert_eq!(office.of(7), [1]);
    });
}

#[test]
fn s4_with_the_last_handle_gone_a_pool_handles_the_rest_and_ends() {
    run(async |system| {
        let (office, pool) = pool(&system, 3..=3);
        for n in 0..5 {
            pool.task(Task::new(7, n, SECOND)).await.unwrap();
        }
        let closed = pool.closed();
        drop(pool);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(office.of(7), [0, 1, 2, 3, 4]);
        assert_eq!(office.alive(), 0);
    });
}

#[test]
fn s4_a_pool_nobody_ever_spoke_to_ends() {
    run(async |system| {
        for is_kill in [false, true] {
            let (office, pool) = pool(&system, 3..=3);
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
            } else {
                let closed = pool.closed();
                drop(pool);
                assert_eq!(closed.await, StopReason::Unreferenced);
            }
            assert_eq!(office.alive(), 0);
        }
    });
}

#[test]
fn s4_a_stop_while_nothing_is_handed_out_ends_when_it_is() {
    run(async |system| {
        let (_, pool) = pool(&system, 3..=3);
        testing::quiet(&system).await;
        let held = testing::hold(&pool);
        let stop = pool.stop();
        others().await;
        held.release();
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
    });
}

#[test]
fn s4_the_last_to_go_may_be_one_that_was_too_many() {
    run(async |system| {
        let (office, pool) = pool(&system, 1..=3);
        pool.resize(3);
        testing::quiet(&system).await;
        *office.rest.lock().unwrap() = SECOND;
        pool.resize(1);
        others().await;
        *office.rest.lock().unwrap() = Duration::ZERO;
        assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
        assert_eq!(office.alive(), 0);
        let lines = office.lines();
        assert_eq!(lines.iter().filter(|line| *line == "Retired").count(), 2, "{lines:?}");
    });
}

#[test]
fn s4_a_pool_in_a_system_that_is_shutting_down_is_closed_from_the_beginning() {
    struct Last(Arc<Office>);
    #[actor(local)]
    impl Last {
        #[message(overflow = block)]
        fn nothing(&mut self, ctx: &mut Context<Self>) -> bool {
            let made = self.0.clone();
            let spawned = ctx.actor(move || Clerk::new(&made)).workers(3..=3).spawn::<ClerkHandle>();
            spawned.is_err()
        }
    }
    run(async |system| {
        let office = Arc::<Office>::default();
        let last = system.spawn(Last(office.clone()));
        let held = testing::hold(&last);
        let mut asked = Box::pin(last.nothing().into_future());
        assert!(poll(&mut asked).is_pending());
        let shutdown = tokio::spawn({
            let system = system.clone();
            async move { system.shutdown(10 * SECOND).await }
        });
        others().await;
        held.release();
        assert!(asked.await.unwrap());
        assert!(shutdown.await.unwrap().is_clean());
        testing::quiet(&system).await;
        assert_eq!(office.alive(), 0);
    });
}

#[test]
fn s4_a_pool_ends_with_its_runtime() {
    let (office, pool) = {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let system = System::new("gone");
            let (office, pool) = pool(&system, 3..=3);
            let mut rest = Box::pin(pool.rest(HOUR).into_future());
            assert!(poll(&mut rest).is_pending());
            for n in 0..3 {
                pool.task(Task::new(7, n, HOUR)).await.unwrap();
            }
            others().await;
            drop(rest);
            (office, pool)
        })
    };
    assert!(pool.is_closed());
    assert_eq!(office.alive(), 0);
    let total = is_balanced(&pool);
    assert_eq!((total.offered, total.undelivered), (4, 4));
}

// --- on threads --------------------------------------------------------------------------------------------------------------

fn on_threads<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(System) -> F + Send + 'static) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let system = {
        let _inside = runtime.enter();
        System::new("pools")
    };
    let task = runtime.spawn(test(system.clone()));
    runtime.block_on(async move {
        // Only reached by a failure.
        if let Err(error) = tokio::time::timeout(Duration::from_secs(120), task).await.expect("it hangs") {
            std::panic::resume_unwind(error.into_panic());
        }
        let report = system.shutdown(Duration::from_secs(300)).await;
        assert!(report.is_clean() && report.total.is_balanced(), "{report}: {:?}", report.total);
    });
}

#[test]
fn s4_workers_that_are_cut_or_fail_at_once_have_each_its_own_end() {
    on_threads(async |system| {
        for round in 0..if cfg!(debug_assertions) { 300 } else { 3000 } {
            let (office, pool) = pool(&system, 4..=4);
            let is_kill = round % 2 == 0;
            let turns: Vec<_> = (0..4)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move {
                        let time = if is_kill { Duration::from_secs(3600) } else { Duration::from_millis(1) };
                        if is_kill { pool.rest(time).await } else { pool.fail(time).await }
                    })
                })
                .collect();
            while is_kill && pool.reading().workers_busy < 4 {
                tokio::task::yield_now().await;
            }
            if is_kill {
                pool.kill();
                assert_eq!(pool.closed().await, StopReason::Killed);
                assert_eq!(office.lines(), ["Killed"; 4]);
            }
            for turn in turns {
                let _ = turn.await.unwrap().unwrap_err();
            }
            if !is_kill {
                // Another one for each, none of which a panic went through.
                assert_eq!(pool.stop().await.reason().unwrap(), StopReason::Stopped);
                let (lines, births) = (office.lines(), office.births.load(Ordering::SeqCst));
                assert_eq!(lines, vec!["Stopped"; births as usize - 4]);
            }
            assert_eq!(office.alive(), 0);
        }
    });
}

/// What the workers of the storm have in common.
#[derive(Default)]
struct Sea {
    keys: [AtomicBool; KEYS],
    /// By sender and key: the last that was handled.
    last: Mutex<BTreeMap<(usize, u64), u64>>,
    handled: AtomicU64,
    panicked: AtomicU64,
    at_work: AtomicI64,
    /// How many there may be.
    most: AtomicI64,
}

const KEYS: usize = 7;

struct Busy<'a>(&'a Sea, u64);

impl<'a> Busy<'a> {
    fn new(sea: &'a Sea, key: u64) -> Busy<'a> {
        assert!(!sea.keys[key as usize].swap(true, Ordering::AcqRel), "two turns of key {key} at once");
        let at_work = sea.at_work.fetch_add(1, Ordering::AcqRel) + 1;
        assert!(at_work <= sea.most.load(Ordering::Acquire), "{at_work} workers");
        Busy(sea, key)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::AcqRel);
        self.0.keys[self.1 as usize].store(false, Ordering::Release);
    }
}

macro_rules! wave {
    ($name:ident, $reply:ty, $policy:expr) => {
        #[derive(Debug)]
        struct $name {
            sender: usize,
            key: u64,
            n: u64,
        }
        impl Message for $name {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
            // Keys here may fill the mailbox: what they may hold by default is S8 (`hot_keys.rs`).
            const POLICY: Policy = $policy.max_per_key(64);
            fn key_hash(&self, _: &RandomState) -> u64 {
                self.key
            }
        }
    };
}

wave!(Wave, (), Policy::tell().keyed());
wave!(Echo, u64, Policy::ask().keyed().overflow(&[Overflow::Block]));

struct Swimmer {
    sea: Arc<Sea>,
    is_broken: bool,
}

impl Swimmer {
    async fn swim(&mut self, sender: usize, key: u64, n: u64) {
        assert!(
            !std::mem::replace(&mut self.is_broken, true),
            "a state that a panic went through is used again"
        );
        let sea = self.sea.clone();
        let _busy = Busy::new(&sea, key);
        let before = sea.last.lock().unwrap().insert((sender, key), n).unwrap_or(0);
        assert!(before < n, "{n} of {sender} and key {key} after {before}");
        match mixed(n, sender as u64) % 64 {
            0 => {
                sea.panicked.fetch_add(1, Ordering::Relaxed);
                give_in();
            }
            1..4 => tokio::task::yield_now().await,
            4 => std::thread::yield_now(),
            _ => {}
        }
        sea.handled.fetch_add(1, Ordering::Relaxed);
        self.is_broken = false;
    }
}

fn mixed(n: u64, salt: u64) -> u64 {
    let mixed = (n ^ salt << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

#[actor(local, capacity = 32)]
impl Swimmer {
    #[handler]
    async fn wave(&mut self, it: Wave) {
        self.swim(it.sender, it.key, it.n).await;
    }

    #[handler]
    async fn echo(&mut self, it: Echo) -> u64 {
        self.swim(it.sender, it.key, it.n).await;
        it.n
    }
}

#[test]
fn s4_under_random_load_failures_and_sizes_keys_stay_in_order_and_nothing_is_lost() {
    const SENDERS: usize = 4;
    let many: u64 = if cfg!(debug_assertions) { 6_000 } else { 150_000 };
    on_threads(async move |system| {
        let sea = Arc::new(Sea::default());
        sea.most.store(4, Ordering::SeqCst);
        let made = sea.clone();
        let pool: SwimmerHandle = system
            .actor(move || Swimmer { sea: made.clone(), is_broken: false })
            .workers(1..=4)
            .restart(always())
            .spawn()
            .unwrap();
        pool.resize(4);
        let is_over = Arc::new(AtomicBool::new(false));
        let resizes = tokio::spawn({
            let (pool, is_over) = (pool.clone(), is_over.clone());
            async move {
                let mut round = 0;
                while !is_over.load(Ordering::Acquire) {
                    round += 1;
                    pool.resize(1 + mixed(round, 99) as usize % 5);
                    let reading = pool.reading();
                    assert!(
                        reading.workers <= 5 && reading.workers_busy <= 4 && reading.depth <= 32,
                        "{reading:?}"
                    );
                    assert!(pool.ledger().is_balanced());
                    for _ in 0..mixed(round, 98) % 50 {
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let (mut answered, mut failed, mut withdrawn) = (0_u64, 0_u64, 0_u64);
                    for n in 1..=many {
                        let key = mixed(n, 7 + sender as u64) % KEYS as u64;
                        match mixed(n, 77) % 16 {
                            0 => match pool.echo(Echo { sender, key, n }).await {
                                Ok(answer) => {
                                    assert_eq!(answer, n);
                                    answered += 1;
                                }
                                Err(error) => {
                                    assert_eq!(error.reason(), Reason::Panicked);
                                    failed += 1;
                                }
                            },
                            1 => {
                                // Somebody who does not wait.
                                let mut asked = Box::pin(pool.echo(Echo { sender, key, n }).into_future());
                                let _ = poll(&mut asked);
                                withdrawn += 1;
                            }
                            _ => drop(pool.wave(Wave { sender, key, n }).await.unwrap()),
                        }
                    }
                    (answered, failed, withdrawn)
                })
            })
            .collect();
        let (mut answered, mut failed, mut withdrawn) = (0, 0, 0);
        for sender in senders {
            let of_one = sender.await.unwrap();
            (answered, failed, withdrawn) = (answered + of_one.0, failed + of_one.1, withdrawn + of_one.2);
        }
        is_over.store(true, Ordering::Release);
        resizes.await.unwrap();
        assert_ne!(pool.stop().await.reason().unwrap(), StopReason::Killed);
        let ledger = pool.ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        let total = ledger.total();
        assert_eq!(total.offered, many * SENDERS as u64);
        assert_eq!(total.handled, sea.handled.load(Ordering::SeqCst));
        assert_eq!(total.panicked, sea.panicked.load(Ordering::SeqCst));
        assert_eq!(total.handled + total.panicked + total.cancelled, total.offered, "{total:?}");
        assert!(total.cancelled <= withdrawn && total.panicked > total.offered / 128, "{total:?}");
        let echoes = ledger.of::<Echo>();
        assert!(echoes.handled + echoes.panicked >= answered + failed, "{echoes:?}");
        assert_eq!(sea.at_work.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn s4_no_wake_up_is_lost_where_each_waits_for_the_one_before() {
    on_threads(async |system| {
        let sea = Arc::new(Sea::default());
        sea.most.store(4, Ordering::SeqCst);
        let made = sea.clone();
        let make = move || Swimmer { sea: made.clone(), is_broken: false };
        let pool: SwimmerHandle = system.actor(make).workers(4..=4).restart(always()).spawn().unwrap();
        let many: u64 = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
        let askers: Vec<_> = (0..3)
            .map(|sender| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for n in 1..=many {
                        // One at a time: whoever sleeps too long holds it up for ever.
                        let _ = pool.echo(Echo { sender, key: n % 2, n }).await;
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.await.unwrap();
        }
        let total = pool.ledger().total();
        assert_eq!(total.handled + total.panicked, 3 * many);
    });
}
