//! The edges of a system's waits, sharded by the waiting actor, and the decision of suspected
//! cycles.

use super::edge::{Cycle, Edge, Waiter};
use super::search::{Goal, Growth, Reached};
use super::{Deadlock, Node, WaitsFor};
use crate::clock;
use crate::error::ActorName;
use crate::sync::Mutex;
#[cfg(test)]
use crate::sync::MutexGuard;
use crate::wakers::discard;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two waits that begin or end at the same instant meet in one shard one time in 16. A shard is
/// held for some tens of nanoseconds and is a cache line, so all of them cost 1 KiB per system.
const SHARDS: usize = 16;

/// Edges of one turn lie next to each other, turns of one actor too. No two living edges have the
/// same address.
type Key = (Waiter, usize);

fn key(edge: &Arc<Edge>) -> Key {
    (edge.plan.from, Arc::as_ptr(edge).addr())
}

/// A shard, on a cache line of its own.
#[repr(align(64))]
struct Shard(Mutex<BTreeMap<Key, Arc<Edge>>>);

/// The waits of a system's turns.
pub(crate) struct Waits {
    deadlock: Deadlock,
    shards: [Shard; SHARDS],
    /// Held while a suspected cycle is decided.
    arbiter: Mutex<()>,
}

impl Waits {
    pub(crate) fn new(deadlock: Deadlock) -> Self {
        let shards = std::array::from_fn(|_| Shard(Mutex::new(BTreeMap::new())));
        Waits { deadlock, shards, arbiter: Mutex::new(()) }
    }

    /// Returns whether waits are checked at all.
    pub(crate) fn is_on(&self) -> bool {
        self.deadlock == Deadlock::On
    }

    fn shard(&self, actor: usize) -> &Mutex<BTreeMap<Key, Arc<Edge>>> {
        // Fibonacci hashing of an address, whose low bits are always 0. Its 4 highest bits choose
        // the shard.
        let hash = (actor as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &self.shards[(hash >> 60) as usize % SHARDS].0
    }

    pub(super) fn add(&self, edge: &Arc<Edge>) {
        self.shard(edge.plan.from.actor).lock().insert(key(edge), edge.clone());
    }

    /// Returns the edge itself, to be dropped after the lock.
    pub(super) fn remove(&self, edge: &Arc<Edge>) -> Option<Arc<Edge>> {
        self.shard(edge.plan.from.actor).lock().remove(&key(edge))
    }

    pub(super) fn has(&self, edge: &Arc<Edge>) -> bool {
        self.shard(edge.plan.from.actor).lock().contains_key(&key(edge))
    }

    /// Removes the edges of a turn, and returns them, to be dropped after the lock.
    pub(super) fn take_all(&self, from: Waiter) -> Vec<Arc<Edge>> {
        let mut shard = self.shard(from.actor).lock();
        let keys: Vec<Key> = shard.range((from, 0)..=(from, usize::MAX)).map(|(key, _)| *key).collect();
        keys.iter().filter_map(|key| shard.remove(key)).collect()
    }

    /// The edges of a turn.
    pub(super) fn of(&self, from: Waiter) -> Vec<Arc<Edge>> {
        let shard = self.shard(from.actor).lock();
        shard.range((from, 0)..=(from, usize::MAX)).map(|(_, edge)| edge.clone()).collect()
    }

    fn waits(&self, actor: usize) -> bool {
        let (first, last) = (Waiter { actor, worker: 0 }, Waiter { actor, worker: u32::MAX });
        self.shard(actor).lock().range((first, 0)..=(last, usize::MAX)).next().is_some()
    }

    /// The waits that are not over: which turn waits for which actor, and for what. One shard is
    /// locked at a time, so waits that begin or end meanwhile may be there or not.
    pub(crate) fn all(&self) -> Vec<(Waiter, ActorName, WaitsFor)> {
        let now = clock::now();
        let mut all = Vec::new();
        for shard in &self.shards {
            let edges: Vec<Arc<Edge>> = shard.0.lock().values().cloned().collect();
            for edge in edges {
                if edge.live(now).is_some() {
                    all.push((edge.plan.from, edge.plan.to.name().clone(), edge.plan.what.word()));
                }
                discard(edge);
            }
        }
        all
    }

    /// What can be reached from an edge of the graph; `None` where it can close no cycle.
    pub(super) fn reached_by(&self, edge: &Arc<Edge>) -> Option<Reached> {
        let target = &edge.plan.to;
        // Mostly the actor that is waited for does not wait.
        if edge.plan.from.actor != target.id() && !self.waits(target.id()) {
            return None;
        }
        let now = clock::now();
        edge.live(now)?;
        let first = (target.clone(), Goal::of(&edge.plan.what));
        Some(Reached::find(self, first, Growth::Allowed, now))
    }

    /// What can be reached from `node`; `None` where it does not wait.
    pub(super) fn reached_from(&self, node: &Arc<dyn Node>, growth: Growth) -> Option<Reached> {
        self.waits(node.id()).then(|| Reached::find(self, (node.clone(), Goal::Turn), growth, clock::now()))
    }

    /// Decides about a suspected cycle, as the only thread of the system that does: repeats the
    /// search until what it found stood at one instant, and then applies `act`, whose effect the
    /// next decision sees. `None` when there is no cycle.
    ///
    /// The search is repeated only when a wait that it relied on has ended meanwhile, so some turn
    /// makes progress each time.
    pub(super) fn decide<T>(
        &self,
        search: impl Fn() -> Option<Reached>,
        cycle: impl Fn(&Reached) -> Option<Cycle>,
        act: impl FnOnce(&Cycle) -> T,
    ) -> Option<(Cycle, T)> {
        loop {
            // Dropped after the lock: it holds cells and slots.
            let reached;
            let arbiter = self.arbiter.lock();
            reached = search()?;
            let found = cycle(&reached)?;
            if !reached.still_holds(self, clock::now()) {
                drop(arbiter);
                continue;
            }
            let acted = act(&found);
            drop(arbiter);
            return Some((found, acted));
        }
    }

    /// The number of waits in the graph.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.lock().len()).sum()
    }

    /// For tests that need a decision to be under way.
    #[cfg(test)]
    pub(super) fn hold_arbiter(&self) -> MutexGuard<'_, ()> {
        self.arbiter.lock()
    }
}
