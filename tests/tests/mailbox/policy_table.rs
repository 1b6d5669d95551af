//! docs/policies.md shows the effect of each policy on a full mailbox. This test runs each policy,
//! and fails when the page differs from the run; `WRITE_TABLES=1 cargo test -p actors-tests --test
//! mailbox policy_table` rewrites the page.

use actors_core::prelude::*;
use actors_core::{
    observe::{DeadLetter, DeadLetters, Row},
    policy::Overflow,
    testing,
};
use actors_policy::word::Word;
use actors_tests::{Record, pending, poll, run, run_other_tasks};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

#[derive(Debug, Message)]
#[message(overflow = [conflate, reject], key = key)]
struct Note {
    n: u32,
    key: u32,
}

/// A message of a lower lane, which may be dropped.
#[derive(Debug, Message)]
#[message(priority = low, overflow = drop_newest)]
struct Trifle {
    /// Makes a trifle as large as a note.
    n: u64,
}

#[derive(Default)]
struct Board {
    handled: Record<String>,
}

#[actor(capacity = 3, reserve = 0, local)]
impl Board {
    #[handler]
    fn note(&mut self, note: Note) {
        self.handled.write(format!("N{}", note.n));
    }

    #[handler]
    fn trifle(&mut self, trifle: Trifle) {
        self.handled.write(format!("t{}", trifle.n));
    }
}

/// The result of a run with one policy.
struct Line {
    policy: &'static str,
    newcomer: String,
    asked: String,
    queue: String,
    waiting_ask: String,
    ledger: String,
    letters: String,
}

const POLICIES: [(&str, &[Overflow], bool); 15] = {
    use Overflow::{Block, Conflate, DropAll, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    [
        ("block", &[Block], false),
        ("reject", &[Reject], false),
        ("drop_newest", &[DropNewest], false),
        ("drop_oldest", &[DropOldest], false),
        ("drop_random", &[DropRandom], false),
        ("drop_all", &[DropAll], false),
        ("evict_lower", &[EvictLower], false),
        ("[evict_lower, block]", &[EvictLower, Block], false),
        ("[drop_oldest, evict_lower, reject]", &[DropOldest, EvictLower, Reject], false),
        ("conflate, a message of its key queued", &[Conflate], true),
        ("conflate, none of its key", &[Conflate], false),
        ("[conflate, block], one of its key", &[Conflate, Block], true),
        ("[conflate, block], none of its key", &[Conflate, Block], false),
        ("[conflate, reject], none of its key", &[Conflate, Reject], false),
        ("[conflate, evict_lower], none of its key", &[Conflate, EvictLower], false),
    ]
};

/// `Overflow` is `#[non_exhaustive]`, so the compiler does not report a list that lacks a new word.
#[test]
fn every_overflow_word_is_in_the_table() {
    for word in Overflow::VALUES {
        assert!(POLICIES.iter().any(|(_, list, _)| list.contains(word)), "add `{word}` to `POLICIES`");
    }
}

fn losses(row: &Row) -> String {
    let columns = [
        ("dropped", row.dropped),
        ("evicted", row.evicted),
        ("conflated", row.conflated),
        ("refused(full)", row.refused(Reason::Full)),
        ("waiting", row.waiting),
    ];
    let named = |(name, n): &(&str, u64)| (*n > 0).then(|| format!("{}: {name} {n}", row.message));
    columns.iter().filter_map(named).collect::<Vec<_>>().join(", ")
}

async fn letters(letters: &mut DeadLetters) -> String {
    let mut found = Vec::new();
    while let Ok(Some(letter)) = tokio::time::timeout(Duration::from_millis(1), letters.next()).await {
        let DeadLetter { message, reason, .. } = letter;
        found.push(format!("{message} {}", reason.word()));
    }
    found.join(", ")
}

fn told<T, E>(outcome: &Poll<Result<T, E>>, ok: impl Fn(&T) -> String, err: impl Fn(&E) -> Reason) -> String {
    match outcome {
        Poll::Pending => "waits in line".into(),
        Poll::Ready(Ok(fine)) => ok(fine),
        Poll::Ready(Err(error)) => format!("error `{}`", err(error).word()),
    }
}

/// Fills a mailbox with a trifle, an ask and a tell, then sends one more message.
async fn observe(system: &System, policy: &'static str, list: &'static [Overflow], is_twin: bool) -> Line {
    let board = Board::default();
    let handled = board.handled.clone();
    let builder = system.instance(board).seed(1);
    let board: BoardHandle = builder.policy::<Note>(|policy| policy.overflow(list)).spawn().unwrap();
    let mut dead = system.dead_letters();
    let held = testing::hold(&board);
    board.trifle(Trifle { n: 0 }).await.unwrap();
    let mut first = pending(board.note(Note { n: 1, key: 1 }).ask());
    board.note(Note { n: 2, key: 2 }).await.unwrap();

    let key = if is_twin { 1 } else { 3 };
    let mut newcomer = board.note(Note { n: 3, key });
    let outcome = poll(&mut newcomer);
    let admitted = told(&outcome, |admission| format!("`{admission:?}`"), SendError::reason);
    let waiting_ask = told(&poll(&mut first), |()| "answered".into(), AskError::reason);
    let ledger = board.ledger();
    let rows = ledger.rows().iter().map(losses).filter(|text| !text.is_empty());
    let ledger = rows.collect::<Vec<_>>().join("; ");
    let reports = letters(&mut dead).await;

    drop(held);
    run_other_tasks().await;
    let queue = handled.read().join(" ");
    let waiting_ask = if waiting_ask == "waits in line" { "still waits".into() } else { waiting_ask };
    let asked = observe_ask(system, list, is_twin).await;
    Line { policy, newcomer: admitted, asked, queue, waiting_ask, ledger, letters: reports }
}

/// The outcome of the same message as an ask, in a mailbox in the same state.
async fn observe_ask(system: &System, list: &'static [Overflow], is_twin: bool) -> String {
    let builder = system.instance(Board::default()).seed(1);
    let board: BoardHandle = builder.policy::<Note>(|policy| policy.overflow(list)).spawn().unwrap();
    let _held = testing::hold(&board);
    board.trifle(Trifle { n: 0 }).await.unwrap();
    board.note(Note { n: 1, key: 1 }).await.unwrap();
    board.note(Note { n: 2, key: 2 }).await.unwrap();
    let key = if is_twin { 1 } else { 3 };
    let mut newcomer = board.note(Note { n: 3, key }).ask();
    let outcome = poll(&mut newcomer);
    match (&outcome, board.reading().waiting) {
        (Poll::Pending, 0) => "queued, waits for its answer".into(),
        _ => told(&outcome, |()| "answered".into(), AskError::reason),
    }
}

fn write_line(text: &mut String, line: &Line) {
    let or = |cell: &str| if cell.is_empty() { "–".to_owned() } else { cell.to_owned() };
    let Line { policy, newcomer, asked, queue, waiting_ask, ledger, letters } = line;
    let cells = [newcomer, asked, queue, waiting_ask, ledger, letters].map(|cell| or(cell));
    writeln!(text, "| `{policy}` | {} |", cells.join(" | ")).unwrap();
}

const HEAD: &str = "\
# The effect of each policy

A test writes this page from a run (`tests/tests/mailbox/policy_table.rs`), and fails when the page is stale. The guide
explains when to use which word: [guide/overflow.md](guide/overflow.md).

## A full mailbox

The mailbox has three slots, all taken. `t0` is a `Trifle` in the lane `low`, with `drop_newest`. `N1` and `N2` are
`Note`s in the lane `normal`; `N1` has an asker that waits for its answer. Then `N3` arrives, under the policy in the
first column.

| overflow | `N3` as a tell | `N3` as an ask | handled afterwards | the asker of `N1` | ledger | dead letters |
|---|---|---|---|---|---|---|
";

const CURES: &str = "
## Which word cures which shortage

The same messages are queued, and exactly one resource is short (O9): slots, slots outside the reserve (only those for
`high` and `urgent` are left), the type's `max`, or bytes. The cells have the outcome for the sender of `N3`:

| overflow | slots | reserve | `max` | bytes |
|---|---|---|---|---|
";

const WORDS: &str = "
## Words

Generated from the table of words in `actors-policy`. Attributes, configuration and the builder read the same table.

";

#[derive(Clone, Copy, Debug)]
enum Short {
    Slots,
    Reserve,
    Max,
    Bytes,
}

async fn cure(system: &System, list: &'static [Overflow], short: Short) -> String {
    let note = size_of::<Note>();
    let builder = system.instance(Board::default()).seed(1);
    let builder = match short {
        Short::Slots => builder.capacity(3),
        Short::Reserve => builder.capacity(5).reserve(2),
        Short::Max => builder.capacity(64).policy::<Note>(|policy| policy.max(2)),
        Short::Bytes => builder.capacity(64).max_bytes(3 * note),
    };
    let board: BoardHandle = builder.policy::<Note>(|policy| policy.overflow(list)).spawn().unwrap();
    let _held = testing::hold(&board);
    board.trifle(Trifle { n: 0 }).await.unwrap();
    for n in 1..=2 {
        board.note(Note { n, key: n }).await.unwrap();
    }
    let outcome = poll(&mut board.note(Note { n: 3, key: 3 }));
    told(&outcome, |admission| format!("`{admission:?}`"), SendError::reason)
}

#[test]
fn the_table_of_policies_is_what_a_run_shows() {
    let text = Arc::new(Mutex::new(String::from(HEAD)));
    let written = text.clone();
    run(async move |system| {
        for (policy, list, is_twin) in POLICIES {
            let line = observe(&system, policy, list, is_twin).await;
            write_line(&mut written.lock().unwrap(), &line);
        }
        written.lock().unwrap().push_str(CURES);
        for (policy, list, _) in POLICIES.iter().filter(|(policy, ..)| !policy.contains("key")) {
            let mut cells = Vec::new();
            for short in [Short::Slots, Short::Reserve, Short::Max, Short::Bytes] {
                cells.push(cure(&system, list, short).await);
            }
            writeln!(written.lock().unwrap(), "| `{policy}` | {} |", cells.join(" | ")).unwrap();
        }
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policies.md");
    let fresh = format!("{}{WORDS}{}", text.lock().unwrap(), actors_policy::fields::documentation());
    if std::env::var_os("WRITE_TABLES").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == fresh, "docs/policies.md is stale; a run says:\n{fresh}");
}
