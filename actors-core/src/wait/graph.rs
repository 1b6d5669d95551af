//! The graph, and the question whether a further wait would close a cycle. Everything here happens under the graph's lock.

use super::{Cycle, Edge, Node, Waiter, What};
use crate::clock::{self, Tick};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Edges of one turn lie beside each other, turns of one actor too. No two living edges have the same address.
type Key = (Waiter, usize);

fn key(edge: &Arc<Edge>) -> Key {
    (edge.plan.from, Arc::as_ptr(edge).addr())
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
    pub(super) fn cycle(&self, new: &Arc<Edge>) -> Option<Cycle> {
        let (own, target) = (new.plan.from.actor, new.plan.to.id());
        // Mostly the actor that is waited for does not wait.
        if own != target && !self.waits(target) {
            return None;
        }
        let now = clock::now();
        if !new.is_live(now) {
            return None;
        }
        let mut reached = Reached::default();
        let first = (&*new.plan.to, Goal::of(&new.plan.what));
        reached.find_all(self, first, Some(new), Growth::Allowed, now);
        reached.free_all();
        let path = reached.path(0, own)?;
        Some(reached.cycle(&path, Some(new)))
    }

    /// The cycle that the waits in the graph already form through `node`, from it on. Returns `None` unless `node` is stuck.
    pub(super) fn standing_cycle(&self, node: &dyn Node) -> Option<Cycle> {
        let reached = self.stuck(node, Growth::Allowed)?;
        let path = reached.actors[0].targets().find_map(|target| reached.path(target, node.id()))?;
        Some(reached.cycle(&path, None))
    }

    /// Whether only another worker of `node` can move it: all turns of those it has wait for an actor that is stuck with it.
    pub(super) fn needs_growth(&self, node: &dyn Node) -> bool {
        self.stuck(node, Growth::ExceptOfFirst).is_some()
    }

    /// Returns what can be reached from `node`, if `node` cannot end a turn.
    fn stuck<'a>(&'a self, node: &'a dyn Node, growth: Growth) -> Option<Reached<'a>> {
        if !self.waits(node.id()) {
            return None;
        }
        let mut reached = Reached::default();
        reached.find_all(self, (node, Goal::Turn), None, growth, clock::now());
        reached.free_all();
        reached.actors[0].is_stuck.then_some(reached)
    }
}

/// Whose growth counts as a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    Allowed,
    /// As if the actor at which the search begins could not grow.
    ExceptOfFirst,
}

/// What an actor must do before a wait can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    /// One of its workers ends its turn.
    Turn,
    /// Each of its workers does.
    End,
}

impl Goal {
    fn of(what: &What) -> Goal {
        match what {
            What::End => Goal::End,
            What::Answer(_) | What::Slot(_) | What::Start => Goal::Turn,
        }
    }
}

/// An actor that may be stuck on its way to a goal.
struct Suspect<'a> {
    node: &'a dyn Node,
    goal: Goal,
    /// For each worker whom its turn waits for, and by which wait.
    turns: Vec<Vec<(usize, &'a Arc<Edge>)>>,
    is_stuck: bool,
}

impl Suspect<'_> {
    /// The actors that its turns wait for.
    fn targets(&self) -> impl Iterator<Item = usize> {
        self.turns.iter().flatten().map(|(target, _)| *target)
    }
}

/// Whoever can be reached from a wait, along waits.
#[derive(Default)]
struct Reached<'a> {
    actors: Vec<Suspect<'a>>,
    index: BTreeMap<(usize, Goal), usize>,
}

impl<'a> Reached<'a> {
    /// `first` comes at place 0. `new` is a wait that is not in the graph yet.
    fn find_all(
        &mut self,
        graph: &'a Graph,
        first: (&'a dyn Node, Goal),
        new: Option<&'a Arc<Edge>>,
        growth: Growth,
        now: Tick,
    ) {
        self.meet(first.0, first.1);
        let mut next = 0;
        while next < self.actors.len() {
            let may_grow = next > 0 || growth == Growth::Allowed;
            self.look_at(next, graph, new, may_grow, now);
            next += 1;
        }
    }

    /// The place of an actor and its goal among all, where it is at first taken to be stuck.
    fn meet(&mut self, node: &'a dyn Node, goal: Goal) -> usize {
        match self.index.entry((node.id(), goal)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.actors.push(Suspect { node, goal, turns: Vec::new(), is_stuck: true });
                *place.insert(self.actors.len() - 1)
            }
        }
    }

    /// Finds out whom the turns of one of them wait for; where one free worker is enough, not further than to the first one
    /// that waits for nothing.
    fn look_at(
        &mut self,
        at: usize,
        graph: &'a Graph,
        new: Option<&'a Arc<Edge>>,
        may_grow: bool,
        now: Tick,
    ) {
        let Suspect { node, goal, .. } = self.actors[at];
        let crew = node.crew();
        let mut is_stuck = goal == Goal::End || !(may_grow && crew.may_grow);
        let is_killed = node.is_killed();
        let mut turns = Vec::new();
        for worker in crew.workers {
            if !is_stuck {
                break;
            }
            let turn = Waiter { actor: node.id(), worker };
            let own = new.filter(|new| new.plan.from == turn);
            let known = graph.of(turn).filter(|edge| edge.is_live(now));
            // A turn that is about to be dropped waits for nothing.
            let waits = own.into_iter().chain(known).filter(|edge| !is_killed || edge.plan.outlives_kill);
            let targets: Vec<_> =
                waits.map(|edge| (self.meet(&*edge.plan.to, Goal::of(&edge.plan.what)), edge)).collect();
            is_stuck = goal == Goal::End || !targets.is_empty();
            turns.push(targets);
        }
        self.actors[at].turns = turns;
        self.actors[at].is_stuck = is_stuck;
    }

    /// Takes everything out of the stuck that has a way to its goal, until nothing has.
    fn free_all(&mut self) {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            // Scan from the back: the most recently met actor is usually the one the others wait for.
            for at in (0..self.actors.len()).rev() {
                let Suspect { goal, turns, is_stuck, .. } = &self.actors[at];
                let waits = |turn: &Vec<(usize, _)>| turn.iter().any(|(to, _)| self.actors[*to].is_stuck);
                let has_way = match goal {
                    Goal::Turn => !turns.iter().all(waits),
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
    fn waits(&self, from: usize, to: usize) -> impl Iterator<Item = &'a Arc<Edge>> {
        let waits = self.actors[from].turns.iter().flatten();
        waits.filter(move |(target, _)| *target == to).map(|(_, edge)| *edge)
    }

    /// The cycle along a path of [`path`](Reached::path), with `new` as its first wait where there is one.
    fn cycle(&self, path: &[usize], new: Option<&Arc<Edge>>) -> Cycle {
        let own = path.iter().take(1);
        let around: Vec<usize> = own.chain(path.iter().skip(1).rev()).copied().collect();
        let names = around.iter().map(|at| self.actors[*at].node.name().clone()).collect();
        let pairs = around.iter().zip(around.iter().cycle().skip(1));
        let known = pairs.flat_map(|(from, to)| self.waits(*from, *to));
        let known = known.filter(|edge| new.is_none_or(|new| !Arc::ptr_eq(edge, new)));
        let waits = new.into_iter().chain(known).cloned().collect();
        let actors = around.iter().map(|at| self.actors[*at].node.id()).collect();
        Cycle { names, actors, waits }
    }

    /// The shortest way along waits of the stuck from one of them to the actor `own`, backwards: `own` first, `from` last.
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
