//! Writes configuration: only words that are set, in a form that can be read again.

use super::by_word::ByWord;
use super::{ActorConfig, MessageConfig, PressureConfig};
use crate::policy::Overflow;
use actors_policy::fields::{self, Field, Value};
use actors_policy::wording::duration;
use serde::ser::{Serialize, SerializeMap, Serializer};

impl Serialize for ActorConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(&mut map, self, fields::ACTOR)?;
        // The table is last, because in some formats no plain value may follow a table.
        if let Some(pressure) = &self.pressure {
            map.serialize_entry("pressure", pressure)?;
        }
        if !self.messages.is_empty() {
            map.serialize_entry("messages", &self.messages)?;
        }
        map.end()
    }
}

impl Serialize for PressureConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(&mut map, self, fields::PRESSURE)?;
        map.end()
    }
}

impl Serialize for MessageConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(&mut map, self, fields::MESSAGE)?;
        map.end()
    }
}

/// Writes every word that is set.
fn write<M: SerializeMap, T>(
    map: &mut M,
    config: &impl ByWord,
    table: &'static [Field<T>],
) -> Result<(), M::Error> {
    let said = table.iter().filter_map(|field| Some((field.word, config.get(field.word)?)));
    said.into_iter().try_for_each(|(word, value)| map.serialize_entry(word, &Form::from(&value)))
}

/// A value in the form that reads back as the same value.
enum Form {
    Number(usize),
    Fill(f64),
    Text(String),
    List(Vec<String>),
}

impl From<&Value> for Form {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Form::Number(*number),
            Value::Fill(fill) => Form::Fill(*fill),
            Value::Rate(rate) => Form::Text(rate.to_string()),
            Value::Time(time) => Form::Text(duration::write(*time)),
            Value::Workers(least, most) if least == most => Form::Number(*least),
            Value::Workers(least, most) => Form::Text(format!("{least}..={most}")),
            Value::Priority(lowest, highest) if lowest == highest => Form::Text(lowest.word().into()),
            Value::Priority(lowest, highest) => Form::Text(format!("{lowest}..={highest}")),
            Value::Order(order) => Form::Text(order.word().into()),
            Value::Schedule(schedule) => Form::Text(schedule.word().into()),
            Value::Overflow(list, early) => {
                let word = |word: &Overflow| match (word, early) {
                    (Overflow::DropRandom, Some(ramp)) => format!("drop_random(from = {})", ramp.begins()),
                    (word, _) => word.to_string(),
                };
                Form::of_words(list.words().iter().map(word).collect())
            }
            Value::Actions(actions) => Form::of_words(actions.iter().map(ToString::to_string).collect()),
        }
    }
}

impl Form {
    fn of_words(mut words: Vec<String>) -> Self {
        match words.pop() {
            Some(only) if words.is_empty() => Form::Text(only),
            last => {
                words.extend(last);
                Form::List(words)
            }
        }
    }
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Form::Number(number) => number.serialize(serializer),
            Form::Fill(fill) => fill.serialize(serializer),
            Form::Text(text) => text.serialize(serializer),
            Form::List(words) => words.serialize(serializer),
        }
    }
}

/// A value as a sentence shows it: `64`, `500ms`, `[evict_lower, block]`.
pub(super) fn shown(value: &Value) -> String {
    match Form::from(value) {
        Form::Number(number) => number.to_string(),
        Form::Fill(fill) => fill.to_string(),
        Form::Text(text) => text,
        Form::List(words) => format!("[{}]", words.join(", ")),
    }
}
