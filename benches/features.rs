//! **Question.** What does each feature of a mailbox cost a message, in instructions?
//!
//! **Method.** The same 16-byte message everywhere: `try_send` in bursts of 128, then the actor
//! handles them in its own task (`inline = never`), so that every message goes all the way through
//! the queue. callgrind counts on one worker thread, as in `instructions` (`src/callgrind.rs`):
//! sender, turn, and tokio's part of both. *Full*: the actor is held in a turn, its mailbox is
//! full, and the figure is the policy's work for one more message, without a turn. Every outcome is
//! asserted. One row is plain, and all others are multiples of its instructions.
//! `cargo bench -p benches --bench features`, with `-- PART` only rows that have `PART` in their
//! name; a whole run writes `charts/features.svg`.

use actors_core::prelude::*;
use benches::callgrind::{Cell, Wish, count, on_one_worker, wish};
use benches::chart::{Bar, bars};
use benches::{CAPACITY, Hand, hand, hand_hold, hand_total};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Messages counted in a process, and as many again: whole bursts.
const MESSAGES: u64 = 160 * BURST;

/// Messages per burst, before the actor handles them.
const BURST: u64 = 128;

/// The second field of every message, and its weight where weights count.
const WEIGHT: u64 = 16;

/// A deadline that never passes.
const HOUR: Duration = Duration::from_secs(3600);

/// An actor under test.
trait Subject: Send + Sync + 'static {
    fn start() -> Self;
    /// The message under test.
    fn send(&self, a: u64) -> Option<Admission>;
    /// Like `send`, but with a deadline of its own.
    fn send_in_time(&self, a: u64) -> Option<Admission>;
    /// A message of a lower lane, which may be evicted.
    fn send_trifle(&self) -> Option<Admission>;
    /// Holds the actor in a turn.
    fn hold(&self, began: oneshot::Sender<()>, end: oneshot::Receiver<()>);
    fn depth(&self) -> usize;
}

/// An actor in a module of its own, from the words of the actor and of its message.
macro_rules! subject {
    ($module:ident, [$($actor:tt)*], [$($message:tt)*]) => {
        mod $module {
            use super::*;

            #[derive(Default)]
            pub(super) struct Counter {
                sum: u64,
            }

            #[actor(reserve = 0, inline = never, vis = pub(super), $($actor)*)]
            impl Counter {
                #[message($($message)*)]
                fn tick(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                #[message(priority = low, overflow = drop_newest)]
                fn trifle(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                #[message(overflow = block)]
                async fn hold(&mut self, began: oneshot::Sender<()>, end: oneshot::Receiver<()>) {
                    let _ = began.send(());
                    let _ = end.await;
                }
            }

            impl Subject for CounterHandle {
                fn start() -> Self {
                    System::new("bench").spawn(Counter::default())
                }

                fn send(&self, a: u64) -> Option<Admission> {
                    self.tick(a, WEIGHT).try_send().ok()
                }

                fn send_in_time(&self, a: u64) -> Option<Admission> {
                    self.tick(a, WEIGHT).timeout(HOUR).try_send().ok()
                }

                fn send_trifle(&self) -> Option<Admission> {
                    self.trifle(0, WEIGHT).try_send().ok()
                }

                fn hold(&self, began: oneshot::Sender<()>, end: oneshot::Receiver<()>) {
                    assert!(CounterHandle::hold(self, began, end).try_send().is_ok());
                }

                fn depth(&self) -> usize {
                    self.reading().depth
                }
            }
        }
    };
}

subject!(block, [capacity = 1024], [overflow = block]);
subject!(reject, [capacity = 1024], [overflow = reject]);
subject!(drop_newest, [capacity = 1024], [overflow = drop_newest]);
subject!(drop_oldest, [capacity = 1024], [overflow = drop_oldest]);
subject!(drop_random, [capacity = 1024], [overflow = drop_random]);
subject!(early, [capacity = 1024], [overflow = drop_random(from = 0.5)]);
// As many slots as the longer run has messages to evict.
subject!(evict_lower, [capacity = 65_536], [priority = high, overflow = evict_lower]);
subject!(conflate, [capacity = 1024], [overflow = conflate, key = a]);
subject!(ttl, [capacity = 1024], [overflow = block, ttl = "1h"]);
subject!(bytes, [capacity = 1024, max_bytes = 1_000_000], [overflow = block]);
subject!(weight, [capacity = 1024, max_bytes = 1_000_000], [overflow = block, weight = b]);
subject!(max, [capacity = 1024], [overflow = block, max = 512]);
subject!(order, [capacity = 1024], [overflow = block, order = lifo_under_pressure]);
subject!(boxed, [capacity = 1024], [overflow = block, boxed]);

/// Bursts that find room.
async fn room<S: Subject>(count: u64, send: impl Fn(&S, u64) -> Option<Admission>, expected: Admission) {
    let subject = S::start();
    for n in 0..count {
        let is_first = n % BURST == 0;
        let admission = send(&subject, n);
        // The first message of a burst replaces none.
        assert!(admission == Some(expected) || (is_first && admission == Some(Admission::Queued)));
        while n % BURST == BURST - 1 && subject.depth() > 0 {
            yield_now().await;
        }
    }
}

/// Like `room`, but each message has a key of its own where one is needed.
async fn plainly<S: Subject>(count: u64) {
    room::<S>(count, |subject, n| subject.send(n), Admission::Queued).await;
}

/// Messages that find no room; `None` is a refusal.
async fn full<S: Subject>(
    count: u64,
    fill: impl Fn(&S, u64) -> Option<Admission>,
    key: impl Fn(u64) -> u64,
    expected: Option<Admission>,
) {
    let subject = S::start();
    let (began, has_begun) = oneshot::channel();
    let (_end, ended) = oneshot::channel();
    subject.hold(began, ended);
    assert!(has_begun.await.is_ok());
    let mut filled = 0;
    while fill(&subject, filled) == Some(Admission::Queued) {
        filled += 1;
    }
    for n in 0..count {
        assert_eq!(subject.send(key(n)), expected);
    }
}

/// Like `full`, but each message has a key of its own, also those that fill the mailbox.
async fn full_of_them<S: Subject>(count: u64, expected: Option<Admission>) {
    full::<S>(count, |subject, n| subject.send(n), |n| u64::MAX - n, expected).await;
}

/// An actor with a message in each lane.
macro_rules! lanes {
    ($module:ident, $($schedule:tt)*) => {
        mod $module {
            use super::*;

            #[derive(Default)]
            pub(super) struct Counter {
                sum: u64,
            }

            #[actor(capacity = 1024, reserve = 0, inline = never, schedule = $($schedule)*)]
            impl Counter {
                #[message(priority = low, overflow = block)]
                fn low(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                #[message(overflow = block)]
                fn normal(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                #[message(priority = high, overflow = block)]
                fn high(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                #[message(priority = urgent, overflow = block)]
                fn urgent(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }
            }

            /// Bursts that use a number of lanes in turn.
            pub(super) async fn in_turn(count: u64, lanes: u64) {
                let counter: CounterHandle = System::new("bench").spawn(Counter::default());
                for n in 0..count {
                    let sent = match n % lanes {
                        0 => counter.normal(n, WEIGHT).try_send().is_ok(),
                        1 => counter.low(n, WEIGHT).try_send().is_ok(),
                        2 => counter.high(n, WEIGHT).try_send().is_ok(),
                        _ => counter.urgent(n, WEIGHT).try_send().is_ok(),
                    };
                    assert!(sent);
                    while n % BURST == BURST - 1 && counter.reading().depth > 0 {
                        yield_now().await;
                    }
                }
            }
        }
    };
}

lanes!(strict, strict);
lanes!(by_turns, weighted);
lanes!(by_time, weighted(by = time));

/// An actor with one message type per name.
macro_rules! types {
    ($module:ident, $first:ident $($name:ident)*) => {
        mod $module {
            use super::*;

            #[derive(Default)]
            pub(super) struct Counter {
                sum: u64,
            }

            #[actor(capacity = 1024, reserve = 0, inline = never)]
            impl Counter {
                #[message(overflow = block)]
                fn $first(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                }

                $(#[message(overflow = block)]
                fn $name(&mut self, a: u64, b: u64) {
                    self.sum = self.sum.wrapping_add(a ^ b);
                })*
            }

            const TYPES: u64 = [stringify!($first), $(stringify!($name)),*].len() as u64;

            /// Bursts of all types in turn, or of the first alone.
            pub(super) async fn sent(count: u64, is_first_alone: bool) {
                let counter: CounterHandle = System::new("bench").spawn(Counter::default());
                for _ in 0..count / BURST {
                    if is_first_alone {
                        for n in 0..BURST {
                            assert!(counter.$first(n, WEIGHT).try_send().is_ok());
                        }
                    } else {
                        for n in 0..BURST / TYPES {
                            assert!(counter.$first(n, WEIGHT).try_send().is_ok());
                            $(assert!(counter.$name(n, WEIGHT).try_send().is_ok());)*
                        }
                    }
                    while counter.reading().depth > 0 {
                        yield_now().await;
                    }
                }
            }
        }
    };
}

types!(types_1, m0);
types!(types_4, m0 m1 m2 m3);
types!(types_16, m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13 m14 m15);
types!(types_64,
    m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13 m14 m15
    m16 m17 m18 m19 m20 m21 m22 m23 m24 m25 m26 m27 m28 m29 m30 m31
    m32 m33 m34 m35 m36 m37 m38 m39 m40 m41 m42 m43 m44 m45 m46 m47
    m48 m49 m50 m51 m52 m53 m54 m55 m56 m57 m58 m59 m60 m61 m62 m63
);

async fn by_hand(count: u64) {
    let tx = hand();
    for n in 0..count {
        assert!(tx.try_send(Hand::Tick(n, WEIGHT)).is_ok());
        while n % BURST == BURST - 1 && tx.capacity() < CAPACITY {
            yield_now().await;
        }
    }
    hand_total(&tx).await;
}

async fn by_hand_full(count: u64) {
    let tx = hand();
    let _held = hand_hold(&tx).await;
    while tx.try_send(Hand::Tick(0, WEIGHT)).is_ok() {}
    for n in 0..count {
        assert!(tx.try_send(Hand::Tick(n, WEIGHT)).is_err());
    }
}

const fn cell(name: &'static str, run: fn(u64)) -> Cell {
    Cell { name, run }
}

/// All rows; the group is before the colon. The first row is the reference.
const CELLS: [Cell; 38] = {
    use Admission::{Conflated, Displaced, Dropped, Queued};
    [
        cell("room: block", |n| on_one_worker(plainly::<block::CounterHandle>(n))),
        cell("room: reject", |n| on_one_worker(plainly::<reject::CounterHandle>(n))),
        cell("room: drop_newest", |n| on_one_worker(plainly::<drop_newest::CounterHandle>(n))),
        cell("room: drop_oldest", |n| on_one_worker(plainly::<drop_oldest::CounterHandle>(n))),
        cell("room: drop_random", |n| on_one_worker(plainly::<drop_random::CounterHandle>(n))),
        cell("room: drop_random(from = 0.5)", |n| on_one_worker(plainly::<early::CounterHandle>(n))),
        cell("room: evict_lower", |n| on_one_worker(plainly::<evict_lower::CounterHandle>(n))),
        cell("room: conflate, distinct keys", |n| on_one_worker(plainly::<conflate::CounterHandle>(n))),
        cell("room: conflate, one key", |n| {
            on_one_worker(room::<conflate::CounterHandle>(n, |subject, _| subject.send(0), Conflated));
        }),
        cell("room: by hand", |n| on_one_worker(by_hand(n))),
        cell("full: block", |n| on_one_worker(full_of_them::<block::CounterHandle>(n, None))),
        cell("full: reject", |n| on_one_worker(full_of_them::<reject::CounterHandle>(n, None))),
        cell("full: drop_newest", |n| {
            on_one_worker(full_of_them::<drop_newest::CounterHandle>(n, Some(Dropped)));
        }),
        cell("full: drop_oldest", |n| {
            on_one_worker(full_of_them::<drop_oldest::CounterHandle>(n, Some(Displaced)));
        }),
        cell("full: drop_random", |n| {
            on_one_worker(full_of_them::<drop_random::CounterHandle>(n, Some(Displaced)));
        }),
        cell("full: evict_lower", |n| {
            let fill = |subject: &evict_lower::CounterHandle, _| subject.send_trifle();
            on_one_worker(full(n, fill, |n| n, Some(Displaced)));
        }),
        cell("full: conflate, distinct keys", |n| {
            on_one_worker(full_of_them::<conflate::CounterHandle>(n, Some(Displaced)));
        }),
        cell("full: conflate, one key", |n| {
            let fill = |subject: &conflate::CounterHandle, n: u64| subject.send(n.min(CAPACITY as u64 - 1));
            on_one_worker(full(n, fill, |_| 0, Some(Conflated)));
        }),
        cell("full: by hand", |n| on_one_worker(by_hand_full(n))),
        cell("words: ttl", |n| on_one_worker(plainly::<ttl::CounterHandle>(n))),
        cell("words: timeout of the send", |n| {
            on_one_worker(room::<block::CounterHandle>(n, |subject, n| subject.send_in_time(n), Queued));
        }),
        cell("words: max", |n| on_one_worker(plainly::<max::CounterHandle>(n))),
        cell("words: max_bytes", |n| on_one_worker(plainly::<bytes::CounterHandle>(n))),
        cell("words: max_bytes, weight", |n| on_one_worker(plainly::<weight::CounterHandle>(n))),
        cell("words: order = lifo_under_pressure", |n| on_one_worker(plainly::<order::CounterHandle>(n))),
        cell("words: boxed", |n| on_one_worker(plainly::<boxed::CounterHandle>(n))),
        cell("priorities in use: 1", |n| on_one_worker(strict::in_turn(n, 1))),
        cell("priorities in use: 2", |n| on_one_worker(strict::in_turn(n, 2))),
        cell("priorities in use: 4", |n| on_one_worker(strict::in_turn(n, 4))),
        cell("priorities in use: 4, weighted", |n| on_one_worker(by_turns::in_turn(n, 4))),
        cell("priorities in use: 4, weighted by time", |n| on_one_worker(by_time::in_turn(n, 4))),
        cell("types: 1", |n| on_one_worker(types_1::sent(n, true))),
        cell("types: 4, sent in turn", |n| on_one_worker(types_4::sent(n, false))),
        cell("types: 4, one sent", |n| on_one_worker(types_4::sent(n, true))),
        cell("types: 16, sent in turn", |n| on_one_worker(types_16::sent(n, false))),
        cell("types: 16, one sent", |n| on_one_worker(types_16::sent(n, true))),
        cell("types: 64, sent in turn", |n| on_one_worker(types_64::sent(n, false))),
        cell("types: 64, one sent", |n| on_one_worker(types_64::sent(n, true))),
    ]
};

fn main() -> ExitCode {
    let Wish::Counts(mut cells) = wish(CELLS) else { return ExitCode::SUCCESS };
    let is_whole = cells.len() == CELLS.len();
    if cells.iter().all(|cell| cell.name != CELLS[0].name) {
        cells.insert(0, CELLS[0]);
    }
    let counts = match count(&cells, MESSAGES) {
        Ok(counts) => counts,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let plain = counts[0];
    println!("\n| | instructions a message | to plain |\n|---|---:|---:|");
    for (cell, count) in cells.iter().zip(&counts) {
        println!("| {} | {count:.0} | {:.2} |", cell.name, count / plain);
    }
    if !is_whole {
        return ExitCode::SUCCESS;
    }
    let all = cells.iter().zip(&counts).map(|(cell, count)| {
        let (group, name) = cell.name.split_once(": ").unwrap_or(("", cell.name));
        Bar { group, name, value: *count }
    });
    let title = "Instructions a message; the line is a plain one, which waits for room and finds it";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/features.svg");
    match bars(&path, title, plain, &all.collect::<Vec<_>>()) {
        Ok(()) => println!("\nThe chart is benches/charts/features.svg."),
        Err(error) => eprintln!("the chart could not be written: {error}"),
    }
    ExitCode::SUCCESS
}
