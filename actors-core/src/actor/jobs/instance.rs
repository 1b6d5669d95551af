//! An instance as seen from outside its turns: its status, and the replies it owes.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::mailbox::{Effects, WorkerId};
use crate::reply::OpenReplies;
use crate::sync::Lock;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Alive,
    /// A job that it started has panicked: it ends between two turns.
    Failed,
    Ended,
}

/// One instance of an actor, as its jobs and replies know it. Made with the first of them.
#[derive(Debug)]
pub(crate) struct Instance {
    worker: WorkerId,
    status: Lock<Status>,
    /// Counted only in a pool, where an instance may retire.
    replies: OpenReplies,
}

impl Instance {
    pub(crate) fn new(worker: WorkerId) -> Self {
        Instance { worker, status: Lock::new(Status::Alive), replies: OpenReplies::none() }
    }

    /// Returns its identity among the instances of one actor, valid while this value exists.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn replies(&self) -> &OpenReplies {
        &self.replies
    }

    /// Fails the instance between two turns, because a job that it started has panicked. Does
    /// nothing if it has ended. `failure` describes the panic as the end of a sentence.
    pub(super) fn fail<A: Actor>(&self, cell: &Arc<Cell<A>>, failure: &str) {
        let mut effects = Effects::new();
        let mut status = self.status.lock();
        if *status == Status::Alive {
            *status = Status::Failed;
            cell.life.note_failure(failure);
            // Under this lock, which the end of an instance takes: otherwise this request could
            // replace the next instance.
            cell.mailbox.visit(&mut effects, |section| section.request_restart(Some(self.worker)));
        }
        drop(status);
        cell.apply(&mut effects);
    }

    pub(crate) fn has_failed(&self) -> bool {
        *self.status.lock() == Status::Failed
    }

    pub(crate) fn end(&self) {
        *self.status.lock() = Status::Ended;
    }
}
