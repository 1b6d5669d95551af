//! Settings of an actor that runs (feature `serde`).

use crate::config::{self, ActorConfig, Change};
use crate::env::{AnyActor, System};
use crate::error::{ActorName, InvalidSettings, ReconfigureError, SettingsPlace};
use crate::mailbox::Present;
use crate::policy::{Cause, Decided, DecisionKind, InvalidPolicy};
use std::sync::Arc;

/// The longest author of a change, in characters: it is part of a log line.
const AUTHOR_MAX: usize = 64;

impl System {
    /// Changes the settings of an actor while it runs, in the words of the attributes: all of them
    /// in one step, or none. What `config` leaves out stays as it is.
    ///
    /// It changes what [`effective`](System::effective) shows, except `priority`, `order`,
    /// `max_bytes`, whether messages are conflated, and whether the actor is a pool: a pool's range
    /// may change, within more than one worker at most.
    ///
    /// - A larger `capacity` holds at once. With a smaller one the mailbox keeps what it holds, and
    ///   takes nothing new until it has drained below that.
    /// - A changed rate starts with all its tokens.
    /// - Workers are started and retired so that their number is in the new range.
    /// - The supervisor goes on from its present level with new marks and times. Actions that are
    ///   engaged stay so while they are declared in the same places.
    ///
    /// The change is a decision in the log, at INFO: `reconfigured by ops: capacity = 64 (was 32)`.
    /// `author` is for the reader of the log; a long one is cut. Where nothing differs, nothing is
    /// logged.
    ///
    /// # Errors
    /// No actor of this name is alive, or the settings are not possible: all mistakes at once, each
    /// with its path. Then nothing has changed.
    ///
    /// ```
    /// use actors_core::config::ActorConfig;
    /// # use actors_core::prelude::*;
    /// # struct Shop;
    /// # #[actor(local)]
    /// # impl Shop { #[message] fn viewed(&mut self) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let system = System::new("shop");
    /// let shop = system.actor(|| Shop).name("shop").spawn().unwrap();
    /// let config: ActorConfig = serde_json::from_str(
    ///     r#"{ "capacity": 512, "messages": { "Viewed": { "overflow": "drop_oldest", "max": 64 } } }"#,
    /// ).unwrap();
    /// system.reconfigure("shop", &config, "ops").unwrap();
    /// assert_eq!(shop.reading().capacity, 512);
    /// assert_eq!(
    ///     system.decisions()[0].to_string(),
    ///     "shop reconfigured by ops: capacity = 512 (was 256), max_waiting = 512 (was 256), \
    ///      reserve = 64 (was 32), messages.Viewed.overflow = drop_oldest (was block), \
    ///      messages.Viewed.max = 64 (was nothing)",
    /// );
    /// # }
    /// ```
    pub fn reconfigure(
        &self,
        name: &str,
        config: &ActorConfig,
        author: &str,
    ) -> Result<(), ReconfigureError> {
        let actor = self.living(name)?;
        loop {
            let from = actor.present();
            let Change { to, sentence } = plan(&actor, config, &from)?;
            if sentence.is_empty() {
                return Ok(());
            }
            // Where another thread has changed something meanwhile, it is looked at again.
            if actor.clone().reconfigure(&from, &to) {
                // It becomes a part of a line.
                let author: String = author.chars().filter(|c| !c.is_control()).take(AUTHOR_MAX).collect();
                let kind = DecisionKind::Reconfigured { author: author.into(), changes: sentence.into() };
                self.decision_log().record(actor.name(), Decided { kind, cause: Cause::Request });
                return Ok(());
            }
        }
    }

    /// Returns the settings of an actor as they are now, in the words of the attributes; `None`
    /// where no actor of this name is alive.
    pub fn effective(&self, name: &str) -> Option<ActorConfig> {
        let actor = self.living(name).ok()?;
        Some(config::present(&actor.present(), actor.classes()))
    }

    fn living(&self, name: &str) -> Result<Arc<dyn AnyActor>, ReconfigureError> {
        let found = self.registry().find(name).filter(|actor| !actor.has_ended());
        found.ok_or_else(|| ReconfigureError::NotFound(ActorName::new(name)))
    }
}

fn plan(actor: &Arc<dyn AnyActor>, config: &ActorConfig, from: &Present) -> Result<Change, ReconfigureError> {
    let mut planned = config::plan(config, actor.type_name(), from, actor.classes());
    if actor.is_elsewhere() && config.pressure.is_some() {
        let why = "the actor runs in another place, and its supervisor with it: configure it there";
        let mistake = InvalidPolicy::new("pressure", why);
        planned = match planned {
            Ok(_) => Err(vec![mistake]),
            Err(mistakes) => Err(mistakes.into_iter().chain([mistake]).collect()),
        };
    }
    planned.map_err(|mistakes| {
        let place = SettingsPlace::Configuration;
        ReconfigureError::Settings(InvalidSettings::new(actor.name().as_str(), place, mistakes))
    })
}
