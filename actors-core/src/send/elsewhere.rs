//! A message for an actor in another place, until its outlet has accepted or returned it.

use super::cleanup::Cleanup;
use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use crate::actor::cell::{Cell, Packed};
use crate::actor::ending::until;
use crate::actor::message::Message;
use crate::actor::outlet::{Call, Handed, Handing, Returned};
use crate::actor::{Actor, Handler};
use crate::clock::{self, Tick};
use crate::error::{Admission, Reason, StopReason};
use crate::mailbox::{ClassId, Fate, WhenFull};
use crate::panics::caught;
use crate::wakers::discard;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A message that an outlet holds. Dropping it undecided means that its sender is gone.
pub(super) struct InTransit<A: Actor> {
    cell: Arc<Cell<A>>,
    class: ClassId,
    stamp: Tick,
    /// `None` once it is decided.
    handing: Option<Handing<A>>,
    /// Ready once the actor has ended: then a kill has counted the message as lost.
    ended: Pin<Box<dyn Future<Output = StopReason> + Send>>,
}

/// What a handing over came to.
enum Handover<A: Actor> {
    /// The outlet has it, and has not decided yet.
    InTransit(Box<InTransit<A>>),
    Over(Ending<A>),
}

/// How a handing over ended: taken over, or why not, when to try again, and the message if it came
/// back.
type Ending<A> = Result<Admission, (Reason, Option<Duration>, Option<Packed<A>>)>;

impl<A: Actor> InTransit<A> {
    /// Polls the actor's end and the outlet.
    #[cold]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ending<A>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            // It must not arrive any more.
            discard(self.handing.take());
            return Poll::Ready(Err((Reason::Closed, None, None)));
        }
        let Some(handing) = &mut self.handing else { return Poll::Pending };
        let handed = match caught(|| handing.as_mut().poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(handed)) => Ok(handed),
            Err(text) => Err(text),
        };
        discard(self.handing.take());
        Poll::Ready(self.cell.handed(self.class, self.stamp, handed))
    }

    /// Ends the wait of an ask at its deadline.
    fn expire(&mut self) -> Reason {
        match self.decide(Fate::Lost(Reason::Expired)) {
            true => Reason::TimedOut,
            false => Reason::Closed,
        }
    }

    /// Counts what became of the message. `false`: a kill has counted it as lost.
    fn decide(&mut self, fate: Fate) -> bool {
        discard(self.handing.take());
        self.cell.settle_transit(self.class, self.stamp, fate, None)
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
    /// Hands a message to the outlet. `end`: until when that may take.
    #[cold]
    fn hand_over(
        self: &Arc<Self>,
        class: ClassId,
        item: Packed<A>,
        when_full: WhenFull,
        end: Tick,
        is_ask: bool,
    ) -> Handover<A> {
        // A kill may have taken the outlet away just before; it has counted the message, too.
        let outlet = match self.mailbox.enter_transit(class) {
            true => self.outlet.as_ref().and_then(|slot| slot.get()),
            false => None,
        };
        let Some(outlet) = outlet else {
            return Handover::Over(Err((Reason::Closed, None, Some(item))));
        };
        let stamp = clock::now();
        let call = Call::new(clock::instant(end), is_ask, self.mailbox.class(class).policy.priority);
        match when_full {
            WhenFull::Refuse => {
                let handed = caught(|| outlet.try_send(item.0, call));
                Handover::Over(self.handed(class, stamp, handed))
            }
            WhenFull::Wait => match caught(|| outlet.send(item.0, call)) {
                Ok(handing) => {
                    let (cell, ended) = (self.clone(), Box::pin(until(self.clone(), Cell::ended)));
                    Handover::InTransit(Box::new(InTransit {
                        cell,
                        class,
                        stamp,
                        handing: Some(handing),
                        ended,
                    }))
                }
                Err(panic) => Handover::Over(self.handed(class, stamp, Err(panic))),
            },
        }
    }

    /// Handles the decision of the outlet, or its panic with this text.
    fn handed(self: &Arc<Self>, class: ClassId, stamp: Tick, handed: Result<Handed<A>, String>) -> Ending<A> {
        let (fate, text) = match &handed {
            Ok(Ok(_)) => (Fate::TakenOver, None),
            Ok(Err(Returned { mail: None, .. } | Returned { reason: Reason::Dropped, .. })) => {
                (Fate::Lost(Reason::Dropped), None)
            }
            Ok(Err(Returned { reason, .. })) => (Fate::Refused(refusal_of(*reason)), None),
            Err(text) => (Fate::Lost(Reason::Panicked), Some(text.clone())),
        };
        // Otherwise a kill has counted the message as lost.
        let is_counted = self.settle_transit(class, stamp, fate, text);
        Err(match handed {
            Ok(Ok(admission)) if is_counted => return Ok(admission),
            Ok(Ok(_)) => (Reason::Closed, None, None),
            Ok(Err(Returned { mail, .. })) if !is_counted => (Reason::Closed, None, mail.map(Packed)),
            Ok(Err(Returned { mail: None, reason, retry_after })) => (reason, retry_after, None),
            Ok(Err(Returned { mail, reason: Reason::Dropped, .. })) => {
                discard(mail);
                (Reason::Dropped, None, None)
            }
            Ok(Err(Returned { mail, reason, retry_after })) => {
                (refusal_of(reason), retry_after, mail.map(Packed))
            }
            Err(_) => (if is_counted { Reason::Panicked } else { Reason::Closed }, None, None),
        })
    }

    /// `text` says more about a loss. Returns `false` if a kill has counted the message as lost.
    fn settle_transit(
        self: &Arc<Self>,
        class: ClassId,
        stamp: Tick,
        fate: Fate,
        text: Option<String>,
    ) -> bool {
        let is_counted = self.visit(|section| section.leave_transit(class, fate));
        match fate {
            Fate::Refused(_) if is_counted => self.note_loss(),
            Fate::Lost(reason) if is_counted => self.report_loss(class, stamp, reason, || text),
            _ => {}
        }
        is_counted
    }
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Hands the message to the outlet. `None`: the outlet has it, and has not decided yet.
    #[cold]
    pub(super) fn offer_elsewhere(
        &mut self,
        item: Packed<A>,
        when_full: WhenFull,
        is_ask: bool,
    ) -> Option<Arrival<M>> {
        // A permit is a promise of this side only.
        self.cleanup = None;
        let end = match when_full {
            WhenFull::Wait => self.line_end(),
            WhenFull::Refuse => self.deadline,
        };
        match self.to.cell().hand_over(self.class(), item, when_full, end, is_ask) {
            Handover::Over(ending) => Some(self.arrived(ending)),
            Handover::InTransit(transit) => {
                self.cleanup().transit = Some(transit);
                self.step = Step::InTransit;
                if is_ask {
                    self.set_timer(end);
                }
                None
            }
        }
    }

    /// Polls the outlet, the actor's end, and the deadline of an ask.
    #[cold]
    pub(super) fn poll_transit(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Some(cleanup) = &mut self.cleanup else { return Poll::Pending };
        let Some(ending) = ready!(cleanup.poll_transit(cx)) else { return Poll::Pending };
        self.cleanup = None;
        Poll::Ready(self.arrived(ending))
    }

    fn arrived(&mut self, ending: Ending<A>) -> Arrival<M> {
        match ending {
            Ok(admission) => {
                self.step = Step::TakenOver;
                Ok(admission)
            }
            Err((reason, retry_after, item)) => {
                self.step = Step::Over;
                let message = item.and_then(message_of::<A, M>);
                Err(Refusal { message, why: self.why(reason).retry(retry_after) })
            }
        }
    }
}

impl<A: Actor> Cleanup<'_, A> {
    /// Ready with `None` if no outlet holds the message.
    fn poll_transit(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ending<A>>> {
        let Some(transit) = &mut self.transit else { return Poll::Ready(None) };
        let ending = match transit.poll(cx) {
            Poll::Ready(ending) => ending,
            // Only asks have a timer here: a tell has its message back, and the outlet observes the
            // deadline.
            Poll::Pending if self.timer.poll(&self.cell, cx) || self.timer.is_lost(&self.cell) => {
                Err((transit.expire(), None, None))
            }
            Poll::Pending => return Poll::Pending,
        };
        self.transit = None;
        Poll::Ready(Some(ending))
    }
}

/// The reason that the books have for a refusal by an outlet.
fn refusal_of(reason: Reason) -> Reason {
    match reason {
        Reason::Full | Reason::Shed | Reason::RateLimited | Reason::Doomed | Reason::TimedOut => reason,
        _ => Reason::Closed,
    }
}
