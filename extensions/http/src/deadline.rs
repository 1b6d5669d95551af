//! The caller's deadline: read from a header, kept for handlers, and enforced.
//!
//! Work that is done after the caller has given up is the most expensive load there is: it costs
//! as much as useful work and helps no caller. So a request carries the time that its caller still
//! waits, each service passes on what is left, and no service works longer than that.
//!
//! | header | value | sender |
//! |---|---|---|
//! | `x-request-timeout-ms` | milliseconds | HTTP clients; [`DeadlineLayer::header`] takes another name |
//! | `grpc-timeout` | up to eight digits and a unit, `H`, `M`, `S`, `m`, `u` or `n` | gRPC clients |
//!
//! If both are there, the shorter one counts. A value that cannot be read counts as absent. A
//! header cannot extend the time beyond the layer's maximum, so it is safe to take it from clients
//! outside.
//!
//! Headers have the time that is left and not a point in time, because clocks of machines differ.
//! The time on the network is not deducted.
//!
//! The layer stops waiting at the deadline: it drops the inner future and answers 504, over gRPC
//! `DEADLINE_EXCEEDED`. It ends with the response's head; a body that is still being sent is not
//! cut off, also that of a client that has stopped reading. Bound the number of such bodies.
//! tonic's own server enforces `grpc-timeout` too, outside all layers and as `CANCELLED`; at that
//! instant either answer may be first.
//!
//! # In a handler
//!
//! ```
//! use actors_core::prelude::*;
//! use actors_http::deadline::Deadline;
//! use actors_http::refusal::Refused;
//! # struct Shop;
//! # #[actor]
//! # impl Shop { #[message] fn charge(&mut self, cents: u64) -> u64 { cents } }
//!
//! /// The actor knows the deadline too: it refuses a message that cannot be handled in time.
//! async fn charge(shop: &ShopHandle, deadline: Deadline) -> Result<String, Refused> {
//!     let sum = shop.charge(990).timeout(deadline.remaining()).await?;
//!     Ok(format!("{sum} cents\n"))
//! }
//! # fn main() {}
//! ```

use crate::refusal::Refused;
use crate::refusing::{Decide, Refusing};
use actors_core::Reason;
use http::Request;
use http::header::{HeaderMap, HeaderName};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};
use tower_layer::Layer;

/// The header with the time that the caller still waits, in milliseconds.
pub const REQUEST_TIMEOUT_MS: HeaderName = HeaderName::from_static("x-request-timeout-ms");
/// The header of gRPC with the time that the caller still waits.
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The longest time that a layer allows. A longer one is not a deadline, and may not fit the clock.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The point in time after which the caller no longer waits for the response. In the request's
/// extensions behind a [`DeadlineLayer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// Returns the time that is left; zero when the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Reads the caller's deadline, puts a [`Deadline`] into the request's extensions, and answers 504
/// when it passes.
#[derive(Clone, Debug)]
pub struct DeadlineLayer {
    max: Duration,
    default: Duration,
    header: HeaderName,
}

impl DeadlineLayer {
    /// Creates a layer that allows a request at most `max`, which is at most a day. A request
    /// without a deadline of its own gets all of it.
    pub fn new(max: Duration) -> Self {
        let max = max.min(LONGEST);
        DeadlineLayer { max, default: max, header: REQUEST_TIMEOUT_MS }
    }

    /// Sets the time of a request without a deadline of its own; at most the maximum.
    #[must_use]
    pub fn default_timeout(self, time: Duration) -> Self {
        DeadlineLayer { default: time, ..self }
    }

    /// Reads the milliseconds from another header. Envoy sends `x-envoy-expected-rq-timeout-ms`.
    #[must_use]
    pub fn header(self, name: HeaderName) -> Self {
        DeadlineLayer { header: name, ..self }
    }

    /// Returns the time that the headers of a request allow it.
    fn time(&self, headers: &HeaderMap) -> Duration {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
        let in_millis = text(&self.header).and_then(millis);
        let in_grpc = text(&GRPC_TIMEOUT).and_then(grpc_timeout);
        let asked = in_millis.into_iter().chain(in_grpc).min();
        asked.unwrap_or(self.default).min(self.max)
    }
}

impl Decide for DeadlineLayer {
    type Limit = Expiry;

    fn decide<B>(&self, request: &mut Request<B>) -> Result<Self::Limit, Refused> {
        let mut deadline = Deadline(Instant::now() + self.time(request.headers()));
        // A layer outside this one, or the server, may have set an earlier deadline.
        if let Some(outer) = request.extensions().get::<Deadline>() {
            deadline = deadline.min(*outer);
        }
        request.extensions_mut().insert(deadline);
        // A request that nothing waits for does not reach the inner service.
        if deadline.remaining().is_zero() {
            return Err(Refused::new(Reason::TimedOut));
        }
        Ok(Expiry { sleep: unconstrained(sleep_until(deadline.0)) })
    }
}

pin_project! {
    /// The wait for a request's deadline. It resolves with the refusal `timed_out`.
    ///
    /// # Cancel safety
    /// Cancel safe.
    #[must_use = "futures do nothing unless polled"]
    pub struct Expiry {
        // Without tokio's budget: a service that uses up the budget in each poll ends in time too.
        #[pin]
        sleep: Unconstrained<Sleep>,
    }
}

impl Future for Expiry {
    type Output = Refused;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Refused> {
        ready!(self.project().sleep.poll(cx));
        Poll::Ready(Refused::new(Reason::TimedOut))
    }
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiry").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Refusing::new(inner, self.clone())
    }
}

/// The service of a [`DeadlineLayer`]. Its calls need a tokio runtime with timers.
pub type DeadlineService<S> = Refusing<S, DeadlineLayer>;

/// Reads whole milliseconds. More digits than a `u64` has are more than any maximum.
fn millis(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().map_or(Duration::MAX, Duration::from_millis))
}

/// Reads a value of `grpc-timeout`: `250m` (gRPC over HTTP/2, "Requests").
fn grpc_timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    // Eight digits of hours are 3.6e11 seconds, so nothing overflows.
    match unit {
        'H' => Some(Duration::from_secs(count * 3600)),
        'M' => Some(Duration::from_secs(count * 60)),
        'S' => Some(Duration::from_secs(count)),
        'm' => Some(Duration::from_millis(count)),
        'u' => Some(Duration::from_micros(count)),
        'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grpc_timeout_is_up_to_eight_digits_and_a_unit() {
        let times = [
            ("2H", Duration::from_secs(7200)),
            ("3M", Duration::from_secs(180)),
            ("1S", Duration::from_secs(1)),
            ("250m", Duration::from_millis(250)),
            ("7u", Duration::from_micros(7)),
            ("99999999n", Duration::from_nanos(99_999_999)),
            ("0S", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ];
        for (text, time) in times {
            assert_eq!(grpc_timeout(text), Some(time), "{text}");
        }
        for text in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "1 S", "100000000S", "1é", "é"] {
            assert_eq!(grpc_timeout(text), None, "{text}");
        }
    }

    #[test]
    fn milliseconds_are_digits_and_too_many_of_them_are_the_longest_time() {
        assert_eq!(millis("250"), Some(Duration::from_millis(250)));
        assert_eq!(millis("0"), Some(Duration::ZERO));
        assert_eq!(millis("99999999999999999999999"), Some(Duration::MAX));
        for text in ["", "-1", "+1", "1.5", "1s", " 1"] {
            assert_eq!(millis(text), None, "{text}");
        }
    }
}
