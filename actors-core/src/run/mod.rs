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
use crate::error::{Reason, StartError, StopReason};
use crate::mailbox::{Take, Taken};
use crate::observe::trace;
use crate::turn::{self, Outcome, current};
use runner::{Lent, Runner};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::coop;

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
    finish(runner, why).await;
}

/// Runs `#[started]`.
async fn start<A: Actor>(runner: &mut Runner<A>) -> Result<(), StopReason> {
    if !A::STARTS {
        return Ok(());
    }
    let (seat, mut lent) = runner.split();
    let Some(seat) = seat else {
        return Err(StopReason::Killed);
    };
    let scope = current::Turn { cell: lent.cell.id(), deadline: crate::clock::Tick::NEVER };
    seat.ctx.begin_turn(scope.deadline);
    let why = match turn::guarded(scope, seat.actor.started(&mut seat.ctx), &mut lent).await {
        Outcome::Done(Ok(())) => {
            runner.cell.advance(Stage::Running);
            trace::started(&runner.cell.name);
            return Ok(());
        }
        Outcome::Done(Err(error)) => error.to_string(),
        Outcome::Cut => return Err(StopReason::Killed),
        Outcome::Panicked(text) => {
            runner.is_tainted = true;
            format!("it panicked: {text}")
        }
    };
    trace::start_failed(&runner.cell.name, &why);
    runner.cell.life.lock().failed = Some(StartError { name: runner.cell.name.clone(), why: why.into() });
    Err(StopReason::StartFailed)
}

/// Turns, until there will be none any more.
async fn turns<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    loop {
        let taken = match poll_fn(|cx| runner.poll_take(cx)).await {
            Take::Turn(taken) => taken,
            Take::Finished => return runner.cell.life.lock().why.unwrap_or(StopReason::Stopped),
        };
        if let Err(why) = one_turn(runner, taken).await {
            return why;
        }
    }
}

async fn one_turn<A: Actor>(
    runner: &mut Runner<A>,
    taken: Taken<crate::actor::cell::Post<A>>,
) -> Result<(), StopReason> {
    let Taken { item, tag, .. } = taken;
    let class = usize::from(tag.class);
    let (seat, mut lent) = runner.split();
    let Some(seat) = seat else {
        return Err(StopReason::Killed);
    };
    let id = lent.cell.id();
    match turn::run(seat, item, &tag, id, &mut lent).await {
        Outcome::Done(()) => {
            runner.cell.mailbox.end_turn();
            // S5: an actor that always has something to do lets others run as every tokio resource does.
            if !coop::has_budget_remaining() {
                runner.put_back();
            }
            coop::consume_budget().await;
            Ok(())
        }
        Outcome::Cut => {
            runner.conclude(Reason::Closed);
            runner.cell.mourn(class, tag.stamp, Reason::Closed, || None);
            Err(StopReason::Killed)
        }
        Outcome::Panicked(text) => {
            runner.conclude(Reason::Panicked);
            runner.is_tainted = true;
            trace::panicked(&runner.cell.name, runner.cell.mailbox.class(class).name(), &text);
            runner.cell.mourn(class, tag.stamp, Reason::Panicked, || Some(text));
            Err(StopReason::Panicked)
        }
    }
}

/// The end: whoever waits is told, then `#[stopped]` runs, then the state goes.
async fn finish<A: Actor>(mut runner: Runner<A>, why: StopReason) {
    runner.close();
    let is_tainted = runner.is_tainted;
    if let Some(mut seat) = runner.take_out() {
        if !is_tainted {
            let scope = current::Turn { cell: runner.cell.id(), deadline: crate::clock::Tick::NEVER };
            let mut lent = Lent::deaf(&runner.cell);
            let hook = turn::guarded(scope, seat.actor.stopped(why), &mut lent);
            match tokio::time::timeout(STOPPED_MAX, hook).await {
                Ok(Outcome::Panicked(text)) => trace::panicked(&runner.cell.name, "stopped", &text),
                Err(_) => {
                    trace::panicked(&runner.cell.name, "stopped", "took more than 30 s and was cut off")
                }
                Ok(_) => {}
            }
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(seat))) {
            trace::panicked(&runner.cell.name, "drop", &turn::text(&*panic));
        }
    }
    runner.end(why);
}
