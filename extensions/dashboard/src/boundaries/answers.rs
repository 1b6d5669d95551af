//! The answers as sentences.

use super::MessageBoundary;
use actors_core::ActorName;
use actors_core::Priority;
use actors_core::config::{ActorConfig, MessageConfig};
use actors_core::policy::{Action, Overflow, OverflowList};
use std::time::Duration;

/// Names of senders in a sentence.
const NAMED_MAX: usize = 3;

/// What bounds an actor.
pub(super) fn bound(config: &ActorConfig) -> String {
    let mut parts = Vec::new();
    parts.extend(config.capacity.map(|slots| format!("{slots} slots")));
    let reserve = config.reserve.filter(|slots| *slots > 0);
    parts.extend(reserve.map(|slots| format!("{slots} of them kept for `high` and `urgent`")));
    parts.extend(config.max_bytes.map(|bytes| format!("{bytes} bytes")));
    parts.extend(config.max_waiting.map(|senders| format!("at most {senders} senders in line")));
    parts.extend(config.rate.map(|rate| format!("{rate} admitted")));
    parts.join(", ")
}

/// The answers for a message type of an actor.
pub(super) fn of_message(
    name: &str,
    message: &MessageConfig,
    actor: &ActorConfig,
    seen_waiting: &[ActorName],
) -> MessageBoundary {
    let list = message.overflow.unwrap_or(OverflowList::new(&[Overflow::Block]));
    MessageBoundary {
        message: name.to_owned(),
        overflow: list.words().iter().map(|word| word.word()).collect(),
        bound: own_bound(message),
        when_full: when_full(&list, actor),
        pressure_goes: pressure_goes(&list, message, actor, seen_waiting),
        seen_by: seen_by(&list, message),
    }
}

fn own_bound(message: &MessageConfig) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(message.max.map(|slots| format!("{slots} slots")));
    parts.extend(message.max_per_key.map(|slots| format!("{slots} slots of each key")));
    parts.extend(message.ttl.map(|time| format!("{} in the queue", written(time))));
    parts.extend(message.rate.map(|rate| format!("{rate} admitted")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// What each word does, in the order in which they are tried.
fn when_full(list: &OverflowList, actor: &ActorConfig) -> String {
    let steps: Vec<_> = list.words().iter().map(|word| step(*word, actor)).collect();
    let last = match list.words().last() {
        Some(Overflow::Block | Overflow::Reject | Overflow::DropNewest) => None,
        _ => Some(step(list.last_resort(), actor)).filter(|last| !steps.contains(last)),
    };
    steps.into_iter().chain(last).collect::<Vec<_>>().join("; else ")
}

fn step(word: Overflow, actor: &ActorConfig) -> String {
    match word {
        Overflow::Block => match actor.max_waiting {
            Some(senders) => {
                format!("the sender waits in line; with {senders} in line it is refused as `full`")
            }
            None => "the sender waits in line".into(),
        },
        Overflow::Reject => "the sender is refused at once as `full`".into(),
        Overflow::DropNewest => "the new message is dropped".into(),
        Overflow::DropOldest => "the oldest message of its type is dropped".into(),
        Overflow::DropRandom => "a random message of its type is dropped".into(),
        Overflow::DropAll => "all queued messages of its type are dropped".into(),
        Overflow::EvictLower => "a message of lower priority is evicted".into(),
        Overflow::Conflate => "it replaces the queued message of its key".into(),
        other => format!("`{other}`"),
    }
}

fn pressure_goes(
    list: &OverflowList,
    message: &MessageConfig,
    actor: &ActorConfig,
    seen_waiting: &[ActorName],
) -> String {
    // The gate sheds droppable and `reject` types only (P3).
    let is_shed = sheds(actor) && list.last_resort() != Overflow::Block;
    let shed = is_shed.then_some("; under pressure the gate refuses it earlier, as `shed`");
    let goes = match list.last_resort() {
        Overflow::Block => match seen_waiting {
            [] => format!("to its senders, which wait{}; no actor was seen waiting", until(message)),
            actors => {
                format!("to its senders: turns of {} were seen waiting{}", names(actors), until(message))
            }
        },
        Overflow::Reject => "back to the sender, which is told when to retry".to_owned(),
        _ => "it ends here: messages are lost".to_owned(),
    };
    format!("{goes}{}", shed.unwrap_or_default())
}

fn until(message: &MessageConfig) -> String {
    let timeout = message.timeout;
    timeout.map_or_else(|| " without a deadline".into(), |time| format!(" up to {}", written(time)))
}

fn names(actors: &[ActorName]) -> String {
    let named: Vec<_> = actors.iter().take(NAMED_MAX).map(|actor| format!("`{actor}`")).collect();
    match actors.len().checked_sub(NAMED_MAX) {
        Some(more @ 1..) => format!("{} and {more} more", named.join(", ")),
        _ => named.join(", "),
    }
}

fn seen_by(list: &OverflowList, message: &MessageConfig) -> String {
    let level = match &message.priority {
        Some(range) if *range.end() >= Priority::High => "WARN",
        _ => "INFO",
    };
    match list.last_resort() {
        Overflow::Block | Overflow::Reject => {
            format!("the sender, by the error; the ledger as `refused_full`; a log line at {level}")
        }
        _ => {
            "dead letters; the ledger; a log line at DEBUG. The sender is told only of its own message".into()
        }
    }
}

/// Whether the actor refuses messages under pressure.
fn sheds(actor: &ActorConfig) -> bool {
    let pressure = actor.pressure.as_ref();
    let respond = pressure.and_then(|pressure| pressure.respond.as_ref());
    respond.is_some_and(|actions| actions.contains(&Action::Shed))
}

/// A time as the attributes write it, in milliseconds or seconds.
fn written(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{millis} ms"),
    }
}
