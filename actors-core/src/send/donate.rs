//! A turn that its sender runs (S6).

use super::class_of;
use super::journey::{Journey, Step};
use crate::actor::cell::{Cell as ActorCell, Seat};
use crate::actor::message::Message;
use crate::actor::{Handler, Inline};
use crate::clock::{self, Span, Tick};
use crate::current::{self, worker};
use crate::error::Reason;
use crate::mailbox::{ClassId, SeatAttempt, SeatUse};
use crate::panics::ignored;
use crate::turn;
use std::cell::Cell;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use tokio::task::coop;

/// Turns that one thread runs inside each other. A plain `fn` that polls a send runs the next
/// actor's turn on its own stack, and that turn may do the same; so may a meter or a subscriber.
/// Further ones go through the queue.
const LEVELS_MAX: u8 = 8;

thread_local! {
    static LEVELS: Cell<u8> = const { Cell::new(0) };
}

/// A donated turn on this thread's stack.
struct Level(());

impl Level {
    /// `None` where there are too many.
    #[inline]
    fn enter() -> Option<Level> {
        let levels = LEVELS.get();
        (levels < LEVELS_MAX).then(|| {
            LEVELS.set(levels + 1);
            Level(())
        })
    }
}

impl Drop for Level {
    #[inline]
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
    }
}

/// The outcome of an attempt to run a turn.
pub(super) enum Attempt<R> {
    /// It ran: the answer, or why there is none.
    Done(Result<R, Reason>),
    /// The task's budget is spent. Nothing has happened; the task is woken to try again.
    Yield,
    /// Nothing has happened, and the message takes the way through the queue.
    No,
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Runs the turn of a fresh message at once, if the actor is idle and the handler a short plain
    /// `fn`.
    #[inline]
    pub(super) fn donate(&mut self, cx: &mut Context<'_>, is_ask: bool) -> Attempt<M::Reply> {
        let Some(run) = A::INLINE else { return Attempt::No };
        if !self.is_plain()
            || self.is_blocking()
            || !self.handle().cell().may_donate
            || !worker::is_here(cx.waker(), &self.handle().cell().rt)
            || !self.handle().cell().span.hides_others()
        {
            return Attempt::No;
        }
        self.attempt(run, cx, is_ask)
    }

    fn attempt(&mut self, run: Inline<A, M>, cx: &mut Context<'_>, is_ask: bool) -> Attempt<M::Reply> {
        let Some(_level) = Level::enter() else { return Attempt::No };
        let own = self.own_timeout();
        let deadline = match is_ask || !own.is_none() {
            true => current::get().map_or(Tick::NEVER, |turn| turn.until()),
            false => Tick::NEVER,
        };
        let is_late = deadline != Tick::NEVER && deadline <= clock::now();
        if is_late || own == Span::of(Duration::ZERO) {
            // A message past its deadline is never handled (T1); the way through the queue reports
            // it.
            return Attempt::No;
        }
        let (cell, step) = self.parts();
        let (seat, is_timed) = match cell.mailbox.take_seat(class_of::<A, M>()) {
            SeatAttempt::Taken { seat, is_timed } => (seat, is_timed),
            SeatAttempt::Busy => match cell.mailbox.wait_for_seat(class_of::<A, M>(), is_ask) {
                Some(taken) => taken,
                None => return Attempt::No,
            },
            SeatAttempt::Unavailable => return Attempt::No,
        };
        let mut guard =
            SeatGuard { cell, class: class_of::<A, M>(), seat: Some(seat), used: SeatUse::Unused };
        // A task that sends in a loop yields to other tasks, as it would if it had to wait for
        // room. It yields before the turn, so that a send that is dropped while pending has not
        // been handled.
        if is_timed && coop::poll_proceed(cx).map(|unit| unit.made_progress()).is_pending() {
            return Attempt::Yield;
        }
        guard.used = SeatUse::Panicked;
        let Step::Fresh(message) = std::mem::replace(step, Step::Over) else { unreachable!("it is fresh") };
        let timeout = match is_ask && own.is_none() && deadline == Tick::NEVER {
            true => Span::of(cell.mailbox.timeout(class_of::<A, M>())),
            false => own,
        };
        let scope = current::Turn::donated(cell.id(), deadline, timeout);
        let sampled = cell.begin_meter(class_of::<A, M>(), Tick::ZERO);
        let began = is_timed.then(clock::cpu);
        let result = guard.run(|seat| turn::run_donated(seat, run, message, scope, &cell.span));
        guard.used = match result {
            Ok(_) => SeatUse::Handled(match began {
                None => Span::NONE,
                Some(began) => Span::of(clock::cpu().saturating_duration_since(began)),
            }),
            Err(_) => SeatUse::Panicked,
        };
        drop(guard);
        if let Some(turn) = sampled {
            cell.end_meter(turn, result.is_err().then_some(Reason::Panicked));
        }
        Attempt::Done(result.map_err(|text| {
            // A panic may have corrupted the state (F1): the actor's own loop replaces the
            // instance.
            cell.note_panic(class_of::<A, M>(), &text);
            cell.report_loss(class_of::<A, M>(), Tick::ZERO, Reason::Panicked, || Some(text));
            Reason::Panicked
        }))
    }
}

/// Holds the seat for a sender. Dropping it returns the seat: poisoned, unless the turn is known to
/// have ended well.
struct SeatGuard<'a, A: crate::Actor> {
    cell: &'a Arc<ActorCell<A>>,
    class: ClassId,
    seat: Option<Box<Seat<A>>>,
    used: SeatUse,
}

impl<A: crate::Actor> SeatGuard<'_, A> {
    #[inline]
    fn run<T>(&mut self, turn: impl FnOnce(&mut Seat<A>) -> T) -> T {
        match &mut self.seat {
            Some(seat) => turn(seat),
            None => unreachable!("it is there until this is dropped"),
        }
    }
}

impl<A: crate::Actor> Drop for SeatGuard<'_, A> {
    #[inline]
    fn drop(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        match self.cell.mailbox.return_seat(self.class, seat, self.used) {
            Ok(next) => self.cell.wake(next),
            Err(seat) => ignored(|| drop(seat)),
        }
    }
}
