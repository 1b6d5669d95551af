//! Who is refused before the mailbox: one number, for one load and one compare (P3).

use crate::Priority;
use crate::rng::splitmix;

/// The share of the lane that is partly admitted lies in these bits, in parts of 2^24; above them, the lane, and above it a bit that
/// says that somebody is refused at all.
const SHARE_BITS: u32 = 24;
const WHOLE: u32 = 1 << SHARE_BITS;
/// Where the lane is, and the bit that says that there is one.
const LANE_BITS: u32 = 2;
const IS_SHUT: u32 = 1 << (SHARE_BITS + LANE_BITS);

/// A moving threshold in the order of priorities: lanes below one are refused altogether, of that one a share is admitted, lanes
/// above it pass. `urgent` always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threshold(u32);

impl Threshold {
    /// Refuses nobody; its bits are 0.
    pub const OPEN: Threshold = Threshold(0);

    /// Lanes below `lane` are refused, and of `lane` this share is admitted, from 0 to 1.
    pub fn new(lane: usize, share: f64) -> Self {
        let parts = (share.clamp(0.0, 1.0) * f64::from(WHOLE)) as u32;
        // All of a lane is nothing of the next lower one refused.
        let (lane, parts) = if parts >= WHOLE { (lane.wrapping_sub(1), 0) } else { (lane, parts) };
        match lane {
            // Below the lowest lane there is nobody.
            usize::MAX => Threshold::OPEN,
            _ => Threshold(IS_SHUT | (lane.min(Priority::Urgent.lane()) as u32) << SHARE_BITS | parts),
        }
    }

    /// What [`bits`](Threshold::bits) gave.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Threshold(bits)
    }

    /// To be kept in a word that senders read.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nobody is refused.
    #[inline]
    pub const fn is_open(self) -> bool {
        self.0 == 0
    }

    /// Whether a message of this lane, 0 to 3, may go on to the mailbox. `random` is any number that no other message has, a counter
    /// for example.
    #[inline]
    pub fn admits(self, lane: usize, random: u64) -> bool {
        if self.is_open() || lane >= Priority::Urgent.lane() || lane > self.lane() {
            return true;
        }
        let drawn = (splitmix(random) >> (u64::BITS - SHARE_BITS)) as u32;
        lane == self.lane() && drawn < self.0 % WHOLE
    }

    /// The lane that is partly admitted.
    #[inline]
    pub fn lane(self) -> usize {
        (self.0 >> SHARE_BITS) as usize % (1 << LANE_BITS)
    }

    /// How much of it is.
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
