//! Which turn waits for which actor (D1). A wait that could only end after its own sender's turn
//! ends fails at once, with the names around the cycle, instead of standing until its deadline.
//!
//! ```text
//!   orders ──asks──► stock ──waits in line──► pricing          a turn, what it waits for, the actor that must move first
//!      ▲                                         │
//!      └────────────────── asks ─────────────────┘             this poll closes the cycle, and fails
//! ```
//!
//! **Picture.** One graph per system ([`Waits`]). Its edges are waits: from a *turn*, which is an
//! actor and one of its workers, to an *actor*, which must end a turn before the wait can end. A
//! wait is added by its first poll that is pending inside a turn, and removed when its [`Wait`] is
//! dropped. The graph is sharded by the waiting actor, and no operation holds two shards.
//!
//! **When is an actor stuck?** When no further worker can come and the turns of all it has are
//! stuck. A turn is stuck when any of its waits leads to a stuck actor. Of all solutions the
//! largest is meant; the search computes it among the actors that can be reached from a wait. A
//! wait for an actor's end is stuck when the turn of *any* of its workers is, one that is leaving
//! its pool included: each of them must end.
//!
//! **Publish, then search.** A new wait is added to the graph first; then the graph is searched,
//! one shard at a time. Of several threads that close a cycle together, the one that adds its edge
//! last sees the edges of all others, so no cycle is missed. A search that reads shards at
//! different times can also *suspect* a cycle that never was, and several threads can suspect the
//! same one. A suspicion is therefore decided under one lock, the arbiter's: the search is repeated
//! until every wait that it relied on is still there when it has ended. Within a decision no wait
//! returns once it was removed, because a wait is added again only after a decision about itself.
//! A wait in line that did not count while a permit was out does count again after that, but with
//! another number ([`Node::is_stuck_in_line`]), and then the search is repeated too. So those edges
//! stood at one instant. Then one wait fails, and the next thread finds the cycle
//! gone. Without a cycle no thread takes the arbiter's lock. (The double collect of Afek, Attiya,
//! Dolev, Gafni, Merritt and Shavit, *Atomic Snapshots of Shared Memory*, JACM 40(4), 1993.)
//!
//! **When is it searched?** When a wait is added, and when a way out disappears: a worker leaves
//! its pool, the supervisor starts no more of them for a while, or the last permit of a mailbox is
//! used or given back while senders stay in its line ([`review`]).
//!
//! **Which wait fails?** The one that closes the cycle, if it can fail. `closed` and a parent's
//! wait for its children cannot (D3): then another wait of the cycle is *cut*, and its task is
//! woken to find that out.
//!
//! **Invariants.**
//! 1. Whether a wait is over is asked when the graph is searched, never recorded: whether the
//!    answer is still awaited ([`Live`]), the sender still in line ([`Node::is_stuck_in_line`]),
//!    the deadline not past.
//! 2. Each cycle is decided by one thread at a time, under the arbiter's lock.
//! 3. Lock order: arbiter, then a shard *or* a mailbox or reply slot; no lock is taken while a
//!    shard is held. Foreign code runs under none of them: edges hold cells and slots, so they are
//!    dropped after the lock.
//! 4. A turn that is over waits for nothing, even where a half-polled ask is kept in the actor's
//!    state ([`over`]).
//!
//! **What is not seen.** Cycles through actors of several systems: they end by their deadlines. All
//! waits of a turn count as needed, also those of a `select!`. A turn that runs another actor's
//! short turn itself (S6) is no edge while it runs it: where that one blocks its thread and asks
//! the first actor, the ask ends with its deadline. So does a wait for a message that one worker of
//! a pool has in its turn while the pool's other workers are free. Where a turn begins the turn of
//! an `async fn` that then waits for the first actor, the edge follows with the asker's own wait,
//! and closes the cycle. Nothing else that could end a wait is relied on: a deadline, a ttl, an ask
//! of another sender that is withdrawn from the full mailbox. On the other hand no cycle is
//! reported where code outside may end a wait: an answer that comes by a
//! [`ReplyTo`](crate::ReplyTo), a line while a permit of that mailbox is out, tasks, locks and
//! channels.
//!
//! **Price.** Nothing while nothing waits inside a turn, or with [`Deadlock::Off`]. A wait inside a
//! turn costs an allocation and three short locks of shards: to add it, to see whether its target
//! waits, to remove it. Turns of different actors mostly use different shards (`benches/waits.rs`).

mod edge;
mod graph;
#[cfg(all(test, actors_loom))]
mod loom;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use edge::{Names, Plan, Wait, Waiter, What};
pub(crate) use graph::Waits;

use crate::error::ActorName;
use crate::reentry;
use crate::wakers::discard;
use edge::{Cycle, Edge};
use search::{Growth, Reached};
use std::sync::Arc;
use std::task::Waker;

/// Whether waits inside turns are checked for cycles (D1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deadlock {
    /// A wait that would close a cycle fails as [`WouldDeadlock`](crate::Reason::WouldDeadlock).
    #[default]
    On,
    /// Nothing is checked: a cycle of waits ends with its first deadline. Saves an allocation and
    /// three short locks per wait that is pending inside a turn.
    Off,
}

/// What a turn waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitsFor {
    /// An answer.
    Answer,
    /// A slot of a mailbox.
    Slot,
    /// The start of an actor.
    Start,
    /// The end of an actor.
    End,
}

impl WaitsFor {
    /// The word: `answer`, `slot`, `start` or `end`.
    pub const fn word(self) -> &'static str {
        match self {
            WaitsFor::Answer => "answer",
            WaitsFor::Slot => "slot",
            WaitsFor::Start => "start",
            WaitsFor::End => "end",
        }
    }
}

/// The workers that run an actor's turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkerSet {
    /// The numbers of the workers that take turns.
    pub(crate) workers: Vec<u32>,
    /// The numbers of those that take no more turns, and have not gone yet: their `#[stopped]` runs
    /// or their children end. The actor's end waits for them too.
    pub(crate) leaving: Vec<u32>,
    /// Another one may come, also while all of these wait.
    pub(crate) may_grow: bool,
}

/// An actor.
pub(crate) trait Node: Send + Sync {
    /// No two living actors have the same.
    fn id(&self) -> usize;

    fn name(&self) -> &ActorName;

    /// The graph of its system.
    fn waits(&self) -> &Waits;

    fn worker_set(&self) -> WorkerSet;

    /// Its suspended turn is about to be dropped.
    fn is_killed(&self) -> bool;

    fn has_started(&self) -> bool;

    fn has_ended(&self) -> bool;

    /// Returns a number if a sender is still in this actor's line, and only the beginning of
    /// another turn brings it further. Where two looks return the same number, that was so all the
    /// time in between.
    fn is_stuck_in_line(&self, place: InLine) -> Option<u64>;

    /// Lets a sender in that waits in this actor's line only because the supervisor lowered the
    /// limit (P2). Returns whether it did. Called without any lock.
    fn admit(self: Arc<Self>, place: InLine) -> bool;
}

/// A sender's place in line. Numbers of waiters are used again, tickets are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InLine {
    pub(crate) waiter: u32,
    pub(crate) ticket: u64,
}

/// An answer that may still come.
pub(crate) trait Live: Send + Sync {
    /// Returns whether it is awaited, and only the handler can give it.
    fn is_awaited(&self) -> bool;
}

pub(crate) type Awaited = Arc<dyn Live>;

/// Adds a wait that can fail.
///
/// # Errors
/// The names around a cycle, from the waiter on, that this wait would close: then it is not in the
/// graph.
pub(crate) fn begin(plan: Plan, waker: &Waker) -> Result<Wait, Names> {
    let wait = Wait(Edge::new(plan, Some(waker)));
    let (edge, waits) = (&wait.0, wait.0.waits());
    let search = || waits.reached_by(edge);
    let cycle = |reached: &Reached| reached.cycle_of(edge);
    loop {
        waits.add(edge);
        // Without a lock: mostly there is no cycle, and nothing to decide.
        if search().is_none_or(|reached| cycle(&reached).is_none()) {
            break;
        }
        let Some((cycle, removed)) = waits.decide(search, cycle, |_| waits.remove(edge)) else { break };
        discard(removed);
        // Before a wait fails (P2): once one of these senders is let in, this cycle is gone.
        if !cycle.admit_one() {
            return Err(cycle.names.clone());
        }
    }
    Ok(wait)
}

/// Adds a wait that cannot fail: where it closes a cycle, another wait of that cycle is cut.
/// Returns, with the wait, the names around a cycle none of whose waits can fail, from the waiter
/// on.
pub(crate) fn begin_in_any_case(plan: Plan) -> (Wait, Option<Names>) {
    let wait = Wait(Edge::new(plan, None));
    let (edge, waits) = (&wait.0, wait.0.waits());
    let search = || waits.reached_by(edge);
    let cycle = |reached: &Reached| reached.cycle_of(edge);
    waits.add(edge);
    let names = loop {
        let Some(found) = search().and_then(|reached| cycle(&reached)) else { break None };
        // Before another wait fails (P2): once one of these senders is let in, this cycle is gone.
        if found.admit_one() {
            continue;
        }
        match waits.decide(search, cycle, Cycle::cut_one) {
            None => break None,
            Some((_, Some(victim))) => wake_cut(victim),
            Some((cycle, None)) => break Some(cycle.names.clone()),
        }
    };
    (wait, names)
}

/// Wakes the task of a wait that was cut. Called without any lock.
fn wake_cut(victim: Arc<Edge>) {
    victim.wake();
    discard(victim);
}

/// Checks waits that are in the graph already, because a way out has disappeared: `node` has one
/// worker fewer, its supervisor will start no other one for a while, or no permit of its mailbox is
/// out any more. Where they form a cycle,
/// one of them is cut, or else the names around it are returned.
#[cold]
pub(crate) fn review(node: &Arc<dyn Node>) -> Option<Names> {
    if reentry::is_in_eq() {
        // A mailbox is locked, and a search may need its lock.
        return None;
    }
    let waits = node.waits();
    let search = || waits.reached_from(node, Growth::Allowed);
    loop {
        let cycle = search()?.standing_cycle()?;
        // Before a wait fails (P2): once one of these senders is let in, this cycle is gone.
        if cycle.admit_one() {
            continue;
        }
        match waits.decide(search, Reached::standing_cycle, Cycle::cut_one)? {
            (_, Some(victim)) => wake_cut(victim),
            (cycle, None) => return Some(cycle.names.clone()),
        }
    }
}

/// Returns whether only another worker can move `node`: each of its turns waits for an actor that
/// is stuck with it.
pub(crate) fn needs_growth(node: &Arc<dyn Node>) -> bool {
    let reached = node.waits().reached_from(node, Growth::ExceptOfFirst);
    reached.is_some_and(|reached| reached.is_stuck())
}

/// The turn has ended: a wait that it began and kept for later is no wait of the next turn.
#[cold]
pub(crate) fn over(waits: &Waits, from: Waiter) {
    for edge in waits.take_all(from) {
        edge.end();
        discard(edge);
    }
}
