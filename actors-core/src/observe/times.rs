//! The histograms of a system: queue time and handling time of each message type (L6).

use super::histogram::{Histogram, Recorder};
use super::{Meter, TurnTimes};
use crate::sync::Lock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A meter that keeps histograms, per actor type and message type; see
/// [`SystemBuilder::histograms`](crate::system::SystemBuilder::histograms).
///
/// Actors of one type share them, and so do types of the same name. So their number is that of the
/// message types in the program, 10 KiB each, and does not grow with the actors.
pub struct Histograms {
    every: u32,
    types: Lock<BTreeMap<TypeKey, Arc<TypeRecorder>>>,
}

/// The names of an actor type and of a message type.
type TypeKey = (&'static str, &'static str);

#[derive(Default)]
pub(super) struct TypeRecorder {
    queued: Recorder,
    handled: Recorder,
    polled_ns: AtomicU64,
    failed: AtomicU64,
}

/// The times of one message type, summed over all actors of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeTimes {
    /// The name of the actor type.
    pub type_name: &'static str,
    /// The name of the message type.
    pub message: &'static str,
    /// From the first poll of the send to the beginning of the turn.
    pub queued: Histogram,
    /// From the beginning of the turn to its end, its awaits included.
    pub handled: Histogram,
    /// The part of `handled` in which the handler was being polled. In the rest it waited.
    pub polled: Duration,
    /// How many of the turns did not return: a panic, a kill, an asker that has gone away.
    pub failed: u64,
}

impl Histograms {
    pub(crate) fn new(every: u32) -> Self {
        Histograms { every: every.max(1), types: Lock::default() }
    }

    /// What counts the turns of a message type.
    pub(super) fn recorder(&self, type_name: &'static str, message: &'static str) -> Arc<TypeRecorder> {
        self.types.lock().entry((type_name, message)).or_default().clone()
    }

    /// One turn in so many is sampled, per actor.
    pub fn every(&self) -> u32 {
        self.every
    }

    /// Returns what was recorded up to now, sorted by the names. It allocates 10 KiB per message
    /// type. Where a turn ends meanwhile, its parts may be counted in different calls.
    pub fn rows(&self) -> Vec<TypeTimes> {
        let types: Vec<_> = self.types.lock().iter().map(|(key, times)| (*key, times.clone())).collect();
        let rows = types.into_iter().map(|((type_name, message), times)| TypeTimes {
            type_name,
            message,
            queued: times.queued.read(),
            handled: times.handled.read(),
            polled: Duration::from_nanos(times.polled_ns.load(Ordering::Relaxed)),
            failed: times.failed.load(Ordering::Relaxed),
        });
        rows.collect()
    }
}

impl TypeTimes {
    /// What came after an earlier reading of the same message type.
    #[must_use]
    pub fn since(&self, earlier: &TypeTimes) -> TypeTimes {
        TypeTimes {
            queued: self.queued.since(&earlier.queued),
            handled: self.handled.since(&earlier.handled),
            polled: self.polled.saturating_sub(earlier.polled),
            failed: self.failed.saturating_sub(earlier.failed),
            ..*self
        }
    }
}

impl TypeRecorder {
    pub(super) fn record(&self, turn: &TurnTimes<'_>) {
        self.queued.record(turn.queued);
        self.handled.record(turn.handled);
        // Relaxed: numbers of their own.
        let polled = u64::try_from(turn.polled.as_nanos()).unwrap_or(u64::MAX);
        self.polled_ns.fetch_add(polled, Ordering::Relaxed);
        if turn.failed.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Meter for Histograms {
    fn turn(&self, turn: &TurnTimes<'_>) {
        self.recorder(turn.type_name, turn.message).record(turn);
    }
}

impl std::fmt::Debug for Histograms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histograms").field("every", &self.every).finish_non_exhaustive()
    }
}
