//! The storm: how the shop behaves when it is offered many times the load it can handle.
//!
//! ```text
//!   measure ──► capacity            a closed loop: 64 callers, each waits for its answer
//!   drive   ──► K × capacity        an open loop: a thread of its own sends by the clock, whatever the shop does
//!   report  ◄── tally, books, memory, and the file itself
//! ```
//!
//! A closed loop cannot overload anything, because its callers slow down with the shop. The storm
//! is therefore an open loop, and latency counts from the instant at which a message *should* have
//! been sent.

mod decisions;
mod drive;
mod measure;
mod memory;
mod report;
mod tally;

use crate::cli::{Cli, Mix};
use crate::db::DbFile;
use crate::page;
use crate::service::Service;
use actors_core::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// The parameters of a storm.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Charges per second that the shop answers when it is never idle and never flooded.
    capacity: f64,
    times: f64,
    length: Duration,
    mix: Mix,
    /// How much slower a write is in the middle third.
    slow_db: Option<Duration>,
}

impl Plan {
    /// Messages per second.
    fn rate(&self) -> f64 {
        self.capacity * self.times
    }
}

/// Measures, drives and reports. Returns `true` when every message is accounted for and every
/// receipt is in the file.
pub(crate) async fn run(cli: &Cli, times: f64, file: &DbFile) -> Result<bool, BoxError> {
    let capacity = measure::capacity(&file.beside()).await?;
    let plan = Plan {
        capacity,
        times,
        length: Duration::from_secs(cli.seconds),
        mix: cli.mix,
        slow_db: cli.slow_db,
    };
    println!(
        "capacity: {capacity:.0} charges/s; storm: {times} times as much, {:.0} messages/s for {} s",
        plan.rate(),
        cli.seconds
    );
    let service = Service::open(file).await?;
    let page = page::open(cli, &service).await?;
    let known = file.ids()?.len();
    let began = tokio::time::Instant::now();
    let memory = memory::Watch::start(plan.length);
    let driver = service.clone();
    let tally = tokio::task::spawn_blocking(move || drive::on_own_thread(driver, plan)).await??;
    let memory = memory.stop().await?;
    let decided = decisions::Decided::new(service.system.decisions(), began);
    let books = service.close().await;
    if let Some(page) = page {
        page.await??;
    }
    let orders = file.ids()?.split_off(known);
    Ok(report::print(&plan, &tally, &memory, &decided, &books, &orders))
}

/// A progress bar that fills with time.
fn progress(what: &'static str, length: Duration) -> ProgressBar {
    let ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{msg:>9} [{bar:40}] {pos} of {len} ms")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(ms).with_style(style).with_message(what)
}
