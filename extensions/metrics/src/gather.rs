//! What a scrape reads from a system: one visit, with a limit of the actors that have series of
//! their own.
//!
//! A series is a name, and Prometheus keeps each one for weeks. So a name becomes a label only if
//! it was chosen, is short, and is among the first of its type and of the system. Every other actor
//! is part of one sum per type. Actors are visited oldest first: which ones have a name does not
//! change while they live.

use crate::gauges::{self, Numbers};
use actors_core::observe::{ActorView, TypeTotals};
use actors_core::{ActorName, System};
use std::collections::BTreeMap;

/// The label of the sum of actors that have no series of their own.
pub(crate) const OTHERS: &str = "(others)";

/// The length of the longest name that becomes a label, in bytes. Names are any text, and a page
/// repeats them for each gauge: with 128 bytes, they at most double its size.
const NAME_MAX: usize = 128;

/// How many actors have series of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// In a system.
    pub(crate) actors: usize,
    /// Of one type.
    pub(crate) of_type: usize,
    /// Whether none has, and the label of the actor is left out.
    pub(crate) is_by_type: bool,
}

/// The gauges of one actor or, without a name, the sum of those of its type that have no row.
pub(crate) struct Row {
    pub(crate) actor: Option<ActorName>,
    pub(crate) type_name: &'static str,
    pub(crate) numbers: Numbers,
}

/// The live actors of one type.
pub(crate) struct OfType {
    pub(crate) live: u64,
    /// One of them, to ask for what they have in common.
    pub(crate) example: ActorName,
    named: usize,
    rest: Option<Numbers>,
}

/// What a scrape has read from a system.
pub(crate) struct Gathered {
    pub(crate) rows: Vec<Row>,
    pub(crate) types: BTreeMap<&'static str, OfType>,
    pub(crate) totals: Vec<TypeTotals>,
    pub(crate) decisions: Vec<(&'static str, u64)>,
}

impl Gathered {
    /// Reads a system. It allocates for types and for named actors, not for the rest.
    pub(crate) fn of(system: &System, limits: &Limits) -> Gathered {
        let (mut rows, mut types) = (Vec::new(), BTreeMap::new());
        system.visit(&mut |actor| add(&mut rows, &mut types, limits, &actor));
        let rest = types.iter().filter_map(|(type_name, of_type)| {
            of_type.rest.map(|numbers| Row { actor: None, type_name, numbers })
        });
        rows.extend(rest);
        // After the visit: an actor that ends in between is still counted here.
        let totals = system.totals();
        Gathered { rows, types, totals, decisions: system.decision_counts().collect() }
    }
}

fn add(
    rows: &mut Vec<Row>,
    types: &mut BTreeMap<&'static str, OfType>,
    limits: &Limits,
    actor: &ActorView<'_>,
) {
    let numbers = gauges::read(actor);
    let of_type = types.entry(actor.type_name).or_insert_with(|| OfType {
        live: 0,
        example: actor.name.clone(),
        named: 0,
        rest: None,
    });
    of_type.live += 1;
    let has_room = !limits.is_by_type && rows.len() < limits.actors && of_type.named < limits.of_type;
    if has_room && is_label(actor.name.as_str(), actor.type_name) {
        of_type.named += 1;
        rows.push(Row { actor: Some(actor.name.clone()), type_name: actor.type_name, numbers });
    } else {
        of_type.rest = Some(of_type.rest.map_or(numbers, |rest| gauges::merged(&rest, &numbers)));
    }
}

/// Whether a name may become a label.
fn is_label(name: &str, type_name: &str) -> bool {
    name.len() <= NAME_MAX && name != OTHERS && !is_numbered(name, type_name)
}

/// Whether a name is that of an actor without one: its type's name in lower case, and the number of
/// the actor. Such names never come back, and each one would be a series.
fn is_numbered(name: &str, type_name: &str) -> bool {
    let mut rest = name.chars();
    let has_type = type_name.chars().flat_map(char::to_lowercase).all(|c| rest.next() == Some(c));
    let number = rest.as_str().strip_prefix('-').unwrap_or_default();
    has_type && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_runtime_numbers_and_long_ones_are_no_labels() {
        for (name, is) in [
            ("shop", true),
            ("shop-a1", true),
            ("shop/1", true),
            ("shop-", true),
            ("Shop-1", true),
            ("", true),
            ("shop-1", false),
            ("shop-18446744073709551615", false),
            (OTHERS, false),
        ] {
            assert_eq!(is_label(name, "Shop"), is, "{name}");
        }
        assert!(is_numbered("i\u{307}dle-3", "İdle"), "a capital that has two letters in lower case");
        assert!(is_label(&"x".repeat(NAME_MAX), "Shop"));
        assert!(!is_label(&"x".repeat(NAME_MAX + 1), "Shop"));
    }
}
