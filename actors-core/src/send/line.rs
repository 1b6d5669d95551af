//! A message in line: until it is let in, is told no, or gives up.

use super::cycle;
use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use super::timer::end_of_wait;
use crate::actor::Handler;
use crate::actor::message::Message;
use crate::clock::Tick;
use crate::current::waits;
use crate::error::{Admission, AskError, Reason};
use crate::mailbox::{Left, Place, Standby};
use std::task::{Context, Poll};

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// When waiting in line ends, if it does: at ttl, at the deadline, inside a turn at that turn's deadline or, where it
    /// has none, after the default.
    pub(super) fn line_end(&mut self) -> Tick {
        if self.deadline == Tick::NEVER {
            self.deadline = end_of_wait(self.to.cell(), A::CLASS);
        }
        self.deadline.min(self.expires)
    }

    /// Whether it stands in line still. `is_first`: it has just joined, and has left no waker.
    pub(super) fn poll_line(&mut self, cx: &mut Context<'_>, is_first: bool) -> Option<Arrival<M>> {
        let waiter = self.tie.as_ref().and_then(|tie| tie.waiter)?;
        let mailbox = &self.to.cell().mailbox;
        let standby = match is_first {
            true => mailbox.look_first(waiter, cx.waker()),
            false => mailbox.look(waiter, cx.waker()),
        };
        if !matches!(standby, Standby::Waiting) {
            // It is forgotten there.
            let tie = self.tie();
            (tie.waiter, tie.wait) = (None, None);
        }
        match standby {
            Standby::Waiting => None,
            Standby::In(place) => Some(self.let_in(place)),
            Standby::Out(item, reason) => {
                self.step = Step::Over;
                let message = item.and_then(message_of::<A, M>);
                Some(Err(Refusal { message, why: self.why(reason) }))
            }
            Standby::Promised => unreachable!("a message in line is not given a permit"),
        }
    }

    fn let_in(&mut self, place: Place) -> Arrival<M> {
        self.tie = None;
        self.step = Step::In(place);
        Ok(Admission::Waited)
    }

    pub(super) fn poll_line_timer(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Step::InLine = self.step else {
            return Poll::Pending;
        };
        let Some(tie) = self.tie.as_mut().filter(|tie| tie.waiter.is_some()) else { return Poll::Pending };
        if !tie.timer.poll(cx) {
            return self.wait_inside(cx);
        }
        let why = match self.expires < self.deadline {
            true => self.why(Reason::Expired),
            false => self.why(Reason::TimedOut).retry(self.to.cell().reading().retry_after),
        };
        Poll::Ready(self.give_up(why))
    }

    /// It stands in line still. Ready where that would close a cycle.
    #[inline]
    fn wait_inside(&mut self, cx: &Context<'_>) -> Poll<Arrival<M>> {
        let Some(tie) = &mut self.tie else { return Poll::Pending };
        let Some(waiter) = tie.waiter.filter(|_| waits::concerns(tie.wait.as_ref())) else {
            return Poll::Pending;
        };
        let until = self.deadline.min(self.expires);
        let entered =
            waits::enter(&mut tie.wait, &*tie.home, until, cx.waker(), || cycle::slot(&tie.home, waiter));
        match entered {
            Ok(()) => Poll::Pending,
            Err(names) => Poll::Ready(self.give_up(self.in_cycle(names))),
        }
    }

    /// It leaves the line; unless it was let in just before, or was told no.
    fn give_up(&mut self, why: AskError) -> Arrival<M> {
        let waiter = self.tie.as_mut().and_then(|tie| tie.waiter.take());
        self.tie = None;
        let Some(waiter) = waiter else { unreachable!("it is in line") };
        let cell = self.to.cell();
        let left = cell.visit(|section| section.leave(waiter, why.reason()));
        // After the ledger has counted it: `why` was made before, and the log may have been written in between.
        cell.note_loss();
        let (item, why) = match left {
            Left::Back(item, _) => (item, why),
            Left::Out(item, _, reason) => (item, self.why(reason)),
            Left::Promised => unreachable!("a message in line is not given a permit"),
            Left::In(place) => return self.let_in(place),
        };
        self.step = Step::Over;
        Err(Refusal { message: item.and_then(message_of::<A, M>), why })
    }
}
