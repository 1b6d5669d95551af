//! Whether turns of a message type are so short that its senders may run them (S6).
//!
//! A look at the clock costs more than a tiny turn, so of those not every one is timed: the first one is, and then one in
//! sixteen. A turn that is timed also pays for the others' part of its task's cooperative budget, as a claim does. A
//! turn that was seen to be long keeps senders from running any for a while, twice as long each time, until turns are seen to
//! be short again: a maximum that decays with use.

use std::time::Duration;

/// Longer turns are the actor's own affair: a sender loses about as much by waking somebody.
const SHORT: Duration = Duration::from_micros(5);
/// Turns between two that are timed, where they are tiny; others are all timed.
const UNTIMED: u8 = 15;
/// A tenth of it is what a look at the clock costs.
const TINY: Duration = Duration::from_nanos(500);
/// Sends that go by before a turn is donated again, after the first long one.
const PAUSE: u16 = 64;
/// The longest pause is this many times doubled: 65,536 sends, of which one may be unlucky.
const DOUBLED_MAX: u8 = 10;

/// Waits that were in vain double the sends between two of them this often at most: one in 4096 costs nothing.
const IN_VAIN_MAX: u8 = 12;

/// What is known of a type's turns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Swift {
    /// Sends that still go by.
    pause: u32,
    untimed: u8,
    doubled: u8,
    /// A turn before this one was seen to be long; one alone may have been cold, or its thread may have been taken off.
    is_suspect: bool,
    /// Sends that do not wait for the seat, and how often their number was doubled.
    hasty: u16,
    in_vain: u8,
}

/// Whether a sender may run the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Donation {
    No,
    Yes,
    /// And it is to be timed.
    Timed,
}

impl Swift {
    #[inline]
    pub(crate) fn next(&mut self) -> Donation {
        if self.pause > 0 {
            self.pause -= 1;
            return Donation::No;
        }
        match self.untimed.checked_sub(1) {
            None => Donation::Timed,
            Some(untimed) => {
                self.untimed = untimed;
                Donation::Yes
            }
        }
    }

    /// A timed turn took this long.
    pub(crate) fn took(&mut self, span: Duration) {
        let was_suspect = std::mem::replace(&mut self.is_suspect, span >= SHORT);
        if span < SHORT {
            self.untimed = if span < TINY { UNTIMED } else { 0 };
            self.doubled = self.doubled.saturating_sub(1);
        } else {
            self.untimed = 0;
            if was_suspect {
                self.pause = u32::from(PAUSE) << self.doubled;
                self.doubled = (self.doubled + 1).min(DOUBLED_MAX);
            }
        }
    }

    /// The actor is at work: whether it is worth a microsecond to wait until it is not. Once a task and its sender go at the
    /// same speed, each always finds the other at work, and both lose by it; a short wait ends that. Where it was in vain, the
    /// next one comes after twice as many sends.
    pub(crate) fn may_wait(&mut self) -> bool {
        if self.pause > 0 || self.is_suspect {
            return false;
        }
        let may = self.hasty == 0;
        self.hasty = self.hasty.saturating_sub(1);
        may
    }

    pub(crate) fn waited(&mut self, in_vain: bool) {
        self.in_vain = if in_vain { (self.in_vain + 1).min(IN_VAIN_MAX) } else { 0 };
        self.hasty = if in_vain { 1 << self.in_vain } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_micros(5);
    const QUICK: Duration = Duration::from_nanos(50);

    fn donated(swift: &mut Swift, sends: u32, takes: Duration) -> (u32, u32) {
        let (mut donated, mut timed) = (0, 0);
        for _ in 0..sends {
            match swift.next() {
                Donation::No => {}
                Donation::Yes => donated += 1,
                Donation::Timed => {
                    (donated, timed) = (donated + 1, timed + 1);
                    swift.took(takes);
                }
            }
        }
        (donated, timed)
    }

    #[test]
    fn s6_short_turns_are_donated_and_one_in_sixteen_is_timed() {
        assert_eq!(donated(&mut Swift::default(), 1600, QUICK), (1600, 100));
    }

    #[test]
    fn s6_long_turns_are_hardly_ever_donated() {
        let (donated, _) = donated(&mut Swift::default(), 1_000_000, LONG);
        assert!(donated < 32, "{donated} senders ran long turns");
    }

    #[test]
    fn s6_a_type_that_turns_short_again_is_donated_again() {
        let mut swift = Swift::default();
        donated(&mut swift, 1000, LONG);
        let (again, _) = donated(&mut swift, 10_000, QUICK);
        assert!(again > 8000, "{again}");
    }
}
