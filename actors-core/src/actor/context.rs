//! What a handler can reach beside its own state.

use super::cell::Cell;
use super::children::Children;
use super::handle::Handle;
use super::jobs::Instance;
use super::{Actor, Typed, TypedHandle};
use crate::clock::{self, Span, Tick};
use crate::env::System;
use crate::error::{ActorName, StopReason};
use crate::observe::Reading;
use crate::reply::OpenReply;
use std::fmt;
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
    children: Option<Arc<Children>>,
}

impl<A: Actor> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("actor", &self.cell.name).finish_non_exhaustive()
    }
}

impl<A: Actor> Drop for Context<A> {
    fn drop(&mut self) {
        // Mostly they have ended. Not where the runtime has, or where the seat was lent when the actor came to its end.
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
    pub(crate) fn new(cell: Arc<Cell<A>>, worker: u32) -> Self {
        Context {
            cell,
            worker,
            stops_itself: false,
            deadline: Tick::NEVER,
            timeout: Span::NONE,
            until: OnceLock::new(),
            instance: None,
            children: None,
        }
    }

    /// Its children, if it ever had any.
    pub(crate) fn children(&self) -> Option<&Arc<Children>> {
        self.children.as_ref()
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
        self.cell.mailbox.end_turn(self.worker.into());
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
                self.cell.restart_worker(Some(self.worker));
            }
            false => self.cell.close(StopReason::Stopped),
        }
    }

    /// Whether this instance, and not its actor, is to end after this turn.
    pub(crate) fn stops_itself(&self) -> bool {
        self.stops_itself
    }

    /// The children of this instance; made with the first.
    pub(crate) fn make_children(&mut self) -> Arc<Children> {
        let (cell, children) = (&self.cell, &mut self.children);
        let make = || {
            let parent: Weak<Cell<A>> = Arc::downgrade(cell);
            Arc::new(Children::new(parent, cell.strategy))
        };
        children.get_or_insert_with(make).clone()
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

    /// The identity of this instance for its jobs; made with the first.
    pub(crate) fn own_instance(&mut self) -> &Arc<Instance> {
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
