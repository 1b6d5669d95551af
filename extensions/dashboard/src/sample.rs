//! What the sampler reads: plain numbers of every actor at one instant.
//!
//! The rows and turns of all actors are in two vectors, so a sample of 10,000 actors is a handful
//! of allocations.

use actors_core::observe::{Row, RunningTurn, TypeTotals, WaitSnapshot};
use actors_core::{ActorName, Reading, System};
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;
use tokio::time::Instant;

/// One actor of a sample.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) name: ActorName,
    pub(crate) type_name: &'static str,
    pub(crate) parent: Option<ActorName>,
    pub(crate) restarts: u64,
    pub(crate) reading: Reading,
    pub(crate) unreferenced: Option<Duration>,
    rows: Range<usize>,
    turns: Range<usize>,
}

/// All actors of a system at one instant, oldest first.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) actors: Vec<Actor>,
    /// The waits of turns.
    pub(crate) waits: Vec<WaitSnapshot>,
    /// Counters by actor type, of ended actors too.
    pub(crate) totals: Vec<TypeTotals>,
    rows: Vec<Row>,
    turns: Vec<RunningTurn>,
    places: HashMap<ActorName, usize>,
}

impl Sample {
    /// Reads the system. It takes each mailbox's lock twice for a moment.
    pub(crate) fn take(system: &System) -> Sample {
        let (mut actors, mut rows, mut turns) = (Vec::new(), Vec::new(), Vec::new());
        system.visit(&mut |view| {
            let (first_row, first_turn) = (rows.len(), turns.len());
            rows.extend_from_slice(view.rows);
            turns.extend_from_slice(view.turns);
            actors.push(Actor {
                name: view.name.clone(),
                type_name: view.type_name,
                parent: view.parent.cloned(),
                restarts: view.restarts,
                reading: view.reading,
                unreferenced: view.unreferenced,
                rows: first_row..rows.len(),
                turns: first_turn..turns.len(),
            });
        });
        let places = actors.iter().enumerate().map(|(place, actor)| (actor.name.clone(), place)).collect();
        let (waits, totals) = (system.waiting_turns(), system.totals());
        Sample { at: Instant::now(), actors, waits, totals, rows, turns, places }
    }

    /// The ledger of an actor of this sample.
    pub(crate) fn rows(&self, actor: &Actor) -> &[Row] {
        &self.rows[actor.rows.clone()]
    }

    /// The running turns of an actor of this sample.
    pub(crate) fn turns(&self, actor: &Actor) -> &[RunningTurn] {
        &self.turns[actor.turns.clone()]
    }

    /// The place of an actor.
    pub(crate) fn place(&self, name: &ActorName) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The actor of that name.
    pub(crate) fn actor(&self, name: &ActorName) -> Option<&Actor> {
        self.place(name).map(|place| &self.actors[place])
    }

    /// The actor with a name that a client sent.
    pub(crate) fn named(&self, name: &str) -> Option<&Actor> {
        self.actors.iter().find(|actor| actor.name == *name)
    }
}
