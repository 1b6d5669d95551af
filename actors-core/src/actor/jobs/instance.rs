//! What outlives an instance's turns and is known outside of them: whether it is still there, and
//! which replies it owes.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::mailbox::Effects;
use crate::reply::OpenReplies;
use crate::sync::Lock;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    There,
    /// A job that it started has panicked: it ends between two turns.
    Failed,
    Gone,
}

/// One instance of an actor, as its jobs and its replies know it. Made with the first of them.
#[derive(Debug)]
pub(crate) struct Instance {
    worker: u32,
    standing: Lock<Standing>,
    /// Only counted in a pool, where an instance may be retired.
    replies: OpenReplies,
}

impl Instance {
    pub(crate) fn new(worker: u32) -> Self {
        Instance { worker, standing: Lock::new(Standing::There), replies: OpenReplies::none() }
    }

    /// Its identity among the instances of one actor, while this exists.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn replies(&self) -> &OpenReplies {
        &self.replies
    }

    /// A job that it started has panicked; `failure` says so, as the end of a sentence. Where the
    /// instance is still there it fails, between two turns.
    pub(super) fn fail<A: Actor>(&self, cell: &Arc<Cell<A>>, failure: &str) {
        let mut effects = Effects::new();
        let mut standing = self.standing.lock();
        if *standing == Standing::There {
            *standing = Standing::Failed;
            cell.life.note_failure(failure);
            // Under this lock: an instance that ends waits for it, so the next one is not what is
            // renewed.
            cell.mailbox.visit(&mut effects, |section| section.renew(Some(self.worker.into())));
        }
        drop(standing);
        cell.apply(&mut effects);
    }

    pub(crate) fn has_failed(&self) -> bool {
        *self.standing.lock() == Standing::Failed
    }

    pub(crate) fn end(&self) {
        *self.standing.lock() = Standing::Gone;
    }
}
