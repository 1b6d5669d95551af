//! The actor's own loop: start, turns, what follows, end.
//!
//! ```text
//!   employ ─► start ─► turns ─► next ─► finish
//!              ▲        │  ▲     │
//!              │        └──┘     │  claim up to 32 messages, run them one by one; nothing queued: park
//!              └─ new instance ◄─┘  it failed, or is to be replaced, and there is a factory
//! ```
//!
//! A task is spawned with the first message, not with the actor, unless there is a `#[started]`: an actor nobody talks to
//! costs no task. While the task is parked the actor's state lies in the mailbox, where the right to run a turn is kept; the
//! task takes both out together. Of a pool each worker has a task and an instance of its own from the beginning (S4).
//!
//! A new instance goes on with the queue as it is, order kept (F1): all that was claimed and had not begun goes back, what has died
//! meanwhile goes first, and the message whose turn failed is not tried again.

mod next;
mod runner;

use crate::actor::Actor;
use crate::actor::cell::{Cell, Seat, Stage};
use crate::actor::children::{CHILDREN_DRAIN, Children};
use crate::clock::Tick;
use crate::current;
use crate::error::{StartError, StopReason};
use crate::observe::trace;
use crate::panics::caught;
use crate::text::brief;
use crate::turn::{self, Outcome};
use runner::Runner;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A `#[stopped]` that takes longer is cut off: somebody waits for the actor's end.
const STOPPED_MAX: Duration = Duration::from_secs(30);

/// Starts a worker's task, with its instance if it has one already. This is what cells are given to start their tasks.
pub(crate) fn start_task<A: Actor>(cell: &Arc<Cell<A>>, worker: u32, seat: Option<Box<Seat<A>>>) {
    let runner = Runner::new(cell.clone(), worker, seat);
    // A runtime that is gone drops the future at once, and the runner's `Drop` ends the actor.
    cell.rt.spawn(cell.system.tracker().track_future(run(runner)));
}

async fn run<A: Actor>(mut runner: Runner<A>) {
    runner.take_seat().await;
    let why = loop {
        let why = match start(&mut runner).await {
            Ok(()) => turns(&mut runner).await,
            Err(why) => why,
        };
        if let Err(why) = next::go_on(&mut runner, why).await {
            break why;
        }
    };
    finish(&mut runner, why).await;
}

/// Runs `#[started]`.
async fn start<A: Actor>(runner: &mut Runner<A>) -> Result<(), StopReason> {
    let cell = runner.cell.clone();
    if runner.seat().is_none() && cell.mailbox.limits().workers.is_pool() {
        // A worker that was hired later. Where there is only one, a seat that is not here is lent, and comes back.
        if cell.mailbox.is_drained() {
            // The others have finished what it was hired for.
            return Err(runner.why_finished());
        }
        next::make_instance(runner)?;
    }
    if !A::STARTS {
        cell.has_started(runner.worker());
        return Ok(());
    }
    let scope = scope(&cell, runner.worker());
    let Some(seat) = runner.seat() else {
        return Err(StopReason::Killed);
    };
    seat.ctx.begin_turn(scope.deadline);
    // In a box: it is short, and the task it is part of is long.
    let hook = Box::pin(seat.actor.started(&mut seat.ctx));
    let why = match turn::guarded(scope, hook, &cell, true).await {
        Outcome::Done(Ok(())) => {
            cell.has_started(runner.worker());
            cell.advance(Stage::Running);
            trace::started(&cell.name);
            return Ok(());
        }
        // Its `Display` is foreign code.
        Outcome::Done(Err(error)) => match caught(|| brief(format_args!("{error}"))) {
            Ok(text) => text,
            Err(text) => format!("its error panicked when it was shown: {text}"),
        },
        Outcome::Cut => return Err(StopReason::Killed),
        Outcome::Panicked(text) => {
            runner.is_poisoned = true;
            format!("it panicked: {text}")
        }
    };
    runner.start_failed(why);
    Err(StopReason::StartFailed)
}

/// Turns, until there will be none any more.
async fn turns<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    let mut turn = pin!(None);
    poll_fn(|cx| runner.poll_turns(cx, turn.as_mut(), turn::serve)).await
}

/// The end: whoever waits is told, the children end, then `#[stopped]` runs, then the state goes.
async fn finish<A: Actor>(runner: &mut Runner<A>, why: StopReason) {
    let is_retired = why == StopReason::Retired;
    if is_retired {
        // It takes no more turns.
        runner.cell.review_waits();
    } else {
        if let (StopReason::StartFailed, Some(failed)) = (why, runner.failed.take()) {
            runner.cell.life.lock().failed = Some(failed);
        }
        runner.close();
    }
    dispose(runner, why).await;
    if is_retired {
        runner.cell.forget_failures(runner.worker());
    }
    if runner.leave() {
        // A worker that was one too many, and is the last to go because the others have come to their end meanwhile.
        let why = if is_retired { runner.why_finished() } else { why };
        runner.end(why);
    }
}

/// An instance ends: its children first, then its `#[stopped]`, unless a panic went through it, then its state.
async fn dispose<A: Actor>(runner: &mut Runner<A>, why: StopReason) {
    let Some(mut seat) = runner.take_out() else { return };
    let cell = runner.cell.clone();
    if let Some(children) = seat.ctx.children().cloned() {
        match why {
            StopReason::Killed => children.end_now().await,
            _ => end_children(&cell, runner.worker(), &children).await,
        }
    }
    if !runner.is_poisoned {
        let stopped = async { tokio::time::timeout(STOPPED_MAX, seat.actor.stopped(why)).await };
        let hook = Box::pin(stopped);
        match turn::guarded(scope(&cell, runner.worker()).outliving_kill(), hook, &cell, false).await {
            Outcome::Panicked(text) => {
                trace::ended_badly(&cell.name, "`#[stopped]`", &format!("panicked: {text}"));
            }
            Outcome::Done(Err(_)) => {
                trace::ended_badly(&cell.name, "`#[stopped]`", "took more than 30 s and was cut off");
            }
            Outcome::Done(Ok(())) | Outcome::Cut => {}
        }
    }
    if let Err(text) = caught(|| drop(seat)) {
        trace::ended_badly(&cell.name, "the drop of its state", &format!("panicked: {text}"));
    }
    runner.is_poisoned = false;
}

/// Ends the children in order; at once, where the actor is killed meanwhile.
async fn end_children<A: Actor>(cell: &Cell<A>, worker: u32, children: &Children) {
    let was_killed = cell.mailbox.is_killed();
    let parent = scope(cell, worker).waiter();
    let mut end = pin!(children.end(parent, CHILDREN_DRAIN));
    let is_over = poll_fn(|cx| match !was_killed && cell.mailbox.is_killed() {
        true => Poll::Ready(false),
        false => end.as_mut().poll(cx).map(|()| true),
    });
    if !is_over.await {
        children.end_now().await;
    }
}

/// For hooks: nobody waits for them.
fn scope<A: Actor>(cell: &Cell<A>, worker: u32) -> current::Turn {
    current::Turn::new(cell.id(), worker, Tick::NEVER)
}

impl<A: Actor> Runner<A> {
    fn start_failed(&mut self, why: String) {
        trace::start_failed(&self.cell.name, &why);
        self.cell.life.note_failure(&format!("it did not start: {why}"));
        self.failed = Some(StartError { name: self.cell.name.clone(), why: why.into() });
    }
}
