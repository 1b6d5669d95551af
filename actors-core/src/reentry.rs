//! Refuses nested mailbox locks that could never be acquired.
//!
//! The `Eq` of a conflation key runs under its mailbox's lock (B6), and may use other mailboxes.
//! If such a use would deadlock, it panics instead, and the mailbox catches the panic. The check
//! costs nothing while the lock is free.
//!
//! ```text
//!   thread 1, in an `Eq` under A's lock, waits for B's
//!     ──► thread 2, in an `Eq` under B's lock, wants A's: refused
//! ```
//!
//! Only a thread inside an `Eq` holds one mailbox's lock while it waits for another. So every
//! deadlock is a chain of such threads that leads back to a lock which the waiting thread holds.
//! All of them are in [`WAITING`].

use crate::sync::{Lock, thread_local};
use std::cell::Cell;

/// The depth to which an `Eq` may run inside another `Eq`. Each level is another mailbox; no
/// sensible key needs more than one.
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

/// The threads that wait for a mailbox's lock inside an `Eq`: the locks they hold, and the one they
/// want. At most one entry per thread.
static WAITING: Lock<Vec<(Held, usize)>> = Lock::new(Vec::new());

/// Runs the user's `Eq` under the lock of a mailbox. `f` must not unwind.
pub(crate) fn guarded<R>(mailbox: usize, f: impl FnOnce() -> R) -> R {
    HELD.with(|held| {
        let before = held.replace(held.get().with(mailbox));
        let result = f();
        held.set(before);
        result
    })
}

/// Returns whether this thread is inside a key's `Eq`, under a mailbox's lock.
pub(crate) fn is_in_eq() -> bool {
    HELD.with(Cell::get).depth > 0
}

/// Runs `wait`, which waits for the lock of a mailbox.
///
/// # Panics
/// Inside a key's `Eq`, if the wait could never end.
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

/// Returns whether a thread that holds `held` and wants `mailbox` would wait for itself.
fn leads_back(waiting: &[(Held, usize)], held: Held, mailbox: usize) -> bool {
    let mut wanted = mailbox;
    // One thread holds each lock, so there is one chain, and it has at most one link per thread.
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
