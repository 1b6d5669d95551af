//! Times in classic buckets, made of finer ones.
//!
//! A histogram of the runtime has log-linear buckets, sixteen to a power of two: too many series
//! for a scrape. Each of them goes into the first classic bucket whose bound is not below its own.
//! So a bucket never counts a time that is longer than its bound. The bounds are powers of two
//! nanoseconds, at which log-linear buckets end too, so none is counted too high either, except a
//! time that equals a bound to the nanosecond.

use std::time::Duration;

/// The exponent of the first bound: 1,024 ns. A turn of an idle actor takes less.
const FIRST: usize = 10;
/// The exponent of the last bound: 68.7 s, above every sensible deadline.
const LAST: usize = 36;
/// One bucket for each bound, and one without. A quantile is off by a factor of two at most, and
/// interpolation inside a bucket takes most of that away.
const LEN: usize = LAST - FIRST + 2;

/// Counts of times by classic bucket, each without those of the buckets below it, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets {
    counts: [u64; LEN],
    sum: Duration,
}

impl Buckets {
    /// Adds a finer histogram: its buckets with their upper bounds, and the sum of its times.
    pub(crate) fn add(&mut self, finer: impl Iterator<Item = (Duration, u64)>, sum: Duration) {
        for (bound, count) in finer {
            self.counts[place(bound)] += count;
        }
        self.sum = self.sum.saturating_add(sum);
    }

    /// The number of times.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of the times, in seconds.
    pub(crate) fn sum(&self) -> f64 {
        self.sum.as_secs_f64()
    }

    /// The upper bounds in seconds, and the counts.
    pub(crate) fn classic(&self) -> [(f64, u64); LEN] {
        std::array::from_fn(|at| (bound(at), self.counts[at]))
    }
}

fn place(bound: Duration) -> usize {
    (FIRST..=LAST).position(|exponent| bound.as_nanos() <= 1 << exponent).unwrap_or(LEN - 1)
}

fn bound(at: usize) -> f64 {
    // Both numbers are exact, so the quotient is the number of the fewest digits.
    if at == LEN - 1 { f64::INFINITY } else { (1_u64 << (FIRST + at)) as f64 / 1e9 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[(u64, u64)]) -> Buckets {
        let mut buckets = Buckets::default();
        let finer = times.iter().map(|(nanos, count)| (Duration::from_nanos(*nanos), *count));
        let sum = times.iter().map(|(nanos, count)| nanos * count).sum();
        buckets.add(finer, Duration::from_nanos(sum));
        buckets
    }

    #[test]
    fn a_bucket_counts_no_time_above_its_bound() {
        let buckets = of(&[(0, 1), (1024, 2), (1025, 4), (2048, 8), (1 << 37, 16)]);
        let counted: Vec<_> = buckets.classic().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(0.000_001_024, 3), (0.000_002_048, 12), (f64::INFINITY, 16)]);
        assert_eq!(buckets.count(), 31);
    }

    #[test]
    fn bounds_rise_by_two_from_a_microsecond_to_a_minute() {
        let bounds = Buckets::default().classic().map(|(bound, _)| bound);
        assert_eq!((bounds[0], bounds[LEN - 2], bounds[LEN - 1]), (1.024e-6, 68.719_476_736, f64::INFINITY));
        assert!(bounds[..LEN - 1].windows(2).all(|pair| pair[1] == 2.0 * pair[0]), "{bounds:?}");
    }

    #[test]
    fn histograms_of_two_types_of_one_name_are_added() {
        let mut both = of(&[(1000, 3)]);
        both.add([(Duration::from_secs(1), 1)].into_iter(), Duration::from_secs(1));
        assert_eq!((both.count(), both.sum()), (4, 1.000_003));
    }
}
