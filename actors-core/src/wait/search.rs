//! The search for cycles: which actors can be reached from a wait along waits, and which of them
//! are stuck.
//!
//! Shards are read one after the other, so the result may mix waits of different instants.
//! [`Reached::still_holds`] says whether all that it relied on stood at one instant.

use super::edge::{Cycle, Edge, Waiter, What};
use super::{Node, Waits, WorkerSet};
use crate::clock::Tick;
use crate::wakers::discard;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Whose growth counts as a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    Allowed,
    /// As if the actor at which the search begins could not grow.
    ExceptOfFirst,
}

/// What an actor must do before a wait can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Goal {
    /// One of its workers ends its turn. Where all are leaving, one of those does: then the actor
    /// ends.
    Turn,
    /// Each of its workers does, also each that is leaving.
    End,
}

impl Goal {
    /// The workers whose turns matter.
    fn workers(self, set: &WorkerSet) -> Vec<u32> {
        let WorkerSet { workers, leaving, .. } = set;
        match self {
            Goal::Turn if workers.is_empty() => leaving.clone(),
            Goal::Turn => workers.clone(),
            Goal::End => workers.iter().chain(leaving).copied().collect(),
        }
    }

    pub(super) fn of(what: &What) -> Goal {
        match what {
            What::End => Goal::End,
            What::Answer(_) | What::Slot(_) | What::Start => Goal::Turn,
        }
    }
}

/// A wait of a turn, and the place of the actor it leads to.
struct Way {
    target: usize,
    edge: Arc<Edge>,
    /// What [`Edge::live`] said of it.
    live: u64,
}

/// An actor that may be stuck on its way to a goal.
struct Suspect {
    node: Arc<dyn Node>,
    goal: Goal,
    /// What was known of it when its turns were read.
    pool: WorkerSet,
    is_killed: bool,
    /// The waits of each worker's turn.
    turns: Vec<Vec<Way>>,
    is_stuck: bool,
}

impl Suspect {
    /// The places of the actors that its turns wait for.
    fn targets(&self) -> impl Iterator<Item = usize> {
        self.turns.iter().flatten().map(|way| way.target)
    }
}

/// The actors that can be reached from a wait, along waits. The first is the one that is waited
/// for.
pub(super) struct Reached {
    actors: Vec<Suspect>,
    index: BTreeMap<(usize, Goal), usize>,
    growth: Growth,
    /// Waits that were read and are over: dropped after the locks, like the rest.
    over: Vec<Arc<Edge>>,
}

impl Drop for Reached {
    /// It may hold the last references to slots and cells, whose `Drop` may panic.
    fn drop(&mut self) {
        discard((std::mem::take(&mut self.actors), std::mem::take(&mut self.over)));
    }
}

impl Reached {
    pub(super) fn find(waits: &Waits, first: (Arc<dyn Node>, Goal), growth: Growth, now: Tick) -> Reached {
        let mut reached = Reached { actors: Vec::new(), index: BTreeMap::new(), growth, over: Vec::new() };
        reached.place(&first.0, first.1);
        let mut next = 0;
        while next < reached.actors.len() {
            reached.read(next, waits, now);
            next += 1;
        }
        reached.free_all();
        reached
    }

    /// Returns whether the first actor cannot end a turn.
    pub(super) fn is_stuck(&self) -> bool {
        self.actors[0].is_stuck
    }

    /// The cycle that `new` closes, from its own actor on.
    pub(super) fn cycle_of(&self, new: &Arc<Edge>) -> Option<Cycle> {
        let path = self.path(0, new.plan.from.actor)?;
        Some(self.cycle(&path, Some(new)))
    }

    /// The cycle that waits form through the first actor, from it on. `None` unless it is stuck.
    pub(super) fn standing_cycle(&self) -> Option<Cycle> {
        let first = self.actors.first().filter(|first| first.is_stuck)?;
        let own = first.node.id();
        let path = first.targets().find_map(|target| self.path(target, own))?;
        Some(self.cycle(&path, None))
    }

    /// Returns whether everything that makes actors stuck still stands. Each of these waits was in
    /// the graph when it was read, and is now, and none returns once it was removed: so all of them
    /// were there at the instant when the search had ended.
    pub(super) fn still_holds(&self, waits: &Waits, now: Tick) -> bool {
        self.actors.iter().enumerate().filter(|(_, suspect)| suspect.is_stuck).all(|(at, suspect)| {
            let mut pool = suspect.node.worker_set();
            pool.may_grow &= self.counts_growth_of(at);
            pool == suspect.pool
                && suspect.node.is_killed() == suspect.is_killed
                && suspect.turns.iter().flatten().all(|Way { target, edge, live }| {
                    !self.actors[*target].is_stuck || (waits.has(edge) && edge.live(now) == Some(*live))
                })
        })
    }

    fn counts_growth_of(&self, at: usize) -> bool {
        at > 0 || self.growth == Growth::Allowed
    }

    /// The place of an actor and its goal, which is taken to be stuck at first.
    fn place(&mut self, node: &Arc<dyn Node>, goal: Goal) -> usize {
        match self.index.entry((node.id(), goal)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let pool = WorkerSet { workers: Vec::new(), leaving: Vec::new(), may_grow: false };
                let (node, turns) = (node.clone(), Vec::new());
                self.actors.push(Suspect { node, goal, pool, is_killed: false, turns, is_stuck: true });
                *place.insert(self.actors.len() - 1)
            }
        }
    }

    /// Reads the waits of an actor's turns. Where one free worker is enough, it stops at the first
    /// that waits for nothing.
    fn read(&mut self, at: usize, waits: &Waits, now: Tick) {
        let (node, goal) = (self.actors[at].node.clone(), self.actors[at].goal);
        let mut pool = node.worker_set();
        pool.may_grow &= self.counts_growth_of(at);
        let is_killed = node.is_killed();
        let mut is_stuck = goal == Goal::End || !pool.may_grow;
        let mut turns = Vec::new();
        for worker in goal.workers(&pool) {
            if !is_stuck {
                break;
            }
            let mut ways = Vec::new();
            for edge in waits.of(Waiter { actor: node.id(), worker }) {
                // A turn that is about to be dropped waits for nothing.
                match edge.live(now).filter(|_| !is_killed || edge.plan.outlives_kill) {
                    Some(live) => {
                        let target = self.place(&edge.plan.to, Goal::of(&edge.plan.what));
                        ways.push(Way { target, edge, live });
                    }
                    None => self.over.push(edge),
                }
            }
            is_stuck = goal == Goal::End || !ways.is_empty();
            turns.push(ways);
        }
        let suspect = &mut self.actors[at];
        (suspect.pool, suspect.is_killed, suspect.turns, suspect.is_stuck) =
            (pool, is_killed, turns, is_stuck);
    }

    /// Frees every actor that has a way to its goal, until none has.
    fn free_all(&mut self) {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            // Scan from the back: the most recently met actor is usually the one the others wait
            // for.
            for at in (0..self.actors.len()).rev() {
                let Suspect { goal, turns, is_stuck, .. } = &self.actors[at];
                let waits = |turn: &Vec<Way>| turn.iter().any(|way| self.actors[way.target].is_stuck);
                let has_way = match goal {
                    // Without a worker it is ending, and its end answers every wait.
                    Goal::Turn => turns.is_empty() || !turns.iter().all(waits),
                    Goal::End => !turns.iter().any(waits),
                };
                if *is_stuck && has_way {
                    self.actors[at].is_stuck = false;
                    has_changed = true;
                }
            }
        }
    }

    /// The waits of one for another.
    fn between(&self, from: usize, to: usize) -> impl Iterator<Item = &Arc<Edge>> {
        let ways = self.actors[from].turns.iter().flatten();
        ways.filter(move |way| way.target == to).map(|way| &way.edge)
    }

    /// The cycle along a path of [`path`](Reached::path), with `new` as its first wait where there
    /// is one.
    fn cycle(&self, path: &[usize], new: Option<&Arc<Edge>>) -> Cycle {
        let own = path.iter().take(1);
        let around: Vec<usize> = own.chain(path.iter().skip(1).rev()).copied().collect();
        let names = around.iter().map(|at| self.actors[*at].node.name().clone()).collect();
        let pairs = around.iter().zip(around.iter().cycle().skip(1));
        let known = pairs.flat_map(|(from, to)| self.between(*from, *to));
        let known = known.filter(|edge| new.is_none_or(|new| !Arc::ptr_eq(edge, new)));
        let waits = new.into_iter().chain(known).cloned().collect();
        let actors = around.iter().map(|at| self.actors[*at].node.id()).collect();
        Cycle { names, actors, waits }
    }

    /// The shortest path along waits from a stuck actor to the actor `own`, backwards: `own` first,
    /// `from` last.
    fn path(&self, from: usize, own: usize) -> Option<Vec<usize>> {
        if !self.actors[from].is_stuck {
            return None;
        }
        let mut before = vec![None; self.actors.len()];
        let (mut found, mut next) = (vec![from], 0);
        before[from] = Some(from);
        let is_own = |at: usize| self.actors[at].node.id() == own;
        while next < found.len() && !is_own(found[next]) {
            let at = found[next];
            next += 1;
            for target in self.actors[at].targets() {
                if self.actors[target].is_stuck && before[target].is_none() {
                    before[target] = Some(at);
                    found.push(target);
                }
            }
        }
        let mut path = vec![*found.get(next)?];
        while let Some(&last) = path.last()
            && last != from
            && let Some(at) = before[last]
        {
            path.push(at);
        }
        Some(path)
    }
}
