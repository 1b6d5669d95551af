//! Counts the replies that one instance of a pool still owes to callers that wait.

use crate::sync::{Arc, Mutex};
use crate::wakers::{TaskWaker, wake};
use std::task::Context;

/// The number of replies that an instance kept as [`ReplyTo`](super::ReplyTo) and whose callers
/// still wait. A caller that stops waiting, at its deadline at the latest, no longer counts.
#[derive(Debug)]
pub(crate) struct OpenReplies(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    /// Woken when the count reaches 0.
    waker: Option<TaskWaker>,
}

impl OpenReplies {
    pub(crate) fn none() -> Self {
        OpenReplies(Arc::new(Mutex::new(Open::default())))
    }

    /// Counts one more reply until the result is dropped.
    pub(crate) fn add(&self) -> OpenReply {
        self.0.lock().count += 1;
        OpenReply(self.0.clone())
    }

    /// Returns whether replies are owed. If so, the task of `cx` is woken when none is left.
    ///
    /// That task is an actor's, so its waker is tokio's and may be cloned under the mailbox's lock.
    pub(crate) fn wake_when_none(&self, cx: &Context<'_>) -> bool {
        let mut open = self.0.lock();
        if open.count == 0 {
            return false;
        }
        if !open.waker.as_ref().is_some_and(|waker| waker.is_of(cx)) {
            open.waker = Some(TaskWaker::of(cx));
        }
        true
    }
}

/// One reply that is owed. It is kept in the caller's slot, and dropped when the caller has its
/// answer or goes away.
#[derive(Debug)]
pub(crate) struct OpenReply(Arc<Mutex<Open>>);

impl Drop for OpenReply {
    fn drop(&mut self) {
        let mut open = self.0.lock();
        open.count -= 1;
        let waker = if open.count == 0 { open.waker.take() } else { None };
        drop(open);
        waker.into_iter().for_each(|waker| wake(waker.into_waker()));
    }
}
