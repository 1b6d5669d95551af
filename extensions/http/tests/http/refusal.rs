use crate::{Shop, row_of};
use actors_core::{Reason, System, testing};
use actors_http::refusal::{RETRY_AFTER_MS, Refused, StatusTable, status};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{Response, StatusCode};
use std::time::Duration;

/// The decision for each reason. A new reason fails the tests until it is in here.
const DECIDED: [(Reason, u16); Reason::ALL.len()] = [
    (Reason::Full, 503),
    (Reason::Dropped, 503),
    (Reason::Shed, 503),
    (Reason::RateLimited, 429),
    (Reason::Doomed, 504),
    (Reason::Expired, 504),
    (Reason::Evicted, 503),
    (Reason::Conflated, 409),
    (Reason::Cancelled, 499),
    (Reason::TimedOut, 504),
    (Reason::Closed, 503),
    (Reason::Panicked, 500),
    (Reason::Unanswered, 500),
    (Reason::WouldDeadlock, 500),
    (Reason::TooManyJobs, 503),
    (Reason::ZeroPeriod, 500),
];

#[test]
fn every_reason_has_a_status() {
    for (at, (reason, code)) in DECIDED.into_iter().enumerate() {
        assert_eq!(reason, Reason::ALL[at], "the table is in the order of `Reason::ALL`");
        assert_eq!(status(reason), code, "{}", reason.word());
        let response: Response<String> = Refused::new(reason).into();
        assert_eq!(response.status(), code, "{}", reason.word());
    }
}

#[test]
fn the_tables_in_the_documents_say_the_same() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/http.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for text in [include_str!("../../src/refusal.rs"), &guide] {
        for (reason, code) in DECIDED {
            let row = row_of(text, reason.word());
            assert!(row.contains(&format!("| {code} ")), "{code} is not in {row}");
        }
    }
}

#[test]
fn only_a_caller_above_its_rate_is_told_that_it_sends_too_much() {
    let is_429 = |reason: &&Reason| status(**reason) == StatusCode::TOO_MANY_REQUESTS;
    assert_eq!(Reason::ALL.iter().filter(is_429).collect::<Vec<_>>(), [&Reason::RateLimited]);
}

#[test]
fn the_time_to_retry_is_rounded_up_and_at_least_one_unit() {
    let times = [
        (Duration::ZERO, "1", "1"),
        (Duration::from_nanos(1), "1", "1"),
        (Duration::from_micros(1500), "1", "2"),
        (Duration::from_millis(1000), "1", "1000"),
        (Duration::from_millis(1001), "2", "1001"),
        (Duration::from_secs(30), "30", "30000"),
        (Duration::MAX, "18446744073709551615", "18446744073709551615"),
    ];
    for (after, seconds, millis) in times {
        let response: Response<String> = Refused::new(Reason::Full).with_retry_after(after).into();
        // The number of seconds of `Duration::MAX` is the largest u64, and its fraction rounds up.
        assert_eq!(response.headers()[RETRY_AFTER], seconds, "{after:?}");
        assert_eq!(response.headers()[RETRY_AFTER_MS], millis, "{after:?}");
    }
}

#[test]
fn without_a_time_to_retry_the_answer_has_no_header_for_it() {
    let response: Response<String> = Refused::new(Reason::Panicked).into();
    assert!(!response.headers().contains_key(RETRY_AFTER));
    assert!(!response.headers().contains_key(RETRY_AFTER_MS));
}

#[test]
fn a_body_is_one_line_that_names_no_internals_unless_asked_for() {
    for reason in Reason::ALL {
        let response: Response<String> = Refused::new(*reason).into();
        let body = response.body();
        assert_eq!((body.lines().count(), body.ends_with('\n')), (1, true), "{body:?}");
        for internal in ["actor", "mailbox", "handler", "message", "supervisor", "panic", "deadlock"] {
            assert!(!body.contains(internal), "{body:?} names {internal}");
        }
        assert_eq!(response.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    }
    let named: Response<String> = Refused::new(Reason::Full).with_reason().into();
    assert_eq!(named.body(), "full: the mailbox is full\n");
    let own: Response<String> = Refused::new(Reason::Full).with_body("come back later").into();
    assert_eq!(own.body(), "come back later\n");
}

#[test]
fn a_status_without_a_line_of_its_own_has_its_standard_name() {
    let refused = Refused::new(Reason::Full).with_status(StatusCode::TOO_EARLY);
    assert_eq!(refused.body(), "Too Early");
}

#[test]
fn an_operator_can_change_the_status_of_one_reason() {
    let table = StatusTable::default().with(Reason::Full, StatusCode::TOO_MANY_REQUESTS);
    for (reason, code) in DECIDED {
        let code = if reason == Reason::Full { 429 } else { code };
        assert_eq!(table.status(reason), code);
        assert_eq!(table.apply(Refused::new(reason)).status(), code);
    }
}

#[test]
fn an_error_of_a_call_keeps_its_reason_and_its_time_to_retry() {
    testing::run(async |system| {
        let shop = system.spawn(Shop);
        let held = testing::hold(&shop);
        let error = loop {
            if let Err(error) = shop.viewed().try_send() {
                break error;
            }
        };
        let refused = Refused::of(&error);
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        assert_eq!(refused.retry_after(), error.retry_after());
        held.release();
    });
}

#[test]
fn the_question_mark_turns_every_error_into_an_answer() {
    async fn handle(system: &System) -> Result<u64, Refused> {
        let shop = system.spawn(Shop);
        shop.viewed().await?;
        let paid = shop.charge(990).await?;
        assert_eq!(paid, 990);
        shop.kill();
        Ok(shop.charge(990).await?)
    }
    testing::run(async |system| {
        let refused = handle(&system).await.unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after()), (Reason::Closed, None));
        assert_eq!(refused.status(), 503);
    });
}

#[cfg(feature = "axum")]
#[test]
fn axum_sends_the_same_answer() {
    use axum::response::IntoResponse;
    let refused = Refused::new(Reason::Full).with_retry_after(Duration::from_millis(1250));
    let response = refused.into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "2");
    assert_eq!(response.headers()[RETRY_AFTER_MS], "1250");
}
