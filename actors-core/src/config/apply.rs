//! From configuration to the actor that is about to be started.

use super::pool::PoolSaid;
use super::{ActorConfig, MessageConfig, Mistakes};
use crate::mailbox::Class;
use crate::policy::{Limits, Overflow, Settings};
use actors_policy::wording::{list, nearest};
use std::borrow::Cow;

/// What configuration has said to a builder: what was wrong, and what can only be judged once nothing else follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    mistakes: Mistakes,
    reserve: Option<usize>,
    /// Class and `max`.
    max: Vec<(usize, usize)>,
    /// Class and `max_per_key`.
    max_per_key: Vec<(usize, usize)>,
    pool: PoolSaid,
}

impl Configured {
    /// All mistakes, and whatever does not fit into the capacity and was not said otherwise afterwards.
    pub(crate) fn check(&self, settings: &Settings, classes: &[Class]) -> Result<(), String> {
        let mut mistakes = self.mistakes.clone();
        // Without the reserve it is the capacity's own mistakes only that remain, and those are reported anyway.
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
    /// Applies what `config` says to an actor's settings and message types, and notes what is wrong.
    pub(crate) fn apply(
        &mut self,
        config: &ActorConfig,
        actor: &str,
        settings: &mut Settings,
        classes: &mut Cow<'static, [Class]>,
    ) {
        type Say = fn(Settings, usize) -> Settings;
        let numbers: [(Option<usize>, Say); 5] = [
            (config.capacity, |settings, slots| settings.capacity(slots)),
            (config.max_waiting, |settings, senders| settings.max_waiting(senders)),
            (config.max_bytes, |settings, bytes| settings.max_bytes(bytes)),
            (config.reserve, |settings, slots| settings.reserve(slots)),
            (config.jobs, |settings, jobs| settings.jobs(jobs)),
        ];
        for (number, say) in numbers {
            *settings = number.map_or(*settings, |number| say(*settings, number));
        }
        if let Some(schedule) = config.schedule {
            *settings = settings.schedule(schedule);
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
        let Some(class) = mistakes.sound(&path, class_of(actor, name, classes)) else { return };
        let policy = &mut classes.to_mut()[class].policy;
        if let Some(list) = config.overflow {
            if list.has(Overflow::Conflate) && !policy.keyed {
                let sentence = "`conflate` keeps the newest message of each key, and a key belongs to the code: write \
                                another word here, or `key = …` in the attribute";
                mistakes.add(&format!("{path}.overflow"), sentence);
                return;
            }
            (policy.overflow, policy.early) = (list, config.early);
        }
        policy.priority = config.priority.unwrap_or(policy.priority);
        policy.max = config.max.or(policy.max);
        if let Some(max) = config.max_per_key {
            if policy.keyed {
                policy.max_per_key = Some(max);
                self.max_per_key.push((class, max));
            } else {
                let sentence = "`max_per_key` counts the messages of one key, and a key belongs to the code: leave it out, or \
                                write `key = …` in the attribute";
                mistakes.add(&format!("{path}.max_per_key"), sentence);
            }
        }
        policy.ttl = config.ttl.or(policy.ttl);
        policy.timeout = config.timeout.unwrap_or(policy.timeout);
        policy.order = config.order.unwrap_or(policy.order);
        self.max.extend(config.max.map(|max| (class, max)));
    }
}

impl ActorConfig {
    /// The configuration that says all of this.
    pub(crate) fn effective(limits: &Limits, settings: &Settings, classes: &[Class]) -> ActorConfig {
        let message = |class: &Class| MessageConfig {
            priority: Some(class.policy.priority),
            overflow: Some(class.policy.overflow),
            early: class.policy.early,
            max: class.policy.max,
            max_per_key: class.policy.max_per_key,
            ttl: class.policy.ttl,
            timeout: Some(class.policy.timeout),
            order: Some(class.policy.order),
        };
        let pool = ActorConfig::of_pool(settings);
        ActorConfig {
            capacity: Some(limits.capacity),
            max_waiting: Some(limits.max_waiting),
            max_bytes: limits.max_bytes,
            reserve: Some(limits.reserve),
            schedule: Some(limits.schedule),
            workers: pool.workers,
            keep_alive: pool.keep_alive,
            pressure: pool.pressure,
            jobs: Some(limits.jobs()),
            messages: classes.iter().map(|class| (class.name().to_owned(), message(class))).collect(),
        }
    }
}

/// The one message type of that name.
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
