//! The error about a word, a value or a combination of values that is not allowed.

use std::borrow::Cow;
use std::fmt;

/// A word of a policy that is not allowed, and what to write instead.
///
/// Its `Display` is [`why`](InvalidPolicy::why): `` `capacity` is at least 1: a mailbox without a
/// slot takes nothing ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPolicy {
    word: Cow<'static, str>,
    why: Cow<'static, str>,
}

impl InvalidPolicy {
    #[doc(hidden)]
    pub fn new(word: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        InvalidPolicy { word: word.into(), why: why.into() }
    }

    /// A word that is set when the actor starts.
    pub(crate) fn fixed(word: &'static str) -> Self {
        Self::cannot_change(word, format_args!("the {word}"))
    }

    /// `what` is the subject of the sentence.
    pub(crate) fn cannot_change(word: &'static str, what: impl fmt::Display) -> Self {
        let why = format!("{what} cannot change while the mailbox lives: set it when the actor is started");
        InvalidPolicy::new(word, why)
    }

    /// The word that is wrong: `capacity`, `overflow`.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// What is wrong with it, and what to write instead.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for InvalidPolicy {}
