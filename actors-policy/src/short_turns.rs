//! Whether turns of a message type are so short that its senders may run them (S6).
//!
//! Reading the clock costs more than a tiny turn, so only some tiny turns are timed: the first one,
//! and then about one in sixteen. A timed turn also charges the untimed ones to its task's
//! cooperative budget, as a claim does. After a long turn, senders run no turn for a pause that
//! doubles each time, until turns are short again: a maximum that decays with use. The turn of an
//! `async fn` that had to wait is a long one.

use std::time::Duration;

/// The longest turn that senders run. For longer ones a sender loses about as much as by waking the
/// actor task.
const SHORT: Duration = Duration::from_micros(5);
/// The least number of untimed turns between two timed ones, where turns are tiny. Up to fifteen
/// more are added at random, so that periodic long turns are found too. Turns that are not tiny are
/// all timed.
const UNTIMED: u8 = 8;
/// Below this length turns are tiny: reading the clock costs about a tenth of it.
const TINY: Duration = Duration::from_nanos(500);
/// The number of turns timed after a long one. Where one turn in twenty is long, these nearly
/// always include another.
const WATCHED: u8 = 64;
/// The number of sends in the pause after the first long turn.
const PAUSE: u16 = 64;
/// The most doublings of the pause: up to 65,536 sends.
const DOUBLED_MAX: u8 = 10;

/// The most doublings of the number of sends between two futile waits for the seat. For a tell one
/// send in 4096 waits, because its alternative, the queue, is cheap. For an ask one in 64 does,
/// because its alternative is a round trip through the scheduler.
const IN_VAIN_MAX: u8 = 12;
const IN_VAIN_MAX_ASK: u8 = 6;

/// The most tells that are left out at a time because turns are not short: few enough that a type
/// whose turns are short again is soon tried.
const LEFT_OUT_MAX: u16 = 16;

/// What is known about the turns of a message type.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShortTurns {
    /// Sends left in the pause.
    pause: u32,
    untimed: u8,
    doubled: u8,
    /// Turns left that are all timed because one was long. That one may have been cold, or its
    /// thread preempted; another long one soon after it is typical of the type.
    watched: u8,
    scatter: u8,
    /// Sends left that do not wait for the seat, and how often their number was doubled.
    hasty: u16,
    in_vain: u8,
}

/// What a send does while another has the seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileBusy {
    /// It waits a moment.
    Wait,
    /// It goes through the queue, and so do this many sends of its thread after it.
    Queue(u16),
}

/// Whether a sender may run the next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Donation {
    /// It may not.
    No,
    /// It may.
    Yes,
    /// It may, and must time the turn.
    Timed,
}

impl ShortTurns {
    /// Decides whether the next send may run its turn.
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

    /// Records the length of a timed turn.
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
            // A linear congruential generator that visits all bytes; its upper half is used (Knuth,
            // 3.2.1.2).
            self.scatter = self.scatter.wrapping_mul(5).wrapping_add(1);
            self.untimed = if span < TINY { UNTIMED + (self.scatter >> 4) } else { 0 };
        }
    }

    /// Takes sends off the pause, so that they need not ask: how many of a thread's next tells are
    /// not tried.
    pub fn leave_out(&mut self, is_ask: bool) -> u16 {
        if is_ask {
            return 0;
        }
        let sends = self.pause.min(LEFT_OUT_MAX.into());
        self.pause -= sends;
        sends as u16
    }

    /// Whether a send should wait about a microsecond for the seat while the actor is at work. When
    /// the actor task and a sender run at the same speed, each send finds the actor at work, and
    /// both are slower for it; a short wait ends that. After a futile wait, four times as many
    /// sends skip the next one; a tell says how many at once, so that they need not ask.
    #[inline]
    pub fn while_busy(&mut self, is_ask: bool) -> WhileBusy {
        if self.pause > 0 {
            return WhileBusy::Queue(self.leave_out(is_ask));
        }
        if self.watched > 0 {
            return WhileBusy::Queue(if is_ask { 0 } else { LEFT_OUT_MAX });
        }
        match self.hasty {
            0 => WhileBusy::Wait,
            _ if is_ask => {
                self.hasty -= 1;
                WhileBusy::Queue(0)
            }
            hasty => {
                self.hasty = 0;
                WhileBusy::Queue(hasty)
            }
        }
    }

    /// Records a wait for the seat. Where as many waits are futile as are not, further ones are
    /// soon rare: two steps up, one down.
    #[inline]
    pub fn waited(&mut self, in_vain: bool, is_ask: bool) {
        let max = if is_ask { IN_VAIN_MAX_ASK } else { IN_VAIN_MAX };
        self.in_vain = if in_vain { (self.in_vain + 2).min(max) } else { self.in_vain.saturating_sub(1) };
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

    /// The tells that are not tried after so many waits, of which each `n`th succeeds.
    fn untried(waits: u32, n: u32) -> u64 {
        let (mut turns, mut untried) = (ShortTurns::default(), 0);
        for wait in 1..=waits {
            while let WhileBusy::Queue(sends) = turns.while_busy(false) {
                assert!(sends > 0, "tells are left out in one go");
                untried += u64::from(sends);
            }
            turns.waited(wait % n != 0, false);
        }
        untried
    }

    #[test]
    fn s6_waits_that_are_often_in_vain_are_soon_rare() {
        assert!(untried(100, 1000) > 300_000, "one send in 4096 waits: {}", untried(100, 1000));
        assert!(untried(100, 2) > 50_000, "a wait that succeeds half the time is not worth it");
        assert!(untried(100, 1) == 0, "a wait that succeeds is always worth it");
        let mut turns = ShortTurns::default();
        (0..20).for_each(|_| turns.waited(true, true));
        let asks = (0..1000).filter(|_| turns.while_busy(true) == WhileBusy::Wait).count();
        assert!(asks > 900, "an ask leaves out at most 64 waits");
    }

    #[test]
    fn s6_a_type_that_turns_short_again_is_donated_again() {
        let mut turns = ShortTurns::default();
        donated(&mut turns, 1000, LONG);
        let (again, _) = donated(&mut turns, 10_000, QUICK);
        assert!(again > 8000, "{again}");
    }
}
