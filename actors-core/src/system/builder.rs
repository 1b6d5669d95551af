//! The builder of a system.

use crate::env::System;
use crate::error::ActorName;
use crate::seed::{self, Seed};
use crate::supervise;
use crate::wait::Deadlock;

/// A builder of a [`System`]; see [`System::builder`].
#[derive(Debug)]
#[must_use = "`build` makes the system"]
pub struct SystemBuilder {
    name: ActorName,
    seed: Option<u64>,
    deadlock: Deadlock,
}

impl SystemBuilder {
    pub(crate) fn new(name: ActorName) -> Self {
        SystemBuilder { name, seed: None, deadlock: Deadlock::On }
    }

    /// Sets the seed of everything random in the system. Without it, the operating system gives
    /// one.
    ///
    /// The seed determines which messages `drop_random` drops, which senders are shed, the spread
    /// of `retry_after` and of restart delays, and the hashes of keys. Each actor has its own
    /// streams, derived from the seed and the actor's name.
    ///
    /// On a current-thread runtime with paused time, two runs of one program with the same seed are
    /// identical. On several threads, or in real time, the order of events still differs.
    ///
    /// A seed is for tests and simulations. Leave it out in a service: a client that knows the seed
    /// and chooses keys can make their hashes collide.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets whether waits inside turns are checked for cycles (D1); [`Deadlock::On`] by default.
    ///
    /// ```
    /// use actors_core::prelude::*;
    /// use actors_core::system::Deadlock;
    ///
    /// let system = System::builder("shop").deadlock(Deadlock::Off).build();
    /// ```
    pub fn deadlock(mut self, deadlock: Deadlock) -> Self {
        self.deadlock = deadlock;
        self
    }

    /// Makes the system. It uses the current tokio runtime or, outside one, the runtime of its
    /// first use.
    pub fn build(self) -> System {
        let seed = self.seed.map_or_else(seed::from_os, Seed::new);
        System::with(self.name, seed, self.deadlock, supervise::sampling)
    }
}
