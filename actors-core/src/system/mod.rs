//! The user's side of a [`System`]: make it, observe it, shut it down. `spawn` starts actors in it.

mod builder;
#[cfg(feature = "serde")]
mod reconfigure;
mod shutdown;

pub use crate::wait::Deadlock;
pub use builder::SystemBuilder;
pub use shutdown::ShutdownReport;

use crate::clock;
use crate::env::System;
use crate::error::ActorName;
use crate::observe::{ActorView, DeadLetters, Decision, Histograms, Snapshot, TimesSnapshot};
use crate::observe::{TypeTotals, VisitBuffers, WaitSnapshot};
use std::collections::HashMap;

impl System {
    /// Makes a system without actors, with a random seed; see [`System::builder`] for a fixed one.
    pub fn new(name: impl AsRef<str>) -> System {
        System::builder(name).build()
    }

    /// Returns a builder of a system without actors.
    pub fn builder(name: impl AsRef<str>) -> SystemBuilder {
        SystemBuilder::new(ActorName::new(name.as_ref()))
    }

    /// Subscribes to the reports of lost messages, from now on.
    pub fn dead_letters(&self) -> DeadLetters {
        self.letters().subscribe()
    }

    /// Returns the last 1,024 decisions of the runtime about this system's actors, oldest first
    /// (P5).
    pub fn decisions(&self) -> Vec<Decision> {
        self.decision_log().all()
    }

    /// Returns how many decisions there have been of each kind, by the kind's word: `("restarted",
    /// 3)` (P5). [`decisions`](System::decisions) keeps the last ones only; these counts lose
    /// nothing.
    pub fn decision_counts(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        self.decision_log().counts()
    }

    /// Returns the summed ledgers of each actor type, live and ended actors together, sorted by the
    /// names of the types (L5).
    ///
    /// It is for exporters of counters: no count that [`Row::outcomes`](crate::observe::Row) has,
    /// nor `offered`, is ever less than in an earlier call. Types of the same name are one type
    /// here. What an actor refuses after its end is not counted. It takes each mailbox's lock for a
    /// moment.
    pub fn totals(&self) -> Vec<TypeTotals> {
        let totals = self.registry().totals().0.into_iter();
        totals.map(|(type_name, rows)| TypeTotals { type_name, rows }).collect()
    }

    /// Calls `visit` once for every live actor, oldest first, with its name, its type, its numbers
    /// and its ledger.
    ///
    /// It is for exporters and for systems of many actors. A visit takes each mailbox's lock for a
    /// moment. It allocates a few times in total, not per actor or row. The actors are those that
    /// are alive at the call (L5). No lock is held while `visit` runs, so it may use the system and
    /// its actors.
    ///
    /// # Panics
    /// When `visit` does. The rest of the actors is not visited, and nothing else changes.
    ///
    /// ```
    /// # use actors_core::prelude::*;
    /// # struct Shop;
    /// # #[actor(local)]
    /// # impl Shop { #[message] fn viewed(&mut self) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let system = System::new("shop");
    /// # let shop = system.spawn(Shop);
    /// # shop.viewed().ask().await.unwrap();
    /// let (mut queued, mut handled) = (0, 0);
    /// system.visit(&mut |actor| {
    ///     queued += actor.reading.depth;
    ///     handled += actor.rows.iter().map(|row| row.handled).sum::<u64>();
    /// });
    /// assert_eq!((queued, handled), (0, 1));
    /// # }
    /// ```
    pub fn visit(&self, visit: &mut dyn FnMut(ActorView<'_>)) {
        let mut buffers = VisitBuffers::default();
        for (_, actor) in self.registry().actors() {
            actor.visit(&mut buffers, visit);
        }
    }

    /// Returns the numbers of every live actor, as data that can be kept and, with the feature
    /// `serde`, sent.
    pub fn snapshot(&self) -> Snapshot {
        let mut actors = Vec::with_capacity(self.registry().len());
        self.visit(&mut |actor| actors.push(actor.into()));
        let times = self.histograms().map_or_else(Vec::new, |histograms| {
            let rows = histograms.rows();
            rows.iter().map(|times| TimesSnapshot::new(times, histograms.every())).collect()
        });
        Snapshot {
            system: self.name().clone(),
            uptime: self.uptime(),
            actors,
            waits: self.waiting_turns(),
            times,
        }
    }

    /// Returns the histograms of the system, if it [has them](SystemBuilder::histograms).
    pub fn histograms(&self) -> Option<&Histograms> {
        self.metering().histograms().map(|histograms| &**histograms)
    }

    /// Returns which turns wait for which actors now (D1), sorted by the names. A sender outside of
    /// turns is in [`Reading::waiting`](crate::Reading) only. Empty with [`Deadlock::Off`].
    pub fn waiting_turns(&self) -> Vec<WaitSnapshot> {
        let waits = self.waits().all();
        if waits.is_empty() {
            return Vec::new();
        }
        let actors: HashMap<usize, _> =
            self.registry().actors().into_iter().map(|(_, actor)| (actor.id(), actor)).collect();
        let (mut turns, now) = (Vec::new(), clock::now());
        let mut list = Vec::with_capacity(waits.len());
        for (from, waits_for, what) in waits {
            let Some(actor) = actors.get(&from.actor) else { continue };
            actor.clone().running(&mut turns);
            let turn = turns.iter().find(|turn| u32::from(turn.worker) == from.worker);
            list.push(WaitSnapshot {
                actor: actor.name().clone(),
                worker: from.worker,
                waits_for,
                what,
                turn: turn.and_then(|turn| turn.began).map(|began| now.since(began)),
            });
        }
        list.sort_by(|a, b| (&a.actor, a.worker, &a.waits_for).cmp(&(&b.actor, b.worker, &b.waits_for)));
        list
    }

    /// Returns whether every actor is idle.
    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(&self) -> bool {
        self.registry().actors().into_iter().all(|(_, actor)| actor.is_quiet())
    }
}
