//! Checks the promises when all is over: the program fails when one of them is broken.

use crate::db;
use crate::event::Content;
use crate::memory;
use crate::service::{Books, DRAINED};
use actors_core::observe::Row;
use std::collections::HashMap;
use std::path::Path;

/// The limit of the growth of the memory, in KiB. The mailboxes hold 192 events of some hundred
/// bytes. The rest is SQLite's cache of 2 MiB, buffers, and the stacks of threads: about 5 MiB with
/// two processors. With 60,000 slots in the parser's mailbox, the default file takes more than 9.
const GROWTH_MAX: u64 = 8 * 1024;

/// What the database has, and what of it is wrong.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) rows: u64,
    pub(crate) sum: u64,
    pub(crate) damaged: u64,
    /// Rows after a missing one of the same source.
    pub(crate) gaps: u64,
    /// Rows after a later one of the same source.
    pub(crate) out_of_order: u64,
}

/// Reads the database. Blocks.
pub(crate) fn found(path: &Path) -> rusqlite::Result<Found> {
    let (mut found, mut next) = (Found::default(), HashMap::<u16, u32>::new());
    db::rows(path, |event| {
        found.rows += 1;
        found.sum = found.sum.wrapping_add(event.sum.into());
        found.damaged += u64::from(!event.is_intact());
        let expected = next.entry(event.source).or_default();
        found.gaps += u64::from(event.seq > *expected);
        found.out_of_order += u64::from(event.seq < *expected);
        *expected = event.seq.saturating_add(1).max(*expected);
    })?;
    Ok(found)
}

/// A promise, and whether it was kept.
pub(crate) type Check = (String, bool);

/// Compares the database with what was read from the file.
pub(crate) fn of_file(content: &Content, lines: u64, found: &Found, books: &Books) -> Vec<Check> {
    let Content { events, sum, malformed } = *content;
    let mut checks = vec![
        (format!("{lines} of {} lines were read", events + malformed), lines == events + malformed),
        (format!("{} of {events} events are in the database", found.rows), found.rows == events),
        ("the sum of their checksums is that of the file".into(), found.sum == sum),
        (format!("{} rows come after a missing one", found.gaps), found.gaps == 0),
        (
            format!("{} of {malformed} malformed lines were counted", books.malformed),
            books.malformed == malformed,
        ),
    ];
    checks.extend(of_rows(found, books));
    checks
}

/// Compares the database with the lines that were read before the program was told to end.
pub(crate) fn of_part(lines: u64, found: &Found, books: &Books) -> Vec<Check> {
    let kept = found.rows + books.malformed;
    let mut checks = vec![
        (format!("{kept} of {lines} lines that were read are accounted for"), kept == lines),
        (format!("{} rows come after a missing one", found.gaps), found.gaps == 0),
    ];
    checks.extend(of_rows(found, books));
    checks
}

/// Compares the database with the number of events that were accepted. A client that gave one up
/// leaves a gap, which is not a loss of this program.
pub(crate) fn of_requests(accepted: u64, found: &Found, books: &Books) -> Vec<Check> {
    let in_database = format!("{} of {accepted} accepted events are in the database", found.rows);
    let mut checks = vec![(in_database, found.rows == accepted)];
    checks.extend(of_rows(found, books));
    checks
}

/// The messages that were accepted and not handled, in the whole life of the actors. Those that
/// were refused are not among them: their senders were told.
fn lost(total: &Row) -> u64 {
    let given_up = total.dropped + total.shed_queued + total.evicted + total.conflated + total.expired;
    given_up + total.panicked + total.cancelled + total.undelivered
}

/// What holds for every source.
fn of_rows(found: &Found, books: &Books) -> Vec<Check> {
    let (written, lost) = (books.progress.rows(), lost(&books.report.total));
    let mut checks = vec![
        (format!("{} rows are damaged", found.damaged), found.damaged == 0),
        (format!("{} rows are out of order", found.out_of_order), found.out_of_order == 0),
        (format!("the writer has counted {written} rows"), written == found.rows),
        ("the ledgers balance".into(), books.report.total.is_balanced()),
        (format!("{lost} accepted messages were lost"), lost == 0),
        (format!("the shutdown: {}", books.report), books.report.is_clean()),
    ];
    checks.extend(books.ends.iter().map(|(name, end)| (format!("{name}: {end}"), end == DRAINED)));
    checks.extend(books.progress.error().map(|error| (format!("the database failed: {error}"), false)));
    let bounded = books.peaks.iter().map(|peak| {
        let text = format!("{}: at most {} of {} slots were taken", peak.name, peak.depth, peak.capacity);
        (text, peak.depth <= peak.capacity)
    });
    checks.extend(bounded);
    checks
}

/// Checks the growth of the memory, where it is known.
pub(crate) fn of_memory(before: Option<u64>) -> Option<Check> {
    let growth = memory::peak()?.saturating_sub(before?);
    Some((format!("the memory grew by {growth} KiB at most"), growth <= GROWTH_MAX))
}

/// Prints the checks. Returns whether all promises were kept.
pub(crate) fn print(checks: &[Check]) -> bool {
    for (text, is_kept) in checks {
        println!("{} {text}", if *is_kept { "ok    " } else { "BROKEN" });
    }
    checks.iter().all(|(_, is_kept)| *is_kept)
}
