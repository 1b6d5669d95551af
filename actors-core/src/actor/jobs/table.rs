//! Which jobs an actor has, and what is counted where one cannot deliver.

use super::{AnyJob, Instance, Job};
use crate::actor::cell::Cell;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::clock::{self, Tick};
use crate::error::{Reason, StopReason};
use crate::mailbox::ClassId;
use crate::observe::trace;
use crate::panics::caught;
use crate::sync::Lock;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use tokio::task::AbortHandle;

/// Owner, and serial number. 0 is the actor, any other owner an instance's id: the jobs of one are
/// a range.
type Key = (usize, u64);

/// The jobs of one actor, oldest first by owner.
#[derive(Default)]
pub(crate) struct Table {
    running: BTreeMap<Key, Arc<dyn AnyJob>>,
    started: u64,
}

/// With whom a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Actor,
    Instance,
}

/// What a job has yet to deliver.
#[derive(Debug)]
pub(crate) enum Pending<M> {
    /// This message.
    Message(M),
    /// One message that is yet to be made.
    Promised,
    /// Ticks; one that is not sent is not missed.
    Ticks,
    /// It is offered to the mailbox, which counts it from now on.
    Sending,
    Over,
}

/// One job's state.
pub(crate) struct State<A: Actor, M> {
    cell: Weak<Cell<A>>,
    /// What it was started by, for the log.
    verb: &'static str,
    /// Who started it, where its code may panic.
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

    /// Counts and reports what will never be delivered, if that is still to be done. `promised` is the
    /// reason for a message that was not made yet.
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

    /// A message that was never offered is lost.
    fn count(&self, reason: Reason, text: impl FnOnce() -> Option<String>) {
        let Some(cell) = self.cell.upgrade() else { return };
        cell.mailbox.offer_lost(ClassId::new(A::CLASS), reason);
        cell.report(A::CLASS, self.since, reason, text);
    }

    /// Drops a message. Its `Drop` is user code: a panic in it is logged and harms nothing else, as
    /// everywhere (F3).
    fn discard<T>(&self, value: T) {
        if let Err(text) = caught(|| drop(value)) {
            self.log(&text);
        }
    }

    fn log(&self, text: &str) {
        if let Some(cell) = self.cell.upgrade() {
            trace::job_panicked(&cell.name, self.verb, M::NAME, text);
        }
    }

    /// Its code has panicked: the instance that started it fails, if it is still there.
    fn fail(&self, text: &str) {
        self.log(text);
        if let (Some(instance), Some(cell)) = (&self.instance, self.cell.upgrade()) {
            instance.fail(&cell, &format!("`{}` of `{}` panicked: {text}", self.verb, M::NAME));
        }
    }
}

impl<A: Handler<M>, M: Message> AnyJob for State<A, M> {
    fn cut(&self, promised: Reason) {
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

/// A job's place in the table, held by its task. Dropped in whatever way the task ends: a job whose
/// task the runtime has dropped has lost what it was to deliver.
pub(crate) struct Lease<A: Handler<M>, M: Message> {
    state: Arc<State<A, M>>,
    key: Key,
}

impl<A: Handler<M>, M: Message> Lease<A, M> {
    /// Starts the task. The runtime may be gone: then the task is dropped at once.
    pub(crate) fn spawn<F>(self, work: impl FnOnce(Self) -> F) -> Job
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let state = self.state.clone();
        if let Some(cell) = state.cell.upgrade() {
            let _ = state.task.set(cell.rt.spawn(work(self)).abort_handle());
        }
        if matches!(*state.pending.lock(), Pending::Over) {
            // It was cut before there was a task to abort.
            state.abort();
        }
        Job { job: state }
    }

    /// The message, to be sent now; `None` where the job is over.
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

    /// Whether the message that was promised is to be sent now.
    pub(crate) fn redeem(&self) -> bool {
        let mut pending = self.state.pending.lock();
        let is_promised = matches!(*pending, Pending::Promised);
        if is_promised {
            *pending = Pending::Sending;
        }
        is_promised
    }

    /// A message that is not to be sent any more.
    pub(crate) fn discard<T>(&self, value: T) {
        self.state.discard(value);
    }

    /// The message could not even be offered.
    pub(crate) fn lose_message(&self, message: M) {
        self.state.lose_message(message);
    }

    /// The mailbox has refused the message, and counted it. There is no caller who has it back, so
    /// it has a dead letter.
    pub(crate) fn refused(&self, message: M, reason: Reason) {
        if let Some(cell) = self.state.cell.upgrade() {
            cell.report(A::CLASS, self.state.since, reason, || message.describe());
        }
        self.state.discard(message);
    }

    /// The job's code has panicked, and no message comes of it.
    pub(crate) fn panicked(&self, text: String) {
        self.state.fail(&text);
        if !matches!(self.state.replace(Pending::Over), Pending::Over) {
            self.state.count(Reason::Panicked, || Some(text));
        }
    }

    /// Something of the user's that the job holds.
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

/// A value of the user's inside a job. Whenever it is dropped, a panic in its `Drop` is caught, and
/// counts as a panic of the job.
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
    /// How many jobs are under way.
    pub(crate) fn jobs_running(&self) -> usize {
        self.jobs.get().map_or(0, |table| table.lock().running.len())
    }

    /// A place for one more job.
    ///
    /// # Errors
    /// What it was to deliver, with the reason: there are as many as there may be, or the actor has
    /// ended.
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
        // Either this sees that the actor has ended, or `end_jobs` sees the job.
        fence(Ordering::SeqCst);
        if self.mailbox.is_killed() {
            self.remove_job(key);
            match state.replace(Pending::Over) {
                // Counted as lost already.
                Pending::Over => {}
                pending => return Err((pending, Reason::Closed)),
            }
        }
        Ok(Lease { state, key })
    }

    fn remove_job(&self, key: Key) {
        // What is removed is dropped once the lock is free.
        let _left = self.jobs.get().and_then(|table| table.lock().running.remove(&key));
    }

    /// An instance has ended: so do its own jobs. Their places are free at once, for the next
    /// instance's.
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
        later.values().for_each(|job| job.cut(Reason::Closed));
        later.clear();
    }

    /// The actor has ended, and its mailbox takes nothing any more: what its jobs still had to
    /// deliver is counted and reported.
    ///
    /// A stop withdraws what pipes and watches have not made yet: no message is lost that exists.
    pub(crate) fn end_jobs(&self, why: StopReason) {
        fence(Ordering::SeqCst);
        let Some(table) = self.jobs.get() else { return };
        let all = std::mem::take(&mut table.lock().running);
        let promised = match why {
            StopReason::Stopped | StopReason::Unreferenced => Reason::Cancelled,
            _ => Reason::Closed,
        };
        all.values().for_each(|job| job.cut(promised));
    }
}
