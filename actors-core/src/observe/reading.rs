//! A mailbox's numbers at one instant.

use super::Advice;
use crate::mailbox::{Depth, LaneDepths};
use crate::policy::{Level, Limits};
use std::time::Duration;

/// A mailbox's numbers at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Reading {
    /// Messages that hold a slot, and whose turn has not begun.
    pub depth: usize,
    /// Slots.
    pub capacity: usize,
    /// How many of `depth` there are of each priority.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lanes: LaneDepths,
    /// How many slots `block` types may hold before their senders wait, while the supervisor has
    /// lowered it (P2).
    #[cfg_attr(feature = "serde", serde(default))]
    pub soft_limit: Option<usize>,
    /// Senders in line for a slot.
    pub waiting: usize,
    /// Messages in the mailbox's store, or on the way there or back (O8).
    #[cfg_attr(feature = "serde", serde(default))]
    pub stored: usize,
    /// Slots that are promised to messages yet to come.
    pub permits: usize,
    /// Summed weight of the queued messages; 0 in a mailbox without `max_bytes`.
    pub bytes: u64,
    /// Most slots that were ever taken at once.
    pub depth_peak: usize,
    /// Instances that share the mailbox; 0 after the end.
    pub workers: usize,
    /// How many of them have a turn now.
    pub workers_busy: usize,
    /// How long messages have been queued without a turn beginning. If it is long, the actor is
    /// stalled, or its turns are very long (F3): [`ActorView::turns`](crate::observe::ActorView)
    /// names the message type of each turn that runs.
    #[cfg_attr(feature = "serde", serde(rename = "stalled_ms", with = "actors_policy::millis"))]
    pub stalled: Duration,
    /// The level of pressure (P1); always calm if neither `pressure` nor a variable number of
    /// workers is declared.
    pub level: Level,
    /// Age of the message that is first in its lane, the oldest of the four. Exact for types with a
    /// ttl and for asks; for others it may be too long by the time in which eight messages arrived.
    /// A conflated message is as young as its value.
    #[cfg_attr(feature = "serde", serde(rename = "oldest_age_ms", with = "actors_policy::millis"))]
    pub oldest_age: Duration,
    /// Turns a second, measured while there was a backlog; 0 while unknown.
    pub drain_rate: f64,
    /// Messages offered a second, refused ones included; 0 while unknown.
    pub arrival_rate: f64,
    /// The highest such rate there was, over at least 10 ms.
    pub arrival_peak: f64,
    /// The longest time for which the mailbox was not empty.
    #[cfg_attr(feature = "serde", serde(rename = "busy_longest_ms", with = "actors_policy::millis"))]
    pub busy_longest: Duration,
    /// When a sender that is refused now should try again: backlog divided by drain rate; a guess
    /// while no rate is known (P9). `None` where nothing is queued and no sender waits. What a
    /// refused sender is told is spread by a fifth around it.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "retry_after_ms", with = "actors_policy::millis::optional", default)
    )]
    pub retry_after: Option<Duration>,
    /// How many messages may be admitted at once of the rated type that has the fewest tokens (T7);
    /// `None` where no type has a rate.
    pub tokens: Option<usize>,
    /// Timers, pipes and watches that are under way (F7).
    pub jobs: usize,
    /// How many there may be at a time.
    pub jobs_max: usize,
}

impl Reading {
    pub(crate) fn new(depth: &Depth, limits: Limits, is_alive: bool, level: Level, jobs: usize) -> Self {
        Reading {
            jobs,
            jobs_max: limits.jobs(),
            depth: depth.queued,
            capacity: limits.capacity,
            lanes: depth.lanes,
            soft_limit: depth.soft_limit,
            waiting: depth.waiting,
            stored: depth.stored,
            permits: depth.permits,
            bytes: depth.bytes,
            depth_peak: depth.peak,
            workers: if is_alive { depth.workers } else { 0 },
            workers_busy: depth.workers_busy,
            stalled: depth.stalled,
            level,
            oldest_age: depth.oldest_age,
            drain_rate: depth.drain_rate,
            arrival_rate: depth.arrival_rate,
            arrival_peak: depth.arrival_peak,
            busy_longest: depth.busy_longest,
            retry_after: depth.retry_after,
            tokens: depth.tokens,
        }
    }

    /// How large the mailbox should be, by what it has seen so far.
    pub fn advice(&self) -> Advice {
        let Reading { depth_peak, capacity, arrival_rate, arrival_peak, drain_rate, busy_longest, .. } =
            *self;
        Advice::from_measured(depth_peak, capacity, arrival_rate, arrival_peak, drain_rate, busy_longest)
    }

    /// Share of the slots that are taken, 0 to 1.
    pub fn fill(&self) -> f64 {
        self.depth as f64 / self.capacity as f64
    }
}
