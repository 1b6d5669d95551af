//! State that two ends share, and the one task that waits for its changes.
//!
//! Wakers are foreign code: their `clone`, `wake` and `drop` run while the lock is not held, and
//! may use the same state again.

use crate::panics::{discard, ignored};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// A value under a lock, with a place for the waker of one task.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug, Default)]
struct Inner<T> {
    value: T,
    waker: Option<Waker>,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Watched { inner: Mutex::new(Inner { value, waker: None }) }
    }

    /// No foreign code runs under the lock, so a poisoned lock has no half-done change behind it.
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the value without waking the task.
    pub(crate) fn visit<R>(&self, visit: impl FnOnce(&mut T) -> R) -> R {
        visit(&mut self.lock().value)
    }

    /// Changes the value, then wakes the task that waits.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut inner = self.lock();
        let result = change(&mut inner.value);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            ignored(|| waker.wake());
        }
        result
    }

    /// Looks at the value. If `look` returns `None`, the task is woken by the next change. Looking
    /// and registering are one critical section, so no change is missed.
    pub(crate) fn look<R>(&self, cx: &Context<'_>, look: impl FnOnce(&mut T) -> Option<R>) -> Option<R> {
        let waker = cx.waker().clone();
        let mut inner = self.lock();
        let seen = look(&mut inner.value);
        let unused = match seen {
            Some(_) => Some(waker),
            None => inner.waker.replace(waker),
        };
        drop(inner);
        discard(unused);
        seen
    }
}
