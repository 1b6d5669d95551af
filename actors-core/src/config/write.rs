//! Configuration as it would be written: only what is said, in words that can be read again.

use super::{ActorConfig, MessageConfig, PressureConfig};
use crate::policy::{Action, Order, Overflow, Priority, Schedule};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::time::Duration;

impl Serialize for ActorConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        say(&mut map, "capacity", &self.capacity)?;
        say(&mut map, "max_waiting", &self.max_waiting)?;
        say(&mut map, "max_bytes", &self.max_bytes)?;
        say(&mut map, "reserve", &self.reserve)?;
        say(&mut map, "schedule", &self.schedule.map(Schedule::word))?;
        match self.workers.as_ref().map(|workers| (*workers.start(), *workers.end())) {
            Some((least, most)) if least == most => map.serialize_entry("workers", &least)?,
            range => say(&mut map, "workers", &range.map(|(least, most)| format!("{least}..={most}")))?,
        }
        say(&mut map, "keep_alive", &self.keep_alive.map(duration))?;
        say(&mut map, "jobs", &self.jobs)?;
        // Last: in some formats no plain value may follow a table.
        say(&mut map, "pressure", &self.pressure)?;
        say(&mut map, "messages", &Some(&self.messages).filter(|messages| !messages.is_empty()))?;
        map.end()
    }
}

impl Serialize for PressureConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        say(&mut map, "high", &self.high)?;
        say(&mut map, "low", &self.low)?;
        say(&mut map, "target", &self.target.map(duration))?;
        say(&mut map, "dwell", &self.dwell.map(duration))?;
        let actions: Option<Vec<&str>> =
            self.respond.as_ref().map(|actions| actions.iter().copied().map(Action::word).collect());
        match actions.as_deref() {
            Some([one]) => map.serialize_entry("respond", one)?,
            _ => say(&mut map, "respond", &actions)?,
        }
        map.end()
    }
}

impl Serialize for MessageConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        say(&mut map, "priority", &self.priority.map(Priority::word))?;
        let list: Option<Vec<String>> =
            self.overflow.map(|list| list.words().iter().map(|word| self.overflow(*word)).collect());
        match list.as_deref() {
            Some([one]) => map.serialize_entry("overflow", one)?,
            _ => say(&mut map, "overflow", &list)?,
        }
        say(&mut map, "max", &self.max)?;
        say(&mut map, "max_per_key", &self.max_per_key)?;
        say(&mut map, "ttl", &self.ttl.map(duration))?;
        say(&mut map, "timeout", &self.timeout.map(duration))?;
        say(&mut map, "order", &self.order.map(Order::word))?;
        map.end()
    }
}

impl MessageConfig {
    fn overflow(&self, word: Overflow) -> String {
        match (word, self.early) {
            (Overflow::DropRandom, Some(ramp)) => format!("drop_random(from = {})", ramp.begins()),
            _ => word.word().to_owned(),
        }
    }
}

fn say<M: SerializeMap, T: Serialize>(map: &mut M, word: &str, value: &Option<T>) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| map.serialize_entry(word, value))
}

/// In the largest unit that says it exactly.
fn duration(time: Duration) -> String {
    const UNITS: [(&str, u128); 6] = [
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    let ns = time.as_nanos();
    let (unit, unit_ns) =
        UNITS.into_iter().find(|(_, unit_ns)| ns.is_multiple_of(*unit_ns)).unwrap_or(UNITS[5]);
    format!("{}{unit}", ns / unit_ns)
}
