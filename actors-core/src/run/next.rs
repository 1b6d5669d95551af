//! What follows when an instance will have no more turns: another one, or the end (F1, F2).

use super::dispose;
use super::runner::Runner;
use crate::actor::Actor;
use crate::actor::cell::{Cell, Seat};
use crate::actor::context::Context;
use crate::clock::{Tick, instant};
use crate::error::StopReason;
use crate::observe::trace;
use crate::panics::caught;
use crate::policy::Revival;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Another instance goes on: it is there, and has not started yet.
///
/// # Errors
/// Why none does.
pub(super) async fn go_on<A: Actor>(runner: &mut Runner<A>, why: StopReason) -> Result<(), StopReason> {
    let mut why = why;
    loop {
        if runner.cell.mailbox.is_killed() {
            // Not only by `kill`: also where it has failed for good.
            return Err(if why == StopReason::Killed { runner.why_finished() } else { why });
        }
        // Every end that is followed by another instance passes the window and the backoff (F8), except one that a sibling's failure
        // caused: that failure has passed the sibling's.
        let mut is_failure =
            matches!(why, StopReason::Panicked | StopReason::StartFailed | StopReason::ChildFailed);
        if why == StopReason::Restarted {
            why = cause_of_renewal(runner);
            is_failure = why != StopReason::Restarted;
            if matches!(why, StopReason::Restarted | StopReason::Stopped) && runner.cell.mailbox.is_drained()
            {
                return Err(runner.why_finished());
            }
        }
        let delay = match why {
            _ if is_failure => {
                runner.give_back();
                if runner.cell.mailbox.is_drained() {
                    return Err(why);
                }
                match runner.cell.failed(runner.worker(), why) {
                    Revival::After(delay) => delay,
                    Revival::Never | Revival::TooOften(_) => {
                        // In a pool the others end with it.
                        runner.cell.give_up(why);
                        return Err(why);
                    }
                }
            }
            StopReason::Restarted => Duration::ZERO,
            _ => return Err(why),
        };
        let end = if why == StopReason::Restarted { why } else { StopReason::Restarted };
        dispose(runner, end).await;
        if pause(&runner.cell, runner.worker(), delay).await == Paused::Retired {
            return Err(StopReason::Retired);
        }
        if runner.cell.mailbox.is_killed() || runner.cell.mailbox.is_drained() {
            return Err(runner.why_finished());
        }
        runner.forget_renewal();
        match make_instance(runner) {
            Ok(()) => {
                trace::restarted(&runner.cell.name, why, delay);
                runner.begin_anew();
                return Ok(());
            }
            Err(failed) => why = failed,
        }
    }
}

/// Why an instance is to be replaced between two turns: [`StopReason::Restarted`] where a sibling failed.
fn cause_of_renewal<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    let has_failed_child = std::mem::take(&mut runner.cell.life.lock().has_failed_child);
    match has_failed_child {
        true => StopReason::ChildFailed,
        false if runner.has_failed_job() => StopReason::Panicked,
        // Only an instance of a `permanent` actor: others close admission.
        false if runner.seat().is_some_and(|seat| seat.ctx.stops_itself()) => StopReason::Stopped,
        false => StopReason::Restarted,
    }
}

/// A new instance from the factory.
pub(super) fn make_instance<A: Actor>(runner: &mut Runner<A>) -> Result<(), StopReason> {
    let cell = runner.cell.clone();
    let factory = cell.restarts.as_ref().and_then(|restarts| restarts.factory());
    let Some(factory) = factory else { return Err(StopReason::Killed) };
    match caught(|| factory()) {
        Ok(actor) => {
            let ctx = Context::new(cell.clone(), runner.worker());
            runner.give_seat(Box::new(Seat { actor, ctx }));
            Ok(())
        }
        Err(text) => {
            runner.start_failed(format!("the factory panicked: {text}"));
            Err(StopReason::StartFailed)
        }
    }
}

/// How a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paused {
    Over,
    /// The pool has a worker too many, and this one has left it.
    Retired,
}

/// Waits before the next instance, but no longer than there is something to wait for: whoever stops the actor meanwhile, kills it, or
/// makes its pool smaller, wakes this task. Others have a turn in any case, so that starts that fail for ever do not keep a thread.
async fn pause<A: Actor>(cell: &Arc<Cell<A>>, worker: u32, delay: Duration) -> Paused {
    if delay.is_zero() {
        tokio::task::yield_now().await;
        return Paused::Over;
    }
    let was_open = cell.mailbox.is_open();
    let mut timer = pin!(tokio::time::sleep(delay));
    loop {
        // While the actor drains, messages that die go at once: with no living one left there is nothing to wait for.
        let mut death = pin!(until(cell.visit(|section| section.purge_draining())));
        let paused = poll_fn(|cx| {
            let is_told = match was_open {
                true => !cell.mailbox.is_open(),
                false => cell.mailbox.is_killed() || cell.mailbox.is_drained(),
            };
            if is_told {
                return Poll::Ready(Some(Paused::Over));
            }
            if cell.mailbox.retire_surplus(worker.into()) {
                return Poll::Ready(Some(Paused::Retired));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Paused::Over));
            }
            death.as_mut().poll(cx).map(|()| None)
        });
        if let Some(paused) = paused.await {
            return paused;
        }
    }
}

async fn until(end: Tick) {
    match instant(end) {
        Some(end) => tokio::time::sleep_until(end).await,
        None => pending().await,
    }
}
