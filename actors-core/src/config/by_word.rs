//! Maps each word of the table ([`actors_policy::fields`]) to its field of a configuration.
//!
//! Reading, writing, applying and `effective` loop over the table and ask here for the field of a
//! word. A new word needs a field in `mod.rs`, a line here, and a value in the test below. A new
//! kind of value also needs its format in `write.rs`, and a list its parser in `read.rs`.

use super::{ActorConfig, MessageConfig, PressureConfig};
use actors_policy::fields::Value;

/// What a configuration says about a word.
pub(super) trait ByWord {
    /// Returns the value of a word; `None` where nothing is said.
    fn get(&self, word: &str) -> Option<Value>;

    /// Sets the value of a word. A word without a field, or a value of another kind, changes
    /// nothing.
    fn set(&mut self, word: &str, value: Value);
}

/// Fields of the word's name that hold the value of one kind; what a list or a range needs follows.
macro_rules! by_word {
    ($config:ident { $($word:ident: $value:ident),* $(,)? }, $get:expr, $set:expr) => {
        impl ByWord for $config {
            fn get(&self, word: &str) -> Option<Value> {
                let get: fn(&$config, &str) -> Option<Value> = $get;
                match word {
                    $(stringify!($word) => self.$word.clone().map(Value::$value),)*
                    _ => get(self, word),
                }
            }

            fn set(&mut self, word: &str, value: Value) {
                let set: fn(&mut $config, &str, Value) = $set;
                match (word, value) {
                    $((stringify!($word), Value::$value(value)) => self.$word = Some(value),)*
                    (word, value) => set(self, word, value),
                }
            }
        }
    };
}

by_word!(
    ActorConfig {
        capacity: Number,
        max_waiting: Number,
        max_bytes: Number,
        reserve: Number,
        schedule: Schedule,
        keep_alive: Time,
        jobs: Number,
        rate: Rate,
        burst: Number,
    },
    |config, word| match word {
        "workers" => config.workers.as_ref().map(|workers| Value::Workers(*workers.start(), *workers.end())),
        _ => None,
    },
    |config, word, value| {
        if let ("workers", Value::Workers(least, most)) = (word, value) {
            config.workers = Some(least..=most);
        }
    }
);

by_word!(
    PressureConfig { high: Fill, low: Fill, target: Time, dwell: Time, respond: Actions },
    |_, _| None,
    |_, _, _| {}
);

by_word!(
    MessageConfig {
        max: Number,
        max_per_key: Number,
        order: Order,
        ttl: Time,
        timeout: Time,
        rate: Rate,
        burst: Number,
    },
    |config, word| match word {
        "overflow" => config.overflow.map(|list| Value::Overflow(list, config.early)),
        "priority" => config.priority.as_ref().map(|range| Value::Priority(*range.start(), *range.end())),
        _ => None,
    },
    |config, word, value| match (word, value) {
        ("overflow", Value::Overflow(list, early)) => (config.overflow, config.early) = (Some(list), early),
        ("priority", Value::Priority(lowest, highest)) => config.priority = Some(lowest..=highest),
        _ => {}
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use actors_policy::fields::{self, Field, Kind, Reach};
    use actors_policy::{Policy, Pressure, Rate, Settings};
    use std::fmt::Debug;
    use std::time::Duration;

    /// Checks that every word which configuration may set has its field here. `declared` must give
    /// each of them a value; a word without one would not be checked.
    fn has_every_word<T: Copy, C: ByWord + Default>(fields: &'static [Field<T>], declared: T) {
        for field in fields.iter().filter(|field| field.reach != Reach::Code) {
            let Some(value) = (field.get)(&declared) else {
                assert!(matches!(field.kind, Kind::Table), "give `{}` a value in this test", field.word);
                continue;
            };
            let mut config = C::default();
            config.set(field.word, value.clone());
            assert_same(field.word, config.get(field.word), Some(value));
        }
    }

    fn assert_same(word: &str, said: impl Debug + PartialEq<Option<Value>>, value: Option<Value>) {
        assert!(said == value, "`{word}` has no field in its configuration: {said:?}");
    }

    #[test]
    fn every_word_that_configuration_may_say_has_a_field() {
        let rate = Rate::new(3, Duration::from_secs(1));
        let settings = Settings::new().max_waiting(3).max_bytes(9).reserve(2).rate(rate).burst(2);
        has_every_word::<_, ActorConfig>(fields::ACTOR, settings);
        let policy = Policy::tell().max(3).max_per_key(2).ttl(Duration::from_secs(1)).rate(rate).burst(2);
        has_every_word::<_, MessageConfig>(fields::MESSAGE, policy);
        let pressure = Pressure::new().target(Duration::from_millis(5));
        has_every_word::<_, PressureConfig>(fields::PRESSURE, pressure);
    }
}
