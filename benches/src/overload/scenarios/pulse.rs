//! How soon has a service recovered from a second of ten times its capacity?

use super::super::table::{head, percent, row, time};
use super::{Bench, Bound, WORKS};
use crate::overload::deadline;
use crate::overload::generator::{Phase, Plan};
use std::time::Duration;

/// The load before and after the pulse.
const USUAL: f64 = 0.8;

/// The load of the pulse.
const PULSE: f64 = 10.0;

/// Windows after the pulse that are printed.
const WINDOWS: u32 = 5;

pub(super) fn run(bench: &Bench) {
    bench.capacities();
    let window = bench.second() / 10;
    let windows: Vec<_> = (1..=WINDOWS).map(|n| format!("to {}", time(n * window))).collect();
    let mut columns = vec!["turn", "slots", "contestant", "before, % of capacity", "during"];
    columns.extend(windows.iter().map(String::as_str));
    columns.extend(["last 500 ms", "lost after", "disturbed"]);
    head("pulse of 10 × for 1 s, at 0.8 × otherwise: goodput, % of that before", 3, &columns);
    for work in WORKS {
        for bound in [Bound::Fitted, Bound::Slots(1024), Bound::Slots(16_384)] {
            for entry in &bench.entries {
                let capacity = bench.capacity(entry, work);
                let second = bench.second();
                let phase = |load: f64, span: Duration| Phase { span, rate: load * capacity };
                let warm_up = bench.warm_up();
                let phases = vec![phase(USUAL, warm_up + second), phase(PULSE, second), phase(USUAL, second)];
                let plan = Plan { phases, flood: 0.0, deadline: deadline(work), from: warm_up };
                let tally = entry.load(bound.setup(work), &plan);
                let begins = warm_up + second;
                let before = tally.goodput_in(warm_up..begins);
                let ends = begins + second;
                let mut cells = vec![time(work), bound.name(work), entry.name.to_owned()];
                cells.push(percent(before, capacity));
                cells.push(percent(tally.goodput_in(begins..ends), before));
                for n in 0..WINDOWS {
                    let begins = ends + n * window;
                    cells.push(percent(tally.goodput_in(begins..begins + window), before));
                }
                cells.push(percent(tally.goodput_in(ends + second / 2..ends + second), before));
                cells.push(tally.refused_in(ends..ends + second).to_string());
                cells.push(percent(tally.disturbed, 1.0));
                row(&cells);
            }
        }
    }
}
