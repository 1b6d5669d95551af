//! **Question.** How does the cost of a tell grow with the number of producers, with the number of
//! actors, with the capacity of the mailbox, and with the size of the message?
//!
//! **Method.** Awaited sends of 16-byte messages into a mailbox of 1024, except for the parameter
//! that grows, until everything is handled. The figure is that time divided by the number of
//! messages. Contestants: a plain `fn`, whose turns senders may run; the same with
//! `inline = never`, where all messages go through the queue; and the hand-written actor over
//! tokio's `mpsc`. Medians of rounds in which every contestant runs once and each round begins with
//! another one. Every run has a runtime of its own, with two workers, and compares what was handled
//! with what was sent.
//!
//! - *Producers*: 1 to 256 tasks, one actor. Starting the tasks is in the figure.
//! - *Actors*: 1 to 100,000, eight producers, each of which sends to all actors in turn and begins
//!   at another one. Ten messages to each actor, or more where there are few actors. Starting the
//!   actors is not in the figure, and neither is each actor's first message, which starts its task
//!   and grows its queue; it has a table of its own. 100,000 actors take less than a gigabyte.
//! - *Capacity*: 1 to 1,000,000 slots, one producer, which waits where there is no room.
//! - *Size*: 8 B to 4 KiB, one producer, by value and `boxed`. Writing the message is in the
//!   figure.
//!
//! `cargo bench -p benches --bench growth`, with `-- --quick` for a first impression; a whole run
//! writes `charts/growth-*.svg`.

use actors_core::prelude::*;
use benches::chart::{Panel, Series, draw};
use benches::{CAPACITY, runtime};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::yield_now;

/// Messages before the measurement.
const WARM_UP: u64 = 5_000;

/// Producers, where there are many actors.
const PRODUCERS: usize = 8;

/// Names of the contestants, the same in all tables.
const DONATED: &str = "actor, plain fn";
const QUEUED: &str = "actor, inline = never";
const BOXED: &str = "actor, inline = never, boxed";
const BY_HAND: &str = "by hand, tokio mpsc";

/// The number of actors below their goal, and a notification for its end.
#[derive(Debug, Default)]
struct Goals {
    left: AtomicU64,
    all_reached: Notify,
}

impl Goals {
    fn reached(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.all_reached.notify_one();
        }
    }
}

/// An actor that counts its messages, and reports when it has as many as a message says; 0 is no
/// number.
trait Target: Clone + Send + Sync + 'static {
    fn start(system: &System, capacity: usize, goals: &Arc<Goals>) -> Self;
    fn tell(&self, goal: u64) -> impl Future<Output = bool> + Send;
    /// Returns the number of handled messages once all earlier ones are handled.
    fn count(&self) -> impl Future<Output = Option<u64>> + Send;
}

/// An actor of this runtime in a module of its own, from the words of the actor.
macro_rules! target {
    ($module:ident, $($words:tt)*) => {
        mod $module {
            use super::*;

            pub(super) struct Counter {
                sum: u64,
                goals: Arc<Goals>,
            }

            #[actor(vis = pub(super), $($words)*)]
            impl Counter {
                #[message(overflow = block)]
                fn tick(&mut self, goal: u64, one: u64) {
                    self.sum += one;
                    if self.sum == goal {
                        self.goals.reached();
                    }
                }

                // In the lane of the ticks, and so behind them.
                #[message(overflow = block)]
                fn total(&mut self) -> u64 {
                    self.sum
                }
            }

            impl Target for CounterHandle {
                fn start(system: &System, capacity: usize, goals: &Arc<Goals>) -> Self {
                    let actor = system.instance(Counter { sum: 0, goals: goals.clone() }).capacity(capacity);
                    actor.spawn().unwrap_or_else(|error| panic!("no actor: {error}"))
                }

                async fn tell(&self, goal: u64) -> bool {
                    self.tick(goal, 1).await.is_ok()
                }

                async fn count(&self) -> Option<u64> {
                    self.total().await.ok()
                }
            }
        }
    };
}

target!(donated, reserve = 0);
target!(queued, reserve = 0, inline = never);

/// Messages of the hand-written actor.
enum Hand {
    Tick(u64, u64),
    Total(oneshot::Sender<u64>),
}

impl Target for mpsc::Sender<Hand> {
    fn start(_: &System, capacity: usize, goals: &Arc<Goals>) -> Self {
        let (tx, mut rx) = mpsc::channel(capacity);
        let goals = goals.clone();
        tokio::spawn(async move {
            let mut sum = 0u64;
            while let Some(message) = rx.recv().await {
                match message {
                    Hand::Tick(goal, one) => {
                        sum += one;
                        if sum == goal {
                            goals.reached();
                        }
                    }
                    Hand::Total(reply) => drop(reply.send(sum)),
                }
            }
        });
        tx
    }

    async fn tell(&self, goal: u64) -> bool {
        self.send(Hand::Tick(goal, 1)).await.is_ok()
    }

    async fn count(&self) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        self.send(Hand::Total(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// Runs one measurement as a task on a fresh runtime.
fn go<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let rt = runtime();
    rt.block_on(rt.spawn(work)).unwrap_or_else(|error| panic!("a measurement failed: {error}"))
}

fn nanos(since: Instant, messages: u64) -> f64 {
    since.elapsed().as_nanos() as f64 / messages as f64
}

async fn send<T: Target>(target: T, count: u64) {
    for _ in 0..count {
        assert!(target.tell(0).await);
    }
}

/// A number of producers and one actor.
async fn producers<T: Target>(messages: u64, producers: u64, capacity: usize) -> f64 {
    let target = T::start(&System::new("bench"), capacity, &Arc::default());
    send(target.clone(), WARM_UP).await;
    assert_eq!(target.count().await, Some(WARM_UP));
    let began = Instant::now();
    let tasks: Vec<_> =
        (0..producers).map(|_| tokio::spawn(send(target.clone(), messages / producers))).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    let handled = target.count().await;
    let spent = nanos(began, messages);
    assert_eq!(handled, Some(WARM_UP + messages));
    spent
}

/// Sends messages to each actor from all producers until it has had `goal`, and waits until they
/// are handled.
async fn round_robin<T: Target>(actors: &Arc<Vec<T>>, goals: &Goals, each: u64, goal: u64) -> f64 {
    let messages = actors.len() * each as usize;
    goals.left.store(actors.len() as u64, Ordering::Release);
    let began = Instant::now();
    for producer in 0..PRODUCERS {
        let actors = actors.clone();
        // Each producer begins where the previous one ends.
        let share = messages * producer / PRODUCERS..messages * (producer + 1) / PRODUCERS;
        tokio::spawn(async move {
            for n in share {
                assert!(actors[n % actors.len()].tell(goal).await);
            }
        });
    }
    goals.all_reached.notified().await;
    nanos(began, messages as u64)
}

/// The first message to each actor, and the later ones.
async fn actors<T: Target>(actors: u64, messages: u64) -> [f64; 2] {
    let (system, goals) = (System::new("bench"), Arc::default());
    let targets: Arc<Vec<T>> = Arc::new((0..actors).map(|_| T::start(&system, CAPACITY, &goals)).collect());
    for _ in 0..1000 {
        // The actors start, and find nothing to do.
        yield_now().await;
    }
    let each = (messages / actors).max(10);
    let first = round_robin(&targets, &goals, 1, 1).await;
    let later = round_robin(&targets, &goals, each, 1 + each).await;
    for target in targets.iter() {
        assert_eq!(target.count().await, Some(1 + each));
    }
    [first, later]
}

/// One producer of messages of a size, to the hand-written actor.
async fn sized_by_hand<const WORDS: usize>(messages: u64) -> f64 {
    enum Sized<const WORDS: usize> {
        Tick([u64; WORDS]),
        Total(oneshot::Sender<u64>),
    }
    let (tx, mut rx) = mpsc::channel(CAPACITY);
    tokio::spawn(async move {
        let mut sum = 0u64;
        while let Some(message) = rx.recv().await {
            match message {
                Sized::Tick(words) => sum = sum.wrapping_add(words[0]),
                Sized::Total(reply) => drop(reply.send(sum)),
            }
        }
    });
    let began = Instant::now();
    for _ in 0..messages {
        assert!(tx.send(Sized::Tick([1u64; WORDS])).await.is_ok());
    }
    let (reply, answer) = oneshot::channel();
    assert!(tx.send(Sized::Total(reply)).await.is_ok());
    assert_eq!(answer.await, Ok(messages));
    nanos(began, messages)
}

/// One producer of messages of a size, to an actor of this runtime.
macro_rules! sized {
    ($module:ident, $words:literal $(, $word:ident)?) => {
        mod $module {
            use super::*;

            #[derive(Default)]
            pub(super) struct Sized {
                sum: u64,
            }

            #[actor(capacity = 1024, reserve = 0, inline = never)]
            impl Sized {
                #[message(overflow = block $(, $word)?)]
                fn tick(&mut self, words: [u64; $words]) {
                    self.sum = self.sum.wrapping_add(words[0]);
                }

                #[message(overflow = block)]
                fn total(&mut self) -> u64 {
                    self.sum
                }
            }

            pub(super) async fn run(messages: u64) -> f64 {
                let target: SizedHandle = System::new("bench").spawn(Sized::default());
                let began = Instant::now();
                for _ in 0..messages {
                    assert!(target.tick([1u64; $words]).await.is_ok());
                }
                assert_eq!(target.total().await.ok(), Some(messages));
                nanos(began, messages)
            }
        }
    };
}

sized!(by_value_1, 1);
sized!(by_value_2, 2);
sized!(by_value_8, 8);
sized!(by_value_32, 32);
sized!(by_value_128, 128);
sized!(by_value_512, 512);
sized!(boxed_1, 1, boxed);
sized!(boxed_2, 2, boxed);
sized!(boxed_8, 8, boxed);
sized!(boxed_32, 32, boxed);
sized!(boxed_128, 128, boxed);
sized!(boxed_512, 512, boxed);

fn by_value(bytes: u64, messages: u64) -> f64 {
    match bytes {
        8 => go(by_value_1::run(messages)),
        16 => go(by_value_2::run(messages)),
        64 => go(by_value_8::run(messages)),
        256 => go(by_value_32::run(messages)),
        1024 => go(by_value_128::run(messages)),
        _ => go(by_value_512::run(messages)),
    }
}

fn boxed(bytes: u64, messages: u64) -> f64 {
    match bytes {
        8 => go(boxed_1::run(messages)),
        16 => go(boxed_2::run(messages)),
        64 => go(boxed_8::run(messages)),
        256 => go(boxed_32::run(messages)),
        1024 => go(boxed_128::run(messages)),
        _ => go(boxed_512::run(messages)),
    }
}

fn by_value_by_hand(bytes: u64, messages: u64) -> f64 {
    match bytes {
        8 => go(sized_by_hand::<1>(messages)),
        16 => go(sized_by_hand::<2>(messages)),
        64 => go(sized_by_hand::<8>(messages)),
        256 => go(sized_by_hand::<32>(messages)),
        1024 => go(sized_by_hand::<128>(messages)),
        _ => go(sized_by_hand::<512>(messages)),
    }
}

/// A contestant's measurement at a point of the growing parameter.
type Contestant<'a, const FIGURES: usize> = (&'static str, &'a dyn Fn(u64) -> [f64; FIGURES]);

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Medians of rounds: for each figure of a measurement, a series per contestant.
fn measure<const FIGURES: usize>(
    points: &[u64],
    rounds: usize,
    contestants: &[Contestant<'_, FIGURES>],
) -> [Vec<Series>; FIGURES] {
    let series =
        |(name, _): &Contestant<'_, FIGURES>| Series { name: (*name).to_owned(), points: Vec::new() };
    let mut all = [(); FIGURES].map(|()| contestants.iter().map(series).collect::<Vec<_>>());
    for &point in points {
        let mut seen = vec![Vec::new(); contestants.len()];
        for round in 0..rounds {
            for turn in 0..contestants.len() {
                let who = (round + turn) % contestants.len();
                seen[who].push(contestants[who].1(point));
            }
        }
        for (figure, series) in all.iter_mut().enumerate() {
            for (series, seen) in series.iter_mut().zip(&seen) {
                let values = seen.iter().map(|figures| figures[figure]).collect();
                series.points.push((point as f64, median(values)));
            }
        }
    }
    all
}

fn print(title: &str, series: &[Series]) {
    let points = series.first().map_or(&[][..], |series| &series.points);
    let heads: Vec<_> = points.iter().map(|(at, _)| format!(" {at} |")).collect();
    println!("\n| ns a message, by {title} |{}\n|---|{}", heads.concat(), "---:|".repeat(points.len()));
    for Series { name, points } in series {
        let cells: Vec<_> = points.iter().map(|(_, ns)| format!(" {ns:.0} |")).collect();
        println!("| {name} |{}", cells.concat());
    }
}

fn chart(file: &str, title: &str, x: &'static str, series: Vec<Series>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("charts/growth-{file}.svg"));
    let panel = Panel { title: title.to_owned(), x, y: "ns a message", series };
    if let Err(error) = draw(&path, &[panel]) {
        eprintln!("the chart could not be written: {error}");
    }
}

fn main() {
    let is_quick =
        !std::env::args().any(|arg| arg == "--bench") || std::env::args().any(|arg| arg == "--quick");
    let (rounds, less) = if is_quick { (3, 4) } else { (7, 1) };
    let began = Instant::now();

    let messages = 1_024_000 / less;
    let [by_producers] = measure(
        &[1, 2, 4, 8, 16, 32, 64, 128, 256],
        rounds,
        &[
            (DONATED, &|n| [go(producers::<donated::CounterHandle>(messages, n, CAPACITY))]),
            (QUEUED, &|n| [go(producers::<queued::CounterHandle>(messages, n, CAPACITY))]),
            (BY_HAND, &|n| [go(producers::<mpsc::Sender<Hand>>(messages, n, CAPACITY))]),
        ],
    );
    print("producers", &by_producers);

    let messages = 400_000 / less;
    let [first, later] = measure(
        &[1, 10, 100, 1_000, 10_000, 100_000],
        rounds,
        &[
            (DONATED, &|n| go(actors::<donated::CounterHandle>(n, messages))),
            (QUEUED, &|n| go(actors::<queued::CounterHandle>(n, messages))),
            (BY_HAND, &|n| go(actors::<mpsc::Sender<Hand>>(n, messages))),
        ],
    );
    print("actors", &later);
    print("actors, of the first message to each", &first);

    // Enough messages to fill it twice.
    let messages =
        |capacity: u64| if capacity < 16 { 100_000 / less } else { (400_000 / less).max(2 * capacity) };
    let [by_capacity] = measure(
        &[1, 16, 256, 4_096, 65_536, 1_000_000],
        rounds,
        &[
            (QUEUED, &|n| [go(producers::<queued::CounterHandle>(messages(n), 1, n as usize))]),
            (BY_HAND, &|n| [go(producers::<mpsc::Sender<Hand>>(messages(n), 1, n as usize))]),
        ],
    );
    print("capacity", &by_capacity);

    let messages = 400_000 / less;
    let [by_size] = measure(
        &[8, 16, 64, 256, 1024, 4096],
        rounds,
        &[
            (QUEUED, &|bytes| [by_value(bytes, messages)]),
            (BOXED, &|bytes| [boxed(bytes, messages)]),
            (BY_HAND, &|bytes| [by_value_by_hand(bytes, messages)]),
        ],
    );
    print("size in bytes", &by_size);

    if !is_quick {
        chart("producers", "A tell, by producers", "producers", by_producers);
        chart("actors", "A tell, by actors", "actors", later);
        chart("capacity", "A tell that waits for room, by capacity", "slots", by_capacity);
        chart("size", "A tell, by size of the message", "bytes", by_size);
        println!("\nThe charts are benches/charts/growth-*.svg.");
    }
    println!("\nMedians of {rounds} rounds; took {} s.", began.elapsed().as_secs());
}
