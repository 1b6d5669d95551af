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
    said.into_iter().try_for_each(|(word, value)| map.serialize_entry(word, &Written(value)))
}

/// A value in the form that reads back as the same value.
struct Written(Value);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Number(number) => number.serialize(serializer),
            Value::Fill(fill) => fill.serialize(serializer),
            Value::Rate(rate) => rate.to_string().serialize(serializer),
            Value::Time(time) => duration::write(*time).serialize(serializer),
            Value::Workers(least, most) if least == most => least.serialize(serializer),
            Value::Workers(least, most) => format!("{least}..={most}").serialize(serializer),
            Value::Priority(lowest, highest) if lowest == highest => lowest.word().serialize(serializer),
            Value::Priority(lowest, highest) => format!("{lowest}..={highest}").serialize(serializer),
            Value::Order(order) => order.word().serialize(serializer),
            Value::Schedule(schedule) => schedule.word().serialize(serializer),
            Value::Overflow(list, early) => {
                let word = |word: &Overflow| match (word, early) {
                    (Overflow::DropRandom, Some(ramp)) => format!("drop_random(from = {})", ramp.begins()),
                    (word, _) => word.to_string(),
                };
                one_or_list(list.words().iter().map(word).collect(), serializer)
            }
            Value::Actions(actions) => {
                one_or_list(actions.iter().map(ToString::to_string).collect(), serializer)
            }
        }
    }
}

fn one_or_list<S: Serializer>(words: Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match &words[..] {
        [one] => one.serialize(serializer),
        list => list.serialize(serializer),
    }
}
