//! Looking at mailboxes under load, and nothing else (P1).
//!
//! ```text
//!   a message is queued in a supervised mailbox ── rings ──► on the list ── a look every 10 ms ──► at rest: off the list
//! ```
//!
//! One task a system looks at all mailboxes on its list, one after the other. It is never on a message's way: it takes a mailbox's
//! lock for the time of a reading, and writes the few numbers that senders compare. While the list is empty it sleeps
//! without a timer. If it should end, by a panic of ours or with its runtime, everything it has moved goes back to where it was
//! declared (P6), and the next mailbox that rings finds a new one.

use super::act::{State, Subject};
use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock;
use crate::panics::{caught, ignored};
use crate::sync::Lock;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// How often a mailbox on the list is looked at. A look takes a mailbox's lock for less than a microsecond; a hundred a second let a
/// threshold settle in half a second (DAGOR's own windows are of a second or 2000 requests, for a network of services).
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Who looks at a system's mailboxes.
#[derive(Default)]
pub(crate) struct Supervisor {
    shared: Arc<Shared>,
    task: Lock<Task>,
}

#[derive(Default)]
struct Task {
    handle: Option<AbortHandle>,
    /// Killed by a test: there is to be no other.
    is_banned: bool,
}

#[derive(Default)]
struct Shared {
    /// Those that have rung since the task looked. Each rings once until it is armed again, so they are as many as actors.
    rung: Lock<Vec<Weak<dyn Subject>>>,
    news: Notify,
}

impl Supervisor {
    /// A mailbox has rung.
    pub(crate) fn watch<A: Actor>(&self, cell: &Arc<Cell<A>>) {
        let subject: Weak<Cell<A>> = Arc::downgrade(cell);
        let mut task = self.task.lock();
        if task.is_banned {
            return;
        }
        self.shared.rung.lock().push(subject);
        if task.handle.as_ref().is_none_or(AbortHandle::is_finished) {
            task.handle = Some(cell.rt.spawn(look(self.shared.clone())).abort_handle());
        }
        drop(task);
        self.shared.news.notify_one();
    }

    /// Whether a mailbox that rings is heard.
    pub(crate) fn is_there(&self) -> bool {
        !self.task.lock().is_banned
    }

    /// Ends the task for good, as a test of what is left without it.
    #[cfg(feature = "testing")]
    pub(crate) fn ban(&self) {
        let mut task = self.task.lock();
        task.is_banned = true;
        let handle = task.handle.take();
        drop(task);
        // Aborting may drop the task's list here, which puts back what was moved: not under the lock.
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let handle = self.task.lock().handle.take();
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}

/// A mailbox on the list.
struct Watched {
    subject: Weak<dyn Subject>,
    state: State,
}

impl Drop for Watched {
    /// Whatever was moved goes back (P6).
    fn drop(&mut self) {
        if let Some(subject) = self.subject.upgrade() {
            ignored(|| subject.let_be());
        }
    }
}

async fn look(shared: Arc<Shared>) {
    let mut list: Vec<Watched> = Vec::new();
    loop {
        let rung = std::mem::take(&mut *shared.rung.lock());
        for subject in rung {
            if let Some(state) = subject.upgrade().and_then(|subject| subject.state()) {
                list.push(Watched { subject, state });
            }
        }
        if list.is_empty() {
            shared.news.notified().await;
            continue;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let now = clock::now();
        list.retain_mut(|watched| {
            let Some(subject) = watched.subject.upgrade() else { return false };
            // A defect of ours in one actor's decisions is to cost that actor its supervisor, and nobody else.
            caught(|| subject.look(&mut watched.state, now)).unwrap_or(false)
        });
        if list.is_empty() {
            list.shrink_to_fit();
        }
    }
}
