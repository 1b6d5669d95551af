//! Shutting a system down, and the report of what it left.

use crate::env::{AnyActor, Closing, System};
use crate::error::{ActorName, Detail, StopReason};
use crate::mailbox::Row;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longer than any process runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Past the limit of a shutdown, how long an actor that only now is told to stop may take to do so: enough for one that has
/// nothing to do.
const IDLE_MAX: Duration = Duration::from_millis(1);

/// After a kill, how long a shutdown waits for turns that are on a thread: they end by themselves or not at all.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// What a shutdown left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Actors that handled everything they had accepted.
    pub drained: Vec<ActorName>,
    /// Actors that did not within the limit and were killed.
    pub killed: Vec<ActorName>,
    /// Actors that are still in a turn which does not end (their threads are theirs), and those that can only end after the turn
    /// in which `shutdown` was awaited.
    pub unfinished: Vec<ActorName>,
    /// Messages that were lost after the call: refused because their actor had closed, undelivered, expired, dropped or evicted by
    /// their policy, in a turn that panicked, or still in a `send_after`. What a sender withdrew, what a newer message replaced, and what a
    /// pipe or a watch had not made yet when its actor was stopped, is not lost.
    pub lost: u64,
    /// The books of every actor this system ever had, added up; of actors that ended during the shutdown also with what was refused
    /// after their end.
    pub total: Row,
}

impl ShutdownReport {
    /// Returns whether every actor drained and no message was lost after the call, by whatever fault: also one that an actor sent, or
    /// a client, to an actor that had stopped already.
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
    /// Stops every actor, the youngest first, so that an actor can use those that were started before it until it has drained.
    /// All of them together have `limit`; then the rest is killed. Returns when everything has ended, or shortly after the limit with
    /// the names of those whose turn does not end.
    ///
    /// The order knows only when actors were started, not who sends to whom. An actor that sends to a *younger* one finds it closed:
    /// what it still has in its queue is refused there, which the report counts as lost. Start sinks before their sources, or stop the
    /// sources first.
    ///
    /// Awaited inside an actor's turn it does not wait for actors that cannot end before that turn does, the actor itself first
    /// of all (D3): it stops them, and reports them as unfinished. Where another actor's turn waits for the calling turn, that
    /// wait fails as [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), so that the actor ends.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped while it is pending, it has stopped some actors and not yet others; another call goes on.
    ///
    /// # Overlapping calls
    /// Each call reports what was lost after its own first poll. So a loss during two shutdowns is in both reports, and what
    /// the first call lost before the second one began is in the first report only.
    pub async fn shutdown(&self, limit: Duration) -> ShutdownReport {
        let closing = Closing::begin(self.registry());
        // Before anything is told to stop: what is lost from now on is lost by the shutdown.
        let before = closing.all().lost();
        self.token().cancel();
        self.registry().close();
        self.tracker().close();
        // A limit beyond what a clock can say is none: a century.
        let end = Instant::now().checked_add(limit).unwrap_or_else(|| Instant::now() + FOREVER);
        let mut drained = Vec::new();
        let (mut late, mut after) = (Vec::new(), Vec::new());
        for (name, cell) in self.registry().actors().into_iter().rev() {
            cell.explain(Detail::Shutdown);
            cell.clone().close();
            match tokio::time::timeout_at(end, cell.clone().ended()).await {
                Ok(Ok(StopReason::Killed)) => late.push((name, cell)),
                Ok(Ok(_)) => drained.push(name),
                // It ends after the turn that shuts the system down.
                Ok(Err(_)) => after.push((name, cell)),
                // Others are not to pay for it: they are closed in their turn, and have a moment each to be idle.
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
            // The loops have said their last word; their tasks end with it.
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
