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

use crate::actor::cell::{Cell, Seat, Stage};
use crate::actor::{Actor, Mail};
use crate::error::{Reason, StartError, StopReason};
use crate::observe::trace;
use crate::panics::caught;
use crate::turn::{self, Outcome, current};
use runner::{Lent, Next, Runner, TurnTag};
use std::future::poll_fn;
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
    let scope = current::Turn { cell: lent.cell.id(), deadline: crate::clock::Tick::NEVER, timeout: None };
    seat.ctx.begin_turn(scope.deadline);
    let why = match turn::guarded(scope, async { seat.actor.started(&mut seat.ctx).await }, &mut lent).await {
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

/// Turns, until there will be none any more. Plain ones run inside `poll_turns`, without an `await` between them.
async fn turns<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    loop {
        let (mail, tag) = match poll_fn(|cx| runner.poll_turns(cx)).await {
            Next::Async(mail, tag) => (mail, tag),
            Next::Panicked(text, tag) => return panicked(runner, &tag, text),
            Next::Tainted => return StopReason::Panicked,
            Next::Finished if runner.cell.mailbox.is_killed() => return StopReason::Killed,
            Next::Finished => return runner.cell.life.lock().why.unwrap_or(StopReason::Stopped),
        };
        let (seat, mut lent) = runner.split();
        let Some(Seat { actor, ctx }) = seat else { return StopReason::Killed };
        let scope = current::Turn { cell: lent.cell.id(), deadline: tag.deadline, timeout: None };
        match turn::guarded(scope, async { mail.deliver(actor, ctx).await }, &mut lent).await {
            Outcome::Done(()) => runner.cell.mailbox.end_turn(),
            Outcome::Panicked(text) => return panicked(runner, &tag, text),
            Outcome::Cut => {
                runner.conclude(Reason::Closed);
                runner.cell.mourn(tag.class, tag.stamp, Reason::Closed, || None);
                return StopReason::Killed;
            }
        }
    }
}

/// A panic went through the state (F1).
fn panicked<A: Actor>(runner: &mut Runner<A>, tag: &TurnTag, text: String) -> StopReason {
    let class = tag.class;
    runner.conclude(Reason::Panicked);
    runner.is_tainted = true;
    trace::panicked(&runner.cell.name, runner.cell.mailbox.class(class).name(), &text);
    runner.cell.mourn(class, tag.stamp, Reason::Panicked, || Some(text));
    StopReason::Panicked
}

/// The end: whoever waits is told, then `#[stopped]` runs, then the state goes.
async fn finish<A: Actor>(mut runner: Runner<A>, why: StopReason) {
    runner.close();
    let is_tainted = runner.is_tainted;
    if let Some(mut seat) = runner.take_out() {
        if !is_tainted {
            let scope =
                current::Turn { cell: runner.cell.id(), deadline: crate::clock::Tick::NEVER, timeout: None };
            let mut lent = Lent::deaf(&runner.cell);
            let hook =
                async { tokio::time::timeout(STOPPED_MAX, async { seat.actor.stopped(why).await }).await };
            match turn::guarded(scope, hook, &mut lent).await {
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
