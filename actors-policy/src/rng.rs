//! Random numbers for policies: small, fast, seedable. They are not for secrets.

/// The step of SplitMix64's counter: 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
/// OOPSLA 2014).
#[inline]
pub(crate) fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(STEP);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number from 0 up to, but not including, 1.
#[inline]
pub(crate) fn unit(random: u64) -> f64 {
    (random >> 11) as f64 / (1u64 << 53) as f64
}

/// One stream of random numbers: SplitMix64, a counter and its finaliser.
#[derive(Clone, Copy, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The stream of this seed.
    #[inline]
    pub fn new(seed: u64) -> Self {
        Rng { state: seed }
    }

    /// The next number.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let random = self.nth(0);
        self.state = self.state.wrapping_add(STEP);
        random
    }

    /// The number that [`next_u64`](Rng::next_u64) returns after `n` calls. It serves threads that
    /// share a stream and count its numbers in an atomic counter.
    #[inline]
    pub fn nth(&self, n: u64) -> u64 {
        splitmix(self.state.wrapping_add(n.wrapping_mul(STEP)))
    }

    /// A number below `bound`, which is not 0: the upper half of a product (Lemire: Fast random
    /// integer generation in an interval, 2019), without the rejection step: for bounds under 2^24
    /// no number is favoured by more than 2^-40.
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// True with this probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && unit(self.next_u64()) < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o5_every_number_below_the_bound_comes_equally_often() {
        let mut rng = Rng::new(7);
        let mut seen = [0u32; 10];
        (0..100_000).for_each(|_| seen[rng.below(10)] += 1);
        // Chi-squared with 9 degrees of freedom; 27.9 is exceeded once in a thousand seeds.
        let chi: f64 = seen.iter().map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi < 27.9, "{seen:?}");
    }

    #[test]
    fn o5_the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            [(); 8].map(|()| rng.next_u64())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn o5_the_nth_number_is_the_one_that_n_calls_later_is_next() {
        let (fixed, mut rng) = (Rng::new(3), Rng::new(3));
        assert!((0..100).all(|n| fixed.nth(n) == rng.next_u64()));
    }
}
