//! Applies configuration to an actor that is about to start.

use super::by_word::ByWord;
use super::pool::PoolOverrides;
use super::{ActorConfig, MessageConfig, Mistakes};
use crate::mailbox::Class;
use crate::policy::{InvalidPolicy, Limits, Overflow, Settings};
use actors_policy::fields;
use actors_policy::word::{list, nearest};
use std::borrow::Cow;

/// What configuration has set on a builder: its mistakes, and what can only be checked once all
/// settings are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    mistakes: Mistakes,
    reserve: Option<usize>,
    /// Class and `max`.
    max: Vec<(usize, usize)>,
    /// Class and `max_per_key`.
    max_per_key: Vec<(usize, usize)>,
    pool: PoolOverrides,
}

impl Configured {
    /// Reports all mistakes, and every value that exceeds the capacity and was not overridden
    /// later.
    pub(crate) fn check(&self, settings: &Settings, classes: &[Class]) -> Result<(), Vec<InvalidPolicy>> {
        let mut mistakes = self.mistakes.clone();
        // Without the reserve only the mistakes of the capacity itself remain, and those are
        // reported anyway.
        if let Ok(Limits { capacity, .. }) = settings.reserve(0).limits() {
            let mut said = ActorConfig {
                reserve: self.reserve.filter(|slots| settings.reserve(*slots) == *settings),
                ..ActorConfig::default()
            };
            for (class, max) in self.max.iter().copied() {
                let class = &classes[class];
                let max = Some(max).filter(|_| class.policy.max == Some(max));
                said.messages.insert(class.name().to_owned(), MessageConfig { max, ..Default::default() });
            }
            for (class, max) in self.max_per_key.iter().copied() {
                let class = &classes[class];
                let message = said.messages.entry(class.name().to_owned()).or_default();
                message.max_per_key = Some(max).filter(|_| class.policy.max_per_key == Some(max));
            }
            said.check_against(capacity, &mut mistakes);
        }
        self.pool.check(settings, &mut mistakes);
        mistakes.into_result()
    }
}

impl Configured {
    /// Applies `config` to an actor's settings and message types, and records what is wrong.
    pub(crate) fn apply(
        &mut self,
        config: &ActorConfig,
        actor: &str,
        settings: &mut Settings,
        classes: &mut Cow<'static, [Class]>,
    ) {
        for field in fields::ACTOR {
            if let Some(value) = config.get(field.word) {
                *settings = (field.set)(*settings, value);
            }
        }
        self.pool.say(config, settings);
        self.reserve = config.reserve.or(self.reserve);
        for (name, message) in &config.messages {
            self.apply_message(name, message, actor, classes);
        }
    }

    fn apply_message(
        &mut self,
        name: &str,
        config: &MessageConfig,
        actor: &str,
        classes: &mut Cow<'static, [Class]>,
    ) {
        let path = format!("messages.{name}");
        let mistakes = &mut self.mistakes;
        let Some(class) = mistakes.ok_or_report(&path, class_of(actor, name, classes)) else { return };
        let policy = &mut classes.to_mut()[class].policy;
        if config.overflow.is_some_and(|list| list.has(Overflow::Conflate)) && !policy.keyed {
            let sentence = "`conflate` keeps the newest message of each key, and a key belongs to the code: write \
                            another word here, or `key = …` in the attribute";
            mistakes.add(&format!("{path}.overflow"), sentence);
            return;
        }
        for field in fields::MESSAGE {
            let Some(value) = config.get(field.word) else { continue };
            if field.word == "max_per_key" && !policy.keyed {
                let sentence = "`max_per_key` counts the messages of one key, and a key belongs to the code: leave it out, or \
                                write `key = …` in the attribute";
                mistakes.add(&format!("{path}.max_per_key"), sentence);
                continue;
            }
            *policy = (field.set)(*policy, value);
        }
        let is_keyed = policy.keyed;
        self.max_per_key.extend(config.max_per_key.filter(|_| is_keyed).map(|max| (class, max)));
        self.max.extend(config.max.map(|max| (class, max)));
    }
}

impl ActorConfig {
    /// Returns the configuration that sets all of this.
    pub(crate) fn effective(limits: &Limits, settings: &Settings, classes: &[Class]) -> ActorConfig {
        let mut config = ActorConfig::default();
        let filled = settings.max_waiting(limits.max_waiting).reserve(limits.reserve);
        for field in fields::ACTOR {
            (field.get)(&filled).into_iter().for_each(|value| config.set(field.word, value));
        }
        let pool = ActorConfig::of_pool(settings);
        (config.keep_alive, config.pressure) = (pool.keep_alive, pool.pressure);
        for class in classes {
            let mut message = MessageConfig::default();
            for field in fields::MESSAGE {
                (field.get)(&class.policy).into_iter().for_each(|value| message.set(field.word, value));
            }
            config.messages.insert(class.name().to_owned(), message);
        }
        config
    }
}

/// Returns the message type of that name.
fn class_of(actor: &str, name: &str, classes: &[Class]) -> Result<usize, String> {
    let mut found = classes.iter().enumerate().filter(|(_, class)| class.name() == name);
    match (found.next(), found.next()) {
        (Some((class, _)), None) => Ok(class),
        (Some(_), Some(_)) => Err(format!(
            "`{actor}` has two messages `{name}`, of two modules; say in the code, with `policy`, which is meant"
        )),
        (None, _) => {
            let names: Vec<&str> = classes.iter().map(Class::name).collect();
            Err(match nearest(name, &names) {
                Some(meant) => format!("`{actor}` has no message `{name}`; did you mean `{meant}`?"),
                None if names.is_empty() => format!("`{actor}` has no messages; leave this out"),
                None => format!("`{actor}` has no message `{name}`; its messages are {}", list(&names)),
            })
        }
    }
}
