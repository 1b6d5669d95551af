//! A counted reference to a cell. Only this file changes an actor's number of handles (F6).

use super::Actor;
use super::cell::Cell;
use std::ops::Deref;
use std::sync::Arc;

/// A reference to a cell that counts as one handle.
///
/// The field is private to this module, and both constructors add the handle that `Drop` removes.
/// So no code can remove a handle that was never added.
pub(super) struct Counted<A: Actor>(Arc<Cell<A>>);

impl<A: Actor> Counted<A> {
    /// Adds a handle.
    pub(super) fn add(cell: Arc<Cell<A>>) -> Self {
        cell.add_handle();
        Counted(cell)
    }

    /// Adds a handle if another one exists.
    pub(super) fn try_add(cell: Arc<Cell<A>>) -> Option<Self> {
        // Made only on success: dropping a `Counted` removes a handle.
        if cell.try_add_handle() { Some(Counted(cell)) } else { None }
    }
}

impl<A: Actor> Deref for Counted<A> {
    type Target = Arc<Cell<A>>;

    #[inline]
    fn deref(&self) -> &Arc<Cell<A>> {
        &self.0
    }
}

impl<A: Actor> Drop for Counted<A> {
    fn drop(&mut self) {
        self.0.drop_handle();
    }
}
