//! Weighted sharing: every lane gets a part of the turns, or of the handling time.
//!
//! Both are deficit round robin (Shreedhar, Varghese: Efficient fair queueing using deficit round
//! robin, SIGCOMM 1995), higher lanes first. In each round a lane may use the credit that its
//! weight gives it. The next round begins when no lane with a message has credit left. A lane
//! cannot save up credit that it did not use.

use super::TURNS_MAX;
use crate::Priority;
use std::time::Duration;

/// The weight of each lane, lowest first.
const WEIGHTS: [u16; Priority::COUNT] = [1, 2, 4, 8];

/// Shares turns 8 : 4 : 2 : 1. A lane with a message waits for at most the other lanes' part of two
/// rounds: the rest of the current round, and the higher lanes' part of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// Turns left in this round.
    credit: [u16; Priority::COUNT],
}

impl Default for Weighted {
    fn default() -> Self {
        Weighted { credit: WEIGHTS }
    }
}

impl Weighted {
    #[inline]
    fn round(&self, busy: [bool; Priority::COUNT]) -> [u16; Priority::COUNT] {
        match (0..Priority::COUNT).any(|lane| busy[lane] && self.credit[lane] > 0) {
            true => self.credit,
            false => WEIGHTS,
        }
    }

    /// Returns the lane to serve next and for how many turns; `None` when no lane has a runnable
    /// message.
    #[inline]
    pub fn next(&self, busy: [bool; Priority::COUNT]) -> Option<(usize, u16)> {
        let credit = self.round(busy);
        let lane = (0..Priority::COUNT).rev().find(|&lane| busy[lane] && credit[lane] > 0)?;
        Some((lane, credit[lane]))
    }

    /// Records that `turns` messages of `lane` were taken; `busy` is the state before they were.
    #[inline]
    pub fn took(&mut self, lane: usize, turns: u16, busy: [bool; Priority::COUNT]) {
        self.credit = self.round(busy);
        self.credit[lane] = self.credit[lane].saturating_sub(turns);
    }
}

/// Credit per unit of weight in a round. Long compared with the cost of taking a turn, short
/// compared with what a person notices.
const PART_NS: i64 = 100_000;
/// Weight of the newest turns in a lane's mean, as a shift: an eighth.
const NEWEST: u32 = 3;

/// Shares handling time 8 : 4 : 2 : 1. A turn is never cut short, so a lane may go into debt. It
/// then waits until its credit is positive again. Over many turns the shares are exact, however
/// long the turns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightedByTime {
    credit_ns: [i64; Priority::COUNT],
    /// The mean length of a turn of each lane, which says how many turns fit into the lane's
    /// credit.
    mean_ns: [i64; Priority::COUNT],
}

impl Default for WeightedByTime {
    fn default() -> Self {
        // Turns of unknown length are taken one at a time.
        WeightedByTime { credit_ns: [0; Priority::COUNT], mean_ns: [i64::MAX / 2; Priority::COUNT] }
    }
}

impl WeightedByTime {
    fn part(lane: usize) -> i64 {
        i64::from(WEIGHTS[lane]) * PART_NS
    }

    /// The credits after the fewest rounds that give a lane with a message credit.
    #[inline]
    fn round(&self, busy: [bool; Priority::COUNT]) -> [i64; Priority::COUNT] {
        let mut credit = self.credit_ns;
        if (0..Priority::COUNT).any(|lane| busy[lane] && credit[lane] > 0) {
            return credit;
        }
        let rounds = |lane: usize| (-credit[lane]) / Self::part(lane) + 1;
        let rounds = (0..Priority::COUNT).filter(|&lane| busy[lane]).map(rounds).min().unwrap_or(0);
        for (lane, credit) in credit.iter_mut().enumerate() {
            let part = Self::part(lane);
            // A lane keeps at most one round's credit.
            *credit = credit.saturating_add(part.saturating_mul(rounds)).min(part);
        }
        credit
    }

    /// Returns the lane to serve next and for how many turns; `None` when no lane has a runnable
    /// message.
    #[inline]
    pub fn next(&self, busy: [bool; Priority::COUNT]) -> Option<(usize, u16)> {
        let credit = self.round(busy);
        let lane = (0..Priority::COUNT).rev().find(|&lane| busy[lane] && credit[lane] > 0)?;
        let turns = (credit[lane] / self.mean_ns[lane].max(1)).clamp(1, i64::from(TURNS_MAX));
        Some((lane, turns as u16))
    }

    /// Records that messages of `lane` were taken; `busy` is the state before they were. The length
    /// of their turns follows in [`spent`](Self::spent).
    #[inline]
    pub fn took(&mut self, _lane: usize, _turns: u16, busy: [bool; Priority::COUNT]) {
        self.credit_ns = self.round(busy);
    }

    /// Records that `turns` turns of `lane` took `span` together.
    #[inline]
    pub fn spent(&mut self, lane: usize, turns: u16, span: Duration) {
        if turns == 0 {
            return;
        }
        let span_ns = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        self.credit_ns[lane] = self.credit_ns[lane].saturating_sub(span_ns);
        let (mean, seen) = (&mut self.mean_ns[lane], span_ns / i64::from(turns));
        // The first turns and slower ones replace the mean at once; faster ones move it by an
        // eighth.
        *mean = if seen > *mean || *mean == i64::MAX / 2 { seen } else { *mean + ((seen - *mean) >> NEWEST) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// The shares of many turns, where the lanes in `busy` always have messages.
    fn shares(busy: [bool; 4], turns: u32) -> [f64; 4] {
        let mut schedule = Weighted::default();
        let mut served = [0u32; 4];
        let mut sum = 0;
        while sum < turns {
            let (lane, turns) = schedule.next(busy).unwrap();
            schedule.took(lane, turns, busy);
            served[lane] += u32::from(turns);
            sum += u32::from(turns);
        }
        served.map(|n| f64::from(n) / f64::from(sum))
    }

    #[test]
    fn s2_weighted_lanes_share_turns_8_to_4_to_2_to_1() {
        for mask in 1..16usize {
            let busy = std::array::from_fn(|lane| mask & (1 << lane) != 0);
            let whole: u16 = (0..4).filter(|&lane| busy[lane]).map(|lane| WEIGHTS[lane]).sum();
            for (lane, share) in shares(busy, 150_000).into_iter().enumerate() {
                let due = if busy[lane] { f64::from(WEIGHTS[lane]) / f64::from(whole) } else { 0.0 };
                assert!((share - due).abs() < 0.001, "{busy:?}: lane {lane} has {share}, not {due}");
            }
        }
    }

    #[test]
    fn s2_weighted_no_lane_waits_for_more_than_two_rounds() {
        // The other lanes become busy and idle at random; `lane` always has a message.
        for (lane, weight) in WEIGHTS.into_iter().enumerate() {
            let mut schedule = Weighted::default();
            let mut rng = crate::Rng::new(lane as u64);
            let mut waited = 0;
            for _ in 0..100_000 {
                let busy = std::array::from_fn(|other| other == lane || rng.chance(0.5));
                let (next, _) = schedule.next(busy).unwrap();
                schedule.took(next, 1, busy);
                waited = if next == lane { 0 } else { waited + 1 };
                assert!(waited <= 2 * (15 - weight), "lane {lane} waits for {waited} turns");
            }
        }
    }

    #[test]
    fn s2_by_time_lanes_share_time_8_to_4_to_2_to_1_however_long_their_turns_are() {
        for turn_ns in [[MS, MS, MS, MS], [9 * MS, 500, 40_000, 3 * MS], [100, 100, 100, 50 * MS]] {
            let mut schedule = WeightedByTime::default();
            let mut spent = [0u64; 4];
            for _ in 0..400_000 {
                let (lane, turns) = schedule.next([true; 4]).unwrap();
                schedule.took(lane, turns, [true; 4]);
                let span = turn_ns[lane] * u64::from(turns);
                schedule.spent(lane, turns, Duration::from_nanos(span));
                spent[lane] += span;
            }
            let whole: u64 = spent.iter().sum();
            for (lane, weight) in WEIGHTS.into_iter().enumerate() {
                let (share, due) = (spent[lane] as f64 / whole as f64, f64::from(weight) / 15.0);
                assert!((share - due).abs() < 0.02, "{turn_ns:?}: lane {lane} has {share}, not {due}");
            }
        }
    }

    #[test]
    fn s2_by_time_a_lane_that_was_idle_has_saved_nothing_up() {
        let mut schedule = WeightedByTime::default();
        let only_low = [true, false, false, false];
        for _ in 0..1000 {
            let (lane, turns) = schedule.next(only_low).unwrap();
            schedule.took(lane, turns, only_low);
            schedule.spent(lane, turns, Duration::from_millis(1));
        }
        // `low` is served again before `urgent` has had more than one round's part on top of its
        // debt.
        let mut urgent_ns = 0;
        loop {
            let (lane, turns) = schedule.next([true, false, false, true]).unwrap();
            schedule.took(lane, turns, [true, false, false, true]);
            if lane == 0 {
                break;
            }
            urgent_ns += 50_000;
            schedule.spent(lane, turns, Duration::from_micros(50));
        }
        assert!(urgent_ns <= 12 * 8 * PART_NS, "{urgent_ns}");
    }
}
