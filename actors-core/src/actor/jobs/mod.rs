//! Jobs: the timers, pipes and watches that an actor has under way (F7).
//!
//! ```text
//!   ctx.send_after ──► Lease ──► task: wait ──► the message, to the actor's own mailbox
//!   ctx.pipe, watch      │                └──► undelivered or cancelled, where the actor ended first
//!   ctx.send_every       ▼
//!                     the cell's table: bounded by `jobs`; ended with the actor, or with the instance
//! ```
//!
//! A job is a task of the runtime. Its state is in the cell's table as well, behind a lock of its
//! own, so that the end of the actor counts what is still pending before it closes its books,
//! without waiting for tasks to be dropped.
//!
//! | started by | belongs to | where it cannot deliver |
//! |---|---|---|
//! | `send_after` | the actor | `undelivered`, dead letter `closed` |
//! | `pipe`, `watch` | the actor | the same; `cancelled` where a stop ends it first |
//! | `send_every` | the instance that started it | a tick that is missed is not made up for |
//!
//! **Invariants.**
//! - J1 A job's message leaves its state once: to be sent, to be counted as lost, or to be dropped
//!   because the job was cancelled.
//! - J2 No user code (`Clone`, `Drop`, futures, continuations) runs while a lock of this module is
//!   held.
//! - J3 Locks nest in this order only: an instance's standing, then the actor's life or the
//!   mailbox.

mod instance;
mod table;

pub(crate) use instance::Instance;
pub(crate) use table::{Guarded, Lease, Owner, Pending, Table};

use crate::error::Reason;
use std::fmt;
use std::sync::Arc;

/// What the table needs of a job, whatever its message is.
pub(crate) trait AnyJob: Send + Sync {
    /// Ends it because its owner has ended; what it can no longer deliver is counted and reported.
    /// `promised` is the reason for a message that was not made yet.
    fn cut(&self, promised: Reason);
    /// Ends it because the user wants so: nothing is counted that was not offered.
    fn cancel(&self);
    fn is_finished(&self) -> bool;
}

/// A timer, a pipe or a watch that is under way. Dropping it changes nothing.
pub struct Job {
    job: Arc<dyn AnyJob>,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("is_finished", &self.is_finished()).finish()
    }
}

impl Job {
    /// Ends the job; a message it has not offered to the mailbox yet is dropped and counts nowhere,
    /// because the caller wanted so. A message that waits in line counts `cancelled` (T3); one that
    /// is in the mailbox stays there.
    ///
    /// The job counts against `jobs` until the runtime has dropped its task, shortly after.
    pub fn cancel(&self) {
        self.job.cancel();
    }

    /// Whether it has sent what it had to send, was cancelled, or has ended with its owner, and its
    /// task is gone.
    pub fn is_finished(&self) -> bool {
        self.job.is_finished()
    }
}
