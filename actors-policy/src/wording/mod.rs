//! What the words of attributes and of configuration mean, and every sentence about a mistake in
//! them.
//!
//! Text in, a value or an [`InvalidPolicy`] out. The macros put the user's spans around these
//! sentences, configuration puts its paths before them, and
//! [`Settings::limits`](crate::Settings::limits) and [`Policy::check`](crate::Policy::check) return
//! the same ones to code that calls a builder. So one mistake has one sentence, wherever it is
//! made.
//!
//! The words themselves are in [`fields`](crate::fields).

pub mod duration;
mod number;
mod overflow;
mod pool;
mod priority;

pub use number::Number;
pub use overflow::{OVERFLOW_EMPTY, overflow, overflow_place};
pub(crate) use pool::WORKERS_EXAMPLE;
pub use pool::{
    action, fill, fill_fits, fills_fit, keep_alive_fits, no_response, schedule_fits, spawn_fits, workers,
    workers_fit,
};

pub(crate) use priority::PRIORITY_EXAMPLE;
pub use priority::{FAIR_AND_KEYED, exempt_fits, priorities, priorities_fit};

use crate::word::{list, nearest, no_choice};
use crate::{InvalidPolicy, Schedule};

/// The words that are known in one place: an attribute, or a table of a configuration.
pub struct Vocabulary<'a> {
    /// The place as sentences name it: `` `#[actor]` ``.
    pub of: &'a str,
    /// Words that can be used.
    pub built: Vec<&'a str>,
    /// Words that are refused for now, because their behaviour is not built.
    pub planned: &'a [&'a str],
    /// Words of another place, and its name.
    pub elsewhere: (Vec<&'a str>, &'a str),
}

impl Vocabulary<'_> {
    /// Checks that this is one of the words.
    ///
    /// # Errors
    /// A sentence that says where the word belongs, which word was meant, or which words there are.
    pub fn check(&self, name: &str) -> Result<(), InvalidPolicy> {
        let Self { of, built, planned, elsewhere: (others, other) } = self;
        let why = if built.contains(&name) {
            return Ok(());
        } else if planned.contains(&name) {
            format!("`{name}` is not built yet; leave it out for now")
        } else if others.contains(&name) {
            format!("`{name}` is a word of {other}, not of {of}")
        } else {
            match nearest(name, built) {
                Some(meant) => format!("{of} has no word `{name}`; did you mean `{meant}`?"),
                None => format!("{of} has no word `{name}`; its words are {}", list(built)),
            }
        };
        Err(InvalidPolicy::new(name.to_owned(), why))
    }
}

/// The sentence about a repeated word.
pub fn twice(name: &str) -> String {
    format!("`{name}` is said twice; leave one of them out")
}

/// Checks that the reserve leaves lower lanes a slot.
///
/// # Errors
/// The largest reserve that fits.
pub fn reserve_fits(reserve: usize, capacity: usize) -> Result<(), InvalidPolicy> {
    if reserve < capacity {
        return Ok(());
    }
    let most = capacity.saturating_sub(1);
    let why = format!("the reserve is a part of the capacity, which is {capacity}: write at most {most}");
    Err(InvalidPolicy::new("reserve", why))
}

/// Checks that one type's share of the slots is no more than there are.
///
/// # Errors
/// What to write instead.
pub fn max_fits(max: usize, capacity: usize) -> Result<(), InvalidPolicy> {
    if max <= capacity {
        return Ok(());
    }
    let why =
        format!("`max` is a part of the capacity, which is {capacity}: write at most that, or leave it out");
    Err(InvalidPolicy::new("max", why))
}

/// Checks that one key's share of the slots is no more than there are.
///
/// # Errors
/// What to write instead.
pub fn max_per_key_fits(max: usize, capacity: usize) -> Result<(), InvalidPolicy> {
    if max <= capacity {
        return Ok(());
    }
    let why = format!(
        "`max_per_key` is a part of the capacity, which is {capacity}: write at most that, or leave it out for a quarter of it"
    );
    Err(InvalidPolicy::new("max_per_key", why))
}

/// Reads a schedule; `inside` is the text in parentheses behind it.
///
/// # Errors
/// What to write instead.
pub fn schedule(text: &str, inside: Option<&str>) -> Result<Schedule, InvalidPolicy> {
    const HEADS: &[&str] = &["strict", "weighted"];
    let schedule = match text {
        "strict" => Schedule::Strict,
        "weighted" => Schedule::Weighted,
        _ => {
            let why = no_choice(text, ("schedule", "schedule"), HEADS, &[]);
            return Err(InvalidPolicy::new("schedule", why));
        }
    };
    match (schedule, inside) {
        (_, None) => Ok(schedule),
        (Schedule::Weighted, Some(inside)) => match value_of("by", inside) {
            Some("turns") => Ok(Schedule::Weighted),
            Some("time") => Ok(Schedule::WeightedByTime),
            _ => Err(InvalidPolicy::new(
                "schedule",
                "lanes share turns or time: write `weighted(by = turns)` or `weighted(by = time)`",
            )),
        },
        (_, Some(_)) => Err(no_parentheses("schedule", text)),
    }
}

fn no_parentheses(field: &'static str, word: &str) -> InvalidPolicy {
    InvalidPolicy::new(field, format!("`{word}` takes nothing in parentheses; write `{word}` alone"))
}

/// `by = time` → `time`.
fn value_of<'a>(word: &str, inside: &'a str) -> Option<&'a str> {
    let (name, value) = inside.split_once('=')?;
    (name.trim() == word).then(|| value.trim())
}

/// `weighted(by = time)` → (`weighted`, `by = time`); text of another form stays in one piece.
pub fn with_parentheses(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((head, inside)) => (head.trim_end(), Some(inside)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_read_whatever_the_spaces() {
        assert_eq!(schedule("weighted", Some("by = time")), Ok(Schedule::WeightedByTime));
        assert_eq!(" weighted ( by=turns ) ".parse(), Ok(Schedule::Weighted));
        for schedule in [Schedule::Strict, Schedule::Weighted, Schedule::WeightedByTime] {
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
        assert!("strict(by = time)".parse::<Schedule>().is_err());
    }

    #[test]
    fn parentheses_stand_behind_a_word() {
        assert_eq!(with_parentheses("drop_random(from = 0.5)"), ("drop_random", Some("from = 0.5")));
        assert_eq!(with_parentheses(" block "), ("block", None));
        assert_eq!(with_parentheses("a(b)c"), ("a(b)c", None));
    }
}
