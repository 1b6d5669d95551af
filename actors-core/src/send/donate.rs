//! A turn that its sender runs (S6).

use super::journey::Journey;
use crate::actor::cell::{Cell, Seat};
use crate::actor::message::Message;
use crate::actor::{Handler, Inline};
use crate::clock::{self, Tick};
use crate::error::Reason;
use crate::mailbox::{Donated, Lend, Loan, Returned};
use crate::observe::trace;
use crate::panics::ignored;
use crate::turn::{self, current, worker};
use std::sync::Arc;
use std::task::Context;
use tokio::task::coop;

/// The answer, or why there is none. `None`: it was not done, and nothing has happened. Where the journey
/// [`is_paused`](Journey::is_paused) then, its task's budget is spent, and the answer is to be told in its next poll.
pub(super) type Attempt<R> = Option<Result<R, Reason>>;

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Runs the turn of a fresh message here and now, if the actor is idle and the handler a short plain `fn`.
    #[inline]
    pub(super) fn donate(&mut self, cx: &mut Context<'_>, is_ask: bool) -> Attempt<M::Reply> {
        let run = A::INLINE?;
        if !self.is_plain()
            || !self.handle().cell().may_donate
            || !worker::is_here()
            || !self.handle().cell().span.hides_others()
        {
            return None;
        }
        self.attempt(run, cx, is_ask)
    }

    fn attempt(&mut self, run: Inline<A, M>, cx: &mut Context<'_>, is_ask: bool) -> Attempt<M::Reply> {
        let loan = match self.handle().cell().mailbox.lend(A::CLASS) {
            Lend::Yes(loan) => loan,
            Lend::Soon => self.handle().cell().mailbox.lend_soon(A::CLASS)?,
            Lend::No => return None,
        };
        let Loan { mut seat, is_timed } = loan;
        // Who sends without end takes turns with others, as it would if it had to wait for room: it hears of this one when it is
        // polled again.
        let is_spent = is_timed && coop::poll_proceed(cx).map(|unit| unit.made_progress()).is_pending();
        let Some(message) = self.take_message() else { unreachable!("it is fresh") };
        let cell = self.handle().cell();
        let inherited = current::get().map_or(Tick::NEVER, |turn| turn.deadline);
        let timeout = match (is_ask, self.own_timeout()) {
            (true, None) if inherited == Tick::NEVER => Some(cell.mailbox.timeout(A::CLASS)),
            (_, own) => own,
        };
        let scope = current::Turn { cell: cell.id(), deadline: if is_ask { inherited } else { Tick::NEVER } };
        let began = is_timed.then(clock::cpu);
        let result = turn::donated(&mut seat, run, message, scope, timeout, &cell.span);
        let span = began.map(|began| clock::cpu().saturating_duration_since(began));
        let answer = match result {
            Ok(reply) => {
                give_back(cell, A::CLASS, seat, Donated::Handled(span));
                Ok(reply)
            }
            Err(text) => {
                panicked(cell, A::CLASS, seat, text);
                Err(Reason::Panicked)
            }
        };
        if is_spent {
            self.pause();
        }
        Some(answer)
    }
}

#[inline]
fn give_back<A: crate::Actor>(cell: &Arc<Cell<A>>, class: usize, seat: Box<Seat<A>>, donated: Donated) {
    follow(cell, cell.mailbox.take_back(class, seat, donated));
}

#[inline]
fn follow<A: crate::Actor>(cell: &Arc<Cell<A>>, returned: Returned<Box<Seat<A>>>) {
    cell.rouse(returned.rouse);
    if let Some(seat) = returned.left {
        ignored(|| drop(seat));
    }
}

/// A panic went through the state (F1): the actor's own loop sees to the rest.
#[cold]
fn panicked<A: crate::Actor>(cell: &Arc<Cell<A>>, class: usize, seat: Box<Seat<A>>, text: String) {
    trace::panicked(&cell.name, cell.mailbox.class(class).name(), &text);
    give_back(cell, class, seat, Donated::Panicked);
    cell.mourn(class, Tick::ZERO, Reason::Panicked, || Some(text));
}
