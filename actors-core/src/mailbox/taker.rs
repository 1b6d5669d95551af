//! The consumer's side: who holds a [`Taker`] with a seat takes messages out, one turn at a time.

use super::claim::{Budget, CLAIM_MAX, Taken};
use super::core::Phase;
use super::{Effects, Inner, Item, Mailbox, Task};
use crate::clock::{self, Tick};
use std::collections::VecDeque;
use std::task::{Context, Poll};

/// What the consumer is to do.
#[derive(Debug)]
pub(crate) enum Take<T> {
    /// This turn; it has begun in the books, and must be ended or concluded.
    Turn(Taken<T>),
    /// Nothing more will come.
    Finished,
}

/// What a consumer carries: its seat, and what it has claimed.
#[derive(Debug)]
pub(crate) struct Taker<T, S> {
    pub(crate) seat: Option<S>,
    batch: VecDeque<Taken<T>>,
    budget: Budget,
    /// Turns since somebody was to be woken.
    unwoken: usize,
}

impl<T: Item, S> Taker<T, S> {
    pub(crate) fn new() -> Self {
        Taker { seat: None, batch: VecDeque::new(), budget: Budget::default(), unwoken: 0 }
    }

    /// Whether to wake now whom `fx` has to wake. A sender whose message has just got in from the line need not be woken
    /// before there is room for its next one: where turns are known to be short, up to 32 of them (20 µs) go first, and then
    /// it finds 32 slots instead of one.
    pub(crate) fn should_wake(&mut self, fx: &Effects<T>, is_parking: bool) -> bool {
        if fx.wakers.is_empty() && !fx.must_spawn {
            return false;
        }
        self.unwoken += 1;
        let wakes = is_parking || self.unwoken >= CLAIM_MAX || self.budget.claim_max() < CLAIM_MAX;
        if wakes {
            self.unwoken = 0;
        }
        wakes
    }

    /// Takes the seat out of the mailbox, and makes the task known, without taking a turn.
    pub(crate) fn take_seat(&mut self, mailbox: &Mailbox<T, S>, cx: &mut Context<'_>) {
        let mut inner = mailbox.lock();
        inner.task = Task::Known(cx.waker().clone());
        self.seat = inner.seat.take();
    }

    /// The seat, and the rest, to be borrowed apart.
    pub(crate) fn split(&mut self) -> (Option<&mut S>, Claimed<'_, T>) {
        (self.seat.as_mut(), Claimed { batch: &mut self.batch })
    }

    /// The next turn. Pending when there is none: then the seat is back in the mailbox, and the task will be woken.
    pub(crate) fn poll_take(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        fx: &mut Effects<T>,
    ) -> Poll<Take<T>> {
        // Nothing past its ttl or deadline is handled (T1); most messages have none.
        if let Some(next) = self.batch.front()
            && (next.tag.expires == Tick::NEVER || next.tag.expires > clock::now())
            && self.budget.lasts(clock::cpu)
        {
            if mailbox.signals.is_calm() {
                mailbox.signals.begin_turn();
                return self.turn();
            }
            if self.attend(mailbox, fx) {
                return self.turn();
            }
        }
        self.refill(mailbox, cx, fx)
    }

    fn turn(&mut self) -> Poll<Take<T>> {
        self.budget.turn();
        match self.batch.pop_front() {
            Some(taken) => Poll::Ready(Take::Turn(taken)),
            None => Poll::Pending,
        }
    }

    /// Somebody wants the consumer's attention. `true` when the next claimed turn has begun all the same: it was a sender who
    /// joined the line, and gets the slot.
    fn attend(&mut self, mailbox: &Mailbox<T, S>, fx: &mut Effects<T>) -> bool {
        let mut inner = mailbox.lock();
        mailbox.signals.clear_interrupt();
        inner.core.settle(&mailbox.signals, fx);
        let goes_on = inner.core.phase < Phase::Killed && !inner.is_held && inner.core.may_go_on();
        if goes_on {
            inner.core.begin(&mailbox.signals, fx);
        }
        goes_on
    }

    /// Under the lock: puts back what was not begun, and claims anew.
    fn refill(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        fx: &mut Effects<T>,
    ) -> Poll<Take<T>> {
        let now = clock::now();
        let mut guard = mailbox.lock();
        let inner = &mut *guard;
        if !matches!(&inner.task, Task::Known(waker) if waker.will_wake(cx.waker())) {
            inner.task = Task::Known(cx.waker().clone());
        }
        inner.is_roused = false;
        if self.seat.is_none() {
            self.seat = inner.seat.take();
        }
        mailbox.signals.clear_interrupt();
        inner.core.settle(&mailbox.signals, fx);
        if !self.batch.is_empty() {
            inner.core.unclaim(&mut self.batch, &mailbox.signals, fx);
        }
        if inner.core.phase >= Phase::Killed {
            return Poll::Ready(Take::Finished);
        }
        if inner.is_held || self.seat.is_none() {
            return self.park(inner);
        }
        inner.core.claim(self.budget.claim_max(), now, &mailbox.signals, &mut self.batch, fx);
        // Slots of dead messages go to whoever waits.
        inner.core.grant(&mailbox.signals, fx);
        match self.batch.pop_front() {
            Some(first) => self.begin_batch(inner, first, now),
            None if inner.core.queue.used() > 0 => {
                // Only dead messages so far: others may have the lock, then it looks again.
                inner.call(fx);
                Poll::Pending
            }
            None if inner.core.phase == Phase::Open => self.park(inner),
            None => Poll::Ready(Take::Finished),
        }
    }

    fn begin_batch(&mut self, inner: &mut Inner<T, S>, first: Taken<T>, now: Tick) -> Poll<Take<T>> {
        inner.core.note_busy(now);
        // Timing is worth its price where a batch follows or where turns are known to be long.
        match !self.batch.is_empty() || self.budget.claim_max() == 1 {
            true => self.budget.begin(clock::cpu()),
            false => self.budget.forget(),
        }
        self.budget.turn();
        Poll::Ready(Take::Turn(first))
    }

    fn park(&mut self, inner: &mut Inner<T, S>) -> Poll<Take<T>> {
        self.budget.forget();
        inner.core.drain.idle();
        inner.core.queue.shrink();
        if self.seat.is_some() {
            inner.seat = self.seat.take();
        }
        Poll::Pending
    }

    /// What else was claimed goes back.
    pub(crate) fn put_back(&mut self, mailbox: &Mailbox<T, S>, fx: &mut Effects<T>) {
        self.split().1.put_back(mailbox, fx);
    }
}

/// What a consumer has claimed beside the turn it runs.
#[derive(Debug)]
pub(crate) struct Claimed<'a, T> {
    batch: &'a mut VecDeque<Taken<T>>,
}

impl<T: Item> Claimed<'_, T> {
    /// The turn will take its time: what else was claimed goes back.
    pub(crate) fn put_back<S>(&mut self, mailbox: &Mailbox<T, S>, fx: &mut Effects<T>) {
        if self.batch.is_empty() {
            return;
        }
        let mut inner = mailbox.lock();
        inner.core.settle(&mailbox.signals, fx);
        inner.core.unclaim(self.batch, &mailbox.signals, fx);
    }
}
