//! Whether somebody looks at a mailbox, and what it notes for them.

use crate::clock::{Span, Tick};

/// Whether somebody looks at a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mailbox) enum Sampling {
    /// Nobody is to.
    Off,
    /// Nobody does; the next message rings.
    Armed,
    /// It rang.
    Requested,
}

/// What is seen of a mailbox beside the numbers that it keeps anyway.
#[derive(Debug)]
pub(in crate::mailbox) struct Watched {
    pub(in crate::mailbox) sampling: Sampling,
    /// The shortest stay of messages whose turns have begun since somebody looked.
    pub(in crate::mailbox) stay: Span,
    /// When a turn began last.
    pub(in crate::mailbox) moved: Tick,
    /// Messages that were refused before they came here.
    pub(in crate::mailbox) shed: u64,
}

impl Watched {
    pub(in crate::mailbox) fn new(is_supervised: bool) -> Self {
        let sampling = if is_supervised { Sampling::Armed } else { Sampling::Off };
        Watched { sampling, stay: Span::NONE, moved: Tick::ZERO, shed: 0 }
    }

    /// A turn begins of a message that was offered at `stamp`.
    #[inline]
    pub(in crate::mailbox) fn began(&mut self, now: Tick, stamp: Tick) {
        self.moved = now;
        // `NONE` is the longest.
        self.stay = self.stay.min(Span::of(now.since(stamp)));
    }
}
