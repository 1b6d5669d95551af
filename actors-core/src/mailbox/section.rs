//! The mailbox, its lock, and [`Section`]: the lock while it is held.
//!
//! ```text
//!   mailbox.visit(&mut effects, |section| section.close())      one critical section
//!   cell.apply(&mut effects)                                    wakes, drops and reports once the lock is free
//! ```
//!
//! Everything that changes a mailbox is a method of [`Section`]. It derefs to [`Core`], so that the
//! steps which need neither wakers nor losses can stay plain methods of the data.

use crate::clock::Tick;
use crate::mailbox::adjust::LiveTable;
use crate::mailbox::consumers::{Consumers, One, Pool};
use crate::mailbox::core::Core;
use crate::mailbox::effects::{Effects, Wake};
use crate::mailbox::enter::notices::Notices;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::{Class, Item};
use crate::mailbox::signals::Signals;
use crate::policy::{Limits, Policy, Priority};
use crate::reentry;
use crate::seed::{Purpose, Seed};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard, thread_local};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// A mailbox and its lock.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox<T, S> {
    pub(super) shell: Mutex<Shell<T, S>>,
    /// The seat is in the mailbox and nothing is queued, as of the last time that it came back.
    /// Written under the lock, and in its cache line. A hint: readers look again under the lock.
    is_home: AtomicBool,
    /// Made with the first notice that the mailbox is full.
    pub(super) notices: OnceLock<Box<Notices>>,
    /// The declared classes, and those of their further lanes.
    pub(super) classes: Cow<'static, [Class]>,
    /// The number of declared classes: one for each message type.
    types: usize,
    /// The parts of the policies that are read without the lock; made when a policy changes for the
    /// first time.
    pub(super) live: OnceLock<Box<LiveTable>>,
    /// The limits with which the actor started. What cannot change is read here;
    /// [`limits`](Mailbox::limits) has the present ones.
    pub(super) declared: Arc<Limits>,
    /// Whether its messages are weighed: there is a `max_bytes`.
    pub(super) is_weighed: bool,
    pub(super) now: fn() -> Tick,
    /// The source of randomness for `drop_random`, the spread of `retry_after` and the hashes of
    /// keys.
    pub(super) seed: Seed,
    pub(super) signals: Signals,
    pub(super) consumer_kind: ConsumerKind,
}

/// Actors that a thread starts one after the other are mostly of one type and have the same limits:
/// these share them, and an idle actor is a hundred bytes smaller.
fn shared(limits: Limits) -> Arc<Limits> {
    thread_local! {
        static LAST: RefCell<Option<Arc<Limits>>> = const { RefCell::new(None) };
    }
    let share = |last: &RefCell<Option<Arc<Limits>>>| {
        let mut last = last.borrow_mut();
        match &*last {
            Some(same) if **same == limits => same.clone(),
            _ => last.insert(Arc::new(limits)).clone(),
        }
    };
    // While a thread ends, its last limits may be gone.
    LAST.try_with(share).unwrap_or_else(|_| Arc::new(limits))
}

/// Whether one consumer takes messages out or a pool does. Readable without the lock;
/// [`Consumers`] is its counterpart under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConsumerKind {
    One,
    Pool,
}

/// What is under the lock. Before its first message a mailbox is nothing but a place for the seat.
#[derive(Debug)]
pub(super) struct Shell<T, S> {
    pub(super) inner: Option<Box<Inner<T, S>>>,
    /// The seat, until there is an inner.
    pub(super) seat: Option<S>,
    pub(super) is_ready: bool,
    /// There is an inner, and no notice hangs.
    is_plain: bool,
}

/// What a mailbox consists of once it is used, in the order of use.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Inner<T, S> {
    pub(super) consumers: Consumers<S>,
    pub(super) core: Core<T>,
}

/// The lock of a mailbox that is in use, held.
pub(super) struct Locked<'a, T, S>(MutexGuard<'a, Shell<T, S>>);

impl<T, S> Locked<'_, T, S> {
    /// The next holder of the lock must take the notices down.
    pub(super) fn has_posted(&mut self) {
        self.0.is_plain = false;
    }
}

impl<T, S> Deref for Locked<'_, T, S> {
    type Target = Inner<T, S>;

    #[inline]
    fn deref(&self) -> &Inner<T, S> {
        match &self.0.inner {
            Some(inner) => inner,
            None => unreachable!("`Mailbox::lock` makes the inner before it returns"),
        }
    }
}

impl<T, S> DerefMut for Locked<'_, T, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Inner<T, S> {
        match &mut self.0.inner {
            Some(inner) => inner,
            None => unreachable!("`Mailbox::lock` makes the inner before it returns"),
        }
    }
}

/// One critical section: what is under the lock, and what must follow once the lock is free.
pub(crate) struct Section<'a, T, S> {
    pub(super) mailbox: &'a Mailbox<T, S>,
    pub(super) consumers: &'a mut Consumers<S>,
    pub(super) core: &'a mut Core<T>,
    pub(super) effects: &'a mut Effects<T>,
}

impl<T, S> Deref for Section<'_, T, S> {
    type Target = Core<T>;

    #[inline]
    fn deref(&self) -> &Core<T> {
        self.core
    }
}

impl<T, S> DerefMut for Section<'_, T, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Core<T> {
        self.core
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// `now` is the clock of ages and ttl; `seed` is the source of everything random.
    pub(crate) fn new(
        limits: Limits,
        classes: Cow<'static, [Class]>,
        seat: Option<S>,
        now: fn() -> Tick,
        seed: Seed,
    ) -> Self {
        let shell = Mutex::new(Shell { inner: None, seat, is_ready: false, is_plain: false });
        let consumer_kind = if limits.workers.is_pool() { ConsumerKind::Pool } else { ConsumerKind::One };
        let (signals, live) = (Signals::default(), OnceLock::new());
        let (is_home, notices) = (AtomicBool::new(false), OnceLock::new());
        let types = classes.len();
        let classes = Class::with_lanes(classes);
        Mailbox {
            shell,
            is_home,
            notices,
            signals,
            classes,
            types,
            is_weighed: limits.max_bytes.is_some(),
            declared: shared(limits),
            live,
            now,
            seed,
            consumer_kind,
        }
    }

    /// Notes whether the seat is here and nothing is queued.
    #[inline]
    pub(super) fn set_home(&self, is_home: bool) {
        self.is_home.store(is_home, Ordering::Relaxed);
    }

    /// Whether the seat may be here, at a glance.
    #[inline]
    pub(crate) fn may_have_seat(&self) -> bool {
        self.is_home.load(Ordering::Relaxed)
    }

    /// The limits as they are now.
    pub(crate) fn limits(&self) -> Limits {
        self.live.get().map_or(*self.declared, |live| live.limits())
    }

    /// Whether several workers may share it.
    #[inline]
    pub(crate) fn is_pool(&self) -> bool {
        self.consumer_kind == ConsumerKind::Pool
    }

    pub(crate) fn class(&self, class: ClassId) -> &Class {
        &self.classes[class.index()]
    }

    /// The declared classes: one for each message type.
    #[cfg(feature = "serde")]
    pub(crate) fn declared_classes(&self) -> &[Class] {
        &self.classes[..self.types]
    }

    /// The number of message types.
    pub(crate) fn types(&self) -> usize {
        self.types
    }

    /// The class of a message type for sends of this priority, or of the nearest one in its range.
    #[cold]
    pub(crate) fn class_for(&self, declared: ClassId, priority: Priority) -> ClassId {
        let at =
            |class: &Class| class.base == Some(declared.index() as u16) && class.policy.priority <= priority;
        let lanes = self.classes[self.types..].iter().rposition(at);
        lanes.map_or(declared, |at| ClassId::new(self.types + at))
    }

    /// The message type of each class, as the number of its declared class.
    pub(crate) fn type_of_each(&self) -> impl Iterator<Item = usize> {
        self.classes.iter().enumerate().map(|(at, class)| class.base.map_or(at, usize::from))
    }

    /// The policies as they were declared, by class.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &Policy> {
        self.classes.iter().map(|class| &class.policy)
    }

    /// Runs one critical section. What `visit` leaves in `effects` is due as soon as this returns.
    #[inline]
    pub(crate) fn visit<R>(
        &self,
        effects: &mut Effects<T>,
        visit: impl FnOnce(&mut Section<'_, T, S>) -> R,
    ) -> R {
        let mut locked = self.lock();
        let mut section = locked.section(self, effects);
        let result = visit(&mut section);
        section.note_marks();
        result
    }

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
        #[cfg(feature = "testing")]
        let shell = Self::begin_visit(shell);
        match shell.is_plain {
            true => Locked(shell),
            false => self.lock_rarely(shell),
        }
    }

    /// Starts to count the work of a critical section.
    #[cfg(feature = "testing")]
    fn begin_visit<'a>(mut shell: MutexGuard<'a, Shell<T, S>>) -> MutexGuard<'a, Shell<T, S>> {
        if let Some(inner) = &mut shell.inner {
            inner.core.work.begin();
        }
        shell
    }

    /// The most messages and waiters that one critical section has touched so far.
    #[cfg(feature = "testing")]
    pub(crate) fn most_work(&self) -> usize {
        self.lock().core.work.most
    }

    #[cold]
    fn lock_contended(&self) -> MutexGuard<'_, Shell<T, S>> {
        reentry::wait_for(std::ptr::from_ref(self).addr(), || self.shell.lock_later())
    }

    /// The rest of [`lock`](Mailbox::lock) for a mailbox that is not in use yet, or whose notices
    /// must come down.
    #[inline(never)]
    fn lock_rarely<'a>(&'a self, mut shell: MutexGuard<'a, Shell<T, S>>) -> Locked<'a, T, S> {
        if shell.inner.is_none() {
            return self.make(shell);
        }
        self.take_down();
        shell.is_plain = true;
        Locked(shell)
    }

    /// Makes the inner, with the first message or anything else that needs more than a place for
    /// the seat.
    #[cold]
    fn make<'a>(&'a self, mut shell: MutexGuard<'a, Shell<T, S>>) -> Locked<'a, T, S> {
        // A mailbox that was used stays where it is, so its address names it.
        let address = std::ptr::from_ref(self).addr();
        let consumers = match self.consumer_kind {
            ConsumerKind::One => Consumers::One(One::new(shell.seat.take(), shell.is_ready)),
            ConsumerKind::Pool => Consumers::Pool(Box::new(Pool::new(self.limits().workers))),
        };
        let rng = self.seed.stream(Purpose::Mailbox);
        let core = Core::new(&self.limits(), &self.classes, self.now, rng, address);
        shell.inner = Some(Box::new(Inner { consumers, core }));
        shell.is_plain = true;
        Locked(shell)
    }

    /// Whether nothing has ever happened to it.
    pub(crate) fn is_untouched(&self) -> bool {
        self.lock_shell().inner.is_none()
    }
}

impl<T: Item, S> Locked<'_, T, S> {
    #[inline]
    pub(super) fn section<'a>(
        &'a mut self,
        mailbox: &'a Mailbox<T, S>,
        effects: &'a mut Effects<T>,
    ) -> Section<'a, T, S> {
        let Inner { consumers, core } = &mut **self;
        Section { mailbox, consumers, core, effects }
    }
}

impl<T: Item, S> Inner<T, S> {
    /// Wakes a consumer for a message that is queued, if one sleeps and none is on its way.
    #[inline]
    pub(super) fn wake_one(&mut self) -> Wake {
        wake_one(&mut self.consumers, &self.core)
    }

    /// How many workers there are, and how many of them have a turn.
    pub(super) fn workers(&self) -> (usize, usize) {
        workers(&self.consumers, &self.core)
    }
}

impl<'a, T: Item, S> Section<'a, T, S> {
    pub(super) fn signals(&self) -> &'a Signals {
        &self.mailbox.signals
    }

    /// Wakes a consumer for a message that is queued, if one sleeps and none is on its way.
    pub(super) fn wake_one(&mut self) {
        let wake = wake_one(self.consumers, self.core);
        self.effects.will_wake(wake);
    }

    /// Wakes a worker of a pool, if there is something for it to do. A single consumer is left
    /// alone: it was woken for what was queued before, and takes everything that it finds.
    pub(super) fn wake_worker(&mut self) {
        if matches!(self.consumers, Consumers::Pool(_)) {
            self.wake_one();
        }
    }

    /// Wakes a consumer if anything is queued. For visits that may have let in a sender from the
    /// line while the consumer slept, because permits, a `max` or bytes had kept everything out.
    pub(super) fn wake_if_filled(&mut self) {
        if self.core.queue.used() > 0 {
            self.wake_one();
        }
    }

    /// Wakes every consumer, whatever it does.
    pub(super) fn wake_all(&mut self) {
        match &mut *self.consumers {
            Consumers::One(one) => self.effects.will_wake(one.wake()),
            Consumers::Pool(pool) => pool.wake_all(self.effects),
        }
    }

    /// How many workers there are, and how many of them have a turn.
    pub(super) fn workers(&self) -> (usize, usize) {
        workers(self.consumers, self.core)
    }
}

#[inline]
fn wake_one<T: Item, S>(consumers: &mut Consumers<S>, core: &Core<T>) -> Wake {
    match consumers {
        // While the seat is away, its holder looks at the queue before it comes back.
        Consumers::One(one) if one.seat.is_none() || one.is_woken || core.is_held => Wake::Nothing,
        Consumers::One(one) => one.wake(),
        Consumers::Pool(_) if core.is_held => Wake::Nothing,
        Consumers::Pool(pool) => pool.wake_for(core.queue.runnable()),
    }
}

fn workers<T: Item, S>(consumers: &Consumers<S>, core: &Core<T>) -> (usize, usize) {
    match consumers {
        Consumers::One(_) => {
            (1, core.queue.classes.iter().map(|state| state.counts.in_service as usize).sum())
        }
        Consumers::Pool(pool) => (pool.alive(), pool.busy()),
    }
}
