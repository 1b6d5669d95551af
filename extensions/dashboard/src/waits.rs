//! All waits that were ever seen, for the question where pressure goes.

use actors_core::ActorName;
use actors_core::observe::{WaitSnapshot, WaitsFor};
use std::collections::BTreeSet;

/// The edges that are kept as seen, some hundred kilobytes. Actors without a name of their own get
/// a new one each time, so without a limit this would grow for ever.
const SEEN_MAX: usize = 4096;

/// An edge: an actor, the actor that its turns wait for, and what for.
pub(crate) type Key = (ActorName, ActorName, WaitsFor);

/// Whether pressure goes this way: the awaited actor must get through its queue first.
pub(crate) fn carries_pressure(what: WaitsFor) -> bool {
    matches!(what, WaitsFor::Answer | WaitsFor::Slot)
}

fn key(wait: &WaitSnapshot) -> Key {
    (wait.actor.clone(), wait.waits_for.clone(), wait.what)
}

/// All edges that were ever seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    edges: BTreeSet<Key>,
    /// Edges that had no room.
    pub(crate) left_out: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, waits: &[WaitSnapshot]) {
        for wait in waits {
            let key = key(wait);
            if self.edges.len() < SEEN_MAX {
                self.edges.insert(key);
            } else if !self.edges.contains(&key) {
                self.left_out += 1;
            }
        }
    }

    /// Whether one of these edges is not kept.
    pub(crate) fn lacks(&self, waits: &[WaitSnapshot]) -> bool {
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

    pub(crate) fn wait(actor: &str, worker: u32, waits_for: &str, what: WaitsFor, age: u64) -> WaitSnapshot {
        let wait = serde_json::json!({
            "actor": actor, "worker": worker, "waits_for": waits_for, "what": what, "turn_ms": age
        });
        serde_json::from_value(wait).unwrap()
    }

    #[test]
    fn edges_are_bounded_and_those_left_out_are_counted() {
        let mut seen = Seen::default();
        let waits: Vec<_> =
            (0..SEEN_MAX + 5).map(|at| wait(&format!("a{at}"), 0, "b", WaitsFor::Answer, 1)).collect();
        seen.add(&waits);
        seen.add(&waits[SEEN_MAX..]);
        assert_eq!((seen.edges().count(), seen.left_out), (SEEN_MAX, 10));
        assert!(seen.lacks(&waits[SEEN_MAX..]) && !seen.lacks(&waits[..SEEN_MAX]));
    }
}
