//! What an actor refused and lost, as one log line a second (L4).
//!
//! ```text
//!   refusal, loss ── arms ──► the system's reporter, a second later ── ledger now − ledger then ──► one line
//!                                                     └─ also at the actor's end, and when it is dropped
//! ```
//!
//! The log has no counters of its own: a line is the difference of two readings of the ledger. A
//! refusal costs the log a read of the subscriber's level and of a flag. Without refusals and
//! losses nothing runs.

use super::{LogLevels, trace};
use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::{Ledger, Row};
use crate::policy::{Policy, Priority};
use crate::sync::Lock;
use crate::tasks;
use std::fmt;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::time::Duration;
use tokio::runtime;

/// How long losses are gathered before a line says what they were.
const LINE_EVERY: Duration = Duration::from_secs(1);
/// Message types that a line names; a reader needs the worst ones, and a line has an end.
const TYPES_MAX: usize = 8;

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Lost as declared.
    Debug,
    /// A refusal that its sender can live with: it knows, and the type is not an important one.
    Info,
    /// To be looked at now: an important type was refused, or accepted work was lost.
    Warn,
}

/// A refusal of a message type in this lane.
fn of_refusal(reason: Reason, lane: Priority) -> Severity {
    match reason {
        // A mistake in the program, whatever the type.
        Reason::WouldDeadlock => Severity::Warn,
        _ if lane >= Priority::High => Severity::Warn,
        _ => Severity::Info,
    }
}

/// A loss of a message that was accepted or was given up in its place.
fn of_loss(word: &str, policy: &Policy) -> Severity {
    match word {
        // Accepted, and the actor ended first.
        "undelivered" => Severity::Warn,
        // A deadline, not a declared age.
        "expired" if policy.ttl.is_none() => of_refusal(Reason::Expired, policy.highest),
        // Has a line of its own.
        "panicked" => Severity::Info,
        _ => Severity::Debug,
    }
}

/// What one message type lost between two readings.
struct TypeLosses {
    message: &'static str,
    total: u64,
    severity: Severity,
    /// Word and count, most first.
    counts: Vec<(&'static str, u64)>,
}

/// The losses of an actor in a while: one log line.
pub(crate) struct Summary {
    pub(crate) severity: Severity,
    pub(crate) refused: u64,
    pub(crate) lost: u64,
    over: Duration,
    types: Vec<TypeLosses>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused or lost in {}:", crate::error::ShortTime(self.over))?;
        for (at, of_type) in self.types.iter().take(TYPES_MAX).enumerate() {
            write!(f, "{} {}", if at == 0 { "" } else { ";" }, of_type.message)?;
            for (at, (word, count)) in of_type.counts.iter().enumerate() {
                write!(f, "{} {count} {word}", if at == 0 { "" } else { "," })?;
            }
        }
        match self.types.len().saturating_sub(TYPES_MAX) {
            0 => Ok(()),
            1 => f.write_str("; and 1 more type"),
            more => write!(f, "; and {more} more types"),
        }
    }
}

fn lost(row: &Row) -> [(&'static str, u64); 8] {
    [
        ("panicked", row.panicked),
        ("dropped", row.dropped),
        ("shed_queued", row.shed_queued),
        ("evicted", row.evicted),
        ("conflated", row.conflated),
        ("expired", row.expired),
        ("cancelled", row.cancelled),
        ("undelivered", row.undelivered),
    ]
}

/// The difference between two readings of a ledger; `None` where nothing was refused or lost.
pub(crate) fn summarise<'a>(
    before: &[Row],
    now: &[Row],
    policies: impl Iterator<Item = &'a Policy>,
    over: Duration,
) -> Option<Summary> {
    let mut summary = Summary { severity: Severity::Debug, refused: 0, lost: 0, over, types: Vec::new() };
    for (at, (row, policy)) in now.iter().zip(policies).enumerate() {
        let empty = Row::empty(row.message);
        let then = before.get(at).unwrap_or(&empty);
        let mut of_type =
            TypeLosses { message: row.message, total: 0, severity: Severity::Debug, counts: Vec::new() };
        for &reason in Reason::ALL {
            let count = row.refused(reason).saturating_sub(then.refused(reason));
            if count > 0 {
                summary.refused += count;
                of_type.severity = of_type.severity.max(of_refusal(reason, policy.highest));
                of_type.counts.push((reason.word(), count));
            }
        }
        for ((word, count), (_, old)) in lost(row).into_iter().zip(lost(then)) {
            let count = count.saturating_sub(old);
            if count > 0 {
                summary.lost += count;
                of_type.severity = of_type.severity.max(of_loss(word, policy));
                of_type.counts.push((word, count));
            }
        }
        of_type.total = of_type.counts.iter().map(|(_, count)| count).sum();
        if of_type.total > 0 {
            of_type.counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            summary.severity = summary.severity.max(of_type.severity);
            summary.types.push(of_type);
        }
    }
    // The worst first: by severity, then by number.
    summary.types.sort_by_key(|of_type| std::cmp::Reverse((of_type.severity, of_type.total)));
    (!summary.types.is_empty()).then_some(summary)
}

/// Whether an actor has something to report, and what it reported last.
#[derive(Debug, Default)]
pub(crate) struct LossLog {
    is_armed: AtomicBool,
    /// When it was armed, as the clock's nanoseconds.
    since: AtomicU64,
    /// The ledger as of the last line.
    reported: Lock<Vec<Row>>,
}

impl LossLog {
    /// Whether a loss is to arm a log: a subscriber listens, and none has armed it yet.
    #[inline]
    pub(crate) fn is_wanted(log: Option<&Self>, levels: &LogLevels) -> bool {
        if !trace::hears_losses(levels) {
            return false;
        }
        // Some losses are counted without a lock. With this fence and the one in `disarm`, either
        // the reader of the ledger sees the loss, or this sees that the log is no longer armed.
        fence(Ordering::SeqCst);
        log.is_none_or(|log| !log.is_armed.load(Ordering::Relaxed))
    }

    /// `false` where another thread was quicker.
    pub(crate) fn arm(&self, now: Tick) -> bool {
        let is_first = !self.is_armed.swap(true, Ordering::AcqRel);
        if is_first {
            let since = now.since(Tick::ZERO).as_nanos();
            self.since.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        is_first
    }

    /// Since when there is something to report. From now on the next loss arms it anew: the caller
    /// reads the ledger after this call, so no loss falls between two lines.
    pub(crate) fn disarm(&self) -> Option<Tick> {
        let since = Tick::from_nanos(self.since.load(Ordering::Relaxed));
        let was_armed = self.is_armed.swap(false, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        was_armed.then_some(since)
    }

    /// The losses since the last line.
    pub(crate) fn summary<'a>(
        &self,
        ledger: &Ledger,
        policies: impl Iterator<Item = &'a Policy>,
        over: Duration,
    ) -> Option<Summary> {
        let mut reported = self.reported.lock();
        let summary = summarise(&reported, ledger.rows(), policies, over);
        if summary.is_some() {
            reported.clear();
            reported.extend_from_slice(ledger.rows());
        }
        summary
    }
}

/// An actor that may have losses to report.
pub(crate) trait Lossy: Send + Sync {
    /// Writes the line, if there is something to say.
    fn report_losses(self: Arc<Self>);
}

/// Writes the lines of a system's actors: a second after the first loss, and then once a second
/// while losses continue. It has a task only during that time.
#[derive(Default)]
pub(crate) struct Reporter {
    shared: Arc<Lock<Armed>>,
}

/// Each actor is on the list once until it has reported, so the list is as long as there are
/// actors.
#[derive(Default)]
struct Armed {
    list: Vec<Weak<dyn Lossy>>,
    has_task: bool,
    /// The runtime has ended. Actors stay armed from now on, and write their line when they end or
    /// are dropped.
    is_over: bool,
}

impl Reporter {
    /// An actor has something to report, a second from now.
    pub(crate) fn expect(&self, actor: Weak<dyn Lossy>, rt: &runtime::Handle) {
        let mut armed = self.shared.lock();
        if armed.is_over {
            return;
        }
        armed.list.push(actor);
        let must_start = !std::mem::replace(&mut armed.has_task, true);
        drop(armed);
        if must_start {
            // A runtime that has ended drops the task here.
            let task = Task { shared: self.shared.clone(), is_done: false };
            tasks::spawn(rt, format_args!("actors: losses"), report(task));
        }
    }
}

/// The reporter's task, which knows whether its runtime has dropped it.
struct Task {
    shared: Arc<Lock<Armed>>,
    is_done: bool,
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.is_done {
            let mut armed = self.shared.lock();
            armed.is_over = true;
            let list = std::mem::take(&mut armed.list);
            drop(armed);
            drop(list);
        }
    }
}

async fn report(mut task: Task) {
    loop {
        tokio::time::sleep(LINE_EVERY).await;
        let list = std::mem::take(&mut task.shared.lock().list);
        for actor in list {
            if let Some(actor) = actor.upgrade() {
                // Panics of foreign code are caught where it runs. A defect of ours must not stop
                // the lines of other actors.
                crate::panics::ignored(|| actor.report_losses());
            }
            // After 128 actors other tasks have a turn.
            tokio::task::coop::consume_budget().await;
        }
        let mut armed = task.shared.lock();
        if armed.list.is_empty() {
            armed.has_task = false;
            armed.list.shrink_to_fit();
            drop(armed);
            task.is_done = true;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Overflow;

    fn row(message: &'static str, change: impl FnOnce(&mut Row)) -> Row {
        let mut row = Row::empty(message);
        change(&mut row);
        row
    }

    fn policy(lane: Priority) -> Policy {
        Policy::tell().priority(lane).overflow(&[Overflow::DropOldest])
    }

    #[test]
    fn l4_a_line_has_the_difference_of_two_ledgers_the_worst_type_first() {
        let policies = [policy(Priority::Low), policy(Priority::High)];
        let before = [row("Viewed", |row| row.dropped = 7), row("Charge", |row| row.undelivered = 1)];
        let now = [row("Viewed", |row| row.dropped = 107), row("Charge", |row| row.undelivered = 4)];
        let summary = summarise(&before, &now, policies.iter(), Duration::from_secs(1)).unwrap();
        assert_eq!(summary.to_string(), "refused or lost in 1 s: Charge 3 undelivered; Viewed 100 dropped");
        assert_eq!((summary.severity, summary.refused, summary.lost), (Severity::Warn, 0, 103));
        assert!(summarise(&now, &now, policies.iter(), Duration::from_secs(1)).is_none());
    }

    #[test]
    fn l4_what_was_declared_is_quiet_and_what_was_not_is_loud() {
        let of = |word, lane| of_loss(word, &policy(lane));
        for word in ["dropped", "evicted", "conflated", "cancelled"] {
            assert_eq!(of(word, Priority::Urgent), Severity::Debug);
        }
        assert_eq!(of_loss("expired", &policy(Priority::High).ttl(Duration::from_secs(1))), Severity::Debug);
        assert_eq!(of("expired", Priority::High), Severity::Warn);
        assert_eq!(of("undelivered", Priority::Low), Severity::Warn);
        for (lane, severity) in [
            (Priority::Low, Severity::Info),
            (Priority::Normal, Severity::Info),
            (Priority::High, Severity::Warn),
            (Priority::Urgent, Severity::Warn),
        ] {
            assert_eq!(of_refusal(Reason::Full, lane), severity);
            assert_eq!(of_refusal(Reason::Shed, lane), severity);
        }
        assert_eq!(of_refusal(Reason::WouldDeadlock, Priority::Low), Severity::Warn);
    }

    #[test]
    fn l4_a_line_names_eight_types_and_counts_the_others() {
        let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
        let rows = names.map(|name| row(name, |row| row.dropped = 1));
        let policies = names.map(|_| policy(Priority::Low));
        let summary = summarise(&[], &rows, policies.iter(), Duration::from_secs(1)).unwrap();
        assert!(summary.to_string().ends_with("; H 1 dropped; and 2 more types"), "{summary}");
        assert_eq!(summary.lost, 10);
    }
}
