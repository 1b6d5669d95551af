//! Bounds the depth of drops that cause further drops.
//!
//! ```text
//!   runtime gone: an actor's state is dropped ─► the last handle in it closes the next actor ─► its state is dropped ─► …
//!   here:         level 1 ─► level 2 ─► … ─► level 8 ─┬─ queue ◄─ deeper drops
//!                                                     └─ runs them one after the other
//! ```
//!
//! A chain of actors, each holding the only handle of the next, would otherwise need stack space in
//! proportion to its length.
//!
//! **Invariant.** Each thread has at most [`DEPTH_MAX`] calls of [`bounded`] on its stack. The
//! queue is empty when the outermost call returns.

use crate::panics::ignored;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Levels that run in place. A chain of 300 actors overflowed a 2 MiB stack in a debug build, so
/// one level takes about 7 KB. Eight levels leave room for the caller, and most chains are shorter.
const DEPTH_MAX: u32 = 8;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Drops that the deepest level runs next. Each value was alive before it was queued, so the
    /// queue adds only its own boxes.
    static DEFERRED: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// Restores the depth when a level ends, also if its code panics.
struct Level(u32);

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(self.0);
    }
}

/// Runs a drop that may cause further drops through this function. Panics are caught.
///
/// It runs before this function returns, unless [`DEPTH_MAX`] levels are on this thread's stack.
/// Then the deepest level runs it next.
pub(crate) fn bounded(drops: impl FnOnce() + 'static) {
    let depth = DEPTH.get();
    if depth >= DEPTH_MAX {
        return defer(Box::new(drops));
    }
    let _level = Level(DEPTH.replace(depth + 1));
    ignored(drops);
    if depth + 1 == DEPTH_MAX {
        while let Some(next) = next() {
            ignored(next);
        }
    }
}

#[cold]
fn defer(drops: Box<dyn FnOnce()>) {
    let mut drops = Some(drops);
    let _ = DEFERRED.try_with(|deferred| deferred.borrow_mut().extend(drops.take()));
    // A thread that is ending has dropped its queue already.
    if let Some(drops) = drops {
        ignored(drops);
    }
}

fn next() -> Option<Box<dyn FnOnce()>> {
    DEFERRED.try_with(|deferred| deferred.borrow_mut().pop_front()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    /// Records the depth when it is dropped, then drops the next link.
    struct Link(u32, Rc<RefCell<Vec<(u32, u32)>>>);

    impl Drop for Link {
        fn drop(&mut self) {
            let Link(left, seen) = self;
            seen.borrow_mut().push((*left, DEPTH.get()));
            if *left > 0 {
                let next = Link(*left - 1, seen.clone());
                bounded(move || drop(next));
            }
            assert!(!left.is_multiple_of(3), "some of them panic");
        }
    }

    #[test]
    fn a_chain_of_drops_is_never_deeper_than_the_limit_and_leaves_nothing_behind() {
        let seen = Rc::default();
        let first = Link(10_000, Rc::clone(&seen));
        ignored(|| bounded(move || drop(first)));
        let seen = seen.borrow();
        assert!(seen.iter().map(|(left, _)| *left).eq((0..=10_000).rev()), "in order, each once");
        assert_eq!(seen.iter().map(|(_, depth)| *depth).max(), Some(DEPTH_MAX));
        assert!(next().is_none());
        assert_eq!(DEPTH.get(), 0);
    }
}
