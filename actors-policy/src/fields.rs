//! The table of words: what attributes, configuration, `adjust` and the documentation know about
//! each word of a policy.
//!
//! ```text
//!                    ┌─► actors-macros     reads attributes, emits the builder's call of that name
//!   ACTOR, MESSAGE, ─┼─► actors-core       configuration; `adjust`: what may change while running
//!   PRESSURE         ├─► checks            Settings::limits, Policy::check, Pressure::check
//!                    └─► docs/policies.md  the tables of words, compared by a test
//! ```
//!
//! A new word is one entry here, a field with its builder on the declaration, and its behaviour.
//! Attributes then read it, errors suggest it for misspelt words, and the documentation lists it.
//!
//! Invariant: the name of a word is the name of the builder's method that sets it, because the
//! macros emit that call.

use crate::word::{Word, list};
use crate::wording::{self, Number, duration};
use crate::{
    Action, InvalidPolicy, Order, Overflow, OverflowList, Policy, Pressure, Priority, Ramp, Rate, Schedule,
    Settings,
};
use std::time::Duration;

/// One word: its name, its values, and how it is read from and written to a declaration `T`.
#[derive(Debug)]
pub struct Field<T: 'static> {
    /// The word, and the name of the builder's method.
    pub word: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// Where it can be said, and whether it can change while the actor runs.
    pub reach: Reach,
    /// The default, as the documentation shows it.
    pub default: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// Reads the value from a declaration; `None` where it is not set.
    pub get: fn(&T) -> Option<Value>,
    /// Returns the declaration with this value; a value of another kind changes nothing.
    pub set: fn(T, Value) -> T,
}

/// Where a word can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only in the attribute: it belongs to the code.
    Code,
    /// In the attribute, in configuration and to the builder, until the actor starts.
    Start,
    /// Also through `System::reconfigure`, while the actor runs.
    Reconfigure,
    /// Also through `Handle::adjust`.
    Running,
}

/// The values a word takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `capacity = 64`
    Number(Number),
    /// `ttl = "5s"`
    Time,
    /// `high = 0.8`
    Fill,
    /// `rate = "1000/s"`
    Rate,
    /// `workers = 1..=8`
    Workers,
    /// `priority = high`, `priority = normal..=high`
    Priority,
    /// `order = fifo`
    Order,
    /// `schedule = weighted(by = time)`
    Schedule,
    /// `overflow = block`, `overflow = [evict_lower, block]`
    Overflow,
    /// `respond = shed`, `respond = [spawn, shed]`
    Actions,
    /// `pressure(…)`: words of their own.
    Table,
    /// A value that is code, such as `key = sku`; only macros read it. The text is an example.
    Code(&'static str),
}

/// A value of a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// [`Kind::Number`]
    Number(usize),
    /// [`Kind::Time`]
    Time(Duration),
    /// [`Kind::Fill`]
    Fill(f64),
    /// [`Kind::Rate`]
    Rate(Rate),
    /// [`Kind::Workers`]: the least and the greatest number.
    Workers(usize, usize),
    /// [`Kind::Priority`]: the lowest and the highest.
    Priority(Priority, Priority),
    /// [`Kind::Order`]
    Order(Order),
    /// [`Kind::Schedule`]
    Schedule(Schedule),
    /// [`Kind::Overflow`], with the fill from which `drop_random` begins.
    Overflow(OverflowList, Option<Ramp>),
    /// [`Kind::Actions`]
    Actions(Vec<Action>),
}

/// A value as written in an attribute or in a configuration, in the three forms that kinds need.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The text between quotes; `None` without quotes.
    pub text: Option<&'a str>,
    /// The text to parse as a number; quoted text is not one.
    pub number: &'a str,
    /// The text to parse as a word.
    pub word: &'a str,
}

impl<T> Field<T> {
    /// An example of what to write.
    pub fn example(&self) -> String {
        match self.kind {
            Kind::Number(number) => number.example(self.word),
            Kind::Time => duration::example(self.word),
            Kind::Fill if self.word == "low" => "write `low = 0.5`".into(),
            Kind::Fill => "write `high = 0.8`".into(),
            Kind::Rate => Rate::example(),
            Kind::Workers => wording::WORKERS_EXAMPLE.into(),
            Kind::Priority => wording::PRIORITY_EXAMPLE.into(),
            Kind::Order => "write `order = fifo` or `order = lifo_under_pressure`".into(),
            Kind::Schedule => "write `schedule = strict` or `schedule = weighted`".into(),
            Kind::Overflow => "write `overflow = block`, or a list tried in order".into(),
            Kind::Actions => {
                "write `respond = shed`, or a list taken in order: `respond = [spawn, shed, block]`".into()
            }
            Kind::Table => "write `pressure(respond = shed)`".into(),
            Kind::Code(example) => format!("write `{example}`"),
        }
    }

    /// Reads a value that is not a list, a table or code.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn read(&self, written: Written<'_>) -> Result<Value, InvalidPolicy> {
        match self.kind {
            Kind::Number(number) => number.read(self.word, written.number).map(Value::Number),
            Kind::Time => duration::read(self.word, written.text).map(Value::Time),
            Kind::Fill => wording::fill(self.word, written.number).map(Value::Fill),
            Kind::Rate => Rate::read(written.text).map(Value::Rate),
            Kind::Workers => wording::workers(written.word).map(|(least, most)| Value::Workers(least, most)),
            Kind::Priority => {
                wording::priorities(written.word).map(|(lowest, highest)| Value::Priority(lowest, highest))
            }
            Kind::Order => Order::read(written.word).map(Value::Order),
            Kind::Schedule => written.word.parse().map(Value::Schedule),
            Kind::Overflow | Kind::Actions | Kind::Table | Kind::Code(_) => {
                Err(InvalidPolicy::new(self.word, self.example()))
            }
        }
    }

    /// Checks a value by itself.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub fn check(&self, value: &Value) -> Result<(), InvalidPolicy> {
        match (self.kind, value) {
            (Kind::Number(bounds), Value::Number(number)) => bounds.check(self.word, *number),
            (Kind::Time, Value::Time(time)) => duration::check(self.word, *time),
            (Kind::Rate, Value::Rate(rate)) => rate.check(),
            (Kind::Fill, Value::Fill(fill)) => wording::fill_fits(self.word, *fill),
            _ => Ok(()),
        }
    }

    /// The values, as the documentation lists them.
    pub fn values(&self) -> String {
        let words =
            |words: Vec<&str>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        fn all<W: Word>() -> Vec<&'static str> {
            W::VALUES.iter().map(|value| value.word()).collect()
        }
        match self.kind {
            Kind::Number(Number { least, most, most_text, .. }) => {
                format!("a whole number from {least} to {most} ({most_text})")
            }
            Kind::Time => "a duration: `\"5s\"`, `\"1.5s\"`, `\"20ms\"`".into(),
            Kind::Fill if self.word == "low" => "a part of the capacity: at least 0, less than `high`".into(),
            Kind::Fill => "a part of the capacity: more than `low`, at most 1".into(),
            Kind::Rate => "`\"1000/s\"`, `\"1000 per 1m\"`, `\"1000 per 1m, sliding\"`".into(),
            Kind::Workers => "`4`, or a range: `1..=8`".into(),
            Kind::Priority => format!("{}; or a range: `normal..=high`", words(all::<Priority>())),
            Kind::Order => words(all::<Order>()),
            Kind::Schedule => "`strict`, `weighted`, `weighted(by = time)`".into(),
            Kind::Overflow => format!("{}; or a list tried in order", words(all::<Overflow>())),
            Kind::Actions => format!("{}; or a list taken in order", words(all::<Action>())),
            Kind::Table => "words of its own, below".into(),
            Kind::Code(example) => format!("`{example}`"),
        }
    }
}

/// Checks each value of a declaration separately.
///
/// # Errors
///
/// The first value that is not allowed.
pub fn check<T>(fields: &[Field<T>], declared: &T) -> Result<(), InvalidPolicy> {
    fields
        .iter()
        .filter_map(|field| Some((field, (field.get)(declared)?)))
        .try_for_each(|(field, value)| field.check(&value))
}

/// The entry of a word.
pub fn find<T>(fields: &'static [Field<T>], word: &str) -> Option<&'static Field<T>> {
    fields.iter().find(|field| field.word == word)
}

/// The words of a table; only those that configuration may set, if `configurable`.
pub fn words<T>(fields: &'static [Field<T>], configurable: bool) -> Vec<&'static str> {
    fields
        .iter()
        .filter(|field| !configurable || field.reach != Reach::Code)
        .map(|field| field.word)
        .collect()
}

/// An entry with a value in the declaration, optional or not.
macro_rules! field {
    ($word:ident: $kind:expr, $reach:ident, $default:literal, $doc:literal, $value:ident, |$said:ident| $get:expr) => {
        Field {
            word: stringify!($word),
            kind: $kind,
            reach: Reach::$reach,
            default: $default,
            doc: $doc,
            get: |$said| $get,
            set: |declared, value| match value {
                Value::$value(value) => declared.$word(value),
                _ => declared,
            },
        }
    };
}

/// An entry that only macros read.
macro_rules! code {
    ($word:literal, $example:literal, $default:literal, $doc:literal) => {
        Field {
            word: $word,
            kind: Kind::Code($example),
            reach: Reach::Code,
            default: $default,
            doc: $doc,
            get: |_| None,
            set: |declared, _| declared,
        }
    };
}

const CAPACITY: Number = Number::slots(1, "a mailbox without a slot takes nothing");
const MAX: Number = Number::slots(1, "a type without a slot is never let in");
const MAX_PER_KEY: Number = Number::slots(1, "a key without a slot is never let in");
const BURST: Number = Number::slots(1, "a burst of nothing admits nothing");
const SLOTS: Number = Number::slots(0, "");

/// Words of `#[actor]`.
pub const ACTOR: &[Field<Settings>] = &[
    field!(capacity: Kind::Number(CAPACITY), Reconfigure, "256", "Slots in the mailbox (B1).", Number, |said| Some(Value::Number(said.capacity))),
    field!(max_waiting: Kind::Number(SLOTS), Reconfigure, "`capacity`", "Senders that may wait in line (B3).", Number, |said| said.max_waiting.map(Value::Number)),
    field!(max_bytes: Kind::Number(Number::BYTES), Start, "no bound", "The bound on the summed weight of queued messages (B2).", Number, |said| said.max_bytes.map(Value::Number)),
    field!(reserve: Kind::Number(SLOTS), Reconfigure, "an eighth of `capacity`, rounded up", "Slots that only `high` and `urgent` may take (B5).", Number, |said| said.reserve.map(Value::Number)),
    field!(schedule: Kind::Schedule, Reconfigure, "`strict`", "How lanes share turns (S2).", Schedule, |said| Some(Value::Schedule(said.schedule))),
    Field {
        word: "workers",
        kind: Kind::Workers,
        reach: Reach::Reconfigure,
        default: "1",
        doc: "Instances that share the mailbox (S4).",
        get: |said| Some(Value::Workers(said.workers.least(), said.workers.most())),
        set: |declared, value| match value {
            Value::Workers(least, most) => declared.workers(least, most),
            _ => declared,
        },
    },
    field!(keep_alive: Kind::Time, Reconfigure, "`\"10s\"`", "How long an idle worker above the least number stays (P4).", Time, |said| Some(Value::Time(said.workers.keep_alive()))),
    Field {
        word: "pressure",
        kind: Kind::Table,
        reach: Reach::Reconfigure,
        default: "nothing is done; a pool that may grow does",
        doc: "What the supervisor does about pressure, and when (P1).",
        get: |_| None,
        set: |declared, _| declared,
    },
    field!(rate: Kind::Rate, Reconfigure, "none", "How many messages of all types together are admitted in a time (T7).", Rate, |said| said.rate.map(Value::Rate)),
    field!(burst: Kind::Number(BURST), Reconfigure, "those of a tenth of a second", "How many messages may be admitted at once under the actor's rate (T7).", Number, |said| said.burst.map(Value::Number)),
    field!(jobs: Kind::Number(Number::JOBS), Reconfigure, "1024", "Timers, pipes and watches at a time (B3).", Number, |said| Some(Value::Number(said.jobs as usize))),
    code!("inline", "inline = never", "`auto`", "Whether senders may run short turns themselves (S6)."),
    code!("vis", "vis = pub", "private", "The visibility of the handle and the messages."),
    code!(
        "crate",
        "crate = path",
        "`::actors_core`",
        "The path of `actors_core`, for a crate that re-exports it."
    ),
    code!("local", "local", "off", "The actor stands inside a function body."),
];

/// Words of `#[message]`.
pub const MESSAGE: &[Field<Policy>] = &[
    Field {
        word: "priority",
        kind: Kind::Priority,
        reach: Reach::Start,
        default: "`normal`",
        doc: "The lane (S2); with a range, a send may choose among its lanes (S9).",
        get: |said| Some(Value::Priority(said.priority, said.highest)),
        set: |declared, value| match value {
            Value::Priority(lowest, highest) => declared.priority(lowest).up_to(highest),
            _ => declared,
        },
    },
    Field {
        word: "overflow",
        kind: Kind::Overflow,
        reach: Reach::Running,
        default: "`block` for a tell, `reject` for an ask",
        doc: "What happens when there is no room (O).",
        get: |said| Some(Value::Overflow(said.overflow, said.early)),
        set: |mut declared, value| {
            if let Value::Overflow(list, early) = value {
                (declared.overflow, declared.early) = (list, early);
            }
            declared
        },
    },
    field!(max: Kind::Number(MAX), Running, "`capacity`", "Slots that messages of this type may hold (B2).", Number, |said| said.max.map(Value::Number)),
    field!(max_per_key: Kind::Number(MAX_PER_KEY), Running, "a quarter of `capacity`", "Slots that messages of one key may hold in a pool (S8).", Number, |said| said.max_per_key.map(Value::Number)),
    code!(
        "weight",
        "weight = page",
        "the size of the value",
        "The bytes a message counts for under `max_bytes` (B2)."
    ),
    field!(order: Kind::Order, Start, "`fifo`", "Which of its queued messages goes first (S1).", Order, |said| Some(Value::Order(said.order))),
    code!("key", "key = sku", "none", "The conflation key, and the order key in a pool (O7, S8)."),
    field!(ttl: Kind::Time, Running, "none", "The age at which a message is worthless (T1).", Time, |said| said.ttl.map(Value::Time)),
    field!(timeout: Kind::Time, Running, "`\"30s\"`", "The default deadline of an ask, and of a blocked send inside a turn (T2).", Time, |said| Some(Value::Time(said.timeout))),
    field!(rate: Kind::Rate, Running, "none", "How many messages of this type are admitted in a time (T7).", Rate, |said| said.rate.map(Value::Rate)),
    field!(burst: Kind::Number(BURST), Running, "those of a tenth of a second", "How many messages may be admitted at once under the rate (T7).", Number, |said| said.burst.map(Value::Number)),
    code!(
        "fair_by",
        "fair_by = user",
        "none",
        "Shares slots and turns between the values of the field (S7)."
    ),
    code!("cost", "cost = bytes", "1", "The tokens that a message costs under a rate (T7)."),
    code!(
        "exempt",
        "exempt",
        "off",
        "Takes no token of the actor's rate; for `high` and `urgent` types (T7)."
    ),
    code!(
        "inline",
        "inline = never",
        "`auto`",
        "Whether senders may run its turns themselves, if they are short (S6)."
    ),
    code!(
        "cancel",
        "cancel = on_abandon",
        "off",
        "The turn of an `async fn` is dropped at its next await when its asker has gone away (T8)."
    ),
    code!("crate", "crate = path", "`::actors_core`", "The path of `actors_core`; only on a struct."),
    code!("reply", "reply = u32", "`()`", "The type of the answer; only on a struct."),
    code!("boxed", "boxed", "off", "The mail holds the message behind a pointer."),
    code!("shadows", "shadows", "off", "The handle's method hides the runtime's of the same name."),
];

/// Words of `#[message]` whose behaviour is not built: refused, never ignored.
pub const MESSAGE_PLANNED: &[&str] = &["attempts", "backoff", "durable"];

/// Words inside `pressure(…)`.
pub const PRESSURE: &[Field<Pressure>] = &[
    field!(high: Kind::Fill, Reconfigure, "0.8", "The fill at which there is pressure (P1).", Fill, |said| Some(Value::Fill(said.high_fill()))),
    field!(low: Kind::Fill, Reconfigure, "0.5", "The fill below which there is none (P1).", Fill, |said| Some(Value::Fill(said.low_fill()))),
    field!(target: Kind::Time, Reconfigure, "`\"20ms\"`; for T6, eight times the handling time", "How long messages may stay in the queue: there is pressure where even the shortest stay of an interval is longer (P1, T6).", Time, |said| said.declared_target().map(Value::Time)),
    field!(dwell: Kind::Time, Reconfigure, "`\"500ms\"`", "The least time between two changes of level (P1).", Time, |said| Some(Value::Time(said.dwell_time()))),
    Field {
        word: "respond",
        kind: Kind::Actions,
        reach: Reach::Reconfigure,
        default: "required",
        doc: "What is done, in this order (P2 to P5).",
        get: |said| Some(Value::Actions(said.actions().collect())),
        set: |declared, value| match value {
            Value::Actions(actions) => declared.respond(&actions),
            _ => declared,
        },
    },
];

/// The tables of docs/policies.md, in Markdown.
pub fn documentation() -> String {
    fn table<T>(title: &str, fields: &[Field<T>]) -> String {
        let mut text = format!(
            "### Words of {title}\n\n| word | meaning | values | default | can be said in |\n|---|---|---|---|---|\n"
        );
        for field in fields {
            let reach = match field.reach {
                Reach::Code => "attribute",
                Reach::Start => "attribute, configuration, builder",
                Reach::Reconfigure => "attribute, configuration, builder, `reconfigure`",
                Reach::Running => "attribute, configuration, builder, `reconfigure`, `adjust`",
            };
            let Field { word, doc, default, .. } = field;
            text += &format!("| `{word}` | {doc} | {} | {default} | {reach} |\n", field.values());
        }
        text
    }
    [
        table("`#[actor]`", ACTOR),
        table("`pressure(…)`", PRESSURE),
        table("`#[message]`", MESSAGE),
        format!(
            "Not built yet, and refused: {}, and the overflow word {}.\n",
            list(MESSAGE_PLANNED),
            list(Overflow::PLANNED)
        ),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets_what_it_gets<T: Copy + PartialEq + std::fmt::Debug>(fields: &[Field<T>], declared: T) {
        for field in fields {
            if let Some(value) = (field.get)(&declared) {
                assert_eq!((field.set)(declared, value.clone()), declared, "{}", field.word);
                assert_eq!(field.check(&value), Ok(()), "{}", field.word);
            }
        }
    }

    #[test]
    fn every_word_sets_what_it_gets_and_its_default_is_sound() {
        sets_what_it_gets(ACTOR, Settings::new().max_waiting(1).max_bytes(9).reserve(2));
        sets_what_it_gets(MESSAGE, Policy::tell().max(3).max_per_key(2).ttl(Duration::from_secs(1)));
        sets_what_it_gets(PRESSURE, Pressure::new().respond(&[Action::Shed]));
    }

    /// The values that the documentation lists for a fill are those that its checks take (P1).
    #[test]
    fn p1_the_documented_values_of_fills_are_those_that_are_taken() {
        let takes = |word: &str, fill| find(PRESSURE, word).unwrap().check(&Value::Fill(fill)).is_ok();
        let values = |word: &str| find(PRESSURE, word).unwrap().values();
        assert!(values("low").contains("at least 0, less than `high`"), "{}", values("low"));
        assert!(values("high").contains("more than `low`, at most 1"), "{}", values("high"));
        assert_eq!([-0.1, 0.0, 0.5].map(|fill| takes("low", fill)), [false, true, true]);
        assert_eq!([0.0, 0.5, 1.0, 1.1].map(|fill| takes("high", fill)), [false, true, true, false]);
        assert!(
            wording::fills_fit(Some(0.5), Some(0.5)).is_err()
                && wording::fills_fit(Some(0.5), Some(0.6)).is_ok()
        );
    }

    #[test]
    fn every_word_is_in_one_table_once() {
        for words in [words(ACTOR, false), words(MESSAGE, false), words(PRESSURE, false)] {
            assert!(words.iter().enumerate().all(|(at, word)| !words[..at].contains(word)), "{words:?}");
        }
        assert!(MESSAGE_PLANNED.iter().all(|word| find(MESSAGE, word).is_none()));
    }
}
