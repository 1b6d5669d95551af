//! How lanes share turns, as a word.

use crate::{InvalidPolicy, wording};
use std::fmt;
use std::str::FromStr;

/// How lanes share turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Schedule {
    /// The highest lane first, with a bound on how long lower ones wait.
    #[default]
    Strict,
    /// Turns 8 : 4 : 2 : 1, from `urgent` to `low`.
    Weighted,
    /// Handling time 8 : 4 : 2 : 1.
    WeightedByTime,
}

impl Schedule {
    /// The words as they are declared.
    pub const fn word(self) -> &'static str {
        match self {
            Schedule::Strict => "strict",
            Schedule::Weighted => "weighted",
            Schedule::WeightedByTime => "weighted(by = time)",
        }
    }
}

/// Writes the words as they are declared.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Reads the words as they are declared: `strict`, `weighted`, `weighted(by = time)`.
impl FromStr for Schedule {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        let (head, inside) = wording::with_parentheses(text);
        wording::schedule(head, inside)
    }
}
