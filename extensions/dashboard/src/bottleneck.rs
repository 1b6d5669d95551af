//! Which actor holds the others up, derived from waits and queues.
//!
//! Where turns wait for other actors, the bottleneck is at the end of the chains: an actor that the
//! most turns wait for, directly or through other actors, and that waits for no actor itself. Each
//! edge counts with the share of the last samples that had it, so a wait of an instant does not
//! name a bottleneck. Where no turn waits, it is the actor with the fullest mailbox, if one is
//! filled to a half.

use crate::waits::Edge;
use actors_core::ActorName;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Edges in less than this part of the samples are accidents.
const SHARE_MIN: f64 = 0.2;
/// A mailbox that is filled less is not a bottleneck.
const FILL_MIN: f64 = 0.5;

/// The bottleneck, and why it is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Bottleneck {
    pub(crate) actor: ActorName,
    /// The actors that wait for it, directly or through others.
    pub(crate) waiting: Vec<ActorName>,
    /// A sentence.
    pub(crate) why: String,
}

/// What is known about an actor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
    pub(crate) workers: usize,
    pub(crate) workers_busy: usize,
    /// The message type of its longest turn, and the turn's age in milliseconds.
    pub(crate) turn: Option<(String, Option<f64>)>,
}

impl Load {
    fn fill(&self) -> f64 {
        self.depth as f64 / self.capacity.max(1) as f64
    }
}

/// Returns the bottleneck. `load` looks an actor up; `fullest` is the actor with the highest fill.
pub(crate) fn find(
    edges: &[Edge],
    load: impl Fn(&ActorName) -> Option<Load>,
    fullest: Option<&ActorName>,
) -> Option<Bottleneck> {
    let edges: Vec<_> = edges.iter().filter(|edge| edge.share >= SHARE_MIN).collect();
    let waits: BTreeSet<_> = edges.iter().map(|edge| &edge.actor).collect();
    let mut ends = BTreeMap::<&ActorName, f64>::new();
    for edge in edges.iter().filter(|edge| !waits.contains(&edge.waits_for)) {
        ends.entry(&edge.waits_for).or_default();
    }
    for (end, weight) in &mut ends {
        let before = upstream(&edges, end);
        let counted = edges.iter().filter(|edge| before.contains(&edge.actor));
        *weight = counted.map(|edge| edge.share * edge.turns.max(1) as f64).sum();
    }
    let end = ends.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(end, _)| end);
    match (end, edges.first()) {
        (Some(end), _) => {
            let waiting: Vec<_> = upstream(&edges, end).into_iter().cloned().collect();
            let why = held_up(&waiting, load(end));
            Some(Bottleneck { actor: end.clone(), waiting, why })
        }
        // Every chain leads into a cycle.
        (None, Some(edge)) => Some(Bottleneck {
            actor: edge.waits_for.clone(),
            waiting: waits.into_iter().cloned().collect(),
            why: "its turns wait for actors that wait for it: a cycle".into(),
        }),
        (None, None) => by_fill(fullest?, &load),
    }
}

/// The actors that wait for `end`, directly or through others.
fn upstream<'a>(edges: &[&'a Edge], end: &'a ActorName) -> BTreeSet<&'a ActorName> {
    let mut found = BTreeSet::new();
    let mut next = vec![end];
    while let Some(actor) = next.pop() {
        let before = edges.iter().filter(|edge| edge.waits_for == *actor).map(|edge| &edge.actor);
        next.extend(before.filter(|actor| *actor != end && found.insert(*actor)));
    }
    found
}

fn held_up(waiting: &[ActorName], load: Option<Load>) -> String {
    let names: Vec<_> = waiting.iter().take(3).map(ToString::to_string).collect();
    let rest = if waiting.len() > 3 { format!(" and {} more", waiting.len() - 3) } else { String::new() };
    let verb = if waiting.len() == 1 { "waits" } else { "wait" };
    let waits = format!("{}{rest} {verb} for it", names.join(", "));
    let Some(load) = load else { return format!("{waits}; it has ended") };
    let busy = match load.turn {
        Some((message, Some(age))) => format!("its turn of {message} has been running for {age:.0} ms"),
        Some((message, None)) => format!("its turn of {message} runs"),
        None if load.workers_busy > 0 => {
            format!("{} of {} workers are busy", load.workers_busy, load.workers)
        }
        None => "no turn of it ran at this instant".into(),
    };
    let fill = format!("{} of {} slots are taken", load.depth, load.capacity);
    format!("{waits}; {busy} and waits for no actor; {fill}")
}

fn by_fill(fullest: &ActorName, load: &impl Fn(&ActorName) -> Option<Load>) -> Option<Bottleneck> {
    let load = load(fullest).filter(|load| load.fill() >= FILL_MIN)?;
    let busy = format!("{} of {} workers are busy", load.workers_busy, load.workers);
    let why = format!(
        "its mailbox is the fullest: {} of {} slots are taken; {busy}, and no turn waits for an actor",
        load.depth, load.capacity
    );
    Some(Bottleneck { actor: fullest.clone(), waiting: Vec::new(), why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::What;
    use crate::waits::tests::name;

    fn edge(actor: &str, waits_for: &str, turns: usize, share: f64) -> Edge {
        let (actor, waits_for) = (name(actor), name(waits_for));
        Edge { actor, waits_for, what: What::Answer, turns, share, longest_ms: 1.0 }
    }

    fn found(edges: &[Edge], fullest: Option<&str>, depth: usize) -> Option<Bottleneck> {
        let load = |_: &ActorName| {
            Some(Load {
                depth,
                capacity: 100,
                workers: 1,
                workers_busy: 1,
                turn: Some(("Place".into(), Some(48.2))),
            })
        };
        find(edges, load, fullest.map(name).as_ref())
    }

    #[test]
    fn the_bottleneck_is_the_end_of_the_chain_that_most_turns_lead_to() {
        let edges =
            [edge("web", "shop", 4, 1.0), edge("shop", "orders", 2, 1.0), edge("audit", "bank", 1, 1.0)];
        let found = found(&edges, None, 92).unwrap();
        assert_eq!((found.actor.as_str(), found.waiting), ("orders", vec![name("shop"), name("web")]));
        let why = "shop, web wait for it; its turn of Place has been running for 48 ms and waits for no \
                   actor; 92 of 100 slots are taken";
        assert_eq!(found.why, why);
    }

    #[test]
    fn a_wait_in_few_samples_names_no_bottleneck() {
        assert_eq!(found(&[edge("web", "shop", 4, 0.1)], Some("shop"), 10), None);
    }

    #[test]
    fn without_waits_it_is_the_fullest_mailbox_if_it_is_filled_to_a_half() {
        assert_eq!(found(&[], Some("shop"), 49), None);
        assert!(found(&[], Some("shop"), 50).unwrap().why.contains("50 of 100 slots"));
        assert_eq!(found(&[], None, 50), None);
    }

    #[test]
    fn waits_in_a_cycle_are_told_as_a_cycle() {
        let found = found(&[edge("a", "b", 1, 1.0), edge("b", "a", 1, 1.0)], None, 0).unwrap();
        assert!(found.why.ends_with("a cycle"), "{}", found.why);
    }
}
