//! Words about pools and pressure: `workers`, `keep_alive`, `pressure`.

use super::{Choices, choice, number_of};

/// All words inside `pressure`.
pub const OF_PRESSURE: &[&str] = &["high", "low", "target", "dwell", "respond"];

/// The largest number of workers; each is a task and an instance of the actor.
const WORKERS_MAX: u64 = 1024;
const ACTIONS: Choices = &[("spawn", "Spawn"), ("shed", "Shed"), ("block", "Block")];
/// The fills of a `pressure` that says nothing.
const HIGH_DEFAULT: f64 = 0.8;
const LOW_DEFAULT: f64 = 0.5;

const WORKERS_EXAMPLE: &str = "write `workers = 4`, or `workers = 1..=8` where their number may change";

/// The least and the greatest number of workers: `4`, `1..=8`.
pub fn workers(text: &str) -> Result<(u64, u64), String> {
    let text = text.trim();
    if let Some((least, most)) = text.split_once("..=") {
        return range(least.trim(), most.trim());
    }
    let Some((least, most)) = text.split_once("..") else {
        let number = worker_count(text)?;
        return within(number, number);
    };
    let ends = (worker_count(least.trim()), worker_count(most.trim()));
    Err(match ends {
        (Ok(least), Ok(most)) if least < most => {
            format!("`{least}..{most}` leaves its end out; write `workers = {least}..={most}`")
        }
        _ => format!("this is no range with both ends; {WORKERS_EXAMPLE}"),
    })
}

fn range(least: &str, most: &str) -> Result<(u64, u64), String> {
    if least.is_empty() || most.is_empty() {
        return Err(format!("this is no range with both ends; {WORKERS_EXAMPLE}"));
    }
    let (least, most) = (worker_count(least)?, worker_count(most)?);
    if least > most {
        let fix = most.max(1);
        return Err(format!(
            "`{least}..={most}` is no range; write the smaller number first: `workers = {fix}..={least}`"
        ));
    }
    within(least, most)
}

fn within(least: u64, most: u64) -> Result<(u64, u64), String> {
    if least == 0 {
        return Err("a pool without workers handles nothing; write at least 1".into());
    }
    if most > WORKERS_MAX {
        return Err(format!("`workers` is at most {WORKERS_MAX}, each being a task of its own; write less"));
    }
    Ok((least, most))
}

/// Digits that fit no number are too large.
fn worker_count(text: &str) -> Result<u64, String> {
    number_of(text).ok_or_else(|| format!("this is no number of workers; {WORKERS_EXAMPLE}"))
}

/// Only workers that may go are kept.
pub fn keep_alive_fits((least, most): (u64, u64)) -> Result<(), String> {
    // A range the wrong way round is a mistake of its own.
    if least != most {
        return Ok(());
    }
    Err(format!(
        "`keep_alive` needs a number of workers that may shrink, and here it is always {least}; write for \
         example {}, or leave it out",
        elastic(least)
    ))
}

/// Only a number that may grow can be raised.
pub fn spawn_fits((least, most): (u64, u64)) -> Result<(), String> {
    // A range the wrong way round is a mistake of its own.
    if least != most {
        return Ok(());
    }
    Err(format!(
        "`spawn` needs a number of workers that may grow, and here it is always {least}; write for example {}, \
         or leave `spawn` out",
        elastic(least)
    ))
}

/// `workers = 1..=…` with room above one.
fn elastic(workers: u64) -> String {
    format!("`workers = 1..={}`", workers.max(4))
}

/// Turns of several workers overlap, so that their time cannot be shared out. `variant` is the schedule's.
pub fn schedule_fits(variant: &str, (_, most): (u64, u64)) -> Result<(), String> {
    if most == 1 || variant != "WeightedByTime" {
        return Ok(());
    }
    Err("handling time is shared by one worker's turns; with several write `schedule = weighted`".into())
}

/// `high` or `low`: a part of the capacity.
pub fn fill(word: &str, text: &str) -> Result<f64, String> {
    let fill = text.replace('_', "").parse::<f64>().ok().filter(|fill| (0.0..=1.0).contains(fill));
    match (word, fill) {
        ("high", Some(fill)) if step(fill) > 0 => Ok(fill),
        ("low", Some(fill)) => Ok(fill),
        ("low", None) => {
            Err("`low` is a fill from 0 up to, but not including, `high`; write for example `low = 0.5`"
                .into())
        }
        _ => Err("`high` is a fill above 0 and up to 1; write for example `high = 0.8`".into()),
    }
}

/// Fills are kept in four digits.
fn step(fill: f64) -> u64 {
    (fill * 10_000.0 + 1e-6) as u64
}

/// `low` is below `high`; what is not said is what it is by default.
pub fn fills_fit(low: Option<f64>, high: Option<f64>) -> Result<(), String> {
    let (least, most) = (low.unwrap_or(LOW_DEFAULT), high.unwrap_or(HIGH_DEFAULT));
    if step(least) < step(most) {
        return Ok(());
    }
    Err(match low {
        Some(_) => format!(
            "`low` is a fill below `high`, which is {most}: write less; between the two a level stays what it is"
        ),
        None => format!(
            "`low` is {least} where nothing is said, which is not below {most}: write `low` too, below that"
        ),
    })
}

/// The sentence about a `pressure` that does nothing.
pub fn no_response(workers: Option<(u64, u64)>) -> String {
    let may_grow = workers.is_some_and(|(least, most)| least < most);
    let action = if may_grow { "spawn" } else { "shed" };
    format!("this says when there is pressure, but nothing is done about it: write `respond = {action}` too")
}

/// The variant of an action that stands behind `before` (variants).
pub fn action(text: &str, before: &[&str]) -> Result<&'static str, String> {
    let variant = choice("respond", text, ACTIONS, &[])?;
    if before.contains(&variant) {
        return Err(format!("`{text}` is in the list twice; leave one of them out"));
    }
    Ok(variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_a_number_or_a_range_with_both_ends() {
        assert_eq!(workers("4"), Ok((4, 4)));
        assert_eq!(workers("1..=8"), Ok((1, 8)));
        assert_eq!(workers(" 1 ..= 1024 "), Ok((1, 1024)));
        for (text, fix) in [
            ("0", "at least 1"),
            ("0..=8", "at least 1"),
            ("8..=1", "`workers = 1..=8`"),
            ("8..=0", "`workers = 1..=8`"),
            ("1..8", "`workers = 1..=8`"),
            ("1025", "at most 1024"),
            ("1..=99999999999999999999999", "at most 1024"),
            ("8..1", "both ends"),
            ("..=8", "both ends"),
            ("1..", "both ends"),
            ("..", "both ends"),
            ("-1", "no number"),
            ("1..=many", "no number"),
            ("1..=2..=3", "no number"),
            ("1 2", "no number"),
            ("", "no number"),
        ] {
            let why = workers(text).unwrap_err();
            assert!(why.contains(fix), "{text}: {why}");
        }
    }

    #[test]
    fn fills_are_compared_as_they_are_kept() {
        assert_eq!(fill("high", "1"), Ok(1.0));
        assert_eq!(fill("low", "0"), Ok(0.0));
        for text in ["0", "0.00001", "1.1", "-0.5", "nan", "inf", "80%", ""] {
            assert!(fill("high", text).unwrap_err().contains("above 0"), "{text}");
        }
        for text in ["1.1", "-0.5", "nan", "half"] {
            assert!(fill("low", text).unwrap_err().contains("not including"), "{text}");
        }
        assert_eq!(fills_fit(None, None), Ok(()));
        assert_eq!(fills_fit(Some(0.7999), None), Ok(()));
        for (low, high) in [(Some(0.8), None), (None, Some(0.5)), (Some(0.30001), Some(0.30002))] {
            assert!(fills_fit(low, high).is_err(), "{low:?} {high:?}");
        }
    }
}
