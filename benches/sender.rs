//! **Question.** What do donated turns cost the sender? They save the way through the queue, but
//! add the turn. How long does an awaited send take, usually and at worst, when handlers are longer
//! than they should be, or uneven?
//!
//! **Method.** One task sends, and times each of its awaited sends, from the call until it
//! continues. Handlers spin: not at all, for 1 to 50 µs, or mostly not at all and occasionally for
//! long, in the same random order for every contestant. *Paced*: a send every 100 µs, so that the
//! actor is idle; in between the task yields, so that the actor has its turns. *Flat out*: one send
//! after the other; the figures then include waits for room in the mailbox of 1024. *Donated* is
//! the share of turns that the sender ran: a handler knows by the id of its task. Two workers; the
//! contestants run one after the other, several times, and a figure covers all sends of a
//! contestant. All figures include a clock read of some 30 ns.
//! `cargo bench -p benches --bench sender`, with `-- --quick` for a first impression.

use actors_core::prelude::*;
use benches::runtime;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, yield_now};

/// The time between two sends of a paced sender.
const PACE: Duration = Duration::from_micros(100);

/// The approximate time for the sends of one run, and their maximal number.
const GO: Duration = Duration::from_millis(300);
const MOST: u64 = 100_000;

/// The work of a handler: usually one thing, and occasionally another.
#[derive(Clone, Copy, Debug)]
struct Work {
    name: &'static str,
    usual: Duration,
    rare: Duration,
    /// In a hundred.
    rarely: u64,
}

const fn even(name: &'static str, micros: u64) -> Work {
    let usual = Duration::from_micros(micros);
    Work { name, usual, rare: usual, rarely: 0 }
}

const fn uneven(name: &'static str, rarely: u64, micros: u64) -> Work {
    Work { name, usual: Duration::ZERO, rare: Duration::from_micros(micros), rarely }
}

const WORKS: [Work; 7] = [
    even("nothing", 0),
    even("1 µs", 1),
    even("4 µs", 4),
    even("10 µs", 10),
    even("50 µs", 50),
    uneven("nothing, 1 in 100 50 µs", 1, 50),
    uneven("nothing, 10 in 100 20 µs", 10, 20),
];

impl Work {
    /// The work of the next turn. The order is random enough not to correlate with other intervals.
    fn next(&self, dice: &mut u64) -> Duration {
        // Knuth's MMIX generator. Its high bits are the better ones.
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (*dice >> 33) % 100 < self.rarely { self.rare } else { self.usual }
    }

    /// The number of sends in a run.
    fn sends(&self, is_paced: bool) -> u64 {
        let mean = (self.usual * (100 - self.rarely) as u32 + self.rare * self.rarely as u32) / 100;
        let each = if is_paced { PACE } else { mean };
        let fit = GO.as_nanos() / each.as_nanos().max(1);
        MOST.min(u64::try_from(fit).unwrap_or(MOST))
    }
}

fn spin(span: Duration) {
    if span > Duration::ZERO {
        let began = Instant::now();
        while began.elapsed() < span {
            std::hint::spin_loop();
        }
    }
}

/// An actor that works, and counts how many of its turns its sender ran.
trait Worker: Send + Sync + 'static {
    fn start(sender: task::Id) -> Self;
    fn work(&self, span: Duration) -> impl Future<Output = bool> + Send;
    /// How many turns the sender ran, once all are over.
    fn donated(&self) -> impl Future<Output = Option<u64>> + Send;
}

/// An actor of this runtime in a module of its own, from the words of the actor.
macro_rules! worker {
    ($module:ident $(, $($word:tt)+)?) => {
        mod $module {
            use super::*;

            pub(super) struct Spinner {
                sender: task::Id,
                donated: u64,
            }

            #[actor(capacity = 1024, reserve = 0, vis = pub(super) $(, $($word)+)?)]
            impl Spinner {
                #[message(overflow = block)]
                fn turn(&mut self, span: Duration) {
                    self.donated += u64::from(task::try_id() == Some(self.sender));
                    spin(span);
                }

                #[message(overflow = block, inline = never)]
                fn total(&mut self) -> u64 {
                    self.donated
                }
            }

            impl Worker for SpinnerHandle {
                fn start(sender: task::Id) -> Self {
                    System::new("bench").spawn(Spinner { sender, donated: 0 })
                }

                async fn work(&self, span: Duration) -> bool {
                    self.turn(span).await.is_ok()
                }

                async fn donated(&self) -> Option<u64> {
                    self.total().await.ok()
                }
            }
        }
    };
}

worker!(auto);
worker!(never, inline = never);

enum Hand {
    Turn(Duration),
    Total(oneshot::Sender<u64>),
}

impl Worker for mpsc::Sender<Hand> {
    fn start(_: task::Id) -> Self {
        let (tx, mut rx) = mpsc::channel(1024);
        tokio::spawn(async move {
            while let Some(message) = rx.recv().await {
                match message {
                    Hand::Turn(span) => spin(span),
                    Hand::Total(reply) => drop(reply.send(0)),
                }
            }
        });
        tx
    }

    async fn work(&self, span: Duration) -> bool {
        self.send(Hand::Turn(span)).await.is_ok()
    }

    async fn donated(&self) -> Option<u64> {
        let (reply, answer) = oneshot::channel();
        self.send(Hand::Total(reply)).await.ok()?;
        answer.await.ok()
    }
}

/// The time that a contestant's sends took.
#[derive(Debug, Default)]
struct Seen {
    spans: Vec<Duration>,
    donated: u64,
}

async fn send<W: Worker>(work: Work, is_paced: bool, sends: u64) -> Seen {
    let worker = W::start(task::id());
    for _ in 0..1000 {
        assert!(worker.work(work.usual).await);
    }
    let before = worker.donated().await.unwrap_or(0);
    yield_now().await;
    let mut spans = Vec::with_capacity(sends as usize);
    let mut dice = 1;
    let mut due = Instant::now();
    for _ in 0..sends {
        while is_paced && Instant::now() < due {
            yield_now().await;
        }
        let span = work.next(&mut dice);
        let began = Instant::now();
        assert!(worker.work(span).await);
        spans.push(began.elapsed());
        due = began + PACE;
    }
    let donated = worker.donated().await.unwrap_or(0) - before;
    Seen { spans, donated }
}

fn go<W: Worker>(work: Work, is_paced: bool, sends: u64) -> Seen {
    let rt = runtime();
    rt.block_on(rt.spawn(send::<W>(work, is_paced, sends)))
        .unwrap_or_else(|error| panic!("a measurement failed: {error}"))
}

/// Runs a contestant once.
type Go = fn(Work, bool, u64) -> Seen;

const CONTESTANTS: [(&str, Go); 3] = [
    ("actor, inline = auto", go::<auto::SpinnerHandle>),
    ("actor, inline = never", go::<never::SpinnerHandle>),
    ("by hand, tokio mpsc", go::<mpsc::Sender<Hand>>),
];

fn print(title: &str, is_paced: bool, rounds: usize, less: u64) {
    println!("\n| {title}: µs a send, handler | | donated | mean | p50 | p99 | p99.9 | most |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for work in WORKS {
        let mut seen = CONTESTANTS.map(|_| Seen::default());
        for round in 0..rounds {
            for turn in 0..CONTESTANTS.len() {
                let who = (round + turn) % CONTESTANTS.len();
                let one = CONTESTANTS[who].1(work, is_paced, work.sends(is_paced) / less);
                seen[who].spans.extend(one.spans);
                seen[who].donated += one.donated;
            }
        }
        for ((name, _), Seen { mut spans, donated }) in CONTESTANTS.iter().zip(seen) {
            spans.sort_unstable();
            let count = spans.len();
            let micros = |span: Duration| span.as_nanos() as f64 / 1e3;
            let at = |part: f64| micros(spans[((count as f64 * part).ceil() as usize).clamp(1, count) - 1]);
            let mean = micros(spans.iter().sum::<Duration>()) / count as f64;
            println!(
                "| {} | {name} | {:.0} % | {mean:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
                work.name,
                donated as f64 / count as f64 * 100.0,
                at(0.5),
                at(0.99),
                at(0.999),
                at(1.0)
            );
        }
    }
}

fn main() {
    let has = |arg: &str| std::env::args().any(|given| given == arg);
    // Run as a test, it does the same with fewer sends.
    let (rounds, less) = if has("--quick") || !has("--bench") { (1, 2) } else { (3, 1) };
    let began = Instant::now();
    print("paced", true, rounds, less);
    print("flat out", false, rounds, less);
    println!("\nTook {} s.", began.elapsed().as_secs());
}
