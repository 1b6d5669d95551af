//! A refusal over HTTP: which status it has, and when to try again.
//!
//! | reason | status | why |
//! |---|---|---|
//! | `rate_limited` | 429 Too Many Requests | this caller sent too much |
//! | every other | 503 Service Unavailable | the shop has too much to do, or is closing; not the caller's fault |
//!
//! Either comes with `Retry-After`, in whole seconds, rounded up, at least 1, because HTTP has no
//! shorter unit. The table is configurable (`--status full=429`), because proxies and clients retry
//! the two statuses differently.

use actors_core::Reason;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// The status of each refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusTable {
    codes: [StatusCode; Reason::ALL.len()],
}

impl StatusTable {
    /// The defaults, with these changes.
    pub(crate) fn new(changes: &[(Reason, StatusCode)]) -> Self {
        let mut codes = std::array::from_fn(|at| match Reason::ALL[at] {
            Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        });
        for (reason, code) in changes {
            codes[*reason as usize] = *code;
        }
        StatusTable { codes }
    }

    pub(crate) fn refusal(&self, reason: Reason, retry_after: Duration) -> Refused {
        Refused { status: self.codes[reason as usize], reason, retry_after }
    }
}

/// Parses `full=429`.
pub(crate) fn parse_status(text: &str) -> Result<(Reason, StatusCode), String> {
    let (word, code) =
        text.split_once('=').ok_or_else(|| "write it as REASON=CODE, for example full=429".to_owned())?;
    let reason = Reason::ALL.iter().copied().find(|reason| reason.word() == word);
    let reason = reason.ok_or_else(|| {
        let words = Reason::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ");
        format!("`{word}` is no reason; the reasons are {words}")
    })?;
    match code {
        "429" => Ok((reason, StatusCode::TOO_MANY_REQUESTS)),
        "503" => Ok((reason, StatusCode::SERVICE_UNAVAILABLE)),
        _ => Err(format!("a refusal is 429 or 503, not `{code}`: both say that it can be tried again")),
    }
}

/// The response to a request that was not served, with the time after which to try again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    reason: Reason,
    retry_after: Duration,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let seconds = (self.retry_after.as_secs_f64().ceil() as u64).max(1);
        let headers = [(header::RETRY_AFTER, seconds.to_string())];
        (self.status, headers, format!("{}\n", self.reason)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds_and_at_least_one() {
        for (ms, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (30_000, "30")] {
            let refusal = StatusTable::new(&[]).refusal(Reason::Full, Duration::from_millis(ms));
            let response = refusal.into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], seconds);
        }
    }

    #[test]
    fn the_table_is_configurable_per_reason() {
        let change = parse_status("full=429").unwrap();
        let table = StatusTable::new(&[change]);
        let status = |reason| table.refusal(reason, Duration::ZERO).into_response().status();
        assert_eq!(status(Reason::Full), 429);
        assert_eq!(status(Reason::RateLimited), 429);
        assert_eq!(status(Reason::TimedOut), 503);
    }

    #[test]
    fn a_refusal_is_429_or_503_for_a_reason_that_exists() {
        for (text, hint) in
            [("full", "REASON=CODE"), ("fool=429", "rate_limited"), ("full=500", "429 or 503")]
        {
            let why = parse_status(text).unwrap_err();
            assert!(why.contains(hint), "{why}");
        }
    }
}
