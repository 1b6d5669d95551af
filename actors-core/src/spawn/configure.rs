//! Configuration of an actor that is about to be started (feature `serde`).

use super::SpawnBuilder;
use crate::actor::Actor;
use crate::config::ActorConfig;
use crate::error::SpawnError;

impl<A: Actor, F> SpawnBuilder<A, F> {
    /// Applies what `config` says, instead of what is declared or was said before; later calls override it. Mistakes in it
    /// are an error of [`spawn`](SpawnBuilder::spawn).
    pub fn configure(mut self, config: &ActorConfig) -> Self {
        self.configured.apply(config, A::NAME, &mut self.settings, &mut self.classes);
        self
    }

    /// Returns what the actor would be started with: declared, configured, and said to this builder.
    ///
    /// # Errors
    /// What [`spawn`](SpawnBuilder::spawn) would say about it.
    pub fn effective(&self) -> Result<ActorConfig, SpawnError> {
        let limits = self.limits()?;
        Ok(ActorConfig::effective(&limits, &self.settings, &self.classes))
    }
}
