//! Sentences about priorities, and about words that go with them or not.

use crate::word::Word;
use crate::{InvalidPolicy, Priority};

pub(crate) const PRIORITY_EXAMPLE: &str = "write `priority = high`, or a range: `priority = normal..=high`";

/// Why a message type has a key or is fair, but not both.
pub const FAIR_AND_KEYED: &str = "`fair_by` mixes the values of a field, and `key` keeps the order of one key: \
                                  leave one of them out";

fn invalid(why: impl Into<String>) -> InvalidPolicy {
    InvalidPolicy::new("priority", why.into())
}

/// Reads `high` or `normal..=high`.
///
/// # Errors
/// What to write instead.
pub fn priorities(text: &str) -> Result<(Priority, Priority), InvalidPolicy> {
    let Some((lowest, highest)) = text.split_once("..") else {
        return Priority::read(text.trim()).map(|priority| (priority, priority));
    };
    let (lowest, end) = (lowest.trim(), highest.trim());
    let Some(highest) = end.strip_prefix('=').map(str::trim) else {
        return Err(invalid(format!(
            "`{lowest}..{end}` leaves its end out; write `priority = {lowest}..={end}`"
        )));
    };
    if lowest.is_empty() || highest.is_empty() {
        return Err(invalid(format!("a range needs both ends; {PRIORITY_EXAMPLE}")));
    }
    let range = (Priority::read(lowest)?, Priority::read(highest)?);
    priorities_fit(range).map(|()| range)
}

/// Checks a range of priorities.
///
/// # Errors
/// What to write instead.
pub fn priorities_fit((lowest, highest): (Priority, Priority)) -> Result<(), InvalidPolicy> {
    match lowest <= highest {
        true => Ok(()),
        false => Err(invalid(format!(
            "`{lowest}..={highest}` runs downwards; write the lower priority first: `priority = {highest}..={lowest}`"
        ))),
    }
}

/// Checks that a type of this priority may be exempt from the actor's rate.
///
/// # Errors
/// What to write instead.
pub fn exempt_fits(lowest: Priority) -> Result<(), InvalidPolicy> {
    match lowest >= Priority::High {
        true => Ok(()),
        false => Err(InvalidPolicy::new(
            "exempt",
            "only `high` and `urgent` types are exempt from the actor's rate: write `priority = high`, or leave it out",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_a_range_has_its_lower_end_first() {
        use Priority::{High, Low, Normal};
        for (text, range) in
            [("high", (High, High)), ("normal..=high", (Normal, High)), (" low ..= low ", (Low, Low))]
        {
            assert_eq!(priorities(text), Ok(range), "{text}");
        }
        for text in ["normal..high", "high..=normal", "..=high", "normal..=", "hgih..=high", "normal.."] {
            assert!(priorities(text).is_err(), "{text}");
        }
    }
}
