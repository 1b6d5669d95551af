//! Configuration of an actor before its start (feature `serde`).

use super::SpawnBuilder;
use crate::actor::Actor;
use crate::config::ActorConfig;
use crate::error::SpawnError;

impl<A: Actor, F, K> SpawnBuilder<A, F, K> {
    /// Applies a configuration over the declared settings and earlier calls. Later calls override
    /// it.
    ///
    /// [`spawn`](SpawnBuilder::spawn) reports mistakes in it.
    pub fn configure(mut self, config: &ActorConfig) -> Self {
        self.configured.apply(config, A::NAME, &mut self.settings, &mut self.classes);
        self
    }

    /// Returns the settings with which the actor would start: declared, configured, and set here.
    ///
    /// # Errors
    /// The mistakes in the settings that [`spawn`](SpawnBuilder::spawn) would report.
    pub fn effective(&self) -> Result<ActorConfig, SpawnError> {
        let limits = self.limits()?;
        Ok(ActorConfig::effective(&limits, &self.settings, &self.classes))
    }
}
