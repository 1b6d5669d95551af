//! Which turns wait for which actors, over the last samples.
//!
//! A turn waits for milliseconds, and a snapshot sees one instant. A list of the latest snapshot
//! alone would flicker. So an edge stays for ten samples, with the share of them that had it.

use actors_core::ActorName;
use actors_core::observe::{WaitSnapshot, WaitsFor};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Ten seconds at the usual pace, in which a person can read a line. The dashboard's page keeps as
/// many.
const WINDOW: usize = 10;
/// Edges of one sample: more than a person reads, in some hundred kilobytes.
const EDGES_MAX: usize = 4096;

/// An actor whose turns wait for another one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) actor: ActorName,
    pub(crate) waits_for: ActorName,
    pub(crate) what: WaitsFor,
    /// The turns that wait now.
    pub(crate) turns: usize,
    /// The part of the last samples that had this edge, 0 to 1.
    pub(crate) share: f64,
    /// For how long the oldest of these turns has run, in any of the samples: no wait is longer.
    /// `None` where it is not known.
    pub(crate) longest: Option<Duration>,
}

/// The ends of an edge and what is waited for.
type Key = (ActorName, ActorName, &'static str);

/// The edges of the last samples.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    samples: VecDeque<BTreeMap<Key, Edge>>,
}

impl Recent {
    /// Adds a sample, forgets the oldest of too many, and returns the edges: the most frequent
    /// first.
    pub(crate) fn add(&mut self, waits: &[WaitSnapshot]) -> Vec<Edge> {
        let mut edges = BTreeMap::<Key, Edge>::new();
        for wait in waits {
            let key = (wait.actor.clone(), wait.waits_for.clone(), wait.what.word());
            if edges.len() >= EDGES_MAX && !edges.contains_key(&key) {
                continue;
            }
            let edge = edges.entry(key).or_insert_with(|| Edge::new(wait));
            (edge.turns, edge.longest) = (edge.turns + 1, edge.longest.max(wait.turn));
        }
        self.samples.push_back(edges);
        if self.samples.len() > WINDOW {
            self.samples.pop_front();
        }
        self.edges()
    }

    /// Forgets all samples.
    pub(crate) fn clear(&mut self) {
        self.samples.clear();
    }

    fn edges(&self) -> Vec<Edge> {
        let mut all = BTreeMap::<&Key, Edge>::new();
        let part = 1.0 / self.samples.len().max(1) as f64;
        for (key, edge) in self.samples.iter().flatten() {
            let sum = all.entry(key).or_insert_with(|| Edge { share: 0.0, longest: None, ..edge.clone() });
            (sum.share, sum.longest) = (sum.share + part, sum.longest.max(edge.longest));
        }
        let latest = self.samples.back();
        let mut edges: Vec<_> = all
            .into_iter()
            .map(|(key, edge)| {
                let now = latest.and_then(|edges| edges.get(key));
                Edge { turns: now.map_or(0, |edge| edge.turns), ..edge }
            })
            .collect();
        edges.sort_by(|a, b| {
            let share = b.share.total_cmp(&a.share);
            share.then(b.turns.cmp(&a.turns)).then(b.longest.cmp(&a.longest))
        });
        edges.truncate(EDGES_MAX);
        edges
    }
}

impl Edge {
    fn new(wait: &WaitSnapshot) -> Edge {
        let WaitSnapshot { actor, waits_for, what, .. } = wait;
        Edge {
            actor: actor.clone(),
            waits_for: waits_for.clone(),
            what: *what,
            turns: 0,
            share: 1.0,
            longest: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn wait(actor: &str, waits_for: &str, what: &str, turn_ms: Option<f64>) -> WaitSnapshot {
        let wait =
            json!({ "actor": actor, "worker": 0, "waits_for": waits_for, "what": what, "turn_ms": turn_ms });
        serde_json::from_value(wait).unwrap()
    }

    fn line(edge: &Edge) -> String {
        let ms = edge.longest.map(|longest| longest.as_millis());
        let Edge { actor, waits_for, turns, share, .. } = edge;
        format!("{actor} {waits_for} {} {turns} {share:.2} {ms:?}", edge.what.word())
    }

    #[test]
    fn an_edge_has_the_turns_of_now_and_the_share_and_the_longest_of_the_last_samples() {
        let mut recent = Recent::default();
        recent.add(&[wait("shop", "orders", "slot", Some(7.0)), wait("shop", "bank", "answer", None)]);
        let edges = recent.add(&[
            wait("shop", "orders", "slot", Some(2.0)),
            wait("shop", "orders", "slot", Some(3.0)),
            wait("shop", "orders", "answer", Some(9.0)),
        ]);
        let lines: Vec<_> = edges.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "shop orders slot 2 1.00 Some(7)",
                "shop orders answer 1 0.50 Some(9)",
                "shop bank answer 0 0.50 None"
            ]
        );
    }

    #[test]
    fn an_edge_is_forgotten_after_ten_samples() {
        let mut recent = Recent::default();
        recent.add(&[wait("shop", "orders", "start", None)]);
        let edges = (0..9).map(|_| recent.add(&[])).last().unwrap();
        assert_eq!(edges.iter().map(line).collect::<Vec<_>>(), ["shop orders start 0 0.10 None"]);
        assert_eq!(recent.add(&[]), []);
    }

    #[test]
    fn the_edges_of_a_sample_are_bounded() {
        let mut recent = Recent::default();
        let waits: Vec<_> = (0..EDGES_MAX + 9).map(|at| wait(&format!("a{at}"), "b", "end", None)).collect();
        assert_eq!(recent.add(&waits).len(), EDGES_MAX);
    }
}
