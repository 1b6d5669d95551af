//! A turn that is observed: the meter samples it, or it has a span.

use super::meter::SampledTurn;
use super::span::TurnSpan;

/// What observes a turn that runs. It is in a box, because most turns are not observed, and every
/// turn looks here. Dropping it closes the span; the meter hears of the turn's end from the cell.
#[derive(Debug)]
pub(crate) struct ObservedTurn {
    /// If the meter samples it (L6).
    pub(crate) sampled: Option<SampledTurn>,
    /// If a subscriber wants it (L7).
    pub(crate) span: Option<TurnSpan>,
}

impl ObservedTurn {
    /// The turn is about to be polled again.
    pub(crate) fn resume(&mut self) {
        if let Some(turn) = &mut self.sampled {
            turn.resume();
        }
        if let Some(span) = &mut self.span {
            span.enter();
        }
    }

    /// A poll of the turn has ended, and it waits.
    pub(crate) fn suspend(&mut self) {
        if let Some(turn) = &mut self.sampled {
            turn.suspend();
        }
        if let Some(span) = &mut self.span {
            span.leave();
        }
    }
}
