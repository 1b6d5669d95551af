//! Which actors' turns wait for which actors, over several snapshots.
//!
//! A turn waits for milliseconds, and a snapshot sees one instant. A list of the latest snapshot
//! alone would flicker. So an edge stays for ten samples, with the share of them that had it.

use super::WaitSnapshot;
use crate::error::ActorName;
use crate::wait::WaitsFor;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Samples that an edge is counted in: at one a second, ten seconds, in which a person can read a
/// line.
const WINDOW: usize = 10;
/// Edges of one sample: more than a person reads, in some hundred kilobytes.
const EDGES_MAX: usize = 4096;

/// An actor whose turns wait for another one.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WaitEdge {
    /// The actor whose turns wait.
    pub actor: ActorName,
    /// The actor that must do something first.
    pub waits_for: ActorName,
    /// What that is.
    pub what: WaitsFor,
    /// The turns that wait in the latest sample.
    pub turns: usize,
    /// The part of the last samples that had this edge, 0 to 1.
    pub share: f64,
    /// For how long the oldest of these turns has been running, in any of the samples: no wait is
    /// longer. `None` where it is not known (S6).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "longest_ms", with = "actors_policy::millis::optional", default)
    )]
    pub longest: Option<Duration>,
}

type Key = (ActorName, ActorName, WaitsFor);

/// How many turns wait in one sample, and for how long the oldest of them has been running.
type Edges = BTreeMap<Key, (usize, Option<Duration>)>;

/// The waits of the last ten samples, such as those of a page that takes one a second.
///
/// ```
/// use actors_core::observe::RecentWaits;
/// use actors_core::prelude::*;
///
/// let system = System::new("shop");
/// let mut recent = RecentWaits::default();
/// assert!(recent.add(&system.waiting_turns()).is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct RecentWaits {
    samples: VecDeque<Edges>,
}

impl RecentWaits {
    /// Adds a sample, forgets the oldest of more than ten, and returns the edges: the most frequent
    /// first. Of a sample with more than 4,096 edges the rest is left out.
    pub fn add(&mut self, waits: &[WaitSnapshot]) -> Vec<WaitEdge> {
        let mut edges = Edges::new();
        for wait in waits {
            let key = (wait.actor.clone(), wait.waits_for.clone(), wait.what);
            if edges.len() < EDGES_MAX || edges.contains_key(&key) {
                let (turns, longest) = edges.entry(key).or_default();
                (*turns, *longest) = (*turns + 1, (*longest).max(wait.turn));
            }
        }
        if self.samples.len() >= WINDOW {
            self.samples.pop_front();
        }
        self.samples.push_back(edges);
        self.edges()
    }

    /// Forgets all samples.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    fn edges(&self) -> Vec<WaitEdge> {
        let mut all = BTreeMap::<&Key, (usize, Option<Duration>)>::new();
        for (key, (_, longest)) in self.samples.iter().flatten() {
            let (samples, of_all) = all.entry(key).or_default();
            (*samples, *of_all) = (*samples + 1, (*of_all).max(*longest));
        }
        let now = |key: &Key| self.samples.back()?.get(key).map(|(turns, _)| *turns);
        let edge = |(key, (samples, longest)): (&Key, (usize, _))| WaitEdge {
            actor: key.0.clone(),
            waits_for: key.1.clone(),
            what: key.2,
            turns: now(key).unwrap_or_default(),
            share: samples as f64 / self.samples.len() as f64,
            longest,
        };
        let mut edges: Vec<_> = all.into_iter().map(edge).collect();
        edges.sort_by(|a, b| {
            let share = b.share.total_cmp(&a.share);
            share.then(b.turns.cmp(&a.turns)).then(b.longest.cmp(&a.longest))
        });
        edges.truncate(EDGES_MAX);
        edges
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn wait(actor: &str, waits_for: &str, what: WaitsFor, turn_ms: Option<u64>) -> WaitSnapshot {
        WaitSnapshot {
            actor: ActorName::new(actor),
            worker: 0,
            waits_for: ActorName::new(waits_for),
            what,
            turn: turn_ms.map(Duration::from_millis),
        }
    }

    fn line(edge: &WaitEdge) -> String {
        let ms = edge.longest.map(|longest| longest.as_millis());
        let WaitEdge { actor, waits_for, turns, share, .. } = edge;
        format!("{actor} {waits_for} {} {turns} {share} {ms:?}", edge.what.word())
    }

    #[test]
    fn l5_an_edge_has_the_turns_of_now_and_the_share_and_the_longest_of_the_last_samples() {
        let mut recent = RecentWaits::default();
        recent.add(&[
            wait("shop", "orders", WaitsFor::Slot, Some(7)),
            wait("shop", "bank", WaitsFor::Answer, None),
        ]);
        let edges = recent.add(&[
            wait("shop", "orders", WaitsFor::Slot, Some(2)),
            wait("shop", "orders", WaitsFor::Slot, Some(3)),
            wait("shop", "orders", WaitsFor::Answer, Some(9)),
        ]);
        let lines: Vec<_> = edges.iter().map(line).collect();
        assert_eq!(
            lines,
            [
                "shop orders slot 2 1 Some(7)",
                "shop orders answer 1 0.5 Some(9)",
                "shop bank answer 0 0.5 None"
            ]
        );
    }

    #[test]
    fn l5_an_edge_is_forgotten_after_ten_samples() {
        let mut recent = RecentWaits::default();
        recent.add(&[wait("shop", "orders", WaitsFor::Start, None)]);
        let edges = (0..9).map(|_| recent.add(&[])).last().unwrap();
        assert_eq!(edges.iter().map(line).collect::<Vec<_>>(), ["shop orders start 0 0.1 None"]);
        assert_eq!(recent.add(&[]), []);
        recent.add(&[wait("shop", "orders", WaitsFor::Start, None)]);
        recent.clear();
        assert_eq!(recent.add(&[]), []);
    }

    #[test]
    fn l5_the_edges_of_a_sample_are_bounded() {
        let mut recent = RecentWaits::default();
        let of = |at| wait(&format!("a{at}"), "b", WaitsFor::End, None);
        let waits: Vec<_> = (0..EDGES_MAX + 9).map(of).collect();
        assert_eq!(recent.add(&waits).len(), EDGES_MAX);
    }
}
