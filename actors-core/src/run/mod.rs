//! The actor's own loop: start, turns, end.
//!
//! ```text
//!   employ ─► start ─► turns ─► finish
//!                       │  ▲
//!                       └──┘  claim up to 32 messages, run them one by one; nothing queued: park
//! ```
//!
//! A task is spawned with the first message, not with the actor, unless there is a `#[started]`: an actor nobody talks to
//! costs no task. While the task is parked the actor's state lies in the mailbox, where the right to run a turn is kept; the
//! task takes both out together.

mod runner;

use crate::actor::Actor;
use crate::actor::cell::{Cell, Stage};
use crate::clock::{Span, Tick};
use crate::error::{StartError, StopReason};
use crate::observe::trace;
use crate::panics::caught;
use crate::turn::{self, Outcome, current};
use runner::Runner;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// A `#[stopped]` that takes longer is cut off: somebody waits for the actor's end.
const STOPPED_MAX: Duration = Duration::from_secs(30);

/// Gives the actor a task. Called once in its life, by whoever was first to need it.
pub(crate) fn employ<A: Actor>(cell: &Arc<Cell<A>>) {
    let runner = Runner::new(cell.clone());
    // A runtime that is gone drops the future at once, and the runner's `Drop` ends the actor.
    cell.rt.spawn(cell.system.tracker().track_future(run(runner)));
}

async fn run<A: Actor>(mut runner: Runner<A>) {
    runner.take_seat().await;
    let why = match start(&mut runner).await {
        Ok(()) => turns(&mut runner).await,
        Err(why) => why,
    };
    finish(&mut runner, why).await;
}

/// Runs `#[started]`.
async fn start<A: Actor>(runner: &mut Runner<A>) -> Result<(), StopReason> {
    if !A::STARTS {
        return Ok(());
    }
    let cell = runner.cell.clone();
    let Some(seat) = runner.seat() else {
        return Err(StopReason::Killed);
    };
    let scope = scope(&cell);
    seat.ctx.begin_turn(scope.deadline);
    // In a box: it is short, and the task it is part of is long.
    let hook = Box::pin(seat.actor.started(&mut seat.ctx));
    let why = match turn::guarded(scope, hook, &cell, true).await {
        Outcome::Done(Ok(())) => {
            cell.advance(Stage::Running);
            trace::started(&cell.name);
            return Ok(());
        }
        Outcome::Done(Err(error)) => error.to_string(),
        Outcome::Cut => return Err(StopReason::Killed),
        Outcome::Panicked(text) => {
            runner.is_tainted = true;
            format!("it panicked: {text}")
        }
    };
    trace::start_failed(&cell.name, &why);
    cell.life.lock().failed = Some(StartError { name: cell.name.clone(), why: why.into() });
    Err(StopReason::StartFailed)
}

/// Turns, until there will be none any more.
async fn turns<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    let mut turn = pin!(None);
    poll_fn(|cx| runner.poll_turns(cx, turn.as_mut(), turn::serve)).await
}

/// The end: whoever waits is told, then `#[stopped]` runs, then the state goes.
async fn finish<A: Actor>(runner: &mut Runner<A>, why: StopReason) {
    runner.close();
    if let Some(mut seat) = runner.take_out() {
        if !runner.is_tainted {
            let stopped = async { tokio::time::timeout(STOPPED_MAX, seat.actor.stopped(why)).await };
            let hook = Box::pin(stopped);
            match turn::guarded(scope(&runner.cell), hook, &runner.cell, false).await {
                Outcome::Panicked(text) => trace::panicked(&runner.cell.name, "stopped", &text),
                Outcome::Done(Err(_)) => {
                    trace::panicked(&runner.cell.name, "stopped", "took more than 30 s and was cut off");
                }
                Outcome::Done(Ok(())) | Outcome::Cut => {}
            }
        }
        if let Err(text) = caught(|| drop(seat)) {
            trace::panicked(&runner.cell.name, "drop", &text);
        }
    }
    runner.end(why);
}

/// For hooks: nobody waits for them.
fn scope<A: Actor>(cell: &Cell<A>) -> current::Turn {
    current::Turn { cell: cell.id(), deadline: Tick::NEVER, timeout: Span::NONE }
}
