//! A message for an actor in another place, until its outlet has accepted or returned it.

use super::class_of;
use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use crate::actor::cell::{Cell, Packed};
use crate::actor::message::Message;
use crate::actor::outlet::{Call, Handed, Handing, Outlet, Returned};
use crate::actor::{Actor, Handler};
use crate::clock::{self, Tick};
use crate::error::Reason;
use crate::mailbox::{ClassId, Fate, WhenFull};
use crate::panics::caught;
use crate::wakers::discard;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A message that an outlet holds. Dropping it undecided means that its sender is gone.
pub(super) struct InTransit<A: Actor> {
    cell: Arc<Cell<A>>,
    class: ClassId,
    stamp: Tick,
    /// `None` once it is decided.
    handing: Option<Handing<A>>,
}

impl<A: Actor> InTransit<A> {
    /// Counts what became of the message.
    fn decide(&mut self, fate: Fate) {
        discard(self.handing.take());
        self.cell.settle_transit(self.class, self.stamp, fate);
    }
}

impl<A: Actor> Drop for InTransit<A> {
    fn drop(&mut self) {
        if self.handing.is_some() {
            self.decide(Fate::Lost(Reason::Cancelled));
        }
    }
}

impl<A: Actor> Cell<A> {
    fn settle_transit(self: &Arc<Self>, class: ClassId, stamp: Tick, fate: Fate) {
        self.mailbox.leave_transit(class, fate);
        match fate {
            Fate::TakenOver => {}
            Fate::Refused(_) => self.note_loss(),
            Fate::Lost(reason) => self.report_loss(class, stamp, reason, || None),
        }
    }
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Hands the message to the outlet. `None`: the outlet has it, and has not decided yet.
    #[cold]
    pub(super) fn offer_elsewhere(
        &mut self,
        outlet: &Arc<dyn Outlet<A>>,
        item: Packed<A>,
        when_full: WhenFull,
        is_ask: bool,
    ) -> Option<Arrival<M>> {
        // A permit is a promise of this side only.
        self.cleanup = None;
        let class = class_of::<A, M>();
        let cell = self.to.cell().clone();
        if !cell.mailbox.enter_transit(class) {
            let why = self.why(Reason::Closed);
            return Some(Err(Refusal { message: message_of::<A, M>(item), why }));
        }
        let stamp = clock::now();
        let end = match when_full {
            WhenFull::Wait => self.line_end(),
            WhenFull::Refuse => self.deadline,
        };
        let call = Call::new(clock::instant(end), is_ask);
        match when_full {
            WhenFull::Refuse => {
                let handed = caught(|| outlet.try_send(item.0, call));
                Some(self.handed(handed, |fate| cell.settle_transit(class, stamp, fate)))
            }
            WhenFull::Wait => match caught(|| outlet.send(item.0, call)) {
                Ok(handing) => {
                    let handing = Some(handing);
                    self.cleanup().transit = Some(Box::new(InTransit { cell, class, stamp, handing }));
                    self.step = Step::InTransit;
                    if is_ask {
                        self.set_timer(end);
                    }
                    None
                }
                Err(text) => Some(self.handed(Err(text), |fate| cell.settle_transit(class, stamp, fate))),
            },
        }
    }

    /// Polls the outlet, and the deadline of an ask.
    #[cold]
    pub(super) fn poll_transit(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Some(cleanup) = &mut self.cleanup else { return Poll::Pending };
        let Some(transit) = &mut cleanup.transit else { return Poll::Pending };
        let Some(handing) = &mut transit.handing else { return Poll::Pending };
        let polled = match caught(|| handing.as_mut().poll(cx)) {
            // Only asks have a timer here: a tell has its message back, and the outlet observes the
            // deadline.
            Ok(Poll::Pending)
                if cleanup.timer.poll(&cleanup.cell, cx) || cleanup.timer.is_lost(&cleanup.cell) =>
            {
                transit.decide(Fate::Lost(Reason::Expired));
                self.cleanup = None;
                self.step = Step::Over;
                return Poll::Ready(Err(Refusal { message: None, why: self.why(Reason::TimedOut) }));
            }
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(handed)) => Ok(handed),
            Err(text) => Err(text),
        };
        let mut transit = cleanup.transit.take();
        let arrival = self.handed(polled, |fate| {
            if let Some(transit) = &mut transit {
                transit.decide(fate);
            }
        });
        self.cleanup = None;
        Poll::Ready(arrival)
    }

    /// Handles the decision of the outlet, or its panic with this text.
    fn handed(&mut self, handed: Result<Handed<A>, String>, count: impl FnOnce(Fate)) -> Arrival<M> {
        self.step = Step::Over;
        match handed {
            Ok(Ok(admission)) => {
                count(Fate::TakenOver);
                self.step = Step::TakenOver;
                Ok(admission)
            }
            Ok(Err(Returned { mail: None, reason, retry_after })) => {
                count(Fate::Lost(Reason::Dropped));
                Err(Refusal { message: None, why: self.why(reason).retry(retry_after) })
            }
            Ok(Err(Returned { mail, reason, retry_after })) => {
                let reason = match reason {
                    Reason::Full | Reason::Shed | Reason::RateLimited | Reason::Doomed | Reason::TimedOut => {
                        reason
                    }
                    Reason::Dropped => {
                        count(Fate::Lost(Reason::Dropped));
                        discard(mail);
                        return Err(Refusal { message: None, why: self.why(Reason::Dropped) });
                    }
                    _ => Reason::Closed,
                };
                count(Fate::Refused(reason));
                let message = mail.and_then(|mail| message_of::<A, M>(Packed(mail)));
                Err(Refusal { message, why: self.why(reason).retry(retry_after) })
            }
            Err(_) => {
                count(Fate::Lost(Reason::Panicked));
                Err(Refusal { message: None, why: self.why(Reason::Panicked) })
            }
        }
    }
}
