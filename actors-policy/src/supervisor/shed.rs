//! Which senders are refused before they touch the mailbox (P3).
//!
//! After Zhou et al.: Overload Control for Scaling WeChat Microservices (SoCC 2018, "DAGOR"). The
//! capacity of the service need not be known: a share of the offered messages is admitted, and it
//! shrinks by a twentieth under pressure and grows by a hundredth otherwise until it fits. Counts
//! of recent offers per lane turn the share into a threshold: whole lanes are refused, lowest
//! first, and one lane in part.

use super::controller::Sample;
use super::threshold::Threshold;
use crate::Tick;
use std::time::Duration;

/// How often the share changes. DAGOR takes a second, across machines. Here a step shows at once in
/// a queue whose target is some milliseconds. From everything to a tenth takes 45 steps.
const TICK: Duration = Duration::from_millis(50);
/// Under pressure the share is multiplied by this (DAGOR's alpha, 5 %).
const SHRINK: f64 = 0.95;
/// Otherwise this is added (DAGOR's beta, 1 %). Additive increase with multiplicative decrease
/// converges (Chiu, Jain, 1989), and it recovers from the floor in a hundred steps instead of four
/// hundred.
const GROW: f64 = 0.01;
/// The least share. Some messages always pass, so that samples show when the pressure is over.
const FLOOR: f64 = 0.02;
/// The most steps that one late sample makes up for. It says nothing about a longer time.
const STEPS_MAX: u32 = 10;
/// The part of the offered counts that decays in a tick: the counts cover about the last half
/// second.
const FORGET: f64 = 0.1;
/// The number of lanes that may be shed: all below `urgent`.
const LANES: usize = 3;
/// Below this total, nothing counts as offered.
const NOTHING: f64 = 0.01;

/// How the share changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// No message is refused.
    Off,
    /// There is pressure: even the quickest messages are late.
    Down,
    /// There is pressure, but only because the mailbox is nearly full.
    DownForRoom,
    /// The share stays: the backlog already shrinks, or a later action is to be released first.
    Hold,
    Up,
}

#[derive(Debug)]
pub(crate) struct Shed {
    share: f64,
    /// The least value of the share.
    least: f64,
    /// Messages offered per lane: the decayed count, and the cumulative count of the last sample.
    offered: [f64; LANES],
    counted: [u64; LANES],
    /// Messages offered since the last tick.
    newly: u64,
    ticked: Tick,
    /// Everything that had arrived by the last tick, refused or not.
    arrived: u64,
    /// Turns a second while there was pressure last.
    under_pressure: f64,
}

impl Shed {
    pub(crate) fn new() -> Self {
        Shed {
            share: 1.0,
            least: FLOOR,
            offered: [0.0; LANES],
            counted: [0; LANES],
            newly: 0,
            ticked: Tick::ZERO,
            arrived: 0,
            under_pressure: 0.0,
        }
    }

    /// Starts over after a pause in the samples, in which nothing was offered.
    pub(crate) fn begin(&mut self, now: Tick) {
        self.ticked = now;
    }

    /// Counts what was offered up to this sample.
    pub(crate) fn count(&mut self, sample: &Sample) {
        let counts = sample.offered.iter().zip(&self.counted);
        self.newly = counts.map(|(count, counted)| count.saturating_sub(*counted)).sum();
    }

    /// Moves the share by the ticks that have passed.
    pub(crate) fn saw(&mut self, sample: &Sample, direction: Direction, now: Tick) {
        if direction == Direction::Off {
            self.share = 1.0;
        }
        let steps = (now.since(self.ticked).as_nanos() / TICK.as_nanos()).min(u128::from(STEPS_MAX)) as u32;
        if steps == 0 {
            return;
        }
        let has_passed = self.has_passed(sample, now);
        if matches!(direction, Direction::Down | Direction::DownForRoom) {
            self.under_pressure = sample.drain_rate;
        }
        // A remainder shorter than a tick counts for the next sample.
        let made_up = self.ticked.after(TICK * steps);
        self.ticked = if now.since(made_up) < TICK { made_up } else { now };
        let keep = (1.0 - FORGET).powi(steps as i32);
        for (lane, offered) in self.offered.iter_mut().enumerate() {
            let count = sample.offered[lane];
            *offered = *offered * keep + count.saturating_sub(self.counted[lane]) as f64;
            self.counted[lane] = count;
        }
        match direction {
            _ if has_passed => self.share = 1.0,
            // With nothing to refuse, a change of the share would have no effect to learn from.
            Direction::Down | Direction::DownForRoom if self.total() < NOTHING => {}
            Direction::Down | Direction::DownForRoom => {
                self.least = if direction == Direction::Down { FLOOR } else { self.highest().max(FLOOR) };
                let shrunk = self.share * SHRINK.powi(steps as i32);
                self.share = shrunk.max(self.least).min(self.share);
            }
            Direction::Up => self.share = (self.share + GROW * f64::from(steps)).min(1.0),
            Direction::Off | Direction::Hold => {}
        }
    }

    /// Whether the load has passed (P8): the mailbox is empty, and the actor could have handled all
    /// that has arrived since the last tick. Growth by a hundredth alone would refuse for seconds
    /// after a pulse. What an actor can do shows under pressure: the time of a turn without a
    /// backlog includes a wake-up, so its rate alone would say that the load does not fit.
    fn has_passed(&mut self, sample: &Sample, now: Tick) -> bool {
        let arrived = sample.arrivals.saturating_sub(std::mem::replace(&mut self.arrived, sample.arrivals));
        let rate = sample.drain_rate.max(self.under_pressure);
        let fits = arrived as f64 <= rate * now.since(self.ticked).as_secs_f64();
        fits && sample.queued + sample.waiting == 0 && rate > 0.0
    }

    /// The share of messages that is admitted.
    pub(crate) fn share(&self) -> f64 {
        self.share
    }

    /// Whether shedding can do no more: the share is at its least, or there is nothing to refuse.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.share <= self.least || (self.newly == 0 && self.total() < NOTHING)
    }

    /// Whether all messages are admitted.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.share >= 1.0
    }

    /// The share of the highest lane that is offered anything, if other lanes are too. Its messages
    /// are the quickest: as long as they are not late, the backlog comes from lanes that are
    /// refused already.
    fn highest(&self) -> f64 {
        let highest =
            self.offered.iter().rev().map(|offered| offered / self.total()).find(|share| *share > NOTHING);
        highest.filter(|share| *share < 1.0 - NOTHING).unwrap_or(FLOOR)
    }

    fn total(&self) -> f64 {
        self.offered.iter().sum()
    }

    /// The threshold that admits the share, filled from the highest lane down.
    pub(crate) fn threshold(&self) -> Threshold {
        let total = self.total();
        if self.is_at_rest() || total < NOTHING {
            return Threshold::OPEN;
        }
        let mut budget = self.share * total;
        for lane in (0..LANES).rev() {
            if budget < self.offered[lane] {
                return Threshold::new(lane, budget / self.offered[lane]);
            }
            budget -= self.offered[lane];
        }
        Threshold::OPEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tick: u32) -> Tick {
        Tick::ZERO.after(Duration::from_secs(3600) + TICK * tick)
    }

    /// Ticks of one direction, with the messages offered per lane in each.
    struct Ticks {
        shed: Shed,
        ticks: u32,
        offered: [u64; 4],
    }

    impl Ticks {
        fn new() -> Self {
            let mut shed = Shed::new();
            shed.begin(at(0));
            Ticks { shed, ticks: 0, offered: [0; 4] }
        }

        fn go(&mut self, ticks: u32, per_tick: [u64; 4], direction: Direction) {
            for _ in 0..ticks {
                self.ticks += 1;
                (0..4).for_each(|lane| self.offered[lane] += per_tick[lane]);
                let sample = Sample { offered: self.offered, ..Sample::default() };
                self.shed.saw(&sample, direction, at(self.ticks));
            }
        }
    }

    #[test]
    fn p3_the_share_shrinks_by_a_twentieth_under_pressure_and_grows_by_a_hundredth_otherwise() {
        let mut ticks = Ticks::new();
        ticks.go(10, [1; 4], Direction::Down);
        assert!((ticks.shed.share() - 0.95f64.powi(10)).abs() < 1e-9);
        ticks.go(10, [1; 4], Direction::Up);
        assert!((ticks.shed.share() - 0.95f64.powi(10) - 0.1).abs() < 1e-9);
        ticks.go(10, [1; 4], Direction::Hold);
        assert!((ticks.shed.share() - 0.95f64.powi(10) - 0.1).abs() < 1e-9);
        ticks.go(1, [1; 4], Direction::Off);
        assert!(ticks.shed.is_at_rest() && ticks.shed.threshold().is_open());
    }

    #[test]
    fn p3_late_looks_make_up_for_ten_steps_and_no_more() {
        let sample = Sample { offered: [1, 0, 0, 0], ..Sample::default() };
        for (late, steps) in [(1, 1), (7, 7), (10, 10), (500, 10)] {
            let mut shed = Shed::new();
            shed.begin(at(0));
            shed.saw(&sample, Direction::Down, at(late));
            assert!((shed.share() - 0.95f64.powi(steps)).abs() < 1e-9, "{late}: {}", shed.share());
            shed.saw(&sample, Direction::Down, at(late));
            assert!((shed.share() - 0.95f64.powi(steps)).abs() < 1e-9, "nothing is left of {late}");
        }
    }

    #[test]
    fn p8_all_are_admitted_again_once_the_mailbox_is_empty_and_what_comes_fits() {
        // 20 a second can be handled: one per tick.
        for (queued, arrivals, share) in [(0, 1, 1.0), (0, 2, 0.958), (1, 1, 0.958)] {
            let mut ticks = Ticks::new();
            ticks.go(1, [9, 0, 0, 0], Direction::Down);
            let calm =
                Sample { queued, arrivals, drain_rate: 20.0, offered: [10, 0, 0, 0], ..Sample::default() };
            ticks.shed.saw(&calm, Direction::Up, at(2));
            assert!((ticks.shed.share() - share).abs() < 0.01, "{queued} {arrivals}: {}", ticks.shed.share());
        }
    }

    #[test]
    fn p8_what_fits_is_judged_by_the_rate_under_pressure_too() {
        // 40 a second under pressure, two per tick; 20 a second in turns without a backlog.
        for (arrivals, share) in [(2, 1.0), (3, 0.96)] {
            let mut shed = Shed::new();
            shed.begin(at(0));
            let busy = Sample { queued: 9, drain_rate: 40.0, offered: [9, 0, 0, 0], ..Sample::default() };
            shed.saw(&busy, Direction::Down, at(1));
            let calm = Sample { arrivals, queued: 0, drain_rate: 20.0, ..busy };
            shed.saw(&calm, Direction::Up, at(2));
            assert!((shed.share() - share).abs() < 0.001, "{arrivals}: {}", shed.share());
        }
    }

    #[test]
    fn p3_the_threshold_lies_where_the_share_runs_out_in_what_was_offered() {
        for (down, offered, lane, share) in [
            // 0.95^10 is 0.5987 of 100.
            (10, [50, 30, 20, 0], 0, 0.197),
            (10, [30, 50, 20, 0], 1, 0.797),
            (10, [10, 10, 80, 0], 2, 0.748),
            // The number of urgent messages changes nothing.
            (10, [30, 50, 20, 900], 1, 0.797),
            (10, [100, 0, 0, 0], 0, 0.599),
            (500, [0, 100, 0, 0], 1, 0.02),
        ] {
            let mut ticks = Ticks::new();
            ticks.go(down, offered, Direction::Down);
            let threshold = ticks.shed.threshold();
            assert_eq!(threshold.lane(), lane, "{offered:?}");
            assert!((threshold.share() - share).abs() < 0.001, "{offered:?}: {threshold:?}");
        }
    }

    #[test]
    fn p3_the_threshold_follows_what_is_offered_within_a_second() {
        let mut ticks = Ticks::new();
        ticks.go(30, [100, 0, 10, 0], Direction::Down);
        assert_eq!(ticks.shed.threshold().lane(), 0);
        ticks.go(50, [0, 0, 100, 0], Direction::Hold);
        assert_eq!(ticks.shed.threshold().lane(), 2);
    }

    #[test]
    fn p3_a_backlog_of_lower_lanes_never_costs_the_highest_one_its_room() {
        let mut ticks = Ticks::new();
        ticks.go(200, [50, 30, 20, 0], Direction::DownForRoom);
        let threshold = ticks.shed.threshold();
        assert!(threshold.lane() == 2 && threshold.share() > 0.999, "all of the highest, and none below");
        assert!(ticks.shed.is_exhausted());
        ticks.go(10, [50, 30, 20, 0], Direction::Down);
        assert!(ticks.shed.threshold().lane() == 2 && !ticks.shed.is_exhausted(), "unless even it is late");
        let mut alone = Ticks::new();
        alone.go(10, [0, 50, 0, 0], Direction::DownForRoom);
        assert!((alone.shed.threshold().share() - 0.599).abs() < 0.001, "a single lane is its own backlog");
    }

    #[test]
    fn p5_shedding_is_exhausted_at_its_floor_or_with_nothing_to_refuse() {
        let mut ticks = Ticks::new();
        assert!(ticks.shed.is_exhausted(), "nothing was offered");
        ticks.go(1, [0, 0, 0, 9], Direction::Down);
        assert!(ticks.shed.is_exhausted() && ticks.shed.threshold().is_open(), "urgent is never shed");
        ticks.go(1, [0, 1, 0, 0], Direction::Down);
        assert!(!ticks.shed.is_exhausted());
        ticks.go(100, [0, 1, 0, 0], Direction::Down);
        assert!(ticks.shed.is_exhausted() && ticks.shed.share() > 0.0);
    }
}
