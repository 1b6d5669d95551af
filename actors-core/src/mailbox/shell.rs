//! What is under the mailbox's lock.

use super::core::{Core, Phase};
use super::crew::Crew;
use super::{Effects, Item, Rouse};
use crate::sync::MutexGuard;
use crate::wakers::TaskWaker;
use std::ops::{Deref, DerefMut};

/// The consumer's task, as far as the mailbox knows it.
#[derive(Debug)]
pub(super) enum Task {
    /// Nobody consumes yet.
    None,
    /// Somebody was told to, and has not come yet.
    Coming,
    Known(TaskWaker),
}

/// In the order of use.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Inner<T, S> {
    /// The right to take messages out, while nobody has it.
    pub(super) seat: Option<S>,
    /// The task was woken and has not come yet.
    pub(super) is_roused: bool,
    /// Nothing is handed out; only tests hold.
    pub(super) is_held: bool,
    /// The consumer is ready for turns, so that a sender may run one.
    pub(super) may_lend: bool,
    /// A panic went through the seat while it was lent.
    pub(super) is_tainted: bool,
    /// A new instance is wanted, between two turns.
    pub(super) must_renew: bool,
    pub(super) task: Task,
    /// Where there may be several workers: then seat and task are theirs.
    pub(super) crew: Option<Box<Crew>>,
    pub(super) core: Core<T>,
}

/// What is under the lock. Before its first message a mailbox is nothing but a place for the seat.
#[derive(Debug)]
pub(super) struct Shell<T, S> {
    pub(super) inner: Option<Box<Inner<T, S>>>,
    /// Until there is an inner.
    pub(super) seat: Option<S>,
    pub(super) may_lend: bool,
}

/// The lock, taken, and something beneath it.
pub(super) struct Locked<'a, T, S>(pub(super) MutexGuard<'a, Shell<T, S>>);

impl<T, S> Deref for Locked<'_, T, S> {
    type Target = Inner<T, S>;

    #[inline]
    fn deref(&self) -> &Inner<T, S> {
        match &self.0.inner {
            Some(inner) => inner,
            None => unreachable!("it is made when the lock is taken"),
        }
    }
}

impl<T, S> DerefMut for Locked<'_, T, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Inner<T, S> {
        match &mut self.0.inner {
            Some(inner) => inner,
            None => unreachable!("it is made when the lock is taken"),
        }
    }
}

impl<T: Item, S> Inner<T, S> {
    /// Wakes the consumer if somebody from the line was let in while it slept: permits, a `max` or bytes may have kept all
    /// out.
    pub(super) fn rouse_if_filled(&mut self, fx: &mut Effects<T>) {
        if self.core.queue.used() > 0 {
            self.rouse(fx);
        }
    }

    /// Whether nothing is left to be handled, and nothing more will come.
    pub(super) fn is_drained(&self) -> bool {
        self.core.phase != Phase::Open && self.core.queue.used() == 0
    }

    /// How many workers there are, and how many of them have a turn.
    pub(super) fn workers(&self) -> (usize, usize) {
        match &self.crew {
            Some(crew) => (crew.alive(), crew.busy()),
            None => (1, self.core.queue.kinds.iter().map(|kind| kind.counts.in_service as usize).sum()),
        }
    }

    /// There is something to do: wakes the consumer if it sleeps.
    pub(super) fn rouse(&mut self, fx: &mut Effects<T>) {
        let rouse = self.rouse_one();
        fx.will_rouse(rouse);
    }

    #[inline]
    pub(super) fn rouse_one(&mut self) -> Rouse {
        if self.seat.is_none() || self.is_held || self.is_roused {
            self.rouse_crew()
        } else {
            self.call_one()
        }
    }

    fn rouse_crew(&mut self) -> Rouse {
        match &mut self.crew {
            Some(crew) if !self.is_held => crew.rouse(self.core.queue.runnable()),
            _ => Rouse::Nothing,
        }
    }

    /// Wakes the consumer, whatever it does.
    pub(super) fn call(&mut self, fx: &mut Effects<T>) {
        if let Some(crew) = &mut self.crew {
            return crew.call_all(fx);
        }
        let rouse = self.call_one();
        fx.will_rouse(rouse);
    }

    pub(super) fn call_one(&mut self) -> Rouse {
        self.is_roused = true;
        match &self.task {
            Task::Known(waker) => Rouse::Wake(waker.clone().into_waker()),
            Task::None => {
                self.task = Task::Coming;
                Rouse::Spawn
            }
            Task::Coming => Rouse::Nothing,
        }
    }
}
