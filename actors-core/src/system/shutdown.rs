//! The shutdown of a system, and its report.

use crate::clock;
use crate::env::{AnyActor, Closing, System};
use crate::error::{ActorName, Detail, StopReason};
use crate::mailbox::Row;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// Stands in for a limit beyond what a clock can represent: longer than any process runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The time that each remaining actor has to stop once the limit of a shutdown has passed: enough
/// for an idle actor.
const IDLE_MAX: Duration = Duration::from_millis(1);

/// The time that all remaining actors together have for this: a report must come shortly after the
/// limit, however many actors are busy.
const IDLE_MAX_OF_ALL: Duration = Duration::from_millis(200);

/// The time that a shutdown waits, after a kill, for turns that run on a thread. A turn that takes
/// longer may never end.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// The result of a [`System::shutdown`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Actors that handled everything they had accepted.
    pub drained: Vec<ActorName>,
    /// Actors that did not drain within the limit and were killed.
    pub killed: Vec<ActorName>,
    /// Actors whose turn has not returned and still occupies a thread, and actors that can only end
    /// after the turn that awaits `shutdown`.
    pub unfinished: Vec<ActorName>,
    /// The number of messages lost after the call: refused by a closed actor, undelivered, expired,
    /// dropped or evicted by their policy, in a turn that panicked, or pending in a `send_after`.
    ///
    /// Not counted: messages that a sender withdrew, that a newer message replaced, or that a pipe
    /// or a watch had not made when its actor stopped.
    pub lost: u64,
    /// The summed ledgers of all actors that this system ever had. For actors that ended during the
    /// shutdown they include refusals after the end.
    pub total: Row,
}

impl ShutdownReport {
    /// Returns whether every actor drained and no message was lost after the call. A message to an
    /// actor that had already stopped counts as lost.
    pub fn is_clean(&self) -> bool {
        self.killed.is_empty() && self.unfinished.is_empty() && self.lost == 0
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.drained.len() {
            1 => write!(f, "1 actor drained")?,
            many => write!(f, "{many} actors drained")?,
        }
        if !self.killed.is_empty() {
            write!(f, "; killed: {}", Names(&self.killed))?;
        }
        if !self.unfinished.is_empty() {
            write!(f, "; still in a turn: {}", Names(&self.unfinished))?;
        }
        write!(f, "; {} of {} messages undelivered", self.total.undelivered, self.total.offered)?;
        write!(f, "; {} lost during the shutdown", self.lost)
    }
}

/// The names that a report shows: a line for people. The lists have all of them.
const NAMES_MAX: usize = 8;

/// Names as a list of bounded length.
struct Names<'a>(&'a [ActorName]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().take(NAMES_MAX).enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(NAMES_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl System {
    /// Stops every actor, the youngest first, and reports the result.
    ///
    /// An actor that drains can still use the actors that were started before it. All actors share
    /// `limit`; then the rest is killed. The call returns when all actors have ended, or within a
    /// second after the limit with the names of the actors whose turn does not end.
    ///
    /// It may be awaited anywhere. Outside of a tokio runtime, or on one without timers, the limit
    /// is measured on the runtime of the system.
    ///
    /// The order follows the start of actors, not who sends to whom. An actor that sends to a
    /// *younger* actor finds it closed, and the report counts the refused message as lost. Start
    /// receivers before their senders, or stop the senders first.
    ///
    /// Awaited inside a turn, it does not wait for actors that cannot end before that turn, such as
    /// the actor itself (D3). It stops them, and reports them as unfinished. If another actor's
    /// turn waits for the calling turn, that wait fails as
    /// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), so that the other actor can end.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped while it is pending, it leaves some actors stopped and others running;
    /// another call continues.
    ///
    /// # Overlapping calls
    /// Each call reports the losses after its own first poll. A loss during two shutdowns is in
    /// both reports. A loss before the second call began is in the first report only.
    pub async fn shutdown(&self, limit: Duration) -> ShutdownReport {
        let closing = Closing::begin(self.registry());
        // Read before any actor stops: the shutdown reports every loss from now on.
        let before = closing.all().lost();
        self.token().cancel();
        self.registry().close();
        self.tracker().close();
        // A limit beyond what the clock can represent means no limit.
        let now = self.on_a_clock(Instant::now);
        let end = now.checked_add(limit).unwrap_or_else(|| now + FOREVER);
        let patience_ends = end.checked_add(IDLE_MAX_OF_ALL).unwrap_or(end);
        let mut drained = Vec::new();
        let (mut late, mut after) = (Vec::new(), Vec::new());
        for (name, cell) in self.registry().actors().into_iter().rev() {
            cell.explain(Detail::Shutdown);
            cell.clone().close();
            let mut ended = self.until(end, cell.clone().ended()).await;
            if ended.is_none() {
                // The limit has passed. Each remaining actor is still closed in order, and gets a
                // moment to end if it is idle.
                tokio::task::yield_now().await;
                let moment = self.on_a_clock(Instant::now) + IDLE_MAX;
                ended = self.until(moment.min(patience_ends), cell.clone().ended()).await;
            }
            match ended {
                Some(Ok(StopReason::Killed)) => late.push((name, cell)),
                Some(Ok(_)) => drained.push(name),
                // It can end only after the turn that awaits this shutdown.
                Some(Err(_)) => after.push((name, cell)),
                None => {
                    cell.clone().kill();
                    late.push((name, cell));
                }
            }
        }
        let (killed, mut unfinished) = self.await_killed(late).await;
        unfinished.extend(after.into_iter().map(|(name, _)| name));
        if unfinished.is_empty() {
            // The actors have ended; their tasks return shortly after.
            let end = self.on_a_clock(Instant::now) + KILLED_MAX;
            let _ = self.until(end, self.tracker().wait()).await;
        }
        let total = closing.all();
        self.letters().close();
        let lost = total.lost().saturating_sub(before);
        ShutdownReport { drained, killed, unfinished, lost, total }
    }

    async fn await_killed(
        &self,
        late: Vec<(ActorName, Arc<dyn AnyActor>)>,
    ) -> (Vec<ActorName>, Vec<ActorName>) {
        let end = self.on_a_clock(Instant::now) + KILLED_MAX;
        let (mut killed, mut unfinished) = (Vec::new(), Vec::new());
        for (name, cell) in late {
            match self.until(end, cell.closed()).await {
                Some(_) => killed.push(name),
                None => unfinished.push(name),
            }
        }
        (killed, unfinished)
    }

    /// Waits for `done` until `end`; `None` past it.
    async fn until<T>(&self, end: Instant, done: impl Future<Output = T>) -> Option<T> {
        let mut done = pin!(done);
        // The value first, so that a timer of a runtime that has ended meanwhile is not polled.
        if let Poll::Ready(value) = poll_fn(|cx| Poll::Ready(done.as_mut().poll(cx))).await {
            return Some(value);
        }
        if !has_clock_here() && self.living_runtime().is_none() {
            // No clock would end the wait, and no task is left that could.
            return None;
        }
        let timeout = self.on_a_clock(|| tokio::time::timeout_at(end, done));
        timeout.await.ok()
    }

    /// Runs `read` where the current time can be read and timers can be made: here or, outside of a
    /// runtime with timers, on the runtime of the system.
    fn on_a_clock<T>(&self, read: impl FnOnce() -> T) -> T {
        let home = self.living_runtime().filter(|_| !has_clock_here());
        let _inside = home.map(Handle::enter);
        read()
    }
}

/// Returns whether this thread is inside a runtime with timers.
fn has_clock_here() -> bool {
    Handle::try_current().is_ok_and(|here| clock::has_timers(&here))
}
