//! Early random drop: a few losses before the mailbox is full, spread over time, instead of many in
//! a row once it is.
//!
//! The curve is that of Floyd: Recommendation on using the "gentle_" variant of RED (2000). The
//! probability rises gently first and steeply later, and never jumps. RED averages the queue's
//! length over time, because a router's queue of milliseconds must absorb bursts. Here the queue
//! absorbs the burst, and what counts is the room left in it.

use crate::InvalidPolicy;
use crate::fill::{of_steps, steps};

/// The probability of a drop at the knee, half way between the beginning and full.
const AT_KNEE: f64 = 0.1;
/// Where early random drop begins, and how probable it is at a given fill.
///
/// ```text
///   1.0 ┤                    ╱│
///       │                  ╱  │
///   0.1 ┤          __----╱    │
///   0.0 ┼─────────┴──────┴────┤
///                from  knee  full
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ramp {
    from: u16,
}

impl Ramp {
    /// Creates a ramp that begins at this fill, 0 to 1, kept to four digits. The policy's check
    /// refuses other values.
    pub const fn from(fill: f64) -> Self {
        // A ramp that begins at a full mailbox would have no effect.
        Ramp { from: if fill < 1.0 { steps(fill) } else { u16::MAX } }
    }

    /// The fill at which it begins.
    #[inline]
    pub fn begins(&self) -> f64 {
        of_steps(self.from)
    }

    pub(crate) fn check(&self) -> Result<(), InvalidPolicy> {
        if self.from != u16::MAX {
            return Ok(());
        }
        Err(InvalidPolicy::new(
            "overflow",
            "`drop_random` begins at a fill from 0 up to, but not including, 1; write `from = 0.5`",
        ))
    }

    /// The probability that a newcomer costs a message of its type although there is room.
    #[inline]
    pub fn probability(&self, fill: f64) -> f64 {
        let from = self.begins();
        let knee = (from + 1.0) / 2.0;
        if fill <= from {
            0.0
        } else if fill < knee {
            AT_KNEE * (fill - from) / (knee - from)
        } else {
            (AT_KNEE + (1.0 - AT_KNEE) * (fill - knee) / (1.0 - knee)).min(1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o5_the_ramp_rises_from_nothing_through_a_tenth_to_certainty_without_a_jump() {
        let ramp = Ramp::from(0.5);
        for (fill, expected) in
            [(0.0, 0.0), (0.5, 0.0), (0.625, 0.05), (0.75, 0.1), (0.875, 0.55), (1.0, 1.0)]
        {
            assert!((ramp.probability(fill) - expected).abs() < 1e-9, "{fill}: {}", ramp.probability(fill));
        }
        for from in [0.0, 0.3, 0.5, 0.9] {
            let ramp = Ramp::from(from);
            let at = |step: u32| ramp.probability(f64::from(step) / 1000.0);
            for step in 1..=1000 {
                assert!(
                    at(step) >= at(step - 1) && at(step) - at(step - 1) < 0.02 / (1.0 - from),
                    "{from} {step}"
                );
            }
        }
    }

    #[test]
    fn o5_a_ramp_outside_of_0_to_1_is_refused() {
        for step in 0..10_000u16 {
            let ramp = Ramp::from(f64::from(step) / 10_000.0);
            assert_eq!(
                (ramp.from, Ramp::from(ramp.begins())),
                (step, ramp),
                "what is kept is kept to the digit"
            );
        }
        for fill in [-0.1, 1.0, 7.0, f64::NAN] {
            assert!(Ramp::from(fill).check().is_err(), "{fill}");
        }
        assert!(Ramp::from(0.0).check().is_ok() && Ramp::from(0.999).check().is_ok());
    }
}
