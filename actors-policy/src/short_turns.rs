//! Whether turns of a message type are so short that its senders may run them (S6).
//!
//! A look at the clock costs more than a tiny turn, so of those not every one is timed: the first one is, and then one in
//! sixteen. A turn that is timed also pays for the others' part of its task's cooperative budget, as a claim does. A
//! turn that was seen to be long keeps senders from running any for a while, twice as long each time, until turns are seen to
//! be short again: a maximum that decays with use.

use std::time::Duration;

/// Longer turns are the actor's own affair: a sender loses about as much by waking somebody.
const SHORT: Duration = Duration::from_micros(5);
/// Turns between two that are timed, where they are tiny: so many and up to fifteen more, so that what comes in a rhythm is found
/// too. Others are all timed.
const UNTIMED: u8 = 8;
/// A tenth of it is what a look at the clock costs.
const TINY: Duration = Duration::from_nanos(500);
/// Turns that are timed after a long one: of a type of which one turn in twenty is long, another one is nearly always among them.
const WATCHED: u8 = 64;
/// Sends that go by before a turn is donated again, after the first long one.
const PAUSE: u16 = 64;
/// The longest pause is this many times doubled: 65,536 sends, of which one may be unlucky.
const DOUBLED_MAX: u8 = 10;

/// Waits that were in vain double the sends between two of them this often at most. For a tell one in 4096, which costs nothing: the
/// other way, through the queue, is cheap for its sender. For an ask one in 64: the other way is a round through the scheduler.
const IN_VAIN_MAX: u8 = 12;
const IN_VAIN_MAX_ASK: u8 = 6;

/// What is known of a type's turns.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShortTurns {
    /// Sends that still go by.
    pause: u32,
    untimed: u8,
    doubled: u8,
    /// Turns that are all timed, because one was seen to be long: it may have been cold, or its thread may have been taken off; but
    /// another one soon after it says that this is how the type is.
    watched: u8,
    scatter: u8,
    /// Sends that do not wait for the seat, and how often their number was doubled.
    hasty: u16,
    in_vain: u8,
}

/// Whether a sender may run the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Donation {
    /// No.
    No,
    /// Yes.
    Yes,
    /// And it is to be timed.
    Timed,
}

impl ShortTurns {
    /// Whether the next send may run its turn.
    #[inline]
    pub fn donation(&mut self) -> Donation {
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
    #[inline]
    pub fn took(&mut self, span: Duration) {
        if span >= SHORT {
            if self.watched > 0 {
                self.pause = u32::from(PAUSE) << self.doubled;
                self.doubled = (self.doubled + 1).min(DOUBLED_MAX);
            }
            (self.watched, self.untimed) = (WATCHED, 0);
        } else if self.watched > 0 {
            self.watched -= 1;
            self.doubled -= u8::from(self.watched == 0 && self.doubled > 0);
        } else {
            // A generator of all bytes in an order that has no pattern at this length; its upper half is used (Knuth, 3.2.1.2).
            self.scatter = self.scatter.wrapping_mul(5).wrapping_add(1);
            self.untimed = if span < TINY { UNTIMED + (self.scatter >> 4) } else { 0 };
        }
    }

    /// The actor is at work: whether it is worth a microsecond to wait until it is not. Once a task and its sender go at the
    /// same speed, each always finds the other at work, and both lose by it; a short wait ends that. Where it was in vain, the
    /// next one comes after twice as many sends.
    #[inline]
    pub fn may_wait(&mut self) -> bool {
        if self.pause > 0 || self.watched > 0 {
            return false;
        }
        let may = self.hasty == 0;
        self.hasty = self.hasty.saturating_sub(1);
        may
    }

    /// Records a wait for the seat.
    #[inline]
    pub fn waited(&mut self, in_vain: bool, is_ask: bool) {
        let max = if is_ask { IN_VAIN_MAX_ASK } else { IN_VAIN_MAX };
        self.in_vain = if in_vain { (self.in_vain + 1).min(max) } else { 0 };
        self.hasty = if in_vain { 1 << self.in_vain } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_micros(5);
    const QUICK: Duration = Duration::from_nanos(50);

    fn donated(turns: &mut ShortTurns, sends: u32, takes: Duration) -> (u32, u32) {
        let (mut donated, mut timed) = (0, 0);
        for _ in 0..sends {
            match turns.donation() {
                Donation::No => {}
                Donation::Yes => donated += 1,
                Donation::Timed => {
                    (donated, timed) = (donated + 1, timed + 1);
                    turns.took(takes);
                }
            }
        }
        (donated, timed)
    }

    #[test]
    fn s6_short_turns_are_donated_and_one_in_sixteen_is_timed() {
        let (donated, timed) = donated(&mut ShortTurns::default(), 1600, QUICK);
        assert!(donated == 1600 && (90..=110).contains(&timed), "{timed} of {donated} were timed");
    }

    #[test]
    fn s6_long_turns_are_hardly_ever_donated() {
        let (donated, _) = donated(&mut ShortTurns::default(), 1_000_000, LONG);
        assert!(donated < 32, "{donated} senders ran long turns");
    }

    #[test]
    fn s6_a_type_of_which_one_turn_in_ten_is_long_is_hardly_ever_donated() {
        let (mut turns, mut donated, mut long) = (ShortTurns::default(), 0, 0);
        for send in 0..1_000_000 {
            let takes = if send % 10 == 9 { LONG } else { QUICK };
            let donation = turns.donation();
            donated += u32::from(donation != Donation::No);
            long += u32::from(donation != Donation::No && takes == LONG);
            if donation == Donation::Timed {
                turns.took(takes);
            }
        }
        assert!(long < 2000, "{long} senders ran long turns, of {donated} in all");
    }

    #[test]
    fn s6_a_type_that_turns_short_again_is_donated_again() {
        let mut turns = ShortTurns::default();
        donated(&mut turns, 1000, LONG);
        let (again, _) = donated(&mut turns, 10_000, QUICK);
        assert!(again > 8000, "{again}");
    }
}
