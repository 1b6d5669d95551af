use super::*;
use crate::waits::tests::{name, wait};
use actors_core::observe::{WaitSnapshot, WaitsFor};

fn config(text: &str) -> ActorConfig {
    serde_json::from_str(text).unwrap()
}

fn seen(waits: &[WaitSnapshot]) -> Seen {
    let mut seen = Seen::default();
    seen.add(waits);
    seen
}

/// The answers for actors with these names and configurations.
fn asked(actors: &[(&str, &str)], waits: &[WaitSnapshot]) -> Boundaries {
    let actors: Vec<_> = actors.iter().map(|(actor, text)| (name(actor), config(text))).collect();
    let subject = |(name, config)| Subject { name, type_name: "Shop", config };
    let subjects: Vec<_> = actors.iter().map(|(name, config)| subject((name, config))).collect();
    of_all(&subjects, &seen(waits))
}

const BLOCKS: &str =
    r#"{ "capacity": 64, "max_waiting": 32, "messages": { "Charge": { "overflow": "block" } } }"#;
const TIMES_OUT: &str = r#"{ "capacity": 64, "max_waiting": 32, "messages": { "Charge": { "overflow": "block", "timeout": "2s" } } }"#;

#[test]
fn a_type_that_blocks_sends_pressure_to_its_senders_and_names_those_that_were_seen() {
    let waits = [wait("web", 0, "shop", WaitsFor::Slot, 1), wait("bot", 0, "shop", WaitsFor::Answer, 1)];
    let found = asked(&[("shop", TIMES_OUT)], &waits);
    let boundary = &found.boundaries[0];
    assert_eq!(boundary.bound, "64 slots, at most 32 senders in line");
    assert_eq!(boundary.seen_waiting, [name("bot"), name("web")]);
    let charge = &boundary.messages[0];
    assert_eq!(charge.when_full, "the sender waits in line; with 32 in line it is refused as `full`");
    assert_eq!(charge.pressure_goes, "to its senders: turns of `bot`, `web` were seen waiting up to 2 s");
    assert_eq!(found.warnings, []);
}

#[test]
fn each_word_of_a_list_is_answered_in_its_order() {
    let text = r#"{ "capacity": 64, "pressure": { "respond": "shed" }, "messages": {
        "Priced": { "overflow": "conflate" },
        "Viewed": { "overflow": ["evict_lower", "drop_oldest"], "priority": "normal", "max": 16, "ttl": "5s" },
        "Audit": { "overflow": "reject", "priority": "high" } } }"#;
    let found = asked(&[("shop", text)], &[]);
    let [audit, priced, viewed] = &found.boundaries[0].messages[..] else { panic!("{found:?}") };
    assert_eq!(
        priced.when_full,
        "it replaces the queued message of its key; else the new message is dropped"
    );
    let lists = "a message of lower priority is evicted; else the oldest message of its type is dropped; else the \
                 new message is dropped";
    assert_eq!(viewed.when_full, lists);
    assert_eq!(viewed.bound.as_deref(), Some("16 slots, 5 s in the queue"));
    let goes = "it ends here: messages are lost; under pressure the gate refuses it earlier, as `shed`";
    assert_eq!(viewed.pressure_goes, goes);
    assert!(viewed.seen_by.starts_with("dead letters"), "{viewed:?}");
    assert!(audit.seen_by.contains("a log line at WARN"), "{audit:?}");
    assert!(audit.pressure_goes.starts_with("back to the sender"), "{audit:?}");
}

#[test]
fn actors_of_one_kind_share_an_answer() {
    let names: Vec<_> = (0..20).map(|at| format!("session-{at}")).collect();
    let mut actors: Vec<_> = names.iter().map(|name| (name.as_str(), BLOCKS)).collect();
    actors.push(("other", TIMES_OUT));
    let found = asked(&actors, &[wait("web", 0, "session-7", WaitsFor::Slot, 1)]);
    let counts: Vec<_> =
        found.boundaries.iter().map(|boundary| (boundary.count, boundary.actors.len())).collect();
    assert_eq!(
        counts,
        [(19, NAMES_MAX), (1, 1), (1, 1)],
        "another configuration or other senders: another answer"
    );
}

#[test]
fn waits_in_a_circle_are_a_warning_that_names_it() {
    let circle = [
        wait("a", 0, "b", WaitsFor::Slot, 1),
        wait("b", 0, "c", WaitsFor::Answer, 1),
        wait("c", 0, "a", WaitsFor::Slot, 1),
    ];
    let found = asked(&[("a", BLOCKS), ("b", BLOCKS), ("c", BLOCKS)], &circle);
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert_eq!((found.warnings[0].kind, found.warnings[0].actors.len()), ("cycle", 3));
    assert!(found.warnings[0].sentence.contains("`a` → `b` → `c` → `a`"), "{}", found.warnings[0].sentence);
}

#[test]
fn no_circle_without_a_type_that_blocks_and_none_through_an_end() {
    let rejects = r#"{ "messages": { "Charge": { "overflow": "reject" } } }"#;
    let circle = [wait("a", 0, "b", WaitsFor::Slot, 1), wait("b", 0, "a", WaitsFor::Slot, 1)];
    assert_eq!(asked(&[("a", rejects), ("b", BLOCKS)], &circle).warnings, []);
    let ends = [wait("a", 0, "b", WaitsFor::Answer, 1), wait("b", 0, "a", WaitsFor::End, 1)];
    assert!(asked(&[("a", TIMES_OUT), ("b", BLOCKS)], &ends).warnings.is_empty());
}

#[test]
fn two_circles_that_share_an_actor_are_found_once_each_edge_at_most() {
    let waits = [
        wait("a", 0, "b", WaitsFor::Slot, 1),
        wait("b", 0, "a", WaitsFor::Slot, 1),
        wait("b", 1, "c", WaitsFor::Slot, 1),
        wait("c", 0, "b", WaitsFor::Slot, 1),
        wait("x", 0, "y", WaitsFor::Slot, 1),
        wait("y", 0, "x", WaitsFor::Slot, 1),
    ];
    let found = asked(&[("a", BLOCKS), ("b", BLOCKS), ("c", BLOCKS), ("x", BLOCKS), ("y", BLOCKS)], &waits);
    let cycles: Vec<_> = found.warnings.iter().filter(|warning| warning.kind == "cycle").collect();
    assert_eq!(cycles.len(), 2, "{cycles:?}");
}

#[test]
fn pressure_that_ends_where_nothing_absorbs_it_is_a_warning() {
    let chain = [wait("web", 0, "shop", WaitsFor::Answer, 1), wait("shop", 0, "orders", WaitsFor::Slot, 1)];
    let found = asked(&[("web", BLOCKS), ("shop", BLOCKS), ("orders", BLOCKS)], &chain);
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert_eq!(
        (found.warnings[0].kind, &found.warnings[0].actors[..]),
        ("nothing_absorbs", &[name("web")][..])
    );
    assert!(found.warnings[0].sentence.contains("finds 32 others in line"), "{}", found.warnings[0].sentence);
    let default = BLOCKS.replace("\"block\"", "\"block\", \"timeout\": \"30s\"");
    let found = asked(&[("web", &default), ("shop", BLOCKS)], &chain);
    assert_eq!(found.warnings.len(), 1, "the default deadline is no decision");
    for absorbs in
        [TIMES_OUT, r#"{ "rate": "10/s" }"#, r#"{ "messages": { "A": { "overflow": "drop_oldest" } } }"#]
    {
        let found = asked(&[("web", absorbs), ("shop", BLOCKS), ("orders", BLOCKS)], &chain);
        assert_eq!(found.warnings, [], "{absorbs}");
    }
    assert_eq!(asked(&[("alone", BLOCKS)], &[]).warnings, [], "a chain of one is no chain");
}
