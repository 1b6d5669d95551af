//! Words of an overflow list: `drop_random(from = 0.5)`.

use super::{no_parentheses, value_of};
use crate::word::Word;
use crate::{InvalidPolicy, Overflow};

/// The sentence about `[]`.
pub const OVERFLOW_EMPTY: &str = "an empty list says nothing; write `block`, or leave `overflow` out";

/// Reads one word of an overflow list and, for `drop_random(from = 0.5)`, the fill in parentheses.
///
/// # Errors
/// What to write instead.
pub fn overflow(text: &str, inside: Option<&str>) -> Result<(Overflow, Option<f64>), InvalidPolicy> {
    let word = Overflow::read(text)?;
    let Some(inside) = inside else { return Ok((word, None)) };
    if word != Overflow::DropRandom {
        return Err(no_parentheses("overflow", text));
    }
    let example = "write `drop_random(from = 0.5)`, or `drop_random` alone to begin when there is no room";
    let Some(value) = value_of("from", inside) else {
        let why = format!("`drop_random` may begin early, from a fill: {example}");
        return Err(InvalidPolicy::new("overflow", why));
    };
    match value.replace('_', "").parse::<f64>() {
        Ok(fill) if (0.0..1.0).contains(&fill) => Ok((word, Some(fill))),
        _ => {
            let why = format!("this is no fill from 0 up to, but not including, 1: {example}");
            Err(InvalidPolicy::new("overflow", why))
        }
    }
}

/// Checks that a word may stand at the place `at` of a list of `len` words, of which `before` were
/// read.
///
/// # Errors
/// Where the word belongs, or which one to leave out.
pub fn overflow_place(
    word: Overflow,
    (at, len): (usize, usize),
    before: &[Overflow],
) -> Result<(), InvalidPolicy> {
    let twins = [Overflow::DropOldest, Overflow::DropRandom, Overflow::DropAll];
    let why = if before.contains(&word) {
        format!("`{word}` is in the list twice; leave one of them out")
    } else if word == Overflow::Conflate && at > 0 {
        "`conflate` applies always, not only when full, so it stands first in the list".to_owned()
    } else if word.is_last() && at + 1 < len {
        format!("nothing is tried after `{word}`, so it stands last in the list")
    } else if let Some(twin) = twins.iter().find(|twin| twins.contains(&word) && before.contains(twin)) {
        format!("`{twin}` and `{word}` both give up messages of the same type; leave one of them out")
    } else {
        return Ok(());
    };
    Err(InvalidPolicy::new("overflow", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_in_parentheses_is_read_whatever_the_spaces() {
        assert_eq!(overflow("drop_random", Some("from=0.5")), Ok((Overflow::DropRandom, Some(0.5))));
        assert_eq!(overflow("drop_random", Some(" from = 0 ")), Ok((Overflow::DropRandom, Some(0.0))));
        for inside in ["from = 1", "from = -0.1", "from = nan", "from = 0.5, from = 0.6", "from", "", "0.5"] {
            assert!(overflow("drop_random", Some(inside)).is_err(), "{inside}");
        }
        assert!(overflow("block", Some("")).is_err());
    }
}
