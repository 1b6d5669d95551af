//! The producer's end of credit: what it may send, told by a line from the consumer.

use super::demand::{Demand, Stage, ZeroRequest};
use crate::wake::Watched;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The consumer wants no more items, or its line is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the consumer has cancelled: send no more items")]
pub struct Cancelled;

/// An item was about to be sent without credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpendError {
    /// Nothing is left of what the consumer has requested.
    #[error("the credit is used up: wait until `ready` resolves before an item is sent")]
    NoCredit,
    /// The consumer has cancelled, or this end has completed.
    #[error("the subscription is over: send no more items")]
    Over,
}

/// Creates both ends of an account: the producer spends from [`Credit`], and `request(n)` and
/// `cancel` go into the [`CreditLine`] as they arrive from the consumer.
pub fn account() -> (CreditLine, Credit) {
    let shared = Arc::new(Watched::new(Demand::new()));
    (CreditLine { shared: shared.clone() }, Credit { shared })
}

/// Where `request(n)` and `cancel` arrive, for example in the task that reads from a socket.
///
/// Dropped, it cancels: no request can arrive any more.
#[derive(Debug)]
#[must_use = "dropping it cancels"]
pub struct CreditLine {
    shared: Arc<Watched<Demand>>,
}

impl CreditLine {
    /// Adds credit, saturating at [`u64::MAX`], which counts as without limit. Changes nothing
    /// after a cancel or after the producer's end (C2).
    ///
    /// # Errors
    /// [`ZeroRequest`] for zero. Nothing has changed then.
    pub fn request(&self, n: u64) -> Result<(), ZeroRequest> {
        self.shared.change(|demand| demand.request(n))
    }

    /// Cancels for good. The credit that is left is void.
    pub fn cancel(&self) {
        self.shared.change(Demand::cancel);
    }

    /// Returns how far the subscription is.
    pub fn stage(&self) -> Stage {
        self.shared.visit(|demand| demand.stage())
    }
}

impl Drop for CreditLine {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// What a producer may send. It waits for credit, then fetches an item, then spends a unit and
/// sends the item.
///
/// Waiting takes nothing, so a producer that is dropped between waiting and sending loses no unit.
///
/// ```
/// use actors_streams::credit::{self, SpendError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (line, mut credit) = credit::account();
/// assert_eq!(credit.spend(), Err(SpendError::NoCredit));
/// line.request(2).unwrap(); // arrives from the consumer
/// let mut sent = 0;
/// while credit.available() > 0 {
///     credit.ready().await.unwrap();
///     credit.spend().unwrap();
///     sent += 1; // … and the item goes to the wire
/// }
/// assert_eq!(sent, 2);
/// line.cancel();
/// assert!(credit.ready().await.is_err());
/// # }
/// ```
#[derive(Debug)]
pub struct Credit {
    shared: Arc<Watched<Demand>>,
}

impl Credit {
    /// Waits until an item may be sent.
    ///
    /// # Cancel safety
    /// Cancel safe: no credit is taken.
    ///
    /// # Errors
    /// [`Cancelled`], also after the producer's own end.
    pub async fn ready(&mut self) -> Result<(), Cancelled> {
        poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// Polls until an item may be sent. The last task that polled it is woken.
    ///
    /// # Errors
    /// Like [`ready`](Credit::ready).
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cancelled>> {
        let seen = self.shared.look(cx, |demand| match demand.stage() {
            Stage::Open if demand.open() == 0 => None,
            Stage::Open => Some(Ok(())),
            Stage::Cancelled | Stage::Ended => Some(Err(Cancelled)),
        });
        seen.map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes a unit for an item that is sent now.
    ///
    /// # Errors
    /// [`SpendError`]: the credit is used up, or the subscription is over. The item must not be
    /// sent.
    pub fn spend(&mut self) -> Result<(), SpendError> {
        self.shared.visit(|demand| match (demand.take(), demand.stage()) {
            (true, _) => Ok(()),
            (false, Stage::Open) => Err(SpendError::NoCredit),
            (false, Stage::Cancelled | Stage::Ended) => Err(SpendError::Over),
        })
    }

    /// Returns the number of items that may be sent now.
    pub fn available(&self) -> u64 {
        self.shared.visit(|demand| demand.open())
    }

    /// Resolves when the consumer cancels, for a producer that is busy with an item.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn cancelled(&mut self) {
        poll_fn(|cx| self.poll_cancelled(cx)).await;
    }

    /// Polls until the consumer cancels. The last task that polled it is woken.
    pub fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let seen = self.shared.look(cx, |demand| (demand.stage() != Stage::Open).then_some(()));
        seen.map_or(Poll::Pending, Poll::Ready)
    }

    /// Ends the subscription. Returns whether complete or error may be sent now: `false` if it was
    /// over before (C2). The credit that is left is void.
    #[must_use = "complete or error is sent only once"]
    pub fn end(&mut self) -> bool {
        self.shared.change(Demand::end)
    }
}
