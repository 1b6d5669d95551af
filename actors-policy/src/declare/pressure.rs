//! What an actor declares about pressure: when its mailbox is under pressure, and which actions
//! follow in which order (P1, P5).

use crate::fill::{of_steps, steps};
use crate::word::words;
use crate::{InvalidPolicy, Settings, fields, wording};
use std::time::Duration;

words! {
    /// An action of the supervisor against pressure.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Action of "respond", each called "action", planned &[];
    /// More workers, as long as they help (P4).
    Spawn = "spawn",
    /// Senders of droppable and `reject` types are refused before they touch the mailbox, lowest
    /// priority first (P3).
    Shed = "shed",
    /// Senders of `block` types wait early (P2).
    Block = "block",
}

impl Action {
    /// Number of actions.
    pub const COUNT: usize = 3;
}

/// A length of time in one word, which keeps the declaration small. Five centuries at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nanos(u64);

impl Nanos {
    /// No length of time.
    const NONE: Nanos = Nanos(u64::MAX);

    const fn of(time: Duration) -> Nanos {
        let nanos = time.as_nanos();
        Nanos(if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 })
    }

    const fn get(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// The target where none is declared: a delay that a person does not notice.
const TARGET: Duration = Duration::from_millis(20);

/// When a mailbox is under pressure, and what the supervisor does about it.
///
/// ```
/// # mod actors_core { pub use actors_policy::*; pub mod policy { pub use actors_policy::*; } }
/// use actors_core::policy::{Action, Pressure};
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
    /// [`NONE`](Nanos::NONE) where none is declared.
    target: Nanos,
    dwell: Nanos,
    respond: [Option<Action>; Action::COUNT],
    /// Whether an action is in the list twice.
    is_double: bool,
}

impl Pressure {
    /// High at 0.8, low at 0.5, a target of 20 ms, a dwell of half a second, and no actions.
    pub const fn new() -> Self {
        Pressure {
            high: 8_000,
            low: 5_000,
            target: Nanos::NONE,
            dwell: Nanos::of(Duration::from_millis(500)),
            respond: [None; Action::COUNT],
            is_double: false,
        }
    }

    /// Sets the fill, up to 1, at which there is pressure.
    #[must_use]
    pub const fn high(mut self, fill: f64) -> Self {
        self.high = steps(fill);
        self
    }

    /// Sets the fill below which there is none.
    #[must_use]
    pub const fn low(mut self, fill: f64) -> Self {
        self.low = steps(fill);
        self
    }

    /// Sets how long messages may stay in the queue: there is pressure where the *shortest* stay of
    /// an interval is longer. Where load is shed, messages older than twice the target then lose
    /// their turns (T6); for that, a target that is not declared is eight times the handling time.
    #[must_use]
    pub const fn target(mut self, sojourn: Duration) -> Self {
        self.target = Nanos::of(sojourn);
        self
    }

    /// Sets the least time between two changes of level.
    #[must_use]
    pub const fn dwell(mut self, dwell: Duration) -> Self {
        self.dwell = Nanos::of(dwell);
        self
    }

    /// Sets the actions, in this order.
    #[must_use]
    pub const fn respond(mut self, actions: &[Action]) -> Self {
        self.respond = [None; Action::COUNT];
        self.is_double = false;
        let mut at = 0;
        while at < actions.len() {
            let mut before = 0;
            while before < at {
                // `==` does not work in a constant.
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

    /// The same declaration for a mailbox of which only urgent messages may fill more than this
    /// part: that part counts as full.
    #[doc(hidden)]
    pub fn within(mut self, part: f64) -> Pressure {
        let reach = steps(part);
        if reach < self.high {
            // The distance between the marks keeps its proportion.
            let low = u32::from(self.low) * u32::from(reach) / u32::from(self.high);
            (self.high, self.low) = (reach, low as u16);
        }
        self
    }

    /// The fill at which there is pressure.
    pub fn high_fill(&self) -> f64 {
        of_steps(self.high)
    }

    /// The fill below which there is none.
    pub fn low_fill(&self) -> f64 {
        of_steps(self.low)
    }

    /// The longest stay without pressure.
    pub fn target_sojourn(&self) -> Duration {
        self.declared_target().unwrap_or(TARGET)
    }

    /// The target, if one is declared.
    pub fn declared_target(&self) -> Option<Duration> {
        (self.target != Nanos::NONE).then(|| self.target.get())
    }

    /// The least time between two changes of level.
    pub fn dwell_time(&self) -> Duration {
        self.dwell.get()
    }

    /// The actions, in order.
    pub fn actions(&self) -> impl Iterator<Item = Action> + use<> {
        self.respond.into_iter().flatten()
    }

    /// Whether the list has this action.
    pub fn has(&self, action: Action) -> bool {
        self.actions().any(|one| one == action)
    }

    /// Checks that the numbers make sense together.
    ///
    /// # Errors
    /// The first word that cannot be, and what to write instead.
    pub fn check(&self) -> Result<(), InvalidPolicy> {
        fields::check(fields::PRESSURE, self)?;
        wording::fills_fit(Some(self.low_fill()), Some(self.high_fill()))?;
        if self.is_double {
            return Err(InvalidPolicy::new(
                "respond",
                "`respond` names an action twice; each is taken once, in the order of the list",
            ));
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

/// The largest number of workers of a pool. Each is a task and an instance of the actor. A thousand
/// that wait for something else are a connection pool, and more than that should be a queue.
pub const WORKERS_MAX: usize = 1024;

/// How many instances of an actor share its mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    least: u16,
    most: u16,
    keep_alive: Nanos,
}

impl Workers {
    /// One worker.
    #[doc(hidden)]
    pub const ONE: Workers = Workers::new(1, 1, Duration::from_secs(10));

    /// A number that does not fit is above every limit, and the check refuses it.
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

    /// How long an idle worker is kept.
    pub const fn keep_alive(&self) -> Duration {
        self.keep_alive.get()
    }

    /// Whether there may be more than one.
    #[doc(hidden)]
    #[inline]
    pub fn is_pool(&self) -> bool {
        self.most > 1
    }

    /// Whether the number may change.
    #[doc(hidden)]
    #[inline]
    pub fn is_elastic(&self) -> bool {
        self.least < self.most
    }

    pub(crate) fn check(&self) -> Result<(), InvalidPolicy> {
        wording::workers_fit((self.least(), self.most()))
    }
}

/// The pressure that applies: a pool that may grow does so even where nothing is declared.
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
            (Pressure::new().low(-1.0), "not including, `high`"),
            (Pressure::new().target(Duration::ZERO), "target"),
            (Pressure::new().dwell(Duration::ZERO), "flutter"),
            (Pressure::new().respond(&[Action::Shed, Action::Block, Action::Shed]), "twice"),
        ] {
            let why = pressure.check().unwrap_err();
            assert!(why.why().contains(word), "{why}");
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
        for (least, most, word) in [(0, 1, "at least"), (3, 2, "smaller"), (1, WORKERS_MAX + 1, "at most")] {
            let why = workers(least, most).unwrap_err();
            assert!(why.why().contains(word), "{why}");
        }
    }
}
