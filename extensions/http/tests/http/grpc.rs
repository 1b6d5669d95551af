use crate::row_of;
use actors_core::Reason;
use actors_http::grpc::{RETRY_PUSHBACK_MS, code};
use actors_http::refusal::Refused;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The decision for each reason. A new reason fails the tests until it is in here.
const DECIDED: [(Reason, Code); Reason::ALL.len()] = [
    (Reason::Full, Code::ResourceExhausted),
    (Reason::Dropped, Code::ResourceExhausted),
    (Reason::Shed, Code::ResourceExhausted),
    (Reason::RateLimited, Code::ResourceExhausted),
    (Reason::Doomed, Code::DeadlineExceeded),
    (Reason::Expired, Code::DeadlineExceeded),
    (Reason::Evicted, Code::ResourceExhausted),
    (Reason::Conflated, Code::Aborted),
    (Reason::Cancelled, Code::Cancelled),
    (Reason::TimedOut, Code::DeadlineExceeded),
    (Reason::Closed, Code::Unavailable),
    (Reason::Panicked, Code::Internal),
    (Reason::Unanswered, Code::Internal),
    (Reason::WouldDeadlock, Code::Internal),
    (Reason::TooManyJobs, Code::ResourceExhausted),
    (Reason::ZeroPeriod, Code::Internal),
];

/// `ResourceExhausted` as gRPC writes it.
fn in_capitals(code: Code) -> String {
    let name = format!("{code:?}");
    let words = name.char_indices().flat_map(|(at, c)| {
        let gap = (at > 0 && c.is_uppercase()).then_some('_');
        gap.into_iter().chain([c.to_ascii_uppercase()])
    });
    words.collect()
}

#[test]
fn every_reason_has_a_code() {
    let docs = include_str!("../../src/grpc/mod.rs");
    for (at, (reason, expected)) in DECIDED.into_iter().enumerate() {
        assert_eq!(reason, Reason::ALL[at], "the table is in the order of `Reason::ALL`");
        assert_eq!(code(reason), expected, "{}", reason.word());
        assert_eq!(Status::from(Refused::new(reason)).code(), expected, "{}", reason.word());
        let row = row_of(docs, reason.word());
        assert!(row.ends_with(&format!("| `{}` |", in_capitals(expected))), "{row}");
    }
}

#[test]
fn when_to_retry_is_in_the_details_and_in_the_metadata() {
    let after = Duration::from_micros(1_250_300);
    let status = Status::from(Refused::new(Reason::Full).with_retry_after(after));
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(after));
    assert_eq!(status.metadata().get(RETRY_PUSHBACK_MS).unwrap(), "1251");
    assert_eq!(status.message(), "the service cannot take the request now");
}

#[test]
fn a_time_to_retry_without_end_is_the_longest_that_the_details_can_hold() {
    let status = Status::from(Refused::new(Reason::Full).with_retry_after(Duration::MAX));
    // google.protobuf.Duration: about 10,000 years.
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay.unwrap().as_secs(), 315_576_000_000);
}

#[test]
fn without_a_time_to_retry_there_is_neither() {
    let status = Status::from(Refused::new(Reason::Panicked).with_reason());
    assert!(status.get_details_retry_info().is_none());
    assert!(status.metadata().get(RETRY_PUSHBACK_MS).is_none());
    assert_eq!(status.message(), "panicked: the handler panicked");
}
