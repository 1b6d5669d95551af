//! Enums whose values are words of an attribute, and suggestions for misspelt words.
//!
//! `words!` declares such an enum. One line per value gives its documentation, its variant and
//! its word; the parser, `Display`, `FromStr` and the list in error messages all follow from it.

use crate::InvalidPolicy;
use std::fmt;

/// A value that is one word of an attribute.
pub trait Word: Copy + PartialEq + fmt::Debug + 'static {
    /// The attribute word that takes these values: `overflow`.
    const FIELD: &'static str;
    /// What an error sentence calls one value: `overflow`, `action`.
    const NOUN: &'static str;
    /// Every value, in declaration order.
    const VALUES: &'static [Self];
    /// Words that are refused for now, because their behaviour is not built.
    const PLANNED: &'static [&'static str];

    /// The word as it is declared.
    fn word(self) -> &'static str;

    /// Reads one word.
    ///
    /// # Errors
    /// A sentence that names the nearest word, or all of them.
    fn read(text: &str) -> Result<Self, InvalidPolicy> {
        match Self::VALUES.iter().find(|value| value.word() == text) {
            Some(value) => Ok(*value),
            None => {
                let words: Vec<&str> = Self::VALUES.iter().map(|value| value.word()).collect();
                Err(InvalidPolicy::new(
                    Self::FIELD,
                    no_choice(text, (Self::FIELD, Self::NOUN), &words, Self::PLANNED),
                ))
            }
        }
    }
}

/// Declares an enum whose values are words of the attribute word `$field`.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident of $field:literal, each called $noun:literal, planned $planned:expr;
        $($(#[$doc:meta])* $variant:ident = $word:literal,)+
    ) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// The word as it is declared.
            #[inline]
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl $crate::word::Word for $name {
            const FIELD: &'static str = $field;
            const NOUN: &'static str = $noun;
            const VALUES: &'static [Self] = &[$($name::$variant,)+];
            const PLANNED: &'static [&'static str] = $planned;

            fn word(self) -> &'static str {
                $name::word(self)
            }
        }

        /// Writes the word as it is declared.
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        /// Reads the word as it is declared.
        impl std::str::FromStr for $name {
            type Err = $crate::InvalidPolicy;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::word::Word::read(text)
            }
        }
    };
}

pub(crate) use words;

/// The sentence about a text that is not one of `words`.
pub(crate) fn no_choice(text: &str, (field, noun): (&str, &str), words: &[&str], planned: &[&str]) -> String {
    let is_word = text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if !is_word {
        format!("`{field}` is one of {}", list(words))
    } else if planned.contains(&text) {
        format!("`{text}` is not built yet; for now `{field}` is one of {}", list(words))
    } else if let Some(meant) = nearest(text, words) {
        format!("there is no {noun} `{text}`; did you mean `{meant}`?")
    } else {
        format!("there is no {noun} `{text}`; it is one of {}", list(words))
    }
}

/// The word that was probably meant: the only one that begins with `wrong`, or the one with at most
/// two wrong letters, and no more than half of them.
pub fn nearest<'a>(wrong: &str, words: &[&'a str]) -> Option<&'a str> {
    let mut longer = words.iter().filter(|word| wrong.len() > 2 && word.starts_with(wrong));
    if let (Some(word), None) = (longer.next(), longer.next()) {
        return Some(word);
    }
    words
        .iter()
        .map(|word| (distance(wrong, word), *word))
        .filter(|(distance, word)| *distance <= 2 && 2 * distance <= word.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Words as part of a sentence: `` `a`, `b`, `c` ``.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Letters to add, drop or change to make `a` into `b` (Levenshtein, one row at a time).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Order, Overflow, Priority};

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let words = ["priority", "overflow", "key", "ttl"];
        assert_eq!(nearest("prority", &words), Some("priority"));
        assert_eq!(nearest("overlfow", &words), Some("overflow"));
        assert_eq!(nearest("kex", &words), Some("key"));
        assert_eq!(nearest("tlt", &words), None);
        assert_eq!(nearest("volume", &words), None);
        assert_eq!(nearest("x", &words), None);
        assert_eq!(nearest("prio", &words), Some("priority"));
        assert_eq!(nearest("lifo", &["fifo", "lifo_under_pressure"]), Some("lifo_under_pressure"));
        assert_eq!(nearest("drop", &["drop_oldest", "drop_newest"]), None);
    }

    fn reads_what_it_writes<W: Word>() {
        for value in W::VALUES {
            assert_eq!(W::read(value.word()), Ok(*value));
        }
        assert!(W::read("").is_err() && W::read("no such word").is_err());
    }

    #[test]
    fn every_word_reads_as_the_value_that_writes_it() {
        reads_what_it_writes::<Priority>();
        reads_what_it_writes::<Overflow>();
        reads_what_it_writes::<Order>();
        reads_what_it_writes::<Action>();
        assert_eq!("drop_oldest".parse(), Ok(Overflow::DropOldest));
        assert_eq!(Priority::High.to_string().parse(), Ok(Priority::High));
    }
}
