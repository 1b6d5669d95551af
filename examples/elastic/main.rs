//! A pool of workers under pressure: when more workers help, how the supervisor finds that they do
//! not, what it does then, and how the pool recovers.
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
//! A pool grows by arithmetic, and keeps what it grew by evidence. The arithmetic is Little's law
//! (L = λ · W): 500 jobs a second that each take a worker six milliseconds occupy three workers,
//! and four leave some slack. The evidence is a trial: a moment later the pool handles four times
//! as much, so the new workers stay.
//!
//! Then the service behind the pool becomes slow: two calls at once, for all callers together. From
//! within the pool this looks like too few workers: the queue grows and every worker is busy. The
//! arithmetic asks for eight. But eight workers handle no more than four. They only wait at the
//! downstream instead of in the mailbox, where at least priorities apply. So the trial fails and
//! they retire. *A pool that only looks at its backlog would grow until nothing works any more*,
//! and would take the downstream with it, which gets slower with each caller.
//!
//! What is left is to do less. The pool needs no setting for how much it can handle: under pressure
//! the admitted share shrinks by a twentieth every 50 ms, and otherwise it grows by a hundredth. A
//! refused sender is refused before the mailbox, at the cost of a comparison, and learns when to
//! try again. The lowest priority goes first: reports that are read tomorrow, then thumbnails.
//! Orders would be last; they pass, nearly as fast as before. Imports are of a `block` type: they
//! are never refused, but wait.
//!
//! The recovery is automatic: the action that engaged last is released first. The share grows back
//! to all, and workers that were not needed for `keep_alive` retire, also when no further message
//! arrives.
//!
//! # What to read
//!
//! [`pool`] declares all this, in one attribute and four words on messages. [`drive`] is the load,
//! [`watch`] is what an observer sees, and [`verdict`] checks the promises: the program fails when
//! one of them is broken.

mod chart;
mod chart_file;
mod drive;
mod phase;
mod pool;
mod verdict;
mod watch;

use crate::drive::Sent;
use crate::phase::{Account, Phase};
use crate::pool::{Done, Downstream, Jobs, JobsHandle, Kind};
use crate::watch::Seen;
use actors_core::observe::Level;
use actors_core::prelude::*;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the pool may take to retire all workers but one when no messages arrive: five times
/// `keep_alive`.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// A pool of workers that grows, finds that growing does not help, sheds load, and recovers.
#[derive(Debug, Parser)]
struct Cli {
    /// Where the chart is written
    #[arg(default_value = "target/elastic.svg")]
    chart: PathBuf,
    /// Runs in half of the time
    #[arg(long)]
    quick: bool,
}

/// The data that is judged.
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
    // Every turn is sampled: there are five hundred a second.
    let system = System::builder("elastic").histograms(1).build();
    let downstream = Arc::new(Downstream::new(100, Duration::from_millis(5)));
    let done = Arc::new(Done::new()?);
    let (calls, times) = (downstream.clone(), done.clone());
    let make = move || Jobs { downstream: calls.clone(), done: times.clone() };
    let jobs: JobsHandle = system.actor(make).name("jobs").spawn()?;
    let declared = system.effective("jobs").unwrap_or_default();
    let sent = Arc::new(Sent::default());

    let began = Instant::now();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let watching = tokio::spawn(watch::watch(system.clone(), jobs.clone(), began, async {
        // Fails when the other end is gone. Then there is nothing left to observe either.
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
    chart::draw(&cli.chart, &run, &declared)?;
    println!("chart: {}", cli.chart.display());
    let is_well = verdict::print(&run, &sent, &jobs.ledger(), is_at_rest);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until one worker is left and the pool is calm. Returns `false` when that does not happen.
async fn silence(jobs: &JobsHandle) -> bool {
    let end = Instant::now() + SILENCE_MAX;
    while Instant::now() < end {
        let reading = jobs.reading();
        if reading.workers == 1 && reading.level == Level::Calm && reading.depth + reading.waiting == 0 {
            // The chart shows some of the end.
            tokio::time::sleep(Duration::from_secs(2)).await;
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
