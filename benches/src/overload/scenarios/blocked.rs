//! How much memory does a backlog take? Each figure comes from a process of its own.

use super::super::table::{head, row};
use super::{Bench, Bound};
use crate::overload::deadline;
use crate::overload::entry::{Entry, Setup};
use crate::overload::generator::{Phase, Plan};
use crate::overload::process;
use std::process::ExitCode;
use std::time::Duration;

const LOADS: [f64; 3] = [1.0, 10.0, 100.0];

/// Senders that try to wait for room at the same time.
const SENDERS: usize = 100_000;

/// The generator can send a hundred times as many.
const WORK: Duration = Duration::from_micros(100);

const BOUND: Bound = Bound::Slots(1024);

pub(super) fn run(bench: &Bench) {
    let capacities: Vec<_> = bench.entries.iter().map(|entry| bench.capacity(entry, WORK)).collect();
    head(
        "blocked: growth of the resident set to its peak, MiB; 1,024 slots, turns of 100 µs",
        1,
        &["contestant", "1 ×", "10 ×", "100 ×", "100,000 senders that wait", "of them waiting", "refused"],
    );
    for (entry, capacity) in bench.entries.iter().zip(capacities) {
        let seconds = bench.second().as_secs_f64();
        let load = |load: &f64| {
            let rate = (load * capacity).to_string();
            cell(entry, &["load", &rate, &seconds.to_string()]).remove(0)
        };
        let mut cells = vec![entry.name.to_owned()];
        cells.extend(LOADS.iter().map(load));
        cells.extend(cell(entry, &["crowd", &SENDERS.to_string(), "0"]));
        row(&cells);
    }
}

/// Runs a cell in a process of its own. Its figures, or why there are none.
fn cell(entry: &Entry, args: &[&str]) -> Vec<String> {
    let args: Vec<_> = [entry.name].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    match process::cell(&args) {
        Ok(printed) => printed.split('\t').map(str::to_owned).collect(),
        Err(error) => vec![format!("failed: {error}")],
    }
}

/// The process of a cell: `CONTESTANT load RATE SECONDS` or `CONTESTANT crowd SENDERS 0`.
pub(in crate::overload) fn main(entries: &[Entry], args: &[String]) -> ExitCode {
    let [name, kind, amount, seconds] = args else { return misused(args) };
    let entry = entries.iter().find(|entry| entry.name == name);
    let (Some(entry), Ok(amount), Ok(seconds)) = (entry, amount.parse(), seconds.parse()) else {
        return misused(args);
    };
    let setup = BOUND.setup(WORK);
    let before = process::memory()[0];
    match kind.as_str() {
        "load" => {
            let phases = vec![Phase { span: Duration::from_secs_f64(seconds), rate: amount }];
            let plan = Plan { phases, flood: 0.0, deadline: deadline(WORK), from: Duration::ZERO };
            entry.load(setup, &plan);
            println!("{}", growth(before));
        }
        "crowd" => println!("{}", crowd(entry, setup, amount as usize, before)),
        _ => return misused(args),
    }
    ExitCode::SUCCESS
}

fn crowd(entry: &Entry, setup: Setup, senders: usize, before: u64) -> String {
    let mut grown = String::new();
    match entry.crowd(setup, senders, &mut || grown = growth(before)) {
        Some(crowd) => format!("{grown}\t{}\t{}", crowd.waiting, crowd.refused),
        None => "–\t–\t–".to_owned(),
    }
}

/// The growth to the peak since `before`, in MiB.
fn growth(before: u64) -> String {
    format!("{:.1}", process::memory()[1].saturating_sub(before) as f64 / 1024.0)
}

fn misused(args: &[String]) -> ExitCode {
    eprintln!("no such cell: {}", args.join(" "));
    ExitCode::FAILURE
}
