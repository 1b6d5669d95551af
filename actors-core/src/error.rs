//! What can become of a message: one list for errors, ledger, dead letters, labels and logs.
//!
//! [`Reason`] is that list. A [`SendError`] returns the message. An [`AskError`] does not, so that
//! it stays small and `'static` (`.returning()` returns the message where it is needed).

mod life;
mod refusal;
mod refused;

use actors_policy::InvalidPolicy;
pub(crate) use actors_policy::ShortTime;
pub(crate) use actors_policy::Spent;
pub use actors_policy::{Admission, Reason, StopReason};
pub(crate) use life::{Detail, Life, LifeStage};
pub(crate) use refusal::About;
pub use refusal::{AskError, SendError};
pub use refused::Refusal;

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Arc;

/// An error that user code passes to the runtime.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The name of an actor: cheap to clone, shown in errors, dead letters and snapshots.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActorName(Arc<str>);

impl ActorName {
    pub(crate) fn new(name: &str) -> Self {
        ActorName(Arc::from(name))
    }

    /// Makes the name of an actor without one: its type's name and a number. The text is written
    /// in a buffer of the thread, so that it costs one allocation.
    pub(crate) fn numbered(type_name: &str, number: u64) -> Self {
        thread_local! {
            static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
        }
        let write = |text: &mut String| {
            text.clear();
            text.extend(type_name.chars().flat_map(char::to_lowercase));
            // Writing to a string cannot fail.
            let _ = write!(text, "-{number}");
            ActorName::new(text)
        };
        // While a thread ends, its buffer may be gone.
        TEXT.try_with(|text| write(&mut text.borrow_mut())).unwrap_or_else(|_| write(&mut String::new()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ActorName {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for ActorName {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ActorName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for ActorName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(ActorName::new(&name))
    }
}

impl fmt::Debug for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The actors of a cycle as text: `a -> b -> a`.
pub(crate) struct CyclePath<'a>(pub(crate) &'a [ActorName]);

impl fmt::Display for CyclePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.0 {
            write!(f, "{name} -> ")?;
        }
        f.write_str(self.0.first().map_or("", ActorName::as_str))
    }
}

/// Why an actor could not be spawned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// An actor of this name is alive in the system.
    #[error("an actor named `{0}` is already running in this system; give this one another name")]
    NameTaken(ActorName),
    /// The settings are not valid.
    #[error(transparent)]
    Settings(InvalidSettings),
    /// The factory panicked.
    #[error("the factory of actor `{actor}` panicked: {text}")]
    FactoryPanicked {
        /// The actor that was to be started: its name, or its type if it has no name.
        actor: ActorName,
        /// The panic's text.
        text: String,
    },
    /// No tokio runtime is known.
    #[error("no tokio runtime: create the System, or spawn, inside one (`#[tokio::main]`, `Runtime::enter`)")]
    NoRuntime,
    /// The tokio runtime has no timers.
    #[error("the tokio runtime has no timers: build it with `enable_time` (or `enable_all`)")]
    NoTimers,
    /// The actor already has the largest number of children.
    #[error("`{0}` has 65,536 children, which is the limit; let some of them stop")]
    TooManyChildren(ActorName),
    /// The system was shut down.
    #[error("the system `{0}` is shutting down and starts no more actors")]
    ShuttingDown(ActorName),
    /// The tokio runtime of the system has ended.
    #[error("the runtime of the system `{0}` has ended: make another system inside a runtime that lives")]
    RuntimeEnded(ActorName),
    /// The instance that was to have this child has ended. With the name of the parent.
    #[error("the instance of `{0}` that was to have this child has ended; start the child within a turn")]
    ParentEnded(ActorName),
}

/// Why the settings of a running actor were not changed.
#[cfg(feature = "serde")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconfigureError {
    /// No actor of this name is alive in the system.
    #[error("no actor named `{0}` is alive in this system")]
    NotFound(ActorName),
    /// The settings are not valid, or cannot change while the actor runs.
    #[error(transparent)]
    Settings(InvalidSettings),
}

/// The settings with which an actor cannot start: every mistake found, and where it is.
///
/// Its source is the mistake, if there is only one.
#[derive(Clone, Debug)]
pub struct InvalidSettings {
    actor: ActorName,
    place: SettingsPlace,
    mistakes: Vec<InvalidPolicy>,
}

/// Where the mistakes are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SettingsPlace {
    /// In the settings of the actor.
    Actor,
    /// In the policy of this message type.
    Message(&'static str),
    /// In the configuration; the words of the mistakes are paths.
    #[cfg_attr(not(feature = "serde"), expect(dead_code, reason = "there is no configuration"))]
    Configuration,
}

impl InvalidSettings {
    pub(crate) fn new(actor: &str, place: SettingsPlace, mistakes: Vec<InvalidPolicy>) -> Self {
        InvalidSettings { actor: ActorName::new(actor), place, mistakes }
    }

    /// The name of the actor, or of its type if it has no name.
    pub fn actor(&self) -> &ActorName {
        &self.actor
    }

    /// The message type whose policy is wrong; `None` where the mistakes are in the actor's own
    /// settings or in its configuration.
    pub fn message(&self) -> Option<&'static str> {
        match self.place {
            SettingsPlace::Message(name) => Some(name),
            SettingsPlace::Actor | SettingsPlace::Configuration => None,
        }
    }

    /// The mistakes, at least one. The `word` of a mistake in a configuration is its path:
    /// `messages.Viewed.ttl`.
    pub fn mistakes(&self) -> &[InvalidPolicy] {
        &self.mistakes
    }
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "actor `{}`", self.actor)?;
        if let Some(message) = self.message() {
            write!(f, ", message `{message}`")?;
        }
        for (at, mistake) in self.mistakes.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { "\n" })?;
            if matches!(self.place, SettingsPlace::Configuration) {
                write!(f, "{}: ", mistake.word())?;
            }
            f.write_str(mistake.why())?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidSettings {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.mistakes[..] {
            [mistake] => Some(mistake),
            _ => None,
        }
    }
}

/// Why a message type's policy could not be changed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the policy of `{message}` of actor `{actor}` stays as it was: {why}")]
pub struct PolicyError {
    pub(crate) actor: ActorName,
    pub(crate) message: &'static str,
    pub(crate) why: InvalidPolicy,
}

impl PolicyError {
    /// The word that is wrong or cannot change, and why.
    pub fn why(&self) -> &InvalidPolicy {
        &self.why
    }
}

/// Why an actor never became ready.
#[derive(Clone, Debug, thiserror::Error)]
#[error("actor `{name}` did not start: {why}")]
pub struct StartError {
    pub(crate) name: ActorName,
    pub(crate) why: Arc<str>,
}
