//! The ledger: every message that was ever offered, and what became of it (L1).
//!
//! The common columns are plain numbers beside the mailbox; the rare ones are allocated with the
//! first loss of a type, so that a message type that is never refused costs a few words. [`LOSSES`]
//! is the one table that ties a column to its [`Reason`] and says whether a dead letter reports it.
//!
//! A new reason for a refusal needs a line in [`LOSSES`] and its word in `REFUSED`. A new reason
//! for the loss of an accepted message also needs a field in [`Row`] and in each function of `Row`,
//! and its word in `observe/losses.rs`.

use crate::error::Reason;
use crate::mailbox::item::Class;
use std::any::TypeId;

/// Where a message was lost, seen from the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before it had a slot; the sender has it back.
    Refused,
    /// As a newcomer, after it had a slot, or by giving up in line.
    Lost,
}

impl Stage {
    /// The stage of a message that was in the mailbox. One that its sender takes back because it
    /// would wait for ever counts as refused, queued or not: it never had its turn, and its sender
    /// was told in the poll that sent it or that began to wait.
    pub(in crate::mailbox) fn of(reason: Reason) -> Stage {
        if reason == Reason::WouldDeadlock { Stage::Refused } else { Stage::Lost }
    }
}

/// One column of losses.
pub(crate) struct Column {
    pub(crate) stage: Stage,
    pub(crate) reason: Reason,
    /// Whether a dead letter reports it (O10).
    pub(crate) letter: bool,
}

impl Column {
    /// The word of what became of such a message.
    const fn outcome(&self) -> &'static str {
        match (self.stage, self.reason) {
            (Stage::Lost, Reason::Closed) => "undelivered",
            // A word of its own, because the mailbox had accepted it.
            (Stage::Lost, Reason::Shed) => "shed_queued",
            (_, reason) => reason.word(),
        }
    }
}

const fn column(stage: Stage, reason: Reason, letter: bool) -> Column {
    Column { stage, reason, letter }
}

/// Every way a message can be lost.
pub(crate) const LOSSES: [Column; 15] = [
    column(Stage::Refused, Reason::Full, false),
    column(Stage::Refused, Reason::Shed, false),
    column(Stage::Refused, Reason::RateLimited, false),
    column(Stage::Refused, Reason::Doomed, false),
    column(Stage::Refused, Reason::Closed, false),
    column(Stage::Refused, Reason::WouldDeadlock, false),
    column(Stage::Refused, Reason::TimedOut, false),
    column(Stage::Lost, Reason::Panicked, true),
    column(Stage::Lost, Reason::Dropped, true),
    column(Stage::Lost, Reason::Shed, true),
    column(Stage::Lost, Reason::Evicted, true),
    column(Stage::Lost, Reason::Conflated, false),
    column(Stage::Lost, Reason::Expired, true),
    column(Stage::Lost, Reason::Cancelled, true),
    column(Stage::Lost, Reason::Closed, true),
];

fn place(stage: Stage, reason: Reason) -> usize {
    let found = LOSSES.iter().position(|column| column.stage == stage && column.reason == reason);
    debug_assert!(found.is_some(), "no ledger column for {stage:?} {reason:?}");
    // A loss without a column of its own still counts somewhere visible.
    found.unwrap_or(LOSSES.len() - 1)
}

/// Whether a dead letter reports a message lost for this reason.
pub(crate) fn has_letter(reason: Reason) -> bool {
    LOSSES.iter().any(|column| column.stage == Stage::Lost && column.reason == reason && column.letter)
}

/// Counters of one type, kept under the mailbox's lock.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Counts {
    pub(in crate::mailbox) offered: u64,
    pub(in crate::mailbox) handled: u64,
    pub(in crate::mailbox) queued: u32,
    pub(in crate::mailbox) waiting: u32,
    pub(in crate::mailbox) in_service: u32,
    pub(in crate::mailbox) stored: u32,
    losses: Option<Box<[u64; LOSSES.len()]>>,
}

impl Counts {
    pub(in crate::mailbox) fn lose(&mut self, stage: Stage, reason: Reason) {
        self.lose_many(stage, reason, 1);
    }

    pub(in crate::mailbox) fn lose_many(&mut self, stage: Stage, reason: Reason, count: u64) {
        self.losses.get_or_insert_default()[place(stage, reason)] += count;
    }

    fn lost(&self, stage: Stage, reason: Reason) -> u64 {
        self.losses.as_ref().map_or(0, |losses| losses[place(stage, reason)])
    }

    pub(in crate::mailbox) fn row(&self, class: &Class) -> Row {
        let lost = |reason| self.lost(Stage::Lost, reason);
        Row {
            message: class.name,
            offered: self.offered,
            handled: self.handled,
            panicked: lost(Reason::Panicked),
            dropped: lost(Reason::Dropped),
            shed_queued: lost(Reason::Shed),
            evicted: lost(Reason::Evicted),
            conflated: lost(Reason::Conflated),
            expired: lost(Reason::Expired),
            cancelled: lost(Reason::Cancelled),
            undelivered: lost(Reason::Closed),
            queued: self.queued.into(),
            waiting: self.waiting.into(),
            in_service: self.in_service.into(),
            stored: self.stored.into(),
            refused: std::array::from_fn(|at| {
                let reason = Reason::ALL[at];
                match LOSSES.iter().any(|column| column.stage == Stage::Refused && column.reason == reason) {
                    true => self.lost(Stage::Refused, reason),
                    false => 0,
                }
            }),
        }
    }
}

/// The columns of refusals, in the order of [`Reason::ALL`].
const REFUSED: [&str; Reason::ALL.len()] = [
    "refused_full",
    "refused_dropped",
    "refused_shed",
    "refused_rate_limited",
    "refused_doomed",
    "refused_expired",
    "refused_evicted",
    "refused_conflated",
    "refused_cancelled",
    "refused_timed_out",
    "refused_closed",
    "refused_panicked",
    "refused_unanswered",
    "refused_would_deadlock",
    "refused_too_many_jobs",
    "refused_zero_period",
];

/// One message type's account, in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The message type's name.
    pub message: &'static str,
    /// Sends that were polled at all; counted by itself, not derived.
    pub offered: u64,
    /// Turns that ended normally.
    pub handled: u64,
    /// Turns that panicked; and messages that were never made because the code of a pipe, a watch
    /// or a timer did (F7).
    pub panicked: u64,
    /// Given up by a `drop_*` policy, newcomers included.
    pub dropped: u64,
    /// Given up when their turns would have begun, because they had waited for too long (T6).
    pub shed_queued: u64,
    /// Given up for a message of higher priority.
    pub evicted: u64,
    /// Replaced by a newer message of the same key.
    pub conflated: u64,
    /// Past ttl or deadline before the turn began.
    pub expired: u64,
    /// The sender or asker went away.
    pub cancelled: u64,
    /// Accepted, but the actor ended first; or its turn was cut off by a kill; or a timer, a pipe
    /// or a watch was to bring it, and the actor had closed or ended (F7).
    pub undelivered: u64,
    /// Holding a slot now.
    pub queued: u64,
    /// In line for a slot now.
    pub waiting: u64,
    /// In their turn now.
    pub in_service: u64,
    /// In the mailbox's store now, or on the way there or back (O8). After the actor's end: kept
    /// there.
    pub stored: u64,
    refused: [u64; Reason::ALL.len()],
}

impl Row {
    pub(crate) const fn empty(message: &'static str) -> Row {
        Row {
            message,
            offered: 0,
            handled: 0,
            panicked: 0,
            dropped: 0,
            shed_queued: 0,
            evicted: 0,
            conflated: 0,
            expired: 0,
            cancelled: 0,
            undelivered: 0,
            queued: 0,
            waiting: 0,
            in_service: 0,
            stored: 0,
            refused: [0; Reason::ALL.len()],
        }
    }

    /// Messages refused for this reason: they never had a slot, and their senders were told.
    pub fn refused(&self, reason: Reason) -> u64 {
        self.refused[reason as usize]
    }

    /// Messages refused for any reason.
    pub fn refused_total(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// Returns every column and its count: `("handled", 7)`. Refusals are `refused_full`,
    /// `refused_closed`, and so on.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let columns = [
            ("offered", self.offered),
            ("handled", self.handled),
            ("panicked", self.panicked),
            ("dropped", self.dropped),
            ("shed_queued", self.shed_queued),
            ("evicted", self.evicted),
            ("conflated", self.conflated),
            ("expired", self.expired),
            ("cancelled", self.cancelled),
            ("undelivered", self.undelivered),
            ("queued", self.queued),
            ("waiting", self.waiting),
            ("in_service", self.in_service),
            ("stored", self.stored),
        ];
        let refused = REFUSED.into_iter().zip(self.refused);
        columns.into_iter().chain(refused)
    }

    /// Returns what became of the messages, by stable words: `("handled", 7)`.
    ///
    /// The words are `handled`, the word of each [`Reason`] for which messages are refused or lost,
    /// and `undelivered`. The counts only grow; they and the messages in flight (`queued`,
    /// `waiting`, `in_service`, `stored`) add up to `offered`.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let lost = LOSSES.iter().map(|column| (column.outcome(), self.count_of(column)));
        std::iter::once(("handled", self.handled)).chain(lost)
    }

    fn count_of(&self, column: &Column) -> u64 {
        match (column.stage, column.reason) {
            (Stage::Refused, reason) => self.refused(reason),
            (Stage::Lost, Reason::Panicked) => self.panicked,
            (Stage::Lost, Reason::Dropped) => self.dropped,
            (Stage::Lost, Reason::Shed) => self.shed_queued,
            (Stage::Lost, Reason::Evicted) => self.evicted,
            (Stage::Lost, Reason::Conflated) => self.conflated,
            (Stage::Lost, Reason::Expired) => self.expired,
            (Stage::Lost, Reason::Cancelled) => self.cancelled,
            (Stage::Lost, Reason::Closed) => self.undelivered,
            (Stage::Lost, _) => 0,
        }
    }

    /// Raises every count that only grows to that of `other`, if that is greater.
    pub(crate) fn raise(&mut self, other: &Row) {
        let Row { offered, handled, panicked, dropped, evicted, conflated, expired, .. } = other;
        let Row { cancelled, undelivered, refused, .. } = other;
        for (count, other) in [
            (&mut self.offered, offered),
            (&mut self.handled, handled),
            (&mut self.panicked, panicked),
            (&mut self.dropped, dropped),
            (&mut self.shed_queued, &other.shed_queued),
            (&mut self.evicted, evicted),
            (&mut self.conflated, conflated),
            (&mut self.expired, expired),
            (&mut self.cancelled, cancelled),
            (&mut self.undelivered, undelivered),
        ] {
            *count = (*count).max(*other);
        }
        self.refused.iter_mut().zip(refused).for_each(|(count, other)| *count = (*count).max(*other));
    }

    /// Messages that were lost by the runtime or by their policy, or refused because the actor had
    /// closed.
    pub(crate) fn lost(&self) -> u64 {
        let turns = self.panicked + self.undelivered + self.expired;
        turns + self.dropped + self.shed_queued + self.evicted + self.refused(Reason::Closed)
    }

    /// Whether every offered message is accounted for exactly once (L1).
    pub fn is_balanced(&self) -> bool {
        let ended = self.handled + self.panicked + self.refused_total() + self.dropped + self.evicted;
        let dead = self.shed_queued + self.conflated + self.expired + self.cancelled + self.undelivered;
        let now = self.queued + self.waiting + self.in_service + self.stored;
        self.offered == ended + dead + now
    }

    pub(crate) fn add(&mut self, other: &Row) {
        let Row { message: _, offered, handled, panicked, dropped, evicted, conflated, expired, .. } = other;
        self.offered += offered;
        self.handled += handled;
        self.panicked += panicked;
        self.dropped += dropped;
        self.shed_queued += other.shed_queued;
        self.evicted += evicted;
        self.conflated += conflated;
        self.expired += expired;
        self.cancelled += other.cancelled;
        self.undelivered += other.undelivered;
        self.queued += other.queued;
        self.waiting += other.waiting;
        self.in_service += other.in_service;
        self.stored += other.stored;
        for (sum, one) in self.refused.iter_mut().zip(other.refused) {
            *sum += one;
        }
    }
}

/// Adds what was refused before the mailbox: the number of a message type, and a count.
pub(crate) fn add_shed(rows: &mut [Row], refused: impl Iterator<Item = (usize, u64)>) {
    for (of_type, refused) in refused {
        let row = &mut rows[of_type];
        row.offered += refused;
        row.refused[Reason::Shed as usize] += refused;
    }
}

/// The accounts of all message types of one actor, taken at one instant (L1). Kept after the
/// actor's end (L2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    rows: Vec<Row>,
    types: Vec<TypeId>,
}

impl Ledger {
    pub(in crate::mailbox) fn new(rows: Vec<Row>, types: Vec<TypeId>) -> Self {
        Ledger { rows, types }
    }

    /// Adds what was refused before the mailbox: the number of a message type, and a count.
    pub(crate) fn add_shed(&mut self, refused: impl Iterator<Item = (usize, u64)>) {
        add_shed(&mut self.rows, refused);
    }

    /// The rows, in the order in which the actor declares its messages.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The account of message type `M`.
    ///
    /// # Panics
    /// When the actor this ledger belongs to does not handle `M`.
    #[track_caller]
    pub fn of<M: 'static>(&self) -> Row {
        match self.types.iter().position(|known| *known == TypeId::of::<M>()) {
            Some(at) => self.rows[at],
            None => {
                let known: Vec<_> = self.rows.iter().map(|row| row.message).collect();
                let asked = std::any::type_name::<M>();
                panic!("this ledger has no row for `{asked}`; its actor handles {}", known.join(", "))
            }
        }
    }

    /// All rows added up.
    pub fn total(&self) -> Row {
        let mut total = Row::empty("total");
        self.rows.iter().for_each(|row| total.add(row));
        total
    }

    /// Whether every offered message of every type is accounted for exactly once.
    pub fn is_balanced(&self) -> bool {
        self.rows.iter().all(Row::is_balanced)
    }
}

impl std::fmt::Display for Ledger {
    /// A table for people: a line per type, and their sum.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const HEADS: [&str; 16] = [
            "message",
            "offered",
            "handled",
            "panicked",
            "refused",
            "dropped",
            "shed_queued",
            "evicted",
            "conflated",
            "expired",
            "cancelled",
            "undelivered",
            "queued",
            "waiting",
            "in_service",
            "stored",
        ];
        let line = |row: &Row| -> [String; 16] {
            let n = |number: u64| number.to_string();
            [
                row.message.to_owned(),
                n(row.offered),
                n(row.handled),
                n(row.panicked),
                n(row.refused_total()),
                n(row.dropped),
                n(row.shed_queued),
                n(row.evicted),
                n(row.conflated),
                n(row.expired),
                n(row.cancelled),
                n(row.undelivered),
                n(row.queued),
                n(row.waiting),
                n(row.in_service),
                n(row.stored),
            ]
        };
        let total = self.total();
        let table: Vec<_> = std::iter::once(HEADS.map(str::to_owned))
            .chain(self.rows.iter().map(&line))
            .chain(std::iter::once(line(&total)))
            .collect();
        for cells in &table {
            for (at, cell) in cells.iter().enumerate() {
                let width = table.iter().map(|row| row[at].len()).max().unwrap_or(0);
                match at {
                    0 => write!(f, "{cell:<width$}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_columns_of_refusals_have_the_words_of_their_reasons() {
        let words: Vec<_> = Reason::ALL.iter().map(|reason| format!("refused_{}", reason.word())).collect();
        assert_eq!(words, REFUSED);
    }

    /// Outcomes have words of their own, and add up to what was offered.
    #[test]
    fn l1_outcomes_have_words_of_their_own_and_miss_nothing() {
        let mut row = Row::empty("Charge");
        (row.offered, row.handled, row.panicked, row.dropped, row.evicted) = (55, 1, 2, 3, 4);
        (row.conflated, row.expired, row.cancelled, row.undelivered) = (5, 6, 7, 8);
        (row.refused[Reason::Full as usize], row.refused[Reason::Closed as usize]) = (9, 10);
        assert!(row.is_balanced());
        assert_eq!(row.outcomes().map(|(_, count)| count).sum::<u64>(), row.offered);
        let words: Vec<_> = row.outcomes().map(|(word, _)| word).collect();
        assert!(words.iter().enumerate().all(|(at, word)| !words[..at].contains(word)), "{words:?}");
        assert!(row.outcomes().any(|outcome| outcome == ("closed", 10)));
        assert!(row.outcomes().any(|outcome| outcome == ("undelivered", 8)));
    }

    #[test]
    fn l1_every_reason_that_can_lose_a_message_has_one_column() {
        for column in &LOSSES {
            let same = LOSSES.iter().filter(|c| c.stage == column.stage && c.reason == column.reason);
            assert_eq!(same.count(), 1, "{:?}", column.reason);
        }
        // A message whose reply was never given was handled, and a job that was refused has no
        // message in the mailbox.
        let none = [Reason::Unanswered, Reason::TooManyJobs, Reason::ZeroPeriod];
        for reason in Reason::ALL.iter().copied().filter(|reason| !none.contains(reason)) {
            assert!(LOSSES.iter().any(|column| column.reason == reason), "{reason:?}");
        }
    }
}
