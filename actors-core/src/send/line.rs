//! A message in line, until it is let in, is refused, or gives up.

use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use super::timer::end_of_wait;
use super::{class_of, cycle};
use crate::actor::Handler;
use crate::actor::message::Message;
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
            self.deadline = end_of_wait(self.to.cell(), class_of::<A, M>(), Tick::NEVER);
        }
        self.deadline.min(self.expires)
    }

    /// Polls the wait in line; returns the outcome if it has ended.
    pub(super) fn poll_line(&mut self, cx: &mut Context<'_>) -> Option<Arrival<M>> {
        let Journey { to, cleanup: Some(cleanup), .. } = self else { return None };
        let Poll::Ready(outcome) = cleanup.line.as_mut()?.poll(&to.cell().mailbox, cx) else { return None };
        (cleanup.line, cleanup.wait) = (None, None);
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
        let line = self.cleanup.as_mut().and_then(|cleanup| cleanup.line.take());
        self.cleanup = None;
        let Some(line) = line else { unreachable!("its callers have found it in line") };
        let cell = self.to.cell();
        let left = cell.visit(|section| section.give_up(line, why.reason()));
        // The ledger has counted it by now: `why` was made before, and a log line may have been
        // written in between.
        cell.note_loss();
        let (item, why) = match left {
            Ok((item, _)) => (item, why),
            Err((Outcome::Refused(item, reason), _)) => (item, self.why(reason)),
            Err((Outcome::Granted(place), _)) => return self.let_in(place),
        };
        self.step = Step::Over;
        Err(Refusal { message: message_of::<A, M>(item), why })
    }
}
