//! Clones, wakes and drops wakers, never under a lock (B6).
//!
//! Wakers are foreign code: `clone`, `wake` and `drop` may panic, block, or use the same actor.
//! This file is the only place that calls them.
//!
//! ```text
//!   waker of                   kept as      under the lock                     without the lock
//!   a sender in line,          WakerSlot    compared, moved in and out         cloned before it is moved in;
//!   a dead-letter subscriber                                                   woken or dropped after it is out
//!   the consumer's task        TaskWaker    cloned too: it is tokio's, or a    woken, dropped
//!                                           `Relay`, whose clone is safe
//! ```

use crate::panics::ignored;
use crate::sync::assert_unlocked;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// Clones a waker. The caller holds no lock. A panic in `clone` propagates before anything changes.
#[inline]
pub(crate) fn cloned(waker: &Waker) -> Waker {
    assert_unlocked();
    waker.clone()
}

/// Wakes a task. The caller holds no lock. A panic is ignored: it affects only the waker's own
/// task.
#[inline]
pub(crate) fn wake(waker: Waker) {
    ignored(|| waker.wake());
}

/// Returns a waker that calls `f`.
pub(crate) fn calling(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Calling(f)))
}

struct Calling<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Calling<F> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

/// Drops a value that may hold wakers. The caller holds no lock. A panic is ignored.
#[inline]
pub(crate) fn discard<T>(wakers: T) {
    ignored(|| drop(wakers));
}

/// A waker stored under a lock. A waker that is taken out is returned, so that the caller wakes or
/// drops it after the lock is released.
#[derive(Debug, Default)]
pub(crate) struct WakerSlot {
    waker: Option<Waker>,
}

impl WakerSlot {
    /// Returns whether the stored waker wakes the same task. Compares addresses, and calls nothing.
    #[inline]
    pub(crate) fn has(&self, waker: &Waker) -> bool {
        self.waker.as_ref().is_some_and(|known| known.will_wake(waker))
    }

    /// Stores a waker that was cloned before the lock was taken. Returns the one it replaces.
    #[must_use = "drop it after the lock is released"]
    pub(crate) fn put(&mut self, waker: Waker) -> Option<Waker> {
        self.waker.replace(waker)
    }

    /// Takes the waker out.
    #[must_use = "wake or drop it after the lock is released"]
    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.waker.take()
    }
}

/// The waker of a consumer's task, which may be cloned under a lock.
///
/// It is tokio's own, because actors run in tokio tasks, or a [`Relay`]'s. It is still dropped
/// after the lock: dropping the last clone of a relay drops a foreign waker.
#[derive(Clone, Debug)]
pub(crate) struct TaskWaker(Waker);

impl TaskWaker {
    /// Clones the waker of the task that is being polled. `cx` is tokio's or a relay's.
    #[inline]
    pub(crate) fn of(cx: &Context<'_>) -> Self {
        TaskWaker(cx.waker().clone())
    }

    /// Returns whether it wakes the task that is being polled.
    #[inline]
    pub(crate) fn is_of(&self, cx: &Context<'_>) -> bool {
        self.0.will_wake(cx.waker())
    }

    #[inline]
    pub(crate) fn into_waker(self) -> Waker {
        self.0
    }
}

/// A foreign waker behind an `Arc`, so that a clone counts a reference and calls no foreign code.
#[derive(Debug)]
struct Relay {
    /// `None` only inside `Drop`.
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
    /// Catches a panic of the foreign `Drop`. A poll that has taken a message may drop the last
    /// clone, and a panic there would lose the message.
    fn drop(&mut self) {
        discard(self.foreign.take());
    }
}

/// The relay of a consumer that a foreign task may poll.
#[derive(Debug, Default)]
pub(crate) struct Relayed {
    relay: Option<(Arc<Relay>, Waker)>,
}

impl Relayed {
    /// Returns a waker for the same task that may be cloned under a lock. When the task has changed
    /// since the last call, it replaces the relay.
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
