//! The scenarios, each with a table of its own.

pub(super) mod blocked;
mod goodput;
mod pulse;
mod retries;
mod step;
mod urgent;

use super::deadline;
use super::entry::{Entry, Setup};
use super::generator::{Phase, Plan};
use super::table;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A scenario by its name on the command line.
pub(super) type Scenario = (&'static str, fn(&Bench));

/// The scenarios in the order in which they run.
pub(super) const ALL: [Scenario; 6] = [
    ("goodput", goodput::run),
    ("urgent", urgent::run),
    ("step", step::run),
    ("pulse", pulse::run),
    ("retries", retries::run),
    ("blocked", blocked::run),
];

/// The times that a turn spins.
const WORKS: [Duration; 2] = [Duration::from_micros(10), Duration::from_micros(100)];

/// A bound of the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// What the service can do in half of the deadline.
    Fitted,
    /// This many slots.
    Slots(usize),
}

impl Bound {
    fn setup(self, work: Duration) -> Setup {
        let slots = match self {
            Bound::Fitted => (deadline(work).as_nanos() / 2 / work.as_nanos()) as usize,
            Bound::Slots(slots) => slots,
        };
        Setup { slots, work }
    }

    fn name(self, work: Duration) -> String {
        match self {
            Bound::Fitted => format!("fitted: {}", self.setup(work).slots),
            Bound::Slots(slots) => slots.to_string(),
        }
    }
}

/// The run of the bench.
pub(super) struct Bench {
    pub(super) entries: Vec<Entry>,
    /// Where charts go, if they are drawn.
    pub(super) charts: Option<PathBuf>,
    /// Divides all times.
    pub(super) hurry: u32,
    /// Capacities that were measured, by contestant and work.
    pub(super) capacities: RefCell<BTreeMap<(&'static str, Duration), f64>>,
}

impl Bench {
    /// Measures the capacity of a contestant in answers per second, once.
    fn capacity(&self, entry: &Entry, work: Duration) -> f64 {
        let known = self.capacities.borrow().get(&(entry.name, work)).copied();
        known.unwrap_or_else(|| {
            let spans = [self.warm_up(), Duration::from_millis(100) / self.hurry];
            let (capacity, disturbed) = entry.capacity(Bound::Slots(1024).setup(work), spans);
            let (turn, disturbed) = (table::time(work), table::percent(disturbed, 1.0));
            let name = entry.name;
            println!(
                "capacity of `{name}`, turns of {turn}: {capacity:.0} answers/s (disturbed: {disturbed})"
            );
            self.capacities.borrow_mut().insert((entry.name, work), capacity);
            capacity
        })
    }

    /// Measures the capacities that a table needs, before its head is printed.
    fn capacities(&self) {
        for work in WORKS {
            for entry in &self.entries {
                self.capacity(entry, work);
            }
        }
    }

    fn warm_up(&self) -> Duration {
        Duration::from_millis(300) / self.hurry
    }

    fn second(&self) -> Duration {
        Duration::from_secs(1) / self.hurry
    }

    /// A plan of one constant rate: the warm-up, and a second that counts.
    fn constant(&self, work: Duration, rate: f64) -> Plan {
        let span = self.warm_up() + self.second();
        let phases = vec![Phase { span, rate }];
        Plan { phases, flood: 0.0, deadline: deadline(work), from: self.warm_up() }
    }
}
