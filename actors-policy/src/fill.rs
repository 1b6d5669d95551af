//! Fills: parts of a mailbox from 0 to 1, kept as four decimal digits.

/// Fills are kept in steps of this many to the whole, so that a fill fits two bytes and compares
/// exactly.
pub(crate) const STEPS: f64 = 10_000.0;
/// The part of a step that a fill may lack because its four digits have no exact binary form.
const SLACK: f64 = 1e-6;

/// A fill from 0 to 1 in steps; [`u16::MAX`] for anything else, which the check of the declaration
/// refuses.
pub(crate) const fn steps(fill: f64) -> u16 {
    if fill >= 0.0 && fill <= 1.0 { (fill * STEPS + SLACK) as u16 } else { u16::MAX }
}

/// The fill of this number of steps.
#[inline]
pub(crate) fn of_steps(steps: u16) -> f64 {
    f64::from(steps) / STEPS
}
