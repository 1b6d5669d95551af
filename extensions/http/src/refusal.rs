//! Refusals over HTTP: the status of each [`Reason`], and when to retry.
//!
//! | reason | status | why |
//! |---|---|---|
//! | `full`, `dropped`, `shed`, `evicted`, `closed`, `too_many_jobs` | 503 Service Unavailable | this instance has too much to do, or is closing; nothing was done |
//! | `rate_limited` | 429 Too Many Requests | this caller sends too much; nothing was done |
//! | `doomed`, `expired` | 504 Gateway Timeout | the time allowed was too short for the backlog; nothing was done |
//! | `timed_out` | 504 Gateway Timeout | the time allowed is over; the work may still be done |
//! | `conflated` | 409 Conflict | a newer request of the same key replaced this one; a retry would undo it |
//! | `cancelled` | 499 | the caller went away |
//! | `panicked`, `unanswered`, `would_deadlock`, `zero_period` | 500 Internal Server Error | a defect; a retry meets it again |
//!
//! # 429 or 503
//!
//! 429 says "you send too much". It is about the caller, so a load balancer keeps the instance in
//! rotation. 503 says "this instance is overloaded". A load balancer retries the request elsewhere,
//! and ejects an instance that answers 503 for long. Both are right only for their own case: 429
//! for an overload leaves the traffic where it is, and 503 for one caller above its rate takes a
//! healthy instance away from all other callers.
//!
//! # 499
//!
//! The status is not registered, but nginx logs it for a client that closed the connection, and
//! gRPC gateways map `CANCELLED` to it. The client never reads this answer; it is for access logs
//! and metrics. A 503 would count as an overload, and callers that give up would eject a healthy
//! instance.
//!
//! # When to retry
//!
//! `Retry-After` has whole seconds, rounded up, at least 1, because HTTP has no shorter unit.
//! `retry-after-ms` has the same time in milliseconds for clients that know it. The runtime spreads
//! the time of each refusal by a fifth, so clients that were refused together do not return
//! together. Whole seconds hide most of that: prefer the milliseconds. A reason that a retry does
//! not help has neither header.
//!
//! # The body
//!
//! The body is one line that names neither an actor nor a reason. [`Refused::with_reason`] names
//! the reason, for callers inside. [`Refused::with_body`] takes any text, for example the whole
//! error.
//!
//! # Example
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::refusal::{RETRY_AFTER_MS, Refused};
//! use http::{Response, header::RETRY_AFTER};
//!
//! # struct Shop;
//! # #[actor(local)]
//! # impl Shop { #[message] fn total(&mut self) -> u64 { 7 } }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let shop = System::new("shop").spawn(Shop);
//! # shop.kill();
//! let error = shop.total().await.unwrap_err();
//! let refused = Refused::of(&error).with_retry_after(std::time::Duration::from_millis(1250));
//! let response: Response<String> = refused.into();
//! assert_eq!(response.status(), 503);
//! assert_eq!(response.headers()[RETRY_AFTER], "2");
//! assert_eq!(response.headers()[RETRY_AFTER_MS], "1250");
//! assert_eq!(response.body(), "the service cannot take the request now\n");
//! # }
//! ```

use actors_core::{Reason, Refusal};
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use std::borrow::Cow;
use std::time::Duration;

/// The header with the time after which to retry, in milliseconds.
pub const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// The status of a request whose caller went away: nginx's, not registered.
pub const CLIENT_CLOSED_REQUEST: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => StatusCode::BAD_REQUEST,
};

const TEXT_PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Returns the status of a reason, as the table of [this module](self) lists it.
pub const fn status(reason: Reason) -> StatusCode {
    match reason {
        Reason::Full
        | Reason::Dropped
        | Reason::Shed
        | Reason::Evicted
        | Reason::Closed
        | Reason::TooManyJobs => StatusCode::SERVICE_UNAVAILABLE,
        Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Reason::Doomed | Reason::Expired | Reason::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        Reason::Conflated => StatusCode::CONFLICT,
        Reason::Cancelled => CLIENT_CLOSED_REQUEST,
        Reason::Panicked | Reason::Unanswered | Reason::WouldDeadlock | Reason::ZeroPeriod => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        // `Reason` grows. A client must not retry for a reason that this version does not know.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The answer to a request that was not served: a status, when to retry, and one line of text.
///
/// A handler that returns `Result<_, Refused>` uses `?` on every call of an actor. The answer
/// becomes an [`http::Response`] of any body that is made from a `String`, and with the feature
/// `axum` a response of axum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is an answer to send"]
pub struct Refused {
    reason: Reason,
    status: StatusCode,
    retry_after: Option<Duration>,
    /// The line without its end; `None` for the line of the status.
    body: Option<Cow<'static, str>>,
}

impl Refused {
    /// Creates the answer for a reason, without a time to retry.
    pub const fn new(reason: Reason) -> Self {
        Refused { reason, status: status(reason), retry_after: None, body: None }
    }

    /// Creates the answer for an error of a call, with the error's time to retry.
    pub fn of(refusal: &impl Refusal) -> Self {
        Refused { retry_after: refusal.retry_after(), ..Refused::new(refusal.reason()) }
    }

    /// Replaces the status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Refused { status, ..self }
    }

    /// Replaces the time after which to retry.
    pub fn with_retry_after(self, after: Duration) -> Self {
        Refused { retry_after: Some(after), ..self }
    }

    /// Names the reason in the body: `full: the mailbox is full`. It is an internal of the service,
    /// so use it for callers that may know it.
    pub fn with_reason(self) -> Self {
        let body = format!("{}: {}", self.reason.word(), self.reason);
        self.with_body(body)
    }

    /// Replaces the text of the body, which is one line: a line break is added.
    pub fn with_body(self, body: impl Into<Cow<'static, str>>) -> Self {
        Refused { body: Some(body.into()), ..self }
    }

    /// Returns why the request was not served.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns the status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns after how long a retry makes sense; `None` if it does not help or is not known.
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the text of the body, without its line break.
    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_else(|| default_body(self.status))
    }
}

impl<E: Refusal> From<E> for Refused {
    fn from(refusal: E) -> Self {
        Refused::of(&refusal)
    }
}

impl<B: From<String>> From<Refused> for Response<B> {
    fn from(refused: Refused) -> Self {
        let mut response = Response::new(B::from(format!("{}\n", refused.body())));
        *response.status_mut() = refused.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, TEXT_PLAIN);
        if let Some(after) = refused.retry_after {
            headers.insert(header::RETRY_AFTER, in_units(after, 1_000_000_000).into());
            headers.insert(RETRY_AFTER_MS, in_units(after, 1_000_000).into());
        }
        response
    }
}

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
impl axum_core::response::IntoResponse for Refused {
    fn into_response(self) -> axum_core::response::Response {
        self.into()
    }
}

/// Returns a time in units of so many nanoseconds, rounded up, at least 1: an earlier retry is
/// refused again.
pub(crate) fn in_units(time: Duration, nanos: u128) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(nanos)).unwrap_or(u64::MAX).max(1)
}

/// The line of a status: it says what the status means, and nothing about the service.
fn default_body(status: StatusCode) -> &'static str {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => "the service cannot take the request now",
        StatusCode::TOO_MANY_REQUESTS => "too many requests",
        StatusCode::GATEWAY_TIMEOUT => "the time allowed is too short",
        StatusCode::CONFLICT => "a newer request replaced this one",
        CLIENT_CLOSED_REQUEST => "the request was cancelled",
        StatusCode::INTERNAL_SERVER_ERROR => "internal error",
        other => other.canonical_reason().unwrap_or("refused"),
    }
}

/// The status of each reason, where a service does not use the defaults.
///
/// Proxies and clients differ in what they retry, so an operator may have to change a status.
///
/// ```
/// use actors_core::Reason;
/// use actors_http::refusal::{Refused, StatusTable};
/// use http::StatusCode;
///
/// let table = StatusTable::default().with(Reason::Full, StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(table.apply(Refused::new(Reason::Full)).status(), 429);
/// assert_eq!(table.apply(Refused::new(Reason::Closed)).status(), 503);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusTable {
    codes: [StatusCode; Reason::ALL.len()],
}

impl Default for StatusTable {
    fn default() -> Self {
        StatusTable { codes: std::array::from_fn(|at| status(Reason::ALL[at])) }
    }
}

impl StatusTable {
    /// Replaces the status of one reason.
    #[must_use]
    pub fn with(mut self, reason: Reason, status: StatusCode) -> Self {
        self.codes[reason as usize] = status;
        self
    }

    /// Returns the status of a reason.
    pub fn status(&self, reason: Reason) -> StatusCode {
        self.codes[reason as usize]
    }

    /// Gives an answer the status that the table has for its reason.
    pub fn apply(&self, refused: Refused) -> Refused {
        let status = self.status(refused.reason);
        refused.with_status(status)
    }
}
