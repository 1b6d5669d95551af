//! A turn that is observed: the meter samples it, or it has a span.

use super::meter::SampledTurn;
use super::span::TurnSpan;

/// What is to observe a turn that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observers {
    /// The meter (L6).
    pub(crate) samples: bool,
    /// A subscriber (L7).
    pub(crate) has_span: bool,
}

impl Observers {
    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        self.samples | self.has_span
    }
}

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
