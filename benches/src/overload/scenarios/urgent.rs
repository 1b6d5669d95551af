//! What do asks of high priority notice of a flood of low priority?

use super::super::table::{head, percent, quantile, row, time};
use super::{Bench, Bound, WORKS};
use crate::overload::generator::Plan;

/// The asks, as a share of the capacity.
const HIGH: f64 = 0.4;

/// The flood, in multiples of the capacity.
const FLOOD: f64 = 10.0;

pub(super) fn run(bench: &Bench) {
    bench.capacities();
    head(
        "urgent: asks of high priority at 0.4 × capacity next to low tells at 10 ×",
        3,
        &[
            "turn",
            "slots",
            "contestant",
            "low sent, × capacity",
            "high sent",
            "high in time",
            "high refused",
            "high timed out",
            "high p50",
            "high p99",
            "disturbed",
        ],
    );
    for work in WORKS {
        for bound in [Bound::Fitted, Bound::Slots(1024)] {
            for entry in &bench.entries {
                let capacity = bench.capacity(entry, work);
                let plan = Plan { flood: FLOOD * capacity, ..bench.constant(work, HIGH * capacity) };
                let Some(tally) = entry.urgent(bound.setup(work), &plan) else { continue };
                let low = tally.flooded as f64 / bench.second().as_secs_f64();
                row(&[
                    time(work),
                    bound.name(work),
                    entry.name.to_owned(),
                    format!("{:.1}", low / capacity),
                    tally.offered.to_string(),
                    percent(tally.good as f64, tally.offered as f64),
                    tally.refused.to_string(),
                    tally.timed_out.to_string(),
                    quantile(&tally.answered, 0.5),
                    quantile(&tally.answered, 0.99),
                    percent(tally.disturbed, 1.0),
                ]);
            }
        }
    }
}
