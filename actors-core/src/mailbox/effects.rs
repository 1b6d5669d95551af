//! What follows from a visit to the mailbox once its lock is free: foreign code runs here and not
//! under the lock (B6).

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::ids::{ClassId, Ticks};
use crate::wakers::{discard, wake};
use std::any::Any;
use std::task::Waker;

/// A message that was accepted and then lost.
#[derive(Debug)]
pub(crate) struct Lost<T> {
    pub(crate) item: T,
    pub(crate) class: ClassId,
    pub(crate) stamp: Tick,
    pub(crate) reason: Reason,
}

/// Lost messages, in order. Most visits lose none or one, so the first needs no allocation.
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

    /// Takes all of them out.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Lost<T>> + use<T> {
        self.first.take().into_iter().chain(std::mem::take(&mut self.rest))
    }
}

/// What must happen once the lock is free.
#[derive(Debug)]
pub(crate) struct Effects<T> {
    pub(crate) lost: Losses<T>,
    /// The first task to wake. There are more only when a visit frees several slots for a line.
    waker: Option<Waker>,
    wakers: Vec<Waker>,
    /// The consumer must be woken, and has no task yet.
    must_spawn: bool,
    /// The supervisor must sample the mailbox from now on.
    pub(super) requests_sample: bool,
    /// Messages must be fetched from the store.
    requests_fetch: bool,
    /// Senders that wait for tokens must be let in, from this instant on.
    requests_ticks: Option<(Ticks, Tick)>,
    /// Producers must be told that the fill has passed a mark.
    tells_producers: bool,
    /// Waiters and messages that this visit has moved so far. Each is to be woken or dropped when
    /// it is over.
    moved: u32,
    /// The visit stopped at its bound, and another one continues
    /// ([`Section::resume`](super::Section::resume)).
    is_unfinished: bool,
    /// Set with `is_unfinished`, `must_review` and garbage: these effects are applied at once, not
    /// with the next wake-up.
    is_due: bool,
    /// The last permit is gone and senders still wait in line: their waits may form a cycle (D1).
    must_review: bool,
    /// Memory to free, and wakers that must not wake their tasks any more. Dropping them takes
    /// time, or is foreign code.
    garbage: Vec<Garbage>,
}

#[derive(Debug)]
enum Garbage {
    Memory(Box<dyn Any + Send>),
    Waker(Waker),
}

/// Waiters that one visit lets in or sends away, and messages that it loses at the end. Each
/// becomes a waker to wake or a message to drop; 64 of them take a few microseconds under the lock.
pub(super) const MOVED_MAX: u32 = 64;

impl<T> Effects<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Effects {
            lost: Losses { first: None, rest: Vec::new() },
            waker: None,
            wakers: Vec::new(),
            must_spawn: false,
            requests_sample: false,
            requests_fetch: false,
            requests_ticks: None,
            tells_producers: false,
            moved: 0,
            is_unfinished: false,
            is_due: false,
            must_review: false,
            garbage: Vec::new(),
        }
    }

    /// Whether this visit may move one more waiter or message. If not, another visit continues.
    pub(super) fn may_move(&mut self) -> bool {
        self.is_unfinished |= self.moved >= MOVED_MAX;
        self.is_due |= self.is_unfinished;
        self.moved += 1;
        !self.is_unfinished
    }

    /// Whether these effects must be applied now, although no task is to be woken.
    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Lets in senders in line from this instant on, as tokens come.
    pub(super) fn will_tick(&mut self, ticks: Ticks, first: Tick) {
        (self.requests_ticks, self.is_due) = (Some((ticks, first)), true);
    }

    /// The request for ticks, and when the first is due.
    pub(crate) fn take_ticks_request(&mut self) -> Option<(Ticks, Tick)> {
        self.requests_ticks.take()
    }

    /// Tells producers about the fill.
    pub(super) fn will_tell_producers(&mut self) {
        (self.tells_producers, self.is_due) = (true, true);
    }

    /// Whether producers must be told about the fill.
    pub(crate) fn take_tells_producers(&mut self) -> bool {
        std::mem::take(&mut self.tells_producers)
    }

    /// Searches for cycles of waits once the lock is free.
    pub(super) fn will_review(&mut self) {
        (self.must_review, self.is_due) = (true, true);
    }

    /// Whether waits that lead to this actor must be searched for cycles.
    #[must_use]
    pub(crate) fn take_review(&mut self) -> bool {
        std::mem::take(&mut self.must_review)
    }

    /// Frees memory once the lock is free.
    pub(super) fn will_free(&mut self, memory: Box<dyn Any + Send>) {
        self.garbage.push(Garbage::Memory(memory));
        self.is_due = true;
    }

    /// Drops a waker, without waking it, once the lock is free.
    pub(super) fn will_drop(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.garbage.push(Garbage::Waker(waker));
            self.is_due = true;
        }
    }

    /// Whether memory will be freed once the lock is free.
    #[cfg(test)]
    pub(super) fn frees_memory(&self) -> bool {
        self.garbage.iter().any(|garbage| matches!(garbage, Garbage::Memory(_)))
    }

    /// Whether another visit must continue where this one stopped.
    #[must_use]
    pub(crate) fn take_unfinished(&mut self) -> bool {
        self.moved = 0;
        std::mem::take(&mut self.is_unfinished)
    }

    /// Whether nothing is to be done.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waker.is_none()
            && self.lost.is_empty()
            && !self.has_wakers()
            && !self.requests_sample
            && !self.is_due
    }

    #[inline]
    pub(super) fn has_wakers(&self) -> bool {
        self.waker.is_some() || self.must_spawn || !self.wakers.is_empty()
    }

    pub(super) fn will_wake(&mut self, wake: Wake) {
        match wake {
            Wake::Nothing => {}
            Wake::Task(waker) => self.will_wake_task(waker),
            Wake::Spawn => self.must_spawn = true,
        }
    }

    pub(super) fn will_wake_task(&mut self, waker: Waker) {
        match self.waker {
            None => self.waker = Some(waker),
            Some(_) => self.wakers.push(waker),
        }
    }

    /// Whether the supervisor must sample the mailbox from now on.
    #[must_use]
    pub(crate) fn take_sample_request(&mut self) -> bool {
        std::mem::take(&mut self.requests_sample)
    }

    /// Begins a fetch from the store once the lock is free.
    pub(super) fn will_fetch(&mut self) {
        (self.requests_fetch, self.is_due) = (true, true);
    }

    /// Whether a fetch must be begun.
    #[must_use]
    pub(crate) fn take_fetch_request(&mut self) -> bool {
        std::mem::take(&mut self.requests_fetch)
    }

    /// Wakes tasks and drops garbage. Wakers are foreign code: a panic in one keeps no other from
    /// being woken. Returns whether the consumer must be given a task.
    #[must_use]
    pub(crate) fn wake(&mut self) -> bool {
        self.moved = 0;
        if std::mem::take(&mut self.is_due) {
            for garbage in self.garbage.drain(..) {
                match garbage {
                    Garbage::Memory(memory) => drop(memory),
                    Garbage::Waker(waker) => discard(waker),
                }
            }
        }
        for waker in self.waker.take().into_iter().chain(self.wakers.drain(..)) {
            wake(waker);
        }
        std::mem::take(&mut self.must_spawn)
    }
}

/// What the consumer needs after a push.
#[derive(Debug)]
pub(crate) enum Wake {
    Nothing,
    Task(Waker),
    /// The consumer has no task yet.
    Spawn,
}
