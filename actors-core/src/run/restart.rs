//! From one instance to the next: the verdict on a failure, the wait, and the factory (F1, F2).
//!
//! | the instance ended because | what follows |
//! |---|---|
//! | it panicked, did not start, or a child failed too often | [`Restart`](crate::Restart) decides, after a delay |
//! | it stopped itself, and is `permanent` | the same |
//! | a sibling failed | a new instance at once: the sibling's failure has passed the sibling's own window |
//! | anything else | the end |
//!
//! The table is the worker's life in short; see `life.rs`.

use super::runner::Runner;
use crate::actor::Actor;
use crate::actor::cell::Seat;
use crate::actor::context::Context;
use crate::clock::{self, Tick, instant};
use crate::error::StopReason;
use crate::panics::caught;
use crate::policy::Revival;
use crate::policy::lifecycle::Event;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

impl<A: Actor> Runner<A> {
    /// Judges a failure of the instance, unless nothing is left for another one.
    ///
    /// Every failure counts in the window and the backoff (F8). A sibling's failure is not judged
    /// here: the sibling has counted it.
    pub(super) fn judge(&mut self, why: StopReason) -> Event {
        if let Some(over) = self.over() {
            return over;
        }
        let revival = self.cell.failed(self.worker(), why);
        if let Revival::After(delay) = revival {
            self.replaces = Some((why, delay));
        }
        Event::Judged(revival)
    }

    /// Makes an instance with the factory. Returns what happened instead if there is none.
    pub(super) fn make_instance(&mut self) -> Option<Event> {
        if let Some(over) = self.over() {
            // Other workers have handled the messages for which this one was started.
            return Some(over);
        }
        // A worker that joins a pool finds everything as it is.
        let is_renewed = self.replaces.is_some();
        if is_renewed {
            self.clear_restart_requests();
        }
        let cell = self.cell.clone();
        let factory = cell.restarts.as_ref().and_then(|restarts| restarts.factory());
        let Some(factory) = factory else { return Some(Event::Kill(StopReason::Killed)) };
        match caught(|| factory()) {
            Ok(actor) => {
                let ctx = Context::new(cell.clone(), self.worker());
                self.give_seat(Seat::new(actor, ctx));
                if is_renewed {
                    self.begin_instance();
                }
                None
            }
            Err(text) => {
                self.start_failed(format!("the factory panicked: {text}"));
                Some(Event::Failed(StopReason::StartFailed))
            }
        }
    }
}

/// Waits before the next instance. A stop, a kill, or a smaller pool ends the wait early.
///
/// It yields at least once, so that an actor whose starts always fail does not occupy a thread.
pub(super) async fn pause<A: Actor>(runner: &mut Runner<A>, until: Tick) -> Event {
    let delay = until.since(clock::now());
    if delay.is_zero() {
        tokio::task::yield_now().await;
        return runner.over().unwrap_or(Event::Elapsed);
    }
    let mut timer = pin!(tokio::time::sleep(delay));
    loop {
        // While the actor drains, expired messages are removed at once: without a live one left
        // there is nothing to wait for.
        let mut expiry = pin!(sleep_until(runner.cell.visit(|section| section.purge_draining())));
        let event = poll_fn(|cx| {
            if let Some(event) = runner.interruption() {
                return Poll::Ready(Some(event));
            }
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Event::Elapsed));
            }
            expiry.as_mut().poll(cx).map(|()| None)
        });
        if let Some(event) = event.await {
            return event;
        }
    }
}

/// Sleeps until a tick; for ever if it never comes.
async fn sleep_until(end: Tick) {
    match instant(end) {
        Some(end) => tokio::time::sleep_until(end).await,
        None => pending().await,
    }
}
