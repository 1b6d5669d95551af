//! Reads configuration, with the error sentences of the attributes.

use super::by_word::ByWord;
use super::written::Written;
use super::{ActorConfig, MessageConfig, Mistakes, PressureConfig};
use crate::policy::{Action, OverflowList, Ramp};
use actors_policy::fields::{self, Field, Kind, Reach, Value};
use actors_policy::wording::{self, Vocabulary};
use serde::de::{Deserialize, Deserializer, Error};

const ACTOR: &str = "the configuration of an actor";
const PRESSURE: &str = "`pressure`";
const MESSAGE: &str = "the configuration of a message";

impl<'de> Deserialize<'de> for ActorConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = actor(Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_text().map(|()| config).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for PressureConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = pressure("", Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_text().map(|()| config).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for MessageConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut mistakes = Mistakes::default();
        let config = message("", Written::deserialize(deserializer)?, &mut mistakes);
        mistakes.into_text().map(|()| config).map_err(D::Error::custom)
    }
}

fn actor(written: Written, mistakes: &mut Mistakes) -> ActorConfig {
    let mut config = ActorConfig::default();
    for (word, value) in words("", written, ACTOR, mistakes) {
        match word.as_str() {
            "pressure" => config.pressure = Some(pressure(&word, value, mistakes)),
            "messages" => config.messages = messages(value, mistakes),
            _ => read(&mut config, fields::ACTOR, "", (&word, &value), mistakes),
        }
    }
    if let Some(capacity) = config.capacity {
        config.check_against(capacity, mistakes);
    }
    config.check_pool(&config, mistakes);
    config
}

/// Reads the words of `pressure`; `path` is their place.
fn pressure(path: &str, written: Written, mistakes: &mut Mistakes) -> PressureConfig {
    let mut config = PressureConfig::default();
    for (word, value) in words(path, written, PRESSURE, mistakes) {
        read(&mut config, fields::PRESSURE, path, (&word, &value), mistakes);
    }
    config
}

/// Reads one word by its entry in the table.
fn read<T>(
    config: &mut impl ByWord,
    table: &'static [Field<T>],
    path: &str,
    (word, written): (&str, &Written),
    mistakes: &mut Mistakes,
) {
    let path = below(path, word);
    let Some(field) = fields::find(table, word) else { return };
    let value = match field.kind {
        Kind::Overflow => overflow(&path, written, mistakes),
        Kind::Actions => Some(Value::Actions(actions(&path, written, mistakes))),
        _ => mistakes.ok_or_report(&path, field.read(written.views())),
    };
    if let Some(value) = value {
        config.set(field.word, value);
    }
}

impl ActorConfig {
    /// Checks what must fit into the capacity.
    pub(super) fn check_against(&self, capacity: usize, mistakes: &mut Mistakes) {
        if let Some(reserve) = self.reserve {
            mistakes.ok_or_report("reserve", wording::reserve_fits(reserve, capacity));
        }
        for (name, message) in &self.messages {
            if let Some(max) = message.max {
                let path = format!("messages.{name}.max");
                mistakes.ok_or_report(&path, wording::max_fits(max, capacity));
            }
            if let Some(max) = message.max_per_key {
                let path = format!("messages.{name}.max_per_key");
                mistakes.ok_or_report(&path, wording::max_per_key_fits(max, capacity));
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

/// Reads a message's words; `path` is their place.
fn message(path: &str, written: Written, mistakes: &mut Mistakes) -> MessageConfig {
    let mut config = MessageConfig::default();
    for (word, value) in words(path, written, MESSAGE, mistakes) {
        read(&mut config, fields::MESSAGE, path, (&word, &value), mistakes);
    }
    config
}

/// Returns the known words of a table that have a value, each at most once.
fn words(path: &str, written: Written, of: &str, mistakes: &mut Mistakes) -> Vec<(String, Written)> {
    let Written::Table(table) = written else {
        let place = if path.is_empty() { "configuration" } else { path };
        mistakes.add(place, &format!("{of} is a table of words and their values"));
        return Vec::new();
    };
    let of_actor = [fields::words(fields::ACTOR, true), vec!["messages"]].concat();
    let of_message = fields::words(fields::MESSAGE, true);
    let (built, planned, elsewhere): (_, &[&str], _) = match of {
        ACTOR => (of_actor, &[], (of_message, MESSAGE)),
        PRESSURE => (fields::words(fields::PRESSURE, true), &[], (of_actor, ACTOR)),
        _ => (of_message, fields::MESSAGE_PLANNED, (of_actor, ACTOR)),
    };
    let vocabulary = Vocabulary { of, built, planned, elsewhere };
    let mut known: Vec<(String, Written)> = Vec::new();
    for (word, value) in table {
        let path = below(path, &word);
        if known.iter().any(|(known, _)| *known == word) {
            mistakes.add(&path, &wording::twice(&word));
        } else if is_of_the_code(&word) {
            let sentence = format!("`{word}` belongs to the code; write it in the attribute, not here");
            mistakes.add(&path, &sentence);
        } else if mistakes.ok_or_report(&path, vocabulary.check(&word)).is_some() {
            known.push((word, value));
        }
    }
    known.retain(|(_, value)| !matches!(value, Written::Nothing));
    known
}

/// Returns whether a word belongs to the code, so that configuration cannot set it.
fn is_of_the_code(word: &str) -> bool {
    let reaches = [
        fields::find(fields::ACTOR, word).map(|field| field.reach),
        fields::find(fields::MESSAGE, word).map(|field| field.reach),
    ];
    reaches.contains(&Some(Reach::Code))
}

fn below(path: &str, word: &str) -> String {
    if path.is_empty() { word.to_owned() } else { format!("{path}.{word}") }
}

/// Reads one word, or a list that is tried in order, with the fill from which `drop_random` begins.
fn overflow(path: &str, written: &Written, mistakes: &mut Mistakes) -> Option<Value> {
    let words = written.list();
    if words.is_empty() {
        mistakes.add(path, wording::OVERFLOW_EMPTY);
        return None;
    }
    let (mut list, mut early) = (Vec::new(), None);
    for (at, written) in words.iter().enumerate() {
        let (head, inside) = wording::with_parentheses(written.word());
        let Some((word, from)) = mistakes.ok_or_report(path, wording::overflow(head, inside)) else {
            continue;
        };
        mistakes.ok_or_report(path, wording::overflow_place(word, (at, words.len()), &list));
        list.push(word);
        early = early.or(from.map(Ramp::from));
    }
    Some(Value::Overflow(OverflowList::new(&list), early))
}

/// Reads one action, or a list that is taken in order. An empty list removes what is declared.
fn actions(path: &str, written: &Written, mistakes: &mut Mistakes) -> Vec<Action> {
    let mut list = Vec::new();
    for word in written.list() {
        list.extend(mistakes.ok_or_report(path, wording::action(word.word(), &list)));
    }
    list
}
