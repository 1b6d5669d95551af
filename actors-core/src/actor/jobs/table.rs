//! The table of an actor's jobs, and the accounting of messages that a job cannot deliver.

use super::{AnyJob, Instance, Job};
use crate::actor::cell::Cell;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::clock::{self, Tick};
use crate::error::{Reason, StopReason};
use crate::mailbox::ClassId;
use crate::observe::{span, trace};
use crate::panics::caught;
use crate::sync::Lock;
use crate::tasks;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use tokio::task::AbortHandle;

/// Owner and serial number, so that the jobs of one owner are a range. Owner 0 is the actor, any
/// other owner an instance's id.
type Key = (usize, u64);

/// The jobs of one actor, grouped by owner, the oldest first.
#[derive(Default)]
pub(crate) struct Table {
    running: BTreeMap<Key, Arc<dyn AnyJob>>,
    started: u64,
}

/// The owner with which a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Actor,
    Instance,
}

/// The messages that a job still has to deliver.
#[derive(Debug)]
pub(crate) enum Pending<M> {
    /// This message.
    Message(M),
    /// One message that is not made yet.
    Promised,
    /// Ticks. One that is not sent does not count as lost.
    Ticks,
    /// Its message is offered to the mailbox, which counts it from now on.
    Sending,
    /// Nothing.
    Over,
}

/// One job's state.
pub(crate) struct State<A: Actor, M> {
    cell: Weak<Cell<A>>,
    /// The method that started it, for the log.
    verb: &'static str,
    /// The instance that fails if the job's code panics.
    instance: Option<Arc<Instance>>,
    since: Tick,
    pending: Lock<Pending<M>>,
    task: OnceLock<AbortHandle>,
}

impl<A: Handler<M>, M: Message> State<A, M> {
    fn replace(&self, next: Pending<M>) -> Pending<M> {
        std::mem::replace(&mut *self.pending.lock(), next)
    }

    fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Counts and reports what will never be delivered. Returns `false` if there is nothing to
    /// count: the mailbox has it, or the job is over. `promised` is the reason for a message that
    /// was not made yet.
    fn lose(&self, promised: Reason) -> bool {
        let taken = {
            let mut pending = self.pending.lock();
            match *pending {
                Pending::Sending | Pending::Over => return false,
                _ => std::mem::replace(&mut *pending, Pending::Over),
            }
        };
        match taken {
            Pending::Message(message) => self.lose_message(message),
            Pending::Promised => self.count(promised, || None),
            Pending::Ticks | Pending::Sending | Pending::Over => {}
        }
        true
    }

    fn lose_message(&self, message: M) {
        self.count(Reason::Closed, || message.describe());
        self.discard(message);
    }

    /// Counts and reports the loss of a message that was never offered.
    fn count(&self, reason: Reason, text: impl FnOnce() -> Option<String>) {
        let Some(cell) = self.cell.upgrade() else { return };
        cell.mailbox.offer_lost(ClassId::new(A::CLASS), reason);
        cell.report(ClassId::new(A::CLASS), self.since, reason, text);
    }

    /// Drops a value of the user's. A panic in its `Drop` is logged, and affects nothing else (F3).
    fn discard<T>(&self, value: T) {
        if let Err(text) = caught(|| drop(value)) {
            self.log(&text);
        }
    }

    fn log(&self, text: &str) {
        if let Some(cell) = self.cell.upgrade() {
            trace::job_panicked(cell.system.log(), cell.name(), self.verb, M::NAME, text);
        }
    }

    /// Logs a panic of the job's code, and fails the instance that started it if it is still alive.
    fn fail(&self, text: &str) {
        self.log(text);
        if let (Some(instance), Some(cell)) = (&self.instance, self.cell.upgrade()) {
            instance.fail(&cell, &format!("`{}` of `{}` panicked: {text}", self.verb, M::NAME));
        }
    }
}

impl<A: Handler<M>, M: Message> AnyJob for State<A, M> {
    fn end(&self, promised: Reason) {
        if self.lose(promised) {
            self.abort();
        }
    }

    fn cancel(&self) {
        if let Pending::Message(message) = self.replace(Pending::Over) {
            self.discard(message);
        }
        self.abort();
    }

    fn is_finished(&self) -> bool {
        self.task.get().is_none_or(AbortHandle::is_finished)
    }
}

/// A job's entry in the table, held by its task.
///
/// Dropped however the task ends. If the runtime drops the task, the message that it had to deliver
/// is lost, and counted as such.
pub(crate) struct Lease<A: Handler<M>, M: Message> {
    state: Arc<State<A, M>>,
    key: Key,
}

impl<A: Handler<M>, M: Message> Lease<A, M> {
    /// Starts the task. If the runtime has ended, it drops the task at once.
    pub(crate) fn spawn<F>(self, work: impl FnOnce(Self) -> F) -> Job
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let state = self.state.clone();
        if let Some(cell) = state.cell.upgrade() {
            let name = format_args!("{}: {}", cell.name(), state.verb);
            let _ = state.task.set(tasks::spawn(&cell.rt, name, work(self)).abort_handle());
        }
        if matches!(*state.pending.lock(), Pending::Over) {
            // The job ended before it had a task to abort.
            state.abort();
        }
        Job { job: state }
    }

    /// Like [`spawn`](Lease::spawn), for a job that sends once: it runs in the span of the turn
    /// that starts it, and its message follows from that (L7). A job that sends for ever would keep
    /// the span open for ever.
    pub(crate) fn spawn_within<F>(self, work: impl FnOnce(Self) -> F) -> Job
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let origin = self.state.cell.upgrade().and_then(|cell| cell.origin());
        self.spawn(|lease| span::within(origin, work(lease)))
    }

    /// Takes the message, to be sent now. `None` if the job is over.
    pub(crate) fn take_message(&self) -> Option<M> {
        let mut pending = self.state.pending.lock();
        match std::mem::replace(&mut *pending, Pending::Sending) {
            Pending::Message(message) => Some(message),
            other => {
                *pending = other;
                None
            }
        }
    }

    /// Takes the promise of a message, to be made and sent now. Returns `false` if the job is over.
    pub(crate) fn take_promise(&self) -> bool {
        let mut pending = self.state.pending.lock();
        let is_promised = matches!(*pending, Pending::Promised);
        if is_promised {
            *pending = Pending::Sending;
        }
        is_promised
    }

    /// Drops a message that will not be sent.
    pub(crate) fn discard<T>(&self, value: T) {
        self.state.discard(value);
    }

    /// Counts and reports a message that could not be offered.
    pub(crate) fn lose_message(&self, message: M) {
        self.state.lose_message(message);
    }

    /// Reports a message that the mailbox has refused and counted. No caller gets it back, so it
    /// gets a dead letter.
    pub(crate) fn refused(&self, message: M, reason: Reason) {
        if let Some(cell) = self.state.cell.upgrade() {
            cell.report(ClassId::new(A::CLASS), self.state.since, reason, || message.describe());
        }
        self.state.discard(message);
    }

    /// Fails the job's instance, because its code has panicked, and counts the message that it will
    /// not make.
    pub(crate) fn panicked(&self, text: String) {
        self.state.fail(&text);
        if !matches!(self.state.replace(Pending::Over), Pending::Over) {
            self.state.count(Reason::Panicked, || Some(text));
        }
    }

    /// Guards a value of the user's that the job holds.
    pub(crate) fn guard<T>(&self, value: T) -> Guarded<T, A, M> {
        Guarded { value: Some(value), state: self.state.clone() }
    }
}

impl<A: Handler<M>, M: Message> Drop for Lease<A, M> {
    fn drop(&mut self) {
        if let Some(cell) = self.state.cell.upgrade() {
            cell.remove_job(self.key);
        }
        self.state.lose(Reason::Closed);
    }
}

/// A value of the user's inside a job. A panic in its `Drop` is caught, and counts as a panic of
/// the job.
pub(crate) struct Guarded<T, A: Handler<M>, M: Message> {
    value: Option<T>,
    state: Arc<State<A, M>>,
}

impl<T, A: Handler<M>, M: Message> Guarded<T, A, M> {
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

impl<T, A: Handler<M>, M: Message> Drop for Guarded<T, A, M> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        if let Err(text) = caught(|| drop(value)) {
            self.state.fail(&text);
        }
    }
}

impl<A: Actor> Cell<A> {
    /// Returns the number of running jobs.
    pub(crate) fn jobs_running(&self) -> usize {
        self.jobs.get().map_or(0, |table| table.lock().running.len())
    }

    /// Adds a job to the table.
    ///
    /// # Errors
    /// What it was to deliver, with the reason: the table is full, or the actor has ended.
    pub(crate) fn add_job<M: Message>(
        self: &Arc<Self>,
        verb: &'static str,
        owner: Owner,
        instance: Option<Arc<Instance>>,
        pending: Pending<M>,
    ) -> Result<Lease<A, M>, (Pending<M>, Reason)>
    where
        A: Handler<M>,
    {
        let owner = match (owner, &instance) {
            (Owner::Instance, Some(instance)) => instance.id(),
            _ => 0,
        };
        let table = self.jobs.get_or_init(Box::default);
        let state = State {
            cell: Arc::downgrade(self),
            verb,
            instance,
            since: clock::now(),
            pending: Lock::new(pending),
            task: OnceLock::new(),
        };
        let state = Arc::new(state);
        let key = {
            let mut table = table.lock();
            if table.running.len() >= self.mailbox.limits().jobs() {
                drop(table);
                return Err((state.replace(Pending::Over), Reason::TooManyJobs));
            }
            table.started += 1;
            let key = (owner, table.started);
            table.running.insert(key, state.clone());
            key
        };
        // With the fence in `end_jobs`: this sees that the actor has ended, or `end_jobs` sees the
        // job.
        fence(Ordering::SeqCst);
        if self.mailbox.is_killed() {
            self.remove_job(key);
            match state.replace(Pending::Over) {
                // `end_jobs` has counted it as lost.
                Pending::Over => {}
                pending => return Err((pending, Reason::Closed)),
            }
        }
        Ok(Lease { state, key })
    }

    fn remove_job(&self, key: Key) {
        // The removed jobs are dropped after the lock is released.
        let _left = self.jobs.get().and_then(|table| table.lock().running.remove(&key));
    }

    /// Ends the jobs of an instance that has ended. Their entries are free at once, for the next
    /// instance.
    pub(crate) fn end_jobs_of(&self, instance: &Instance) {
        let Some(table) = self.jobs.get() else { return };
        let id = instance.id();
        let mut later = {
            let mut table = table.lock();
            let mut own = table.running.split_off(&(id, 0));
            let mut others = own.split_off(&(id, u64::MAX));
            table.running.append(&mut others);
            own
        };
        later.values().for_each(|job| job.end(Reason::Closed));
        later.clear();
    }

    /// Ends all jobs, because the actor has ended: counts and reports what they still had to
    /// deliver.
    ///
    /// A stop cancels the messages that pipes and watches have not made yet: no existing message is
    /// lost.
    pub(crate) fn end_jobs(&self, why: StopReason) {
        fence(Ordering::SeqCst);
        let Some(table) = self.jobs.get() else { return };
        let all = std::mem::take(&mut table.lock().running);
        let promised = match why {
            StopReason::Stopped | StopReason::Unreferenced => Reason::Cancelled,
            _ => Reason::Closed,
        };
        all.values().for_each(|job| job.end(promised));
    }
}
