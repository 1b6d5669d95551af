//! Slots that were used before, kept by the thread that used them: an ask then allocates nothing.

use super::Slot;
use crate::sync::{Arc, thread_local};
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// Slots of one type that a thread keeps: as many askers as a thread usually polls between two answers.
const SLOTS_MAX: usize = 64;
/// Types of answers of which a thread keeps slots; looked through one by one.
const TYPES_MAX: usize = 16;

type Shelf<R> = Vec<Arc<Slot<R>>>;

thread_local! {
    /// One shelf per type of answer.
    static SHELVES: RefCell<Vec<(TypeId, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

fn with<R: Send + 'static, T>(may_add: bool, work: impl FnOnce(&mut Shelf<R>) -> T) -> Option<T> {
    // At the end of a thread there are no shelves any more.
    let found = SHELVES.try_with(|shelves| {
        let mut shelves = shelves.try_borrow_mut().ok()?;
        let id = TypeId::of::<R>();
        if !shelves.iter().any(|(known, _)| *known == id) {
            if !may_add || shelves.len() >= TYPES_MAX {
                return None;
            }
            shelves.push((id, Box::new(Shelf::<R>::new())));
        }
        let (_, shelf) = shelves.iter_mut().find(|(known, _)| *known == id)?;
        shelf.downcast_mut().map(work)
    });
    found.ok().flatten()
}

pub(super) fn take<R: Send + 'static>() -> Option<Arc<Slot<R>>> {
    with(false, |shelf: &mut Shelf<R>| shelf.pop()).flatten()
}

/// An empty slot that nobody else has.
pub(super) fn give<R: Send + 'static>(slot: Arc<Slot<R>>) {
    with(true, |shelf: &mut Shelf<R>| {
        if shelf.len() < SLOTS_MAX {
            shelf.push(slot);
        }
    });
}
