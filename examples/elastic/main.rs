//! A pool of workers under pressure: when more of them help, how it finds out that they do not, what it does then, and how it
//! comes back.
//!
//! ```text
//!   cargo run --release --example elastic                       half a minute; writes target/elastic.svg
//!   cargo run --release --example elastic -- --quick out.svg    half of that
//! ```
//!
//! # What happens
//!
//! ```text
//!             calm │ rush hour        │ rush hour, downstream is slow           │ calm again         │ silence
//!   jobs/s      40 │ 500              │ 500                                     │ 40                 │ 0
//!                  │                  │    ┌┐ 8: no gain, back                  │                    │
//!   workers        │  ┌───────────────┼────┘└───────────────────────────────────┼────────────────────┼──┐
//!          ────────┼──┘ 4: they stay  │                                         │                    │  └──── 1
//!                  │                  │ ───┐                                    │             ┌──────┼───────
//!   admitted  ─────┼──────────────────┘    └── reports, then thumbnails ────────┼─────────────┘      │
//!                  │                  │        orders and imports never         │                    │
//! ```
//!
//! A pool grows by arithmetic and keeps what it grew by evidence. By arithmetic: 500 jobs a second, each of which takes a worker
//! six milliseconds, occupy three workers (Little's law: L = λ · W), and four so that they are not always busy. By evidence: the
//! new workers are on trial; a moment later the pool handles four times as much, so they stay.
//!
//! Then the service behind it becomes slow: two calls at once, whoever calls. In the pool that looks exactly like too few workers:
//! the queue grows, everybody is busy. The arithmetic says eight. But eight workers handle no more than four, they
//! only wait in front of the downstream instead of in the mailbox, where at least priorities hold; so the trial fails and they end.
//! *A pool that only looks at its backlog would now grow until nothing works any more*, and would take the downstream with it: the more
//! call it, the slower it is.
//!
//! What is left is to do less. Nobody tells the pool how much it can take, and it does not need to know: while there is pressure the
//! share of messages that is admitted shrinks by a twentieth every 50 ms, otherwise it grows by a hundredth. Whoever is
//! refused is refused before the mailbox, at the price of a comparison, and is told when to come back. Lowest priority first:
//! reports that nobody reads before tomorrow, then thumbnails. Orders would be last; they pass, and nearly as quickly as ever. Imports,
//! whose type says `block`, are never refused, but wait.
//!
//! When it is over nobody has to do anything: what was engaged last is released first. The share grows back to all, and
//! workers that were not needed for `keep_alive` end, also when no message ever comes again.
//!
//! # What to read
//!
//! [`pool`] declares all this, in one attribute and four words on messages. [`drive`] is the load, [`watch`] what can be seen from
//! outside, [`verdict`] the promises: the program fails when one of them is not kept.

mod chart;
mod drive;
mod phase;
mod pool;
mod verdict;
mod watch;

use crate::drive::Sent;
use crate::phase::{Account, Phase};
use crate::pool::{Done, Downstream, Jobs, JobsHandle, Kind};
use crate::watch::Seen;
use actors_core::Level;
use actors_core::prelude::*;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the pool may take to end its last worker but one when nobody sends any more: five times `keep_alive`.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// A pool of workers that grows, finds out that growing does not help, sheds, and recovers.
#[derive(Debug, Parser)]
struct Cli {
    /// Where the chart is written
    #[arg(default_value = "target/elastic.svg")]
    chart: PathBuf,
    /// In half of the time
    #[arg(long)]
    quick: bool,
}

/// What there is to be judged.
#[derive(Debug)]
struct Run {
    /// When each phase began, in seconds, and its name.
    phases: Vec<(f64, &'static str)>,
    accounts: Vec<[Account; 4]>,
    seen: Seen,
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let cli = Cli::parse();
    let system = System::new("elastic");
    let downstream = Arc::new(Downstream::new(100, Duration::from_millis(5)));
    let done = Arc::new(Done::new()?);
    let (calls, times) = (downstream.clone(), done.clone());
    let make = move || Jobs { downstream: calls.clone(), done: times.clone() };
    let jobs: JobsHandle = system.actor(make).name("jobs").spawn()?;
    let sent = Arc::new(Sent::default());

    let began = Instant::now();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let watching = tokio::spawn(watch::watch(system.clone(), jobs.clone(), began, async {
        // Fails when the other end is gone: then there is nothing to see either.
        let _ = stopped.await;
    }));
    let (mut phases, mut accounts) = (Vec::new(), Vec::new());
    for phase in Phase::all(cli.quick) {
        phase.announce();
        phases.push((began.elapsed().as_secs_f64(), phase.name));
        downstream.set(phase.at_once, phase.takes);
        let before = jobs.ledger();
        drive::drive(&jobs, &sent, phase.rate, phase.length).await;
        let after = jobs.ledger();
        let account = Kind::ALL.map(|kind| Account::between(kind, &before, &after));
        phase::print(&account, &done.take(), phase.length);
        accounts.push(account);
    }
    println!("\n── silence");
    phases.push((began.elapsed().as_secs_f64(), "silence"));
    let is_at_rest = silence(&jobs).await;
    let _ = stop.send(());
    let run = Run { phases, accounts, seen: watching.await? };

    let report = system.shutdown(Duration::from_secs(5)).await;
    println!("\n{}shutdown: {report}\n", jobs.ledger());
    chart::draw(&cli.chart, &run)?;
    println!("chart: {}", cli.chart.display());
    let is_well = verdict::print(&run, &sent, &jobs.ledger(), is_at_rest);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until one worker is left and nothing is amiss; `false` when that does not come.
async fn silence(jobs: &JobsHandle) -> bool {
    let end = Instant::now() + SILENCE_MAX;
    while Instant::now() < end {
        let reading = jobs.reading();
        if reading.workers == 1 && reading.level == Level::Calm && reading.depth + reading.waiting == 0 {
            // A little of the end is to be seen in the chart.
            tokio::time::sleep(Duration::from_secs(2)).await;
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
