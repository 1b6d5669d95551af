//! The cell: what all handles of one actor share, and what outlives its turns.

use super::children::Children;
use super::context::Context;
use super::gate::Gate;
use super::jobs::Table;
use super::readings::Readings;
use super::{Actor, Mail};
use crate::clock::{self, Tick};
use crate::drops;
use crate::env::System;
pub(crate) use crate::error::Stage;
use crate::error::{ActorName, Detail, Life, Reason, StopReason};
use crate::mailbox::{
    ClassId, Effects, Item, Ledger, Lost, Mailbox, Place, Row, Seated, Section, Wake, WorkerId, add_shed,
    has_letter,
};
use crate::observe::losses::{LossLog, Lossy};
use crate::observe::span::ActorSpan;
use crate::observe::trace;
use crate::observe::{Loss, Reading};
use crate::panics::ignored;
use crate::policy::{Cause, Decided, DecisionKind, Failures, Fault, Policy, Restart, Revival, Rng, Strategy};
use crate::sync::Lock;
use crate::wakers::wake;
use std::hash::Hasher;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::Context as TaskContext;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Sleep;

/// A message as the mailbox moves it.
pub(crate) struct Envelope<A: Actor>(pub(crate) A::Mail);

impl<A: Actor> Item for Envelope<A> {
    fn class(&self) -> usize {
        self.0.class()
    }

    fn hash_key<H: Hasher>(&self, mut state: &mut H) {
        self.0.parcel().hash_key(&mut state);
    }

    fn weight(&self) -> usize {
        self.0.parcel().weight()
    }

    fn same_key(&self, other: &Self) -> bool {
        self.0.parcel().same_key(other.0.parcel())
    }
}

/// The actor's state and its context. Whoever has it has the right to run a turn; between turns it
/// lies in the mailbox.
pub(crate) struct Seat<A: Actor> {
    pub(crate) actor: A,
    pub(crate) ctx: Context<A>,
}

impl<A: Actor> Seated for Box<Seat<A>> {
    fn must_stay(&self, cx: &TaskContext<'_>) -> bool {
        self.ctx.must_stay(cx)
    }
}

/// Where instances come from, and how their failures are met.
pub(crate) struct Restarts<A> {
    /// `None` once the actor has ended: a handle that is kept keeps nothing of what the factory
    /// captured.
    factory: Lock<Option<Factory<A>>>,
    failures: Lock<Failures>,
    /// For the spread of the delays.
    rng: Lock<Rng>,
}

/// Makes instances.
pub(crate) type Factory<A> = Arc<dyn Fn() -> A + Send + Sync>;

impl<A> Restarts<A> {
    pub(crate) fn new(factory: Factory<A>, restart: Restart, rng: Rng) -> Self {
        let (factory, failures) = (Lock::new(Some(factory)), Lock::new(Failures::new(restart)));
        Restarts { factory, failures, rng: Lock::new(rng) }
    }

    /// The factory, to be called without a lock; `None` once the actor has ended.
    pub(crate) fn factory(&self) -> Option<Factory<A>> {
        self.factory.lock().clone()
    }
}

/// Starts the task of a worker, with its instance if it has one already. Cells do not know what
/// runs them.
pub(crate) type StartTask<A> = fn(&Arc<Cell<A>>, u32, Option<Box<Seat<A>>>);

/// What an actor is started with, in addition to its mailbox.
pub(crate) struct CellParts<A: Actor> {
    pub(crate) run: StartTask<A>,
    pub(crate) name: ActorName,
    pub(crate) restarts: Option<Restarts<A>>,
    pub(crate) parent: Option<Arc<Children>>,
    pub(crate) strategy: Strategy,
}

pub(crate) struct Cell<A: Actor> {
    pub(crate) mailbox: Mailbox<Envelope<A>, Box<Seat<A>>>,
    pub(crate) name: ActorName,
    pub(crate) system: System,
    pub(crate) rt: runtime::Handle,
    run: StartTask<A>,
    /// Senders may run its turns: it lives on a multi-thread runtime, and there is one of it.
    pub(crate) may_donate: bool,
    /// Without one there is one instance, and none after it.
    pub(crate) restarts: Option<Box<Restarts<A>>>,
    /// Whose child it is.
    pub(crate) parent: Option<Arc<Children>>,
    /// How its own children's failures concern their siblings.
    pub(crate) strategy: Strategy,
    /// Handles that keep the actor alive (F6).
    handles: AtomicUsize,
    /// When the last of them went, where there was still something to do.
    unreferenced: OnceLock<Tick>,
    pub(crate) life: Arc<Life>,
    /// Seats of turns that did not end by returning: of each worker one at most, until it takes it.
    left: Lock<Vec<Box<Seat<A>>>>,
    /// Told at every change of `life`.
    pub(crate) changed: Notify,
    pub(super) readings: Readings,
    /// The timer that ends a drain.
    pub(crate) drain_timer: Lock<Option<AbortHandle>>,
    losses: LossLog,
    pub(crate) span: ActorSpan,
    /// What a sender meets first.
    pub(crate) gate: Gate,
    /// Timers of askers that have their answers, for the next ones.
    pub(crate) timers: Timers,
    /// Timers, pipes and watches that are under way (F7); made with the first.
    pub(crate) jobs: OnceLock<Box<Lock<Table>>>,
}

/// Timers that are not in use. One that is set again to a later instant stays registered where it
/// is, so an ask's deadline costs neither an allocation nor the timer wheel's lock. On a runtime
/// with a paused clock nothing is kept: a timer that nobody waits for would move the clock.
pub(crate) struct Timers {
    is_kept: bool,
    idle: Lock<Vec<Pin<Box<Sleep>>>>,
}

/// Timers that one actor keeps: as many askers wait at once where there are many, and the rest is
/// made anew.
const TIMERS_MAX: usize = 64;

impl Timers {
    fn new(is_kept: bool) -> Self {
        Timers { is_kept, idle: Lock::new(Vec::new()) }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    pub(crate) fn take(&self) -> Option<Pin<Box<Sleep>>> {
        if self.is_kept { self.idle.lock().pop() } else { None }
    }

    /// Keeps a timer for the next asker. Returns one that is not kept.
    pub(crate) fn give(&self, timer: Pin<Box<Sleep>>) -> Option<Pin<Box<Sleep>>> {
        if !self.is_kept || timer.is_elapsed() {
            return Some(timer);
        }
        let mut idle = self.idle.lock();
        if idle.len() >= TIMERS_MAX {
            return Some(timer);
        }
        idle.push(timer);
        None
    }

    /// The actor has ended.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }
}

impl<A: Actor> Cell<A> {
    pub(crate) fn new(
        mailbox: Mailbox<Envelope<A>, Box<Seat<A>>>,
        parts: CellParts<A>,
        system: System,
        rt: runtime::Handle,
    ) -> Arc<Self> {
        let CellParts { run, name, restarts, parent, strategy } = parts;
        let is_multi_thread = rt.runtime_flavor() == runtime::RuntimeFlavor::MultiThread;
        let stage = if A::STARTS { Stage::Starting } else { Stage::Running };
        Arc::new(Cell {
            span: ActorSpan::new(&name),
            life: Life::new(name.clone(), stage, |class| A::Mail::CLASSES[class].name()),
            name,
            system,
            may_donate: is_multi_thread && !mailbox.limits().workers.is_pool(),
            restarts: restarts.map(Box::new),
            parent,
            strategy,
            mailbox,
            gate: Gate::default(),
            timers: Timers::new(is_multi_thread),
            rt,
            run,
            handles: AtomicUsize::new(0),
            unreferenced: OnceLock::new(),
            left: Lock::new(Vec::new()),
            changed: Notify::new(),
            readings: Readings::default(),
            drain_timer: Lock::new(None),
            losses: LossLog::default(),
            jobs: OnceLock::new(),
        })
    }

    /// One address, one actor.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    // --- what follows from a visit to the mailbox
    // --------------------------------------------------------------------

    /// Wakes the consumer after a push. Most pushes wake nothing, so that case is checked inline.
    #[inline(always)]
    pub(crate) fn wake(self: &Arc<Self>, next: Wake) {
        if !matches!(next, Wake::Nothing) {
            self.wake_now(next);
        }
    }

    #[inline(never)]
    fn wake_now(self: &Arc<Self>, next: Wake) {
        match next {
            Wake::Nothing => {}
            Wake::Task(waker) => wake(waker),
            Wake::Spawn => self.start_task(0, None),
        }
    }

    /// Runs one critical section of the mailbox, then applies what follows from it.
    pub(crate) fn visit<R>(
        self: &Arc<Self>,
        visit: impl FnOnce(&mut Section<'_, Envelope<A>, Box<Seat<A>>>) -> R,
    ) -> R {
        let mut effects = Effects::new();
        let result = self.mailbox.visit(&mut effects, visit);
        self.apply(&mut effects);
        result
    }

    /// Wakes the tasks that the mailbox wants woken, and reports what it lost.
    #[inline]
    pub(crate) fn apply(self: &Arc<Self>, fx: &mut Effects<Envelope<A>>) {
        if !fx.is_empty() {
            self.apply_all(fx);
        }
    }

    fn apply_all(self: &Arc<Self>, fx: &mut Effects<Envelope<A>>) {
        loop {
            if fx.wake() {
                self.start_task(0, None);
            }
            if fx.take_sample_request() {
                self.request_sample();
            }
            if !fx.lost.is_empty() {
                fx.lost.take().for_each(|lost| self.drop_lost(lost));
            }
            if !fx.take_unfinished() {
                return;
            }
            self.mailbox.visit(fx, |section| section.carry_on());
        }
    }

    /// A message was taken from somebody: tells the asker, reports, drops.
    fn drop_lost(self: &Arc<Self>, lost: Lost<Envelope<A>>) {
        let Lost { mut item, class, stamp, reason } = lost;
        self.report_loss(class.index(), stamp, reason, || item.0.parcel().describe());
        // The asker's waker and the message's `Drop` are foreign code.
        ignored(|| item.0.parcel_mut().send_lost(reason));
        // A message may hold what loses another message.
        drops::bounded(move || drop(item));
    }

    /// A newcomer was lost, whose value is here.
    pub(crate) fn drop_rejected(self: &Arc<Self>, item: Envelope<A>, reason: Reason) {
        let class = ClassId::new(item.class());
        self.drop_lost(Lost { item, class, stamp: Tick::ZERO, reason });
    }

    /// Dead letter and log line of a loss; `stamp` zero means that it had no age.
    pub(crate) fn report_loss(
        self: &Arc<Self>,
        class: usize,
        stamp: Tick,
        reason: Reason,
        text: impl FnOnce() -> Option<String>,
    ) {
        // Losses without a dead letter have a line in the log too.
        self.note_loss();
        if has_letter(reason) {
            self.report(class, stamp, reason, text);
        }
    }

    /// Something was refused or lost, and stands in the ledger: within a second or so the log says
    /// what (L4).
    #[inline]
    pub(crate) fn note_loss(self: &Arc<Self>) {
        if self.losses.is_wanted() {
            self.arm_losses();
        }
    }

    #[cold]
    fn arm_losses(self: &Arc<Self>) {
        if self.losses.arm(clock::now()) {
            let this: Weak<Self> = Arc::downgrade(self);
            self.system.reporter().expect(this, &self.rt);
        }
    }

    /// Dead letter and log line of a message that has no caller who could be told instead.
    pub(crate) fn report(
        self: &Arc<Self>,
        class: usize,
        stamp: Tick,
        reason: Reason,
        text: impl FnOnce() -> Option<String>,
    ) {
        self.note_loss();
        let class_of = self.mailbox.class(ClassId::new(class));
        let age = || {
            if stamp == Tick::ZERO { Duration::ZERO } else { clock::now().since(stamp) }
        };
        let loss =
            Loss { actor: &self.name, message: class_of.name, priority: class_of.policy.priority, reason };
        self.system.letters().post(&loss, age, text);
    }

    /// A handler panicked.
    #[cold]
    pub(crate) fn note_panic(&self, class: usize, text: &str) {
        let message = self.mailbox.class(ClassId::new(class)).name();
        self.life.note_failure(&format!("`{message}` panicked: {text}"));
        trace::panicked(&self.name, message, text);
    }

    /// A turn ends otherwise than by returning, and leaves its seat.
    #[cold]
    pub(crate) fn leave(&self, seat: Box<Seat<A>>) {
        self.left.lock().push(seat);
    }

    /// The seat that a turn of this worker has left.
    #[cold]
    pub(crate) fn take_left(&self, worker: u32) -> Option<Box<Seat<A>>> {
        let mut left = self.left.lock();
        let at = left.iter().position(|seat| seat.ctx.worker() == worker)?;
        Some(left.swap_remove(at))
    }

    /// Asks the supervisor to sample the mailbox.
    pub(crate) fn request_sample(self: &Arc<Self>) {
        let this: Weak<Self> = Arc::downgrade(self);
        self.system.watchlist().add(this, &self.rt);
    }

    // --- lifetimes
    // --------------------------------------------------------------------------------------------------

    /// Only for [`Counted`](super::counted::Counted), like the next two.
    pub(super) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a handle if there is one already.
    pub(super) fn try_add_handle(&self) -> bool {
        let add = |count: usize| (count > 0).then_some(count + 1);
        self.handles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    pub(super) fn drop_handle(self: &Arc<Self>) {
        // AcqRel: what other handles did is done before the actor closes.
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close(StopReason::Unreferenced);
            if self.mailbox.has_work() && self.unreferenced.set(clock::now()).is_ok() {
                let this: Weak<Self> = Arc::downgrade(self);
                self.system.departing().add(self.id(), this, &self.rt);
                if self.ended().is_some() {
                    // It ended meanwhile, before it was on the list.
                    self.system.departing().remove(self.id());
                }
            }
        }
    }

    /// Whether its last handle was dropped while it still had work.
    pub(crate) fn is_departing(&self) -> bool {
        self.unreferenced.get().is_some()
    }

    /// For how long the actor has had no handle, and for how long its latest turn has been running,
    /// if one is. `None` while it has a handle, and after its end.
    pub(crate) fn departing(self: &Arc<Self>) -> Option<(Duration, Option<Duration>)> {
        let now = clock::now();
        let since = self.unreferenced.get().copied().filter(|_| self.ended().is_none())?;
        Some((now.since(since), self.turn(now)))
    }

    /// For how long the latest turn has been running, if one is.
    pub(crate) fn turn(self: &Arc<Self>, now: Tick) -> Option<Duration> {
        let turn = self.visit(|section| section.turn(now));
        turn
    }

    /// Closes admission; the actor ends when it has handled what it has (F4).
    pub(crate) fn close(self: &Arc<Self>, why: StopReason) {
        self.life.lock().why.get_or_insert(why);
        self.visit(|section| section.close());
    }

    /// Closes admission and ends the actor now (F4).
    pub(crate) fn kill(self: &Arc<Self>) {
        self.kill_for(None);
    }

    /// Like [`kill`](Cell::kill), and says why.
    pub(crate) fn kill_for(self: &Arc<Self>, detail: Option<Detail>) {
        let mut effects = Effects::new();
        if self.mailbox.visit(&mut effects, |section| section.kill()) {
            let mut life = self.life.lock();
            life.why = Some(StopReason::Killed);
            life.detail = detail.or(life.detail);
        }
        self.apply(&mut effects);
    }

    /// A new instance is to go on in the place of the one there is; without a factory the actor
    /// ends.
    pub(crate) fn restart(self: &Arc<Self>) {
        if self.restarts.is_none() {
            return self.kill();
        }
        self.restart_worker(None);
    }

    /// The same for one of several workers alone.
    pub(crate) fn restart_worker(self: &Arc<Self>, worker: Option<u32>) {
        self.visit(|section| section.renew(worker.map(WorkerId::from)));
    }

    /// A child has failed too often: so has this (F2).
    pub(crate) fn fail_by_child(self: &Arc<Self>) {
        self.life.note_failure("a child of it failed too often");
        if self.restarts.is_none() {
            return self.give_up(StopReason::ChildFailed);
        }
        self.life.lock().has_failed_child = true;
        self.restart();
    }

    /// Ends the actor now, because it has failed for good.
    pub(crate) fn give_up(self: &Arc<Self>, why: StopReason) {
        self.life.lock().why = Some(why);
        self.visit(|section| section.kill());
    }

    /// Whether an instance that stops itself is followed by another one.
    pub(crate) fn is_permanent(&self) -> bool {
        self.restarts.as_ref().is_some_and(|restarts| restarts.failures.lock().restart().is_permanent())
    }

    /// An instance of a worker has failed: decides what follows, and tells the parent.
    pub(crate) fn failed(&self, worker: u32, why: StopReason) -> Revival {
        let Some(restarts) = &self.restarts else { return Revival::Never };
        let random = restarts.rng.lock().next_u64();
        let fault = if why == StopReason::StartFailed { Fault::Start } else { Fault::Run };
        let present: Vec<u32> = self.mailbox.worker_numbers().into_iter().map(u32::from).collect();
        let revival = restarts.failures.lock().failed(worker, &present, fault, clock::now(), random);
        let kind = match revival {
            Revival::After(after) => DecisionKind::Restarted { after },
            Revival::Never => DecisionKind::GaveUp { spent: None },
            Revival::TooOften(spent) => {
                self.life.lock().detail = Some(Detail::Spent(spent));
                DecisionKind::GaveUp { spent: Some(spent) }
            }
        };
        self.system.decision_log().record(&self.name, Decided { kind, cause: Cause::Failure(why) });
        match (revival, &self.parent) {
            (Revival::After(_), Some(siblings)) => siblings.restart_siblings(self.id()),
            (Revival::TooOften(_), Some(siblings)) => siblings.fail_parent(),
            _ => {}
        }
        revival
    }

    /// The actor has ended: drops the factory and what it captured.
    pub(crate) fn drop_factory(&self) {
        let factory = self.restarts.as_ref().and_then(|restarts| restarts.factory.lock().take());
        if let Some(factory) = factory {
            drops::bounded(move || drop(factory));
        }
    }

    /// A worker's instance has started.
    pub(crate) fn has_started(&self, worker: u32) {
        if let Some(restarts) = &self.restarts {
            restarts.failures.lock().started(worker);
        }
    }

    /// A worker has gone: its failures are not those of the next worker with its number.
    pub(crate) fn forget_failures(&self, worker: u32) {
        if let Some(restarts) = &self.restarts {
            restarts.failures.lock().forget(worker);
        }
    }

    /// Gives a worker a task, and an instance if there is one already. A single actor gets its task
    /// once in its life, from the first that needs it.
    pub(crate) fn start_task(self: &Arc<Self>, worker: u32, seat: Option<Box<Seat<A>>>) {
        (self.run)(self, worker, seat);
    }

    /// Gives each of a pool's first workers a task, and this instance to the first of them.
    pub(crate) fn start_pool(self: &Arc<Self>, first: Option<Box<Seat<A>>>) {
        let workers = self.mailbox.limits().workers.least();
        let mut first = first;
        for number in self.mailbox.start_workers(workers) {
            self.start_task(number.into(), first.take());
        }
    }

    /// Changes how many workers there are to be.
    pub(crate) fn resize(self: &Arc<Self>, workers: usize) -> usize {
        let range = self.mailbox.limits().workers;
        let workers = workers.clamp(range.least(), range.most());
        let hired = self.visit(|section| section.resize(workers));
        hired.into_iter().for_each(|number| self.start_task(number.into(), None));
        workers
    }

    /// Goes to a later stage. The table of legal steps: Starting → Running → Ended, Starting →
    /// Ended.
    pub(crate) fn advance(&self, stage: Stage) {
        let mut life = self.life.lock();
        let is_legal = matches!(
            (life.stage, stage),
            (Stage::Starting, Stage::Running) | (Stage::Starting | Stage::Running, Stage::Ended(_))
        );
        if life.stage == stage {
            return;
        }
        debug_assert!(is_legal, "{:?} → {stage:?}", life.stage);
        if is_legal {
            life.stage = stage;
        }
        drop(life);
        // Wakers are foreign code.
        ignored(|| self.changed.notify_waiters());
    }

    pub(crate) fn ended(&self) -> Option<StopReason> {
        match self.life.lock().stage {
            Stage::Ended(why) => Some(why),
            _ => None,
        }
    }

    /// Changes a message type's policy.
    pub(crate) fn adjust(
        self: &Arc<Self>,
        class: usize,
        change: impl FnOnce(Policy) -> Policy,
    ) -> Result<(), String> {
        let policy = change(self.mailbox.policy(ClassId::new(class)));
        let result = self.visit(|section| section.adjust(ClassId::new(class), &policy));
        result
    }

    /// Writes what was refused and lost since the last line, if anything was.
    pub(crate) fn log_losses(self: &Arc<Self>) {
        if let Some(since) = self.losses.disarm() {
            self.write_losses(since, &self.ledger());
        }
    }

    #[cold]
    fn write_losses(&self, since: Tick, ledger: &Ledger) {
        let over = clock::now().since(since);
        let policies = self.mailbox.declared();
        if let Some(summary) = self.losses.summary(ledger, policies, over) {
            trace::losses(&self.name, &summary);
        }
    }

    // --- watching
    // ---------------------------------------------------------------------------------------------------

    pub(crate) fn reading(self: &Arc<Self>) -> Reading {
        let now = clock::now();
        let depth = self.visit(|section| section.depth(now));
        let (limits, is_alive) = (self.mailbox.limits(), self.ended().is_none());
        Reading::new(&depth, limits, is_alive, self.gate.level(), self.jobs_running())
    }

    /// Whether a message that was admitted still waits for its turn.
    pub(crate) fn is_pending(self: &Arc<Self>, place: Place) -> bool {
        let is_pending = self.visit(|section| section.is_pending(place));
        is_pending
    }

    pub(crate) fn ledger(self: &Arc<Self>) -> Ledger {
        let mut effects = Effects::new();
        let mut ledger = self.mailbox.ledger(&mut effects);
        ledger.add_shed(self.gate.refused());
        self.apply(&mut effects);
        ledger
    }

    /// Replaces the content of `rows` by the rows of the ledger. Allocates only where `rows` lacks room.
    pub(crate) fn rows(self: &Arc<Self>, rows: &mut Vec<Row>) {
        let mut effects = Effects::new();
        self.mailbox.rows(rows, &mut effects);
        add_shed(rows, self.gate.refused());
        self.apply(&mut effects);
    }

    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(self: &Arc<Self>) -> bool {
        let now = clock::now();
        let depth = self.visit(|section| section.depth(now));
        self.ended().is_some() || depth.is_idle
    }
}

impl<A: Actor> Drop for Cell<A> {
    /// The last handle has gone: what was refused since the actor's end, and less than a second
    /// ago, is told now.
    fn drop(&mut self) {
        let Some(since) = self.losses.disarm() else { return };
        let mut ledger = self.mailbox.ledger(&mut Effects::new());
        ledger.add_shed(self.gate.refused());
        self.write_losses(since, &ledger);
    }
}

impl<A: Actor> Lossy for Cell<A> {
    fn report_losses(self: Arc<Self>) {
        self.log_losses();
    }
}
