//! Has a service recovered from a second of ten times its capacity, if its clients try again what
//! was refused or came too late?

use super::super::table::{head, percent, row, time};
use super::{Bench, Bound, WORKS};
use crate::overload::generator::{Phase, Plan};
use crate::overload::{ATTEMPTS, deadline};

/// The load before and after the pulse.
const USUAL: f64 = 0.8;

/// The load of the pulse.
const PULSE: f64 = 10.0;

/// Windows after the pulse that are printed.
const WINDOWS: u32 = 4;

pub(super) fn run(bench: &Bench) {
    bench.capacities();
    let window = bench.second() / 2;
    let windows: Vec<_> = (1..=WINDOWS).map(|n| format!("to {}", time(n * window))).collect();
    let mut columns = vec!["turn", "slots", "contestant", "tries again", "before, % of capacity", "during"];
    columns.extend(windows.iter().map(String::as_str));
    columns.extend(["requests", "attempts per request", "disturbed"]);
    head(
        "clients that try up to four times, pulse of 10 × for 1 s, at 0.8 × otherwise: goodput, % of that before",
        4,
        &columns,
    );
    for work in WORKS {
        for bound in [Bound::Fitted, Bound::Slots(1024), Bound::Slots(16_384)] {
            for entry in &bench.entries {
                let capacity = bench.capacity(entry, work);
                let (second, warm_up) = (bench.second(), bench.warm_up());
                let phase = |load: f64, span| Phase { span, rate: load * capacity };
                let phases =
                    vec![phase(USUAL, warm_up + second), phase(PULSE, second), phase(USUAL, 2 * second)];
                let deadline = ATTEMPTS * deadline(work);
                // Attempts are counted from the beginning, so requests are too.
                let plan = Plan { phases, flood: 0.0, deadline, from: Default::default() };
                for (how, tally, attempts) in entry.retries(bound.setup(work), &plan) {
                    let begins = warm_up + second;
                    let before = tally.goodput_in(warm_up..begins);
                    let ends = begins + second;
                    let mut cells = vec![time(work), bound.name(work), entry.name.to_owned(), how.to_owned()];
                    cells.push(percent(before, capacity));
                    cells.push(percent(tally.goodput_in(begins..ends), before));
                    for n in 0..WINDOWS {
                        let begins = ends + n * window;
                        cells.push(percent(tally.goodput_in(begins..begins + window), before));
                    }
                    cells.push(tally.offered.to_string());
                    cells.push(format!("{:.2}", attempts as f64 / tally.offered.max(1) as f64));
                    cells.push(percent(tally.disturbed, 1.0));
                    row(&cells);
                }
            }
        }
    }
}
