//! What the tasks of jobs do.

use super::table::{Guarded, Lease};
use crate::actor::Handler;
use crate::actor::handle::{Handle, WeakHandle};
use crate::actor::message::Message;
use crate::error::Reason;
use crate::panics::caught;
use crate::send::Placed;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// `send_after`: its handle keeps the actor alive (F6).
pub(crate) async fn after<A: Handler<M>, M: Message>(lease: Lease<A, M>, handle: Handle<A>, delay: Duration) {
    tokio::time::sleep(delay).await;
    if let Some(message) = lease.take_message() {
        send(&lease, &handle, message).await;
    }
}

/// `pipe` and `watch`.
pub(crate) async fn pipe<A, M, F, C>(
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
    if !lease.redeem() {
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

/// `send_every`: a tick whose predecessor has not begun its turn is left out, so that at most one
/// is queued or in line.
pub(crate) async fn every<A: Handler<M>, M: Message + Clone>(
    lease: Lease<A, M>,
    to: WeakHandle<A>,
    period: Duration,
    message: Guarded<M, A, M>,
) {
    let (begun, mut last) = (Instant::now(), None);
    loop {
        match next_tick(begun, period) {
            Some(due) => tokio::time::sleep_until(due).await,
            // Later than the clock can say.
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
