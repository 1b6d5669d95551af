//! How much pressure a mailbox is under (P1).
//!
//! ```text
//!   fill ≥ high, or every stay of the last 100 ms > target  ──►  one step up    ┐  at most one step
//!   fill < low, and a stay under target                     ──►  one step down  ┘  per dwell
//! ```
//!
//! A queue that is long for a moment absorbs a burst, which is its purpose. A queue that is never
//! short only adds delay. So the *shortest* stay of an interval counts (Nichols, Jacobson:
//! Controlling Delay Active Queue Management, RFC 8289). The interval slides: it begins with the
//! first stay that is too long.

use super::controller::Sample;
use crate::Pressure;
use crate::Tick;
use std::fmt;
use std::time::Duration;

/// How long every stay must be too long before there is pressure: CoDel's interval, the longest
/// pause that people and networks take for granted (RFC 8289).
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// How much pressure a mailbox is under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Level {
    /// No pressure.
    #[default]
    Calm,
    /// Pressure: the declared actions are being taken.
    Elevated,
    /// Pressure that lasted for another dwell time.
    Overloaded,
}

impl Level {
    /// The level as one word.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Calm => "calm",
            Level::Elevated => "elevated",
            Level::Overloaded => "overloaded",
        }
    }

    fn up(self) -> Level {
        match self {
            Level::Calm => Level::Elevated,
            Level::Elevated | Level::Overloaded => Level::Overloaded,
        }
    }

    fn down(self) -> Level {
        match self {
            Level::Calm | Level::Elevated => Level::Calm,
            Level::Overloaded => Level::Elevated,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Tracks the level of one mailbox.
#[derive(Debug)]
pub(crate) struct Gauge {
    pressure: Pressure,
    level: Level,
    /// When the level last changed.
    changed: Option<Tick>,
    looked: Tick,
    /// Since when every stay has been too long, the fill has been high, and neither has been so.
    late_since: Option<Tick>,
    full_since: Option<Tick>,
    eased_since: Option<Tick>,
    is_late: bool,
    is_pressed: bool,
}

impl Gauge {
    pub(crate) fn new(pressure: Pressure) -> Self {
        Gauge {
            pressure,
            level: Level::Calm,
            changed: None,
            looked: Tick::ZERO,
            late_since: None,
            full_since: None,
            eased_since: None,
            is_late: false,
            is_pressed: false,
        }
    }

    /// Takes over changed marks and times.
    pub(crate) fn declare(&mut self, pressure: Pressure) {
        self.pressure = pressure;
    }

    /// Starts over after a pause in the samples, which say nothing about the time since.
    pub(crate) fn begin(&mut self, now: Tick) {
        (self.looked, self.late_since, self.full_since) = (now, None, None);
    }

    /// Takes one sample; returns the old and the new level if it changed.
    pub(crate) fn saw(&mut self, sample: &Sample, now: Tick) -> Option<(Level, Level)> {
        let (fill, target) = (sample.fill(), self.pressure.target_sojourn());
        let is_full = fill >= self.pressure.high_fill();
        self.full_since = if is_full { self.full_since.or(Some(now)) } else { None };
        self.late_since = match sample.sojourn.and_then(|stay| stay.checked_sub(target)) {
            // The stay has been too long for at least this time, but there was no sample before the
            // last one.
            Some(over) if !over.is_zero() => {
                let began = Tick::ZERO.after(now.since(Tick::ZERO).saturating_sub(over));
                self.late_since.or(Some(began.max(self.looked)))
            }
            _ => None,
        };
        self.looked = now;
        self.is_late = self.late_since.is_some_and(|began| now.since(began) >= INTERVAL);
        self.is_pressed = is_full || self.is_late;
        let is_quick = sample.sojourn.is_none_or(|stay| stay < target);
        // Senders in line count here: under a soft limit the remaining pressure is in the line.
        let is_eased = is_quick && sample.backlog_fill() < self.pressure.low_fill();
        self.eased_since = if is_eased { self.eased_since.or(Some(now)) } else { None };
        self.step(now)
    }

    fn step(&mut self, now: Tick) -> Option<(Level, Level)> {
        let next = match (self.is_pressed, self.eased_since) {
            (true, _) => self.level.up(),
            (false, Some(_)) => self.level.down(),
            (false, None) => self.level,
        };
        if next == self.level || !self.is_settled(now) {
            return None;
        }
        let before = std::mem::replace(&mut self.level, next);
        self.changed = Some(now);
        Some((before, next))
    }

    /// Whether the level has lasted for a dwell time.
    pub(crate) fn is_settled(&self, now: Tick) -> bool {
        self.changed.is_none_or(|then| now.since(then) >= self.pressure.dwell_time())
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Whether there is pressure now, whatever the level is.
    pub(crate) fn is_pressed(&self) -> bool {
        self.is_pressed
    }

    /// Whether there is pressure because every stay is too long.
    pub(crate) fn is_late(&self) -> bool {
        self.is_late
    }

    /// Whether there is no pressure: no high fill and, at the last sample, no stay that was too
    /// long.
    pub(crate) fn is_eased(&self) -> bool {
        self.eased_since.is_some() && !self.is_pressed
    }

    /// For how long the mailbox has been pressed, or eased.
    pub(crate) fn lasted(&self, now: Tick) -> Duration {
        let pressed = self.late_since.into_iter().chain(self.full_since).min().filter(|_| self.is_pressed);
        pressed.or(self.eased_since).map_or(Duration::ZERO, |began| now.since(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DWELL: u64 = 500;

    fn at(ms: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(3_600_000 + ms))
    }

    fn seen(queued: usize, sojourn_ms: Option<u64>) -> Sample {
        Sample { queued, capacity: 100, sojourn: sojourn_ms.map(Duration::from_millis), ..Sample::default() }
    }

    /// The level after samples every 10 ms in this range of times.
    fn looks(gauge: &mut Gauge, times: std::ops::Range<u64>, sample: &Sample) -> Level {
        times.step_by(10).for_each(|ms| {
            let _ = gauge.saw(sample, at(ms));
        });
        gauge.level()
    }

    #[test]
    fn p1_the_level_rises_at_the_high_fill_and_one_step_per_dwell() {
        let mut gauge = Gauge::new(Pressure::new());
        assert_eq!(looks(&mut gauge, 0..1000, &seen(79, Some(1))), Level::Calm);
        assert_eq!(looks(&mut gauge, 1000..1010, &seen(80, Some(1))), Level::Elevated);
        assert_eq!(looks(&mut gauge, 1010..1000 + DWELL, &seen(80, Some(1))), Level::Elevated);
        assert_eq!(looks(&mut gauge, 1000 + DWELL..1010 + DWELL, &seen(80, Some(1))), Level::Overloaded);
    }

    #[test]
    fn p1_one_quick_message_in_a_hundred_milliseconds_is_no_pressure() {
        let mut gauge = Gauge::new(Pressure::new());
        gauge.begin(at(0));
        for round in 0..100 {
            looks(&mut gauge, 100 * round + 10..100 * round + 100, &seen(10, Some(25)));
            assert_eq!(
                gauge.saw(&seen(10, Some(20)), at(100 * round + 100)),
                None,
                "the target is not missed"
            );
        }
        assert_eq!(looks(&mut gauge, 10_010..10_100, &seen(10, Some(25))), Level::Calm);
        assert_eq!(looks(&mut gauge, 10_100..10_130, &seen(10, Some(25))), Level::Elevated);
    }

    #[test]
    fn p1_a_late_look_claims_no_more_than_what_it_saw() {
        let mut gauge = Gauge::new(Pressure::new());
        gauge.begin(at(0));
        assert_eq!(gauge.saw(&seen(1, Some(30)), at(1000)), None, "it was late for 10 ms");
        assert!(gauge.saw(&seen(1, Some(1000)), at(2000)).is_some(), "and now for a second");
        gauge.begin(at(90_000));
        assert_eq!(gauge.saw(&seen(1, Some(5000)), at(90_050)), None, "there was no sample before 90 s");
    }

    #[test]
    fn p1_the_level_falls_only_when_fill_and_stay_are_both_low_one_step_per_dwell() {
        let mut gauge = Gauge::new(Pressure::new());
        assert_eq!(looks(&mut gauge, 0..1000, &seen(90, Some(100))), Level::Overloaded);
        assert_eq!(looks(&mut gauge, 1000..5000, &seen(49, Some(20))), Level::Overloaded, "late by a hair");
        assert_eq!(looks(&mut gauge, 5000..6000, &seen(50, Some(1))), Level::Overloaded, "not under low");
        let line = Sample { waiting: 60, ..seen(40, Some(1)) };
        assert_eq!(looks(&mut gauge, 6000..7000, &line), Level::Overloaded, "a line is a backlog too");
        assert_eq!(looks(&mut gauge, 7000..7000 + DWELL, &seen(49, Some(1))), Level::Elevated);
        assert_eq!(looks(&mut gauge, 7000 + DWELL..7010 + DWELL, &seen(0, None)), Level::Calm);
    }

    #[test]
    fn p1_levels_are_ordered_and_have_words() {
        assert!(Level::Calm < Level::Elevated && Level::Elevated < Level::Overloaded);
        assert_eq!(format!("{} {}", Level::default(), Level::Overloaded), "calm overloaded");
    }
}
