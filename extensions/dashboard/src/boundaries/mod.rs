//! Four questions for each boundary of a running system: what is the bound, what happens when it is
//! full, where does the pressure go, and what can see it.
//!
//! The answers come from the effective configuration, and from the waits that were seen so far: a
//! declaration says that senders wait, but only a running system shows which actors those are.
//! Actors of the same type, configuration and senders share an answer.
//!
//! Warnings follow the pressure upwards. Where a turn waits for a slot or an answer of a full
//! actor, its own mailbox fills, and the pressure is there. A chain that comes back to an actor on
//! it is a cycle. A chain that ends at an actor whose types all block, and that neither refuses,
//! drops nor times out, has nothing that absorbs the pressure.

mod answers;
mod chains;

use crate::waits::{Seen, carries_pressure};
use actors_core::ActorName;
use actors_core::config::ActorConfig;
use serde::Serialize;
use std::collections::BTreeSet;

/// Answers in `/boundaries.json`: some hundred kilobytes. Systems have far fewer kinds of actors.
const BOUNDARIES_MAX: usize = 1000;
/// Names of actors that share an answer.
const NAMES_MAX: usize = 8;

/// An actor and what holds for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) name: &'a ActorName,
    pub(crate) type_name: &'a str,
    pub(crate) config: &'a ActorConfig,
}

/// The answers for all actors, and the warnings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Boundaries {
    pub(crate) boundaries: Vec<Boundary>,
    pub(crate) warnings: Vec<Warning>,
    /// Kinds of actors beyond the limit of this list, and waits that had no room to be kept.
    pub(crate) left_out: u64,
}

/// The answers for actors of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Boundary {
    /// The actors, at most eight of them.
    pub(crate) actors: Vec<ActorName>,
    /// How many actors there are of this kind.
    pub(crate) count: usize,
    pub(crate) type_name: String,
    /// What is the bound?
    pub(crate) bound: String,
    /// The actors whose turns were seen waiting for this one.
    pub(crate) seen_waiting: Vec<ActorName>,
    pub(crate) messages: Vec<MessageBoundary>,
}

/// The answers for a message type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MessageBoundary {
    pub(crate) message: String,
    /// The declared words.
    pub(crate) overflow: Vec<&'static str>,
    /// What is the bound, where the type has one of its own?
    pub(crate) bound: Option<String>,
    /// What happens when it is full?
    pub(crate) when_full: String,
    /// Where does the pressure go?
    pub(crate) pressure_goes: String,
    /// What can see it?
    pub(crate) seen_by: String,
}

/// What is dangerous.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Warning {
    /// `cycle` or `nothing_absorbs`.
    pub(crate) kind: &'static str,
    pub(crate) actors: Vec<ActorName>,
    /// A sentence with the remedy.
    pub(crate) sentence: String,
}

/// Answers the questions for all actors.
pub(crate) fn of_all(subjects: &[Subject<'_>], seen: &Seen) -> Boundaries {
    let mut boundaries = Vec::<(Boundary, &ActorConfig)>::new();
    let mut left_out = 0;
    for subject in subjects {
        let waiting = seen_waiting(subject.name, seen);
        let same = boundaries.iter().position(|(boundary, config)| {
            boundary.type_name == subject.type_name
                && *config == subject.config
                && boundary.seen_waiting == waiting
        });
        match same {
            Some(place) => {
                let boundary = &mut boundaries[place].0;
                boundary.count += 1;
                if boundary.actors.len() < NAMES_MAX {
                    boundary.actors.push(subject.name.clone());
                }
            }
            None if boundaries.len() >= BOUNDARIES_MAX => left_out += 1,
            None => boundaries.push((of_one(subject, seen), subject.config)),
        }
    }
    let warnings = chains::warnings(subjects, seen);
    let boundaries = boundaries.into_iter().map(|(boundary, _)| boundary).collect();
    Boundaries { boundaries, warnings, left_out: left_out + seen.left_out }
}

/// Answers the questions for one actor.
pub(crate) fn of_one(subject: &Subject<'_>, seen: &Seen) -> Boundary {
    let seen_waiting = seen_waiting(subject.name, seen);
    let messages = subject.config.messages.iter();
    Boundary {
        actors: vec![subject.name.clone()],
        count: 1,
        type_name: subject.type_name.to_owned(),
        bound: answers::bound(subject.config),
        messages: messages
            .map(|(name, message)| answers::of_message(name, message, subject.config, &seen_waiting))
            .collect(),
        seen_waiting,
    }
}

/// The actors whose turns were seen waiting for a slot or an answer of `name`.
fn seen_waiting(name: &ActorName, seen: &Seen) -> Vec<ActorName> {
    let edges = seen.edges().filter(|(_, to, what)| to == name && carries_pressure(*what));
    edges.map(|(from, ..)| from.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests;
