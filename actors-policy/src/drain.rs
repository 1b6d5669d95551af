//! How fast a mailbox drains, and how fast messages come.

use crate::{Span, Tick};
use std::time::Duration;

/// Turns are counted over at least this long before a rate is believed.
const WINDOW: Duration = Duration::from_millis(10);
/// The first rate is believed sooner: after so many nanoseconds, if enough turns have ended. A step
/// to ten times the load fills a mailbox in milliseconds.
const FIRST_WINDOW: u64 = 1_000_000;
const WINDOW_NANOS: u64 = WINDOW.as_nanos() as u64;
/// Turns that must have been measured before messages are refused because of what they take.
const ENOUGH: u64 = 8;
/// Weight of the newest window in the moving average of arrivals.
const NEWEST: f64 = 0.3;
/// Where turns take at least this long, a reading of the clock costs next to nothing.
const SLOW: Duration = Duration::from_micros(100);
/// How many turns of earlier windows count next to those of the newest. A few, so that turns which
/// have become slow are soon known to be; several, so that one slow turn among quick ones is not
/// taken for the rule.
const MEMORY: f64 = 8.0;

/// Turns a second, measured only while there was work. It tells how fast a backlog would drain, not
/// how much traffic there was.
///
/// A window is made up of as many busy periods as it takes. What is known of a period are the
/// instants of claims, so its last turn belongs to none unless its end is recorded too. That is
/// worth a reading of the clock where turns are slow ([`is_slow`](DrainRate::is_slow)), because a
/// mean that is too high must come down even where each period has one turn; and where a supervisor
/// judges by the rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct DrainRate {
    /// The busy period: its first and its latest instant, with the turns so far. `None` while the
    /// mailbox is idle.
    period: Option<Period>,
    /// What earlier periods have brought to the open window: nanoseconds and turns.
    before: (u64, u64),
    mean: Mean,
}

/// The mean time per turn: of the newest window, and of some turns before it. Time and turns are
/// summed, so that a window of many quick turns does not hide a slow one.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    seconds: f64,
    turns: f64,
    /// All turns that were measured.
    measured: u64,
}

impl Mean {
    fn add(&mut self, span: Duration, turns: u64) {
        let kept = (MEMORY / self.turns.max(MEMORY)).min(1.0);
        self.seconds = self.seconds * kept + span.as_secs_f64();
        self.turns = self.turns * kept + turns as f64;
        self.measured = self.measured.saturating_add(turns);
    }

    /// Turns a second; 0 while unknown.
    fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.turns / self.seconds } else { 0.0 }
    }

    /// `NONE` before enough turns were measured.
    fn time(&self) -> Span {
        if self.measured < ENOUGH {
            return Span::NONE;
        }
        // A float that does not fit saturates.
        Span::from_nanos((self.seconds / self.turns * 1e9) as u64)
    }
}

#[derive(Clone, Copy, Debug)]
struct Period {
    began: (Tick, u64),
    latest: (Tick, u64),
}

impl Period {
    /// Its nanoseconds and turns.
    #[inline]
    fn span(&self) -> (u64, u64) {
        let nanos = self.latest.0.as_nanos().saturating_sub(self.began.0.as_nanos());
        (nanos, self.latest.1 - self.began.1)
    }
}

impl DrainRate {
    /// Records that the mailbox is busy; `turns` is the cumulative number of ended turns.
    #[inline]
    pub fn busy(&mut self, now: Tick, turns: u64) {
        let latest = (now, turns);
        let period = self.period.get_or_insert(Period { began: latest, latest });
        period.latest = latest;
        let (span, ended) = period.span();
        let (span, ended) = (span + self.before.0, ended + self.before.1);
        if span < FIRST_WINDOW || ended == 0 {
            return;
        }
        let is_first = self.mean.measured < ENOUGH && ended >= ENOUGH;
        if span < WINDOW_NANOS && !is_first {
            return;
        }
        self.mean.add(Duration::from_nanos(span), ended);
        (self.period, self.before) = (Some(Period { began: latest, latest }), Default::default());
    }

    /// Records that the mailbox is idle.
    #[inline]
    pub fn idle(&mut self) {
        if let Some(period) = self.period.take() {
            let (span, ended) = period.span();
            // A period without an ended turn tells nothing about turns.
            if ended > 0 {
                self.before = (self.before.0 + span, self.before.1 + ended);
            }
        }
    }

    /// Whether turns are known to be so slow that the end of a busy period is to be recorded, with
    /// [`busy`](DrainRate::busy).
    #[inline]
    pub fn is_slow(&self) -> bool {
        self.rate() > 0.0 && self.rate() * SLOW.as_secs_f64() < 1.0
    }

    /// Turns a second; 0 while unknown.
    #[inline]
    pub fn rate(&self) -> f64 {
        self.mean.rate()
    }

    /// The mean time from the end of one turn to that of the next while there is work;
    /// [`NONE`](Span::NONE) while too few turns were measured to refuse messages because of it.
    #[inline]
    pub fn interval(&self) -> Span {
        self.mean.time()
    }
}

/// How long the turns of a pool take. Its workers' turns overlap, and often some of them are idle,
/// so the time between the ends of two turns tells nothing about either.
#[derive(Clone, Copy, Debug, Default)]
pub struct TurnTime(Mean);

impl TurnTime {
    /// Records a turn.
    pub fn took(&mut self, span: Duration) {
        self.0.add(span, 1);
    }

    /// The mean; [`NONE`](Span::NONE) while too few turns were measured to refuse messages because
    /// of it.
    pub fn mean(&self) -> Span {
        self.0.time()
    }
}

/// Offers a second, refused ones included, over windows of at least 10 ms.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrivals {
    /// Where the open window began: instant and offers so far.
    window: Option<(Tick, u64)>,
    rate: f64,
    peak: f64,
}

impl Arrivals {
    /// Records the cumulative number of offers.
    #[inline]
    pub fn saw(&mut self, now: Tick, offers: u64) {
        let Some((began, before)) = self.window else {
            self.window = Some((now, offers));
            return;
        };
        let span = now.since(began);
        if span < WINDOW {
            return;
        }
        let seen = (offers - before) as f64 / span.as_secs_f64();
        self.rate = if self.rate == 0.0 { seen } else { self.rate + NEWEST * (seen - self.rate) };
        self.peak = self.peak.max(seen);
        self.window = Some((now, offers));
    }

    /// The recent rate; 0 while unknown.
    #[inline]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The highest rate of any window.
    #[inline]
    pub fn peak(&self) -> f64 {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_idle_time_does_not_lower_the_drain_rate() {
        let mut drain = DrainRate::default();
        let at = |ms| Tick::ZERO.after(Duration::from_millis(ms));
        drain.busy(at(0), 0);
        drain.busy(at(10), 100);
        assert!((drain.rate() - 10_000.0).abs() < 1e-6);
        drain.idle();
        drain.busy(at(10_000), 100);
        drain.busy(at(10_010), 200);
        assert!((drain.rate() - 10_000.0).abs() < 1e-6);
    }

    #[test]
    fn p7_short_busy_periods_add_up_to_a_window() {
        let (mut drain, mut turns) = (DrainRate::default(), 0);
        let at = |us| Tick::ZERO.after(Duration::from_micros(us));
        // Every 10 ms there are three claims, 100 µs apart: two turns that are known to have ended.
        for period in 0..60 {
            for claim in 0..3 {
                drain.busy(at(10_000 * period + 100 * claim), turns);
                turns += 1;
            }
            drain.idle();
        }
        assert!((drain.rate() - 10_000.0).abs() < 1.0, "{drain:?}");
    }

    #[test]
    fn t4_turns_that_are_slow_no_longer_are_found_out_one_by_one() {
        let mut drain = DrainRate::default();
        let at = |ms| Tick::ZERO.after(Duration::from_millis(ms));
        (0..10).for_each(|turn| drain.busy(at(100 * turn), turn));
        drain.idle();
        assert!(drain.is_slow());
        for turn in 10..210 {
            drain.busy(at(100 * turn), turn);
            drain.busy(at(100 * turn + 1), turn + 1);
            drain.idle();
        }
        assert!(drain.interval() < Span::of(Duration::from_millis(2)), "{drain:?}");
    }

    /// The mean after windows of turns that take this long, in nanoseconds.
    fn mean_after(windows: impl IntoIterator<Item = (u64, u64)>) -> f64 {
        let (mut drain, mut now, mut turns) = (DrainRate::default(), 0, 0);
        for (count, each) in windows {
            for _ in 0..count {
                drain.busy(Tick::ZERO.after(Duration::from_nanos(now)), turns);
                now += each;
                turns += 1;
            }
        }
        drain.busy(Tick::ZERO.after(Duration::from_nanos(now)), turns);
        drain.interval().nanos() as f64
    }

    const MS: u64 = 1_000_000;

    #[test]
    fn t4_turns_that_have_become_slow_or_quick_are_known_after_some_of_them() {
        let (quick, slow) = ((20_000, 10_000), 100 * MS);
        let seen = |turns| mean_after([quick, (turns, slow)]) / slow as f64;
        assert!(seen(5) > 0.3 && seen(20) > 0.8, "{} {}", seen(5), seen(20));
        let seen = |turns| mean_after([(50, slow), (turns, MS)]) / MS as f64;
        assert!(seen(30) < 15.0 && seen(60) < 3.0, "{} {}", seen(30), seen(60));
    }

    #[test]
    fn t4_a_slow_turn_among_quick_ones_is_not_taken_for_the_rule() {
        // A hundred turns of 0.1 ms, and one of a second: 10 ms in the mean.
        let mixed = (0..50).flat_map(|_| [(100, MS / 10), (1, 1000 * MS)]);
        let just_after = mean_after(mixed.clone()) / MS as f64;
        assert!(just_after < 130.0, "{just_after} ms");
        let quick_again = mean_after(mixed.chain([(100, MS / 10)])) / MS as f64;
        assert!(quick_again < 12.0, "{quick_again} ms");
    }

    #[test]
    fn t4_nothing_is_known_before_eight_turns_were_measured() {
        let mut drain = DrainRate::default();
        let at = |ms| Tick::ZERO.after(Duration::from_millis(ms));
        for turn in 0..8 {
            assert!(drain.interval().is_none(), "{turn} turns");
            drain.busy(at(1000 * turn), turn);
        }
        drain.busy(at(8000), 8);
        assert_eq!(drain.interval(), Span::from_nanos(1_000_000_000));
        // Short turns are known after a millisecond.
        let mut drain = DrainRate::default();
        let at = |us| Tick::ZERO.after(Duration::from_micros(us));
        (0..10).for_each(|turn| drain.busy(at(100 * turn), turn));
        assert!(drain.interval().is_none());
        drain.busy(at(1000), 10);
        assert_eq!(drain.interval(), Span::from_nanos(100_000));
    }

    #[test]
    fn p1_arrivals_are_counted_in_windows_and_the_peak_is_kept() {
        let mut arrivals = Arrivals::default();
        let at = |ms| Tick::ZERO.after(Duration::from_millis(ms));
        arrivals.saw(at(0), 0);
        arrivals.saw(at(5), 100);
        assert_eq!(arrivals.rate(), 0.0);
        arrivals.saw(at(10), 100);
        assert!((arrivals.rate() - 10_000.0).abs() < 1e-6);
        (1..100).for_each(|n| arrivals.saw(at(10 + 100 * n), 100 + n));
        assert!(arrivals.rate() < 11.0 && arrivals.peak() > 9_999.0, "{arrivals:?}");
    }
}
