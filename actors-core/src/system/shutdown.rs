//! The shutdown of a system, and its report.

use crate::env::{AnyActor, Closing, System};
use crate::error::{ActorName, Detail, StopReason};
use crate::mailbox::Row;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Stands in for a limit beyond what a clock can represent: longer than any process runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The time that each remaining actor has to stop once the limit of a shutdown has passed: enough
/// for an idle actor.
const IDLE_MAX: Duration = Duration::from_millis(1);

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
        let names = |names: &[ActorName]| names.iter().map(ActorName::as_str).collect::<Vec<_>>().join(", ");
        match self.drained.len() {
            1 => write!(f, "1 actor drained")?,
            many => write!(f, "{many} actors drained")?,
        }
        if !self.killed.is_empty() {
            write!(f, "; killed: {}", names(&self.killed))?;
        }
        if !self.unfinished.is_empty() {
            write!(f, "; still in a turn: {}", names(&self.unfinished))?;
        }
        write!(f, "; {} of {} messages undelivered", self.total.undelivered, self.total.offered)?;
        write!(f, "; {} lost during the shutdown", self.lost)
    }
}

impl System {
    /// Stops every actor, the youngest first, and reports the result.
    ///
    /// An actor that drains can still use the actors that were started before it. All actors share
    /// `limit`; then the rest is killed. The call returns when all actors have ended, or shortly
    /// after the limit with the names of the actors whose turn does not end.
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
        let end = Instant::now().checked_add(limit).unwrap_or_else(|| Instant::now() + FOREVER);
        let mut drained = Vec::new();
        let (mut late, mut after) = (Vec::new(), Vec::new());
        for (name, cell) in self.registry().actors().into_iter().rev() {
            cell.explain(Detail::Shutdown);
            cell.clone().close();
            match tokio::time::timeout_at(end, cell.clone().ended()).await {
                Ok(Ok(StopReason::Killed)) => late.push((name, cell)),
                Ok(Ok(_)) => drained.push(name),
                // It can end only after the turn that awaits this shutdown.
                Ok(Err(_)) => after.push((name, cell)),
                // The limit has passed. Each remaining actor is still closed in order, and gets a
                // moment to end if it is idle.
                Err(_) => match tokio::time::timeout(IDLE_MAX, cell.clone().ended()).await {
                    Ok(Ok(StopReason::Killed)) => late.push((name, cell)),
                    Ok(Ok(_)) => drained.push(name),
                    Ok(Err(_)) => after.push((name, cell)),
                    Err(_) => {
                        cell.clone().kill();
                        late.push((name, cell));
                    }
                },
            }
        }
        let (killed, mut unfinished) = self.await_killed(late).await;
        unfinished.extend(after.into_iter().map(|(name, _)| name));
        if unfinished.is_empty() {
            // The actors have ended; their tasks return shortly after.
            let _ = tokio::time::timeout(KILLED_MAX, self.tracker().wait()).await;
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
        let end = Instant::now() + KILLED_MAX;
        let (mut killed, mut unfinished) = (Vec::new(), Vec::new());
        for (name, cell) in late {
            match tokio::time::timeout_at(end, cell.closed()).await {
                Ok(_) => killed.push(name),
                Err(_) => unfinished.push(name),
            }
        }
        (killed, unfinished)
    }
}
