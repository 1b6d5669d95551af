//! How much is answered in time, from half of the capacity to a hundred times as much?

use super::super::process::round_trip;
use super::super::table::{head, percent, quantile, row, time};
use super::super::tally::Tally;
use super::{Bench, Bound, WORKS};
use crate::chart::{Panel, Series, draw};
use crate::overload::entry::Entry;
use std::path::Path;
use std::time::Duration;

const LOADS: [f64; 7] = [0.5, 0.9, 1.0, 2.0, 5.0, 10.0, 100.0];

/// The generator cannot send a hundred times as many asks of the short turns.
const LOADS_OF_SHORT: usize = 6;

const BOUNDS: [Bound; 3] = [Bound::Fitted, Bound::Slots(1024), Bound::Slots(16_384)];

/// A load of a contestant.
struct Point {
    load: f64,
    tally: Tally,
    /// A round trip between two cores, before it and after it.
    apart: [Duration; 2],
}

/// The loads of one contestant, one bound and one work.
struct Curve {
    name: &'static str,
    work: Duration,
    bound: Bound,
    capacity: f64,
    points: Vec<Point>,
}

pub(super) fn run(bench: &Bench) {
    bench.capacities();
    head(
        "goodput: answers within the deadline, by offered load",
        3,
        &[
            "turn",
            "slots",
            "contestant",
            "load, × capacity",
            "sent, × capacity",
            "goodput, % of capacity",
            "% of own best",
            "p99 of answers",
            "refused",
            "timed out",
            "late",
            "refusal p50",
            "refusal p99",
            "disturbed",
            "core to core, before and after",
        ],
    );
    let mut curves = Vec::new();
    for work in WORKS {
        for bound in BOUNDS {
            for entry in &bench.entries {
                let curve = measure(bench, entry, work, bound);
                print(&curve);
                curves.push(curve);
            }
        }
    }
    if let Some(charts) = &bench.charts {
        chart(&charts.join("overload-goodput.svg"), "goodput, % of capacity", &curves, |curve, tally| {
            Some(100.0 * tally.goodput() / curve.capacity)
        });
        chart(&charts.join("overload-p99.svg"), "p99 of answers, µs", &curves, |_, tally| {
            // Where nothing is answered there is no latency.
            (!tally.answered.is_empty()).then(|| tally.answered.value_at_quantile(0.99) as f64 / 1e3)
        });
    }
}

fn measure(bench: &Bench, entry: &Entry, work: Duration, bound: Bound) -> Curve {
    let loads = if work == WORKS[0] { &LOADS[..LOADS_OF_SHORT] } else { &LOADS[..] };
    let capacity = bench.capacity(entry, work);
    let point = |load: f64| {
        let before = round_trip();
        let tally = entry.load(bound.setup(work), &bench.constant(work, load * capacity));
        Point { load, tally, apart: [before, round_trip()] }
    };
    let points = loads.iter().copied().map(point).collect();
    Curve { name: entry.name, work, bound, capacity, points }
}

fn print(curve: &Curve) {
    let best = curve.points.iter().map(|point| point.tally.goodput()).fold(0.0, f64::max);
    for Point { load, tally, apart: [before, after] } in &curve.points {
        row(&[
            time(curve.work),
            curve.bound.name(curve.work),
            curve.name.to_owned(),
            load.to_string(),
            format!("{:.2}", tally.achieved() / curve.capacity),
            percent(tally.goodput(), curve.capacity),
            percent(tally.goodput(), best),
            quantile(&tally.answered, 0.99),
            tally.refused.to_string(),
            tally.timed_out.to_string(),
            tally.late.to_string(),
            quantile(&tally.refusals, 0.5),
            quantile(&tally.refusals, 0.99),
            percent(tally.disturbed, 1.0),
            format!("{}, {}", time(*before), time(*after)),
        ]);
    }
}

/// Draws a panel per bound, with a line per contestant and work.
fn chart(path: &Path, y: &'static str, curves: &[Curve], figure: impl Fn(&Curve, &Tally) -> Option<f64>) {
    let panel = |bound: Bound| {
        let of_bound = curves.iter().filter(|curve| curve.bound == bound);
        let series = of_bound.map(|curve| Series {
            name: format!("{}, turns of {}", curve.name, time(curve.work)),
            points: points(curve, &figure),
        });
        let title = match bound {
            Bound::Fitted => "slots for half of the deadline".to_owned(),
            Bound::Slots(slots) => format!("{slots} slots"),
        };
        Panel { title, x: "offered load, × capacity", y, series: series.collect() }
    };
    if let Err(error) = draw(path, &BOUNDS.map(panel)) {
        eprintln!("the chart could not be written: {error}");
    }
}

/// The points of a line: the figure by the load that was intended.
fn points(curve: &Curve, figure: impl Fn(&Curve, &Tally) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |point: &Point| Some((point.load, figure(curve, &point.tally)?));
    curve.points.iter().filter_map(point).collect()
}
