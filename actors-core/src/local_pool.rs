//! A pool of used allocations per thread: reply slots, and the buffers of claims.
//!
//! An ask then allocates nothing, and an idle actor keeps no buffer for messages it does not have.
//!
//! A thread has one free list per type, found by `TypeId` with a linear search. There are few
//! types, and a hit moves its list towards the front, so the search is short.
//!
//! **Invariant.** A thread keeps at most [`TYPES_MAX`] × [`VALUES_MAX`] values.

use crate::sync::thread_local;
use std::any::{Any, TypeId};
use std::cell::RefCell;

/// Values of one type that a thread keeps. More asks than this rarely complete on one thread before
/// the next ones start.
const VALUES_MAX: usize = 64;
/// Types of which a thread keeps values. A program that uses more allocates for the rest.
const TYPES_MAX: usize = 32;

type FreeList<T> = Vec<T>;

thread_local! {
    static POOL: RefCell<Vec<(TypeId, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

fn with<T: 'static, R>(may_add: bool, work: impl FnOnce(&mut FreeList<T>) -> R) -> Option<R> {
    // While a thread ends, its pool is gone before the last values are dropped.
    let found = POOL.try_with(|pool| {
        let mut pool = pool.try_borrow_mut().ok()?;
        let id = TypeId::of::<T>();
        let at = match pool.iter().position(|(known, _)| *known == id) {
            Some(at) => at,
            None if !may_add || pool.len() >= TYPES_MAX => return None,
            None => {
                pool.push((id, Box::new(FreeList::<T>::new())));
                pool.len() - 1
            }
        };
        if at > 0 {
            pool.swap(at, at / 2);
        }
        pool[at / 2].1.downcast_mut().map(work)
    });
    found.ok().flatten()
}

/// Takes a value that [`give`] kept on this thread.
pub(crate) fn take<T: 'static>() -> Option<T> {
    with(false, |free: &mut FreeList<T>| free.pop()).flatten()
}

/// Keeps a value for the next [`take`] on this thread, or drops it if the pool is full.
///
/// The value must be reset. Its `Drop` must not use the pool.
pub(crate) fn give<T: 'static>(value: T) {
    with(true, |free: &mut FreeList<T>| {
        if free.len() < VALUES_MAX {
            free.push(value);
        }
    });
}
