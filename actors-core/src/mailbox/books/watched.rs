//! What a mailbox notes for the supervisor that samples it.

use crate::clock::{Span, Tick};
use crate::mailbox::books::marks::Marks;
use crate::policy::{Action, Pressure, Sojourn};

/// Whether the supervisor samples a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mailbox) enum Sampling {
    /// It has no supervisor.
    Off,
    /// Not sampled now; the next message requests it.
    Armed,
    /// Requested: sampled until there is nothing to see.
    Requested,
}

/// What a sample contains in addition to the numbers that the mailbox keeps anyway.
#[derive(Debug)]
pub(in crate::mailbox) struct Watched {
    pub(in crate::mailbox) sampling: Sampling,
    /// The shortest stay in the queue of messages whose turns have begun since the last sample.
    pub(in crate::mailbox) stay: Span,
    /// When the latest turn began.
    pub(in crate::mailbox) moved: Tick,
    /// Messages that were refused before the mailbox.
    pub(in crate::mailbox) shed: u64,
    /// Sheds what has waited for too long (T6); where the actor declares that load is shed.
    pub(in crate::mailbox) sojourn: Option<Box<Sojourn>>,
    /// The marks at which producers are told; while one has subscribed.
    pub(in crate::mailbox) marks: Option<Box<Marks>>,
}

/// What removes messages that have waited for too long, where load is shed (T6).
fn sojourn(pressure: Option<&Pressure>) -> Option<Box<Sojourn>> {
    let sheds = pressure.filter(|pressure| pressure.has(Action::Shed));
    let target = |pressure: &Pressure| pressure.declared_target().map_or(Span::NONE, Span::of);
    sheds.map(|pressure| Box::new(Sojourn::new(target(pressure))))
}

impl Watched {
    pub(in crate::mailbox) fn new(pressure: Option<&Pressure>) -> Self {
        let sampling = if pressure.is_some() { Sampling::Armed } else { Sampling::Off };
        let sojourn = sojourn(pressure);
        Watched { sampling, stay: Span::NONE, moved: Tick::ZERO, shed: 0, sojourn, marks: None }
    }

    /// Takes over a changed declaration. It starts with no message behind.
    #[cfg(feature = "serde")]
    pub(in crate::mailbox) fn declare(&mut self, pressure: Option<&Pressure>) {
        self.sojourn = sojourn(pressure);
    }

    /// Notes that a turn begins, of a message that was offered at `stamp`.
    #[inline]
    pub(in crate::mailbox) fn began(&mut self, now: Tick, stamp: Tick) {
        self.moved = now;
        // `NONE` is the longest.
        self.stay = self.stay.min(Span::of(now.since(stamp)));
    }
}
