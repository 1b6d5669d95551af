//! When to reserve slots and when to announce them: pure numbers.

use std::num::NonZeroU32;

/// The largest number of items that a producer may have out: granted credit, and slots reserved for
/// the next grant.
///
/// Credit is replenished in batches of half of the window. A producer that has used one half gets
/// the next grant while it uses the other one, so it does not wait for the grant's way. One signal
/// then covers half of the window, instead of one item. More than half would let the producer run
/// dry before the grant arrives; less would send more signals for the same items.
///
/// A producer without any credit gets what there is at once, be it one item: it waits.
///
/// Each unit of credit is a slot of the mailbox. So a window near the capacity leaves no slots for
/// other senders, and a larger one counts as the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    size: NonZeroU32,
}

impl Window {
    /// The default, 32 items: an eighth of the default capacity of 256. So four producers together
    /// fill at most half of such a mailbox with credit, and a grant covers 16 items.
    pub const DEFAULT: Window = match NonZeroU32::new(32) {
        Some(size) => Window { size },
        None => panic!("the default is not zero"),
    };

    /// Creates a window of so many items.
    pub const fn new(size: NonZeroU32) -> Self {
        Window { size }
    }

    /// Returns the number of items.
    pub const fn size(self) -> u32 {
        self.size.get()
    }

    /// Returns the window for a mailbox of so many slots, which is never larger than it: a batch
    /// that cannot be reserved would leave the producer without credit each time.
    pub(crate) fn within(self, capacity: usize) -> Self {
        let capacity = u32::try_from(capacity).ok().and_then(NonZeroU32::new);
        Window { size: capacity.map_or(self.size, |capacity| capacity.min(self.size)) }
    }

    /// Returns the number of slots that make a grant worth a signal: half of the window, rounded
    /// up.
    pub(crate) const fn batch(self) -> u32 {
        self.size().div_ceil(2)
    }

    /// Returns whether to reserve another slot, with `granted` credit out and `ready` slots
    /// reserved. Slots are reserved only once half of the window is used: until then they serve
    /// other senders.
    pub(super) const fn wants_slot(self, granted: u32, ready: u32) -> bool {
        granted <= self.size() - self.batch() && granted + ready < self.size()
    }

    /// Returns whether to announce the reserved slots now.
    pub(super) const fn is_due(self, granted: u32, ready: u32) -> bool {
        ready > 0 && (granted == 0 || ready >= self.batch())
    }
}

impl Default for Window {
    fn default() -> Self {
        Window::DEFAULT
    }
}

impl From<NonZeroU32> for Window {
    fn from(size: NonZeroU32) -> Self {
        Window::new(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state of every small window: a producer is never left without credit while a slot is
    /// reserved, and neither number leaves the window.
    #[test]
    fn a_producer_without_credit_always_gets_the_slots_that_there_are() {
        for size in (1..=9).filter_map(NonZeroU32::new) {
            let window = Window::new(size);
            for granted in 0..=size.get() {
                for ready in 0..=size.get() - granted {
                    assert_eq!(window.is_due(0, ready), ready > 0, "{size} {ready}");
                    if window.wants_slot(granted, ready) {
                        assert!(granted + ready < size.get());
                    } else {
                        let waits = granted == 0 && !window.is_due(granted, ready);
                        assert!(!waits, "{size}: with {granted} and {ready} nothing happens any more");
                    }
                }
            }
        }
    }
}
