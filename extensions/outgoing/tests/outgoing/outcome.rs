use crate::{Failed, ms};
use actors_core::Reason;
use actors_outgoing::outcome::{Again, Outcome};

/// The decision for each reason. A new reason fails the test until it is in here.
const DECIDED: [(Reason, Outcome, &str); Reason::ALL.len()] = [
    (Reason::Full, Outcome::Refused, "refused"),
    (Reason::Dropped, Outcome::Refused, "refused"),
    (Reason::Shed, Outcome::Refused, "refused"),
    (Reason::RateLimited, Outcome::Refused, "refused"),
    (Reason::Doomed, Outcome::Refused, "refused"),
    (Reason::Expired, Outcome::TimedOut, "timed out"),
    (Reason::Evicted, Outcome::Refused, "refused"),
    (Reason::Conflated, Outcome::Ignored, "ignored"),
    (Reason::Cancelled, Outcome::Ignored, "ignored"),
    (Reason::TimedOut, Outcome::TimedOut, "timed out"),
    (Reason::Closed, Outcome::Failure, "failure"),
    (Reason::Panicked, Outcome::Failure, "failure"),
    (Reason::Unanswered, Outcome::Failure, "failure"),
    (Reason::WouldDeadlock, Outcome::Ignored, "ignored"),
    (Reason::TooManyJobs, Outcome::Ignored, "ignored"),
    (Reason::ZeroPeriod, Outcome::Ignored, "ignored"),
];

#[test]
fn every_reason_has_an_outcome_and_the_tables_in_the_documents_say_the_same() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/outgoing.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for (index, (reason, outcome, word)) in DECIDED.into_iter().enumerate() {
        assert_eq!(reason, Reason::ALL[index], "the table is in the order of `Reason::ALL`");
        assert_eq!(Outcome::of(reason), outcome, "{}", reason.word());
        for text in [include_str!("../../src/outcome.rs"), &guide] {
            let cell = format!("| `{}` |", reason.word());
            let lines = text.lines().map(|line| line.trim_start_matches("//! "));
            let rows: Vec<_> = lines.filter(|line| line.starts_with(&cell)).collect();
            assert_eq!(rows.len(), 1, "{cell} has one row: {rows:?}");
            assert!(rows[0].contains(&format!("| {word} |")), "{word} is not in {}", rows[0]);
        }
    }
}

#[test]
fn only_a_refusal_that_passes_and_says_when_is_tried_again() {
    for reason in Reason::ALL {
        let passes = matches!(reason, Reason::Full | Reason::Shed | Reason::RateLimited);
        let expected = if passes { Again::After(ms(7)) } else { Again::No };
        assert_eq!(Again::of(&Failed(*reason, Some(ms(7)))), expected, "{}", reason.word());
        assert_eq!(Again::of(&Failed(*reason, None)), Again::No, "{}", reason.word());
    }
}
