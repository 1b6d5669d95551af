//! **Question.** What does each overflow policy cost the sender, with room and without, and does it depend on
//! how much is queued? None may be O(n): a row's figures for 16, 1024 and 65,536 messages differ by caches,
//! not by factors of 64.
//!
//! **Method.** `try_send` while the actor is held in a turn, so that nobody takes anything out meanwhile.
//! *Room*: an empty queue is filled to its capacity; then, untimed, the actor handles everything and is held
//! again (of short queues, several are filled in turn). *Full*: the queue holds as many messages as it can,
//! all of the policy's own type, and the policy says what happens. tokio's `mpsc` knows one policy, to
//! refuse; it is the baseline of both. Compare within one run only, by ratio.
//! `cargo bench -p benches --bench overflow`

use actors_core::{Admission, System};
use benches::{Hand, Hold, Shelf, ShelfHandle, hand_hold, hand_of, hold, runtime};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Queue lengths.
const LENGTHS: [usize; 3] = [16, 1024, 65_536];

/// Messages timed at a time, at least.
const BATCH: usize = 1024;

/// There are many figures here, each of them steady.
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(1);

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// What a `try_send` came to; `None` when it was refused.
type Sent = Option<Admission>;

/// An actor with so many slots.
fn shelf(system: &System, length: usize) -> ShelfHandle {
    let shelf = system.instance(Shelf::default()).capacity(length).reserve(0).spawn();
    shelf.unwrap_or_else(|error| panic!("no actor to bench: {error}"))
}

/// Fills empty queues with `count` messages; `push` is to put in one, `hold` to hold an actor that has handled all
/// it had.
async fn fill<Q>(
    count: u64,
    length: usize,
    queues: &[Q],
    push: impl Fn(&Q, u64),
    hold: impl AsyncFn(&Q) -> Hold,
) -> Duration {
    let mut held = Vec::new();
    let (mut spent, mut n) = (Duration::ZERO, 0);
    while n < count {
        held.clear();
        for queue in queues {
            held.push(hold(queue).await);
        }
        let began = Instant::now();
        for queue in queues {
            let end = count.min(n + length as u64);
            (n..end).for_each(|n| push(queue, n));
            n = end;
        }
        spent += began.elapsed();
    }
    spent
}

/// Room: every message gets a slot.
fn room(
    group: &mut Group<'_>,
    rt: &Runtime,
    length: usize,
    policy: &str,
    send: impl Fn(&ShelfHandle, u64) -> Sent,
) {
    let system = System::new("bench");
    let _inside = rt.enter();
    let shelves: Vec<_> = (0..BATCH.div_ceil(length)).map(|_| shelf(&system, length)).collect();
    let push = |shelf: &ShelfHandle, n| assert_eq!(send(shelf, n), Some(Admission::Queued));
    group.bench_function(BenchmarkId::new(policy, length), |b| {
        b.iter_custom(|count| rt.block_on(fill(count, length, &shelves, &push, hold)));
    });
}

fn room_by_hand(group: &mut Group<'_>, rt: &Runtime, length: usize) {
    let _inside = rt.enter();
    let queues: Vec<_> = (0..BATCH.div_ceil(length)).map(|_| hand_of(length)).collect();
    let push = |tx: &mpsc::Sender<Hand>, n| assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
    group.bench_function(BenchmarkId::new("by hand, tokio mpsc", length), |b| {
        b.iter_custom(|count| rt.block_on(fill(count, length, &queues, push, hand_hold)));
    });
}

/// No room: message `n` has the key `key(n)`, and what becomes of it is `expected`.
fn full(
    group: &mut Group<'_>,
    rt: &Runtime,
    length: usize,
    (policy, expected): (&str, Sent),
    key: impl Fn(u64) -> u64,
    send: impl Fn(&ShelfHandle, u64) -> Sent,
) {
    let system = System::new("bench");
    let _inside = rt.enter();
    let shelf = shelf(&system, length);
    let _held = rt.block_on(hold(&shelf));
    for n in 0..length as u64 {
        assert_eq!(send(&shelf, n), Some(Admission::Queued));
    }
    let mut n = 0;
    group.bench_function(BenchmarkId::new(policy, length), |b| {
        b.iter(|| {
            assert_eq!(send(&shelf, key(n)), expected);
            n += 1;
        });
    });
}

fn full_by_hand(group: &mut Group<'_>, rt: &Runtime, length: usize) {
    let _inside = rt.enter();
    let tx = hand_of(length);
    let _held = rt.block_on(hand_hold(&tx));
    for n in 0..length as u64 {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
    }
    group.bench_function(BenchmarkId::new("by hand, tokio mpsc", length), |b| {
        b.iter(|| assert!(tx.try_send(Hand::Tick(0, 1)).is_err()));
    });
}

fn with_room(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("overflow, room");
    group.throughput(Throughput::Elements(1)).warm_up_time(WARM_UP).measurement_time(MEASURE);
    for length in LENGTHS {
        let group = &mut group;
        room_by_hand(group, &rt, length);
        room(group, &rt, length, "block", |shelf, n| shelf.block(n, 1).try_send().ok());
        room(group, &rt, length, "reject", |shelf, n| shelf.reject(n, 1).try_send().ok());
        room(group, &rt, length, "drop_newest", |shelf, n| shelf.drop_newest(n, 1).try_send().ok());
        room(group, &rt, length, "drop_oldest", |shelf, n| shelf.drop_oldest(n, 1).try_send().ok());
        room(group, &rt, length, "conflate", |shelf, n| shelf.conflate(n, 1).try_send().ok());
        room(group, &rt, length, "[conflate, block]", |shelf, n| {
            shelf.conflate_or_block(n, 1).try_send().ok()
        });
    }
    group.finish();
}

fn without_room(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("overflow, full");
    group.throughput(Throughput::Elements(1)).warm_up_time(WARM_UP).measurement_time(MEASURE);
    for length in LENGTHS {
        let group = &mut group;
        let slots = length as u64;
        // A key that nothing queued has, and one that something has.
        let (new, known) = (|n| n + slots, |n| n % slots);
        full_by_hand(group, &rt, length);
        full(group, &rt, length, ("block", None), new, |shelf, n| shelf.block(n, 1).try_send().ok());
        full(group, &rt, length, ("reject", None), new, |shelf, n| shelf.reject(n, 1).try_send().ok());
        let dropped = ("drop_newest", Some(Admission::Dropped));
        full(group, &rt, length, dropped, new, |shelf, n| shelf.drop_newest(n, 1).try_send().ok());
        let displaced = ("drop_oldest", Some(Admission::Displaced));
        full(group, &rt, length, displaced, new, |shelf, n| shelf.drop_oldest(n, 1).try_send().ok());
        let conflate = |shelf: &ShelfHandle, n| shelf.conflate(n, 1).try_send().ok();
        full(group, &rt, length, ("conflate, new key", Some(Admission::Displaced)), new, conflate);
        full(group, &rt, length, ("conflate, known key", Some(Admission::Conflated)), known, conflate);
        let or_block = |shelf: &ShelfHandle, n| shelf.conflate_or_block(n, 1).try_send().ok();
        full(group, &rt, length, ("[conflate, block], new key", None), new, or_block);
        let conflated = ("[conflate, block], known key", Some(Admission::Conflated));
        full(group, &rt, length, conflated, known, or_block);
    }
    group.finish();
}

criterion_group!(benches, with_room, without_room);
criterion_main!(benches);
