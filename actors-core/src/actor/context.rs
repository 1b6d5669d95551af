//! What a handler can reach beside its own state.

use super::cell::Cell;
use super::handle::{Handle, WeakHandle};
use super::jobs::{self, Instance, Job, Lease, Owner, Pending};
use super::message::Message;
use super::{Actor, Handler, Typed, TypedHandle};
use crate::clock::{self, Span, Tick};
use crate::error::{About, ActorName, AskError, Reason, SendError, StopReason};
use crate::observe::Reading;
use crate::reply::OpenReply;
use crate::spawn::{Makes, SpawnBuilder};
use crate::supervise::Family;
use crate::system::System;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Context as TaskContext;
use std::time::Duration;

/// The actor's surroundings during a turn.
///
/// # Timers, pipes and watches
/// They are the actor's *jobs*: tasks that bring a message to its own mailbox, under the message's
/// own policy. At most `jobs` of them may be under way at a time, 1,024 unless the actor declares
/// otherwise.
///
/// | started by | belongs to | keeps the actor alive | a message that cannot be delivered |
/// |---|---|---|---|
/// | [`send_after`](Context::send_after) | the actor | until it is sent | `undelivered`, dead letter `closed` |
/// | [`pipe`](Context::pipe), [`watch`](Context::watch) | the actor | no | the same, but see below |
/// | [`send_every`](Context::send_every) | this instance | no | a missed tick is not made up for |
///
/// What belongs to the actor survives a restart and the retirement of a worker, because the mailbox
/// does; it ends when the actor does. A stop, and the drop of the last handle, cancel pipes and
/// watches that are still pending: the message was not made yet, so nothing is lost, and it counts
/// `cancelled`, with a dead letter. A kill or a failure loses it: `undelivered`. What belongs to the instance ends with it: its successor's
/// `#[started]` starts its own.
///
/// A message that the mailbox refuses has no caller to be told: it has a dead letter with the
/// reason of the refusal, as well as its place in the ledger.
///
/// A panic in a job's own code (the future of a pipe, its continuation or a watch's, the `Clone` of
/// a periodic message, the `Drop` of any of these) is logged, and the instance that started the job
/// fails as if the panic had happened in a turn, but between two turns: its
/// [`Restart`](crate::Restart) decides what follows. `#[stopped]` runs, because the panic did not
/// go through its state. A message that was never made because of it counts `panicked`, with a dead
/// letter. Where that instance is gone, nothing fails. A panic in a message's own `Drop` is logged.
pub struct Context<A: Actor> {
    cell: Arc<Cell<A>>,
    /// Which of several workers this is.
    worker: u32,
    stops_itself: bool,
    deadline: Tick,
    /// In a donated turn: what its asker gives it. A deadline is made of it when one is asked for first, and kept in `until`.
    timeout: Span,
    until: OnceLock<Tick>,
    /// What outlives its turns; made with the first job that needs it, or the first reply that is
    /// owed in a pool.
    instance: Option<Arc<Instance>>,
    /// Made with the first child.
    family: Option<Arc<Family>>,
}

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("actor", &self.cell.name).finish_non_exhaustive()
    }
}

impl<A: Actor> Drop for Context<A> {
    fn drop(&mut self) {
        // Mostly they have ended. Not where the runtime has, or where the seat was lent when the actor came to its end.
        if let Some(family) = &self.family {
            family.kill();
        }
        if let Some(instance) = &self.instance {
            instance.end();
            self.cell.end_jobs_of(instance);
        }
    }
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>, worker: u32) -> Self {
        Context {
            cell,
            worker,
            stops_itself: false,
            deadline: Tick::NEVER,
            timeout: Span::NONE,
            until: OnceLock::new(),
            instance: None,
            family: None,
        }
    }

    /// Its children, if it ever had any.
    pub(crate) fn family(&self) -> Option<&Arc<Family>> {
        self.family.as_ref()
    }

    /// Which of several workers this is.
    pub(crate) fn worker(&self) -> u32 {
        self.worker
    }

    pub(crate) fn cell(&self) -> &Arc<Cell<A>> {
        &self.cell
    }

    #[inline]
    pub(crate) fn begin_turn(&mut self, deadline: Tick) {
        self.deadline = deadline;
        self.timeout = Span::NONE;
    }

    pub(crate) fn begin_donated(&mut self, deadline: Tick, timeout: Span) {
        self.deadline = deadline;
        self.timeout = timeout;
        self.until.take();
    }

    fn until(&self) -> Tick {
        let Some(timeout) = self.timeout.get() else { return self.deadline };
        self.deadline.min(*self.until.get_or_init(|| clock::now().after(timeout)))
    }

    pub(crate) fn end_turn(&mut self) {
        self.cell.mailbox.end_turn(self.worker);
    }

    /// A handle to this actor. Held for long it keeps the actor alive; see [`Handle::downgrade`].
    pub fn handle<H>(&self) -> H
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        H::from_handle(Handle::new(self.cell.clone()))
    }

    /// The system this actor runs in.
    pub fn system(&self) -> &System {
        &self.cell.system
    }

    /// This actor's name.
    pub fn name(&self) -> &ActorName {
        &self.cell.name
    }

    /// Stops this actor: admission closes now, what is queued is still handled. Returns at once.
    ///
    /// Under [`Restart::permanent`](crate::Restart::permanent) only this instance ends, after its turn, and a new one continues with
    /// the queue. That counts as a failure: it passes the same window and backoff (F8).
    pub fn stop(&mut self) {
        match self.cell.is_permanent() {
            true => {
                self.stops_itself = true;
                self.cell.renew_worker(Some(self.worker));
            }
            false => self.cell.close(StopReason::Stopped),
        }
    }

    /// Whether this instance, and not its actor, is to end after this turn.
    pub(crate) fn stops_itself(&self) -> bool {
        self.stops_itself
    }

    /// Starts an actor as a child of this instance: it is stopped when this instance ends or is replaced, the youngest child first,
    /// and lives until then, or until it stops. Like every actor that is not from a factory it ends when it fails, and that is
    /// nobody else's affair; a child that is to begin anew comes from [`actor`](Context::actor).
    ///
    /// # Panics
    /// When its declared settings need a factory (several workers), or when there are 65,536 children.
    #[track_caller]
    pub fn spawn<B, H>(&mut self, child: B) -> H
    where
        B: Actor + Typed<H>,
        H: TypedHandle<Actor = B>,
    {
        match self.instance(child).for_good() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// A child of this instance, to be started with a builder; see [`spawn`](Context::spawn).
    pub fn instance<B: Actor>(&mut self, child: B) -> SpawnBuilder<B, impl FnOnce() -> B + use<A, B>> {
        self.cell.system.instance(child).child_of(self.make_family())
    }

    /// A child of this instance, from a factory, to be started with a builder. Where it fails it begins anew, as its
    /// [`Restart`](crate::Restart) says, and with it whoever of its siblings this actor's [`Strategy`](crate::Strategy) says. Where it
    /// fails too often, it ends and this actor fails (F2).
    pub fn actor<B: Actor, F>(&mut self, factory: F) -> SpawnBuilder<B, F>
    where
        F: Makes<B> + Send + Sync + 'static,
    {
        self.cell.system.actor(factory).child_of(self.make_family())
    }

    fn make_family(&mut self) -> Arc<Family> {
        let (cell, family) = (&self.cell, &mut self.family);
        let make = || {
            let parent: Weak<Cell<A>> = Arc::downgrade(cell);
            Arc::new(Family::new(parent, cell.strategy))
        };
        family.get_or_insert_with(make).clone()
    }

    /// The numbers of this actor's mailbox.
    pub fn reading(&self) -> Reading {
        self.cell.reading()
    }

    /// Until when somebody waits for this turn, if anybody does.
    pub fn deadline(&self) -> Option<tokio::time::Instant> {
        clock::instant(self.until())
    }

    /// How much of that is left; `None` when nobody waits.
    pub fn remaining(&self) -> Option<Duration> {
        let until = self.until();
        (until != Tick::NEVER).then(|| until.since(clock::now()))
    }

    /// Sends `message` to this actor after `delay`, under the message's own policy. A pending one
    /// belongs to the actor: it survives restarts and keeps the actor alive (F6, F7). Where the
    /// actor ends first, it counts `undelivered` and has a dead letter.
    ///
    /// # Errors
    /// With the message: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed.
    pub fn send_after<M: Message>(&mut self, delay: Duration, message: M) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        let lease = self.lease("send_after", Owner::Actor, None, Pending::Message(message));
        let lease = lease.map_err(|(pending, why)| match pending {
            Pending::Message(message) => SendError::new(message, why),
            _ => unreachable!("it was refused with what it had to deliver"),
        })?;
        let handle = Handle::new(self.cell.clone());
        Ok(lease.spawn(|lease| jobs::after(lease, handle, delay)))
    }

    /// Sends a clone of `message` to this actor every `period`, first after one period, under the
    /// message's own policy. Belongs to this instance, and ends with it (F7). Does not keep the
    /// actor alive.
    ///
    /// At most one tick is queued or waits in line: the next ones are left out until its turn has
    /// begun, or it was lost. Ticks that were missed are not made up for; the times of the others
    /// stay multiples of the period.
    ///
    /// # Errors
    /// With the message: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed;
    /// [`ZeroPeriod`](crate::Reason::ZeroPeriod) when `period` is zero. That is no panic, because a
    /// panic in `#[started]` would be retried as a failed start.
    pub fn send_every<M: Message + Clone + Sync>(
        &mut self,
        period: Duration,
        message: M,
    ) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        if period.is_zero() {
            let why = AskError::new(&self.cell.life, About::Job, Reason::ZeroPeriod);
            return Err(SendError::new(message, why));
        }
        let instance = self.own_instance().clone();
        let lease = match self.lease::<M>("send_every", Owner::Instance, Some(instance), Pending::Ticks) {
            Ok(lease) => lease,
            Err((_, why)) => return Err(SendError::new(message, why)),
        };
        let weak = WeakHandle::new(&self.cell);
        let message = lease.guard(message);
        Ok(lease.spawn(|lease| jobs::every(lease, weak, period, message)))
    }

    /// Runs `future` next to the actor, which handles messages meanwhile, and sends what `then`
    /// makes of its output. Belongs to the actor: it survives restarts, and does not keep the actor
    /// alive (F7). Where the actor ends first, the message it would have sent has a dead letter, and
    /// counts `cancelled` after a stop, `undelivered` otherwise.
    ///
    /// # Errors
    /// With the future: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed.
    pub fn pipe<F, M>(
        &mut self,
        future: F,
        then: impl FnOnce(F::Output) -> M + Send + 'static,
    ) -> Result<Job, SendError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
        M: Message,
        A: Handler<M>,
    {
        self.run("pipe", future, then)
    }

    /// Sends what `then` makes of the reason when `other` has ended. Belongs to the actor: it
    /// survives restarts (F7). Does not keep either alive. Where this actor ends first, the message
    /// it would have sent has a dead letter, and counts `cancelled` after a stop, `undelivered` otherwise.
    ///
    /// # Errors
    /// [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under way as `jobs` says;
    /// [`Closed`](crate::Reason::Closed) once this actor is killed.
    pub fn watch<B: Actor, M: Message>(
        &mut self,
        other: &Handle<B>,
        then: impl FnOnce(StopReason) -> M + Send + 'static,
    ) -> Result<Job, SendError<()>>
    where
        A: Handler<M>,
    {
        let closed = other.closed();
        let watched = self.run("watch", async move { closed.await }, then);
        watched.map_err(|error| SendError::new((), error.into_parts().1))
    }

    fn run<F, M, C>(&mut self, verb: &'static str, future: F, then: C) -> Result<Job, SendError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
        C: FnOnce(F::Output) -> M + Send + 'static,
        M: Message,
        A: Handler<M>,
    {
        let instance = self.own_instance().clone();
        let lease = match self.lease::<M>(verb, Owner::Actor, Some(instance), Pending::Promised) {
            Ok(lease) => lease,
            Err((_, why)) => return Err(SendError::new(future, why)),
        };
        let weak = WeakHandle::new(&self.cell);
        let (future, then) = (lease.guard(Box::pin(future)), lease.guard(then));
        Ok(lease.spawn(|lease| jobs::pipe(lease, weak, future, then)))
    }

    fn lease<M: Message>(
        &self,
        verb: &'static str,
        owner: Owner,
        instance: Option<Arc<Instance>>,
        pending: Pending<M>,
    ) -> Result<Lease<A, M>, (Pending<M>, AskError)>
    where
        A: Handler<M>,
    {
        let lease = self.cell.enter_job(verb, owner, instance, pending);
        lease.map_err(|(pending, reason)| (pending, AskError::new(&self.cell.life, About::Job, reason)))
    }

    fn own_instance(&mut self) -> &Arc<Instance> {
        let worker = self.worker;
        self.instance.get_or_insert_with(|| Arc::new(Instance::new(worker)))
    }

    /// Whether a job that this instance started has panicked.
    pub(crate) fn has_failed(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.has_failed())
    }

    /// A reply is taken along. In a pool the instance owes it, and is not retired while the asker
    /// waits.
    pub(crate) fn owe_reply(&mut self) -> Option<OpenReply> {
        let is_pool = self.cell.mailbox.limits().workers.is_pool();
        is_pool.then(|| self.own_instance().replies().add())
    }

    /// Whether it owes replies. If so, the task of `cx` is woken when it owes none any more.
    pub(crate) fn must_stay(&self, cx: &TaskContext<'_>) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.replies().wake_when_none(cx))
    }
}
