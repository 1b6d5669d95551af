//! The histograms of a system, by actor type and message type.

use crate::buckets::Buckets;
use actors_core::System;
use std::collections::BTreeMap;
use std::time::Duration;

/// The times of the sampled turns of one message type.
#[derive(Default)]
pub(crate) struct OfMessage {
    pub(crate) queued: Buckets,
    pub(crate) handled: Buckets,
    pub(crate) polled: Duration,
}

/// The times of a system; nothing where it has no histograms.
#[derive(Default)]
pub(crate) struct Times {
    /// One turn in so many is sampled.
    pub(crate) every: Option<u32>,
    /// By the names of the actor's type and the message type. Two types of one name are one here,
    /// so that no series comes twice.
    pub(crate) of_messages: BTreeMap<(&'static str, &'static str), OfMessage>,
}

impl Times {
    pub(crate) fn of(system: &System) -> Times {
        let Some(histograms) = system.histograms() else { return Times::default() };
        let mut of_messages: BTreeMap<_, OfMessage> = BTreeMap::new();
        for times in histograms.rows() {
            let sum = of_messages.entry((times.type_name, times.message)).or_default();
            sum.queued.add(times.queued.buckets(), times.queued.sum());
            sum.handled.add(times.handled.buckets(), times.handled.sum());
            sum.polled = sum.polled.saturating_add(times.polled);
        }
        Times { every: Some(histograms.every()), of_messages }
    }
}
