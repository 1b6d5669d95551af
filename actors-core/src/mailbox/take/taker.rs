//! The consumer's side: a [`Taker`] with the seat takes messages out, one turn at a time.

use crate::clock;
use crate::clock::Tick;
use crate::mailbox::consumers::{Consumers, Task};
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::Effects;
use crate::mailbox::ids::ClassId;
use crate::mailbox::ids::WorkerId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{ConsumerKind, Mailbox, Section};
use crate::mailbox::take::batch::{Batch, Taken};
use crate::mailbox::take::budget::{BUDGET, Budget, CLAIM_MAX};
use crate::wakers::TaskWaker;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::task::coop;

/// A claim of fewer messages than this is thin: the lock cost more than the turns.
const THIN: usize = 32;
/// Thin claims in a row, without having run out of messages in between, that are taken for
/// lockstep.
const LOCKSTEP: u32 = 1;

/// Short turns that cost as much of a task's cooperative budget as a long one.
const SHORT_PER_UNIT: usize = 8;

/// What the consumer must do.
#[derive(Debug)]
pub(crate) enum Take {
    /// Run a turn, [`Taker::current`]. It has begun in the books, and must be ended or failed.
    Turn,
    /// End: nothing more will come.
    Finished,
    /// Fail: a panic went through the seat while a sender had it.
    Poisoned,
    /// Make a new instance.
    Restart,
    /// Retire: there are more workers than needed.
    Retire,
    /// Take over the turn that a sender has begun. It is in the books as a claim of one.
    Suspended,
}

/// What a worker's seat knows about the worker.
pub(crate) trait Seated {
    /// Whether the worker must stay although the pool has one too many. If so, the task of `cx` is
    /// woken when it may go. Runs while the mailbox is locked.
    fn must_stay(&self, cx: &Context<'_>) -> bool {
        let _ = cx;
        false
    }
}

/// A channel's receiver has no seat.
impl Seated for () {}

/// What a consumer carries: its seat, and what it has claimed.
#[derive(Debug)]
pub(crate) struct Taker<T, S> {
    pub(crate) seat: Option<S>,
    /// Its number in a pool.
    pub(in crate::mailbox) worker: WorkerId,
    pub(in crate::mailbox) batch: Batch<T>,
    budget: Budget,
    /// Turns since a wake-up was due, and the beginning of the claim in which it was.
    unwoken: usize,
    unwoken_since: Option<Instant>,
    /// The message type of the previous turn, if a wake-up was due then.
    last_class: Option<ClassId>,
    /// Thin claims in a row.
    thin: u32,
    /// It was asleep, and has claimed nothing since.
    was_asleep: bool,
    /// The claim under way, where the schedule needs to know how long it took.
    timed: Option<Timed>,
}

/// A claim that is measured: of one lane, from the beginning of its first turn to the end of its
/// last one.
#[derive(Debug)]
struct Timed {
    lane: usize,
    began: Tick,
    ended: Option<Tick>,
    /// It is one turn that a sender has begun, from where the consumer took it over.
    was_taken_over: bool,
}

impl Timed {
    fn new<T>(core: &Core<T>, began: Tick) -> Self {
        Timed { lane: core.claim.lowest(), began, ended: None, was_taken_over: false }
    }
}

impl<T: Item, S> Taker<T, S> {
    pub(crate) fn new(worker: WorkerId) -> Self {
        Taker {
            seat: None,
            worker,
            batch: Batch::new(),
            budget: Budget::default(),
            unwoken: 0,
            unwoken_since: None,
            last_class: None,
            thin: 0,
            was_asleep: false,
            timed: None,
        }
    }

    /// Whether to apply the wake-ups in `effects` now. A sender whose message has just got in from
    /// the line need not be woken before there is room for its next one: where turns are known to
    /// be short, 20 µs of them go first, and then the sender finds hundreds of slots instead of
    /// one.
    ///
    /// Recent turns tell whether turns are short. The first turn of another type may take any time,
    /// so the wake-up does not wait for it. `is_last`: no turn follows now.
    pub(crate) fn should_wake(&mut self, effects: &Effects<T>, is_last: bool) -> bool {
        let class = self.batch.current().map(|taken| taken.class);
        let is_other = std::mem::replace(&mut self.last_class, class) != class;
        if !effects.has_wakers() {
            return effects.is_due();
        }
        let wakes = is_last || effects.is_due() || is_other || !self.budget.is_short() || self.has_waited();
        if wakes {
            (self.unwoken, self.unwoken_since) = (0, None);
        }
        wakes
    }

    /// Whether a wake-up has been due for as long as a claim may last.
    fn has_waited(&mut self) -> bool {
        self.unwoken += 1;
        // Batches are timed. Single turns are not, but 32 of them are worth a wake-up.
        let Some(now) = self.budget.began() else { return self.unwoken >= CLAIM_MAX };
        let since = *self.unwoken_since.get_or_insert(now);
        now.saturating_duration_since(since) >= BUDGET
    }

    /// Takes the seat out of the mailbox, and makes the task known, without taking a turn.
    pub(crate) fn take_seat(&mut self, mailbox: &Mailbox<T, S>, cx: &mut Context<'_>) {
        let task = TaskWaker::of(cx);
        let mut inner = mailbox.lock();
        match &mut inner.consumers {
            Consumers::One(one) => {
                one.task = Task::Known(task);
                self.seat = one.seat.take();
                mailbox.set_home(false);
            }
            Consumers::Pool(pool) => pool.worker_mut(self.worker).waker = Some(task),
        }
    }

    /// Polls for the next turn. Pending when there is none: then the seat is back in the mailbox,
    /// and the task will be woken.
    pub(crate) fn poll_take(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        effects: &mut Effects<T>,
    ) -> Poll<Take>
    where
        S: Seated,
    {
        if self.has_next() && (mailbox.signals.is_calm() || self.may_ignore(mailbox)) {
            mailbox.signals.begin_turn();
            return self.turn();
        }
        self.next_claim(mailbox, cx, effects)
    }

    /// Whether what is claimed has another turn, as far as time goes. Nothing past its ttl or
    /// deadline is handled (T1); most messages have none.
    #[inline]
    fn has_next(&self) -> bool {
        let is_alive = |next: &Taken<T>| next.expires == Tick::NEVER || next.expires > clock::now();
        self.batch.front().is_some_and(is_alive) && self.budget.lasts(clock::budget)
    }

    /// Whether every request for attention may wait until the 20 µs are spent.
    #[cold]
    fn may_ignore(&self, mailbox: &Mailbox<T, S>) -> bool {
        mailbox.signals.is_only_outranked() && self.budget.lasts_exactly(clock::budget)
    }

    /// Polls for the next turn under the lock.
    fn next_claim(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        effects: &mut Effects<T>,
    ) -> Poll<Take>
    where
        S: Seated,
    {
        match mailbox.consumer_kind {
            ConsumerKind::Pool => self.take_in_pool(mailbox, cx, effects),
            ConsumerKind::One if self.has_next() && self.handle_interrupt(mailbox, effects) => self.turn(),
            ConsumerKind::One => self.refill(mailbox, cx, effects),
        }
    }

    #[inline]
    fn turn(&mut self) -> Poll<Take> {
        self.budget.turn();
        self.batch.advance();
        Poll::Ready(Take::Turn)
    }

    /// The seat, and the message whose turn it is.
    #[inline]
    pub(crate) fn turn_parts(&mut self) -> (Option<&mut S>, Option<&mut Taken<T>>) {
        (self.seat.as_mut(), self.batch.current())
    }

    /// The message whose turn it is.
    #[inline]
    pub(crate) fn current(&mut self) -> Option<&mut Taken<T>> {
        self.batch.current()
    }

    /// Answers a request for attention. `true` when the next claimed turn has begun all the same: a
    /// sender has joined the line, and gets the slot.
    fn handle_interrupt(&mut self, mailbox: &Mailbox<T, S>, effects: &mut Effects<T>) -> bool {
        mailbox.visit(effects, |section| {
            section.signals().clear_interrupt();
            section.settle();
            let must_restart = section.consumers.one().is_some_and(|one| one.must_restart);
            let goes_on = section.phase < Phase::Killed
                && !section.is_held
                && !must_restart
                && section.may_go_on(section.signals());
            if goes_on {
                section.begin();
            }
            goes_on
        })
    }

    /// Puts back what has not begun, and claims anew.
    fn refill(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        effects: &mut Effects<T>,
    ) -> Poll<Take> {
        if let Some(timed) = &mut self.timed {
            timed.ended.get_or_insert_with(clock::now);
        }
        if self.is_in_lockstep() {
            self.put_back(mailbox, effects);
            // Polling it once requests a wake-up after other tasks have run, which is all it is
            // needed for.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
            return Poll::Pending;
        }
        // S5: a claim costs a unit of tokio's cooperative budget, as one receive does, and a large
        // one more.
        let Poll::Ready(unit) = coop::poll_proceed(cx) else {
            self.put_back(mailbox, effects);
            return Poll::Pending;
        };
        // Declared before the lock, so dropped after it: a waker is foreign code.
        let _old;
        let mut locked = mailbox.lock();
        let mut section = locked.section(mailbox, effects);
        let Some(one) = section.consumers.one() else { return Poll::Ready(Take::Finished) };
        if !matches!(&one.task, Task::Known(waker) if waker.is_of(cx)) {
            _old = std::mem::replace(&mut one.task, Task::Known(TaskWaker::of(cx)));
        }
        one.is_woken = false;
        if self.seat.is_none() {
            self.seat = one.seat.take();
            mailbox.set_home(false);
        }
        mailbox.signals.clear_interrupt();
        section.settle();
        if let Some(Timed { lane, began, ended, was_taken_over }) = self.timed.take() {
            let span = ended.unwrap_or(began).since(began);
            let turns = if was_taken_over { 1 } else { self.batch.begun() as u16 };
            section.core.schedule.spent(lane, turns, span);
        }
        if !self.batch.is_empty() {
            section.unclaim(&mut self.batch);
        }
        if self.seat.is_none() {
            if section.take_suspension() {
                self.batch.clear();
                self.time_taken_over(section.core);
                return Poll::Ready(Take::Suspended);
            }
            // A sender runs a turn with it, and wakes this task when it brings the seat back.
            return Poll::Pending;
        }
        let Some(one) = section.consumers.one() else { return Poll::Ready(Take::Finished) };
        if one.is_poisoned {
            return Poll::Ready(Take::Poisoned);
        }
        if section.core.phase >= Phase::Killed {
            return Poll::Ready(Take::Finished);
        }
        if std::mem::take(&mut one.must_restart) {
            return Poll::Ready(Take::Restart);
        }
        if section.core.is_held {
            return self.park(&mut section);
        }
        if section.core.queue.used() > 0 {
            let now = section.claim_instant(self.budget.is_short(), self.was_asleep);
            let is_only = section.core.queue.used() == 1;
            if !is_only || !section.claim_only(now, &mut self.batch) {
                section.claim(self.budget.claim_max(), now, &mut self.batch);
                // Slots of expired messages go to senders in line.
                section.grant();
            }
            section.note_marks();
            if !self.batch.is_empty() {
                unit.made_progress();
                self.charge(cx);
                self.batch.advance();
                return self.begin_batch(section.core, now);
            }
        }
        if section.core.queue.used() > 0 {
            // Only expired messages so far: the lock is left to others before the next look.
            section.wake_all();
            return Poll::Pending;
        }
        if !section.core.is_open() && section.core.is_drained() {
            return Poll::Ready(Take::Finished);
        }
        let recent = section.core.recent;
        section.note_empty(recent);
        mailbox.set_home(true);
        self.park(&mut section)
    }

    /// Pays for the rest of a claim in the task's cooperative budget: a unit for each message, or
    /// for eight where turns are known to be short. So a poll lasts a fraction of a millisecond at
    /// most, whatever the turns are.
    fn charge(&self, cx: &mut Context<'_>) {
        let messages = if self.budget.is_short() { SHORT_PER_UNIT } else { 1 };
        for _ in 0..(self.batch.rest() - 1) / messages {
            // With budget left this wakes no task.
            if coop::has_budget_remaining()
                && let Poll::Ready(unit) = coop::poll_proceed(cx)
            {
                unit.made_progress();
            }
        }
    }

    /// Whether a fast consumer and a fast producer, each on a core of its own, take the lock and
    /// everything under it from each other for a few messages at a time. Then it is better for the
    /// consumer to be away for a round through the scheduler, about a microsecond, in which a batch
    /// comes together.
    fn is_in_lockstep(&mut self) -> bool {
        if self.thin < LOCKSTEP {
            return false;
        }
        self.thin = LOCKSTEP - 1;
        true
    }

    fn begin_batch(&mut self, core: &mut Core<T>, now: Tick) -> Poll<Take> {
        if core.schedule.is_timed() {
            self.timed = Some(Timed::new(core, now));
        }
        // The claim emptied the queue, and was small. A message whose turn has begun no longer
        // counts as queued.
        // A single message that woke the consumer proves nothing: its sender may be waiting for the
        // answer.
        let is_alone = std::mem::replace(&mut self.was_asleep, false) && self.batch.is_empty();
        let is_thin = !is_alone
            && self.batch.rest() == core.queue.used()
            && self.batch.rest() + 1 < THIN
            && core.lines.owed() == 0
            && self.budget.is_short();
        self.thin = if is_thin { self.thin + 1 } else { 0 };
        // Timing pays where a batch follows or where turns are known to be long.
        match !self.batch.is_empty() || self.budget.claim_max() == 1 {
            true => self.budget.begin(clock::budget()),
            false => self.budget.forget(),
        }
        self.budget.turn();
        Poll::Ready(Take::Turn)
    }

    /// Measures a turn that was taken over, where the schedule needs to know how long it takes.
    fn time_taken_over(&mut self, core: &Core<T>) {
        if core.schedule.is_timed() {
            self.timed = Some(Timed { was_taken_over: true, ..Timed::new(core, clock::now()) });
        }
    }

    fn park(&mut self, section: &mut Section<'_, T, S>) -> Poll<Take> {
        (self.thin, self.was_asleep) = (0, section.core.queue.used() == 0);
        // Single turns are not timed, except until turns are known to be short: that is how an
        // actor begins.
        if self.budget.is_short() {
            self.budget.forget();
        } else {
            self.budget.finish(clock::budget());
        }
        section.rest();
        if let (Some(one), Some(seat)) = (section.consumers.one(), self.seat.take()) {
            (one.seat, one.is_ready) = (Some(seat), true);
        }
        Poll::Pending
    }

    /// Puts back what else was claimed: the turn takes its time, or there will be no other. A slot
    /// that was freed without the lock goes to a sender that joined the line meanwhile.
    pub(crate) fn put_back(&mut self, mailbox: &Mailbox<T, S>, effects: &mut Effects<T>) {
        if self.batch.is_empty() && mailbox.signals.is_calm_now() {
            return;
        }
        mailbox.visit(effects, |section| {
            section.settle();
            section.unclaim(&mut self.batch);
        });
    }

    /// Returns memory: nothing is claimed now.
    pub(crate) fn rest(&mut self) {
        self.batch.give_room_back();
    }
}
