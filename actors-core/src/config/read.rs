//! From what is written to what is meant, with the sentences that the attributes say about the same mistakes.

use super::written::Written;
use super::{ActorConfig, MessageConfig, Mistakes, PressureConfig, pool};
use crate::policy::{Order, Overflow, OverflowList, Priority, Ramp, Schedule};
use actors_policy::wording::{self, Number, Vocabulary};
use serde::de::{Deserialize, Deserializer, Error};
use std::fmt::Debug;
use std::time::Duration;

/// Words that say what the code is, not how it runs.
const OF_THE_CODE: &[&str] = &["key", "reply", "boxed", "weight", "inline", "vis", "local", "shadows"];
const ACTOR: &str = "the configuration of an actor";
pub(super) const PRESSURE: &str = "`pressure`";
const MESSAGE: &str = "the configuration of a message";

impl<'de> Deserialize<'de> for ActorConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = actor(Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_result().map(|()| config).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for PressureConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = pool::pressure("", Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_result().map(|()| config).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for MessageConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = message("", Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_result().map(|()| config).map_err(D::Error::custom)
    }
}

fn actor(written: Written, mistakes: &mut Mistakes) -> ActorConfig {
    let mut config = ActorConfig::default();
    for (word, value) in words("", written, ACTOR, mistakes) {
        let number = |number: &Number, mistakes: &mut Mistakes| {
            mistakes.sound(&word, number.read(value.number())).and_then(|number| usize::try_from(number).ok())
        };
        match word.as_str() {
            "capacity" => config.capacity = number(&wording::CAPACITY, mistakes),
            "max_waiting" => config.max_waiting = number(&wording::MAX_WAITING, mistakes),
            "max_bytes" => config.max_bytes = number(&wording::MAX_BYTES, mistakes),
            "reserve" => config.reserve = number(&wording::RESERVE, mistakes),
            "jobs" => config.jobs = number(&wording::JOBS, mistakes),
            "schedule" => config.schedule = mistakes.sound(&word, schedule(value.word())),
            "workers" => config.workers = mistakes.sound(&word, pool::workers(value.word())),
            "keep_alive" => config.keep_alive = mistakes.sound(&word, duration(&word, &value)),
            "pressure" => config.pressure = Some(pool::pressure(&word, value, mistakes)),
            "messages" => config.messages = messages(value, mistakes),
            _ => mistakes.add(&word, &unread(&word)),
        }
    }
    if let Some(capacity) = config.capacity {
        config.check_against(capacity, mistakes);
    }
    config.check_pool(&config, mistakes);
    config
}

impl ActorConfig {
    /// What must fit into the capacity.
    pub(super) fn check_against(&self, capacity: usize, mistakes: &mut Mistakes) {
        if let Some(reserve) = self.reserve {
            mistakes.sound("reserve", wording::reserve_fits(reserve as u64, capacity as u64));
        }
        for (name, message) in &self.messages {
            if let Some(max) = message.max {
                let path = format!("messages.{name}.max");
                mistakes.sound(&path, wording::max_fits(max as u64, capacity as u64));
            }
            if let Some(max) = message.max_per_key {
                let path = format!("messages.{name}.max_per_key");
                mistakes.sound(&path, wording::max_per_key_fits(max as u64, capacity as u64));
            }
        }
    }
}

fn messages(written: Written, mistakes: &mut Mistakes) -> std::collections::BTreeMap<String, MessageConfig> {
    let Written::Table(table) = written else {
        mistakes.add("messages", "here stand messages by their names, and under each name its words");
        return Default::default();
    };
    let mut messages = std::collections::BTreeMap::new();
    for (name, value) in table {
        let path = format!("messages.{name}");
        let config = message(&path, value, mistakes);
        if messages.insert(name.clone(), config).is_some() {
            mistakes.add(&path, &wording::twice(&name));
        }
    }
    messages
}

/// A message's words; `path` is where they stand.
fn message(path: &str, written: Written, mistakes: &mut Mistakes) -> MessageConfig {
    let mut config = MessageConfig::default();
    for (word, value) in words(path, written, MESSAGE, mistakes) {
        let path = below(path, &word);
        match word.as_str() {
            "priority" => config.priority = mistakes.sound(&path, priority(value.word())),
            "overflow" => (config.overflow, config.early) = overflow(&path, &value, mistakes),
            "max" => {
                let max = mistakes.sound(&path, wording::MAX.read(value.number()));
                config.max = max.and_then(|max| usize::try_from(max).ok());
            }
            "max_per_key" => {
                let max = mistakes.sound(&path, wording::MAX_PER_KEY.read(value.number()));
                config.max_per_key = max.and_then(|max| usize::try_from(max).ok());
            }
            "ttl" => config.ttl = mistakes.sound(&path, duration(&word, &value)),
            "timeout" => config.timeout = mistakes.sound(&path, duration(&word, &value)),
            "order" => config.order = mistakes.sound(&path, order(value.word())),
            _ => mistakes.add(&path, &unread(&word)),
        }
    }
    config
}

pub(super) fn duration(word: &str, written: &Written) -> Result<Duration, String> {
    wording::duration::read(word, written.text()).map(Duration::from_nanos)
}

/// The words of a table that are known and say something, each at most once.
pub(super) fn words(
    path: &str,
    written: Written,
    of: &str,
    mistakes: &mut Mistakes,
) -> Vec<(String, Written)> {
    let Written::Table(table) = written else {
        let place = if path.is_empty() { "configuration" } else { path };
        mistakes.add(place, &format!("{of} is a table of words and their values"));
        return Vec::new();
    };
    let of_actor: Vec<&str> = configurable(wording::OF_ACTOR).chain(["messages"]).collect();
    let of_message: Vec<&str> = configurable(wording::OF_MESSAGE).collect();
    let (built, planned, elsewhere): (&[&str], &[&str], (&[&str], &str)) = match of {
        ACTOR => (&of_actor, &[], (&of_message, MESSAGE)),
        PRESSURE => (wording::OF_PRESSURE, &[], (&of_actor, ACTOR)),
        _ => (&of_message, wording::MESSAGE_PLANNED, (&of_actor, ACTOR)),
    };
    let vocabulary = Vocabulary { of, built, planned, elsewhere };
    let mut known: Vec<(String, Written)> = Vec::new();
    for (word, value) in table {
        let path = below(path, &word);
        if known.iter().any(|(known, _)| *known == word) {
            mistakes.add(&path, &wording::twice(&word));
        } else if OF_THE_CODE.contains(&word.as_str()) {
            let sentence = format!("`{word}` belongs to the code; write it in the attribute, not here");
            mistakes.add(&path, &sentence);
        } else if mistakes.sound(&path, vocabulary.check(&word)).is_some() {
            known.push((word, value));
        }
    }
    known.retain(|(_, value)| !matches!(value, Written::Nothing));
    known
}

fn configurable(words: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    words.iter().copied().filter(|word| !OF_THE_CODE.contains(word))
}

/// A word that the attribute has learnt and configuration has not: refused, never ignored.
pub(super) fn unread(word: &str) -> String {
    format!("`{word}` cannot be configured; write it in the attribute")
}

pub(super) fn below(path: &str, word: &str) -> String {
    if path.is_empty() { word.to_owned() } else { format!("{path}.{word}") }
}

/// `weighted(by = time)` → (`weighted`, `by = time`); anything of another form stays in one piece.
fn with_parentheses(text: &str) -> (&str, Option<&str>) {
    let text = text.trim();
    match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((head, inside)) => (head.trim_end(), Some(inside)),
        None => (text, None),
    }
}

/// The value whose variant it is.
pub(super) fn named<T: Copy + Debug>(all: &[T], variant: &str) -> Result<T, String> {
    all.iter().copied().find(|value| format!("{value:?}") == variant).ok_or_else(|| unread(variant))
}

fn priority(text: &str) -> Result<Priority, String> {
    named(&Priority::ALL, wording::priority(text)?)
}

fn order(text: &str) -> Result<Order, String> {
    named(&[Order::Fifo, Order::LifoUnderPressure], wording::order(text)?)
}

fn schedule(text: &str) -> Result<Schedule, String> {
    let (head, inside) = with_parentheses(text);
    let all = [Schedule::Strict, Schedule::Weighted, Schedule::WeightedByTime];
    named(&all, wording::schedule(head, inside)?)
}

/// One word, or a list that is tried in order; with the fill from which `drop_random` begins.
fn overflow(path: &str, written: &Written, mistakes: &mut Mistakes) -> (Option<OverflowList>, Option<Ramp>) {
    const ALL: [Overflow; 7] = [
        Overflow::Block,
        Overflow::Reject,
        Overflow::DropNewest,
        Overflow::DropOldest,
        Overflow::DropRandom,
        Overflow::EvictLower,
        Overflow::Conflate,
    ];
    let words = match written {
        Written::List(list) => &list[..],
        one => std::slice::from_ref(one),
    };
    if words.is_empty() {
        mistakes.add(path, wording::OVERFLOW_EMPTY);
        return (None, None);
    }
    let (mut list, mut variants, mut early) = (Vec::new(), Vec::new(), None);
    for (at, word) in words.iter().enumerate() {
        let (head, inside) = with_parentheses(word.word());
        let Some((variant, from)) = mistakes.sound(path, wording::overflow(head, inside)) else { continue };
        mistakes.sound(path, wording::overflow_place(head, (variant, at, words.len()), &variants));
        list.extend(mistakes.sound(path, named(&ALL, variant)));
        variants.push(variant);
        early = early.or(from.map(Ramp::from));
    }
    (Some(OverflowList::new(&list)), early)
}
