//! A turn that its sender runs (S6).

use super::class_of;
use super::journey::{Journey, Step};
use crate::actor::cell::{Cell, Seat};
use crate::actor::message::Message;
use crate::actor::{Handler, Inline};
use crate::clock::{self, Span, Tick};
use crate::current::{self, worker};
use crate::error::Reason;
use crate::mailbox::{ClassId, Donated, Lend, Loan};
use crate::panics::ignored;
use crate::turn;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use tokio::task::coop;

/// What came of the attempt to run a turn.
pub(super) enum Attempt<R> {
    /// It was run: the answer, or why there is none.
    Done(Result<R, Reason>),
    /// The task's budget is spent. Nothing has happened; the task is woken to try again.
    Yield,
    /// Nothing has happened, and the message goes the way through the queue.
    No,
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Runs the turn of a fresh message here and now, if the actor is idle and the handler a short plain `fn`.
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
        let own = self.own_timeout();
        let deadline = match is_ask || !own.is_none() {
            true => current::get().map_or(Tick::NEVER, |turn| turn.until()),
            false => Tick::NEVER,
        };
        let is_late = deadline != Tick::NEVER && deadline <= clock::now();
        if is_late || own == Span::of(Duration::ZERO) {
            // Nothing past its deadline is handled (T1); the way through the queue says so.
            return Attempt::No;
        }
        let (cell, step) = self.parts();
        let loan = match cell.mailbox.lend(class_of::<A, M>()) {
            Lend::Yes(loan) => loan,
            Lend::Soon => match cell.mailbox.lend_soon(class_of::<A, M>(), is_ask) {
                Some(loan) => loan,
                None => return Attempt::No,
            },
            Lend::No => return Attempt::No,
        };
        let Loan { seat, is_timed } = loan;
        let mut borrowed =
            Borrowed { cell, class: class_of::<A, M>(), seat: Some(seat), donated: Donated::Unused };
        // A task that sends without end takes turns with others, as it would if it had to wait for room. It yields before the
        // turn, so that a send that is dropped while it is pending has not been handled.
        if is_timed && coop::poll_proceed(cx).map(|unit| unit.made_progress()).is_pending() {
            return Attempt::Yield;
        }
        borrowed.donated = Donated::Panicked;
        let Step::Fresh(message) = std::mem::replace(step, Step::Over) else { unreachable!("it is fresh") };
        let timeout = match is_ask && own.is_none() && deadline == Tick::NEVER {
            true => Span::of(cell.mailbox.timeout(class_of::<A, M>())),
            false => own,
        };
        let scope = current::Turn::donated(cell.id(), deadline, timeout);
        let began = is_timed.then(clock::cpu);
        let result = borrowed.run(|seat| turn::run_donated(seat, run, message, scope, &cell.span));
        borrowed.donated = match result {
            Ok(_) => Donated::Handled(match began {
                None => Span::NONE,
                Some(began) => Span::of(clock::cpu().saturating_duration_since(began)),
            }),
            Err(_) => Donated::Panicked,
        };
        drop(borrowed);
        Attempt::Done(result.map_err(|text| {
            // A panic went through the state (F1): the actor's own loop sees to the rest.
            cell.note_panic(class_of::<A, M>(), &text);
            cell.report_loss(class_of::<A, M>(), Tick::ZERO, Reason::Panicked, || Some(text));
            Reason::Panicked
        }))
    }
}

/// A seat that is lent. It comes back when this is dropped, by whatever: as one that is not to be used again unless the turn
/// is known to have ended well.
struct Borrowed<'a, A: crate::Actor> {
    cell: &'a Arc<Cell<A>>,
    class: ClassId,
    seat: Option<Box<Seat<A>>>,
    donated: Donated,
}

impl<A: crate::Actor> Borrowed<'_, A> {
    #[inline]
    fn run<T>(&mut self, turn: impl FnOnce(&mut Seat<A>) -> T) -> T {
        match &mut self.seat {
            Some(seat) => turn(seat),
            None => unreachable!("it is there until this is dropped"),
        }
    }
}

impl<A: crate::Actor> Drop for Borrowed<'_, A> {
    #[inline]
    fn drop(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        let returned = self.cell.mailbox.take_back(self.class, seat, self.donated);
        self.cell.wake(returned.rouse);
        if let Some(seat) = returned.left {
            ignored(|| drop(seat));
        }
    }
}
