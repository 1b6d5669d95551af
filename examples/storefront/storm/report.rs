//! The report after a storm.

use super::Plan;
use super::decisions::Decided;
use super::memory::Memory;
use super::tally::{Kind, Tally};
use crate::cli::Mix;
use crate::service::Books;
use std::collections::HashSet;

/// Memory counts as flat when the last third's mean is within this of the first third's. An
/// allocator and SQLite's page cache may still move this much while nothing grows.
const FLAT_KIB: u64 = 4 * 1024;
/// The minimal share of charges and status requests that are answered within their deadlines.
const ANSWERED_MIN: f64 = 0.99;
/// The minimal share of the measured capacity when only charges arrive.
const GOODPUT_MIN: f64 = 0.95;

/// Prints everything. Returns `true` when every message is accounted for and every receipt is in
/// the file. The goals may be missed on a slow machine; these two may not.
pub(super) fn print(
    plan: &Plan,
    tally: &Tally,
    memory: &Memory,
    decided: &Decided,
    books: &Books,
    orders: &[u64],
) -> bool {
    println!("\n{}", table(plan, tally, books));
    print_thirds(plan, tally);
    print_queues(tally, memory);
    print_costs(plan, tally);
    println!("\n{decided}");
    println!("\n{books}\n");
    print_goals(plan, tally, memory);
    let in_file: HashSet<_> = orders.iter().collect();
    let missing = tally.receipts.iter().filter(|order| !in_file.contains(order)).count();
    println!(
        "orders in the file: {}, receipts given: {}, receipts without an order: {missing}",
        orders.len(),
        tally.receipts.len()
    );
    let differences = tally.differences(books);
    for difference in &differences {
        println!("COUNTS DIFFER: {difference}");
    }
    if differences.is_empty() {
        println!("the ledger agrees with the storm's own count of every message type");
    }
    books.is_balanced() && differences.is_empty() && missing == 0
}

fn table(plan: &Plan, tally: &Tally, books: &Books) -> String {
    let heads = [
        "message",
        "offered",
        "handled",
        "refused",
        "dropped",
        "conflated",
        "expired",
        "cancelled",
        "undelivered",
        "in time",
        "late",
        "goodput/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
    ];
    let mut lines = vec![heads.map(str::to_owned)];
    for kind in Kind::ALL {
        let (count, row) = (tally.of(kind), kind.row(books));
        let n = |number: u64| number.to_string();
        // A one-way message has no asker, so it cannot be in time.
        let asked = |text: String| if kind.deadline().is_some() { text } else { "-".to_owned() };
        let ms = |quantile| match count.latency.is_empty() {
            true => "-".to_owned(),
            false => format!("{:.1}", count.latency.value_at_quantile(quantile) as f64 / 1000.0),
        };
        lines.push([
            row.message.to_owned(),
            n(count.offered),
            n(row.handled),
            n(row.refused_total()),
            n(row.dropped),
            n(row.conflated),
            n(row.expired),
            n(row.cancelled),
            n(row.undelivered),
            asked(n(count.in_time)),
            asked(n(count.late)),
            asked(format!("{:.1}", goodput(plan, tally, kind))),
            ms(0.5),
            ms(0.99),
            ms(0.999),
        ]);
    }
    align(&lines)
}

fn align<const COLUMNS: usize>(lines: &[[String; COLUMNS]]) -> String {
    let mut text = String::new();
    for cells in lines {
        for (at, cell) in cells.iter().enumerate() {
            let width = lines.iter().map(|line| line[at].len()).max().unwrap_or(0);
            match at {
                0 => text += &format!("{cell:<width$}"),
                _ => text += &format!("  {cell:>width$}"),
            }
        }
        text.push('\n');
    }
    text
}

/// Answers within their deadlines per second, while the storm lasted.
fn goodput(plan: &Plan, tally: &Tally, kind: Kind) -> f64 {
    tally.of(kind).thirds.iter().sum::<u64>() as f64 / plan.length.as_secs_f64()
}

fn print_thirds(plan: &Plan, tally: &Tally) {
    let third = plan.length.as_secs_f64() / 3.0;
    let [first, middle, last] = tally.of(Kind::Charge).thirds.map(|answers| answers as f64 / third);
    let slow = match plan.slow_db {
        Some(by) => format!(" (database {by:?} slower in the middle third)"),
        None => String::new(),
    };
    println!("charges answered in time, by third: {first:.0}/s, {middle:.0}/s, {last:.0}/s{slow}");
}

fn print_queues(tally: &Tally, memory: &Memory) {
    let [shop, orders] = tally.depth;
    println!("peak depth: shop {shop} and {} in line, orders {orders}", tally.line);
    let mib =
        |kib: Option<u64>| kib.map_or("unknown".to_owned(), |kib| format!("{:.1} MiB", kib as f64 / 1024.0));
    let [first, middle, last] = memory.thirds.map(mib);
    println!("memory: peak {}; mean by third: {first}, {middle}, {last}", mib(memory.peak));
}

fn print_costs(plan: &Plan, tally: &Tally) {
    let handling = 1e9 / plan.capacity;
    print!("cost: a handling {handling:.0} ns (waiting for others included)");
    if !tally.refusals.is_empty() {
        let ns = |quantile| tally.refusals.value_at_quantile(quantile);
        print!("; a refusal {} ns (p50), {} ns (p99)", ns(0.5), ns(0.99));
    }
    let late = |quantile| tally.lateness.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "\ndriver: sent {:.1} ms (p50), {:.1} ms (p99) after the intended instant",
        late(0.5),
        late(0.99)
    );
}

fn print_goals(plan: &Plan, tally: &Tally, memory: &Memory) {
    let goal = |is_met: bool, text: String| println!("{:<6} {text}", if is_met { "ok" } else { "MISSED" });
    let charges = tally.of(Kind::Charge);
    match plan.mix {
        // While the database is slow, only the ledger is promised. Afterwards the shop must
        // recover.
        _ if plan.slow_db.is_some() => {
            let possible = plan.capacity * plan.length.as_secs_f64() / 3.0;
            let share = charges.thirds[2] as f64 / possible.min(charges.offered_last as f64);
            let text = format!(
                "recovered: {:.1} % of what is possible in the last third (at least 95 %)",
                share * 100.0
            );
            goal(share >= GOODPUT_MIN, text);
        }
        Mix::Default => {
            for kind in [Kind::Charge, Kind::Status] {
                let count = tally.of(kind);
                let share = count.in_time as f64 / count.offered.max(1) as f64;
                let text =
                    format!("{kind:?}: {:.2} % answered within the deadline (at least 99 %)", share * 100.0);
                goal(share >= ANSWERED_MIN, text);
            }
            let told: u64 = tally.of(Kind::Status).told.iter().sum();
            goal(told == 0, format!("Status: {told} refused or told otherwise (none)"));
        }
        Mix::Charges => {
            let share = goodput(plan, tally, Kind::Charge) / plan.capacity;
            let text = format!("goodput is {:.1} % of the capacity (at least 95 %)", share * 100.0);
            goal(share >= GOODPUT_MIN, text);
        }
    }
    let told: u64 = charges.told.iter().sum();
    let is_told = charges.in_time + charges.late + told == charges.offered;
    goal(is_told, format!("{told} charges told that they were not answered, every other one was (all)"));
    if plan.slow_db.is_none() {
        let without = charges.told_without_retry;
        goal(without == 0, format!("{without} charges told so without a time to come back at (none)"));
    }
    if let [Some(first), _, Some(last)] = memory.thirds {
        let text = format!("memory is flat: {first} KiB, then {last} KiB (at most 4096 KiB more)");
        goal(last <= first + FLAT_KIB, text);
    }
}
