//! The view from outside during the run: decisions as sentences, and samples for the chart.

use crate::pool::{JobsHandle, Kind};
use actors_core::prelude::*;
use actors_core::{
    Reason,
    observe::{Decision, Histogram, Histograms, Level},
};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How often new decisions are read.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Reads of decisions per sample.
const LOOKS: u32 = 5;
/// Samples over which the admitted share is averaged.
const AVERAGED: usize = 10;

/// The values at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Seconds since the beginning.
    pub(crate) at: f64,
    pub(crate) depth: usize,
    pub(crate) waiting: usize,
    pub(crate) workers: usize,
    pub(crate) busy: usize,
    pub(crate) level: Level,
    /// Messages offered and handled a second, over the last second.
    pub(crate) offered: f64,
    pub(crate) handled: f64,
    /// How long 99 % of the last second's messages had been queued at most when their turns began,
    /// in milliseconds, by kind; `None` without turns.
    pub(crate) queued_ms: [Option<f64>; 4],
    /// The share of the last second's messages that was not shed, by kind; `None` without messages.
    pub(crate) admitted: [Option<f64>; 4],
}

/// All samples and decisions.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) samples: Vec<Sample>,
    /// With the seconds since the beginning.
    pub(crate) decisions: Vec<(f64, Decision)>,
}

/// Samples until `until` resolves. Prints each decision when it appears.
pub(crate) async fn watch(
    system: System,
    jobs: JobsHandle,
    began: Instant,
    until: impl Future<Output = ()>,
) -> Seen {
    let mut until = std::pin::pin!(until);
    let mut seen = Seen::default();
    let mut counts = VecDeque::from([Counts::read(&system, &jobs, began)]);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    for look in 0_u32.. {
        tokio::select! {
            () = &mut until => break,
            _ = ticks.tick() => {}
        }
        seen.listen(&system, began);
        if look % LOOKS == 0 {
            let now = Counts::read(&system, &jobs, began);
            seen.samples.push(sample(&jobs, &counts[0], &now));
            counts.push_back(now);
            if counts.len() > AVERAGED {
                counts.pop_front();
            }
        }
    }
    seen.listen(&system, began);
    seen
}

impl Seen {
    /// Prints the decisions since the last call.
    fn listen(&mut self, system: &System, began: Instant) {
        let known = self.decisions.last().map_or(0, |(_, last)| last.serial);
        for decision in system.decisions().into_iter().filter(|decision| decision.serial > known) {
            let at = (decision.at - began).as_secs_f64();
            println!("{at:7.2} s  {decision}");
            self.decisions.push((at, decision));
        }
    }
}

/// Cumulative counts.
struct Counts {
    /// Seconds since the beginning.
    at: f64,
    /// Offered and shed messages, by kind.
    by_kind: [(u64, u64); 4],
    handled: u64,
    /// Queue times of each message type.
    queued: [Option<Histogram>; 4],
}

impl Counts {
    fn read(system: &System, jobs: &JobsHandle, began: Instant) -> Self {
        let ledger = jobs.ledger();
        let by_kind = Kind::ALL.map(|kind| {
            let row = kind.row(&ledger);
            (row.offered, row.refused(Reason::Shed))
        });
        let times = system.histograms().map(Histograms::rows).unwrap_or_default();
        Counts {
            at: began.elapsed().as_secs_f64(),
            by_kind,
            handled: ledger.total().handled,
            queued: Kind::ALL.map(|kind| {
                let name = kind.row(&ledger).message;
                times.iter().find(|times| times.message == name).map(|times| times.queued.clone())
            }),
        }
    }

    fn offered(&self) -> u64 {
        self.by_kind.iter().map(|(offered, _)| offered).sum()
    }

    /// The queue time that 99 % of the messages of a kind since `then` did not exceed.
    fn queued_ms(&self, then: &Counts, kind: Kind) -> Option<f64> {
        let now = self.queued[kind as usize].as_ref()?;
        let p99 = match &then.queued[kind as usize] {
            Some(then) => now.since(then).quantile(0.99),
            None => now.quantile(0.99),
        };
        p99.map(|time| time.as_secs_f64() * 1000.0)
    }
}

fn sample(jobs: &JobsHandle, then: &Counts, now: &Counts) -> Sample {
    let reading = jobs.reading();
    let admitted = Kind::ALL.map(|kind| {
        let ((offered, shed), (offered_then, shed_then)) =
            (now.by_kind[kind as usize], then.by_kind[kind as usize]);
        let offered = offered - offered_then;
        (offered > 0).then(|| 1.0 - (shed - shed_then) as f64 / offered as f64)
    });
    // The first second is not over at the beginning.
    let over = (now.at - then.at).max(AVERAGED as f64 * f64::from(LOOKS) * LOOK_EVERY.as_secs_f64());
    let a_second = |now: u64, then: u64| (now - then) as f64 / over;
    Sample {
        at: now.at,
        depth: reading.depth,
        waiting: reading.waiting,
        workers: reading.workers,
        busy: reading.workers_busy,
        level: reading.level,
        offered: a_second(now.offered(), then.offered()),
        handled: a_second(now.handled, then.handled),
        queued_ms: Kind::ALL.map(|kind| now.queued_ms(then, kind)),
        admitted,
    }
}
