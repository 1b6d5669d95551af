//! The account of one subscription: pure, without locks, wakers or time (C2).

/// `request(0)`: demand that asks for nothing is a defect of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`request(0)` asks for nothing: request at least one item, or cancel to stop")]
pub struct ZeroRequest;

/// How far a subscription is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Items may follow.
    #[default]
    Open,
    /// The consumer wants no more items.
    Cancelled,
    /// The producer has said complete or error.
    Ended,
}

/// What a consumer has requested and has not received yet.
///
/// `request(n)` adds and saturates at [`u64::MAX`], which counts as without limit: it is not used
/// up. Cancel and end are final, and the first of them holds. After that, requests change nothing.
///
/// ```
/// use actors_streams::credit::{Demand, ZeroRequest};
///
/// let mut demand = Demand::new();
/// assert!(!demand.take(), "nothing was requested");
/// demand.request(1).unwrap();
/// demand.request(2).unwrap();
/// assert_eq!(demand.open(), 3);
/// assert!(demand.take());
/// assert_eq!(demand.request(0), Err(ZeroRequest));
/// assert!(demand.cancel());
/// assert!(!demand.end() && !demand.take());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Demand {
    open: u64,
    stage: Stage,
}

impl Demand {
    /// Creates an account without demand.
    pub const fn new() -> Self {
        Demand { open: 0, stage: Stage::Open }
    }

    /// Returns the number of items that may be sent now.
    pub const fn open(&self) -> u64 {
        self.open
    }

    /// Returns how far the subscription is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Adds demand. After a cancel or an end it changes nothing.
    ///
    /// # Errors
    /// [`ZeroRequest`] for zero, while the subscription is open. Nothing has changed then.
    pub fn request(&mut self, n: u64) -> Result<(), ZeroRequest> {
        match self.stage {
            Stage::Open if n == 0 => Err(ZeroRequest),
            Stage::Open => {
                self.open = self.open.saturating_add(n);
                Ok(())
            }
            Stage::Cancelled | Stage::Ended => Ok(()),
        }
    }

    /// Takes one unit, for an item that is sent now. Returns `false` if there is none.
    #[must_use = "an item without demand must not be sent"]
    pub fn take(&mut self) -> bool {
        match self.open {
            0 => return false,
            u64::MAX => {}
            _ => self.open -= 1,
        }
        true
    }

    /// Cancels. Returns `false` if the subscription was over before.
    pub fn cancel(&mut self) -> bool {
        self.finish(Stage::Cancelled)
    }

    /// Ends with complete or error. Returns `false` if the subscription was over before; then
    /// neither must be sent.
    #[must_use = "complete or error is sent only once"]
    pub fn end(&mut self) -> bool {
        self.finish(Stage::Ended)
    }

    fn finish(&mut self, stage: Stage) -> bool {
        let is_open = self.stage == Stage::Open;
        if is_open {
            *self = Demand { open: 0, stage };
        }
        is_open
    }
}
