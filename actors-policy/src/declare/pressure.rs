//! What an actor declares about pressure: when its mailbox is under it, and what is done about that, in which order (P1, P5).

use crate::Settings;
use std::time::Duration;

/// Fills are kept in steps of this many to the whole.
const STEPS: f64 = 10_000.0;
/// The part of a step that a fill may lack because its four digits have no exact binary form.
const SLACK: f64 = 1e-6;

/// What a supervisor may do about pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// More workers, as long as they help (P4).
    Spawn,
    /// Senders of droppable and `reject` types are refused before they touch the mailbox, lowest priority first (P3).
    Shed,
    /// Senders of `block` types wait early (P2).
    Block,
}

impl Action {
    /// Number of actions.
    pub const COUNT: usize = 3;

    /// The word of the attribute.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Spawn => "spawn",
            Action::Shed => "shed",
            Action::Block => "block",
        }
    }
}

/// A length of time in a word: every actor has what it declares beside its mailbox. Five centuries at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nanos(u64);

impl Nanos {
    const fn of(time: Duration) -> Nanos {
        let nanos = time.as_nanos();
        Nanos(if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 })
    }

    const fn get(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// When a mailbox is under pressure, and what a supervisor does about it.
///
/// ```
/// # use actors_policy as actors_core;
/// use actors_core::{Action, Pressure};
/// use std::time::Duration;
///
/// const ORDERS: Pressure =
///     Pressure::new().high(0.8).low(0.5).target(Duration::from_millis(20)).respond(&[Action::Spawn, Action::Shed]);
/// assert!(ORDERS.check().is_ok());
/// assert!(ORDERS.low(0.9).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pressure {
    high: u16,
    low: u16,
    target: Nanos,
    dwell: Nanos,
    respond: [Option<Action>; Action::COUNT],
    /// An action stood twice in the list.
    is_double: bool,
}

impl Pressure {
    /// High at 0.8, low at 0.5, a target of 20 ms, a dwell of half a second, and nothing is done.
    pub const fn new() -> Self {
        Pressure {
            high: 8_000,
            low: 5_000,
            target: Nanos::of(Duration::from_millis(20)),
            dwell: Nanos::of(Duration::from_millis(500)),
            respond: [None; Action::COUNT],
            is_double: false,
        }
    }

    /// The fill, up to 1, at which there is pressure.
    #[must_use]
    pub const fn high(mut self, fill: f64) -> Self {
        self.high = steps(fill);
        self
    }

    /// The fill under which there is none.
    #[must_use]
    pub const fn low(mut self, fill: f64) -> Self {
        self.low = steps(fill);
        self
    }

    /// How long messages may stay in the queue: there is pressure where the *shortest* stay of an interval is longer.
    #[must_use]
    pub const fn target(mut self, sojourn: Duration) -> Self {
        self.target = Nanos::of(sojourn);
        self
    }

    /// The least time between two changes of level.
    #[must_use]
    pub const fn dwell(mut self, dwell: Duration) -> Self {
        self.dwell = Nanos::of(dwell);
        self
    }

    /// What is done, in this order.
    #[must_use]
    pub const fn respond(mut self, actions: &[Action]) -> Self {
        self.respond = [None; Action::COUNT];
        self.is_double = false;
        let mut at = 0;
        while at < actions.len() {
            let mut before = 0;
            while before < at {
                // No `==` in a constant.
                self.is_double |= actions[before] as u8 == actions[at] as u8;
                before += 1;
            }
            if at < Action::COUNT {
                self.respond[at] = Some(actions[at]);
            }
            at += 1;
        }
        self
    }

    /// The same for a mailbox of which no more than this part can be filled but by urgent messages: full is full.
    #[doc(hidden)]
    pub fn within(mut self, part: f64) -> Pressure {
        let reach = steps(part);
        if reach < self.high {
            // The distance between the marks stays what it was, in proportion.
            let low = u32::from(self.low) * u32::from(reach) / u32::from(self.high);
            (self.high, self.low) = (reach, low as u16);
        }
        self
    }

    /// The fill at which there is pressure.
    pub fn high_fill(&self) -> f64 {
        f64::from(self.high) / STEPS
    }

    /// The fill under which there is none.
    pub fn low_fill(&self) -> f64 {
        f64::from(self.low) / STEPS
    }

    /// The stay that is still no pressure.
    pub fn target_sojourn(&self) -> Duration {
        self.target.get()
    }

    /// The least time between two changes of level.
    pub fn dwell_time(&self) -> Duration {
        self.dwell.get()
    }

    /// What is done, in order.
    pub fn actions(&self) -> impl Iterator<Item = Action> + use<> {
        self.respond.into_iter().flatten()
    }

    /// Whether this is among what is done.
    pub fn has(&self, action: Action) -> bool {
        self.actions().any(|one| one == action)
    }

    /// Whether the numbers make sense together, with the sentence that says why not.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.high == u16::MAX || self.high == 0 {
            return Err("`high` is a fill above 0 and up to 1; write for example `high = 0.8`".into());
        }
        if self.low == u16::MAX || self.low >= self.high {
            return Err(format!(
                "`low` is a fill below `high`, which is {}; between the two a level stays what it is",
                self.high_fill()
            ));
        }
        if self.target.get().is_zero() {
            return Err(
                "a `target` of nothing is always missed; write for example `target = \"20ms\"`".into()
            );
        }
        if self.dwell.get().is_zero() {
            return Err(
                "a `dwell` of nothing lets levels flutter; write for example `dwell = \"500ms\"`".into()
            );
        }
        if self.is_double {
            return Err(
                "`respond` names an action twice; each is taken once, in the order of the list".into()
            );
        }
        Ok(())
    }
}

impl Default for Pressure {
    fn default() -> Self {
        Pressure::new()
    }
}

const fn word(number: usize) -> u16 {
    if number > u16::MAX as usize { u16::MAX } else { number as u16 }
}

/// Four digits of a fill from 0 to 1; what lies outside is found by the check.
const fn steps(fill: f64) -> u16 {
    if fill >= 0.0 && fill <= 1.0 { (fill * STEPS + SLACK) as u16 } else { u16::MAX }
}

/// The largest number of workers of a pool: each is a task and an instance of the actor; a thousand that wait for something else
/// are a connection pool, and more than that are a queue.
pub const WORKERS_MAX: usize = 1024;

/// How many instances of an actor share its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    least: u16,
    most: u16,
    keep_alive: Nanos,
}

impl Workers {
    /// One.
    #[doc(hidden)]
    pub const ONE: Workers = Workers::new(1, 1, Duration::from_secs(10));

    /// What does not fit is above every limit, and refused by the check.
    #[doc(hidden)]
    pub const fn new(least: usize, most: usize, keep_alive: Duration) -> Workers {
        Workers { least: word(least), most: word(most), keep_alive: Nanos::of(keep_alive) }
    }

    /// The least number.
    #[inline]
    pub const fn least(&self) -> usize {
        self.least as usize
    }

    /// The greatest number.
    #[inline]
    pub const fn most(&self) -> usize {
        self.most as usize
    }

    /// How long a worker stays that is not needed.
    pub const fn keep_alive(&self) -> Duration {
        self.keep_alive.get()
    }

    /// Whether there may ever be more than one.
    #[doc(hidden)]
    #[inline]
    pub fn is_pool(&self) -> bool {
        self.most > 1
    }

    /// Whether their number may change.
    #[doc(hidden)]
    #[inline]
    pub fn is_elastic(&self) -> bool {
        self.least < self.most
    }

    #[doc(hidden)]
    pub fn check(&self) -> Result<(), String> {
        let Workers { least, most, keep_alive } = self;
        if *least == 0 {
            return Err("a pool without workers handles nothing; write at least `workers = 1..=4`".into());
        }
        if least > most {
            return Err(format!("`workers = {least}..={most}` is no range; write the smaller number first"));
        }
        if usize::from(*most) > WORKERS_MAX {
            return Err(format!("{most} workers are above the limit of {WORKERS_MAX}"));
        }
        if keep_alive.get().is_zero() {
            return Err(
                "a `keep_alive` of nothing would end workers between two messages; write for example \"10s\""
                    .into(),
            );
        }
        Ok(())
    }
}

/// What is done about pressure where a pool may grow and nothing else is said: it grows.
pub(crate) fn effective(settings: &Settings) -> Option<Pressure> {
    match (settings.declared_pressure(), settings.declared_workers().is_elastic()) {
        (Some(pressure), _) => Some(pressure),
        (None, true) => Some(Pressure::new().respond(&[Action::Spawn])),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_impossible_numbers_are_refused_with_a_sentence() {
        for (pressure, word) in [
            (Pressure::new().high(0.0), "above 0"),
            (Pressure::new().high(1.5), "up to 1"),
            (Pressure::new().high(f64::NAN), "up to 1"),
            (Pressure::new().low(0.8), "below `high`"),
            (Pressure::new().low(-1.0), "below `high`"),
            (Pressure::new().target(Duration::ZERO), "target"),
            (Pressure::new().dwell(Duration::ZERO), "flutter"),
            (Pressure::new().respond(&[Action::Shed, Action::Block, Action::Shed]), "twice"),
        ] {
            let why = pressure.check().unwrap_err();
            assert!(why.contains(word), "{why}");
        }
        assert!(Pressure::new().respond(&[Action::Spawn, Action::Shed, Action::Block]).check().is_ok());
    }

    #[test]
    fn p1_a_high_mark_that_the_reserve_keeps_out_of_reach_is_where_the_reserve_begins() {
        let pressure = Pressure::new().high(0.8).low(0.4);
        assert_eq!(pressure.within(0.875), pressure);
        let within = pressure.within(0.5);
        assert_eq!((within.high_fill(), within.low_fill()), (0.5, 0.25));
        assert!(within.check().is_ok());
    }

    #[test]
    fn p4_impossible_pools_are_refused_with_a_sentence() {
        let workers = |least, most| Workers::new(least, most, Duration::from_secs(10)).check();
        assert!(workers(1, 1).is_ok() && workers(2, WORKERS_MAX).is_ok());
        for (least, most, word) in [(0, 1, "at least"), (3, 2, "smaller"), (1, WORKERS_MAX + 1, "limit")] {
            let why = workers(least, most).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
