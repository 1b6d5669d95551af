//! Meters: how long sampled turns were queued, and how long they took (L6).
//!
//! A system has a meter of the user's, histograms, both or none. Without them, a turn costs two
//! comparisons. With them, each actor counts its turns, and only a sampled turn reads the clock and
//! calls the meter.

use super::Histograms;
use super::times::TypeRecorder;
use crate::clock::{self, Tick};
use crate::error::{ActorName, Reason};
use crate::mailbox::ClassId;
use crate::panics::ignored;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
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
    /// The part of `handled` in which the handler was being polled. In the rest it waited: for an
    /// answer, a timer, or for its task to be polled again.
    pub polled: Duration,
    /// Why the turn did not return, if it did not.
    pub failed: Option<Reason>,
}

/// A meter of a system, and its rate.
#[derive(Clone)]
struct Rated {
    meter: Arc<dyn Meter>,
    /// One turn in so many is sampled.
    every: u32,
}

/// The meters of a system: the user's, and the histograms.
#[derive(Clone, Default)]
pub(crate) struct Metering {
    own: Option<Rated>,
    histograms: Option<Arc<Histograms>>,
}

impl fmt::Debug for Metering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.as_ref().map(|own| own.every);
        f.debug_struct("Metering").field("own_every", &own).field("histograms", &self.histograms).finish()
    }
}

impl Metering {
    pub(crate) fn set_own(&mut self, meter: Arc<dyn Meter>, every: u32) {
        self.own = Some(Rated { meter, every: every.max(1) });
    }

    pub(crate) fn set_histograms(&mut self, every: u32) {
        self.histograms = Some(Arc::new(Histograms::new(every)));
    }

    pub(crate) fn is_on(&self) -> bool {
        self.own.is_some() || self.histograms.is_some()
    }

    pub(crate) fn histograms(&self) -> Option<&Arc<Histograms>> {
        self.histograms.as_ref()
    }
}

/// What one actor keeps for the meters of its system.
///
/// Its numbers are not changed in one atomic step, which would cost more than the rest: two workers
/// of a pool may sample a turn too many or too few.
pub(crate) struct TurnSampler {
    /// Turns until the next one that is sampled: all that a turn which is not sampled looks at.
    left: AtomicU32,
    metering: Metering,
    /// The turns between the last sampled one and the next.
    interval: AtomicU32,
    /// Turns from the last sampled one to the next of the user's meter, and of the histograms.
    until_own: AtomicU32,
    until_histograms: AtomicU32,
    /// The histograms of each class, once it was sampled.
    recorders: Box<[OnceLock<Arc<TypeRecorder>>]>,
}

/// Counts `interval` turns, and returns whether a meter for one turn in `every` samples this one.
fn is_due(until: &AtomicU32, interval: u32, every: Option<u32>) -> bool {
    let Some(every) = every else {
        until.store(u32::MAX, Ordering::Relaxed);
        return false;
    };
    let left = until.load(Ordering::Relaxed).saturating_sub(interval);
    until.store(if left == 0 { every } else { left }, Ordering::Relaxed);
    left == 0
}

/// A sampled turn that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampledTurn {
    class: ClassId,
    began: Tick,
    queued: Duration,
    /// Since when the handler is being polled; `None` while it waits.
    polled_since: Option<Tick>,
    /// For how long it was polled before.
    polled: Duration,
    is_of_own: bool,
    is_of_histograms: bool,
}

impl SampledTurn {
    /// The handler is about to be polled again, or is being polled.
    pub(crate) fn resume(&mut self) {
        self.polled_since.get_or_insert_with(clock::now);
    }

    /// A poll of the handler has ended, and it waits.
    pub(crate) fn suspend(&mut self) {
        self.add_poll(clock::now());
    }

    fn add_poll(&mut self, now: Tick) {
        self.polled += self.polled_since.take().map_or(Duration::ZERO, |since| now.since(since));
    }
}

impl TurnSampler {
    /// `None` in a system without meters.
    pub(crate) fn new(metering: &Metering, classes: usize) -> Option<Box<Self>> {
        let sampler = || TurnSampler {
            left: AtomicU32::new(0),
            metering: metering.clone(),
            interval: AtomicU32::new(0),
            until_own: AtomicU32::new(0),
            until_histograms: AtomicU32::new(0),
            recorders: (0..metering.histograms.as_ref().map_or(0, |_| classes))
                .map(|_| OnceLock::new())
                .collect(),
        };
        metering.is_on().then(sampler).map(Box::new)
    }

    /// Counts a turn that begins. Returns whether it is sampled: then [`begin`](Self::begin) must
    /// follow.
    #[inline(always)]
    pub(crate) fn is_due(&self) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        // Zero stays until `begin` replaces it: another worker's late store can only be a number
        // that was there before, never one that is far away.
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }

    /// Begins a sampled turn. `stamp` is when its message was offered, or zero if its sender runs
    /// it.
    #[cold]
    pub(crate) fn begin(&self, class: ClassId, stamp: Tick) -> SampledTurn {
        let Metering { own, histograms } = &self.metering;
        let interval = self.interval.load(Ordering::Relaxed);
        let is_of_own = is_due(&self.until_own, interval, own.as_ref().map(|own| own.every));
        let every = histograms.as_ref().map(|times| times.every());
        let is_of_histograms = is_due(&self.until_histograms, interval, every);
        let next = self.until_own.load(Ordering::Relaxed).min(self.until_histograms.load(Ordering::Relaxed));
        self.interval.store(next, Ordering::Relaxed);
        self.left.store(next.saturating_sub(1), Ordering::Relaxed);
        let began = clock::now();
        let queued = if stamp == Tick::ZERO { Duration::ZERO } else { began.since(stamp) };
        let (polled_since, polled) = (Some(began), Duration::ZERO);
        SampledTurn { class, began, queued, polled_since, polled, is_of_own, is_of_histograms }
    }

    /// Reports a sampled turn that has ended.
    pub(crate) fn end(
        &self,
        mut turn: SampledTurn,
        (actor, type_name): (&ActorName, &'static str),
        message: impl FnOnce(ClassId) -> &'static str,
        failed: Option<Reason>,
    ) {
        let now = clock::now();
        turn.add_poll(now);
        let SampledTurn { class, began, queued, polled, .. } = turn;
        let (handled, message) = (now.since(began), message(class));
        let times = TurnTimes { actor, type_name, message, queued, handled, polled, failed };
        if let Some(own) = self.metering.own.as_ref().filter(|_| turn.is_of_own) {
            ignored(|| own.meter.turn(&times));
        }
        if let Some(histograms) = self.metering.histograms.as_ref().filter(|_| turn.is_of_histograms) {
            // More classes than there were are no danger: they take the long way.
            match self.recorders.get(class.index()) {
                Some(known) => known.get_or_init(|| histograms.recorder(type_name, message)).record(&times),
                None => histograms.turn(&times),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between the look and the beginning of a sampled turn, another worker of a pool may look too:
    /// it samples a turn too many, and the count does not get lost.
    #[test]
    fn l6_a_turn_that_is_due_stays_due_until_it_has_begun() {
        let mut metering = Metering::default();
        metering.set_histograms(4);
        let sampler = TurnSampler::new(&metering, 1).unwrap();
        assert!(sampler.is_due() && sampler.is_due());
        sampler.begin(ClassId::new(0), Tick::ZERO);
        assert_eq!([(); 5].map(|()| sampler.is_due()), [false, false, false, true, true]);
    }
}
