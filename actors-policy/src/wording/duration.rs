//! Durations: `"1.5s"`.

use crate::InvalidPolicy;
use std::time::Duration;

/// The longest time that text may declare. More than a year is taken for a mistake.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

const UNITS: &[(&str, u128)] = &[
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// What to write for the duration of `word`.
pub fn example(word: &str) -> String {
    format!("write `{word} = \"5s\"`, `\"1.5s\"`, `\"20ms\"`, `\"2m\"` or `\"1h\"`")
}

/// Reads a duration; `None` stands for a value that was not text.
///
/// # Errors
/// The text is not a duration, is zero, or is longer than a year.
pub fn read(word: &'static str, text: Option<&str>) -> Result<Duration, InvalidPolicy> {
    let Some(ns) = text.and_then(nanoseconds) else {
        return Err(InvalidPolicy::new(word, format!("this is no duration; {}", example(word))));
    };
    // More than five centuries is too long in any case.
    let time = Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX));
    check(word, time)?;
    if time <= LONGEST {
        return Ok(time);
    }
    let fix = if matches!(word, "ttl" | "timeout") { "leave it out for no limit" } else { "write less" };
    Err(InvalidPolicy::new(word, format!("`{word}` is at most 365 days; {fix}")))
}

/// Checks a duration from code, which may be longer than a year.
///
/// # Errors
/// The duration is zero.
pub fn check(word: &'static str, time: Duration) -> Result<(), InvalidPolicy> {
    if !time.is_zero() {
        return Ok(());
    }
    Err(InvalidPolicy::new(word, format!("a `{word}` of nothing {}; {}", of_nothing(word), example(word))))
}

/// Writes a duration in the largest unit that is exact.
pub fn write(time: Duration) -> String {
    let ns = time.as_nanos();
    let (unit, unit_ns) =
        UNITS.iter().find(|(_, unit_ns)| ns.is_multiple_of(*unit_ns)).copied().unwrap_or(("ns", 1));
    format!("{}{unit}", ns / unit_ns)
}

/// What a zero duration would do.
fn of_nothing(word: &str) -> &'static str {
    match word {
        "keep_alive" => "would end workers between two messages",
        "target" => "is always missed",
        "dwell" => "lets levels flutter",
        _ => "lets nothing through",
    }
}

/// `"1.5s"` → 1 500 000 000. Digits with at most one point, then a unit.
fn nanoseconds(text: &str) -> Option<u128> {
    let text = text.trim();
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit_ns) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    // More than 18 digits are refused, so nothing here overflows.
    if whole.len() > 18 || part.len() > 18 {
        return None;
    }
    let scale = (0..part.len()).fold(1, |scale, _| scale * 10);
    Some(whole.parse::<u128>().ok()? * unit_ns + part.parse::<u128>().ok()? * unit_ns / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, ns) in [
            ("5s", 5_000_000_000),
            ("1.5s", 1_500_000_000),
            ("20ms", 20_000_000),
            ("10us", 10_000),
            ("500 ns", 500),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0s", 0),
        ] {
            assert_eq!(nanoseconds(text), Some(ns), "{text}");
        }
    }

    #[test]
    fn a_duration_that_was_written_is_read_again() {
        for (time, text) in [(1_500, "1500ms"), (2_000, "2s"), (120_000, "2m"), (3_600_000, "1h")] {
            let time = Duration::from_millis(time);
            assert_eq!((write(time).as_str(), read("ttl", Some(text))), (text, Ok(time)));
        }
    }

    #[test]
    fn what_is_no_duration_is_not_guessed_at() {
        for text in ["", "5", "s", "5 sec", "-5s", "1.2.3s", ".5s", "5.s", "5d", "9999999999999999999s"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
