//! The context of an instance: what a handler can reach in addition to its own state.

use super::cell::Cell;
use super::children::Children;
use super::handle::Handle;
use super::jobs::Instance;
use super::{Actor, Typed, TypedHandle};
use crate::clock::{self, Span, Tick};
use crate::current;
use crate::env::System;
use crate::error::{ActorName, StopReason};
use crate::mailbox::WorkerId;
use crate::observe::Reading;
use crate::reply::OpenReply;
use crate::wait;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::Context as TaskContext;
use std::time::Duration;

/// The context of a turn: the actor itself, its system, its children and its jobs.
///
/// # Timers, pipes and watches
/// They are the actor's *jobs*: tasks that send a message to the actor's own mailbox, under the
/// message's policy. At most `jobs` of them run at a time; the default is 1,024.
///
/// | started by | belongs to | keeps the actor alive | a message that cannot be delivered |
/// |---|---|---|---|
/// | [`send_after`](Context::send_after) | the actor | until it is sent | `undelivered`, dead letter `closed` |
/// | [`pipe`](Context::pipe), [`watch`](Context::watch) | the actor | no | `undelivered` or `cancelled`, see below |
/// | [`send_every`](Context::send_every) | this instance | no | a missed tick is skipped |
///
/// A job of the actor survives a restart and the retirement of a worker, as the mailbox does, and
/// ends with the actor. A job of the instance ends with it, and the next instance starts its own in
/// `#[started]`.
///
/// A stop, or the drop of the last handle, cancels pending pipes and watches. Their message was not
/// made yet, so nothing is lost: it counts `cancelled`, with a dead letter. A kill or a failure
/// loses it: `undelivered`.
///
/// A message that the mailbox refuses has no caller to return to. It gets a dead letter with the
/// reason of the refusal, in addition to its count in the ledger.
///
/// A job's own code may panic: the future or the continuation of a pipe or watch, the `Clone` of a
/// periodic message, or the `Drop` of any of these. The panic is logged, and the instance that
/// started the job fails between two turns: its [`Restart`](crate::Restart) decides what follows.
/// `#[stopped]` runs, because the panic did not pass through its state. A message that was not made
/// because of the panic counts `panicked`, with a dead letter. If that instance is gone, nothing
/// fails. A panic in a message's own `Drop` is only logged.
pub struct Context<A: Actor> {
    cell: Arc<Cell<A>>,
    /// The number of this worker in its pool.
    worker: WorkerId,
    /// The instance of a `permanent` actor ends after this turn.
    stops_itself: bool,
    /// The turn was dropped at an await, because its asker had gone away (T8).
    was_cancelled: bool,
    deadline: Tick,
    /// The timeout of the asker that donates this turn. The turn's deadline is computed from it
    /// when it is first read, and kept in the cell.
    timeout: Span,
    /// The instance as its jobs and replies know it. Made with the first job that needs it, or the
    /// first reply that a pool's instance owes.
    instance: Option<Arc<Instance>>,
    /// Made with the first child.
    children: Option<Arc<Children>>,
}

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("actor", self.cell.name()).finish_non_exhaustive()
    }
}

impl<A: Actor> Drop for Context<A> {
    fn drop(&mut self) {
        // Usually they have ended already. They have not if the runtime has ended, or if the seat
        // was lent to a sender when the actor ended.
        if let Some(children) = &self.children {
            children.kill();
        }
        if let Some(instance) = &self.instance {
            instance.end();
            self.cell.end_jobs_of(instance);
        }
    }
}

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A>>, worker: WorkerId) -> Self {
        Context {
            cell,
            worker,
            stops_itself: false,
            was_cancelled: false,
            deadline: Tick::NEVER,
            timeout: Span::NONE,
            instance: None,
            children: None,
        }
    }

    /// Returns its children, if it ever had any.
    pub(crate) fn children(&self) -> Option<&Arc<Children>> {
        self.children.as_ref()
    }

    /// Returns the number of this worker in its pool.
    pub(crate) fn worker(&self) -> WorkerId {
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
        self.cell.donated_until.reset();
    }

    /// Notes that the turn was dropped at an await, because its asker had gone away.
    pub(crate) fn note_cancelled(&mut self) {
        self.was_cancelled = true;
    }

    /// Whether the turn that has just ended was cancelled. Asked once per turn of an `async fn`.
    #[inline]
    pub(crate) fn take_cancelled(&mut self) -> bool {
        std::mem::take(&mut self.was_cancelled)
    }

    fn until(&self) -> Tick {
        let Some(timeout) = self.timeout.get() else { return self.deadline };
        self.deadline.min(self.cell.donated_until.get_or(|| clock::now().after(timeout)))
    }

    /// Ends the turn, because its answer is about to be sent. What it has waited for is over before
    /// the asker knows: the asker may ask on, and an ask that is kept half-polled is no wait (D1).
    pub(crate) fn end_turn(&mut self) {
        if current::has_waited() {
            let turn = current::Turn::new(self.cell.id(), self.worker.into(), Tick::NEVER);
            wait::over(self.cell.system.waits(), turn.waiter());
        }
        self.cell.mailbox.end_turn(self.worker);
    }

    /// Returns a handle to this actor. It keeps the actor alive; see [`Handle::downgrade`] for one
    /// that does not.
    pub fn handle<H>(&self) -> H
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        H::from_handle(Handle::new(self.cell.clone()))
    }

    /// Returns the system of this actor.
    pub fn system(&self) -> &System {
        &self.cell.system
    }

    /// Returns this actor's name.
    pub fn name(&self) -> &ActorName {
        self.cell.name()
    }

    /// Stops this actor, and returns at once. Admission closes now; queued messages are still
    /// handled.
    ///
    /// Under [`Restart::permanent`](crate::Restart::permanent), only this instance ends after its
    /// turn, and a new one continues with the queue. That counts as a failure under the same window
    /// and backoff (F8).
    pub fn stop(&mut self) {
        match self.cell.is_permanent() {
            true => {
                self.stops_itself = true;
                self.cell.restart_worker(Some(self.worker));
            }
            false => self.cell.close(StopReason::Stopped),
        }
    }

    /// Returns whether only this instance ends after this turn, and not its actor.
    pub(crate) fn stops_itself(&self) -> bool {
        self.stops_itself
    }

    /// Returns the children of this instance, and makes the list if there is none.
    pub(crate) fn make_children(&mut self) -> Arc<Children> {
        let (cell, children) = (&self.cell, &mut self.children);
        let make = || {
            let parent: Weak<Cell<A>> = Arc::downgrade(cell);
            Arc::new(Children::new(parent, cell.strategy, *cell.system.log()))
        };
        children.get_or_insert_with(make).clone()
    }

    /// Returns the numbers of this actor's mailbox.
    pub fn reading(&self) -> Reading {
        self.cell.reading()
    }

    /// Returns the time until which a caller waits for this turn, if one waits.
    pub fn deadline(&self) -> Option<tokio::time::Instant> {
        clock::instant(self.until())
    }

    /// Returns the time left until the turn's deadline. `None` if it has none.
    pub fn remaining(&self) -> Option<Duration> {
        let until = self.until();
        (until != Tick::NEVER).then(|| until.since(clock::now()))
    }

    /// Returns this instance as its jobs and replies know it, and makes it if there is none.
    pub(crate) fn own_instance(&mut self) -> &Arc<Instance> {
        let worker = self.worker;
        self.instance.get_or_insert_with(|| Arc::new(Instance::new(worker)))
    }

    /// Returns whether a job that this instance started has panicked.
    pub(crate) fn has_failed(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.has_failed())
    }

    /// Counts a deferred reply. In a pool the instance owes it, and is not retired while the asker
    /// waits.
    pub(crate) fn owe_reply(&mut self) -> Option<OpenReply> {
        let is_pool = self.cell.mailbox.is_pool();
        is_pool.then(|| self.own_instance().replies().add())
    }

    /// Returns whether it owes replies. If so, the task of `cx` is woken when it owes none.
    pub(crate) fn must_stay(&self, cx: &TaskContext<'_>) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.replies().wake_when_none(cx))
    }
}
