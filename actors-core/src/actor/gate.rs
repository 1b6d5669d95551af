//! The gate: a sender checks it before it touches the mailbox (P3).
//!
//! One number says which senders are refused. It is 0 while no load is shed, so an admitted send
//! costs one load and one comparison. Only the supervisor writes it. A refusal takes no lock and
//! allocates nothing: the message never leaves its sender.

use crate::mailbox::ClassId;
use crate::policy::{Level, Rng, Threshold, spread};
use crate::stripes::{Before, Stripes};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// The lane of a message type that is never shed.
const NEVER: u8 = u8::MAX;

/// The parameters of load shedding. Only the supervisor writes them; senders write the counts.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    threshold: AtomicU32,
    level: AtomicU8,
    /// The supervisor starts no more workers for now.
    is_at_limit: AtomicBool,
    /// Made when load is shed for the first time.
    refusals: OnceLock<Box<Refusals>>,
}

#[derive(Debug)]
struct Refusals {
    /// The mean `retry_after` of a refusal, in nanoseconds.
    retry_after_ns: AtomicU64,
    /// The actor's stream of random numbers for shedding.
    rng: Rng,
    /// The lanes of the message types; [`NEVER`] for a type that is never shed.
    lanes: Box<[AtomicU8]>,
    /// How many messages of each type were refused. Behind them, how many senders have drawn.
    counts: Stripes,
}

impl Gate {
    /// Decides whether a message of this type is refused. Returns the time after which to retry.
    #[inline(always)]
    pub(crate) fn refuses(&self, class: ClassId) -> Option<Duration> {
        // Relaxed: the threshold is a probability, and protects no other data.
        match self.threshold.load(Ordering::Relaxed) {
            0 => None,
            bits => self.refuses_some(Threshold::from_bits(bits), class, 1),
        }
    }

    /// Like [`refuses`](Gate::refuses), for a permit: there is no message yet, so it counts
    /// nothing.
    pub(crate) fn refuses_permit(&self, class: ClassId) -> Option<Duration> {
        let threshold = Threshold::from_bits(self.threshold.load(Ordering::Relaxed));
        if threshold.is_open() { None } else { self.refuses_some(threshold, class, 0) }
    }

    #[cold]
    fn refuses_some(&self, threshold: Threshold, class: ClassId, counted: u64) -> Option<Duration> {
        let refusals = self.refusals.get()?;
        let lane = refusals.lanes[class.index()].load(Ordering::Relaxed);
        if lane == NEVER {
            return None;
        }
        // Two numbers per sender. With one number for both, the spread of the wait would depend on
        // the draw that led to the refusal. Each stripe has a part of the stream to itself.
        let Before { count, stripe } = refusals.counts.add(refusals.lanes.len(), 2);
        let drawn = count.wrapping_add((stripe as u64) << 61);
        if threshold.admits(lane.into(), refusals.rng.nth(drawn)) {
            return None;
        }
        if counted > 0 {
            refusals.counts.add(class.index(), counted);
        }
        let wait = Duration::from_nanos(refusals.retry_after_ns.load(Ordering::Relaxed));
        Some(spread(wait, refusals.rng.nth(drawn.wrapping_add(1))))
    }

    /// Returns how many messages of each type were refused so far. Empty if load was never shed.
    pub(crate) fn refused(&self) -> impl Iterator<Item = u64> {
        let refusals = self.refusals.get().into_iter();
        refusals.flat_map(|refusals| (0..refusals.lanes.len()).map(|at| refusals.counts.sum(at)))
    }

    pub(crate) fn level(&self) -> Level {
        match self.level.load(Ordering::Relaxed) {
            0 => Level::Calm,
            1 => Level::Elevated,
            _ => Level::Overloaded,
        }
    }

    pub(crate) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Returns whether the supervisor may start more workers, as far as its trials allow.
    pub(crate) fn may_grow(&self) -> bool {
        !self.is_at_limit.load(Ordering::Acquire)
    }

    /// Sets whether the supervisor may start more workers. Returns `true` if this changes from yes
    /// to no.
    pub(crate) fn set_may_grow(&self, may_grow: bool) -> bool {
        let was_at_limit = self.is_at_limit.swap(!may_grow, Ordering::AcqRel);
        !was_at_limit && !may_grow
    }

    #[inline(always)]
    pub(crate) fn is_open(&self) -> bool {
        self.threshold.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn open(&self) {
        self.threshold.store(0, Ordering::Relaxed);
    }

    /// Sets the threshold. `lanes` has, per message type, the lane in which it may be shed, if it
    /// may. `rng` makes the stream from which senders draw.
    pub(crate) fn set(
        &self,
        threshold: Threshold,
        lanes: &[Option<usize>],
        retry_after: Duration,
        rng: impl FnOnce() -> Rng,
    ) {
        let refusals = self.refusals.get_or_init(|| {
            Box::new(Refusals {
                retry_after_ns: AtomicU64::new(0),
                rng: rng(),
                lanes: lanes.iter().map(|_| AtomicU8::new(NEVER)).collect(),
                counts: Stripes::new(lanes.len() + 1),
            })
        });
        for (of_type, lane) in refusals.lanes.iter().zip(lanes) {
            of_type.store(lane.map_or(NEVER, |lane| lane as u8), Ordering::Relaxed);
        }
        let ns = u64::try_from(retry_after.as_nanos()).unwrap_or(u64::MAX);
        refusals.retry_after_ns.store(ns, Ordering::Relaxed);
        // Stored last, so that a sender that sees the threshold finds the rest.
        self.threshold.store(threshold.bits(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn p7_the_waits_of_shed_senders_are_spread_evenly_whatever_share_is_admitted() {
        for share in [0.0, 0.3, 0.6, 0.9] {
            let gate = Gate::default();
            gate.set(Threshold::new(1, share), &[Some(1)], SECOND, || Rng::new(1));
            let waits: Vec<_> = (0..10_000).filter_map(|_| gate.refuses(ClassId::new(0))).collect();
            let refused = waits.len() as f64 / 10_000.0;
            assert!(
                (refused - (1.0 - share)).abs() < 0.02,
                "{refused} of all were refused, {share} admitted"
            );
            let short = waits.iter().filter(|wait| **wait < SECOND).count() as f64 / waits.len() as f64;
            assert!((0.4..0.6).contains(&short), "{short} of the waits are short where {share} is admitted");
        }
    }

    #[test]
    fn t9_which_senders_are_shed_is_a_function_of_the_stream() {
        let shed = |seed| {
            let gate = Gate::default();
            gate.set(Threshold::new(1, 0.5), &[Some(1)], SECOND, || Rng::new(seed));
            (0..100).map(|_| gate.refuses(ClassId::new(0))).collect::<Vec<_>>()
        };
        assert_eq!(shed(1), shed(1));
        assert_ne!(shed(1), shed(2));
    }
}
