//! The mailboxes that the supervisor of a system samples, and the handle of its task (P1).
//!
//! ```text
//!   a message is queued in a supervised mailbox ──► SampleRequests ──► the task's own list
//! ```
//!
//! This is the passive half: it holds the requests, and starts the task. `supervise` defines what
//! the task does.

use crate::clock::Tick;
use crate::error::ActorName;
use crate::observe::LogLevels;
use crate::policy::{Controller, Limits, Pressure};
use crate::sync::Lock;
use crate::tasks;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// The supervisor's state of one actor, kept between two samples.
pub(crate) struct SubjectState {
    pub(crate) controller: Controller,
    /// What the controller knows of the actor's limits; they may change while it runs.
    pub(crate) limits: Limits,
    /// Whether the soft limit applies to its `block` types.
    pub(crate) has_soft_limit: bool,
}

impl SubjectState {
    pub(crate) fn new(pressure: Pressure, limits: Limits) -> Self {
        SubjectState { controller: Controller::new(pressure, limits.workers), limits, has_soft_limit: false }
    }
}

/// An actor as the supervisor sees it.
pub(crate) trait Subject: Send + Sync {
    /// Returns the state in which its supervision starts. `None` if there is nothing to decide.
    fn initial_state(&self) -> Option<SubjectState>;

    /// Samples the mailbox, decides, and acts.
    ///
    /// Returns `false` when the actor is at rest. Then its next message requests a sample.
    fn sample(self: Arc<Self>, state: &mut SubjectState, now: Tick) -> bool;

    /// Restores the declared policy.
    fn reset(self: Arc<Self>);

    /// Makes the actor's next message request a sample again, because no task samples it any more.
    fn rearm(&self);

    /// Returns the actor's name.
    fn name(&self) -> &ActorName;

    /// The levels of its system's log lines.
    fn log(&self) -> &LogLevels;
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
    /// No task may start.
    is_disabled: bool,
}

/// The mailboxes that have requested a sample since the task last took them. Each is on one list at
/// a time: this one or the task's.
#[derive(Default)]
pub(crate) struct SampleRequests {
    subjects: Lock<Vec<Weak<dyn Subject>>>,
    added: Notify,
}

impl SampleRequests {
    pub(crate) fn take(&self) -> Vec<Weak<dyn Subject>> {
        std::mem::take(&mut *self.subjects.lock())
    }

    /// Waits until a request arrives.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }
}

impl Watchlist {
    pub(crate) fn new(sampling: SamplingTask) -> Self {
        Watchlist { requests: Arc::default(), task: Lock::default(), sampling }
    }

    /// Requests samples of a mailbox until it is at rest. Starts the task on the actor's runtime if
    /// none runs.
    pub(crate) fn add(&self, subject: Weak<dyn Subject>, rt: &runtime::Handle) {
        let mut task = self.task.lock();
        if task.is_disabled {
            return;
        }
        self.requests.subjects.lock().push(subject);
        if task.handle.as_ref().is_none_or(AbortHandle::is_finished) {
            let sampling = (self.sampling)(self.requests.clone());
            task.handle = Some(tasks::spawn(rt, format_args!("actors: supervisor"), sampling).abort_handle());
        }
        drop(task);
        self.requests.added.notify_one();
    }

    /// Returns whether mailboxes are sampled at all.
    pub(crate) fn is_active(&self) -> bool {
        !self.task.lock().is_disabled
    }

    /// Ends the task for good.
    #[cfg(feature = "testing")]
    pub(crate) fn disable(&self) {
        let mut task = self.task.lock();
        task.is_disabled = true;
        let handle = task.handle.take();
        drop(task);
        // Aborting may drop the task's list here, which restores declared policies: not under the
        // lock.
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
