//! The storm's own count, which is compared with the shop's ledger.

use crate::service::Books;
use crate::shop::shop_messages::{Audit, Charge, Priced, Status, Viewed};
use actors_core::{Admission, AskError, Reason, observe::Row};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// The longest latency that the histogram distinguishes, in microseconds. Every deadline is
/// shorter.
const LATENCY_MAX_US: u64 = 60_000_000;

/// The messages of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Charge,
    Status,
    View,
    Price,
    Audit,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [Kind::Charge, Kind::Status, Kind::View, Kind::Price, Kind::Audit];

    /// The deadline that the shop declares; `None` for messages without an asker.
    pub(super) fn deadline(self) -> Option<Duration> {
        match self {
            Kind::Charge | Kind::Audit => Some(Duration::from_secs(2)),
            Kind::Status => Some(Duration::from_secs(1)),
            Kind::View | Kind::Price => None,
        }
    }

    /// The row of the shop's ledger.
    pub(super) fn row(self, books: &Books) -> Row {
        match self {
            Kind::Charge => books.shop.of::<Charge>(),
            Kind::Status => books.shop.of::<Status>(),
            Kind::View => books.shop.of::<Viewed>(),
            Kind::Price => books.shop.of::<Priced>(),
            Kind::Audit => books.shop.of::<Audit>(),
        }
    }
}

/// The count of one message type.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) offered: u64,
    /// Messages offered in the last third of the storm.
    pub(super) offered_last: u64,
    /// Answers within the deadline, which runs from the instant at which the message should have
    /// been sent.
    pub(super) in_time: u64,
    pub(super) late: u64,
    /// Answers in time during the first, middle and last third of the storm.
    pub(super) thirds: [u64; 3],
    /// Messages without an answer, by reason.
    pub(super) told: [u64; Reason::ALL.len()],
    /// Messages without an answer whose error had no time to try again.
    pub(super) told_without_retry: u64,
    /// One-way messages that displaced an older one, or were dropped themselves.
    pub(super) dropped: u64,
    pub(super) conflated: u64,
    /// Latency of the answers, in microseconds.
    pub(super) latency: Histogram<u64>,
}

/// All counts of a storm.
#[derive(Debug)]
pub(super) struct Tally {
    counts: [Count; Kind::ALL.len()],
    /// When the storm began, and how long it lasts.
    began: Instant,
    length: Duration,
    /// Orders whose charge was answered as paid.
    pub(super) receipts: Vec<u64>,
    /// How long a refusal took, in nanoseconds.
    pub(super) refusals: Histogram<u64>,
    /// How much later than intended messages were sent, in microseconds. This is the driver's own
    /// delay.
    pub(super) lateness: Histogram<u64>,
    /// The greatest depth of the two mailboxes, and the longest line.
    pub(super) depth: [usize; 2],
    pub(super) line: usize,
}

impl Tally {
    /// # Errors
    /// Returns an error when a histogram cannot be created.
    pub(super) fn new(length: Duration) -> Result<Tally, hdrhistogram::CreationError> {
        let latency = Histogram::new_with_max(LATENCY_MAX_US, 3)?;
        let counts = Kind::ALL.map(|_| Count {
            offered: 0,
            offered_last: 0,
            in_time: 0,
            late: 0,
            thirds: [0; 3],
            told: [0; Reason::ALL.len()],
            told_without_retry: 0,
            dropped: 0,
            conflated: 0,
            latency: latency.clone(),
        });
        Ok(Tally {
            counts,
            began: Instant::now(),
            length,
            receipts: Vec::new(),
            refusals: Histogram::new_with_max(1_000_000_000, 3)?,
            lateness: latency,
            depth: [0; 2],
            line: 0,
        })
    }

    pub(super) fn of(&self, kind: Kind) -> &Count {
        &self.counts[kind as usize]
    }

    fn count(&mut self, kind: Kind) -> &mut Count {
        &mut self.counts[kind as usize]
    }

    /// The third of the storm that an instant is in; 3 is after its end.
    fn third(&self, at: Instant) -> usize {
        ((at - self.began).as_secs_f64() * 3.0 / self.length.as_secs_f64()) as usize
    }

    pub(super) fn begin(&mut self, began: Instant) {
        self.began = began;
    }

    pub(super) fn offered(&mut self, kind: Kind, intended: Instant) {
        let is_last = self.third(intended) == 2;
        let count = self.count(kind);
        count.offered += 1;
        count.offered_last += u64::from(is_last);
        self.lateness.saturating_record(micros(intended.elapsed()));
    }

    /// Counts an answered ask.
    pub(super) fn answered(&mut self, kind: Kind, intended: Instant) {
        let now = Instant::now();
        let latency = now - intended;
        let third = self.third(now);
        let count = self.count(kind);
        count.latency.saturating_record(micros(latency));
        if kind.deadline().is_some_and(|deadline| latency > deadline) {
            count.late += 1;
            return;
        }
        count.in_time += 1;
        if let Some(answers) = count.thirds.get_mut(third) {
            *answers += 1;
        }
    }

    /// Counts an ask that was not answered.
    pub(super) fn told(&mut self, kind: Kind, why: &AskError) {
        let count = self.count(kind);
        count.told[why.reason() as usize] += 1;
        count.told_without_retry += u64::from(why.retry_after().is_none());
    }

    /// Counts a one-way message, admitted or not.
    pub(super) fn sent(&mut self, kind: Kind, sent: Result<Admission, Reason>) {
        let count = self.count(kind);
        match sent {
            Ok(Admission::Displaced | Admission::Dropped) => count.dropped += 1,
            Ok(Admission::Conflated) => count.conflated += 1,
            Ok(_) => {}
            Err(reason) => count.told[reason as usize] += 1,
        }
    }

    /// Returns a sentence for each difference between the ledger and this count.
    pub(super) fn differences(&self, books: &Books) -> Vec<String> {
        let mut found = Vec::new();
        for kind in Kind::ALL {
            let (count, row) = (self.of(kind), kind.row(books));
            let mut compare = |what: &str, own: u64, ledger: u64| {
                if own != ledger {
                    found.push(format!("{kind:?}: {own} {what}, but {ledger} in the ledger"));
                }
            };
            compare("offered", count.offered, row.offered);
            compare("dropped", count.dropped, row.dropped);
            compare("conflated", count.conflated, row.conflated);
            compare("refused as full", count.told[Reason::Full as usize], row.refused(Reason::Full));
            compare("refused as shed", count.told[Reason::Shed as usize], row.refused(Reason::Shed));
            compare("refused as closed", count.told[Reason::Closed as usize], row.refused(Reason::Closed));
            let told: u64 = count.told.iter().sum();
            if kind.deadline().is_some() {
                compare("answered or told", count.in_time + count.late + told, row.offered);
            }
        }
        found
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
