//! Polls an actor's turns: takes the next message, runs its handler, and handles a panic or a kill.

use super::runner::{Runner, TurnInfo};
use crate::actor::cell::Stage;
use crate::actor::{Actor, Mail};
use crate::clock::Tick;
use crate::current::{self, worker};
use crate::error::Reason;
use crate::mailbox::Take;
use crate::panics::caught;
use crate::turn::{self, InlineOutcome};
use crate::wait;
use std::task::{Context, Poll, ready};

/// Why an instance takes no more turns: one byte, because each turn of an `async fn` returns it.
/// The worker's life hears of it as an event, see `life.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A panic has unwound through its state.
    Panicked,
    /// The actor was killed, or has nothing left to handle.
    Over,
    /// Another instance was requested.
    Replaced,
    /// The pool had a worker too many, and this one has left it.
    Retired,
}

impl<A: Actor> Runner<A> {
    /// Runs turns, one after the other, until the instance takes no more. Ready with the reason.
    pub(super) fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if self.cell.may_donate {
            worker::note(&self.cell.rt);
        }
        let polled = self.poll_loop(cx);
        if polled.is_pending() {
            self.taker.rest();
        }
        polled
    }

    fn poll_loop(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let cell = self.cell.clone();
        let _span = cell.span.enter();
        let inside = current::enter_some();
        let worker = self.worker;
        let scope = |deadline| current::Turn::new(cell.id(), worker.into(), deadline);
        // Read once per poll: a turn without an observer pays nothing for it.
        let may_observe = cell.may_observe();
        if self.stage.is_some()
            && let Some(end) = ready!(self.poll_suspended(cx, &inside))
        {
            return Poll::Ready(end);
        }
        loop {
            let taken = ready!(self.poll_take(cx, &inside));
            if !matches!(taken, Take::Turn) {
                match ready!(self.poll_other(cx, &inside, &taken)) {
                    Some(end) => return Poll::Ready(end),
                    None => continue,
                }
            }
            let (Some(seat), Some(taken)) = self.taker.turn_parts() else {
                return Poll::Ready(End::Over);
            };
            inside.turn(scope(taken.deadline));
            seat.ctx.begin_turn(taken.deadline);
            if may_observe
                && let observers = cell.observers()
                && observers.any()
            {
                let origin = || taken.item.as_mut()?.0.envelope_mut().take_origin();
                self.observed = cell.begin_observed(observers, taken.class, taken.stamp, origin);
            }
            // Moves the message once, to the place where it is handled.
            let mail = match &taken.item {
                Some(item) if item.0.waits() => taken.item.take().map(|item| item.0),
                Some(_) => None,
                None => return Poll::Ready(End::Over),
            };
            if let Some(mail) = mail {
                if let Some(end) = ready!(self.begin_async(cx, mail)) {
                    return Poll::Ready(end);
                }
                continue;
            }
            match turn::run_inline(seat, &mut taken.item) {
                InlineOutcome::Done => {
                    self.end_waits(current::has_waited());
                    cell.mailbox.end_turn(self.worker);
                    self.end_observed(None);
                }
                InlineOutcome::IsAsync(mail) => {
                    if let Some(end) = ready!(self.begin_async(cx, mail)) {
                        return Poll::Ready(end);
                    }
                }
                InlineOutcome::Panicked(text) => {
                    let info = self.current();
                    return Poll::Ready(self.panicked(&info, text));
                }
            }
        }
    }

    /// Takes the next message, and applies the effects of taking it.
    #[inline]
    fn poll_take(&mut self, cx: &mut Context<'_>, inside: &current::PollGuard) -> Poll<Take> {
        let taken = self.taker.poll_take(&self.cell.mailbox, cx, &mut self.effects);
        // Wake-ups may be delayed until after another turn of this instance, but not while the task
        // parks or the instance ends (O1).
        if !self.effects.is_empty()
            && (!self.effects.lost.is_empty()
                || self.taker.should_wake(&self.effects, !matches!(taken, Poll::Ready(Take::Turn))))
        {
            inside.pause();
            self.cell.apply(&mut self.effects);
        }
        taken
    }

    /// Does what the mailbox asks for instead of a turn. Ready with a reason if the instance takes
    /// no more turns.
    #[cold]
    fn poll_other(
        &mut self,
        cx: &mut Context<'_>,
        inside: &current::PollGuard,
        taken: &Take,
    ) -> Poll<Option<End>> {
        Poll::Ready(Some(match taken {
            Take::Turn => return Poll::Ready(None),
            Take::Suspended => {
                self.take_over();
                return self.poll_suspended(cx, inside);
            }
            Take::Finished => End::Over,
            Take::Poisoned => {
                self.is_poisoned = true;
                End::Panicked
            }
            Take::Restart => End::Replaced,
            Take::Retire => End::Retired,
        }))
    }

    /// Polls the turn that was suspended, by the last poll or by its sender.
    #[inline(never)]
    fn poll_suspended(&mut self, cx: &mut Context<'_>, inside: &current::PollGuard) -> Poll<Option<End>> {
        if self.cell.mailbox.is_killed() {
            return Poll::Ready(Some(self.kill_turn()));
        }
        let TurnInfo { deadline, has_waited, .. } = self.suspended;
        let turn = current::Turn::new(self.cell.id(), self.worker.into(), deadline);
        self.resume_observed();
        inside.turn(turn.having_waited(has_waited));
        self.poll_async(cx, false)
    }

    /// Begins the turn of an `async fn`, and polls it.
    #[inline]
    fn begin_async(&mut self, cx: &mut Context<'_>, mail: A::Mail) -> Poll<Option<End>> {
        let Some(seat) = self.taker.seat.take() else { return Poll::Ready(Some(End::Over)) };
        self.stage = Some(Stage::begin(seat, mail, turn::run_async));
        self.poll_async(cx, true)
    }

    /// Polls the turn of an `async fn`. Ready with a reason if the instance takes no more turns.
    ///
    /// When the turn is suspended for the first time, the rest of the claim goes back to the
    /// mailbox.
    fn poll_async(&mut self, cx: &mut Context<'_>, is_first: bool) -> Poll<Option<End>> {
        let Some(stage) = &mut self.stage else { return Poll::Ready(None) };
        match caught(|| stage.poll(cx)) {
            Ok(Poll::Ready(seat)) => {
                self.taker.seat = self.stage.take().and_then(|stage| stage.end(seat));
                self.end_waits(current::has_waited() || (!is_first && self.suspended.has_waited));
                if self.seat().is_some_and(|seat| seat.ctx.take_cancelled()) {
                    let info = if is_first { self.current() } else { self.suspended };
                    self.cancelled(&info);
                    return Poll::Ready(None);
                }
                self.cell.mailbox.end_turn(self.worker);
                self.end_observed(None);
                Poll::Ready(None)
            }
            Ok(Poll::Pending) => {
                let has_waited = current::has_waited();
                if is_first {
                    self.suspended = self.current();
                    self.put_back();
                    self.cell.system.watch_turns(&self.cell.rt);
                }
                self.suspended.has_waited |= has_waited;
                self.suspend_observed();
                // A kill during this poll woke no task: check again before suspending.
                match self.cell.mailbox.is_killed() {
                    true => Poll::Ready(Some(self.kill_turn())),
                    false => Poll::Pending,
                }
            }
            Err(text) => {
                let info = if is_first { self.current() } else { self.suspended };
                let _ = self.drop_turn();
                self.end_waits(current::has_waited() || info.has_waited);
                Poll::Ready(Some(self.panicked(&info, text)))
            }
        }
    }

    /// Drops the suspended turn at its await, because the actor was killed (F4).
    fn kill_turn(&mut self) -> End {
        let dropped = self.drop_turn();
        let info = self.suspended;
        self.end_waits(info.has_waited);
        if let Err(text) = dropped {
            return self.panicked(&info, text);
        }
        self.fail_turn(Reason::Closed);
        self.end_observed(Some(Reason::Closed));
        self.cell.report_loss(info.class, info.stamp, Reason::Closed, || None);
        End::Over
    }

    /// Counts the turn, which was dropped at its await because its asker had gone away (T8).
    #[cold]
    fn cancelled(&mut self, info: &TurnInfo) {
        self.fail_turn(Reason::Cancelled);
        self.end_observed(Some(Reason::Cancelled));
        self.cell.report_loss(info.class, info.stamp, Reason::Cancelled, || None);
    }

    /// Fails the turn and poisons the instance, because a panic has unwound through its state (F1).
    fn panicked(&mut self, info: &TurnInfo, text: String) -> End {
        self.fail_turn(Reason::Panicked);
        self.is_poisoned = true;
        // Its log line is in the turn's span.
        self.resume_observed();
        self.cell.note_panic(info.class, &text);
        self.end_observed(Some(Reason::Panicked));
        self.cell.report_loss(info.class, info.stamp, Reason::Panicked, || Some(text));
        End::Panicked
    }

    /// Ends the observation of the turn that has ended, if it is observed (L6, L7).
    #[inline]
    pub(super) fn end_observed(&mut self, failed: Option<Reason>) {
        if let Some(turn) = self.observed.take() {
            self.cell.end_observed(turn, failed);
        }
    }

    /// Removes the turn's waits from the wait graph. An ask that the instance keeps half-polled is
    /// not a wait of the next turn (D1).
    #[inline]
    pub(super) fn end_waits(&self, has_waited: bool) {
        if has_waited {
            let turn = current::Turn::new(self.cell.id(), self.worker.into(), Tick::NEVER);
            wait::over(self.cell.system.waits(), turn.waiter());
        }
    }
}
