//! A key's `Eq` runs under its mailbox's lock (B6). It may use other mailboxes; where that could never end it is refused, by a
//! panic that the mailbox catches. The check costs nothing while the lock is free.
//!
//! ```text
//!   thread 1, in an `Eq` under A's lock, waits for B's ──► thread 2, in an `Eq` under B's lock, wants A's: refused
//! ```
//!
//! Only a thread in an `Eq` holds a mailbox's lock while it waits for another one. So a wait that cannot end leads along such
//! threads back to a lock that the waiting thread holds itself; all of them are in [`WAITING`].

use crate::sync::{Lock, thread_local};
use std::cell::Cell;

/// How deep an `Eq` may run inside an `Eq`: each level is another mailbox. Deeper ones are refused; they have no use.
const DEPTH_MAX: usize = 4;

/// The mailboxes under whose locks this thread runs an `Eq`, by address.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    mailboxes: [usize; DEPTH_MAX],
    depth: usize,
}

impl Held {
    const NONE: Held = Held { mailboxes: [0; DEPTH_MAX], depth: 0 };

    fn has(&self, mailbox: usize) -> bool {
        self.mailboxes[..self.depth.min(DEPTH_MAX)].contains(&mailbox)
    }

    fn with(mut self, mailbox: usize) -> Held {
        if let Some(place) = self.mailboxes.get_mut(self.depth) {
            *place = mailbox;
        }
        self.depth += 1;
        self
    }
}

thread_local! {
    static HELD: Cell<Held> = const { Cell::new(Held::NONE) };
}

/// Threads that wait for a mailbox's lock in an `Eq`: what they hold, and what they want. As many as threads, at most.
static WAITING: Lock<Vec<(Held, usize)>> = Lock::new(Vec::new());

/// Runs user code under the lock of a mailbox. `f` must not unwind.
pub(crate) fn guarded<R>(mailbox: usize, f: impl FnOnce() -> R) -> R {
    HELD.with(|held| {
        let before = held.replace(held.get().with(mailbox));
        let result = f();
        held.set(before);
        result
    })
}

/// Whether this thread runs a key's `Eq`, under a mailbox's lock.
pub(crate) fn is_in_eq() -> bool {
    HELD.with(Cell::get).depth > 0
}

/// Runs `wait`, which waits for the lock of a mailbox.
///
/// # Panics
/// Inside a key's `Eq`, where the wait could not end.
pub(crate) fn wait_for<R>(mailbox: usize, wait: impl FnOnce() -> R) -> R {
    let held = HELD.with(Cell::get);
    if held.depth == 0 {
        return wait();
    }
    let is_allowed = {
        let mut waiting = WAITING.lock();
        let is_allowed = held.depth <= DEPTH_MAX && !leads_back(&waiting, held, mailbox);
        if is_allowed {
            waiting.push((held, mailbox));
        }
        is_allowed
    };
    assert!(
        is_allowed,
        "the `Eq` of a conflation key must not use its own mailbox, which is locked while it runs, nor one that waits for it"
    );
    let result = wait();
    let mut waiting = WAITING.lock();
    if let Some(at) = waiting.iter().position(|entry| *entry == (held, mailbox)) {
        waiting.swap_remove(at);
    }
    result
}

/// Whether a thread that holds `held` and wants `mailbox` would wait for itself.
fn leads_back(waiting: &[(Held, usize)], held: Held, mailbox: usize) -> bool {
    let mut wanted = mailbox;
    // Of each mailbox one thread has the lock, so there is one way, which is no longer than there are threads.
    for _ in 0..=waiting.len() {
        if held.has(wanted) {
            return true;
        }
        match waiting.iter().find(|(others, _)| others.has(wanted)) {
            Some((_, next)) => wanted = *next,
            None => return false,
        }
    }
    false
}
