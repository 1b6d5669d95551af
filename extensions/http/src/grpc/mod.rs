//! Refusals over gRPC: the code of each [`Reason`], and when to retry.
//!
//! | reason | code |
//! |---|---|
//! | `full`, `dropped`, `shed`, `rate_limited`, `evicted`, `too_many_jobs` | `RESOURCE_EXHAUSTED` |
//! | `closed` | `UNAVAILABLE` |
//! | `doomed`, `expired`, `timed_out` | `DEADLINE_EXCEEDED` |
//! | `conflated` | `ABORTED` |
//! | `cancelled` | `CANCELLED` |
//! | `panicked`, `unanswered`, `would_deadlock`, `zero_period` | `INTERNAL` |
//!
//! `UNAVAILABLE` says that a retry elsewhere is safe and likely to work, so most clients retry it
//! by themselves. An overload is `RESOURCE_EXHAUSTED`, which they retry only if they are told to:
//! retries of many clients are what keeps an overload alive.
//!
//! When to retry is said twice. `google.rpc.RetryInfo`, in the details of the status, is for
//! applications. `grpc-retry-pushback-ms`, in the metadata, is for the retry policy of gRPC clients
//! (gRFC A6). A reason that a retry does not help has neither.
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::refusal::Refused;
//! use tonic::Status;
//! # struct Shop;
//! # #[actor]
//! # impl Shop { #[message] fn total(&mut self) -> u64 { 7 } }
//!
//! async fn total(shop: &ShopHandle) -> Result<u64, Status> {
//!     Ok(shop.total().await.map_err(Refused::from)?)
//! }
//! # fn main() {}
//! ```

mod streams;

pub use streams::{ACCEPTED_MESSAGES, answers, feed};

use crate::answer::AnswerBody;
use crate::refusal::{Refused, in_units};
use actors_core::Reason;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use tonic::metadata::GRPC_CONTENT_TYPE;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The metadata with the time after which a client's retry policy retries, in milliseconds.
pub const RETRY_PUSHBACK_MS: &str = "grpc-retry-pushback-ms";

/// Returns the code of a reason, as the table of [this module](self) lists it.
pub const fn code(reason: Reason) -> Code {
    match reason {
        Reason::Full
        | Reason::Dropped
        | Reason::Shed
        | Reason::RateLimited
        | Reason::Evicted
        | Reason::TooManyJobs => Code::ResourceExhausted,
        Reason::Closed => Code::Unavailable,
        Reason::Doomed | Reason::Expired | Reason::TimedOut => Code::DeadlineExceeded,
        Reason::Conflated => Code::Aborted,
        Reason::Cancelled => Code::Cancelled,
        Reason::Panicked | Reason::Unanswered | Reason::WouldDeadlock | Reason::ZeroPeriod => Code::Internal,
        // `Reason` grows. A client must not retry for a reason that this version does not know.
        _ => Code::Internal,
    }
}

/// The code comes from the reason; the status of HTTP and changes to it do not matter.
impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let code = code(refused.reason());
        let Some(after) = refused.retry_after() else { return Status::new(code, refused.body()) };
        let mut metadata = MetadataMap::new();
        metadata.insert(RETRY_PUSHBACK_MS, MetadataValue::from(in_units(after, 1_000_000)));
        let details = ErrorDetails::with_retry_info(Some(after));
        Status::with_error_details_and_metadata(code, refused.body(), details, metadata)
    }
}

/// The media types of gRPC, without the codec.
const GRPC: &str = "application/grpc";
const GRPC_WEB: [&str; 2] = ["application/grpc-web", "application/grpc-web-text"];

/// Returns the content type of the answer to a request, if it is one of gRPC or gRPC-Web.
pub(crate) fn grpc_content_type(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    // `application/grpc+proto;charset=utf-8`: a codec and parameters may follow.
    let media_type = text.split(';').next()?.trim();
    let family = media_type.split('+').next()?;
    if family.eq_ignore_ascii_case(GRPC) {
        return Some(GRPC_CONTENT_TYPE);
    }
    let is_web = GRPC_WEB.iter().any(|web| family.eq_ignore_ascii_case(web));
    is_web.then(|| HeaderValue::from_str(media_type).ok()).flatten()
}

/// Returns a response of gRPC without messages: its status is in the headers.
pub(crate) fn trailers_only<B: AnswerBody>(refused: Refused, content_type: &HeaderValue) -> Response<B> {
    let mut response = Status::from(refused).into_http::<()>();
    response.headers_mut().insert(CONTENT_TYPE, content_type.clone());
    response.map(|()| B::of_text(String::new()))
}
