//! Things that were used before, kept by the thread that used them: reply slots, and the room in which a claim lies. An ask then
//! allocates nothing, and an actor that is asleep keeps no room for messages that it does not have.
//!
//! A shelf per type, looked for by its `TypeId`: there are few, and those in use come first.

use crate::sync::thread_local;
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// Things of one type that a thread keeps: as many askers as a thread usually polls between two answers.
const THINGS_MAX: usize = 64;
/// Types of which a thread keeps things. A program with more of them in use allocates for the rest.
const TYPES_MAX: usize = 32;

type Shelf<T> = Vec<T>;

thread_local! {
    static SHELVES: RefCell<Vec<(TypeId, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

fn with<T: 'static, R>(may_add: bool, work: impl FnOnce(&mut Shelf<T>) -> R) -> Option<R> {
    // At the end of a thread there are no shelves any more.
    let found = SHELVES.try_with(|shelves| {
        let mut shelves = shelves.try_borrow_mut().ok()?;
        let id = TypeId::of::<T>();
        let at = match shelves.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None if !may_add || shelves.len() >= TYPES_MAX => return None,
            None => {
                shelves.push((id, Box::new(Shelf::<T>::new())));
                shelves.len() - 1
            }
        };
        if at > 0 {
            shelves.swap(at, at / 2);
        }
        shelves[at / 2].1.downcast_mut().map(work)
    });
    found.ok().flatten()
}

/// One that was given.
pub(crate) fn take<T: 'static>() -> Option<T> {
    with(false, |shelf: &mut Shelf<T>| shelf.pop()).flatten()
}

/// One that is as good as new. Its `Drop` must not use a shelf.
pub(crate) fn give<T: 'static>(thing: T) {
    with(true, |shelf: &mut Shelf<T>| {
        if shelf.len() < THINGS_MAX {
            shelf.push(thing);
        }
    });
}
