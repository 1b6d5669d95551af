//! What the generator saw.

use actors_core::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The parts of oha's report that are printed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    latency_percentiles: Percentiles,
    status_code_distribution: BTreeMap<String, u64>,
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    requests_per_sec: f64,
    /// In seconds.
    slowest: f64,
}

/// In seconds; absent if nothing was answered.
#[derive(Debug, Deserialize)]
struct Percentiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// Prints one report, and returns the number of requests without an answer.
///
/// # Errors
/// If no request was answered: such a run says nothing.
pub(crate) fn print(path: &Path) -> Result<u64, BoxError> {
    let Report {
        summary,
        latency_percentiles: latency,
        status_code_distribution: statuses,
        error_distribution,
    } = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let ms = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |s| format!("{:.1} ms", s * 1e3));
    println!(
        "{}: {:.0} requests a second; p50 {}, p99 {}, slowest {}",
        path.file_stem().unwrap_or_default().to_string_lossy(),
        summary.requests_per_sec,
        ms(latency.p50),
        ms(latency.p99),
        ms(Some(summary.slowest)),
    );
    for (what, count) in statuses.iter().chain(&error_distribution) {
        println!("  {what}: {count}");
    }
    if statuses.values().sum::<u64>() == 0 {
        return Err(format!("{}: no request was answered", path.display()).into());
    }
    Ok(error_distribution.values().sum())
}
