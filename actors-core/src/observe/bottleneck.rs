//! Which actor the other actors wait for, derived from waits and queues.
//!
//! ```text
//!   web ──► shop ──► orders ──► db        db waits for no actor: it is the end of the chain
//!           audit ───────────► db         four turns wait for it, directly or indirectly
//! ```

use super::WaitEdge;
use crate::error::ActorName;
use std::collections::{BTreeMap, BTreeSet};

/// Edges in less than this part of the samples are accidents.
const SHARE_MIN: f64 = 0.2;
/// A mailbox that is filled less is not a bottleneck.
const FILL_MIN: f64 = 0.5;

/// The actor that holds others up.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bottleneck {
    /// The actor.
    pub actor: ActorName,
    /// Why it is this one.
    pub sign: BottleneckSign,
    /// The actors whose turns wait for it, directly or indirectly, by name.
    pub waiting: Vec<ActorName>,
}

/// Why an actor is taken for the bottleneck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BottleneckSign {
    /// Turns wait for it, and its own turns wait for no actor.
    EndOfChain,
    /// Its turns wait for actors that wait for it, and no chain of waits leads out of the cycle.
    Cycle,
    /// No turn waits for an actor, and its mailbox is the fullest, at least half full.
    Fullest,
}

impl Bottleneck {
    /// Returns the bottleneck, if there is one. `edges` are the waits of the last samples, `fills`
    /// the [fill](crate::Reading::fill) of each actor's mailbox.
    ///
    /// Where turns wait, it is the end that most turns lead to; of ends with as many turns, that
    /// with the most actors before it, and then the first by name, so that the answer does not
    /// flicker. Each edge counts with its share of the samples, and one below a fifth not at all,
    /// so a wait of an instant names no bottleneck.
    pub fn find<'a>(
        edges: &[WaitEdge],
        fills: impl IntoIterator<Item = (&'a ActorName, f64)>,
    ) -> Option<Bottleneck> {
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
            weight.then(before_a.actors.len().cmp(&before_b.actors.len())).then(b.cmp(a))
        });
        let named = |actor: &ActorName, sign, waiting: BTreeSet<&ActorName>| {
            let others = waiting.into_iter().filter(|other| *other != actor);
            Bottleneck { actor: actor.clone(), sign, waiting: others.cloned().collect() }
        };
        match (first, edges.first()) {
            (Some((end, before)), _) => Some(named(end, BottleneckSign::EndOfChain, before.actors)),
            (None, Some(edge)) => Some(named(&edge.waits_for, BottleneckSign::Cycle, waiting)),
            (None, None) => {
                let full = fills.into_iter().filter(|(_, fill)| *fill >= FILL_MIN);
                let fullest = full.max_by(|(a, of_a), (b, of_b)| of_a.total_cmp(of_b).then(b.cmp(a)));
                fullest.map(|(actor, _)| named(actor, BottleneckSign::Fullest, BTreeSet::new()))
            }
        }
    }
}

/// The edges, by the actor that is waited for.
type Upstream<'a> = BTreeMap<&'a ActorName, Vec<&'a WaitEdge>>;

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

#[cfg(test)]
mod tests {
    use super::super::edges::tests::wait;
    use super::*;
    use crate::observe::RecentWaits;
    use crate::wait::WaitsFor;

    /// The bottleneck where each of these actors waits for another one, and its sign.
    fn named(waits: &[(&str, &str)]) -> Option<(String, BottleneckSign)> {
        let waits: Vec<_> =
            waits.iter().map(|(from, to)| wait(from, to, WaitsFor::Answer, Some(5))).collect();
        let found = Bottleneck::find(&RecentWaits::default().add(&waits), []);
        found.map(|found| (found.actor.to_string(), found.sign))
    }

    fn end(name: &str) -> Option<(String, BottleneckSign)> {
        Some((name.to_owned(), BottleneckSign::EndOfChain))
    }

    #[test]
    fn l5_the_bottleneck_is_the_end_of_a_chain_and_knows_what_waits_for_it() {
        let waits = [wait("web", "shop", WaitsFor::Slot, None), wait("shop", "orders", WaitsFor::Slot, None)];
        let found = Bottleneck::find(&RecentWaits::default().add(&waits), []).unwrap();
        assert_eq!((found.actor.as_str(), found.sign), ("orders", BottleneckSign::EndOfChain));
        assert_eq!(found.waiting.iter().map(ActorName::as_str).collect::<Vec<_>>(), ["shop", "web"]);
    }

    #[test]
    fn l5_it_is_the_end_that_most_turns_lead_to() {
        assert_eq!(named(&[("audit", "bank"), ("a", "b"), ("b", "db"), ("c", "db")]), end("db"));
        let many = [("audit", "bank"), ("audit", "bank"), ("audit", "bank"), ("a", "b"), ("b", "db")];
        assert_eq!(named(&many), end("bank"), "three turns wait for it, and two for `db`");
    }

    #[test]
    fn l5_of_equal_ends_it_is_that_of_the_longest_chain_and_then_the_first_by_name() {
        assert_eq!(named(&[("a", "short"), ("a", "short"), ("b", "c"), ("c", "long")]), end("long"));
        assert_eq!(named(&[("a", "y"), ("b", "x")]), end("x"));
    }

    #[test]
    fn l5_a_wait_in_few_samples_names_no_bottleneck() {
        let mut recent = RecentWaits::default();
        recent.add(&[wait("web", "shop", WaitsFor::Slot, None)]);
        let edges = (0..9).map(|_| recent.add(&[])).last().unwrap();
        assert_eq!(Bottleneck::find(&edges, []), None);
    }

    #[test]
    fn l5_without_waits_it_is_the_fullest_mailbox_if_it_is_filled_to_a_half() {
        let names = ["a", "b", "c"].map(ActorName::new);
        let of = |fills: [f64; 3]| Bottleneck::find(&[], names.iter().zip(fills));
        assert_eq!(of([0.1, 0.49, 0.0]), None);
        let found = of([0.5, 0.6, 0.6]).unwrap();
        assert_eq!((found.actor.as_str(), found.sign), ("b", BottleneckSign::Fullest));
        assert!(found.waiting.is_empty());
    }

    #[test]
    fn l5_a_cycle_is_told_as_a_cycle_unless_it_leads_to_an_end() {
        assert_eq!(named(&[("a", "b"), ("b", "a")]).unwrap().1, BottleneckSign::Cycle);
        assert_eq!(named(&[("a", "b"), ("b", "a"), ("b", "db")]), end("db"));
    }
}
