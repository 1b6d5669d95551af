//! How fast a mailbox drains, and how fast messages come.

use crate::Tick;
use std::time::Duration;

/// Turns are counted over at least this long before a rate is believed.
const WINDOW: Duration = Duration::from_millis(10);
/// Weight of the newest window in the moving average.
const NEWEST: f64 = 0.3;

/// Turns a second, measured only while there was work. It tells how fast a backlog would drain, not
/// how much traffic there was.
#[derive(Clone, Copy, Debug, Default)]
pub struct DrainRate {
    /// Where the open window began: instant and turns so far. `None` while the mailbox is idle.
    window: Option<(Tick, u64)>,
    rate: f64,
}

impl DrainRate {
    /// Records that the mailbox is busy; `turns` is the cumulative number of ended turns.
    #[inline]
    pub fn busy(&mut self, now: Tick, turns: u64) {
        let Some((began, before)) = self.window else {
            self.window = Some((now, turns));
            return;
        };
        let span = now.since(began);
        if span < WINDOW || turns == before {
            return;
        }
        let seen = (turns - before) as f64 / span.as_secs_f64();
        self.rate = if self.rate == 0.0 { seen } else { self.rate + NEWEST * (seen - self.rate) };
        self.window = Some((now, turns));
    }

    /// Records that the mailbox is idle.
    #[inline]
    pub fn idle(&mut self) {
        self.window = None;
    }

    /// Turns a second; 0 while unknown.
    #[inline]
    pub fn rate(&self) -> f64 {
        self.rate
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
