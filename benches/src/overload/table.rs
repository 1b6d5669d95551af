//! Markdown tables, printed row by row.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Prints a title and the head of a table whose first `texts` columns are texts.
pub(super) fn head(title: &str, texts: usize, columns: &[&str]) {
    let rule: String = (0..columns.len()).map(|at| if at < texts { "---|" } else { "---:|" }).collect();
    println!("\n**{title}**\n\n| {} |\n|{rule}", columns.join(" | "));
}

/// Prints a row.
pub(super) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A percentage.
pub(super) fn percent(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.0} %", 100.0 * part / whole) } else { "–".to_owned() }
}

/// A quantile of nanoseconds, as a time with a unit.
pub(super) fn quantile(times: &Histogram<u64>, quantile: f64) -> String {
    match times.len() {
        0 => "–".to_owned(),
        _ => time(Duration::from_nanos(times.value_at_quantile(quantile))),
    }
}

/// A time with three digits.
pub(super) fn time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (value, unit) = match nanos {
        ..1e3 => return format!("{nanos:.0} ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    match value {
        ..10.0 => format!("{value:.2} {unit}"),
        ..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}
