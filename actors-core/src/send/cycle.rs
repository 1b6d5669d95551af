//! Waits inside turns: they are known while they are pending, and the one that closes a cycle fails (D1).

use super::journey::{Journey, Refusal, Step, message_of};
use crate::actor::cell::{Cell, Post};
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::{self, Effects, Retracted};
use crate::reply::Slot;
use crate::sync::Arc as SlotArc;
use crate::turn::current;
use crate::wait::{self, InLine, Names, Wait, What};
use std::sync::Arc;
use std::task::Poll;

/// Whether the pending wait that is kept in `known`, or none yet, concerns the graph: mostly one outside of turns does not.
#[inline]
pub(super) fn concerns(known: Option<&Wait>) -> bool {
    known.is_some() || current::get().is_some()
}

/// What is waited for is pending, until `until` at most: `known` becomes a wait of the turn that is polled, or of none. It is one
/// already where it was polled in this turn before.
///
/// # Errors
/// The names around the cycle that it would close.
#[cold]
pub(super) fn enter<A: Actor>(
    known: &mut Option<Wait>,
    cell: &Arc<Cell<A>>,
    until: Tick,
    what: impl FnOnce() -> What,
) -> Result<(), Names> {
    let from = current::get().map(|turn| turn.waiter());
    if let (Some(from), Some(wait)) = (from, &*known)
        && wait.is_of(from, until)
    {
        return Ok(());
    }
    *known = None;
    let Some(from) = from else { return Ok(()) };
    if mailbox::is_in_eq() {
        // A mailbox is locked, and the graph's lock comes before those.
        return Ok(());
    }
    *known = Some(wait::begin(from, cell.clone(), what(), until)?);
    current::note_wait();
    Ok(())
}

/// A place in the line of `cell`.
pub(super) fn slot<A: Actor>(cell: &Cell<A>, waiter: u32) -> What {
    // Who has just been let in waits for no slot; no ticket has this number.
    let ticket = cell.mailbox.ticket(waiter).unwrap_or(0);
    What::Slot(InLine { waiter, ticket })
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// The message is in, and its answer is not there yet. Ready where that would close a cycle; then the message is taken back,
    /// unless its turn has begun.
    #[inline]
    pub(super) fn await_inside(&mut self, slot: &SlotArc<Slot<M::Reply>>) -> Poll<Refusal<M>> {
        if !concerns(self.tie.as_ref().and_then(|tie| tie.wait.as_ref())) {
            return Poll::Pending;
        }
        self.await_in_turn(slot)
    }

    #[cold]
    fn await_in_turn(&mut self, slot: &SlotArc<Slot<M::Reply>>) -> Poll<Refusal<M>> {
        let until = self.expires.min(self.deadline);
        let mut is_certain = false;
        loop {
            let tie = self.tie();
            let Err(names) = enter(&mut tie.wait, &tie.home, until, || What::Answer(Slot::as_live(slot)))
            else {
                return Poll::Pending;
            };
            let message = match self.retract() {
                // Somebody has gone on meanwhile, or it is this very message whose turn waits for us: look once more.
                Retracted::Claimed | Retracted::Begun if !is_certain => {
                    is_certain = true;
                    continue;
                }
                Retracted::Out(item) => {
                    // Nobody is to be told by the message when it is opened.
                    slot.abandon();
                    message_of::<A, M>(item)
                }
                Retracted::Claimed => {
                    slot.abandon();
                    self.withdraw(Reason::WouldDeadlock);
                    None
                }
                Retracted::Begun => None,
            };
            self.finish();
            return Poll::Ready(Refusal { message, why: self.in_cycle(names) });
        }
    }

    fn retract(&mut self) -> Retracted<Post<A>> {
        let Step::In(place) = self.step else { return Retracted::Begun };
        let cell = self.to.cell();
        let mut fx = Effects::new();
        let retracted = cell.mailbox.retract(place, &mut fx);
        cell.apply(&mut fx);
        retracted
    }
}
