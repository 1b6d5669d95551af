//! Replies that one instance still owes to callers who wait for them.

use crate::sync::{Arc, Mutex};
use crate::wakers::{TaskWaker, wake};
use std::task::Context;

/// How many callers wait for replies that this instance was asked for and took along as
/// [`ReplyTo`](super::ReplyTo). A caller who stops waiting, at its deadline at the latest, is not
/// counted any more.
#[derive(Debug)]
pub(crate) struct OpenReplies(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    /// Woken when the count is 0 again.
    waker: Option<TaskWaker>,
}

impl OpenReplies {
    pub(crate) fn none() -> Self {
        OpenReplies(Arc::new(Mutex::new(Open::default())))
    }

    /// One more, until the result is dropped.
    pub(crate) fn add(&self) -> OpenReply {
        self.0.lock().count += 1;
        OpenReply(self.0.clone())
    }

    /// Whether there are any; then the task of `cx` is woken when there are none. That task is an
    /// actor's, so its waker is tokio's and may be cloned under the mailbox's lock.
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

/// A reply that is owed. Kept in the caller's slot: dropped when the caller is told, or goes away.
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
