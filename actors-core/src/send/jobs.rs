//! Timers, pipes and watches: what starts them, and what their tasks do (F7).
//!
//! A job is a task that brings a message to its actor's own mailbox. Its entry in the actor's table
//! (`actor::jobs`) counts what it could not deliver; this module decides what is sent, and when.

use super::placed::Placed;
use crate::actor::context::Context;
use crate::actor::handle::{Handle, WeakHandle};
use crate::actor::jobs::{Guarded, Instance, Job, Lease, Owner, Pending};
use crate::actor::message::Message;
use crate::actor::{Actor, Handler};
use crate::error::{About, AskError, Reason, SendError, StopReason};
use crate::panics::caught;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

impl<A: Actor> Context<A> {
    /// Sends `message` to this actor after `delay`, under the message's own policy. A pending one
    /// belongs to the actor: it survives restarts and keeps the actor alive (F6, F7). Where the
    /// actor ends first, it counts `undelivered` and has a dead letter.
    ///
    /// # Errors
    /// With the message: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed.
    pub fn send_after<M: Message>(&mut self, delay: Duration, message: M) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        let lease = self.lease("send_after", Owner::Actor, None, Pending::Message(message));
        let lease = lease.map_err(|(pending, why)| match pending {
            Pending::Message(message) => SendError::new(message, why),
            _ => unreachable!("it was refused with what it had to deliver"),
        })?;
        let handle = Handle::new(self.cell().clone());
        Ok(lease.spawn_within(|lease| after(lease, handle, delay)))
    }

    /// Sends a clone of `message` to this actor every `period`, first after one period, under the
    /// message's own policy. Belongs to this instance, and ends with it (F7). Does not keep the
    /// actor alive.
    ///
    /// At most one tick is queued or waits in line: the next ones are left out until its turn has
    /// begun, or it was lost. Ticks that were missed are not made up for; the times of the others
    /// stay multiples of the period.
    ///
    /// # Errors
    /// With the message: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed;
    /// [`ZeroPeriod`](crate::Reason::ZeroPeriod) when `period` is zero. That is an error and not a
    /// panic, because a panic in `#[started]` would be retried as a failed start.
    pub fn send_every<M: Message + Clone + Sync>(
        &mut self,
        period: Duration,
        message: M,
    ) -> Result<Job, SendError<M>>
    where
        A: Handler<M>,
    {
        if period.is_zero() {
            let why = AskError::new(&self.cell().life, About::Job, Reason::ZeroPeriod);
            return Err(SendError::new(message, why));
        }
        let instance = self.own_instance().clone();
        let lease = match self.lease::<M>("send_every", Owner::Instance, Some(instance), Pending::Ticks) {
            Ok(lease) => lease,
            Err((_, why)) => return Err(SendError::new(message, why)),
        };
        let weak = WeakHandle::new(self.cell());
        let message = lease.guard(message);
        Ok(lease.spawn(|lease| every(lease, weak, period, message)))
    }

    /// Runs `future` next to the actor, which handles messages meanwhile, and sends the message
    /// that `then` makes of its output. The job belongs to the actor: it survives restarts, and
    /// does not keep the actor alive (F7). If the actor ends first, the message becomes a dead
    /// letter, and counts `cancelled` after a stop, `undelivered` otherwise.
    ///
    /// # Errors
    /// With the future: [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under
    /// way as `jobs` says; [`Closed`](crate::Reason::Closed) once the actor is killed.
    pub fn pipe<F, M>(
        &mut self,
        future: F,
        then: impl FnOnce(F::Output) -> M + Send + 'static,
    ) -> Result<Job, SendError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
        M: Message,
        A: Handler<M>,
    {
        self.run("pipe", future, then)
    }

    /// Sends the message that `then` makes of the reason when `other` has ended. The job belongs to
    /// the actor: it survives restarts (F7). It keeps neither actor alive. If this actor ends
    /// first, the message becomes a dead letter, and counts `cancelled` after a stop, `undelivered`
    /// otherwise.
    ///
    /// # Errors
    /// [`TooManyJobs`](crate::Reason::TooManyJobs), when as many jobs are under way as `jobs` says;
    /// [`Closed`](crate::Reason::Closed) once this actor is killed.
    pub fn watch<B: Actor, M: Message>(
        &mut self,
        other: &Handle<B>,
        then: impl FnOnce(StopReason) -> M + Send + 'static,
    ) -> Result<Job, SendError<()>>
    where
        A: Handler<M>,
    {
        let closed = other.closed();
        let watched = self.run("watch", async move { closed.await }, then);
        watched.map_err(|error| SendError::new((), error.into_parts().1))
    }

    fn run<F, M, C>(&mut self, verb: &'static str, future: F, then: C) -> Result<Job, SendError<F>>
    where
        F: Future<Output: Send> + Send + 'static,
        C: FnOnce(F::Output) -> M + Send + 'static,
        M: Message,
        A: Handler<M>,
    {
        let instance = self.own_instance().clone();
        let lease = match self.lease::<M>(verb, Owner::Actor, Some(instance), Pending::Promised) {
            Ok(lease) => lease,
            Err((_, why)) => return Err(SendError::new(future, why)),
        };
        let weak = WeakHandle::new(self.cell());
        let (future, then) = (lease.guard(Box::pin(future)), lease.guard(then));
        Ok(lease.spawn_within(|lease| pipe(lease, weak, future, then)))
    }

    fn lease<M: Message>(
        &self,
        verb: &'static str,
        owner: Owner,
        instance: Option<Arc<Instance>>,
        pending: Pending<M>,
    ) -> Result<Lease<A, M>, (Pending<M>, AskError)>
    where
        A: Handler<M>,
    {
        let lease = self.cell().add_job(verb, owner, instance, pending);
        lease.map_err(|(pending, reason)| (pending, AskError::new(&self.cell().life, About::Job, reason)))
    }
}

/// `send_after`: its handle keeps the actor alive (F6).
async fn after<A: Handler<M>, M: Message>(lease: Lease<A, M>, handle: Handle<A>, delay: Duration) {
    tokio::time::sleep(delay).await;
    if let Some(message) = lease.take_message() {
        send(&lease, &handle, message).await;
    }
}

/// `pipe` and `watch`.
async fn pipe<A, M, F, C>(
    lease: Lease<A, M>,
    to: WeakHandle<A>,
    mut future: Guarded<Pin<Box<F>>, A, M>,
    mut then: Guarded<C, A, M>,
) where
    A: Handler<M>,
    M: Message,
    F: Future,
    C: FnOnce(F::Output) -> M,
{
    let output = poll_fn(|cx| match future.get_mut() {
        Some(future) => match caught(|| future.as_mut().poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(text) => Poll::Ready(Err(text)),
        },
        None => Poll::Pending,
    })
    .await;
    drop(future);
    let made = output.and_then(|output| caught(|| then.take().map(|then| then(output))));
    let message = match made {
        Ok(Some(message)) => message,
        Ok(None) => return,
        Err(text) => return lease.panicked(text),
    };
    if !lease.take_promise() {
        // Cancelled, or counted as lost when the actor ended.
        return lease.discard(message);
    }
    match to.upgrade() {
        Some(handle) => send(&lease, &handle, message).await,
        None => lease.lose_message(message),
    }
}

/// Sends a message that has no caller.
async fn send<A: Handler<M>, M: Message>(lease: &Lease<A, M>, to: &Handle<A>, message: M) {
    if !to.cell().mailbox.is_open() {
        return lease.lose_message(message);
    }
    if let Err(error) = to.tell(message).await {
        let (message, why) = error.into_parts();
        lease.refused(message, why.reason());
    }
}

/// `send_every`: skips a tick while the turn of the previous one has not begun, so that at most one
/// is queued or in line.
async fn every<A: Handler<M>, M: Message + Clone>(
    lease: Lease<A, M>,
    to: WeakHandle<A>,
    period: Duration,
    message: Guarded<M, A, M>,
) {
    let (begun, mut last) = (Instant::now(), None);
    loop {
        match next_tick(begun, period) {
            Some(due) => tokio::time::sleep_until(due).await,
            // The time is beyond the clock's range.
            None => return pending().await,
        }
        let Some(handle) = to.upgrade() else { return };
        if last.is_some_and(|place| handle.cell().is_pending(place)) {
            continue;
        }
        let tick = match caught(|| message.get().cloned()) {
            Ok(Some(tick)) => tick,
            Ok(None) => return,
            Err(text) => return lease.panicked(text),
        };
        last = match Placed::new(&handle, tick).await {
            Ok(place) => place,
            Err(error) => {
                let (tick, why) = error.into_parts();
                lease.discard(tick);
                if why.reason() == Reason::Closed {
                    return;
                }
                None
            }
        };
    }
}

/// The first multiple of the period that is still to come.
fn next_tick(begun: Instant, period: Duration) -> Option<Instant> {
    let now = Instant::now();
    let late = now.saturating_duration_since(begun).as_nanos() % period.as_nanos();
    let rest = period.as_nanos() - late;
    now.checked_add(Duration::from_nanos(u64::try_from(rest).ok()?))
}
