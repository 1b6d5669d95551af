//! The raw content of a configuration. It is read first as a whole, so that one mistake does not
//! hide the next.

use actors_policy::fields;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value of any format. The format's own reader bounds its nesting.
#[derive(Debug)]
pub(super) enum Written {
    Nothing,
    /// A number or a boolean, as text.
    Plain(String),
    Text(String),
    List(Vec<Written>),
    /// In order, with repetitions.
    Table(Vec<(String, Written)>),
}

impl Written {
    /// The value, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Written::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a word in an attribute: text without its quotes.
    pub(super) fn word(&self) -> &str {
        match self {
            Written::Text(text) | Written::Plain(text) => text,
            Written::Nothing => "",
            Written::List(_) => "[…]",
            Written::Table(_) => "{…}",
        }
    }

    /// The value as a number in an attribute: text is not a number, whatever it contains.
    pub(super) fn number(&self) -> &str {
        match self {
            Written::Text(_) => "\"…\"",
            _ => self.word(),
        }
    }
}

impl Written {
    /// The parts of a list; anything else is a list of one.
    pub(super) fn list(&self) -> &[Written] {
        match self {
            Written::List(list) => list,
            one => std::slice::from_ref(one),
        }
    }

    /// The three forms that kinds of values need.
    pub(super) fn views(&self) -> fields::Written<'_> {
        fields::Written { text: self.text(), number: self.number(), word: self.word() }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

/// Numbers and booleans are kept as text.
macro_rules! plain {
    ($($visit:ident($ty:ty))*) => {$(
        fn $visit<E>(self, value: $ty) -> Result<Written, E> {
            Ok(Written::Plain(value.to_string()))
        }
    )*};
}

impl<'de> Visitor<'de> for Anything {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the words of an actor's configuration")
    }

    plain!(visit_bool(bool) visit_i64(i64) visit_i128(i128) visit_u64(u64) visit_u128(u128) visit_f64(f64));

    fn visit_str<E>(self, value: &str) -> Result<Written, E> {
        Ok(Written::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Written, E> {
        Ok(Written::Nothing)
    }

    fn visit_none<E>(self) -> Result<Written, E> {
        Ok(Written::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        Written::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Written, D::Error> {
        Written::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Written, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element()? {
            list.push(value);
        }
        Ok(Written::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Written, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = map.next_entry()? {
            table.push(entry);
        }
        Ok(Written::Table(table))
    }
}
