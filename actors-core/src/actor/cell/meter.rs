//! The actor's side of its system's meter (L6).

use super::Cell;
use crate::actor::Actor;
use crate::clock::Tick;
use crate::current;
use crate::error::Reason;
use crate::mailbox::ClassId;
use crate::observe::SampledTurn;

impl<A: Actor> Cell<A> {
    /// Returns the turn that begins, if the meter samples it.
    #[inline]
    pub(crate) fn begin_meter(&self, class: ClassId, stamp: Tick) -> Option<SampledTurn> {
        match &self.turn_sampler {
            None => None,
            Some(sampler) => sampler.begin(class, stamp),
        }
    }

    /// Reports a sampled turn that has ended: after `failed`, or by returning.
    #[cold]
    pub(crate) fn end_meter(&self, turn: SampledTurn, failed: Option<Reason>) {
        let Some(sampler) = &self.turn_sampler else { return };
        // The turn is over: what the meter sends is not sent by it.
        let _outside = current::enter(current::Turn::NONE);
        let message = |class| self.mailbox.class(class).name();
        sampler.end(turn, (self.name(), A::NAME), message, failed);
    }
}
