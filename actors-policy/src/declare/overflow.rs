//! What happens to a message when there is no room for it (O): words, and which lists of them make
//! sense.

use crate::word::words;
use crate::{InvalidPolicy, wording};
use std::fmt;

words! {
    /// What happens to a message when there is no room for it (O).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Overflow of "overflow", each called "overflow", planned &["spill"];
    /// The sender waits in line (O1). Only last in a list.
    Block = "block",
    /// The sender gets the message back (O2). Only last in a list.
    Reject = "reject",
    /// The newcomer is dropped (O3). Only last in a list.
    DropNewest = "drop_newest",
    /// The oldest message of the same type makes room (O4). The newcomer goes to the end of its
    /// lane. In a lane shared with types that keep their places, such a type hardly reaches the
    /// front under a lasting flood. Give it a lane of its own, or use `drop_random` or
    /// `drop_newest`.
    DropOldest = "drop_oldest",
    /// A random message of the same type makes room (O5).
    DropRandom = "drop_random",
    /// All queued messages of the same type make room (O11). For messages that are worth something
    /// only in an unbroken row, such as the parts of a stream that can begin anew.
    DropAll = "drop_all",
    /// The newest message of the lowest droppable type below makes room (O6). Does not help against
    /// a spent `max`.
    EvictLower = "evict_lower",
    /// A message of the same key is replaced in place, room or not (O7). Only first in a list.
    Conflate = "conflate",
}

impl Overflow {
    /// Whether no word may follow this one.
    #[inline]
    pub(crate) const fn is_last(self) -> bool {
        matches!(self, Overflow::Block | Overflow::Reject | Overflow::DropNewest)
    }
}

/// Up to four [`Overflow`] words, tried in order. Four is the longest legal list: `conflate`, which
/// must be first; one of `drop_oldest`,
/// `drop_random` and `drop_all`; `evict_lower`; and one that must be last.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OverflowList {
    words: [Overflow; OverflowList::LEN_MAX],
    len: u8,
}

impl OverflowList {
    const LEN_MAX: usize = 4;

    /// Creates a list. One longer than any legal list is cut; [`check`](OverflowList::check)
    /// refuses it either way, because five words cannot be legal without a repetition.
    pub const fn new(list: &[Overflow]) -> Self {
        let mut words = [Overflow::Block; OverflowList::LEN_MAX];
        let mut at = 0;
        while at < list.len() && at < OverflowList::LEN_MAX {
            words[at] = list[at];
            at += 1;
        }
        // One more than fits marks a list that was cut.
        let len = if list.len() > OverflowList::LEN_MAX { OverflowList::LEN_MAX + 1 } else { list.len() };
        OverflowList { words, len: len as u8 }
    }

    /// The words in order.
    #[inline]
    pub fn words(&self) -> &[Overflow] {
        &self.words[..usize::from(self.len).min(OverflowList::LEN_MAX)]
    }

    /// Whether the list has this word.
    #[inline]
    pub fn has(&self, word: Overflow) -> bool {
        self.words().contains(&word)
    }

    /// Whether queued messages of such a type may be dropped: the list ends in a `drop_*`, or is
    /// `conflate` alone.
    #[inline]
    pub fn is_droppable(&self) -> bool {
        match self.words().last() {
            Some(Overflow::DropNewest | Overflow::DropOldest | Overflow::DropRandom | Overflow::DropAll) => {
                true
            }
            Some(Overflow::Conflate) => self.len == 1,
            _ => false,
        }
    }

    /// What becomes of a newcomer for which no word has found room. It is the list's last word
    /// where that word decides it. Otherwise a droppable newcomer is dropped (O4, O5), and any
    /// other is refused.
    #[inline]
    pub fn last_resort(&self) -> Overflow {
        match self.words().last() {
            Some(last) if last.is_last() => *last,
            _ if self.is_droppable() => Overflow::DropNewest,
            _ => Overflow::Reject,
        }
    }

    /// Checks that the list makes sense (O9).
    ///
    /// # Errors
    ///
    /// The first word that is not allowed in its place.
    pub fn check(&self, keyed: bool) -> Result<(), InvalidPolicy> {
        let words = self.words();
        if words.is_empty() {
            return Err(InvalidPolicy::new("overflow", wording::OVERFLOW_EMPTY));
        }
        if usize::from(self.len) > OverflowList::LEN_MAX {
            let why = format!("an overflow list has at most {} words", OverflowList::LEN_MAX);
            return Err(InvalidPolicy::new("overflow", why));
        }
        for (at, word) in words.iter().enumerate() {
            wording::overflow_place(*word, (at, words.len()), &words[..at])?;
        }
        if self.has(Overflow::Conflate) && !keyed {
            let why = "`conflate` needs a key: say which field with `key = …`";
            return Err(InvalidPolicy::new("overflow", why));
        }
        Ok(())
    }
}

/// Writes the list as it is declared: `[drop_oldest, block]`.
impl fmt::Display for OverflowList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, word) in self.words().iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            write!(f, "{separator}{word}")?;
        }
        f.write_str("]")
    }
}

/// Writes the list as it is declared: `[drop_oldest, block]`.
impl fmt::Debug for OverflowList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::Word;
    use Overflow::{Block, Conflate, DropAll, DropNewest, DropOldest, DropRandom, Reject};

    const ALL: &[Overflow] = Overflow::VALUES;

    /// All lists of up to five words.
    fn lists() -> Vec<Vec<Overflow>> {
        let mut lists = vec![vec![]];
        let mut longest = lists.clone();
        for _ in 0..5 {
            longest = longest
                .iter()
                .flat_map(|list: &Vec<_>| ALL.iter().map(|word| [&list[..], &[*word]].concat()))
                .collect();
            lists.extend(longest.iter().cloned());
        }
        lists
    }

    #[test]
    fn o9_a_list_is_legal_exactly_when_each_word_stands_where_it_can_matter() {
        for list in lists() {
            let is_last = |word: &Overflow| matches!(word, Block | Reject | DropNewest);
            let count = |word: Overflow| list.iter().filter(|w| **w == word).count();
            let legal = !list.is_empty()
                && ALL.iter().all(|word| count(*word) <= 1)
                && list[..list.len() - 1].iter().all(|word| !is_last(word))
                && list.iter().skip(1).all(|word| *word != Conflate)
                && count(DropOldest) + count(DropRandom) + count(DropAll) <= 1;
            assert_eq!(OverflowList::new(&list).check(true).is_ok(), legal, "{list:?}");
            let unkeyed = legal && count(Conflate) == 0;
            assert_eq!(OverflowList::new(&list).check(false).is_ok(), unkeyed, "{list:?} without a key");
        }
    }

    #[test]
    fn o0_only_a_type_that_says_drop_last_may_be_given_up() {
        for list in lists() {
            let list = OverflowList::new(&list);
            if list.check(true).is_err() {
                continue;
            }
            let says_drop = list.words().last().is_some_and(|word| word.word().starts_with("drop_"));
            assert_eq!(list.is_droppable(), says_drop || list.words() == [Conflate], "{list:?}");
            // A type that does not permit losses gets its messages back.
            assert_eq!(list.last_resort() == DropNewest, list.is_droppable(), "{list:?}");
        }
    }

    #[test]
    fn o9_a_list_is_printed_in_the_words_that_declare_it() {
        let list = OverflowList::new(&[DropOldest, Block]);
        assert_eq!(format!("{list:?}"), "[drop_oldest, block]");
        assert_eq!(format!("{list}"), "[drop_oldest, block]");
        assert_eq!(format!("{:?}", OverflowList::new(&[Reject])), "[reject]");
        assert_eq!(format!("{DropOldest}"), "drop_oldest");
        let policy = crate::Policy::tell().overflow(&[DropOldest, Block]);
        assert!(format!("{policy:?}").contains("overflow: [drop_oldest, block]"), "{policy:?}");
    }
}
