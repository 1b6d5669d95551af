//! Which actor the other actors wait for, derived from waits and queues.
//!
//! ```text
//!   web ──► shop ──► orders ──► db        db waits for no actor: it is the end of the chain
//!           audit ───────────► db         four turns wait for it, directly or indirectly
//! ```
//!
//! Where turns wait, the bottleneck is the end that most turns lead to; of ends with as many turns
//! it is that with the most actors before it. Each edge counts with the share of the last samples
//! that had it, so a wait of an instant names no bottleneck. Where no turn waits, it is the actor
//! with the fullest mailbox, if that is filled to a half. The dashboard's page names it by the same
//! rules.

use super::edges::Edge;
use crate::number::{counted, spaced_time};
use actors_core::ActorName;
use actors_core::observe::{ActorSnapshot, Snapshot};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Edges in less than this part of the samples are accidents.
const SHARE_MIN: f64 = 0.2;
/// A mailbox that is filled less is not a bottleneck.
const FILL_MIN: f64 = 0.5;
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

/// The edges, by the actor that is waited for.
type Upstream<'a> = BTreeMap<&'a ActorName, Vec<&'a Edge>>;

/// Returns the bottleneck of a snapshot and the waits of the last samples.
pub(crate) fn find(snapshot: &Snapshot, edges: &[Edge]) -> Option<Bottleneck> {
    let edges: Vec<_> = edges.iter().filter(|edge| edge.share >= SHARE_MIN).collect();
    let mut upstream = Upstream::new();
    for edge in &edges {
        upstream.entry(&edge.waits_for).or_default().push(edge);
    }
    let waiting: BTreeSet<_> = edges.iter().map(|edge| &edge.actor).collect();
    let ends = upstream.keys().filter(|actor| !waiting.contains(**actor));
    let ranked = ends.map(|end| (*end, before(end, &upstream)));
    let first = ranked.max_by(|(a, before_a), (b, before_b)| {
        let weight = before_a.turns.total_cmp(&before_b.turns);
        // Of equals it is the first by name, so that the answer does not flicker.
        weight.then(before_a.actors.len().cmp(&before_b.actors.len())).then(b.cmp(a))
    });
    match (first, edges.first()) {
        (Some((end, before)), _) => {
            let waiting: Vec<_> = before.actors.into_iter().cloned().collect();
            let load = snapshot.actors.iter().find(|actor| actor.name == *end);
            Some(Bottleneck { actor: end.clone(), why: at_the_end(&waiting, load), waiting })
        }
        // Every chain leads into a cycle.
        (None, Some(edge)) => Some(Bottleneck {
            actor: edge.waits_for.clone(),
            waiting: waiting.into_iter().filter(|actor| **actor != edge.waits_for).cloned().collect(),
            why: "its turns wait for actors that wait for it: a cycle".to_owned(),
        }),
        (None, None) => fullest(&snapshot.actors),
    }
}

/// What leads to an actor.
#[derive(Default)]
struct Before<'a> {
    actors: BTreeSet<&'a ActorName>,
    /// The turns that wait, each with the share of the samples that had its edge.
    turns: f64,
}

fn before<'a>(end: &ActorName, upstream: &Upstream<'a>) -> Before<'a> {
    let mut found = Before::default();
    let mut next = vec![end];
    while let Some(actor) = next.pop() {
        for edge in upstream.get(actor).into_iter().flatten() {
            found.turns += edge.share * edge.turns.max(1) as f64;
            if found.actors.insert(&edge.actor) {
                next.push(&edge.actor);
            }
        }
    }
    found
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

fn fullest(actors: &[ActorSnapshot]) -> Option<Bottleneck> {
    let fill = |actor: &ActorSnapshot| super::order::fill(&actor.reading);
    let found = actors.iter().filter(|actor| fill(actor) >= FILL_MIN);
    let actor = found.max_by(|a, b| fill(a).total_cmp(&fill(b)).then_with(|| b.name.cmp(&a.name)))?;
    let why =
        format!("its mailbox is the fullest: {}; {}; no turn waits for an actor", slots(actor), busy(actor));
    Some(Bottleneck { actor: actor.name.clone(), waiting: Vec::new(), why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::edges::Recent;
    use crate::data::edges::tests::wait;
    use crate::data::tests::{actor, snapshot};
    use serde_json::json;

    /// The bottleneck where each of these actors waits for another, and where actors have these
    /// depths.
    fn found(waits: &[(&str, &str)], depths: &[(&str, usize)]) -> Option<Bottleneck> {
        let actors: Vec<_> =
            depths.iter().map(|(name, depth)| actor(name, None, *depth, json!({}))).collect();
        let waits: Vec<_> = waits.iter().map(|(from, to)| wait(from, to, "answer", Some(5.0))).collect();
        find(&snapshot(1.0, &actors), &Recent::default().add(&waits))
    }

    fn named(waits: &[(&str, &str)]) -> Option<String> {
        found(waits, &[]).map(|found| found.actor.to_string())
    }

    #[test]
    fn the_bottleneck_is_the_end_of_a_chain() {
        let found = found(&[("web", "shop"), ("shop", "orders")], &[("orders", 60)]).unwrap();
        assert_eq!(found.actor.as_str(), "orders");
        assert_eq!(found.why, "shop, web wait for it; 1 of 1 worker busy; 60 of 64 slots taken");
    }

    #[test]
    fn it_is_the_end_that_most_turns_lead_to() {
        let waits = [("audit", "bank"), ("a", "b"), ("b", "db"), ("c", "db")];
        assert_eq!(named(&waits).as_deref(), Some("db"));
        let many = [("audit", "bank"), ("audit", "bank"), ("audit", "bank"), ("a", "b"), ("b", "db")];
        assert_eq!(named(&many).as_deref(), Some("bank"), "three turns wait for it, and two for `db`");
    }

    #[test]
    fn of_equal_ends_it_is_that_of_the_longest_chain_and_then_the_first_by_name() {
        let waits = [("a", "short"), ("a", "short"), ("b", "c"), ("c", "long")];
        assert_eq!(named(&waits).as_deref(), Some("long"));
        assert_eq!(named(&[("a", "y"), ("b", "x")]).as_deref(), Some("x"));
    }

    #[test]
    fn the_sentence_names_three_actors_and_counts_the_rest() {
        let waits = ["a", "b", "c", "d", "e"].map(|from| (from, "db"));
        let why = found(&waits, &[]).unwrap().why;
        assert_eq!(why, "a, b, c and 2 more wait for it; it has ended");
    }

    #[test]
    fn a_wait_in_few_samples_names_no_bottleneck() {
        let mut recent = Recent::default();
        recent.add(&[wait("web", "shop", "slot", None)]);
        let edges = (0..9).map(|_| recent.add(&[])).last().unwrap();
        assert_eq!(find(&snapshot(1.0, &[]), &edges), None);
    }

    #[test]
    fn without_waits_it_is_the_fullest_mailbox_if_it_is_filled_to_a_half() {
        assert_eq!(found(&[], &[("a", 31)]), None);
        let found = found(&[], &[("a", 32), ("b", 40), ("c", 40)]).unwrap();
        assert_eq!(found.actor.as_str(), "b");
        assert!(found.why.starts_with("its mailbox is the fullest: 40 of 64 slots taken"), "{}", found.why);
    }

    #[test]
    fn a_cycle_is_told_as_a_cycle_and_ends() {
        let found = found(&[("a", "b"), ("b", "a")], &[]).unwrap();
        assert!(found.why.ends_with("a cycle"), "{}", found.why);
        // A cycle before an end leads to that end.
        assert_eq!(named(&[("a", "b"), ("b", "a"), ("b", "db")]).as_deref(), Some("db"));
    }
}
