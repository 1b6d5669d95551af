//! The graph, and the question whether a further wait would close a cycle. Everything here happens under the graph's lock.

use super::{Cycle, Edge, InLine, Node, Waiter, What};
use crate::clock::{self, Tick};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Edges of one turn lie beside each other, turns of one actor too. No two living edges have the same address.
type Key = (Waiter, usize);

fn key(edge: &Arc<Edge>) -> Key {
    (edge.from, Arc::as_ptr(edge).addr())
}

/// The waits of all turns of the process.
pub(super) struct Graph {
    edges: BTreeMap<Key, Arc<Edge>>,
}

impl Graph {
    pub(super) const fn new() -> Self {
        Graph { edges: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, edge: Arc<Edge>) {
        self.edges.insert(key(&edge), edge);
    }

    /// The edge itself, to be dropped later.
    pub(super) fn remove(&mut self, edge: &Arc<Edge>) -> Option<Arc<Edge>> {
        self.edges.remove(&key(edge))
    }

    /// The edges of a turn, to be dropped later.
    pub(super) fn take_all(&mut self, from: Waiter) -> Vec<Arc<Edge>> {
        let keys: Vec<Key> = self.of(from).map(key).collect();
        keys.iter().filter_map(|key| self.edges.remove(key)).collect()
    }

    fn of(&self, from: Waiter) -> impl Iterator<Item = &Arc<Edge>> {
        self.edges.range((from, 0)..=(from, usize::MAX)).map(|(_, edge)| edge)
    }

    fn waits(&self, actor: usize) -> bool {
        let (first, last) = (Waiter { actor, worker: 0 }, Waiter { actor, worker: u32::MAX });
        self.edges.range((first, 0)..=(last, usize::MAX)).next().is_some()
    }

    /// The cycle that `new`, which is not in the graph yet, would close, from its own actor on.
    pub(super) fn cycle(&self, new: &Edge) -> Option<Cycle> {
        let (own, target) = (new.from.actor, new.to.id());
        // Mostly whoever is waited for does not wait.
        if own != target && !self.waits(target) {
            return None;
        }
        let now = clock::now();
        if !new.is_live(now) {
            return None;
        }
        let mut reached = Reached::default();
        reached.find_all(self, new, now);
        reached.free_all();
        let path = reached.path(*reached.index.get(&target)?, *reached.index.get(&own)?)?;
        let (own, others) = path.split_first()?;
        let around: Vec<usize> = std::iter::once(own).chain(others.iter().rev()).copied().collect();
        let names = around.iter().map(|at| reached.actors[*at].node.name().clone()).collect();
        let pairs = around.iter().zip(around.iter().cycle().skip(1));
        Some(Cycle { names, lines: pairs.flat_map(|(from, to)| reached.lines(*from, *to)).collect() })
    }
}

/// An actor that may be stuck.
struct Suspect<'a> {
    node: &'a dyn Node,
    /// For each worker whom its turn waits for, and by which wait.
    turns: Vec<Vec<(usize, &'a Edge)>>,
    is_stuck: bool,
}

/// Whoever can be reached from a wait, along waits.
#[derive(Default)]
struct Reached<'a> {
    actors: Vec<Suspect<'a>>,
    index: BTreeMap<usize, usize>,
}

impl<'a> Reached<'a> {
    fn find_all(&mut self, graph: &'a Graph, new: &'a Edge, now: Tick) {
        self.meet(&*new.to);
        let mut next = 0;
        while next < self.actors.len() {
            self.look_at(next, graph, new, now);
            next += 1;
        }
    }

    /// Its place among all, where it is at first taken to be stuck.
    fn meet(&mut self, node: &'a dyn Node) -> usize {
        match self.index.entry(node.id()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.actors.push(Suspect { node, turns: Vec::new(), is_stuck: true });
                *place.insert(self.actors.len() - 1)
            }
        }
    }

    /// Finds out whom the turns of one of them wait for; not further than to the first worker that waits for nobody.
    fn look_at(&mut self, at: usize, graph: &'a Graph, new: &'a Edge, now: Tick) {
        let node = self.actors[at].node;
        let crew = node.crew();
        let mut is_stuck = !crew.may_grow && !node.is_killed();
        let mut turns = Vec::new();
        for worker in crew.workers {
            if !is_stuck {
                break;
            }
            let turn = Waiter { actor: node.id(), worker };
            let own = (new.from == turn).then_some(new);
            let known = graph.of(turn).map(|edge| &**edge).filter(|edge| edge.is_live(now));
            let waits = own.into_iter().chain(known);
            let targets: Vec<_> = waits.map(|edge| (self.meet(&*edge.to), edge)).collect();
            is_stuck = !targets.is_empty();
            turns.push(targets);
        }
        self.actors[at].turns = turns;
        self.actors[at].is_stuck = is_stuck;
    }

    /// Takes everybody out of the stuck who has a turn that waits for none of them, until nobody has.
    fn free_all(&mut self) {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            // Who was met last is mostly who is waited for by the others.
            for at in (0..self.actors.len()).rev() {
                let waits = |turn: &Vec<(usize, _)>| turn.iter().any(|(to, _)| self.actors[*to].is_stuck);
                if self.actors[at].is_stuck && !self.actors[at].turns.iter().all(waits) {
                    self.actors[at].is_stuck = false;
                    has_changed = true;
                }
            }
        }
    }

    /// The places in line among the waits of one for another.
    fn lines(&self, from: usize, to: usize) -> impl Iterator<Item = (Arc<dyn Node>, InLine)> {
        let waits = self.actors[from].turns.iter().flatten().filter(move |(target, _)| *target == to);
        waits.filter_map(|(_, edge)| match edge.what {
            What::Slot(place) => Some((edge.to.clone(), place)),
            What::Answer(_) => None,
        })
    }

    /// The shortest way along waits of the stuck, backwards: `to` first, `from` last.
    fn path(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        if !self.actors[from].is_stuck {
            return None;
        }
        let mut before = vec![None; self.actors.len()];
        let (mut found, mut next) = (vec![from], 0);
        before[from] = Some(from);
        while next < found.len() && found[next] != to {
            let at = found[next];
            next += 1;
            for &(target, _) in self.actors[at].turns.iter().flatten() {
                if self.actors[target].is_stuck && before[target].is_none() {
                    before[target] = Some(at);
                    found.push(target);
                }
            }
        }
        before[to]?;
        let mut path = vec![to];
        while let Some(&last) = path.last()
            && last != from
            && let Some(at) = before[last]
        {
            path.push(at);
        }
        Some(path)
    }
}
