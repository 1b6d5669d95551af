//! A message in line, until it is let in, is refused, or gives up.

use super::cleanup::Cleanup;
use super::cycle;
use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use super::timer::end_of_wait;
use crate::actor::cell::Packed;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::clock::Tick;
use crate::current::waits;
use crate::error::{Admission, AskError, Reason};
use crate::mailbox::{Outcome, Place};
use std::task::{Context, Poll};

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Returns when waiting in line ends: at the ttl or the deadline, and inside a turn at that
    /// turn's deadline or, without one, after the default.
    pub(super) fn line_end(&mut self) -> Tick {
        if self.deadline == Tick::NEVER {
            self.deadline = end_of_wait(self.to.cell(), self.class(), Tick::NEVER);
        }
        self.deadline.min(self.expires)
    }

    /// Polls the wait in line; returns the outcome if it has ended.
    pub(super) fn poll_line(&mut self, cx: &mut Context<'_>) -> Option<Arrival<M>> {
        let outcome = self.cleanup.as_mut()?.poll_line(cx)?;
        Some(match outcome {
            Outcome::Granted(place) => self.let_in(place),
            Outcome::Refused(item, reason) => {
                self.step = Step::Over;
                Err(Refusal { message: message_of::<A, M>(item), why: self.why(reason) })
            }
        })
    }

    fn let_in(&mut self, place: Place) -> Arrival<M> {
        self.cleanup = None;
        self.step = Step::In(place);
        Ok(Admission::Waited)
    }

    pub(super) fn poll_line_timer(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Step::InLine = self.step else {
            return Poll::Pending;
        };
        let Some(cleanup) = self.cleanup.as_mut().filter(|cleanup| cleanup.line.is_some()) else {
            return Poll::Pending;
        };
        if !cleanup.timer.poll(&cleanup.cell, cx) {
            return self.wait_inside(cx);
        }
        let why = match self.expires < self.deadline {
            true => self.why(Reason::Expired),
            false => self.why(Reason::TimedOut).retry(self.to.cell().reading().retry_after),
        };
        Poll::Ready(self.give_up(why))
    }

    /// Registers the wait in line, inside a turn. Ready if it would close a cycle.
    #[inline]
    fn wait_inside(&mut self, cx: &Context<'_>) -> Poll<Arrival<M>> {
        let Some(cleanup) = &mut self.cleanup else { return Poll::Pending };
        let Some(line) = cleanup.line.as_ref().filter(|_| waits::concerns(cleanup.wait.as_ref())) else {
            return Poll::Pending;
        };
        let waiter = line.waiter();
        let until = self.deadline.min(self.expires);
        let entered = waits::enter(&mut cleanup.wait, &*cleanup.cell, until, cx.waker(), || {
            cycle::slot(&cleanup.cell, waiter)
        });
        match entered {
            Ok(()) => Poll::Pending,
            Err(names) => Poll::Ready(self.give_up(self.in_cycle(names))),
        }
    }

    /// Leaves the line, unless the message was let in or refused just before.
    fn give_up(&mut self, why: AskError) -> Arrival<M> {
        let Some(mut cleanup) = self.cleanup.take() else {
            unreachable!("its callers have found it in line")
        };
        let (item, why) = match cleanup.give_up(why.reason()) {
            Left::Out(item, None) => (item, why),
            Left::Out(item, Some(reason)) => (item, self.why(reason)),
            Left::LetIn(place) => return self.let_in(place),
        };
        drop(cleanup);
        self.step = Step::Over;
        Err(Refusal { message: message_of::<A, M>(item), why })
    }
}

/// How a message left the line.
enum Left<A: Actor> {
    /// With the reason if it was refused just before.
    Out(Packed<A>, Option<Reason>),
    /// It was let in just before.
    LetIn(Place),
}

/// What does not depend on the type of the message.
impl<A: Actor> Cleanup<'_, A> {
    /// Polls the wait in line, if there is one.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Option<Outcome<Place, Packed<A>>> {
        let Poll::Ready(outcome) = self.line.as_mut()?.poll(&self.cell.mailbox, cx) else { return None };
        (self.line, self.wait) = (None, None);
        Some(outcome)
    }

    #[inline(never)]
    fn give_up(&mut self, reason: Reason) -> Left<A> {
        let Some(line) = self.line.take() else { unreachable!("its callers have found it in line") };
        self.wait = None;
        let left = self.cell.visit(|section| section.give_up(line, reason));
        // The ledger has counted it by now: the error was made before, and a log line may have been
        // written in between.
        self.cell.note_loss();
        match left {
            Ok((item, _)) => Left::Out(item, None),
            Err((Outcome::Refused(item, reason), _)) => Left::Out(item, Some(reason)),
            Err((Outcome::Granted(place), _)) => Left::LetIn(place),
        }
    }
}
