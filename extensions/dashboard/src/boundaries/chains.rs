//! Where chains of waits lead: into a cycle, or to an actor that cannot absorb pressure.

use super::{Subject, Warning};
use crate::waits::{Seen, carries_pressure};
use actors_core::ActorName;
use actors_core::config::{ActorConfig, MessageConfig};
use actors_core::observe::WaitsFor;
use actors_core::policy::Overflow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Warnings in the list: more than this are one defect seen many times.
const WARNINGS_MAX: usize = 50;

/// The default deadline of a message. It keeps a sender from hanging for ever; one that is as long
/// absorbs nothing, because by then every mailbox on the way is full.
const PATIENCE: Duration = Duration::from_secs(30);

/// For each actor, the actors that its turns were seen waiting for.
type Graph<'a> = BTreeMap<&'a ActorName, BTreeSet<&'a ActorName>>;

pub(super) fn warnings(subjects: &[Subject<'_>], seen: &Seen) -> Vec<Warning> {
    let configs: BTreeMap<_, _> = subjects.iter().map(|subject| (subject.name, subject.config)).collect();
    let mut graph = Graph::new();
    for (from, to, what) in seen.edges() {
        let is_full = *what != WaitsFor::Slot || configs.get(to).is_none_or(|config| has_block(config));
        if carries_pressure(*what) && is_full {
            graph.entry(from).or_default().insert(to);
        }
    }
    let cycles = cycles(&graph);
    let on_cycles: BTreeSet<_> = cycles.iter().flatten().copied().collect();
    let awaited: BTreeSet<_> = graph.values().flatten().copied().collect();
    let tops = graph.keys().filter(|actor| !awaited.contains(**actor) && !on_cycles.contains(**actor));
    let stuck = tops.filter_map(|actor| Some((*actor, *configs.get(*actor)?)));
    let stuck =
        stuck.filter(|(_, config)| !absorbs(config)).map(|(actor, config)| nothing_absorbs(actor, config));
    cycles.iter().map(|cycle| of_cycle(cycle)).chain(stuck).take(WARNINGS_MAX).collect()
}

fn of_cycle(cycle: &[&ActorName]) -> Warning {
    let names: Vec<_> = cycle.iter().chain(cycle.first()).map(|actor| format!("`{actor}`")).collect();
    let sentence = format!(
        "turns were seen waiting in a circle: {}. When all of these mailboxes are full, or each turn waits for the next \
         one's answer, one wait fails as `would_deadlock`. Let one of them send with `try_send`, drop, or reply later",
        names.join(" → ")
    );
    Warning { kind: "cycle", actors: cycle.iter().map(|actor| (*actor).clone()).collect(), sentence }
}

fn nothing_absorbs(actor: &ActorName, config: &ActorConfig) -> Warning {
    let line = config.max_waiting.map_or_else(String::new, |senders| {
        format!(" Only a sender that finds {senders} others in line is refused.")
    });
    let sentence = format!(
        "pressure ends at `{actor}`: its turns wait for others, and each of its message types blocks its sender for 30 s \
         or longer.{line} Declare a shorter `timeout`, a `rate`, `reject` or a `drop_…` word on a type"
    );
    Warning { kind: "nothing_absorbs", actors: vec![actor.clone()], sentence }
}

fn has_block(config: &ActorConfig) -> bool {
    config.messages.values().any(blocks)
}

fn blocks(message: &MessageConfig) -> bool {
    message.overflow.is_none_or(|list| list.last_resort() == Overflow::Block)
}

/// Whether some type of the actor refuses, drops or times out soon. Shedding refuses only such
/// types.
fn absorbs(config: &ActorConfig) -> bool {
    let absorbs = |message: &MessageConfig| {
        !blocks(message) || message.rate.is_some() || message.timeout.is_some_and(|time| time < PATIENCE)
    };
    config.rate.is_some() || config.messages.values().any(absorbs)
}

/// The cycles of the graph, each actor in at most one: a search in depth that remembers its path,
/// and that visits each edge once.
fn cycles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a ActorName>> {
    let (mut found, mut done, mut on_found) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for start in graph.keys().copied() {
        // The path, and for each actor on it the actors that are still to be visited.
        let mut path = Vec::<(&ActorName, Vec<&ActorName>)>::new();
        if done.insert(start) {
            path.push((start, next(graph, start)));
        }
        while let Some((_, rest)) = path.last_mut() {
            let Some(actor) = rest.pop() else {
                path.pop();
                continue;
            };
            if let Some(place) = path.iter().position(|(on_path, _)| *on_path == actor) {
                let cycle: Vec<_> = path[place..].iter().map(|(on_path, _)| *on_path).collect();
                if cycle.iter().all(|actor| !on_found.contains(actor)) {
                    on_found.extend(cycle.iter().copied());
                    found.push(cycle);
                }
            } else if done.insert(actor) {
                path.push((actor, next(graph, actor)));
            }
        }
    }
    found
}

fn next<'a>(graph: &Graph<'a>, actor: &ActorName) -> Vec<&'a ActorName> {
    graph.get(actor).map(|next| next.iter().copied().collect()).unwrap_or_default()
}
