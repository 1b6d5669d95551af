//! Counters at recent instants, so that a rate over any recent time is a difference.

use super::controller::Sample;
use crate::Tick;
use std::collections::VecDeque;
use std::time::Duration;

/// The number of instants kept: at the least spacing 1.3 seconds, in two and a half kilobytes.
const POINTS: usize = 64;
/// The least time between two instants. Where turns are long it is more, so that two trials fit in.
const SPACING: Duration = Duration::from_millis(20);
/// The shortest time over which anything is measured.
const SPAN_MIN: Duration = Duration::from_millis(20);
/// A backlog that is gone within this time at its present speed needs no more workers.
const DRAINED: Duration = Duration::from_secs(1);
/// The number of turns of one worker that a trial or measurement lasts at least: fewer say little
/// about their mean.
const TURNS: u32 = 3;

/// The shortest time over which rates are measured: CoDel's interval, ten samples.
pub(crate) const MEASURED_MIN: Duration = Duration::from_millis(100);
/// The longest time over which rates are measured. With one second, a trial of turns that take a
/// second or more, as in calls of models or batches, would never see a turn end, and every added
/// worker would be retired.
pub(crate) const MEASURED_MAX: Duration = Duration::from_secs(10);

/// Counters at one instant.
#[derive(Clone, Copy, Debug)]
struct Point {
    at: Tick,
    turns: u64,
    arrivals: u64,
    /// Cumulative time that all workers have spent in turns, in seconds.
    worked: f64,
    backlog: usize,
}

/// What happened between an earlier instant and now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delta {
    pub(crate) seconds: f64,
    turns: u64,
    arrivals: u64,
    worked: f64,
    /// By how much the backlog has shrunk.
    shrunk: f64,
}

impl Delta {
    /// Turns ended a second.
    pub(crate) fn throughput(&self) -> f64 {
        self.turns as f64 / self.seconds
    }

    /// Messages offered a second.
    pub(crate) fn arrival_rate(&self) -> f64 {
        self.arrivals as f64 / self.seconds
    }

    /// The mean number of workers in a turn.
    #[cfg(test)]
    pub(crate) fn busy(&self) -> f64 {
        self.worked / self.seconds
    }
}

#[derive(Debug, Default)]
pub(crate) struct History {
    points: VecDeque<Point>,
    newest: Option<(Point, usize)>,
    backlog_since: Option<Tick>,
}

impl History {
    /// Starts over after a pause in the samples: earlier instants are dropped, and the pause is in
    /// no rate.
    pub(crate) fn begin(&mut self) {
        *self = History { points: std::mem::take(&mut self.points), ..History::default() };
        self.points.clear();
    }

    pub(crate) fn saw(&mut self, sample: &Sample, now: Tick) {
        let worked = self.newest.map_or(0.0, |(last, busy)| {
            // The number of busy workers is sampled; between two samples their mean is assumed.
            last.worked + now.since(last.at).as_secs_f64() * (busy + sample.busy) as f64 / 2.0
        });
        let backlog = sample.queued + sample.waiting;
        let point = Point { at: now, turns: sample.turns, arrivals: sample.arrivals, worked, backlog };
        self.newest = Some((point, sample.busy));
        self.backlog_since = if backlog > 0 { self.backlog_since.or(Some(now)) } else { None };
        let spacing = SPACING.max(self.measured() * 2 / POINTS as u32);
        if self.points.back().is_none_or(|last| now.since(last.at) >= spacing) {
            if self.points.len() == POINTS {
                self.points.pop_front();
            }
            self.points.push_back(point);
        }
    }

    /// Returns what happened since the last recorded instant that is not after `from`, over at
    /// least 20 ms; `None` while nothing is known.
    pub(crate) fn since(&self, from: Tick) -> Option<Delta> {
        let (newest, _) = self.newest?;
        let is_old = |point: &&Point| point.at <= from && newest.at.since(point.at) >= SPAN_MIN;
        let then = self.points.iter().rev().find(is_old).or(self.points.front())?;
        let span = newest.at.since(then.at);
        (span >= SPAN_MIN).then(|| Delta {
            seconds: span.as_secs_f64(),
            turns: newest.turns.saturating_sub(then.turns),
            arrivals: newest.arrivals.saturating_sub(then.arrivals),
            worked: newest.worked - then.worked,
            shrunk: then.backlog as f64 - newest.backlog as f64,
        })
    }

    /// Returns what happened in the last `span`, but not before there was a backlog, so that it
    /// covers no idle times and enough messages.
    pub(crate) fn of_late(&self, span: Duration) -> Option<Delta> {
        let (newest, _) = self.newest?;
        let from = Tick::ZERO.after(newest.at.since(Tick::ZERO).saturating_sub(span));
        self.since(self.backlog_since.map_or(from, |began| began.max(from)))
    }

    /// The mean length of a turn. While none has ended, the time worked so far.
    pub(crate) fn service(&self) -> f64 {
        self.since(Tick::ZERO).map_or(0.0, |past| past.worked / past.turns.max(1) as f64)
    }

    /// The time over which rates must be measured to be meaningful.
    pub(crate) fn measured(&self) -> Duration {
        (Duration::from_secs_f64(self.service()) * TURNS).clamp(MEASURED_MIN, MEASURED_MAX)
    }

    /// Whether the backlog shrinks so fast that it will soon be gone.
    pub(crate) fn is_draining(&self, after: Tick) -> bool {
        let Some((newest, _)) = self.newest else { return false };
        let from = Tick::ZERO.after(newest.at.since(Tick::ZERO).saturating_sub(MEASURED_MIN));
        self.since(from.max(after))
            .is_some_and(|past| newest.backlog as f64 * past.seconds < past.shrunk * DRAINED.as_secs_f64())
    }

    /// The cumulative time in turns, in seconds.
    pub(crate) fn worked(&self) -> f64 {
        self.newest.map_or(0.0, |(newest, _)| newest.worked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(3_600_000 + ms))
    }

    /// The history of samples at 100 messages a second, with two workers that are always busy.
    fn watched(every: u64, until: u64) -> History {
        let mut history = History::default();
        for ms in (0..=until).step_by(every as usize) {
            let count = ms / 10;
            let sample =
                Sample { queued: 5, turns: count, arrivals: 2 * count, busy: 2, ..Sample::default() };
            history.saw(&sample, at(ms));
        }
        history
    }

    #[test]
    fn p4_rates_and_mean_service_time_are_differences_of_counters_however_late_the_looks_are() {
        for every in [10, 30, 100, 1000] {
            let history = watched(every, 3000);
            let past = history.of_late(Duration::from_secs(1)).unwrap();
            assert!((past.throughput() - 100.0).abs() < 5.0, "{every}: {past:?}");
            assert!((past.arrival_rate() - 200.0).abs() < 10.0, "{every}: {past:?}");
            assert!((past.busy() - 2.0).abs() < 1e-6 && (history.service() - 0.02).abs() < 0.001, "{every}");
        }
    }

    #[test]
    fn p4_who_began_or_ended_a_turn_between_two_looks_was_busy_for_half_of_the_time() {
        let mut history = History::default();
        [0, 4, 2].into_iter().zip([0, 100, 200]).for_each(|(busy, ms)| {
            history.saw(&Sample { busy, ..Sample::default() }, at(ms));
        });
        assert!((history.worked() - 0.5).abs() < 1e-9, "{}", history.worked());
    }

    #[test]
    fn p4_quiet_time_before_a_backlog_is_in_no_rate() {
        let mut history = History::default();
        for ms in (0..1000).step_by(10) {
            history.saw(&Sample::default(), at(ms));
        }
        for ms in (0..=40).step_by(10) {
            history.saw(&Sample { queued: 1, arrivals: ms, ..Sample::default() }, at(1000 + ms));
        }
        let rate = history.of_late(MEASURED_MIN).unwrap().arrival_rate();
        assert!((600.0..=1000.0).contains(&rate), "{rate}");
    }

    #[test]
    fn p4_memory_is_bounded_and_reaches_as_far_as_a_trial() {
        let history = watched(10, 100_000);
        assert_eq!(history.points.len(), POINTS);
        assert!(history.since(Tick::ZERO).unwrap().seconds > 1.0);
        let mut slow = History::default();
        for ms in (0..60_000).step_by(10) {
            slow.saw(&Sample { turns: ms / 2000, busy: 1, ..Sample::default() }, at(ms));
        }
        assert!((slow.service() - 2.0).abs() < 0.5, "{}", slow.service());
        assert!(slow.since(Tick::ZERO).unwrap().seconds > slow.measured().as_secs_f64());
    }

    #[test]
    fn p4_a_turn_that_never_ends_counts_as_long_as_it_lasts() {
        let mut history = History::default();
        (0..100).for_each(|n| history.saw(&Sample { busy: 1, ..Sample::default() }, at(10 * n)));
        assert!((history.service() - 0.99).abs() < 0.01, "{}", history.service());
    }

    #[test]
    fn p4_a_backlog_that_is_soon_gone_is_draining() {
        // 8 in 10 ms are 800 a second, and 848 are left; 9 are 900, and 829 are left.
        for (per_look, is_draining) in [(0, false), (1, false), (8, false), (9, true), (20, true)] {
            let mut history = History::default();
            for look in 0..20 {
                history.saw(
                    &Sample { queued: 1000 - look * per_look, ..Sample::default() },
                    at(10 * look as u64),
                );
            }
            assert_eq!(history.is_draining(Tick::ZERO), is_draining, "{per_look}");
        }
    }
}
