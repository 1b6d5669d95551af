//! **Question.** How many instructions does one operation take, and has the number grown?
//!
//! **Method.** callgrind counts a process that does N operations on one worker thread, and one that
//! does 2N. The difference divided by N is one operation, with its turn and tokio's part
//! (`src/callgrind.rs`). Time plays no part, so the figures hold on a busy machine too.
//! `instructions.txt` has the accepted figures; the process exits with 1 when one of this runtime's
//! is more than a tenth above it. Hand-written actors are a scale.
//! `cargo bench -p benches --bench instructions`; with `-- PART` only names that contain `PART`;
//! with `WRITE=1` before it, the file is rewritten.

use actors_core::System;
use benches::callgrind::{Cell, Wish, count, on_one_worker, wish};
use benches::{
    AsyncCounter, AsyncCounterHandle, CAPACITY, Counter, CounterHandle, Hand, QueuedCounter,
    QueuedCounterHandle, Shelf, ShelfHandle, hand, hand_ask, hand_hold, hand_total, hold,
};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio::task::yield_now;

/// Operations counted. One-time work, or work that depends on real time, is some thousands of
/// instructions per process.
const OPERATIONS: u64 = 20_000;

/// The guard's tolerance. Counts repeat to a few thousandths. Another release of the compiler, of
/// tokio or of the C library shifts them by some hundredths. A tenth is a change in this
/// repository.
const TOLERANCE: f64 = 0.1;

/// Messages that `try_send` sends before it lets the actor have its turns.
const BURST: u64 = 128;

/// Beginnings of names that the guard ignores.
const BY_HAND: &str = "by hand";

const HEAD: &str = "\
# Instructions of one operation on one worker thread: name, count.
# `cargo bench -p benches --bench instructions` compares with this file, and fails above it by more than a tenth.
# It is renewed, and then committed together with what made the difference, by
# `WRITE=1 cargo bench -p benches --bench instructions`
";

const CELLS: [Cell; 12] = [
    Cell { name: "tell, donated", run: |n| on_one_worker(tell_donated(n)) },
    Cell { name: "tell, queued", run: |n| on_one_worker(tell_queued(n)) },
    Cell { name: "tell, async fn", run: |n| on_one_worker(tell_async(n)) },
    Cell { name: "try_send", run: |n| on_one_worker(try_send(n)) },
    Cell { name: "try_send, refused", run: |n| on_one_worker(refused(n)) },
    Cell { name: "ask, donated", run: |n| on_one_worker(ask_donated(n)) },
    Cell { name: "ask, queued", run: |n| on_one_worker(ask_queued(n)) },
    Cell { name: "ask, async fn", run: |n| on_one_worker(ask_async(n)) },
    Cell { name: "by hand, tell", run: |n| on_one_worker(tell_by_hand(n)) },
    Cell { name: "by hand, try_send", run: |n| on_one_worker(try_send_by_hand(n)) },
    Cell { name: "by hand, try_send, refused", run: |n| on_one_worker(refused_by_hand(n)) },
    Cell { name: "by hand, ask", run: |n| on_one_worker(ask_by_hand(n)) },
];

/// An actor whose turns its senders may run: it has started, and is idle.
async fn idle() -> CounterHandle {
    let counter: CounterHandle = System::new("bench").spawn(Counter::default());
    assert!(counter.total().await.is_ok());
    yield_now().await;
    counter
}

async fn tell_donated(count: u64) {
    let counter = idle().await;
    for n in 0..count {
        assert!(counter.normal(n, 1).await.is_ok());
    }
    assert!(counter.reading().depth_peak <= 1, "turns were not donated");
}

async fn tell_queued(count: u64) {
    let counter: QueuedCounterHandle = System::new("bench").spawn(QueuedCounter::default());
    for n in 0..count {
        assert!(counter.normal(n, 1).await.is_ok());
    }
    assert!(counter.question(0, 0).await.is_ok());
}

async fn tell_async(count: u64) {
    let counter: AsyncCounterHandle = System::new("bench").spawn(AsyncCounter::default());
    for n in 0..count {
        assert!(counter.normal(n, 1).await.is_ok());
    }
    assert!(counter.question(0, 0).await.is_ok());
}

async fn try_send(count: u64) {
    let counter: QueuedCounterHandle = System::new("bench").spawn(QueuedCounter::default());
    for n in 0..count {
        assert!(counter.normal(n, 1).try_send().is_ok());
        while n % BURST == BURST - 1 && counter.reading().depth > 0 {
            yield_now().await;
        }
    }
    assert!(counter.question(0, 0).await.is_ok());
}

async fn refused(count: u64) {
    let shelf: ShelfHandle = System::new("bench").spawn(Shelf::default());
    let _held = hold(&shelf).await;
    for n in 0..CAPACITY as u64 {
        assert!(shelf.reject(n, 1).try_send().is_ok());
    }
    for n in 0..count {
        assert!(shelf.reject(n, 1).try_send().is_err());
    }
}

async fn ask_donated(count: u64) {
    let counter = idle().await;
    for n in 0..count {
        assert!(counter.question(n, 1).await.is_ok());
    }
}

async fn ask_queued(count: u64) {
    let counter: QueuedCounterHandle = System::new("bench").spawn(QueuedCounter::default());
    for n in 0..count {
        assert!(counter.question(n, 1).await.is_ok());
    }
}

async fn ask_async(count: u64) {
    let counter: AsyncCounterHandle = System::new("bench").spawn(AsyncCounter::default());
    for n in 0..count {
        assert!(counter.question(n, 1).await.is_ok());
    }
}

async fn tell_by_hand(count: u64) {
    let tx = hand();
    for n in 0..count {
        assert!(tx.send(Hand::Tick(n, 1)).await.is_ok());
    }
    hand_total(&tx).await;
}

async fn try_send_by_hand(count: u64) {
    let tx: mpsc::Sender<Hand> = hand();
    for n in 0..count {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
        while n % BURST == BURST - 1 && tx.capacity() < CAPACITY {
            yield_now().await;
        }
    }
    hand_total(&tx).await;
}

async fn refused_by_hand(count: u64) {
    let tx = hand();
    let _held = hand_hold(&tx).await;
    for n in 0..CAPACITY as u64 {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
    }
    for n in 0..count {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_err());
    }
}

async fn ask_by_hand(count: u64) {
    let tx = hand();
    for n in 0..count {
        hand_ask(&tx, n, 1).await;
    }
}

/// Reads lines of a name and a count.
fn read(text: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let fields = lines.filter_map(|line| line.rsplit_once(' '));
    fields.filter_map(|(name, count)| Some((name.trim().to_owned(), count.parse().ok()?))).collect()
}

fn written(counts: &[(&str, f64)]) -> String {
    let lines = counts.iter().map(|(name, count)| format!("{name:<28}{count:>8.0}\n"));
    HEAD.to_owned() + &lines.collect::<String>()
}

/// Prints the table, and returns a sentence for each problem.
fn compare(counts: &[(&str, f64)], committed: &[(String, f64)]) -> Vec<String> {
    println!("\n| instructions of one | now | committed | change |\n|---|---:|---:|---:|");
    let mut wrong = Vec::new();
    let mut is_renewable = false;
    for (name, now) in counts {
        let Some((_, was)) = committed.iter().find(|(committed, _)| committed == name) else {
            println!("| {name} | {now:.0} | – | – |");
            wrong.push(format!("`{name}` is not in benches/instructions.txt: write it anew, with WRITE=1."));
            continue;
        };
        let change = now / was - 1.0;
        println!("| {name} | {now:.0} | {was:.0} | {:+.1} % |", change * 100.0);
        let is_ours = !name.starts_with(BY_HAND);
        if is_ours && change > TOLERANCE {
            wrong.push(format!(
                "`{name}` takes {:.0} instructions more than the {was:.0} of benches/instructions.txt. See with \
                 callgrind_annotate what they are, and do without them; or, if they are worth it, write the file anew \
                 with WRITE=1 and say in the commit what they buy.",
                now - was
            ));
        }
        is_renewable |= is_ours && change < -TOLERANCE;
    }
    if is_renewable {
        println!(
            "\nSome take over a tenth less than before: write benches/instructions.txt anew, with WRITE=1, so that it stays so."
        );
    }
    wrong
}

fn main() -> ExitCode {
    let Wish::Counts(cells) = wish(CELLS) else { return ExitCode::SUCCESS };
    let counts = match count(&cells, OPERATIONS) {
        Ok(counts) => counts,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let counts: Vec<_> = cells.iter().map(|cell| cell.name).zip(counts).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    let committed = read(&fs::read_to_string(&path).unwrap_or_default());
    let wrong = compare(&counts, &committed);
    if std::env::var_os("WRITE").is_some() {
        if cells.len() < CELLS.len() {
            eprintln!("\nThe file has all of them: leave the part of a name out to write it.");
            return ExitCode::FAILURE;
        }
        return match fs::write(&path, written(&counts)) {
            Ok(()) => {
                println!("\nbenches/instructions.txt is written anew.");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("\nbenches/instructions.txt could not be written: {error}");
                ExitCode::FAILURE
            }
        };
    }
    wrong.iter().for_each(|sentence| eprintln!("\n{sentence}"));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
