//! Which messages are refused before the mailbox: one number, for one load and one comparison (P3).

use crate::Priority;
use crate::rng::splitmix;

/// The bits of the share of the lane that is admitted in part, in units of 2^-24. Above them are
/// the lane, and a bit that says that any message is refused.
const SHARE_BITS: u32 = 24;
const WHOLE: u32 = 1 << SHARE_BITS;
/// The bits of the lane, without the bit that says that there is one.
const LANE_BITS: u32 = 2;
const IS_SHUT: u32 = 1 << (SHARE_BITS + LANE_BITS);

/// A moving threshold in the order of priorities. Lanes below it are refused, one lane is admitted
/// in part, and lanes above pass. `urgent` always passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threshold(u32);

impl Threshold {
    /// Refuses no message; its bits are 0.
    pub const OPEN: Threshold = Threshold(0);

    /// Refuses lanes below `lane`, and admits this share of `lane`, from 0 to 1.
    pub fn new(lane: usize, share: f64) -> Self {
        let parts = (share.clamp(0.0, 1.0) * f64::from(WHOLE)) as u32;
        // Admitting all of a lane equals refusing none of the next lower one.
        let (lane, parts) = if parts >= WHOLE { (lane.wrapping_sub(1), 0) } else { (lane, parts) };
        match lane {
            // There is no lane below the lowest.
            usize::MAX => Threshold::OPEN,
            _ => Threshold(IS_SHUT | (lane.min(Priority::Urgent.lane()) as u32) << SHARE_BITS | parts),
        }
    }

    /// The threshold of these [`bits`](Threshold::bits).
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Threshold(bits)
    }

    /// The threshold as a word that senders load.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether no message is refused.
    #[inline]
    pub const fn is_open(self) -> bool {
        self.0 == 0
    }

    /// Whether a message of this lane, 0 to 3, may enter the mailbox. `random` is any number that
    /// differs for each message, for example a counter.
    #[inline]
    pub fn admits(self, lane: usize, random: u64) -> bool {
        if self.is_open() || lane >= Priority::Urgent.lane() || lane > self.lane() {
            return true;
        }
        let drawn = (splitmix(random) >> (u64::BITS - SHARE_BITS)) as u32;
        lane == self.lane() && drawn < self.0 % WHOLE
    }

    /// The lane that is admitted in part.
    #[inline]
    pub fn lane(self) -> usize {
        (self.0 >> SHARE_BITS) as usize % (1 << LANE_BITS)
    }

    /// The admitted share of that lane.
    pub fn share(self) -> f64 {
        if self.is_open() { 1.0 } else { f64::from(self.0 % WHOLE) / f64::from(WHOLE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(threshold: Threshold) -> [f64; 4] {
        std::array::from_fn(|lane| {
            let lane = Priority::ALL[lane];
            (0..10_000).filter(|random| threshold.admits(lane.lane(), *random)).count() as f64 / 10_000.0
        })
    }

    #[test]
    fn p3_lanes_below_are_refused_one_has_a_share_and_those_above_pass() {
        assert_eq!(admitted(Threshold::OPEN), [1.0; 4]);
        let [low, normal, high, urgent] = admitted(Threshold::new(1, 0.25));
        assert_eq!((low, high, urgent), (0.0, 1.0, 1.0));
        assert!((normal - 0.25).abs() < 0.02, "{normal}");
        assert_eq!(admitted(Threshold::new(2, 0.0)), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn p3_urgent_passes_every_threshold_there_is() {
        for lane in 0..4 {
            assert!((0..1000).all(|random| Threshold::new(lane, 0.0).admits(3, random)), "{lane}");
        }
        assert!((0..1000).all(|random| Threshold::from_bits(u32::MAX).admits(3, random)));
    }

    #[test]
    fn p3_open_is_0_and_survives_the_way_through_bits() {
        assert_eq!((Threshold::OPEN.bits(), Threshold::new(0, 1.0)), (0, Threshold::OPEN));
        assert_eq!(Threshold::new(2, 1.0), Threshold::new(1, 0.0), "nothing below all of a lane");
        for (lane, share) in [(0, 0.0), (0, 0.5), (1, 0.999), (2, 0.0)] {
            let threshold = Threshold::from_bits(Threshold::new(lane, share).bits());
            assert!(!threshold.is_open() && threshold.lane() == lane, "{threshold:?}");
            assert!((threshold.share() - share).abs() < 1e-6, "{threshold:?}");
        }
    }
}
