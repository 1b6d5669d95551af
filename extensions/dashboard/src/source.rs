//! What the dashboard takes from the core, apart from a visit of the actors.

use actors_core::System;
use actors_core::observe::{DecisionSnapshot, Histogram, TypeTimes};
use serde::Serialize;
use std::collections::VecDeque;

/// The decisions after the one with this serial number, oldest first.
pub(crate) fn decisions(system: &System, since: u64) -> Vec<DecisionSnapshot> {
    let all = system.decisions();
    all.iter().filter(|decision| decision.serial > since).map(DecisionSnapshot::from).collect()
}

/// The number of the newest decision: each one counts once.
pub(crate) fn last_decision(system: &System) -> u64 {
    system.decision_counts().map(|(_, count)| count).sum()
}

/// Times of sampled turns, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    samples: u64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
}

impl Quantiles {
    fn of(histogram: &Histogram) -> Quantiles {
        let at = |q| histogram.quantile(q).map_or(0.0, crate::frame::ms);
        Quantiles { samples: histogram.count(), p50_ms: at(0.5), p99_ms: at(0.99), p999_ms: at(0.999) }
    }
}

/// The times of a message type in the last seconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MessageTimes {
    pub(crate) type_name: &'static str,
    pub(crate) message: &'static str,
    /// From the first poll of the send to the beginning of the turn.
    queued: Quantiles,
    /// From the beginning of the turn to its end.
    handled: Quantiles,
}

/// The histograms of the last samples.
#[derive(Debug, Default)]
pub(crate) struct Times {
    readings: VecDeque<Vec<TypeTimes>>,
}

/// The window of the times: ten seconds. In one second, one turn in 64 is too few for a p99.
const WINDOW: usize = 10;
/// The memory that these readings may take: enough for the whole window of 160 message types. With
/// more types the window is shorter.
const BYTES_MAX: usize = 16 << 20;
/// The memory of one message type in a reading.
const BYTES_EACH: usize = 10 << 10;

impl Times {
    /// Reads the histograms, and returns what was added in the window.
    pub(crate) fn add(&mut self, system: &System) -> Vec<MessageTimes> {
        let Some(histograms) = system.histograms() else { return Vec::new() };
        let now = histograms.rows();
        let first = self.readings.front();
        let since = |row: &TypeTimes| {
            let is_same = |then: &&TypeTimes| (then.type_name, then.message) == (row.type_name, row.message);
            let then = first.and_then(|rows| rows.iter().find(is_same));
            then.map_or_else(|| row.clone(), |then| row.since(then))
        };
        let times = now.iter().map(since).filter(|row| row.handled.count() > 0).map(|row| MessageTimes {
            type_name: row.type_name,
            message: row.message,
            queued: Quantiles::of(&row.queued),
            handled: Quantiles::of(&row.handled),
        });
        let times = times.collect();
        let kept = (BYTES_MAX / (now.len().max(1) * BYTES_EACH)).clamp(1, WINDOW);
        self.readings.push_back(now);
        while self.readings.len() > kept {
            self.readings.pop_front();
        }
        times
    }
}
