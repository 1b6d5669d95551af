//! The task of an actor: start, turns, restart, end.
//!
//! ```text
//!   start_task ─► Start ─► Serve ─► Dispose ─► Finish
//!                  ▲        │  ▲     │
//!                  │        └──┘     │  claim up to 32 messages, run them one by one; queue empty: park
//!                  └─ MakeInstance ◄─┘  after a failure or a request, if there is a factory
//! ```
//!
//! | file | job |
//! |---|---|
//! | `mod.rs` | the loop, and `#[started]` |
//! | `life.rs` | consults the worker's life, which decides what follows, and executes its actions |
//! | `runner.rs` | the state of the loop |
//! | `turns.rs` | polls: takes a message, runs its turn |
//! | `restart.rs` | from one instance to the next: verdict, wait, factory |
//! | `end.rs` | the end of an instance, of a worker, of the actor |
//!
//! An actor's task is spawned with the first message, not with the actor, unless there is a
//! `#[started]`. So an actor without messages costs no task. While the task is parked, the seat is
//! in the mailbox. The workers of a pool have their tasks and instances from the start (S4).
//!
//! A new instance continues with the queue as it is, in order (F1). Claimed messages whose turn has
//! not begun go back to it. The message whose turn failed is not retried.
//!
//! **Invariant.** Dropping the task at any await ends the actor (`impl Drop for Runner`).

mod end;
mod life;
mod restart;
mod runner;
#[cfg(test)]
mod tests;
mod turns;

use crate::actor::Actor;
use crate::actor::cell::{Cell, Seat};
use crate::clock::Tick;
use crate::current;
use crate::error::{LifeStage, Reason, StartError, StopReason};
use crate::mailbox::WorkerId;
use crate::observe::trace;
use crate::panics::caught;
use crate::policy::lifecycle::{Event, Lifecycle};
use crate::tasks;
use crate::text::brief;
use crate::turn::hook::{self, Outcome};
use life::Next;
use runner::Runner;
use std::future::poll_fn;
use std::sync::Arc;

/// Starts a worker's task, with its instance if it has one already. Cells start their tasks through
/// it.
pub(crate) fn start_task<A: Actor>(cell: &Arc<Cell<A>>, worker: WorkerId, seat: Option<Box<Seat<A>>>) {
    let runner = Runner::new(cell.clone(), worker, seat);
    let task = cell.system.tracker().track_future(run(runner));
    // A runtime that has ended drops the future at once, and the runner's `Drop` ends the actor.
    match cell.mailbox.is_pool() {
        true => tasks::spawn(&cell.rt, format_args!("{} #{}", cell.name(), u32::from(worker)), task),
        false => tasks::spawn(&cell.rt, format_args!("{}", cell.name()), task),
    };
}

/// Ends an actor in another place, once its outlet holds no message any more or it was killed. It
/// needs no task for that. This is what its cell is given in place of [`start_task`]: it is called
/// where an ordinary cell would start its consumer, for which there is nothing to do but the end.
pub(crate) fn end_outlet<A: Actor>(cell: &Arc<Cell<A>>, worker: WorkerId, _: Option<Box<Seat<A>>>) {
    let Some(lost) = cell.visit(|section| section.end_transit()) else { return };
    for (class, count) in lost {
        // Their futures belong to their senders, which drop them when they see the end.
        (0..count).for_each(|_| cell.report_loss(class, Tick::ZERO, Reason::Closed, || None));
    }
    let mut runner = Runner::new(cell.clone(), worker, None);
    runner.life = Lifecycle::without_instance();
    let event = runner.over().unwrap_or(Event::Drained);
    let actions = runner.on(event);
    runner.execute(actions);
}

async fn run<A: Actor>(mut runner: Runner<A>) {
    runner.take_seat().await;
    let mut event = runner.begun();
    loop {
        let actions = runner.on(event);
        event = match runner.execute(actions) {
            Next::Event(event) => event,
            Next::Start => start(&mut runner).await,
            Next::Serve => serve(&mut runner).await,
            Next::Dispose(why) => {
                end::dispose(&mut runner, why).await;
                Event::Disposed
            }
            Next::Wake(until) => restart::pause(&mut runner, until).await,
            Next::Nothing => return,
        };
    }
}

/// Starts the instance: runs its `#[started]`, if it has one.
async fn start<A: Actor>(runner: &mut Runner<A>) -> Event {
    if !A::STARTS {
        runner.started();
        return Event::Started;
    }
    let cell = runner.cell.clone();
    let scope = hook_scope(&cell, runner.worker());
    let Some(seat) = runner.seat() else { return Event::Kill(StopReason::Killed) };
    seat.ctx.begin_turn(scope.deadline);
    // Boxed: the hook is short, and the task of which it is a part lives long.
    let started = Box::pin(seat.actor.started(&mut seat.ctx));
    let why = match hook::run(scope, started, &cell, true).await {
        Outcome::Done(Ok(())) => {
            runner.started();
            return Event::Started;
        }
        // The error's `Display` is foreign code.
        Outcome::Done(Err(error)) => match caught(|| brief(format_args!("{error}"))) {
            Ok(text) => text,
            Err(text) => format!("its error panicked when it was displayed: {text}"),
        },
        Outcome::Killed => return Event::Kill(runner.why_finished()),
        Outcome::Panicked(text) => {
            runner.is_poisoned = true;
            format!("it panicked: {text}")
        }
    };
    runner.start_failed(why);
    Event::Failed(StopReason::StartFailed)
}

/// Runs turns until the instance takes no more. Returns why.
async fn serve<A: Actor>(runner: &mut Runner<A>) -> Event {
    debug_assert!(runner.life.hands_out(), "{:?} takes no messages", runner.life);
    let end = poll_fn(|cx| runner.poll_turns(cx)).await;
    runner.served(end)
}

/// Returns the turn of a hook. It has no deadline, because no caller waits for it.
fn hook_scope<A: Actor>(cell: &Cell<A>, worker: WorkerId) -> current::Turn {
    current::Turn::new(cell.id(), worker.into(), Tick::NEVER)
}

impl<A: Actor> Runner<A> {
    /// Records that the instance has started.
    fn started(&mut self) {
        self.cell.has_started(self.worker());
        if A::STARTS {
            self.cell.advance(LifeStage::Running);
            trace::started(self.cell.system.log(), self.cell.name());
        }
        if let Some((why, delay)) = self.replaces.take() {
            self.cell.has_restarted();
            trace::restarted(self.cell.system.log(), self.cell.name(), why, delay);
        }
    }

    /// Records a failed start.
    fn start_failed(&mut self, why: String) {
        trace::start_failed(self.cell.system.log(), self.cell.name(), &why);
        self.cell.life.note_failure(&format!("it did not start: {why}"));
        self.failed = Some(StartError { name: self.cell.name().clone(), why: why.into() });
    }
}
