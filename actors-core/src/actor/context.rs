//! What a handler can reach beside its own state.

use super::cell::Cell;
use super::handle::Handle;
use super::message::Message;
use super::{Actor, Handler, Typed, TypedHandle};
use crate::clock::{self, Span, Tick};
use crate::error::{About, ActorName, AskError, Reason, SendError, StopReason};
use crate::observe::Reading;
use crate::spawn::SpawnBuilder;
use crate::supervise::Family;
use crate::system::System;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::task::{AbortHandle, JoinSet};

/// Timers, pipes and watches that an actor may have at once. They are tasks of its own; a thousand is more than a design
/// that is not leaking them needs.
const JOBS_MAX: usize = 1024;

/// The actor's surroundings during a turn.
pub struct Context<A: Actor> {
    cell: Arc<Cell<A>>,
    /// Which of several workers this is.
    worker: u32,
    deadline: Tick,
    /// In a donated turn: what its asker gives it. A deadline is made of it when one is asked for first, and kept in `until`.
    timeout: Span,
    until: OnceLock<Tick>,
    /// Made with the first job; dropped with the actor, which ends them.
    jobs: Option<JoinSet<()>>,
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
    }
}

/// A timer, a pipe or a watch that is under way. Dropping it changes nothing; it ends with its actor.
#[derive(Debug)]
pub struct Job {
    task: AbortHandle,
}

impl Job {
    /// Ends it; a message it was about to send is not sent.
    pub fn cancel(&self) {
        self.task.abort();
    }

    /// Whether it has sent what it had to send, or was cancelled.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>, worker: u32) -> Self {
        Context {
            cell,
            worker,
            deadline: Tick::NEVER,
            timeout: Span::NONE,
            until: OnceLock::new(),
            jobs: None,
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
    /// Under [`Restart::permanent`](crate::Restart::permanent) it is only this instance that ends, after its turn: a new one goes on
    /// with the queue.
    pub fn stop(&mut self) {
        match self.cell.is_permanent() {
            true => self.cell.renew_worker(Some(self.worker)),
            false => self.cell.close(StopReason::Stopped),
        }
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
        F: Fn() -> B + Send + Sync + 'static,
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
        self.until().instant()
    }

    /// How much of that is left; `None` when nobody waits.
    pub fn remaining(&self) -> Option<Duration> {
        let until = self.until();
        (until != Tick::NEVER).then(|| until.since(clock::now()))
    }

    /// Sends `message` to this actor after `delay`, under the message's own policy. A pending one keeps the actor alive (F6).
    ///
    /// # Errors
    /// [`Reason::Full`], with the message, when 1024 timers, pipes and watches are under way.
    pub fn send_after<M: Message>(&mut self, delay: Duration, message: M) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        let handle = Handle::new(self.cell.clone());
        self.start(message, move |message| async move {
            tokio::time::sleep(delay).await;
            // What became of it stands in the ledger.
            let _ = handle.tell(message).await;
        })
    }

    /// Sends a clone of `message` to this actor every `period`, first after one period, under the message's own policy. Does
    /// not keep the actor alive. A tick that the actor had no time for is not made up for.
    ///
    /// # Errors
    /// [`Reason::Full`], with the message, when 1024 timers, pipes and watches are under way.
    ///
    /// # Panics
    /// When `period` is zero.
    pub fn send_every<M: Message + Clone + Sync>(
        &mut self,
        period: Duration,
        message: M,
    ) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        assert!(
            !period.is_zero(),
            "`send_every` of `{}` at `{}` needs a period above zero; to do something again at once, send it again",
            M::NAME,
            self.cell.name
        );
        let weak = Handle::new(self.cell.clone()).downgrade();
        self.start(message, move |message| async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let Some(handle) = weak.upgrade() else { return };
                if handle.tell(message.clone()).await.is_err_and(|error| error.reason() == Reason::Closed) {
                    return;
                }
            }
        })
    }

    /// Runs `future` beside the actor, which goes on meanwhile, and sends what `then` makes of its output. Ends with the
    /// actor; does not keep it alive.
    ///
    /// # Errors
    /// [`Reason::Full`], with the future, when 1024 timers, pipes and watches are under way.
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
        let weak = Handle::new(self.cell.clone()).downgrade();
        self.start(future, move |future| async move {
            let message = then(future.await);
            if let Some(handle) = weak.upgrade() {
                let _ = handle.tell(message).await;
            }
        })
    }

    /// Sends what `then` makes of the reason when `other` has ended. Does not keep either alive.
    ///
    /// # Errors
    /// [`Reason::Full`] when 1024 timers, pipes and watches are under way.
    pub fn watch<B: Actor, M: Message>(
        &mut self,
        other: &Handle<B>,
        then: impl FnOnce(StopReason) -> M + Send + 'static,
    ) -> Result<Job, SendError<()>>
    where
        A: Handler<M>,
    {
        let closed = other.closed();
        self.pipe(async move { closed.await }, then).map_err(|error| SendError::new((), error.into_parts().1))
    }

    /// Starts a job with what it needs, or gives that back.
    fn start<T, F>(&mut self, with: T, job: impl FnOnce(T) -> F) -> Result<Job, SendError<T>>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let jobs = self.jobs.get_or_insert_with(JoinSet::new);
        while jobs.try_join_next().is_some() {}
        if jobs.len() >= JOBS_MAX {
            return Err(SendError::new(with, AskError::new(&self.cell.life, About::Job, Reason::Full)));
        }
        Ok(Job { task: jobs.spawn_on(job(with), &self.cell.rt) })
    }
}
