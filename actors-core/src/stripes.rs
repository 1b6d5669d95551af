//! Counters to which many threads add at a time.
//!
//! Threads that add to one number take its cache line away from each other. So each counter exists
//! a few times, a thread always adds to the same one, and a reader sums them up.
//!
//! **Invariant.** Nothing that was added before a reading is missing in it.
//!
//! **Price.** 128 bytes per stripe and sixteen counters.

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::thread_local;

/// More threads than this rarely add to the counters of one actor at a time; with more of them,
/// some share a cache line.
pub(crate) const STRIPES: usize = 4;

thread_local! {
    static HERE: u8 = const { 0 };
}

/// Returns a number that names this thread while it lives.
#[inline]
pub(crate) fn here() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// The stripe of a thread: the upper bits of a product (Knuth 6.4), because the addresses differ by
/// multiples of large powers of two.
#[inline]
fn stripe_of(thread: usize) -> usize {
    ((thread as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 62) as usize % STRIPES
}

/// A number of counters.
#[derive(Debug)]
pub(crate) struct Stripes {
    stripes: [Stripe; STRIPES],
    /// The stripe of the thread that made them is the first, wherever that thread lies in memory: a
    /// program with one thread gets the same answers in every run (T9).
    first: usize,
}

#[derive(Debug)]
struct Stripe(Box<[Line]>);

/// Counts in cache lines of their own: two, because processors fetch them in pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Line([AtomicU64; LINE]);

const LINE: usize = 16;

impl Stripe {
    #[inline]
    fn of(&self, counter: usize) -> &AtomicU64 {
        &self.0[counter / LINE].0[counter % LINE]
    }
}

/// What a counter's stripe was before something was added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) count: u64,
    /// Which stripe it is: below [`STRIPES`].
    pub(crate) stripe: usize,
}

impl Stripes {
    pub(crate) fn new(counters: usize) -> Self {
        let line = |_| Line(std::array::from_fn(|_| AtomicU64::new(0)));
        let stripe = |_| Stripe((0..counters.div_ceil(LINE)).map(line).collect());
        Stripes { stripes: std::array::from_fn(stripe), first: stripe_of(here()) }
    }

    #[inline]
    pub(crate) fn add(&self, counter: usize, number: u64) -> Before {
        let stripe = stripe_of(here()) ^ self.first;
        let count = self.stripes[stripe].of(counter).fetch_add(number, Ordering::Relaxed);
        Before { count, stripe }
    }

    pub(crate) fn sum(&self, counter: usize) -> u64 {
        self.stripes.iter().map(|stripe| stripe.of(counter).load(Ordering::Relaxed)).sum()
    }
}

#[cfg(all(test, not(actors_loom)))]
mod tests {
    use super::*;

    #[test]
    fn l1_what_threads_add_is_in_the_sum_and_each_number_of_a_stripe_is_given_once() {
        let stripes = Stripes::new(40);
        let add = || (0..1000).map(|_| stripes.add(37, 1)).collect::<Vec<_>>();
        let mut given: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(add)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .map(|b| (b.stripe, b.count))
                .collect()
        });
        assert_eq!((stripes.sum(37), stripes.sum(36), stripes.sum(38)), (6000, 0, 0));
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), 6000);
        assert_eq!(stripes.add(0, 1).stripe, 0, "the thread that made them has the first");
    }
}
