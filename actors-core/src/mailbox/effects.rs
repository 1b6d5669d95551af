//! What follows from a visit to the mailbox, once its lock is free: foreign code runs here and not under it (B6).

use crate::clock::Tick;
use crate::error::Reason;
use crate::wakers::wake;
use std::any::Any;
use std::task::Waker;

/// A message that was taken from somebody.
#[derive(Debug)]
pub(crate) struct Lost<T> {
    pub(crate) item: T,
    pub(crate) class: usize,
    pub(crate) stamp: Tick,
    pub(crate) reason: Reason,
}

/// Messages that were taken from somebody, in order. Mostly there is none, or one: that one needs no allocation.
#[derive(Debug)]
pub(crate) struct Losses<T> {
    first: Option<Lost<T>>,
    rest: Vec<Lost<T>>,
}

impl<T> Losses<T> {
    pub(super) fn push(&mut self, lost: Lost<T>) {
        match self.first {
            None => self.first = Some(lost),
            Some(_) => self.rest.push(lost),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Takes them out.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Lost<T>> + use<T> {
        self.first.take().into_iter().chain(std::mem::take(&mut self.rest))
    }
}

/// What must happen after the lock is free.
#[derive(Debug)]
pub(crate) struct Effects<T> {
    pub(crate) lost: Losses<T>,
    /// Mostly there is nobody to wake, or one; more than one only when slots are freed for a line.
    waker: Option<Waker>,
    wakers: Vec<Waker>,
    /// The consumer must be woken, and has no task yet.
    must_spawn: bool,
    /// Somebody is to look at the mailbox from now on.
    pub(super) rings: bool,
    /// Waiters and messages that this visit has moved so far, and that are to be woken or dropped when it is over.
    moved: u32,
    /// It has stopped at the bound, and another visit is to go on ([`Mailbox::carry_on`](super::Mailbox::carry_on)).
    is_unfinished: bool,
    /// Set with `is_unfinished` and with garbage: these effects are applied at once, not with the next wake-up.
    is_due: bool,
    /// Memory that is given back. Dropping it takes time with its size.
    garbage: Option<Box<dyn Any + Send>>,
}

/// Waiters that are let in or sent away, and messages that are lost at the end, in one visit to the mailbox: what follows from
/// each is a waker to wake or a message to drop, and a hundred of them take a few microseconds under the lock.
pub(super) const MOVED_MAX: u32 = 64;

impl<T> Effects<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Effects {
            lost: Losses { first: None, rest: Vec::new() },
            waker: None,
            wakers: Vec::new(),
            must_spawn: false,
            rings: false,
            moved: 0,
            is_unfinished: false,
            is_due: false,
            garbage: None,
        }
    }

    /// Whether this visit may move one more; if not, another one is to go on.
    pub(super) fn may_move(&mut self) -> bool {
        self.is_unfinished |= self.moved >= MOVED_MAX;
        self.is_due |= self.is_unfinished;
        self.moved += 1;
        !self.is_unfinished
    }

    /// Whether what follows must happen now, although no waker is to be woken.
    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Memory that is to be given back when the lock is free.
    pub(super) fn will_drop(&mut self, garbage: Box<dyn Any + Send>) {
        (self.garbage, self.is_due) = (Some(garbage), true);
    }

    /// What is to be dropped when the lock is free.
    #[cfg(test)]
    pub(super) fn has_garbage(&self) -> bool {
        self.garbage.is_some()
    }

    /// Whether another visit is to go on where this one has stopped.
    #[must_use]
    pub(crate) fn take_unfinished(&mut self) -> bool {
        self.moved = 0;
        std::mem::take(&mut self.is_unfinished)
    }

    /// Whether nothing is to be done.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waker.is_none() && self.lost.is_empty() && !self.has_wakers() && !self.rings && !self.is_due
    }

    #[inline]
    pub(super) fn has_wakers(&self) -> bool {
        self.waker.is_some() || self.must_spawn || !self.wakers.is_empty()
    }

    pub(super) fn will_rouse(&mut self, rouse: Rouse) {
        match rouse {
            Rouse::Nothing => {}
            Rouse::Wake(waker) => self.will_wake(waker),
            Rouse::Spawn => self.must_spawn = true,
        }
    }

    pub(super) fn will_wake(&mut self, waker: Waker) {
        match self.waker {
            None => self.waker = Some(waker),
            Some(_) => self.wakers.push(waker),
        }
    }

    /// Whether somebody is to look at the mailbox from now on.
    #[must_use]
    pub(crate) fn take_ring(&mut self) -> bool {
        std::mem::take(&mut self.rings)
    }

    /// Wakes whom it must. Wakers are foreign code: a panic in one keeps nobody else from being woken.
    /// `true` when the consumer must be given a task.
    #[must_use]
    pub(crate) fn wake(&mut self) -> bool {
        self.moved = 0;
        if std::mem::take(&mut self.is_due) {
            drop(self.garbage.take());
        }
        for waker in self.waker.take().into_iter().chain(self.wakers.drain(..)) {
            wake(waker);
        }
        std::mem::take(&mut self.must_spawn)
    }
}

/// What the consumer needs after a push.
#[derive(Debug)]
pub(crate) enum Rouse {
    Nothing,
    Wake(Waker),
    /// It has no task yet.
    Spawn,
}
