//! What follows when an instance will have no more turns: another one, or the end (F1, F2).

use super::dispose;
use super::runner::Runner;
use crate::actor::Actor;
use crate::actor::cell::{Cell, Seat};
use crate::actor::context::Context;
use crate::error::StopReason;
use crate::observe::trace;
use crate::panics::caught;
use crate::policy::Revival;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Whether another instance goes on. Then it is there, and has not started yet.
pub(super) async fn goes_on<A: Actor>(runner: &mut Runner<A>, why: StopReason) -> bool {
    let mut why = why;
    loop {
        if runner.cell.mailbox.is_killed() {
            return false;
        }
        why = match why {
            StopReason::Restarted => {
                let has_failed = std::mem::take(&mut runner.cell.life.lock().has_failed_child);
                if has_failed { StopReason::ChildFailed } else { why }
            }
            _ => why,
        };
        let delay = match why {
            StopReason::Restarted => Duration::ZERO,
            StopReason::Panicked | StopReason::StartFailed | StopReason::ChildFailed => {
                runner.give_back();
                if runner.cell.mailbox.is_drained() {
                    return false;
                }
                match runner.cell.failed(why) {
                    Revival::After(delay) => delay,
                    Revival::Never | Revival::TooOften => {
                        // In a pool the others end with it.
                        runner.cell.give_up(why);
                        return false;
                    }
                }
            }
            _ => return false,
        };
        let end = if why == StopReason::Restarted { why } else { StopReason::Restarted };
        dispose(runner, end).await;
        if !pause(&runner.cell, delay).await {
            return false;
        }
        match make_instance(runner) {
            Ok(()) => {
                trace::restarted(&runner.cell.name, why, delay);
                runner.begin_anew();
                return true;
            }
            Err(failed) => why = failed,
        }
    }
}

/// A new instance from the factory.
pub(super) fn make_instance<A: Actor>(runner: &mut Runner<A>) -> Result<(), StopReason> {
    let cell = runner.cell.clone();
    let Some(origin) = &cell.origin else { return Err(StopReason::Killed) };
    match caught(|| (origin.factory)()) {
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

/// Waits before the next instance. `false` when the actor was killed meanwhile: whoever kills it wakes this task.
async fn pause<A: Actor>(cell: &Arc<Cell<A>>, delay: Duration) -> bool {
    if delay.is_zero() {
        return !cell.mailbox.is_killed();
    }
    let mut timer = pin!(tokio::time::sleep(delay));
    poll_fn(|cx| {
        if cell.mailbox.is_killed() {
            return Poll::Ready(false);
        }
        timer.as_mut().poll(cx).map(|()| true)
    })
    .await
}
