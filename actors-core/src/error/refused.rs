//! The errors of every kind of call in one trait: why the message was not accepted, and when to
//! retry. Other crates implement it for calls that they refuse themselves.

use super::{AskError, Reason, SendError};
use std::time::Duration;

/// A message that was not taken, or not answered: why, and when to try again.
///
/// Code at the edge of a service maps every error of this crate to one answer of its protocol: to
/// an HTTP status with `Retry-After`, or to a gRPC status. [`SendError`] and [`AskError`] implement
/// the trait, and so does the pair `(AskError, Option<M>)` that `.returning()` gives. An error of
/// another crate implements it to be answered and tried again in the same way. A method that is
/// added later has a default.
///
/// ```
/// # use actors_core::prelude::*;
/// # use actors_core::Refusal;
/// fn status(refusal: &impl Refusal) -> (u16, Option<u64>) {
///     let code = if refusal.reason() == Reason::RateLimited { 429 } else { 503 };
///     (code, refusal.retry_after().map(|after| after.as_secs().max(1)))
/// }
/// # struct Shop;
/// # #[actor(capacity = 1, reserve = 0, local)]
/// # impl Shop { #[message(overflow = reject)] fn viewed(&mut self) {} #[message] fn total(&mut self) -> u64 { 7 } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let shop = System::new("shop").spawn(Shop);
/// # shop.kill();
/// assert_eq!(status(&shop.viewed().await.unwrap_err()), (503, None));
/// assert_eq!(status(&shop.total().await.unwrap_err()), (503, None));
/// # }
/// ```
pub trait Refusal {
    /// Returns why the message was not taken, or not answered.
    fn reason(&self) -> Reason;

    /// Returns after how long a retry makes sense; `None` where a retry does not help.
    fn retry_after(&self) -> Option<Duration>;
}

impl<M> Refusal for SendError<M> {
    fn reason(&self) -> Reason {
        SendError::reason(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        SendError::retry_after(self)
    }
}

impl Refusal for AskError {
    fn reason(&self) -> Reason {
        AskError::reason(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        AskError::retry_after(self)
    }
}

impl<M> Refusal for (AskError, Option<M>) {
    fn reason(&self) -> Reason {
        self.0.reason()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }
}
