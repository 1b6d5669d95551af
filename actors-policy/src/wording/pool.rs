//! Words about pools and pressure: `workers`, `keep_alive`, `pressure`.

use super::number::digits;
use crate::fill::steps;
use crate::word::Word;
use crate::{Action, InvalidPolicy, Pressure, Schedule, WORKERS_MAX};

pub(crate) const WORKERS_EXAMPLE: &str =
    "write `workers = 4`, or `workers = 1..=8` where their number may change";

fn invalid(why: impl Into<std::borrow::Cow<'static, str>>) -> InvalidPolicy {
    InvalidPolicy::new("workers", why)
}

/// Reads the least and the greatest number of workers: `4`, `1..=8`.
///
/// # Errors
/// What to write instead.
pub fn workers(text: &str) -> Result<(usize, usize), InvalidPolicy> {
    let text = text.trim();
    if let Some((least, most)) = text.split_once("..=") {
        return range(least.trim(), most.trim());
    }
    let Some((least, most)) = text.split_once("..") else {
        let number = worker_count(text)?;
        workers_fit((number, number))?;
        return Ok((number, number));
    };
    let ends = (worker_count(least.trim()), worker_count(most.trim()));
    Err(match ends {
        (Ok(least), Ok(most)) if least < most => {
            invalid(format!("`{least}..{most}` leaves its end out; write `workers = {least}..={most}`"))
        }
        _ => invalid(format!("a range needs both ends; {WORKERS_EXAMPLE}")),
    })
}

fn range(least: &str, most: &str) -> Result<(usize, usize), InvalidPolicy> {
    if least.is_empty() || most.is_empty() {
        return Err(invalid(format!("a range needs both ends; {WORKERS_EXAMPLE}")));
    }
    let range = (worker_count(least)?, worker_count(most)?);
    workers_fit(range).map(|()| range)
}

/// Checks a range of workers.
///
/// # Errors
/// What to write instead.
pub fn workers_fit((least, most): (usize, usize)) -> Result<(), InvalidPolicy> {
    if least > most {
        let fix = most.max(1);
        return Err(invalid(format!(
            "`{least}..={most}` runs downwards; write the smaller number first: `workers = {fix}..={least}`"
        )));
    }
    if least == 0 {
        return Err(invalid("a pool without workers handles nothing; write at least 1"));
    }
    if most > WORKERS_MAX {
        return Err(invalid(format!(
            "`workers` is at most {WORKERS_MAX}, each being a task of its own; write less"
        )));
    }
    Ok(())
}

/// Reads a number of workers. Digits that do not fit are too large.
fn worker_count(text: &str) -> Result<usize, InvalidPolicy> {
    digits(text).ok_or_else(|| invalid(format!("this is no number of workers; {WORKERS_EXAMPLE}")))
}

/// Checks that workers may go: only those are kept alive.
///
/// # Errors
/// What to write instead.
pub fn keep_alive_fits((least, most): (usize, usize)) -> Result<(), InvalidPolicy> {
    // A range the wrong way round is a mistake of its own.
    if least != most {
        return Ok(());
    }
    let why = format!(
        "`keep_alive` needs a number of workers that may shrink, and here it is always {least}; write for \
         example {}, or leave it out",
        elastic(least)
    );
    Err(InvalidPolicy::new("keep_alive", why))
}

/// Checks that the number of workers may grow: only then `spawn` can raise it.
///
/// # Errors
/// What to write instead.
pub fn spawn_fits((least, most): (usize, usize)) -> Result<(), InvalidPolicy> {
    // A range the wrong way round is a mistake of its own.
    if least != most {
        return Ok(());
    }
    let why = format!(
        "`spawn` needs a number of workers that may grow, and here it is always {least}; write for example {}, \
         or leave `spawn` out",
        elastic(least)
    );
    Err(InvalidPolicy::new("respond", why))
}

/// `workers = 1..=…` with room above one.
fn elastic(workers: usize) -> String {
    format!("`workers = 1..={}`", workers.max(4))
}

/// Checks that handling time is shared out only where one worker runs all turns: those of several
/// overlap.
///
/// # Errors
/// What to write instead.
pub fn schedule_fits(schedule: Schedule, (_, most): (usize, usize)) -> Result<(), InvalidPolicy> {
    if most <= 1 || schedule != Schedule::WeightedByTime {
        return Ok(());
    }
    let why = "handling time is shared by one worker's turns; with several write `schedule = weighted`";
    Err(InvalidPolicy::new("schedule", why))
}

/// Reads `high` or `low`, a part of the capacity.
///
/// # Errors
/// What to write instead.
pub fn fill(word: &'static str, text: &str) -> Result<f64, InvalidPolicy> {
    let fill = text.replace('_', "").parse::<f64>().unwrap_or(f64::NAN);
    fill_fits(word, fill).map(|()| fill)
}

/// Checks `high` or `low`.
///
/// # Errors
/// What to write instead.
pub fn fill_fits(word: &'static str, fill: f64) -> Result<(), InvalidPolicy> {
    let steps = steps(fill);
    let why = match word {
        _ if steps < u16::MAX && (word == "low" || steps > 0) => return Ok(()),
        "low" => "`low` is a fill from 0 up to, but not including, `high`; write for example `low = 0.5`",
        _ => "`high` is a fill above 0 and up to 1; write for example `high = 0.8`",
    };
    Err(InvalidPolicy::new(word, why))
}

/// Checks that `low` is below `high`; one that is not said is what it is by default.
///
/// # Errors
/// What to write instead.
pub fn fills_fit(low: Option<f64>, high: Option<f64>) -> Result<(), InvalidPolicy> {
    let default = Pressure::new();
    let (least, most) =
        (low.unwrap_or_else(|| default.low_fill()), high.unwrap_or_else(|| default.high_fill()));
    if steps(least) < steps(most) {
        return Ok(());
    }
    let why = match low {
        Some(_) => format!(
            "`low` is a fill below `high`, which is {most}: write less; between the two a level stays what it is"
        ),
        None => format!(
            "`low` is {least} where nothing is said, which is not below {most}: write `low` too, below that"
        ),
    };
    Err(InvalidPolicy::new("low", why))
}

/// The error about a `pressure` that does nothing.
pub fn no_response(workers: Option<(usize, usize)>) -> InvalidPolicy {
    let may_grow = workers.is_some_and(|(least, most)| least < most);
    let action = if may_grow { "spawn" } else { "shed" };
    let why = format!(
        "this says when there is pressure, but nothing is done about it: write `respond = {action}` too"
    );
    InvalidPolicy::new("respond", why)
}

/// Reads an action that stands behind `before` in a list.
///
/// # Errors
/// What to write instead.
pub fn action(text: &str, before: &[Action]) -> Result<Action, InvalidPolicy> {
    let action = Action::read(text)?;
    if before.contains(&action) {
        let why = format!("`{action}` is in the list twice; leave one of them out");
        return Err(InvalidPolicy::new("respond", why));
    }
    Ok(action)
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
            assert!(why.why().contains(fix), "{text}: {why}");
        }
    }

    #[test]
    fn fills_are_compared_as_they_are_kept() {
        assert_eq!(fill("high", "1"), Ok(1.0));
        assert_eq!(fill("low", "0"), Ok(0.0));
        for text in ["0", "0.00001", "1.1", "-0.5", "nan", "inf", "80%", ""] {
            assert!(fill("high", text).unwrap_err().why().contains("above 0"), "{text}");
        }
        for text in ["1.1", "-0.5", "nan", "half"] {
            assert!(fill("low", text).unwrap_err().why().contains("not including"), "{text}");
        }
        assert_eq!(fills_fit(None, None), Ok(()));
        assert_eq!(fills_fit(Some(0.7999), None), Ok(()));
        for (low, high) in [(Some(0.8), None), (None, Some(0.5)), (Some(0.30001), Some(0.30002))] {
            assert!(fills_fit(low, high).is_err(), "{low:?} {high:?}");
        }
    }
}
