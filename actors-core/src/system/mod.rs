//! The user's side of a [`System`]: make it, observe it, shut it down. `spawn` starts actors in it.

mod builder;
mod shutdown;

pub use builder::SystemBuilder;
pub use shutdown::ShutdownReport;

use crate::env::System;
use crate::error::ActorName;
use crate::observe::{DeadLetters, Decision, Snapshot};

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

    /// Returns the numbers of every live actor at this instant.
    pub fn snapshot(&self) -> Snapshot {
        let actors = self.registry().actors().into_iter().map(|(_, cell)| cell.snapshot()).collect();
        Snapshot { system: self.name().to_string(), actors }
    }

    /// Returns whether every actor is idle.
    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(&self) -> bool {
        self.registry().actors().into_iter().all(|(_, actor)| actor.is_quiet())
    }
}
