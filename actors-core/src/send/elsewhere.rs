//! A message for an actor in another place, until its outlet has accepted or returned it.

use super::class_of;
use super::journey::{Arrival, Journey, Refusal, Step, message_of};
use crate::actor::cell::{Cell, Packed};
use crate::actor::ending::until;
use crate::actor::message::Message;
use crate::actor::outlet::{Call, Handed, Handing, Returned};
use crate::actor::{Actor, Handler};
use crate::clock::{self, Tick};
use crate::error::{Reason, StopReason};
use crate::mailbox::{ClassId, Fate, WhenFull};
use crate::panics::caught;
use crate::wakers::discard;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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

/// What a poll of a message in transit has found.
enum Polled<A: Actor> {
    /// The outlet has decided, or has panicked with this text.
    Decided(Result<Handed<A>, String>),
    Pending,
    /// The actor was killed.
    Ended,
}

impl<A: Actor> InTransit<A> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Polled<A> {
        if self.ended.as_mut().poll(cx).is_ready() {
            // It must not arrive any more.
            discard(self.handing.take());
            return Polled::Ended;
        }
        let Some(handing) = &mut self.handing else { return Polled::Pending };
        match caught(|| handing.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Polled::Pending,
            Ok(Poll::Ready(handed)) => Polled::Decided(Ok(handed)),
            Err(text) => Polled::Decided(Err(text)),
        }
    }

    /// Counts what became of the message. `false`: a kill has counted it as lost.
    fn decide(&mut self, fate: Fate, text: Option<String>) -> bool {
        discard(self.handing.take());
        self.cell.settle_transit(self.class, self.stamp, fate, text)
    }
}

impl<A: Actor> Drop for InTransit<A> {
    fn drop(&mut self) {
        if self.handing.is_some() {
            self.decide(Fate::Lost(Reason::Cancelled), None);
        }
    }
}

impl<A: Actor> Cell<A> {
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
        let class = class_of::<A, M>();
        let cell = self.to.cell().clone();
        // A kill may have taken the outlet away just before; it has counted the message, too.
        let outlet = match cell.mailbox.enter_transit(class) {
            true => cell.outlet.as_ref().and_then(|slot| slot.get()),
            false => None,
        };
        let Some(outlet) = outlet else {
            let why = self.why(Reason::Closed);
            return Some(Err(Refusal { message: message_of::<A, M>(item), why }));
        };
        let stamp = clock::now();
        let end = match when_full {
            WhenFull::Wait => self.line_end(),
            WhenFull::Refuse => self.deadline,
        };
        let call = Call::new(clock::instant(end), is_ask);
        match when_full {
            WhenFull::Refuse => {
                let handed = caught(|| outlet.try_send(item.0, call));
                Some(self.handed(handed, |fate, text| cell.settle_transit(class, stamp, fate, text)))
            }
            WhenFull::Wait => match caught(|| outlet.send(item.0, call)) {
                Ok(handing) => {
                    let ended = Box::pin(until(cell.clone(), Cell::ended));
                    let transit = InTransit { cell, class, stamp, handing: Some(handing), ended };
                    self.cleanup().transit = Some(Box::new(transit));
                    self.step = Step::InTransit;
                    if is_ask {
                        self.set_timer(end);
                    }
                    None
                }
                Err(panic) => {
                    Some(self.handed(Err(panic), |fate, text| cell.settle_transit(class, stamp, fate, text)))
                }
            },
        }
    }

    /// Polls the outlet, the actor's end, and the deadline of an ask.
    #[cold]
    pub(super) fn poll_transit(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Some(cleanup) = &mut self.cleanup else { return Poll::Pending };
        let Some(transit) = &mut cleanup.transit else { return Poll::Pending };
        let (reason, handed) = match transit.poll(cx) {
            Polled::Decided(handed) => (Reason::Closed, Some(handed)),
            Polled::Ended => (Reason::Closed, None),
            // Only asks have a timer here: a tell has its message back, and the outlet observes the
            // deadline.
            Polled::Pending
                if cleanup.timer.poll(&cleanup.cell, cx) || cleanup.timer.is_lost(&cleanup.cell) =>
            {
                match transit.decide(Fate::Lost(Reason::Expired), None) {
                    true => (Reason::TimedOut, None),
                    false => (Reason::Closed, None),
                }
            }
            Polled::Pending => return Poll::Pending,
        };
        let mut transit = cleanup.transit.take();
        let arrival = match handed {
            Some(handed) => self.handed(handed, |fate, text| {
                transit.as_mut().is_some_and(|transit| transit.decide(fate, text))
            }),
            None => {
                self.step = Step::Over;
                Err(Refusal { message: None, why: self.why(reason) })
            }
        };
        self.cleanup = None;
        Poll::Ready(arrival)
    }

    /// Handles the decision of the outlet, or its panic with this text. `count` enters it into the
    /// books; `false`: a kill has counted the message as lost.
    fn handed(
        &mut self,
        handed: Result<Handed<A>, String>,
        count: impl FnOnce(Fate, Option<String>) -> bool,
    ) -> Arrival<M> {
        self.step = Step::Over;
        let (fate, text) = match &handed {
            Ok(Ok(_)) => (Fate::TakenOver, None),
            Ok(Err(Returned { mail: None, .. } | Returned { reason: Reason::Dropped, .. })) => {
                (Fate::Lost(Reason::Dropped), None)
            }
            Ok(Err(Returned { reason, .. })) => (Fate::Refused(refusal_of(*reason)), None),
            Err(text) => (Fate::Lost(Reason::Panicked), Some(text.clone())),
        };
        let is_counted = count(fate, text);
        let (mail, why) = match handed {
            Ok(Ok(admission)) if is_counted => {
                self.step = Step::TakenOver;
                return Ok(admission);
            }
            Ok(Ok(_)) => (None, self.why(Reason::Closed)),
            Ok(Err(Returned { mail, .. })) if !is_counted => (mail, self.why(Reason::Closed)),
            Ok(Err(Returned { mail: None, reason, retry_after })) => {
                (None, self.why(reason).retry(retry_after))
            }
            Ok(Err(Returned { mail, reason: Reason::Dropped, .. })) => {
                discard(mail);
                (None, self.why(Reason::Dropped))
            }
            Ok(Err(Returned { mail, reason, retry_after })) => {
                (mail, self.why(refusal_of(reason)).retry(retry_after))
            }
            Err(_) => (None, self.why(if is_counted { Reason::Panicked } else { Reason::Closed })),
        };
        let message = mail.and_then(|mail| message_of::<A, M>(Packed(mail)));
        Err(Refusal { message, why })
    }
}

/// The reason that the books have for a refusal by an outlet.
fn refusal_of(reason: Reason) -> Reason {
    match reason {
        Reason::Full | Reason::Shed | Reason::RateLimited | Reason::Doomed | Reason::TimedOut => reason,
        _ => Reason::Closed,
    }
}
