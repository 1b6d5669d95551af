//! What users call on a [`System`]: make it, observe it, shut it down. How actors are started in it is in `spawn`.

mod builder;
mod shutdown;

pub use builder::SystemBuilder;
pub use shutdown::ShutdownReport;

use crate::env::System;
use crate::error::ActorName;
use crate::observe::{DeadLetters, Decision, Snapshot};

impl System {
    /// Makes a system without actors, with a random seed; [`System::builder`] says more.
    pub fn new(name: impl AsRef<str>) -> System {
        System::builder(name).build()
    }

    /// Returns a builder of a system without actors.
    pub fn builder(name: impl AsRef<str>) -> SystemBuilder {
        SystemBuilder::new(ActorName::new(name.as_ref()))
    }

    /// Reports of lost messages, from now on.
    pub fn dead_letters(&self) -> DeadLetters {
        self.letters().subscribe()
    }

    /// What the runtime decided by itself about this system's actors, oldest first: the last 1024 decisions (P5).
    pub fn decisions(&self) -> Vec<Decision> {
        self.decision_log().all()
    }

    /// A picture of every actor that is alive.
    pub fn snapshot(&self) -> Snapshot {
        let actors = self.registry().actors().into_iter().map(|(_, cell)| cell.snapshot()).collect();
        Snapshot { system: self.name().to_string(), actors }
    }

    /// Returns whether no actor has anything to do.
    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(&self) -> bool {
        self.registry().actors().into_iter().all(|(_, actor)| actor.is_quiet())
    }
}
