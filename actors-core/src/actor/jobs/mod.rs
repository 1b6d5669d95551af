//! Jobs: the running timers, pipes and watches of an actor (F7).
//!
//! ```text
//!   ctx.send_after ──► Lease ──► task: wait ──► the message, to the actor's own mailbox
//!   ctx.pipe, watch      │                └──► undelivered or cancelled, if the actor ended first
//!   ctx.send_every       ▼
//!                     the cell's table: bounded by `jobs`; ended with the actor, or with the instance
//! ```
//!
//! A job is a task of the runtime. Its state is also in the cell's table, behind its own lock. So
//! the actor's end can count pending messages before it reads the ledger, without waiting for tasks
//! to be dropped.
//!
//! | started by | belongs to | if it cannot deliver |
//! |---|---|---|
//! | `send_after` | the actor | `undelivered`, dead letter `closed` |
//! | `pipe`, `watch` | the actor | the same; `cancelled` if a stop ends it first |
//! | `send_every` | the instance that started it | the missed tick is skipped |
//!
//! **Invariants.**
//! - J1 A job's message leaves its state exactly once: it is sent, counted as lost, or dropped
//!   because the job was cancelled.
//! - J2 No user code (`Clone`, `Drop`, futures, continuations) runs under a lock of this module.
//! - J3 Locks nest in this order only: an instance's status, then the actor's life or the mailbox.

mod instance;
mod table;

pub(crate) use instance::Instance;
pub(crate) use table::{Guarded, Lease, Owner, Pending, Table};

use crate::error::Reason;
use std::fmt;
use std::sync::Arc;

/// A job with its message type erased, as the table sees it.
pub(crate) trait AnyJob: Send + Sync {
    /// Ends the job with its owner: counts and reports what it can no longer deliver. `promised` is
    /// the reason for a message that was not made yet.
    fn end(&self, promised: Reason);
    /// Ends the job at the user's request: counts nothing that was not offered.
    fn cancel(&self);
    fn is_finished(&self) -> bool;
}

/// A handle of a running timer, pipe or watch. Dropping it does not end the job.
pub struct Job {
    job: Arc<dyn AnyJob>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("is_finished", &self.is_finished()).finish()
    }
}

impl Job {
    /// Ends the job.
    ///
    /// A message that it has not offered to the mailbox is dropped, and counts nowhere. A message
    /// that waits in line counts `cancelled` (T3). A message in the mailbox stays there.
    ///
    /// The job counts against `jobs` until the runtime has dropped its task, shortly after.
    pub fn cancel(&self) {
        self.job.cancel();
    }

    /// Returns whether its task is gone: it has sent its messages, was cancelled, or has ended with
    /// its owner.
    pub fn is_finished(&self) -> bool {
        self.job.is_finished()
    }
}
