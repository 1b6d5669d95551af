//! The bottleneck of a service, with a sentence that says why.

use crate::number::{counted, spaced_time};
use actors_core::ActorName;
use actors_core::observe::{self, ActorSnapshot, BottleneckSign, Snapshot, WaitEdge};
use serde::Serialize;

/// Names in the sentence; the rest is a number.
const NAMED_MAX: usize = 3;

/// The bottleneck, and why it is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Bottleneck {
    pub(crate) actor: ActorName,
    /// The actors that wait for it, directly or indirectly.
    pub(crate) waiting: Vec<ActorName>,
    /// A sentence without its subject, which is the actor.
    pub(crate) why: String,
}

/// Returns the bottleneck of a snapshot and the waits of the last samples.
pub(crate) fn find(snapshot: &Snapshot, edges: &[WaitEdge]) -> Option<Bottleneck> {
    let fills = snapshot.actors.iter().map(|actor| (&actor.name, super::order::fill(&actor.reading)));
    let observe::Bottleneck { actor, sign, waiting, .. } = observe::Bottleneck::find(edges, fills)?;
    let load = snapshot.actors.iter().find(|other| other.name == actor);
    let why = match (sign, load) {
        (BottleneckSign::Cycle, _) => "its turns wait for actors that wait for it: a cycle".to_owned(),
        (BottleneckSign::Fullest, Some(load)) => {
            let (slots, busy) = (slots(load), busy(load));
            format!("its mailbox is the fullest: {slots}; {busy}; no turn waits for an actor")
        }
        (_, load) => at_the_end(&waiting, load),
    };
    Some(Bottleneck { actor, waiting, why })
}

fn at_the_end(waiting: &[ActorName], load: Option<&ActorSnapshot>) -> String {
    let named: Vec<_> = waiting.iter().take(NAMED_MAX).map(ActorName::as_str).collect();
    let rest = match waiting.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if waiting.len() == 1 { "waits" } else { "wait" };
    let waits = format!("{}{rest} {verb} for it", named.join(", "));
    match load {
        Some(actor) => format!("{waits}; {}; {}", busy(actor), slots(actor)),
        None => format!("{waits}; it has ended"),
    }
}

fn busy(actor: &ActorSnapshot) -> String {
    match actor.turns.iter().max_by_key(|turn| turn.age) {
        Some(turn) => match turn.age {
            Some(age) => format!("its turn of {} has been running for {}", turn.message, spaced_time(age)),
            None => format!("its turn of {} runs", turn.message),
        },
        None => {
            format!("{} of {} busy", actor.reading.workers_busy, counted(actor.reading.workers, "worker"))
        }
    }
}

fn slots(actor: &ActorSnapshot) -> String {
    format!("{} of {} taken", actor.reading.depth, counted(actor.reading.capacity, "slot"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, snapshot, wait};
    use actors_core::observe::RecentWaits;
    use serde_json::json;

    /// The sentence where each of these actors waits for another one, and where actors have these
    /// depths.
    fn why(waits: &[(&str, &str)], depths: &[(&str, usize)]) -> Option<String> {
        let actors: Vec<_> =
            depths.iter().map(|(name, depth)| actor(name, None, *depth, json!({}))).collect();
        let waits: Vec<_> = waits.iter().map(|(from, to)| wait(from, to, "answer", Some(5.0))).collect();
        let found = find(&snapshot(1.0, &actors), &RecentWaits::default().add(&waits))?;
        Some(format!("{} {}", found.actor, found.why))
    }

    #[test]
    fn the_end_of_a_chain_is_told_with_its_turn_and_its_queue() {
        let why = why(&[("web", "shop"), ("shop", "orders")], &[("orders", 60)]).unwrap();
        assert_eq!(why, "orders shop, web wait for it; 1 of 1 worker busy; 60 of 64 slots taken");
    }

    #[test]
    fn the_sentence_names_three_actors_and_counts_the_rest() {
        let waits = ["a", "b", "c", "d", "e"].map(|from| (from, "db"));
        assert_eq!(why(&waits, &[]).unwrap(), "db a, b, c and 2 more wait for it; it has ended");
    }

    #[test]
    fn a_full_mailbox_and_a_cycle_are_told_as_such() {
        assert_eq!(why(&[], &[("a", 31)]), None);
        let fullest = why(&[], &[("a", 32), ("b", 40)]).unwrap();
        assert!(fullest.starts_with("b its mailbox is the fullest: 40 of 64 slots taken; "), "{fullest}");
        assert!(why(&[("a", "b"), ("b", "a")], &[]).unwrap().ends_with(": a cycle"));
    }
}
