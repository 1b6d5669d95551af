//! What a message type declares about itself.

use std::time::Duration;

/// The lane of a message type. Higher lanes go first, with a bound on how long lower ones wait (S2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Priority {
    /// Work that may wait.
    Low,
    /// Everything that says nothing.
    #[default]
    Normal,
    /// Work that goes before the rest.
    High,
    /// Work a mailbox always has room for: half of the reserve is its own.
    Urgent,
}

impl Priority {
    /// Number of lanes.
    pub const COUNT: usize = 4;
    /// Lowest first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// 0 for `Low` to 3 for `Urgent`.
    pub const fn lane(self) -> usize {
        self as usize
    }
}

/// What happens to a message when there is no room for it (O).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// The sender waits in line (O1). Only last in a list.
    Block,
    /// The sender gets the message back (O2). Only last in a list.
    Reject,
    /// The newcomer is dropped (O3). Only last in a list.
    DropNewest,
    /// The oldest message of the same type makes room (O4).
    DropOldest,
    /// A message of the same key is replaced in place, room or not (O7). Only first in a list.
    Conflate,
}

impl Overflow {
    /// The word as it is declared.
    pub const fn word(self) -> &'static str {
        match self {
            Overflow::Block => "block",
            Overflow::Reject => "reject",
            Overflow::DropNewest => "drop_newest",
            Overflow::DropOldest => "drop_oldest",
            Overflow::Conflate => "conflate",
        }
    }

    const fn is_last(self) -> bool {
        matches!(self, Overflow::Block | Overflow::Reject | Overflow::DropNewest)
    }
}

/// Up to three [`Overflow`] words, tried in order. Three is the longest legal list: one that must be first, the one that
/// may stand anywhere, one that must be last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OverflowList {
    words: [Overflow; OverflowList::LEN_MAX],
    len: u8,
}

impl OverflowList {
    const LEN_MAX: usize = 3;

    /// A list. A longer one than any legal list is cut; [`check`](OverflowList::check) refuses it either way, because
    /// four words cannot be legal without a repetition.
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
    pub fn words(&self) -> &[Overflow] {
        &self.words[..usize::from(self.len).min(OverflowList::LEN_MAX)]
    }

    /// Whether the list has this word.
    pub fn has(&self, word: Overflow) -> bool {
        self.words().contains(&word)
    }

    /// Whether messages of such a type may be given up once they are in.
    pub fn is_droppable(&self) -> bool {
        match self.words().last() {
            Some(Overflow::DropNewest | Overflow::DropOldest) => true,
            Some(Overflow::Conflate) => self.len == 1,
            _ => false,
        }
    }

    /// Whether the list makes sense (O9), with the sentence that says why not.
    pub fn check(&self, keyed: bool) -> Result<(), String> {
        let words = self.words();
        if words.is_empty() {
            return Err("an overflow list needs at least one word, for example `[drop_oldest, block]`".into());
        }
        if usize::from(self.len) > OverflowList::LEN_MAX {
            return Err(format!("an overflow list has at most {} words", OverflowList::LEN_MAX));
        }
        for (at, word) in words.iter().enumerate() {
            if words[..at].contains(word) {
                return Err(format!("`{}` stands twice in the overflow list", word.word()));
            }
            if word.is_last() && at + 1 < words.len() {
                return Err(format!("`{}` can only be last in an overflow list", word.word()));
            }
            if *word == Overflow::Conflate && at > 0 {
                return Err("`conflate` can only be first in an overflow list".into());
            }
            if *word == Overflow::Conflate && !keyed {
                return Err("`conflate` needs a key: say which field with `key = …`".into());
            }
        }
        Ok(())
    }
}

/// What a message type declares: its lane, what happens when there is no room, how long it is worth anything.
///
/// ```
/// use actors_core::{Overflow, Policy, Priority};
/// use std::time::Duration;
///
/// const VIEWS: Policy =
///     Policy::tell().priority(Priority::Low).overflow(&[Overflow::DropOldest]).ttl(Duration::from_secs(5));
/// assert!(VIEWS.check().is_ok());
/// assert!(VIEWS.overflow(&[Overflow::Block, Overflow::Reject]).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The lane.
    pub(crate) priority: Priority,
    /// What happens when there is no room.
    pub(crate) overflow: OverflowList,
    /// Age at which it is worthless.
    pub(crate) ttl: Option<Duration>,
    /// Default deadline of an ask, and of a blocked send inside a turn.
    pub(crate) timeout: Duration,
    /// Whether the type has a conflation key.
    pub(crate) keyed: bool,
}

/// Default deadline of an ask. Long enough for any handler that is not stuck, short enough that a stuck one is noticed
/// while the person who waits is still there.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Policy {
    /// The default of a one-way message: `normal`, `block`.
    pub const fn tell() -> Self {
        Policy {
            priority: Priority::Normal,
            overflow: OverflowList::new(&[Overflow::Block]),
            ttl: None,
            timeout: TIMEOUT,
            keyed: false,
        }
    }

    /// The default of a message that has a reply: `normal`, `reject`.
    pub const fn ask() -> Self {
        Policy { overflow: OverflowList::new(&[Overflow::Reject]), ..Policy::tell() }
    }

    /// Sets the lane.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets what happens when there is no room: words tried in order.
    #[must_use]
    pub const fn overflow(mut self, list: &[Overflow]) -> Self {
        self.overflow = OverflowList::new(list);
        self
    }

    /// Sets the age at which a message is worthless, counted from the first poll of its send.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the default deadline of an ask.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says that the message has a conflation key (`Message::key_hash` and `Message::same_key`).
    #[must_use]
    pub const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    /// Whether this policy makes sense, with the sentence that says why not.
    pub fn check(&self) -> Result<(), String> {
        if self.ttl.is_some_and(|ttl| ttl.is_zero()) {
            return Err(
                "a ttl of zero would let no message live; leave it out or write at least \"1ns\"".into()
            );
        }
        if self.timeout.is_zero() {
            return Err("a timeout of zero would let no ask succeed; write for example \"2s\"".into());
        }
        self.overflow.check(self.keyed)
    }
}
