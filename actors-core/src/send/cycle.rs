//! Waits inside turns: they are registered while they are pending, and the one that closes a cycle
//! fails (D1).

use super::journey::{Journey, Refusal, Step, message_of};
use crate::actor::cell::{Cell, Packed};
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::current::waits;
use crate::error::Reason;
use crate::mailbox::{WaiterId, Withdrawal};
use crate::reply::Slot;
use crate::sync::Arc as SlotArc;
use crate::wait::{InLine, What};
use std::task::{Context, Poll};

/// A place in the line of `cell`.
pub(super) fn slot<A: Actor>(cell: &Cell<A>, waiter: WaiterId) -> What {
    // A sender that has just been let in waits for no slot; no ticket has this number.
    let ticket = cell.mailbox.ticket(waiter).unwrap_or(0);
    What::Slot(InLine { waiter: waiter.into(), ticket })
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Registers the wait for an answer, once the message is in the mailbox. Ready if the wait
    /// would close a cycle; then the message is withdrawn, unless its turn has begun.
    #[inline]
    pub(super) fn await_inside(
        &mut self,
        cx: &Context<'_>,
        slot: &SlotArc<Slot<M::Reply>>,
    ) -> Poll<Refusal<M>> {
        if !waits::concerns(self.cleanup.as_ref().and_then(|cleanup| cleanup.wait.as_ref())) {
            return Poll::Pending;
        }
        self.await_in_turn(cx, slot)
    }

    #[cold]
    fn await_in_turn(&mut self, cx: &Context<'_>, slot: &SlotArc<Slot<M::Reply>>) -> Poll<Refusal<M>> {
        let until = self.expires.min(self.deadline);
        let mut is_certain = false;
        loop {
            let cleanup = self.cleanup();
            let what = || What::Answer(Slot::as_live(slot));
            let Err(names) = waits::enter(&mut cleanup.wait, &*cleanup.cell, until, cx.waker(), what) else {
                return Poll::Pending;
            };
            let message = match self.retract() {
                // A turn has ended meanwhile, or this very message's turn waits for us: search once
                // more.
                Withdrawal::Claimed | Withdrawal::Begun if !is_certain => {
                    is_certain = true;
                    continue;
                }
                Withdrawal::Out(item) => {
                    // The message must not answer when it is opened.
                    slot.abandon();
                    message_of::<A, M>(item)
                }
                Withdrawal::Claimed => {
                    slot.abandon();
                    self.withdraw(Reason::WouldDeadlock);
                    None
                }
                Withdrawal::Begun => None,
            };
            self.finish();
            return Poll::Ready(Refusal { message, why: self.in_cycle(names) });
        }
    }

    fn retract(&mut self) -> Withdrawal<Packed<A>> {
        let Step::In(place) = self.step else { return Withdrawal::Begun };
        let cell = self.to.cell();
        cell.visit(|section| section.retract(place))
    }
}
