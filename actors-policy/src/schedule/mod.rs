//! Which lane has the next turn.

mod weighted;

pub use weighted::{Weighted, WeightedByTime};

use crate::{Priority, Schedule};
use std::time::Duration;

/// The most turns of higher lanes that a lane with a runnable message waits for (S2). Large enough
/// that priorities mean something, small enough that the lowest lane still makes progress when
/// every higher lane is flooded.
pub const TURNS_MAX: u16 = 32;

/// Strict priority with a starvation bound.
///
/// Each lane counts the turns of higher lanes it has waited for. A lane whose count is spent goes
/// first. Of several such lanes the *lowest* goes first, because its turn is not a turn of a higher
/// lane for any other. So the bound holds for every lane even when all are due at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strict {
    waited: [u16; Priority::COUNT],
}

impl Strict {
    /// The lane to serve next and for how many turns it may be served before anything else comes
    /// due. `busy[lane]` says whether the lane has a runnable message; `None` when none has.
    #[inline]
    pub fn next(&self, busy: [bool; Priority::COUNT]) -> Option<(usize, u16)> {
        let due = (0..Priority::COUNT).find(|&lane| busy[lane] && self.waited[lane] >= TURNS_MAX);
        let lane = due.or_else(|| (0..Priority::COUNT).rev().find(|&lane| busy[lane]))?;
        let turns = (0..lane).filter(|&lower| busy[lower]).map(|lower| TURNS_MAX - self.waited[lower]).min();
        // A due lane gets one turn, whichever other lanes wait.
        let turns = if due.is_some() { 1 } else { turns.unwrap_or(TURNS_MAX) };
        Some((lane, turns))
    }

    /// Records that `turns` messages of `lane` were taken; `busy` is the state before they were.
    #[inline]
    pub fn took(&mut self, lane: usize, turns: u16, busy: [bool; Priority::COUNT]) {
        self.waited[lane] = 0;
        for lower in (0..lane).filter(|&lower| busy[lower]) {
            self.waited[lower] = (self.waited[lower] + turns).min(TURNS_MAX);
        }
    }

    /// Records that `lane` got its first message while `turns` of a higher lane are already taken
    /// and will run first.
    #[inline]
    pub fn woke(&mut self, lane: usize, turns: u16) {
        self.waited[lane] = turns.min(TURNS_MAX);
    }
}

/// The state of whichever schedule was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// [`Schedule::Strict`]
    Strict(Strict),
    /// [`Schedule::Weighted`]
    Weighted(Weighted),
    /// Boxed, because it is large and rare.
    ByTime(Box<WeightedByTime>),
}

impl Lanes {
    /// The initial state.
    pub fn new(schedule: Schedule) -> Self {
        match schedule {
            Schedule::Strict => Lanes::Strict(Strict::default()),
            Schedule::Weighted => Lanes::Weighted(Weighted::default()),
            Schedule::WeightedByTime => Lanes::ByTime(Box::default()),
        }
    }

    /// Whether a message of a lane goes before all messages of lower lanes (S3).
    #[inline]
    pub fn outranks(&self) -> bool {
        matches!(self, Lanes::Strict(_))
    }

    /// Whether it needs the length of turns.
    #[inline]
    pub fn is_timed(&self) -> bool {
        matches!(self, Lanes::ByTime(_))
    }

    /// The lane to serve next and for how many turns; `None` when no lane has a runnable message.
    #[inline]
    pub fn next(&self, busy: [bool; Priority::COUNT]) -> Option<(usize, u16)> {
        match self {
            Lanes::Strict(lanes) => lanes.next(busy),
            Lanes::Weighted(lanes) => lanes.next(busy),
            Lanes::ByTime(lanes) => lanes.next(busy),
        }
    }

    /// Records that `turns` messages of `lane` were taken; `busy` is the state before they were.
    #[inline]
    pub fn took(&mut self, lane: usize, turns: u16, busy: [bool; Priority::COUNT]) {
        match self {
            Lanes::Strict(lanes) => lanes.took(lane, turns, busy),
            Lanes::Weighted(lanes) => lanes.took(lane, turns, busy),
            Lanes::ByTime(lanes) => lanes.took(lane, turns, busy),
        }
    }

    /// Records that `lane` got its first message while `turns` of a higher lane are already taken.
    #[inline]
    pub fn woke(&mut self, lane: usize, turns: u16) {
        if let Lanes::Strict(lanes) = self {
            lanes.woke(lane, turns);
        }
    }

    /// Records how long the turns that were taken last took.
    #[inline]
    pub fn spent(&mut self, lane: usize, turns: u16, span: Duration) {
        if let Lanes::ByTime(lanes) = self {
            lanes.spent(lane, turns, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves one turn at a time while the busy lanes never change.
    fn serve(schedule: &mut Strict, busy: [bool; 4]) -> usize {
        let (lane, _) = schedule.next(busy).unwrap();
        schedule.took(lane, 1, busy);
        lane
    }

    #[test]
    fn s2_nothing_runnable_means_no_turn() {
        assert_eq!(Strict::default().next([false; 4]), None);
    }

    #[test]
    fn s2_the_highest_lane_goes_first() {
        assert_eq!(Strict::default().next([true, true, false, false]), Some((1, TURNS_MAX)));
        assert_eq!(Strict::default().next([true; 4]), Some((3, TURNS_MAX)));
    }

    #[test]
    fn s2_no_lane_waits_for_more_than_32_turns_of_higher_lanes_even_when_all_are_due() {
        for mask in 1..16usize {
            let busy = std::array::from_fn(|lane| mask & (1 << lane) != 0);
            let mut schedule = Strict::default();
            let mut waited = [0u32; 4];
            for _ in 0..10_000 {
                let lane = serve(&mut schedule, busy);
                waited[lane] = 0;
                for lower in (0..lane).filter(|&lower| busy[lower]) {
                    waited[lower] += 1;
                    assert!(waited[lower] <= u32::from(TURNS_MAX), "lane {lower} of {busy:?} starves");
                }
            }
        }
    }

    #[test]
    fn s2_a_batch_never_outlasts_a_lower_lane_s_patience() {
        let mut schedule = Strict::default();
        let busy = [true, false, false, true];
        schedule.took(3, 20, busy);
        assert_eq!(schedule.next(busy), Some((3, 12)));
        schedule.took(3, 12, busy);
        assert_eq!(schedule.next(busy), Some((0, 1)));
    }
}
