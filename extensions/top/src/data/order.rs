//! In which order actors are listed, and which of them.

use super::tree::Place;
use super::watch::Frame;
use actors_core::Reading;
use actors_core::observe::ActorSnapshot;
use std::cmp::{Ordering, Reverse};

/// The order of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sort {
    /// Children below their parents.
    #[default]
    Tree,
    /// The fullest mailbox first; of full ones that with the longest line.
    Fill,
    /// The most turns a second first.
    Handled,
    /// The most refusals a second first.
    Refused,
    /// The oldest message first.
    Oldest,
    /// The longest queue time (p99) first.
    Queue,
    /// The longest handling time (p99) first.
    Turn,
    /// By name.
    Name,
}

impl Sort {
    const ALL: [Sort; 8] = [
        Sort::Tree,
        Sort::Fill,
        Sort::Handled,
        Sort::Refused,
        Sort::Oldest,
        Sort::Queue,
        Sort::Turn,
        Sort::Name,
    ];

    /// The next order, after the last the first again.
    pub(crate) fn next(self) -> Sort {
        let at = Self::ALL.iter().position(|sort| *sort == self).unwrap_or_default();
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// The word of the order, as on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Sort::Tree => "tree",
            Sort::Fill => "fill",
            Sort::Handled => "handled",
            Sort::Refused => "refused",
            Sort::Oldest => "oldest",
            Sort::Queue => "queue",
            Sort::Turn => "turn",
            Sort::Name => "name",
        }
    }
}

/// Returns the part of the slots that is taken, 0 to 1. A mailbox without slots is full.
pub(crate) fn fill(reading: &Reading) -> f64 {
    if reading.capacity == 0 { 1.0 } else { reading.fill().min(1.0) }
}

/// Returns the actors whose name or type contains `search`, in any case, in this order. A search
/// flattens the tree: a match may stand below an actor that is none.
pub(crate) fn places(frame: &Frame, sort: Sort, search: &str) -> Vec<Place> {
    let search = search.to_lowercase();
    let is_match = |actor: &ActorSnapshot| {
        search.is_empty()
            || [actor.name.as_str(), &actor.type_name]
                .iter()
                .any(|text| text.to_lowercase().contains(&search))
    };
    let all = frame.tree.iter().filter(|place| is_match(&frame.snapshot.actors[place.actor]));
    let is_flat = sort != Sort::Tree || !search.is_empty();
    let mut places: Vec<_> =
        all.map(|place| if is_flat { Place { depth: 0, ..*place } } else { *place }).collect();
    if sort == Sort::Name {
        places.sort_by(|a, b| name(frame, *a).cmp(name(frame, *b)));
    } else if sort != Sort::Tree {
        // A stable order: actors that are equal stay in that of the tree.
        places.sort_by_cached_key(|place| Reverse(Key(key(frame, sort, place.actor))));
    }
    places
}

fn name(frame: &Frame, place: Place) -> &str {
    frame.snapshot.actors[place.actor].name.as_str()
}

/// Numbers that are compared one after the other.
struct Key([f64; 2]);

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.0[0].total_cmp(&other.0[0]).then(self.0[1].total_cmp(&other.0[1]))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

fn key(frame: &Frame, sort: Sort, actor: usize) -> [f64; 2] {
    let (reading, flow) = (&frame.snapshot.actors[actor].reading, frame.flow(actor));
    let times = frame.times_of(actor);
    match sort {
        Sort::Tree | Sort::Name => [0.0, 0.0],
        Sort::Fill => [fill(reading), reading.waiting as f64],
        Sort::Handled => [flow.map_or(-1.0, |flow| flow.handled), 0.0],
        Sort::Refused => [flow.map_or(-1.0, |flow| flow.refused), 0.0],
        Sort::Oldest => [reading.oldest_age.as_secs_f64(), 0.0],
        Sort::Queue => [times.map_or(-1.0, |times| times.queued.as_secs_f64()), 0.0],
        Sort::Turn => [times.map_or(-1.0, |times| times.handled.as_secs_f64()), 0.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Watch;
    use crate::data::tests::{actor, snapshot};
    use serde_json::json;

    fn watch() -> Watch {
        let mut watch = Watch::default();
        let with = |a: u64, b: u64| json!({ "offered": a + b, "handled": a, "refused_full": b });
        let actors = |a, b, c| {
            let mut actors = [
                actor("shop", None, 10, with(a, 1)),
                actor("Orders", Some("shop"), 64, with(b, 50)),
                actor("db", Some("Orders"), 64, with(c, 2)),
            ];
            actors[2]["reading"]["waiting"] = json!(3);
            actors[0]["reading"]["oldest_age_ms"] = json!(90.0);
            actors
        };
        let mut before = snapshot(1000.0, &actors(0, 0, 0));
        before.actors.iter_mut().for_each(|actor| actor.rows[0].counts.clear());
        watch.add(before, Vec::new());
        watch.add(snapshot(2000.0, &actors(100, 10, 20)), Vec::new());
        watch
    }

    fn listed(sort: Sort, search: &str) -> Vec<String> {
        let watch = watch();
        let frame = watch.frame().unwrap();
        let line = |place: &Place| format!("{}{}", "-".repeat(place.depth), name(frame, *place));
        places(frame, sort, search).iter().map(line).collect()
    }

    #[test]
    fn each_order_puts_its_greatest_first() {
        assert_eq!(listed(Sort::Tree, ""), ["shop", "-Orders", "--db"]);
        assert_eq!(listed(Sort::Fill, ""), ["db", "Orders", "shop"]);
        assert_eq!(listed(Sort::Handled, ""), ["shop", "db", "Orders"]);
        assert_eq!(listed(Sort::Refused, ""), ["Orders", "db", "shop"]);
        assert_eq!(listed(Sort::Oldest, ""), ["shop", "Orders", "db"]);
        assert_eq!(listed(Sort::Name, ""), ["Orders", "db", "shop"]);
    }

    #[test]
    fn a_search_looks_at_names_and_types_in_any_case_and_flattens_the_tree() {
        assert_eq!(listed(Sort::Tree, "ORD"), ["Orders"]);
        assert_eq!(listed(Sort::Tree, "type of d"), ["db"]);
        assert_eq!(listed(Sort::Tree, "nothing"), Vec::<String>::new());
    }

    #[test]
    fn the_orders_come_round_and_have_words() {
        let all: Vec<_> = std::iter::successors(Some(Sort::Tree), |sort| Some(sort.next())).take(9).collect();
        assert_eq!((all[8], &all[..8]), (Sort::Tree, &Sort::ALL[..]));
        for sort in Sort::ALL {
            let value = clap::ValueEnum::to_possible_value(&sort).unwrap();
            assert_eq!(value.get_name(), sort.word());
        }
    }

    #[test]
    fn a_mailbox_without_slots_counts_as_full() {
        let mut one = actor("a", None, 0, json!({}));
        one["reading"]["capacity"] = json!(0);
        assert_eq!(fill(&snapshot(1.0, &[one]).actors[0].reading), 1.0);
    }
}
