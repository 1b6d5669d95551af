//! What is under the mailbox's lock.

use crate::clock::Tick;
use crate::mailbox::adjust::Live;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::{Effects, Rouse};
use crate::mailbox::item::{Class, Item};
use crate::mailbox::signals::Signals;
use crate::mailbox::take::pool::Crew;
use crate::policy::Limits;
use crate::reentry;
use crate::seed::{Purpose, Seed};
use crate::sync::{Mutex, MutexGuard};
use crate::wakers::TaskWaker;
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

/// A mailbox and its lock.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox<T, S> {
    pub(super) shell: Mutex<Shell<T, S>>,
    pub(super) classes: Cow<'static, [Class]>,
    /// What was changed since the start of the policies; made with the first change.
    pub(super) live: OnceLock<Box<[Live]>>,
    pub(super) limits: Limits,
    pub(super) now: fn() -> Tick,
    /// What `drop_random`, the spread of `retry_after` and the hashes of keys are derived from.
    pub(super) seed: Seed,
    pub(super) signals: Signals,
}

impl<T: Item, S> Mailbox<T, S> {
    /// `now` is the clock of ages and ttl; `seed` is for everything random.
    pub(crate) fn new(
        limits: Limits,
        classes: Cow<'static, [Class]>,
        seat: Option<S>,
        now: fn() -> Tick,
        seed: Seed,
    ) -> Self {
        let shell = Mutex::new(Shell { inner: None, seat, may_lend: false });
        Mailbox { shell, signals: Signals::default(), classes, limits, live: OnceLock::new(), now, seed }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn class(&self, class: usize) -> &Class {
        &self.classes[class]
    }

    /// A contended lock is left to `parking_lot`: it yields early, so that whoever has the lock does much before it moves to
    /// another core. Spinning here was measured to be slower by half.
    #[inline]
    fn lock_shell(&self) -> MutexGuard<'_, Shell<T, S>> {
        match self.shell.try_lock() {
            Some(shell) => shell,
            None => self.lock_contended(),
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> Locked<'_, T, S> {
        let shell = self.lock_shell();
        let is_made = shell.inner.is_some();
        #[cfg(feature = "testing")]
        let shell = Self::begin_visit(shell);
        match is_made {
            true => Locked(shell),
            false => self.make(shell),
        }
    }

    /// A visit begins, whose work is counted.
    #[cfg(feature = "testing")]
    fn begin_visit<'a>(mut shell: MutexGuard<'a, Shell<T, S>>) -> MutexGuard<'a, Shell<T, S>> {
        if let Some(inner) = &mut shell.inner {
            inner.core.work.begin();
        }
        shell
    }

    /// The most messages and waiters that one visit has touched so far.
    #[cfg(feature = "testing")]
    pub(crate) fn most_work(&self) -> usize {
        self.lock().core.work.most
    }

    #[cold]
    fn lock_contended(&self) -> MutexGuard<'_, Shell<T, S>> {
        reentry::wait_for(std::ptr::from_ref(self).addr(), || self.shell.lock())
    }

    /// The first message comes, or something else that needs more than a place for the seat.
    #[cold]
    fn make<'a>(&'a self, mut shell: MutexGuard<'a, Shell<T, S>>) -> Locked<'a, T, S> {
        // A mailbox that was used stays where it is.
        let home = std::ptr::from_ref(self).addr();
        shell.inner = Some(Box::new(Inner {
            seat: shell.seat.take(),
            is_roused: false,
            is_held: false,
            may_lend: shell.may_lend,
            is_tainted: false,
            must_renew: false,
            task: Task::None,
            crew: self.limits.workers.is_pool().then(|| Box::new(Crew::new(self.limits.workers))),
            core: Core::new(&self.limits, &self.classes, self.now, self.seed.stream(Purpose::Mailbox), home),
        }));
        Locked(shell)
    }

    /// Whether nothing has ever happened to it.
    pub(super) fn is_untouched(&self) -> bool {
        self.lock_shell().inner.is_none()
    }
}

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
