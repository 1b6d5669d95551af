//! Replies that one instance still owes to callers who wait for them.

use crate::sync::{Arc, Mutex};
use crate::wakers::{cloned, wake};
use std::task::Waker;

/// How many callers wait for replies that this instance was asked for and took along as [`ReplyTo`](super::ReplyTo). A caller who
/// stops waiting, at its deadline at the latest, is not counted any more.
#[derive(Debug)]
pub(crate) struct OpenReplies(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    count: usize,
    /// Woken when the count is 0 again.
    waker: Option<Waker>,
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

    /// Whether there are any; then `waker` is woken when there are none.
    pub(crate) fn wake_when_none(&self, waker: &Waker) -> bool {
        let waker = cloned(waker);
        let mut open = self.0.lock();
        if open.count == 0 {
            return false;
        }
        let _old = open.waker.replace(waker);
        drop(open);
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
        waker.into_iter().for_each(wake);
    }
}
