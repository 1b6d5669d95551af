//! How soon does a service cope with a step from half of its capacity to ten times as much?

use super::super::table::{head, percent, quantile, row, time};
use super::{Bench, Bound, WORKS};
use crate::overload::deadline;
use crate::overload::generator::{Phase, Plan};
use std::time::Duration;

/// Windows after the step.
const WINDOWS: u32 = 10;

const WINDOW: Duration = Duration::from_millis(10);

/// Latencies count from here on after the step.
const SETTLED: Duration = Duration::from_millis(20);

pub(super) fn run(bench: &Bench) {
    bench.capacities();
    let windows: Vec<_> = (1..=WINDOWS).map(|n| format!("to {}", time(n * WINDOW))).collect();
    let mut columns = vec!["turn", "slots", "contestant"];
    columns.extend(windows.iter().map(String::as_str));
    columns.extend(["p50 from 20 ms on", "p99 from 20 ms on", "disturbed"]);
    head("step from 0.5 × to 10 ×: goodput in windows of 10 ms after it, % of capacity", 3, &columns);
    for work in WORKS {
        for bound in [Bound::Fitted, Bound::Slots(1024)] {
            for entry in &bench.entries {
                let capacity = bench.capacity(entry, work);
                let (step, after) = (bench.second(), bench.second() / 2);
                let phases = vec![
                    Phase { span: step, rate: 0.5 * capacity },
                    Phase { span: after, rate: 10.0 * capacity },
                ];
                let plan = Plan { phases, flood: 0.0, deadline: deadline(work), from: step + SETTLED };
                let tally = entry.load(bound.setup(work), &plan);
                let mut cells = vec![time(work), bound.name(work), entry.name.to_owned()];
                for n in 0..WINDOWS {
                    let begins = step + n * WINDOW;
                    cells.push(percent(tally.goodput_in(begins..begins + WINDOW), capacity));
                }
                cells.extend([quantile(&tally.answered, 0.5), quantile(&tally.answered, 0.99)]);
                cells.push(percent(tally.disturbed, 1.0));
                row(&cells);
            }
        }
    }
}
