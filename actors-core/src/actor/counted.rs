//! A cell that counts as referenced: the one place that adds to an actor's number of handles and takes from it (F6).

use super::Actor;
use super::cell::Cell;
use std::ops::Deref;
use std::sync::Arc;

/// A cell and one unit of its number of handles. The field is private to this module, and both constructors add the unit that
/// `Drop` takes away: no code elsewhere can drop a unit that was never added.
pub(super) struct Counted<A: Actor>(Arc<Cell<A>>);

impl<A: Actor> Counted<A> {
    /// Adds a handle.
    pub(super) fn add(cell: Arc<Cell<A>>) -> Self {
        cell.add_handle();
        Counted(cell)
    }

    /// Adds a handle, but only while another one exists.
    pub(super) fn try_add(cell: Arc<Cell<A>>) -> Option<Self> {
        // Lazily: a `Counted` that is made and dropped in vain would take a unit away.
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
