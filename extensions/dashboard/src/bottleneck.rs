//! The bottleneck of a system, with a sentence that says why.

use actors_core::ActorName;
use actors_core::observe::{self, BottleneckSign, WaitEdge};
use serde::Serialize;

/// The bottleneck, and why it is one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Bottleneck {
    pub(crate) actor: ActorName,
    /// The actors that wait for it, directly or indirectly.
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

/// Returns the bottleneck. `load` looks an actor up.
pub(crate) fn find<'a>(
    edges: &[WaitEdge],
    fills: impl IntoIterator<Item = (&'a ActorName, f64)>,
    load: impl Fn(&ActorName) -> Option<Load>,
) -> Option<Bottleneck> {
    let observe::Bottleneck { actor, sign, waiting, .. } = observe::Bottleneck::find(edges, fills)?;
    let why = match (sign, load(&actor)) {
        (BottleneckSign::Cycle, _) => "its turns wait for actors that wait for it: a cycle".into(),
        (BottleneckSign::Fullest, Some(load)) => by_fill(&load),
        (_, load) => held_up(&waiting, load),
    };
    Some(Bottleneck { actor, waiting, why })
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

fn by_fill(load: &Load) -> String {
    let busy = format!("{} of {} workers are busy", load.workers_busy, load.workers);
    format!(
        "its mailbox is the fullest: {} of {} slots are taken; {busy}, and no turn waits for an actor",
        load.depth, load.capacity
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waits::tests::{name, wait};
    use actors_core::observe::{RecentWaits, WaitsFor};

    fn why(waits: &[(&str, &str)], fill: f64) -> Option<String> {
        let load = |_: &ActorName| {
            Some(Load {
                depth: 92,
                capacity: 100,
                workers: 1,
                workers_busy: 1,
                turn: Some(("Place".into(), Some(48.2))),
            })
        };
        let waits: Vec<_> = waits.iter().map(|(from, to)| wait(from, 0, to, WaitsFor::Answer, 1)).collect();
        let shop = name("shop");
        find(&RecentWaits::default().add(&waits), [(&shop, fill)], load).map(|found| found.why)
    }

    #[test]
    fn each_sign_has_its_sentence() {
        let chain = why(&[("web", "shop"), ("shop", "orders")], 0.0).unwrap();
        let expected = "shop, web wait for it; its turn of Place has been running for 48 ms and waits for no \
                        actor; 92 of 100 slots are taken";
        assert_eq!(chain, expected);
        assert_eq!(why(&[], 0.4), None);
        assert!(
            why(&[], 0.9).unwrap().starts_with("its mailbox is the fullest: 92 of 100 slots are taken; ")
        );
        assert!(why(&[("a", "b"), ("b", "a")], 0.0).unwrap().ends_with(": a cycle"));
    }
}
