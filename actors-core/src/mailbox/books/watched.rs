//! What a mailbox notes for the supervisor that samples it.

use crate::clock::{Span, Tick};

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
}

impl Watched {
    pub(in crate::mailbox) fn new(is_supervised: bool) -> Self {
        let sampling = if is_supervised { Sampling::Armed } else { Sampling::Off };
        Watched { sampling, stay: Span::NONE, moved: Tick::ZERO, shed: 0 }
    }

    /// Notes that a turn begins, of a message that was offered at `stamp`.
    #[inline]
    pub(in crate::mailbox) fn began(&mut self, now: Tick, stamp: Tick) {
        self.moved = now;
        // `NONE` is the longest.
        self.stay = self.stay.min(Span::of(now.since(stamp)));
    }
}
