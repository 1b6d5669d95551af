//! Who waits for whom: the waits of the last seconds, and all that were ever seen.
//!
//! A turn waits for milliseconds, and a sample sees one instant. So a page that showed only the
//! latest sample would flicker. [`Recent`] keeps the last [`WINDOW`] samples: an edge has the share
//! of them in which it was there. [`Seen`] keeps edges for as long as the dashboard lives, for the
//! question where pressure goes.

use crate::source::{Wait, What};
use actors_core::ActorName;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// The samples that an edge is counted in: ten seconds, in which a person can read it.
const WINDOW: usize = 10;
/// The edges of a frame: more lines than a person can follow, in some ten kilobytes.
const SHOWN_MAX: usize = 200;
/// The edges that are kept as seen, some hundred kilobytes. Actors without a name of their own get
/// a new one each time, so without a limit this would grow for ever.
const SEEN_MAX: usize = 4096;

/// An edge: an actor, the actor that its turns wait for, and what for.
pub(crate) type Key = (ActorName, ActorName, What);

/// An edge of the last seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edge {
    /// The actor whose turns wait.
    pub(crate) actor: ActorName,
    /// The actor that they wait for.
    pub(crate) waits_for: ActorName,
    pub(crate) what: What,
    /// The turns that wait now.
    pub(crate) turns: usize,
    /// The part of the last samples that had this edge, 0 to 1.
    pub(crate) share: f64,
    /// The longest turn that waited in these samples, in milliseconds.
    pub(crate) longest_ms: f64,
}

/// The edges of one sample: how many turns wait, and the longest.
type Edges = BTreeMap<Key, (usize, Duration)>;

/// The edges of the last samples.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    samples: VecDeque<Edges>,
}

impl Recent {
    /// Adds a sample, and forgets the oldest of too many.
    pub(crate) fn add(&mut self, waits: &[Wait]) {
        let mut edges = Edges::new();
        for wait in waits {
            let key = (wait.actor.clone(), wait.waits_for.clone(), wait.what);
            let (turns, longest) = edges.entry(key).or_default();
            (*turns, *longest) = (*turns + 1, (*longest).max(wait.turn.unwrap_or_default()));
        }
        self.samples.push_back(edges);
        if self.samples.len() > WINDOW {
            self.samples.pop_front();
        }
    }

    /// The edges, the most frequent first.
    pub(crate) fn edges(&self) -> Vec<Edge> {
        let mut all = BTreeMap::<&Key, (usize, usize, Duration)>::new();
        for (at, edges) in self.samples.iter().enumerate() {
            let is_last = at + 1 == self.samples.len();
            for (key, (turns, longest)) in edges {
                let (now, seen, age) = all.entry(key).or_default();
                *now += if is_last { *turns } else { 0 };
                (*seen, *age) = (*seen + 1, (*age).max(*longest));
            }
        }
        let samples = self.samples.len().max(1) as f64;
        let edge = |(key, (turns, seen, longest)): (&Key, (usize, usize, Duration))| Edge {
            actor: key.0.clone(),
            waits_for: key.1.clone(),
            what: key.2,
            turns,
            share: (seen as f64 / samples * 100.0).round() / 100.0,
            longest_ms: crate::frame::ms(longest),
        };
        let mut edges: Vec<_> = all.into_iter().map(edge).collect();
        edges.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.longest_ms.total_cmp(&a.longest_ms)));
        edges.truncate(SHOWN_MAX);
        edges
    }
}

/// All edges that were ever seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    edges: BTreeSet<Key>,
    /// Edges that had no room.
    pub(crate) left_out: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, waits: &[Wait]) {
        for wait in waits {
            let key = (wait.actor.clone(), wait.waits_for.clone(), wait.what);
            if self.edges.len() < SEEN_MAX {
                self.edges.insert(key);
            } else if !self.edges.contains(&key) {
                self.left_out += 1;
            }
        }
    }

    /// Whether one of these edges is not kept.
    pub(crate) fn lacks(&self, waits: &[Wait]) -> bool {
        let key = |wait: &Wait| (wait.actor.clone(), wait.waits_for.clone(), wait.what);
        waits.iter().any(|wait| !self.edges.contains(&key(wait)))
    }

    /// The edges, sorted.
    pub(crate) fn edges(&self) -> impl Iterator<Item = &Key> {
        self.edges.iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn name(text: &str) -> ActorName {
        serde_json::from_value(text.into()).unwrap()
    }

    pub(crate) fn wait(actor: &str, worker: u32, waits_for: &str, what: What, age: u64) -> Wait {
        let turn = Duration::from_millis(age);
        Wait { actor: name(actor), worker, waits_for: name(waits_for), what, turn: Some(turn) }
    }

    #[test]
    fn an_edge_has_the_turns_of_now_and_the_share_and_the_longest_of_the_last_samples() {
        let mut recent = Recent::default();
        recent.add(&[wait("shop", 0, "orders", What::Slot, 7)]);
        recent.add(&[
            wait("shop", 0, "orders", What::Slot, 2),
            wait("shop", 1, "orders", What::Slot, 3),
            wait("shop", 2, "bank", What::Answer, 9),
        ]);
        let edges = recent.edges();
        assert_eq!(edges.len(), 2);
        assert_eq!((edges[0].turns, edges[0].share, edges[0].longest_ms), (2, 1.0, 7.0));
        assert_eq!((edges[1].waits_for.as_str(), edges[1].share), ("bank", 0.5));
    }

    #[test]
    fn an_edge_is_forgotten_after_ten_samples_but_stays_seen() {
        let (mut recent, mut seen) = (Recent::default(), Seen::default());
        let waits = [wait("shop", 0, "orders", What::Slot, 7)];
        recent.add(&waits);
        seen.add(&waits);
        for _ in 0..9 {
            recent.add(&[]);
        }
        assert_eq!((recent.edges()[0].turns, recent.edges()[0].share), (0, 0.1));
        recent.add(&[]);
        assert_eq!(recent.edges(), []);
        assert_eq!(seen.edges().count(), 1);
    }

    #[test]
    fn edges_are_bounded_and_those_left_out_are_counted() {
        let (mut recent, mut seen) = (Recent::default(), Seen::default());
        let waits: Vec<_> =
            (0..SEEN_MAX + 5).map(|at| wait(&format!("a{at}"), 0, "b", What::Answer, 1)).collect();
        recent.add(&waits);
        seen.add(&waits);
        seen.add(&waits[SEEN_MAX..]);
        assert_eq!(recent.edges().len(), SHOWN_MAX);
        assert_eq!((seen.edges().count(), seen.left_out), (SEEN_MAX, 10));
    }
}
