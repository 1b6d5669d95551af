//! The command line of the bench.

use super::entry::Entry;
use super::scenarios::{self, Bench, Scenario};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Divides all times of a quick run.
const HURRY: u32 = 5;

/// Runs the scenarios that `args` names, or all. `--quick` shortens them and draws no charts;
/// `charts` is the directory of those.
pub fn main(entries: &[Entry], args: &[String], charts: Option<PathBuf>) -> ExitCode {
    if let Some(("cell", cell)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return scenarios::blocked::main(entries, cell);
    }
    let is_quick = args.iter().any(|arg| arg == "--quick");
    let names: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(name) = names.iter().find(|name| !scenarios::ALL.iter().any(|(known, _)| known == *name)) {
        let known = scenarios::ALL.map(|(name, _)| name).join(", ");
        eprintln!("`{name}` is not a scenario; these are: {known}");
        return ExitCode::FAILURE;
    }
    let bench = Bench {
        entries: entries.to_vec(),
        charts: charts.filter(|_| !is_quick),
        hurry: if is_quick { HURRY } else { 1 },
        capacities: Default::default(),
    };
    let began = Instant::now();
    let is_wanted = |(name, _): &&Scenario| names.is_empty() || names.iter().any(|wanted| wanted == name);
    for (_, run) in scenarios::ALL.iter().filter(is_wanted) {
        run(&bench);
    }
    println!("\nTook {} s.", began.elapsed().as_secs());
    ExitCode::SUCCESS
}
