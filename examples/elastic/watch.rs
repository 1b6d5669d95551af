//! The view from outside during the run: decisions as sentences, and samples for the chart.

use crate::pool::{JobsHandle, Kind};
use actors_core::prelude::*;
use actors_core::{
    Reason,
    observe::{Decision, Level},
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
    let mut counts = VecDeque::from([counted(&jobs)]);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    for look in 0_u32.. {
        tokio::select! {
            () = &mut until => break,
            _ = ticks.tick() => {}
        }
        seen.listen(&system, began);
        if look % LOOKS == 0 {
            let now = counted(&jobs);
            seen.samples.push(sample(&jobs, began, &counts[0], &now));
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

/// Cumulative counts of offered and shed messages, by kind.
fn counted(jobs: &JobsHandle) -> [(u64, u64); 4] {
    let ledger = jobs.ledger();
    Kind::ALL.map(|kind| {
        let row = kind.row(&ledger);
        (row.offered, row.refused(Reason::Shed))
    })
}

fn sample(jobs: &JobsHandle, began: Instant, then: &[(u64, u64); 4], now: &[(u64, u64); 4]) -> Sample {
    let reading = jobs.reading();
    let admitted = Kind::ALL.map(|kind| {
        let ((offered, shed), (offered_then, shed_then)) = (now[kind as usize], then[kind as usize]);
        let offered = offered - offered_then;
        (offered > 0).then(|| 1.0 - (shed - shed_then) as f64 / offered as f64)
    });
    Sample {
        at: began.elapsed().as_secs_f64(),
        depth: reading.depth,
        waiting: reading.waiting,
        workers: reading.workers,
        busy: reading.workers_busy,
        level: reading.level,
        admitted,
    }
}
