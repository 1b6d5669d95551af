//! Decides what follows an instance that takes no more turns: another instance, or the end (F1,
//! F2).
//!
//! | the instance ended because | what follows |
//! |---|---|
//! | it panicked, did not start, or a child failed too often | [`Restart`](crate::Restart) decides, after a delay |
//! | it stopped itself, and is `permanent` | the same |
//! | a sibling failed | a new instance at once: the sibling's failure has passed the sibling's own window |
//! | anything else | the end |

use super::end::end_instance;
use super::runner::Runner;
use crate::actor::Actor;
use crate::actor::cell::{Cell, Seat};
use crate::actor::context::Context;
use crate::clock::{Tick, instant};
use crate::error::StopReason;
use crate::mailbox::WorkerId;
use crate::observe::trace;
use crate::panics::caught;
use crate::policy::Revival;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Ends the instance and makes the next one, after the delay that its failures require. The new
/// instance has not started yet.
///
/// # Errors
/// Why none follows.
pub(super) async fn next_instance<A: Actor>(
    runner: &mut Runner<A>,
    why: StopReason,
) -> Result<(), StopReason> {
    let mut why = why;
    loop {
        if runner.cell.mailbox.is_killed() {
            // An actor that has failed for good is killed, too: then `why` is its failure.
            return Err(if why == StopReason::Killed { runner.why_finished() } else { why });
        }
        // Every restart counts in the window and the backoff (F8), except one because of a
        // sibling's failure: the sibling has counted that.
        let mut is_failure =
            matches!(why, StopReason::Panicked | StopReason::StartFailed | StopReason::ChildFailed);
        if why == StopReason::Restarted {
            why = restart_cause(runner);
            is_failure = why != StopReason::Restarted;
            if matches!(why, StopReason::Restarted | StopReason::Stopped) && runner.cell.mailbox.is_drained()
            {
                return Err(runner.why_finished());
            }
        }
        let delay = match why {
            _ if is_failure => {
                runner.put_back();
                if runner.cell.mailbox.is_drained() {
                    return Err(why);
                }
                match runner.cell.failed(runner.worker(), why) {
                    Revival::After(delay) => delay,
                    Revival::Never | Revival::TooOften(_) => {
                        // In a pool the other workers end with it.
                        runner.cell.give_up(why);
                        return Err(why);
                    }
                }
            }
            StopReason::Restarted => Duration::ZERO,
            _ => return Err(why),
        };
        let end = if why == StopReason::Restarted { why } else { StopReason::Restarted };
        end_instance(runner, end).await;
        if pause(&runner.cell, runner.worker(), delay).await == Paused::Retired {
            return Err(StopReason::Retired);
        }
        if runner.cell.mailbox.is_killed() || runner.cell.mailbox.is_drained() {
            return Err(runner.why_finished());
        }
        runner.clear_restart_requests();
        match make_instance(runner) {
            Ok(()) => {
                trace::restarted(&runner.cell.name, why, delay);
                runner.begin_instance();
                return Ok(());
            }
            Err(failed) => why = failed,
        }
    }
}

/// Returns why an instance is replaced between two turns: [`StopReason::Restarted`] if a sibling
/// failed.
fn restart_cause<A: Actor>(runner: &mut Runner<A>) -> StopReason {
    let has_failed_child = std::mem::take(&mut runner.cell.life.lock().has_failed_child);
    match has_failed_child {
        true => StopReason::ChildFailed,
        false if runner.has_failed_job() => StopReason::Panicked,
        // Only an instance of a `permanent` actor stops itself: another actor closes admission.
        false if runner.seat().is_some_and(|seat| seat.ctx.stops_itself()) => StopReason::Stopped,
        false => StopReason::Restarted,
    }
}

/// Makes a new instance with the factory.
///
/// # Errors
/// The actor has ended, or the factory panicked.
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

/// The outcome of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paused {
    Over,
    /// The pool had a worker too many, and this one has left it.
    Retired,
}

/// Waits before the next instance. A stop, a kill, or a smaller pool ends the wait early.
///
/// It yields at least once, so that an actor whose starts always fail does not occupy a thread.
async fn pause<A: Actor>(cell: &Arc<Cell<A>>, worker: WorkerId, delay: Duration) -> Paused {
    if delay.is_zero() {
        tokio::task::yield_now().await;
        return Paused::Over;
    }
    let was_open = cell.mailbox.is_open();
    let mut timer = pin!(tokio::time::sleep(delay));
    loop {
        // While the actor drains, expired messages are removed at once: without a live one left
        // there is nothing to wait for.
        let mut expiry = pin!(until(cell.visit(|section| section.purge_draining())));
        let paused = poll_fn(|cx| {
            let is_over = match was_open {
                true => !cell.mailbox.is_open(),
                false => cell.mailbox.is_killed() || cell.mailbox.is_drained(),
            };
            if is_over {
                return Poll::Ready(Some(Paused::Over));
            }
            if cell.mailbox.retire_surplus(worker) {
                return Poll::Ready(Some(Paused::Retired));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Paused::Over));
            }
            expiry.as_mut().poll(cx).map(|()| None)
        });
        if let Some(paused) = paused.await {
            return paused;
        }
    }
}

/// Sleeps until a tick; for ever if it never comes.
async fn until(end: Tick) {
    match instant(end) {
        Some(end) => tokio::time::sleep_until(end).await,
        None => pending().await,
    }
}
