//! What is said about a system before it exists.

use crate::env::System;
use crate::error::ActorName;
use crate::seed::{self, Seed};
use crate::supervise;

/// A system about to be made; see [`System::builder`].
#[derive(Debug)]
#[must_use = "the system is made by `build`"]
pub struct SystemBuilder {
    name: ActorName,
    seed: Option<u64>,
}

impl SystemBuilder {
    pub(crate) fn new(name: ActorName) -> Self {
        SystemBuilder { name, seed: None }
    }

    /// Sets the seed of everything random in the system: which messages `drop_random` takes, which senders are shed, the spread of
    /// `retry_after` and of the delays before a restart, the hashes of keys. Each actor has streams of its own, derived from the
    /// seed and its name.
    ///
    /// On a current-thread runtime with paused time, two runs of the same program with the same seed are the same. On several
    /// threads, or in real time, their order still differs. Without a seed the system takes one from the operating system.
    ///
    /// A seed is for tests and simulations. In a service, leave it out: with a known seed, a client that chooses keys can make
    /// their hashes collide.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Makes the system. It lives on the tokio runtime in which it is made or, failing that, first used.
    pub fn build(self) -> System {
        let seed = self.seed.map_or_else(seed::from_os, Seed::new);
        System::with(self.name, seed, supervise::sampling)
    }
}
