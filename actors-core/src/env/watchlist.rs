//! The mailboxes that a supervisor samples, and the task that does it (P1).
//!
//! ```text
//!   a message is queued in a supervised mailbox ── requests a sample ──► requests ──► the task's own list
//! ```
//!
//! This is the passive half: the list, and whether there is a task. What the task does with a mailbox is in `supervise`.

use crate::clock::Tick;
use crate::error::ActorName;
use crate::policy::{Controller, Pressure, Workers};
use crate::sync::Lock;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// What a supervisor remembers of an actor between two samples.
pub(crate) struct State {
    pub(crate) controller: Controller,
    /// The soft limit applies to its `block` types.
    pub(crate) has_soft_limit: bool,
}

impl State {
    pub(crate) fn new(pressure: Pressure, workers: Workers) -> Self {
        State { controller: Controller::new(pressure, workers), has_soft_limit: false }
    }
}

/// An actor, as far as a supervisor is concerned.
pub(crate) trait Subject: Send + Sync {
    /// The state in which decisions about it begin; `None` where there is nothing to decide.
    fn state(&self) -> Option<State>;

    /// Samples, decides and acts. Returns `false` when it is at rest: then it asks for a sample itself when one is due.
    fn sample(self: Arc<Self>, state: &mut State, now: Tick) -> bool;

    /// Restores what was declared.
    fn reset(self: Arc<Self>);

    /// No supervisor samples it any more: its next message asks for one.
    fn rearm(&self);

    /// The actor's name.
    fn name(&self) -> &ActorName;
}

/// Makes the task that samples the mailboxes of a list until it is dropped.
pub(crate) type SamplingTask = fn(Arc<SampleRequests>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The supervised mailboxes of a system.
pub(crate) struct Watchlist {
    requests: Arc<SampleRequests>,
    task: Lock<Task>,
    sampling: SamplingTask,
}

#[derive(Default)]
struct Task {
    handle: Option<AbortHandle>,
    /// None is to be started.
    is_banned: bool,
}

/// Mailboxes that asked for a sample since the task last took them; each is on one list only.
#[derive(Default)]
pub(crate) struct SampleRequests {
    subjects: Lock<Vec<Weak<dyn Subject>>>,
    added: Notify,
}

impl SampleRequests {
    pub(crate) fn take(&self) -> Vec<Weak<dyn Subject>> {
        std::mem::take(&mut *self.subjects.lock())
    }

    /// Waits until there is one.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }
}

impl Watchlist {
    pub(crate) fn new(sampling: SamplingTask) -> Self {
        Watchlist { requests: Arc::default(), task: Lock::default(), sampling }
    }

    /// Samples this mailbox until it is at rest. Starts the task if there is none, on the actor's runtime.
    pub(crate) fn add(&self, subject: Weak<dyn Subject>, rt: &runtime::Handle) {
        let mut task = self.task.lock();
        if task.is_banned {
            return;
        }
        self.requests.subjects.lock().push(subject);
        if task.handle.as_ref().is_none_or(AbortHandle::is_finished) {
            task.handle = Some(rt.spawn((self.sampling)(self.requests.clone())).abort_handle());
        }
        drop(task);
        self.requests.added.notify_one();
    }

    /// Returns whether mailboxes are sampled at all.
    pub(crate) fn is_active(&self) -> bool {
        !self.task.lock().is_banned
    }

    /// Ends the task, and starts no other.
    #[cfg(feature = "testing")]
    pub(crate) fn ban(&self) {
        let mut task = self.task.lock();
        task.is_banned = true;
        let handle = task.handle.take();
        drop(task);
        // Aborting may drop the task's list here, which restores what was declared: not under the lock.
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}

impl Drop for Watchlist {
    fn drop(&mut self) {
        let handle = self.task.lock().handle.take();
        if let Some(handle) = handle {
            handle.abort();
        }
    }
}
