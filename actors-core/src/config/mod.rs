//! Configuration: an actor's settings in the words of the attributes (feature `serde`).
//!
//! Numbers, times and overflow rules of `#[actor]` and `#[message]` can be overridden where the
//! service runs, in any format that serde reads, with the same words and the same errors. Words
//! that belong to the code (keys, replies, weights, visibility) are refused. All mistakes are
//! reported at once, each with its path.
//!
//! ```
//! use actors_core::config::ActorConfig;
//! use actors_core::prelude::*;
//!
//! struct Shop { views: u64 }
//! #[actor(local, capacity = 1024)]
//! impl Shop {
//!     #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
//!     fn viewed(&mut self) { self.views += 1; }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let config: ActorConfig = serde_json::from_str(r#"{
//!     "capacity": 64,
//!     "schedule": "weighted(by = time)",
//!     "messages": { "Viewed": { "overflow": ["evict_lower", "drop_random(from = 0.5)"], "max": 16, "ttl": "500ms" } }
//! }"#).unwrap();
//! let system = System::new("shop");
//! let shop = system.actor(|| Shop { views: 0 }).configure(&config).spawn().unwrap();
//! assert_eq!(shop.reading().capacity, 64);
//!
//! let mistaken = r#"{ "messages": { "Viewed": { "ttl": "soon", "key": "page" } } }"#;
//! let why = serde_json::from_str::<ActorConfig>(mistaken).unwrap_err().to_string();
//! assert!(why.contains("messages.Viewed.ttl: this is no duration; write `ttl = \"5s\"`"));
//! assert!(why.contains("messages.Viewed.key: `key` belongs to the code"));
//! # }
//! ```

mod apply;
mod by_word;
mod change;
mod pool;
mod read;
mod write;
mod written;

pub use crate::error::ReconfigureError;
pub(crate) use apply::Configured;
pub(crate) use change::{Change, plan, present};

use crate::policy::{Action, InvalidPolicy, Order, OverflowList, Priority, Ramp, Rate, Schedule};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The configuration of one actor; what it leaves out stays as declared.
/// [`SpawnBuilder::effective`](crate::spawn::SpawnBuilder::effective) returns the effective one.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ActorConfig {
    /// `capacity = 64`
    pub capacity: Option<usize>,
    /// `max_waiting = 64`
    pub max_waiting: Option<usize>,
    /// `max_bytes = 65536`
    pub max_bytes: Option<usize>,
    /// `reserve = 8`
    pub reserve: Option<usize>,
    /// `schedule = "weighted(by = time)"`
    pub schedule: Option<Schedule>,
    /// `workers = 4`, `workers = "1..=8"`
    pub workers: Option<RangeInclusive<usize>>,
    /// `keep_alive = "10s"`
    pub keep_alive: Option<Duration>,
    /// `pressure = { high = 0.8, respond = ["spawn", "shed"] }`
    pub pressure: Option<PressureConfig>,
    /// `jobs = 64`
    pub jobs: Option<usize>,
    /// `rate = "1000/s"`, of all message types together
    pub rate: Option<Rate>,
    /// `burst = 50`, of an actor with a rate
    pub burst: Option<usize>,
    /// The configuration of messages, by [`Message::NAME`](crate::Message::NAME).
    pub messages: BTreeMap<String, MessageConfig>,
}

/// The configuration of pressure; what it leaves out stays as declared.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PressureConfig {
    /// `high = 0.8`
    pub high: Option<f64>,
    /// `low = 0.5`
    pub low: Option<f64>,
    /// `target = "20ms"`
    pub target: Option<Duration>,
    /// `dwell = "500ms"`
    pub dwell: Option<Duration>,
    /// `respond = ["spawn", "shed"]`; an empty list removes the declared actions.
    pub respond: Option<Vec<Action>>,
}

/// The configuration of one message type of an actor.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct MessageConfig {
    /// `priority = "high"`, `priority = "normal..=high"`
    pub priority: Option<RangeInclusive<Priority>>,
    /// `overflow = "drop_oldest"`, or a list
    pub overflow: Option<OverflowList>,
    /// The fill in `overflow = "drop_random(from = 0.5)"`; it replaces the declared one together
    /// with the list.
    pub early: Option<Ramp>,
    /// `max = 16`
    pub max: Option<usize>,
    /// `max_per_key = 8`, of a type with a key
    pub max_per_key: Option<usize>,
    /// `ttl = "5s"`
    pub ttl: Option<Duration>,
    /// `timeout = "2s"`
    pub timeout: Option<Duration>,
    /// `order = "lifo_under_pressure"`
    pub order: Option<Order>,
    /// `rate = "1000/s"`
    pub rate: Option<Rate>,
    /// `burst = 50`, of a type with a rate
    pub burst: Option<usize>,
}

/// The mistakes found, each with its path; all are reported at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mistakes(Vec<InvalidPolicy>);

impl Mistakes {
    fn add(&mut self, path: &str, sentence: &str) {
        self.0.push(InvalidPolicy::new(path.to_owned(), sentence.to_owned()));
    }

    /// Returns the value of a result, or records its error.
    fn ok_or_report<T, E: fmt::Display>(&mut self, path: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(path, &error.to_string())).ok()
    }

    /// Adds a mistake, unless there is one at this path.
    fn add_new(&mut self, path: &str, mistake: &InvalidPolicy) {
        if self.0.iter().all(|known| known.word() != path) {
            self.add(path, mistake.why());
        }
    }

    /// Returns the mistakes, if there are any. The word of each is its path.
    fn into_result(self) -> Result<(), Vec<InvalidPolicy>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Returns an error with a line for each mistake.
    fn into_text(self) -> Result<(), String> {
        let line = |mistake: &InvalidPolicy| format!("{}: {mistake}", mistake.word());
        self.into_result().map_err(|mistakes| mistakes.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}
