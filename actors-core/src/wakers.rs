//! Wakers are foreign code: cloning, waking and dropping one may panic, block, or use this very actor. So none of it happens
//! under a lock (B6), and this file is the only place that clones or wakes one.
//!
//! ```text
//!   whose waker                kept as      under the lock                        after it
//!   a sender in line,          WakerSlot    compared, moved in and out            cloned before it is moved in;
//!   a dead-letter subscriber                                                      woken or dropped when it is out
//!   the task that consumes     TaskWaker    cloned too: it is tokio's, or a       woken, dropped
//!                                           `Relay`, whose clone is ours
//! ```

use crate::panics::ignored;
use crate::sync::assert_unlocked;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// A clone, made without any lock. A panic of the foreign `clone` goes to the caller, before anything has changed.
#[inline]
pub(crate) fn cloned(waker: &Waker) -> Waker {
    assert_unlocked();
    waker.clone()
}

/// Wakes without any lock. A panic in it is ignored: it concerns only the waker's own task.
#[inline]
pub(crate) fn wake(waker: Waker) {
    ignored(|| waker.wake());
}

/// Drops what may hold wakers, without any lock. A panic in it is ignored.
#[inline]
pub(crate) fn discard<T>(wakers: T) {
    ignored(|| drop(wakers));
}

/// The place of one waker under a lock. A waker that leaves it is returned, to be woken or dropped when the lock is free.
#[derive(Debug, Default)]
pub(crate) struct WakerSlot {
    waker: Option<Waker>,
}

impl WakerSlot {
    /// Whether the waker in it wakes the same task. Compares addresses, and calls nothing.
    #[inline]
    pub(crate) fn has(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|known| known.will_wake(waker))
    }

    /// Puts a waker in, which was cloned before the lock was taken. Returns the one that it replaces.
    #[must_use = "it is dropped after the lock is free"]
    pub(crate) fn put(&mut self, waker: Waker) -> Option<Waker> {
        self.waker.replace(waker)
    }

    /// Takes the waker out.
    #[must_use = "it is woken or dropped after the lock is free"]
    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.waker.take()
    }
}

/// The waker of a task that consumes. It may be cloned under a lock: it is tokio's own, because actors run in tasks of tokio, or
/// a [`Relay`]'s. It is dropped after the lock all the same, because the last drop of a relay drops a foreign waker.
#[derive(Clone, Debug)]
pub(crate) struct TaskWaker(Waker);

impl TaskWaker {
    /// The waker of the task that is being polled: one of tokio's, or one that was given a relay's context.
    #[inline]
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        TaskWaker(cx.waker().clone())
    }

    /// Whether it wakes the task that is being polled.
    #[inline]
    pub(crate) fn is_of(&self, cx: &Context<'_>) -> bool {
        self.0.will_wake(cx.waker())
    }

    #[inline]
    pub(crate) fn into_waker(self) -> Waker {
        self.0
    }
}

/// A foreign waker behind a pointer of ours, so that cloning it counts a reference and calls nothing.
#[derive(Debug)]
struct Relay {
    /// `None` only while the relay is dropped.
    foreign: Option<Waker>,
}

impl Relay {
    fn is_of(&self, waker: &Waker) -> bool {
        self.foreign.as_ref().is_some_and(|foreign| foreign.will_wake(waker))
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(foreign) = &self.foreign {
            foreign.wake_by_ref();
        }
    }
}

impl Drop for Relay {
    /// The mailbox drops the last relay of a task in the poll that takes the next message: a panic there would lose it.
    fn drop(&mut self) {
        discard(self.foreign.take());
    }
}

/// The relay of a consumer that may be polled by a foreign task.
#[derive(Debug, Default)]
pub(crate) struct Relayed {
    relay: Option<(Arc<Relay>, Waker)>,
}

impl Relayed {
    /// A waker that may be cloned under a lock and wakes the same task as this one. A relay is made when the task is another one
    /// than the last time; the old one is dropped here.
    pub(crate) fn waker(&mut self, foreign: &Waker) -> &Waker {
        let is_known = self.relay.as_ref().is_some_and(|(relay, _)| relay.is_of(foreign));
        if !is_known {
            let relay = Arc::new(Relay { foreign: Some(cloned(foreign)) });
            let waker = Waker::from(relay.clone());
            discard(self.relay.replace((relay, waker)));
        }
        match &self.relay {
            Some((_, waker)) => waker,
            None => unreachable!("it was made above"),
        }
    }
}
