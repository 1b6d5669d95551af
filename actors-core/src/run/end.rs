//! The end of an instance, of a worker, and of the actor.
//!
//! ```text
//!   Close: refuse and lose what is queued ─► Dispose ─► Finish: leave ─► end: the last worker
//!                                              │
//!                                              └─ children, then `#[stopped]`, then the state is dropped
//! ```

use super::hook_scope;
use super::runner::Runner;
use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::actor::children::{CHILDREN_DRAIN, Children};
use crate::drops;
use crate::error::{LifeStage, Reason, StopReason};
use crate::mailbox::WorkerId;
use crate::observe::trace;
use crate::panics::{caught, ignored};
use crate::policy::lifecycle::{Event, Lifecycle, State};
use crate::turn::hook::{self, Outcome};
use crate::wait;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// The time that `#[stopped]` may take. Callers wait for the actor's end, so it is bounded.
const STOPPED_MAX: Duration = Duration::from_secs(30);

/// Ends an instance: its children first, then its `#[stopped]` unless it is poisoned, then its
/// state.
pub(super) async fn dispose<A: Actor>(runner: &mut Runner<A>, why: StopReason) {
    if why == StopReason::Retired {
        // It takes no more turns, so the pool has one worker fewer for the wait graph.
        runner.cell.review_waits();
    }
    let Some(mut seat) = runner.remove_seat() else { return };
    let cell = runner.cell.clone();
    if let Some(children) = seat.ctx.children().cloned() {
        match why {
            StopReason::Killed => children.end_now().await,
            _ => end_children(&cell, runner.worker(), &children).await,
        }
    }
    let log = cell.system.log();
    if !runner.is_poisoned {
        let stopped = async { tokio::time::timeout(STOPPED_MAX, seat.actor.stopped(why)).await };
        let stopped = Box::pin(stopped);
        let scope = hook_scope(&cell, runner.worker()).outliving_kill();
        match hook::run(scope, stopped, &cell, false).await {
            Outcome::Panicked(text) => {
                trace::ended_badly(log, cell.name(), "`#[stopped]`", &format!("panicked: {text}"));
            }
            Outcome::Done(Err(_)) => {
                trace::ended_badly(log, cell.name(), "`#[stopped]`", "took more than 30 s and was cut off");
            }
            Outcome::Done(Ok(())) | Outcome::Killed => {}
        }
    }
    if let Err(text) = caught(|| drop(seat)) {
        trace::ended_badly(log, cell.name(), "the drop of its state", &format!("panicked: {text}"));
    }
    runner.is_poisoned = false;
}

/// Stops the children in order. If the actor is killed meanwhile, kills them.
async fn end_children<A: Actor>(cell: &Cell<A>, worker: WorkerId, children: &Children) {
    let was_killed = cell.mailbox.is_killed();
    let parent = hook_scope(cell, worker).waiter();
    let mut end = pin!(children.end(parent, CHILDREN_DRAIN));
    let is_over = poll_fn(|cx| match !was_killed && cell.mailbox.is_killed() {
        true => Poll::Ready(false),
        false => end.as_mut().poll(cx).map(|()| true),
    });
    if !is_over.await {
        children.end_now().await;
    }
}

impl<A: Actor> Runner<A> {
    /// Stops taking messages. Unless other workers of a pool continue, queued messages are lost and
    /// waiting senders refused.
    pub(super) fn close(&mut self, why: StopReason) {
        if let (StopReason::StartFailed, Some(failed)) = (why, self.failed.take()) {
            self.cell.life.lock().set_failed(failed);
        }
        self.taker.put_back(&self.cell.mailbox, &mut self.effects);
        let ends = !self.cell.mailbox.is_pool() || self.cell.mailbox.is_killed();
        let worker = self.worker;
        // In one visit: a sender whose turn has to wait either leaves it before, or keeps it.
        let (open, was_left, seat) = self.cell.mailbox.visit(&mut self.effects, |section| {
            // A turn that is still open here was dropped with the task, or left by a sender.
            let open = section.fail_turn(worker, Reason::Closed);
            (open, section.take_suspension(), if ends { section.end() } else { None })
        });
        if seat.is_some() {
            self.taker.seat = seat;
        }
        if was_left {
            self.take_over();
            let _ = self.drop_turn();
            self.end_waits(self.suspended.has_waited);
        }
        if let Some(class) = open {
            self.end_observed(Some(Reason::Closed));
            self.cell.report_loss(class, self.suspended.stamp, Reason::Closed, || None);
        }
        self.cell.apply(&mut self.effects);
    }

    /// Ends the worker and, if it is the last, the actor.
    pub(super) fn finish(&mut self, why: StopReason) {
        let is_retired = why == StopReason::Retired;
        if is_retired {
            self.cell.forget_failures(self.worker());
        }
        if self.leave() {
            // A worker that retires may be the last one, because the others have ended meanwhile.
            self.end(if is_retired { self.why_finished() } else { why });
        }
    }

    /// Removes this worker from the mailbox. Returns `true` if it was the last one: then the actor
    /// has to end.
    fn leave(&mut self) -> bool {
        let worker = self.worker;
        let is_last = self.cell.mailbox.visit(&mut self.effects, |section| section.remove_worker(worker));
        if is_last {
            self.cell.mailbox.visit(&mut self.effects, |section| section.end());
        }
        self.cell.apply(&mut self.effects);
        if !is_last {
            self.cell.review_waits();
        }
        is_last
    }

    /// Ends the actor: cleans up, logs the end, and wakes the tasks that wait for it.
    fn end(&mut self, why: StopReason) {
        self.cell.drop_factory();
        self.cell.drop_outlet();
        // Before the ledger is read: it counts what jobs had to deliver.
        self.cell.end_jobs(why);
        self.cell.log_losses();
        let ledger = self.cell.ledger();
        trace::stopped(self.cell.system.log(), self.cell.name(), why, &ledger.total());
        self.cell.system.registry().remove(self.cell.clone(), &ledger);
        if self.cell.is_departing() {
            self.cell.system.departing().remove(self.cell.id());
        }
        if let Some(siblings) = &self.cell.parent {
            siblings.remove(self.cell.id());
        }
        self.cell.advance(LifeStage::Ended(why));
    }
}

impl<A: Actor> Drop for Runner<A> {
    /// Ends the actor, because the runtime has ended or has dropped the task. The state may hold
    /// the last handle of another actor, which then ends in the same way, and so on: see [`drops`].
    fn drop(&mut self) {
        if self.life.has_ended() {
            return;
        }
        let life = self.life;
        // Its locals are user code, and its seat is what is discarded.
        let _ = self.drop_turn();
        let mut rest = Runner::new(self.cell.clone(), self.worker, None);
        std::mem::swap(&mut rest.taker, &mut self.taker);
        std::mem::swap(&mut rest.effects, &mut self.effects);
        // The turn that is cut off, for its report.
        (rest.suspended, rest.observed) = (self.suspended, self.observed.take());
        // So that the drop of `rest` does nothing.
        rest.life = Lifecycle { state: State::Ended(StopReason::RuntimeGone), ..life };
        drops::bounded(move || rest.abandon(life));
    }
}

impl<A: Actor> Runner<A> {
    /// Ends the actor without running its hooks.
    fn abandon(mut self, life: Lifecycle) {
        self.life = life;
        let actions = self.on(Event::Abandoned);
        self.execute(actions);
    }

    /// Drops the instance without running its hooks.
    pub(super) fn discard(&mut self) {
        // A turn was dropped with the task. A wait that it began and that is kept elsewhere must
        // not outlive the actor, whose address may be used again.
        wait::over(self.cell.system.waits(), hook_scope(&self.cell, self.worker).waiter());
        let seat = self.remove_seat();
        ignored(|| drop(seat));
    }
}
