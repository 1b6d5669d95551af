//! Meters: how long sampled turns were queued, and how long they took (L6).
//!
//! A system has one meter or none. Without one, a turn costs two comparisons. With one, each actor
//! counts its turns, and only a sampled turn reads the clock and calls the meter.

use crate::clock::{self, Tick};
use crate::error::{ActorName, Reason};
use crate::mailbox::ClassId;
use crate::panics::ignored;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Receives the times of sampled turns, for histograms.
///
/// A meter runs on the thread that ran the turn, after the turn has ended, and outside every turn
/// and lock. It delays the actor, or the sender that ran the turn, so it must be short. Its panics
/// are caught and ignored.
pub trait Meter: Send + Sync + 'static {
    /// Takes the times of one turn.
    fn turn(&self, turn: &TurnTimes<'_>);
}

/// The times of one turn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TurnTimes<'a> {
    /// The actor.
    pub actor: &'a ActorName,
    /// The name of the actor's type.
    pub type_name: &'static str,
    /// The name of the message type.
    pub message: &'static str,
    /// From the first poll of the send to the beginning of the turn; zero if the sender ran the
    /// turn. Exact for asks and for types with a ttl. Otherwise it may be too long by the time in
    /// which eight messages arrived.
    pub queued: Duration,
    /// From the beginning of the turn to its end, its awaits included, on tokio's clock.
    pub handled: Duration,
    /// Why the turn did not return, if it did not.
    pub failed: Option<Reason>,
}

/// The meter of a system, and its rate.
#[derive(Clone)]
pub(crate) struct Metering {
    meter: Arc<dyn Meter>,
    /// One turn in so many is sampled.
    every: u32,
}

impl fmt::Debug for Metering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metering").field("every", &self.every).finish_non_exhaustive()
    }
}

impl Metering {
    pub(crate) fn new(meter: Arc<dyn Meter>, every: u32) -> Self {
        Metering { meter, every: every.max(1) }
    }
}

/// What one actor keeps for the meter of its system.
pub(crate) struct TurnSampler {
    metering: Metering,
    /// Turns so far; it wraps.
    turns: AtomicU32,
}

/// A sampled turn that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampledTurn {
    class: ClassId,
    began: Tick,
    queued: Duration,
}

impl TurnSampler {
    pub(crate) fn new(metering: &Metering) -> Box<Self> {
        Box::new(TurnSampler { metering: metering.clone(), turns: AtomicU32::new(0) })
    }

    /// Counts a turn that begins, and returns it if it is sampled. `stamp` is when its message was
    /// offered, or zero if its sender runs it.
    pub(crate) fn begin(&self, class: ClassId, stamp: Tick) -> Option<SampledTurn> {
        // Relaxed: the count guards nothing.
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        if !turn.is_multiple_of(self.metering.every) {
            return None;
        }
        let began = clock::now();
        let queued = if stamp == Tick::ZERO { Duration::ZERO } else { began.since(stamp) };
        Some(SampledTurn { class, began, queued })
    }

    /// Reports a sampled turn that has ended.
    pub(crate) fn end(
        &self,
        turn: SampledTurn,
        (actor, type_name): (&ActorName, &'static str),
        message: impl FnOnce(ClassId) -> &'static str,
        failed: Option<Reason>,
    ) {
        let SampledTurn { class, began, queued } = turn;
        let (handled, message) = (clock::now().since(began), message(class));
        let times = TurnTimes { actor, type_name, message, queued, handled, failed };
        ignored(|| self.metering.meter.turn(&times));
    }
}
