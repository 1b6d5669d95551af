//! Histograms of times with buckets of a fixed relative width.
//!
//! ```text
//!   ns   0 1 … 15 │ 16 17 … 31 │ 32 34 … 62 │ 64 68 … │ …        16 buckets per power of two
//! ```
//!
//! A bucket is at most a sixteenth of its lower bound wide, so a quantile read from it is at most 6
//! % too high. The buckets end at 73 minutes; longer times are counted in the last one, and their
//! sum and maximum are exact. (The layout of HdrHistogram, G. Tene, with one significant
//! hexadecimal digit.)
//!
//! **Price.** Recording is four relaxed additions, without a lock. A histogram has 624 buckets, 5
//! KiB, whatever it has counted.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bits of a time that a bucket tells apart below its highest one.
const SUB_BITS: u32 = 4;
/// Buckets per power of two.
const SUBS: u64 = 1 << SUB_BITS;
/// The highest bit of the longest time that has a bucket of its own: 2^42 ns are 73 minutes.
const TOP_BIT: u32 = 41;
const BUCKETS: usize = ((TOP_BIT - SUB_BITS + 2) as usize) << SUB_BITS;

fn bucket(ns: u64) -> usize {
    if ns < SUBS {
        return ns as usize;
    }
    let top = 63 - ns.leading_zeros();
    let sub = (ns >> (top - SUB_BITS)) & (SUBS - 1);
    ((u64::from(top - SUB_BITS + 1) * SUBS + sub) as usize).min(BUCKETS - 1)
}

/// The first time that is too long for the bucket.
fn end_of(bucket: usize) -> u64 {
    let (octave, sub) = (bucket as u64 / SUBS, bucket as u64 % SUBS);
    match octave {
        0 => sub + 1,
        _ => (SUBS + sub + 1) << (octave - 1),
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Counts times from any thread.
pub(super) struct Recorder {
    buckets: Box<[AtomicU64; BUCKETS]>,
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Default for Recorder {
    fn default() -> Self {
        let buckets = Box::new([const { AtomicU64::new(0) }; BUCKETS]);
        Recorder { buckets, sum_ns: AtomicU64::new(0), max_ns: AtomicU64::new(0) }
    }
}

impl Recorder {
    // Relaxed: each is a number of its own. A reader may miss a part of what is recorded meanwhile.
    pub(super) fn record(&self, time: Duration) {
        let ns = nanos(time);
        self.buckets[bucket(ns)].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
        // Mostly it is not the longest, and a look is cheaper.
        if ns > self.max_ns.load(Ordering::Relaxed) {
            self.max_ns.fetch_max(ns, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Histogram {
        let counts = self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let (sum_ns, max_ns) = (&self.sum_ns, &self.max_ns);
        Histogram { counts, sum_ns: sum_ns.load(Ordering::Relaxed), max_ns: max_ns.load(Ordering::Relaxed) }
    }
}

/// The times of sampled turns, as counts per bucket.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
    sum_ns: u64,
    max_ns: u64,
}

impl Histogram {
    /// How many times were recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of all recorded times.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The mean; `None` where nothing was recorded.
    pub fn mean(&self) -> Option<Duration> {
        self.sum_ns.checked_div(self.count()).map(Duration::from_nanos)
    }

    /// The longest recorded time. In a [difference](Histogram::since) it is exact only where the
    /// longest time of all is new; otherwise it is the end of the highest bucket in use.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// The time that a share `q` of the recorded ones does not exceed, 0 to 1: at most 6 % too
    /// high, and never above [`max`](Histogram::max). `None` where nothing was recorded. A `q`
    /// outside of the range counts as its nearest end.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut below = 0;
        let reached = |(_, in_it): &(usize, &u64)| {
            below += **in_it;
            below >= rank
        };
        let (at, _) = self.counts.iter().enumerate().find(reached)?;
        // The last bucket has no end.
        let end = if at == BUCKETS - 1 { self.max_ns } else { end_of(at) - 1 };
        Some(Duration::from_nanos(end.min(self.max_ns)))
    }

    /// What was recorded since an earlier reading of the same histogram: its last minute, for
    /// example.
    #[must_use]
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let pairs = self.counts.iter().zip(&earlier.counts);
        let counts: Box<[u64]> = pairs.map(|(now, then)| now.saturating_sub(*then)).collect();
        let highest = counts.iter().rposition(|count| *count > 0);
        let max_ns = match highest {
            None => 0,
            Some(_) if self.max_ns > earlier.max_ns => self.max_ns,
            Some(at) => (end_of(at) - 1).min(self.max_ns),
        };
        Histogram { counts, sum_ns: self.sum_ns.saturating_sub(earlier.sum_ns), max_ns }
    }

    /// The buckets that have counted something, shortest times first: the first time that is too
    /// long for each, and its count. The last possible bucket has no end, and shows
    /// [`Duration::MAX`].
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let used = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        used.map(|(at, count)| {
            let end = if at == BUCKETS - 1 { Duration::MAX } else { Duration::from_nanos(end_of(at)) };
            (end, *count)
        })
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |q| self.quantile(q).unwrap_or_default();
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &of(0.5))
            .field("p99", &of(0.99))
            .field("max", &self.max())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Rng;

    fn histogram(times: impl IntoIterator<Item = u64>) -> Histogram {
        let recorder = Recorder::default();
        times.into_iter().for_each(|ns| recorder.record(Duration::from_nanos(ns)));
        recorder.read()
    }

    #[test]
    fn l6_buckets_follow_each_other_without_a_gap_and_are_a_sixteenth_wide() {
        assert_eq!((bucket(0), bucket(u64::MAX), bucket(1 << 42)), (0, BUCKETS - 1, BUCKETS - 1));
        for at in 0..BUCKETS - 1 {
            let end = end_of(at);
            assert_eq!((bucket(end - 1), bucket(end)), (at, at + 1), "bucket {at} ends at {end}");
            let start = if at == 0 { 0 } else { end_of(at - 1) };
            assert!((end - start) * SUBS <= start.max(SUBS), "bucket {at}: {start}..{end}");
        }
    }

    #[test]
    fn l6_a_quantile_is_at_most_a_sixteenth_too_high_and_never_too_low() {
        let mut rng = Rng::new(7);
        let mut times: Vec<u64> = (0..10_000).map(|_| rng.next_u64() >> (24 + rng.next_u64() % 36)).collect();
        let read = histogram(times.iter().copied());
        times.sort_unstable();
        assert_eq!(read.count(), 10_000);
        assert_eq!(read.max(), Duration::from_nanos(times[9_999]));
        for q in [0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let exact = times[((q * 10_000.0_f64).ceil() as usize).max(1) - 1];
            let ours = read.quantile(q).unwrap().as_nanos() as u64;
            assert!(ours >= exact && ours - exact <= exact / 16, "{q}: {ours} for {exact}");
        }
    }

    #[test]
    fn l6_a_difference_of_two_readings_has_what_came_between_them() {
        let recorder = Recorder::default();
        let record = |ns| recorder.record(Duration::from_nanos(ns));
        (0..100).for_each(|_| record(1_000_000));
        let then = recorder.read();
        (0..10).for_each(|_| record(500));
        let window = recorder.read().since(&then);
        assert_eq!((window.count(), window.sum()), (10, Duration::from_nanos(5_000)));
        assert!(window.max() < Duration::from_nanos(540), "{window:?}");
        assert_eq!(window.quantile(0.99), Some(window.max()));
        record(2_000_000);
        assert_eq!(recorder.read().since(&then).max(), Duration::from_millis(2));
        assert_eq!(then.since(&then), histogram([]));
    }

    #[test]
    fn l6_an_empty_histogram_has_no_quantile_and_a_time_too_long_keeps_its_sum() {
        let none = histogram([]);
        assert_eq!((none.quantile(0.5), none.mean(), none.max()), (None, None, Duration::ZERO));
        assert_eq!(none.buckets().count(), 0);
        let long = histogram([1 << 50]);
        assert_eq!(long.sum(), Duration::from_nanos(1 << 50));
        assert_eq!(long.quantile(0.5), Some(long.max()));
        assert_eq!(long.buckets().collect::<Vec<_>>(), [(Duration::MAX, 1)]);
    }

    #[test]
    fn l6_buckets_add_up_to_the_count() {
        let read = histogram([3, 3, 900, 1_000_000]);
        let buckets: Vec<_> = read.buckets().collect();
        assert_eq!(buckets[0], (Duration::from_nanos(4), 2));
        assert_eq!(buckets.iter().map(|(_, count)| count).sum::<u64>(), read.count());
        assert!(buckets.is_sorted());
    }
}
