//! Numbers in few characters: at most five, so that a column of them is narrow.

use std::time::Duration;

/// What is shown where a number is not known.
pub(crate) const UNKNOWN: &str = "–";

const STEPS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// Returns a count: `64`, `1.0k`, `12M`.
pub(crate) fn count(count: usize) -> String {
    rate(Some(count as f64))
}

/// Returns a number a second, or the mark for an unknown one: `0.4`, `64`, `8.9k`, `–`.
pub(crate) fn rate(rate: Option<f64>) -> String {
    let Some(mut value) = rate.filter(|rate| rate.is_finite()) else { return UNKNOWN.to_owned() };
    let mut step = 0;
    // What would be rounded to 1000 is 1.0 of the next step.
    while value >= 999.5 && step + 1 < STEPS.len() {
        (value, step) = (value / 1000.0, step + 1);
    }
    // Beyond the last unit: absurd, but still at most five characters.
    value = value.min(999.0);
    let has_fraction = value < 9.95 && (step > 0 || value.fract() > 0.0);
    // A little is not nothing.
    match (has_fraction, step) {
        (true, 0) => format!("{:.1}", value.max(0.1)),
        (true, _) => format!("{value:.1}{}", STEPS[step]),
        (false, _) => format!("{value:.0}{}", STEPS[step]),
    }
}

/// Returns a time: `0`, `45µs`, `1.2ms`, `340ms`, `12s`, `5min`, `3h`, `40d`.
pub(crate) fn time(time: Duration) -> String {
    spaced_time(time).replace(' ', "")
}

/// Returns a time for sentences, which have a blank before the unit: `340 ms`.
pub(crate) fn spaced_time(time: Duration) -> String {
    let micros = time.as_nanos() as f64 / 1e3;
    // Each unit, and how many of them make the next.
    let units = [("µs", 1000.0), ("ms", 1000.0), ("s", 120.0), ("min", 120.0), ("h", 48.0)];
    let mut value = micros;
    for (unit, next) in units {
        if value < next - 0.5 {
            let is_clock = matches!(unit, "min" | "h");
            return match value {
                0.0 => "0".to_owned(),
                _ if value < 9.95 && !is_clock && value.fract() > 0.0 => {
                    format!("{:.1} {unit}", value.max(0.1))
                }
                _ => format!("{value:.0} {unit}"),
            };
        }
        value /= if matches!(unit, "s" | "min") {
            60.0
        } else if unit == "h" {
            24.0
        } else {
            1000.0
        };
    }
    format!("{} d", count(value as usize))
}

/// Returns a counted noun: `1 turn`, `3 turns`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_at_most_five_characters() {
        let numbers = [0, 9, 64, 999, 1000, 1024, 9_949, 9_950, 999_499, 999_500, 12_000_000, usize::MAX];
        let shown = numbers.map(count);
        assert_eq!(
            shown,
            ["0", "9", "64", "999", "1.0k", "1.0k", "9.9k", "10k", "999k", "1.0M", "12M", "18E"]
        );
        assert_eq!(
            [0.0, 0.001, 0.44, 9.96, 8934.0].map(|n| rate(Some(n))),
            ["0", "0.1", "0.4", "10", "8.9k"]
        );
        for unknown in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(rate(unknown), UNKNOWN);
        }
        assert_eq!(rate(Some(f64::MAX)), "999E", "absurd, and still narrow");
    }

    #[test]
    fn times_have_the_largest_unit_that_is_exact_enough() {
        let us = |us: f64| Duration::from_nanos((us * 1e3) as u64);
        for (micros, shown) in [
            (0.0, "0"),
            (0.01, "0.1µs"),
            (45.0, "45µs"),
            (999.4, "999µs"),
            (999.6, "1.0ms"),
            (1200.0, "1.2ms"),
            (340e3, "340ms"),
            (1.3e6, "1.3s"),
            (119e6, "119s"),
            (130e6, "2min"),
            (8000e6, "2h"),
            (2e11, "2d"),
        ] {
            assert_eq!(time(us(micros)), shown, "{micros} µs");
        }
        assert_eq!((spaced_time(us(340e3)), time(Duration::MAX)), ("340 ms".to_owned(), "214Td".to_owned()));
        for seconds in (0..1_000_000).step_by(7) {
            assert!(time(Duration::from_secs(seconds)).len() <= 6, "{seconds}");
        }
    }

    #[test]
    fn one_thing_is_not_many() {
        assert_eq!((counted(1, "turn"), counted(0, "turn")), ("1 turn".to_owned(), "0 turns".to_owned()));
    }
}
