//! Stand-ins for the methods that need the feature `serde`: calling one is an error that names it.

use super::SpawnBuilder;
use super::start::settings_error;
use crate::actor::Actor;
use crate::error::{SettingsPlace, SpawnError};
use crate::policy::InvalidPolicy;

/// A trait that no type implements. It makes the stand-ins uncallable, with an error that names the
/// feature.
///
/// ```compile_fail,E0277
/// # use actors_core::prelude::*;
/// # struct Shop;
/// # #[actor(local)]
/// # impl Shop { #[message] fn viewed(&mut self) {} }
/// System::new("shop").instance(Shop).configure(&());
/// ```
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "configuration needs the feature `serde` of `actors-core`",
    label = "this method does nothing without the feature",
    note = "write `actors-core = {{ version = \"..\", features = [\"serde\"] }}` in Cargo.toml"
)]
pub trait NeedsFeatureSerde {}

impl<A: Actor, F, K> SpawnBuilder<A, F, K> {
    /// Needs the feature `serde`.
    #[doc(hidden)]
    pub fn configure<C>(self, _: &C) -> Self
    where
        F: NeedsFeatureSerde,
    {
        self
    }

    /// Needs the feature `serde`.
    #[doc(hidden)]
    pub fn effective(&self) -> Result<std::convert::Infallible, SpawnError>
    where
        F: NeedsFeatureSerde,
    {
        let mistake = InvalidPolicy::new("configure", "the configuration needs the feature `serde`");
        Err(settings_error(A::NAME, SettingsPlace::Actor, mistake))
    }
}
