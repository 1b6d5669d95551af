//! **Question.** What does each overflow policy cost the sender, with room and without, and does
//! the cost depend on the queue's length? None may be O(n): from 16 to 1,000,000 a line may rise
//! with cache misses, but not by factors of 60,000.
//!
//! **Method.** The mailbox alone, as a channel, on one thread: `try_send`, while no receiver takes.
//! *Room*: an empty queue is filled to its capacity. *Full*: the queue is as full as it can be for
//! a new message, and the policy decides; every outcome is asserted. The figure is the time of one
//! send in nanoseconds: the median of several rounds, each on fresh queues and with the policies
//! interleaved. tokio's `mpsc`, which can only refuse, is the baseline of both.
//! `cargo bench -p benches --bench policies`, with `-- --quick` for a first impression; writes
//! `charts/policies.svg`.

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::{
    Admission, Priority,
    policy::{Overflow, Policy, Settings},
};
use benches::chart::{Panel, Series, draw};
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const LENGTHS: [usize; 5] = [16, 256, 4096, 65_536, 1_000_000];
/// The minimal number of sends timed in a round. Short queues are measured several at a time.
const BATCH: usize = 4096;
/// The weight of every value, in bytes.
const WEIGHT: usize = 16;

/// The class under test, and a lower one that may be evicted.
const TESTED: usize = 0;
const LOWER: usize = 1;

struct Work {
    class: usize,
    key: u64,
}

impl Item for Work {
    fn class(&self) -> usize {
        self.class
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }

    fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> usize {
        WEIGHT
    }
}

/// The resource that is short in the full queue.
#[derive(Clone, Copy)]
enum Short {
    Slots,
    /// The type's own `max`, a quarter of the slots.
    Max,
    Bytes,
}

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    list: &'static [Overflow],
    short: Short,
    /// The content of the full queue.
    filler: usize,
    /// New messages have keys that are queued.
    known: bool,
    /// `None`: refused.
    expected: Option<Admission>,
}

const fn case(name: &'static str, list: &'static [Overflow], expected: Option<Admission>) -> Case {
    Case { name, list, short: Short::Slots, filler: TESTED, known: false, expected }
}

const CASES: [Case; 12] = {
    use Admission::{Conflated, Displaced, Dropped};
    use Overflow::{Block, Conflate, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    let evict = case("evict_lower", &[EvictLower], Some(Displaced));
    let list = case("[drop_oldest, evict_lower, block]", &[DropOldest, EvictLower, Block], Some(Displaced));
    let known = case("conflate, known key", &[Conflate], Some(Conflated));
    let quota = case("drop_oldest, at its max", &[DropOldest], Some(Displaced));
    let bytes = case("drop_oldest, no bytes", &[DropOldest], Some(Displaced));
    let random = case("drop_random, no bytes", &[DropRandom], Some(Displaced));
    [
        case("block (try_send)", &[Block], None),
        case("reject", &[Reject], None),
        case("drop_newest", &[DropNewest], Some(Dropped)),
        case("drop_oldest", &[DropOldest], Some(Displaced)),
        case("drop_random", &[DropRandom], Some(Displaced)),
        Case { filler: LOWER, ..evict },
        Case { filler: LOWER, ..list },
        case("conflate, new key", &[Conflate], Some(Displaced)),
        Case { known: true, ..known },
        Case { short: Short::Max, ..quota },
        Case { short: Short::Bytes, ..bytes },
        Case { short: Short::Bytes, ..random },
    ]
};

impl Case {
    fn queue(&self, length: usize) -> (Sender<Work>, Receiver<Work>) {
        let mut policy = Policy::tell().overflow(self.list);
        if self.list.contains(&Overflow::Conflate) {
            policy = policy.keyed();
        }
        let mut settings = Settings::new().capacity(length).reserve(0).seed(1);
        match self.short {
            Short::Slots => {}
            Short::Max => policy = policy.max(length.div_ceil(4)),
            Short::Bytes => settings = settings.capacity(2 * length).max_bytes(length * WEIGHT),
        }
        let lower = Policy::tell().priority(Priority::Low).overflow(&[Overflow::DropNewest]);
        let classes = vec![Class::new("tested", policy), Class::new("lower", lower)];
        channel(settings, classes).unwrap_or_else(|why| panic!("{}: {why}", self.name))
    }

    /// The number of values that fill it.
    fn full(&self, length: usize) -> usize {
        if matches!(self.short, Short::Max) { length.div_ceil(4) } else { length }
    }

    /// Nanoseconds per send, into queues of this length that have room.
    fn room(&self, length: usize) -> f64 {
        let full = self.full(length);
        let queues: Vec<_> = (0..BATCH.div_ceil(full)).map(|_| self.queue(length)).collect();
        time(queues.len() * full, || {
            for (tx, _rx) in &queues {
                for key in 0..full as u64 {
                    assert_eq!(tx.try_send(Work { class: TESTED, key }).ok(), Some(Admission::Queued));
                }
            }
        })
    }

    /// Nanoseconds per send, into full queues of this length.
    fn full_queue(&self, length: usize) -> f64 {
        let full = self.full(length);
        // At most as many as can be evicted.
        let each = full.min(BATCH) as u64;
        let queues: Vec<_> = (0..BATCH.div_ceil(full)).map(|_| self.queue(length)).collect();
        for (tx, _rx) in &queues {
            for key in 0..full as u64 {
                let sent = tx.try_send(Work { class: self.filler, key });
                assert_eq!(sent.ok(), Some(Admission::Queued), "{}", self.name);
            }
        }
        let first = if self.known { 0 } else { full as u64 };
        time(queues.len() * each as usize, || {
            for (tx, _rx) in &queues {
                for key in first..first + each {
                    assert_eq!(tx.try_send(Work { class: TESTED, key }).ok(), self.expected, "{}", self.name);
                }
            }
        })
    }
}

fn time(sends: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_nanos() as f64 / sends as f64
}

/// tokio's channel: with room, and full.
fn by_hand(length: usize, is_full: bool) -> f64 {
    let queues: Vec<_> = (0..BATCH.div_ceil(length)).map(|_| mpsc::channel::<Work>(length)).collect();
    let fill = |times: usize| {
        for (tx, _rx) in &queues {
            for key in 0..times as u64 {
                let _ = black_box(tx.try_send(Work { class: TESTED, key }));
            }
        }
    };
    if !is_full {
        return time(queues.len() * length, || fill(length));
    }
    fill(length);
    let each = length.min(BATCH);
    time(queues.len() * each, || fill(each))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Medians of `rounds` rounds in which every contestant runs once: a line per name, a column per
/// length.
fn measure(rounds: usize, is_full: bool) -> Vec<(&'static str, Vec<f64>)> {
    let mut lines: Vec<_> = CASES.iter().map(|case| (case.name, Vec::new())).collect();
    lines.push(("by hand, tokio mpsc", Vec::new()));
    for length in LENGTHS {
        let mut seen = vec![Vec::new(); lines.len()];
        for _ in 0..rounds {
            for (case, seen) in CASES.iter().zip(&mut seen) {
                seen.push(if is_full { case.full_queue(length) } else { case.room(length) });
            }
            seen[CASES.len()].push(by_hand(length, is_full));
        }
        for (line, seen) in lines.iter_mut().zip(seen) {
            line.1.push(median(seen));
        }
    }
    lines
}

fn print(title: &str, lines: &[(&str, Vec<f64>)]) {
    let heads: Vec<_> = LENGTHS.iter().map(|length| format!(" {length} |")).collect();
    println!("\n| {title} |{}\n|---|{}", heads.concat(), "---:|".repeat(LENGTHS.len()));
    for (name, figures) in lines {
        let cells: Vec<_> = figures.iter().map(|ns| format!(" {ns:.0} |")).collect();
        println!("| {name} |{}", cells.concat());
    }
}

fn panel(title: &str, lines: &[(&str, Vec<f64>)]) -> Panel {
    let series = lines.iter().map(|(name, figures)| Series {
        name: (*name).to_owned(),
        points: LENGTHS.iter().map(|length| *length as f64).zip(figures.iter().copied()).collect(),
    });
    Panel { title: title.to_owned(), x: "messages queued", y: "ns a send", series: series.collect() }
}

fn main() {
    let is_quick = std::env::args().any(|arg| arg == "--quick");
    let rounds = if is_quick { 3 } else { 9 };
    let began = Instant::now();
    let (room, full) = (measure(rounds, false), measure(rounds, true));
    println!("Nanoseconds a send, medians of {rounds} rounds, by slots of the queue.");
    print("room", &room);
    print("full", &full);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/policies.svg");
    let panels = [panel("A send with room", &room), panel("A send without room", &full)];
    match draw(&path, &panels) {
        Ok(()) => println!("\nThe chart is benches/charts/policies.svg."),
        Err(error) => eprintln!("the chart could not be written: {error}"),
    }
    println!("Took {:?}.", Duration::from_secs(began.elapsed().as_secs()));
}
