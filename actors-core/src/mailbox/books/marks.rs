//! The marks of fill between which a mailbox says that producers should slow down.
//!
//! ```text
//!   high ─ ─ ─ ─ ─ ╱╲─ ─ ─ ─      risen at the high mark, fallen at the low one
//!   low  ─ ─ ─ ─ ╱─ ─ ╲─ ─ ─      and silent in between
//! ```
//!
//! **Price.** None while no producer has subscribed. While one has, and the mailbox is below its
//! high mark, messages take the long way in, because a push may reach the mark.

/// The marks, in slots, and which was passed last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    pub(crate) high: usize,
    pub(crate) low: usize,
    pub(in crate::mailbox) is_high: bool,
}

impl Marks {
    /// Marks at these numbers of slots; the low one is below the high one.
    pub(crate) fn new(high: usize, low: usize) -> Self {
        let high = high.max(1);
        Marks { high, low: low.min(high - 1), is_high: false }
    }

    /// Whether the fill passes the mark that was not passed last; notes it.
    #[inline]
    pub(in crate::mailbox) fn passes(&mut self, taken: usize) -> bool {
        let is_high = if self.is_high { taken > self.low } else { taken >= self.high };
        std::mem::replace(&mut self.is_high, is_high) != is_high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p11_a_mark_is_passed_once_until_the_other_one_is() {
        let mut marks = Marks::new(8, 5);
        let passed: Vec<_> = [7, 8, 9, 8, 6, 7, 5, 6, 7, 8].map(|taken| marks.passes(taken)).into();
        let edges: Vec<_> = passed.iter().enumerate().filter(|(_, edge)| **edge).map(|(at, _)| at).collect();
        assert_eq!(edges, [1, 6, 9]);
        let tiny = Marks::new(0, 9);
        assert_eq!((tiny.high, tiny.low), (1, 0));
    }
}
