//! The mailbox: a bounded queue with four lanes in which every message type declares what happens when there is no room.
//!
//! ```text
//!   offer ──► twin? room? ──► slot ──► lane ──► claim ──► turn
//!                 │                      ▲
//!                 ├─ block ──► line ─────┘   (whoever frees a slot moves the oldest waiter in)
//!                 └─ reject, drop_newest, drop_oldest: told at once, counted
//! ```
//!
//! It moves values of any `T` by [`Class`]; it knows no actors. Alone it is a channel: see [`channel`].
//!
//! **Picture.** One short critical section (a one-byte lock) around slots in an arena that are linked per lane and per type.
//! Eviction, conflation, withdrawal and exact books are O(1) under it; wake-ups and user code happen after it. The consumer
//! takes up to 32 messages per lock and reports its progress by one atomic number (see `claim.rs`), so a message costs one
//! lock on its way in and a fraction of one on its way out.
//!
//! **Invariants.** B1 to B6, O0 to O10, S1 to S3, L1 of `docs/spec.md`; locally Q1 to Q3 in `queue.rs`.
//!
//! **Price.** All producers share the lock: a sharded queue would scale further with many cores and could neither evict the
//! oldest nor count exactly. Memory follows what is queued, not the capacity; after a burst it is given back when the queue
//! has run empty.
//!
//! The right to take messages out travels with a *seat* of type `S`, kept under the same lock while nobody has it: an actor's
//! state lives there between its turns, a plain channel keeps nothing.

mod budget;
mod channel;
mod claim;
mod core;
mod crew;
mod door;
mod effects;
mod expiry;
mod keys;
mod kind;
mod ledger;
mod lend;
mod line;
mod list;
#[cfg(all(test, actors_loom))]
mod loom;
mod out;
mod permit;
mod queue;
mod retract;
mod room;
mod shell;
mod sight;
mod slots;
mod taker;
mod verdict;
mod waiting;

pub use channel::{Receiver, Recv, Sender, Sending, channel};
pub(crate) use door::Plainly;
pub(crate) use effects::{Effects, Lost, Rouse};
pub(crate) use ledger::has_letter;
pub use ledger::{Ledger, Row};
pub(crate) use lend::{Donated, Lend, Loan};
pub(crate) use retract::Retracted;
pub(crate) use slots::Tag;
pub(crate) use taker::{Seated, Take, Taker};
pub(crate) use verdict::{Depth, Entrance, Left, Place, Standby, Verdict, Withdrawn};
pub(crate) use waiting::Promise;

use self::claim::Signals;
use self::core::{Core, Phase};
use crate::clock::Tick;
use crate::error::Reason;
use crate::panics::ignored;
use crate::policy::{Limits, Policy};
use crate::reentry;
use crate::seed::{Purpose, Seed, of_process};
use crate::sync::{Mutex, MutexGuard};
use crew::Crew;
use permit::Live;
use shell::{Inner, Locked, Shell, Task};
use std::any::TypeId;
use std::borrow::Cow;
use std::hash::{Hasher, RandomState};
use std::sync::OnceLock;

/// What a mailbox moves.
pub trait Item: Send + 'static {
    /// Which of the mailbox's classes this value belongs to.
    fn class(&self) -> usize {
        0
    }

    /// Hashes the key, for classes whose policy is keyed: feeds it to `state`, which is a function of the system's seed.
    ///
    /// By default it feeds [`key_hash`](Item::key_hash) to it.
    fn hash_key<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key_hash(of_process()));
    }

    /// Returns the hash of the key in one number, which differs from process to process. Implement [`hash_key`](Item::hash_key)
    /// instead; then the hash is a function of the system's seed too.
    fn key_hash(&self, _state: &RandomState) -> u64 {
        0
    }

    /// Bytes it counts for; only asked for in a mailbox with `max_bytes`, before its lock is taken.
    fn weight(&self) -> usize {
        size_of_val(self)
    }

    /// Whether both have the same conflation key; only asked of values of one class with equal hashes. It runs while the
    /// mailbox is locked and must not use it.
    fn same_key(&self, _other: &Self) -> bool {
        false
    }
}

/// One kind of message in a mailbox: a name for its account, and its policy.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    pub(crate) name: &'static str,
    pub(crate) policy: Policy,
    pub(crate) type_id: fn() -> TypeId,
}

impl Class {
    /// A class of a plain channel.
    pub const fn new(name: &'static str, policy: Policy) -> Self {
        Class { name, policy, type_id: TypeId::of::<()> }
    }

    /// The name that ledger and dead letters show.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A mailbox and its lock.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mailbox<T, S> {
    shell: Mutex<Shell<T, S>>,
    classes: Cow<'static, [Class]>,
    /// What was changed since the start of the policies; made with the first change.
    live: OnceLock<Box<[Live]>>,
    limits: Limits,
    now: fn() -> Tick,
    /// What `drop_random`, the spread of `retry_after` and the hashes of keys are derived from.
    seed: Seed,
    signals: Signals,
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

    /// Puts the seat where the first consumer finds it.
    /// `is_ready`: it may be lent before the consumer has had it.
    pub(crate) fn install(&self, seat: S, is_ready: bool) {
        let mut shell = self.shell.lock();
        match &mut shell.inner {
            None => (shell.seat, shell.may_lend) = (Some(seat), is_ready),
            Some(inner) => (inner.seat, inner.may_lend) = (Some(seat), is_ready),
        }
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
    fn lock(&self) -> Locked<'_, T, S> {
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
    fn is_untouched(&self) -> bool {
        self.lock_shell().inner.is_none()
    }

    /// The running turn of this worker ended by returning: a load and a store, no lock, where there is only one. Only for who
    /// holds the seat.
    #[inline]
    pub(crate) fn end_turn(&self, worker: u32) {
        match self.limits.workers.is_pool() {
            false => self.signals.end_turn(),
            true => self.end_turn_of(worker),
        }
    }

    /// The running turn ended otherwise: by a panic, or cut off. Only for who holds the seat.
    /// Which type it was, if there was one.
    pub(crate) fn conclude_turn(&self, worker: u32, reason: Reason, fx: &mut Effects<T>) -> Option<usize> {
        if self.limits.workers.is_pool() {
            return self.conclude_turn_of(worker, reason, fx);
        }
        self.lock().core.conclude(reason, &self.signals, fx)
    }

    /// Closes admission; what is queued is still handed out. `false` when it was closed before.
    pub(crate) fn close(&self, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase != Phase::Open {
            return false;
        }
        inner.core.phase = Phase::Draining;
        inner.core.clear_lines(fx);
        // Not only if it sleeps: it may be waiting before its next instance.
        inner.call(fx);
        true
    }

    /// A new instance is to go on, between two turns; the old one has no further turn. Of several workers all are meant, or only one.
    /// `false` where there will be none.
    pub(crate) fn renew(&self, worker: Option<u32>, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase >= Phase::Killed {
            return false;
        }
        match &mut inner.crew {
            Some(crew) => crew.renew(worker),
            None => (inner.must_renew, inner.may_lend) = (true, false),
        }
        self.signals.interrupt();
        inner.call(fx);
        true
    }

    /// A new instance is about to be made, and is the one that was wanted.
    pub(crate) fn forget_renewal(&self, worker: u32) {
        let mut inner = self.lock();
        match &mut inner.crew {
            Some(crew) => crew.forget_renewal(worker),
            None => inner.must_renew = false,
        }
    }

    /// A new instance is about to have its first turn. What has died in the queue meanwhile goes first.
    pub(crate) fn begin_anew(&self, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        inner.is_tainted = false;
        inner.core.settle(&self.signals, fx);
        inner.core.bury(&self.signals, fx);
        inner.rouse_if_filled(fx);
    }

    /// Closes admission and hands out nothing more; a suspended turn is dropped. `false` when it was killed before.
    pub(crate) fn kill(&self, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase >= Phase::Killed {
            return false;
        }
        inner.core.phase = Phase::Killed;
        inner.core.clear_lines(fx);
        self.signals.kill();
        inner.call(fx);
        true
    }

    /// Whether it takes messages.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().core.phase == Phase::Open
    }

    /// Whether nothing is left to be handled, and nothing more will come.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().is_drained()
    }

    /// The end: everything that is queued is lost, and the seat comes out if nobody has it.
    pub(crate) fn end(&self, fx: &mut Effects<T>) -> Option<S> {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        inner.core.phase = Phase::Ended;
        self.signals.kill();
        inner.core.clear_lines(fx);
        inner.core.lose_all(fx);
        let task = std::mem::replace(&mut inner.task, Task::Coming);
        let seat = inner.seat.take();
        drop(inner);
        ignored(|| drop(task));
        seat
    }

    /// Goes on where a visit stopped because it had moved as much as it may: lets waiters in or sends them away, loses what is left.
    /// Called, before anything else, where [`Effects::take_unfinished`] is true.
    pub(crate) fn carry_on(&self, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        match inner.core.phase {
            Phase::Open => {
                inner.core.grant(&self.signals, fx);
                inner.rouse_if_filled(fx);
            }
            phase => {
                inner.core.clear_lines(fx);
                if phase == Phase::Ended {
                    inner.core.lose_all(fx);
                }
            }
        }
    }

    /// Whether the consumer was told to stop at once.
    pub(crate) fn is_killed(&self) -> bool {
        self.signals.is_killed()
    }

    /// Holds back or lets go the handing out of messages.
    #[cfg(feature = "testing")]
    pub(crate) fn hold(&self, held: bool, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        inner.is_held = held;
        match held {
            true => self.signals.interrupt(),
            // Who has nothing to do may have to go.
            false if inner.crew.is_some() => inner.call(fx),
            false => inner.rouse(fx),
        }
    }

    /// A task will come to consume, or has come; nobody else need be given one. `false` when one is there already.
    pub(crate) fn employ(&self) -> bool {
        let mut inner = self.lock();
        let is_first = matches!(inner.task, Task::None);
        if is_first {
            inner.task = Task::Coming;
            inner.is_roused = true;
        }
        is_first
    }

    pub(crate) fn depth(&self, now: Tick, fx: &mut Effects<T>) -> Depth {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        let offers = inner.core.ids + inner.core.watched.shed;
        inner.core.arrivals.saw(now, offers);
        let core = &inner.core;
        Depth {
            queued: core.queue.used(),
            waiting: core.lines.waiting(),
            permits: core.queue.permits,
            bytes: core.queue.bytes,
            peak: core.queue.peak().min(self.limits.capacity),
            #[cfg(feature = "testing")]
            is_idle: inner.crew.as_ref().map_or(inner.seat.is_some(), |crew| crew.is_idle())
                && (inner.is_held || (core.queue.used() == 0 && core.phase == Phase::Open)),
            oldest_age: core.oldest_age(now),
            drain_rate: core.drain.rate(),
            arrival_rate: core.arrivals.rate(),
            arrival_peak: core.arrivals.peak(),
            busy_longest: core.busy_longest(now),
            workers: inner.workers().0,
            workers_busy: inner.workers().1,
            stuck: core.stuck(now),
            retry_after: core.outlook(now),
        }
    }

    pub(crate) fn ledger(&self, fx: &mut Effects<T>) -> Ledger {
        if self.is_untouched() {
            let none = ledger::Counts::default();
            return Ledger::new(
                self.classes.iter().map(|class| (none.row(class), (class.type_id)())).collect(),
            );
        }
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        let kinds = inner.core.queue.kinds.iter().zip(self.classes.iter());
        Ledger::new(kinds.map(|(kind, class)| (kind.counts.row(class), (class.type_id)())).collect())
    }
}
