//! Whether a sender may run a turn here: only in a task that a worker of the actor's own
//! multi-thread runtime polls (S6).
//!
//! A handler may do what such a task may do: `block_in_place`, which panics on a current-thread
//! runtime and in a `LocalSet` on a blocking thread, and `spawn`, which must reach the actor's own
//! runtime. Nothing is inferred from the name of a thread: tokio gives its workers and its blocking
//! threads the same one.
//!
//! | condition | rules out |
//! |---|---|
//! | [`task::try_id`] is known | `block_on`, plain threads, blocking threads |
//! | [`runtime::worker_index`] is known | a `LocalSet` on a blocking thread, the closure of a `block_in_place` |
//! | the current handle is that of the actor's runtime | every other runtime, nested ones too |
//! | index > 0, or an actor's task was polled here as worker 0 | a current-thread runtime under `Handle::enter` |
//!
//! The last row is needed because a current-thread runtime calls itself worker 0 too, and
//! `Handle::enter` replaces the current handle. A worker 0 is therefore not trusted before it has
//! polled an actor of its runtime: until then, sends queue.
//!
//! **What is left.** A thread that was worker 0, gave the worker away in a `block_in_place`, and
//! then drives a current-thread runtime inside which it has entered the handle of the first one,
//! still passes as worker 0.
//!
//! **Price.** `Handle::try_current` clones an `Arc` that all workers share. Its answer is kept per
//! thread for the two tasks that were seen last, recognised by id and waker: a runtime that is
//! nested in this task polls with a waker of its own. Two, because a turn that a sender begins is
//! polled with a waker of its actor's. The index is read only when the answer is not
//! kept: a thread that has given its worker away in a `block_in_place` of the same task still
//! allows the handler another one.

use std::cell::Cell;
use std::task::Waker;
use tokio::runtime::{self, RuntimeFlavor};
use tokio::task;

/// A task that is polled.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Polled {
    task: task::Id,
    /// Addresses of the waker's data and of its functions.
    waker: (usize, usize),
}

type Seen = Option<(Polled, runtime::Id)>;

thread_local! {
    /// The runtime of the task that was seen last, if a worker of that runtime polls it.
    static LAST: Cell<Seen> = const { Cell::new(None) };
    /// The same for the one before.
    static BEFORE: Cell<Seen> = const { Cell::new(None) };
    /// The runtime whose worker 0 this thread has been seen to be.
    static WORKER_0: Cell<Option<runtime::Id>> = const { Cell::new(None) };
}

/// Records that this thread polls a task of the multi-thread runtime `rt`. To be called only in a
/// poll of such a task.
#[inline]
pub(crate) fn note(rt: &runtime::Handle) {
    if runtime::worker_index() == Some(0) {
        WORKER_0.set(Some(rt.id()));
    }
}

/// Whether a turn of an actor on `rt` may be run here, in a poll with `waker`.
#[inline]
pub(crate) fn is_here(waker: &Waker, rt: &runtime::Handle) -> bool {
    let Some(task) = task::try_id() else { return false };
    let waker = (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr());
    let polled = Polled { task, waker };
    let known = match LAST.get() {
        Some((last, rt)) if last == polled => Some(rt),
        _ => find(polled),
    };
    known == Some(rt.id())
}

#[inline(never)]
fn find(polled: Polled) -> Option<runtime::Id> {
    let seen = BEFORE.replace(LAST.get());
    if let Some((before, rt)) = seen
        && before == polled
    {
        LAST.set(seen);
        return Some(rt);
    }
    let index = runtime::worker_index()?;
    let current = runtime::Handle::try_current().ok()?;
    let id = current.id();
    let is_worker =
        current.runtime_flavor() == RuntimeFlavor::MultiThread && (index > 0 || WORKER_0.get() == Some(id));
    // What is not known yet may be known the next time.
    LAST.set(is_worker.then_some((polled, id)));
    is_worker.then_some(id)
}
