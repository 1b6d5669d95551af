//! A contestant as the scenarios see it.

use super::generator::{self, Crowd, Plan};
use super::process;
use super::tally::Tally;
use super::{ATTEMPTS, Contestant, Retrying, Service, Urgent, Waiting};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// Asks at a time while capacity is measured: enough that the service never waits for the
/// generator.
const OUTSTANDING: usize = 32;

/// The deadline of those asks: none of them ends there, however busy the machine is.
const UNHURRIED: Duration = Duration::from_secs(5);

/// Runs of a cell at most.
const TRIES: usize = 3;

/// Runs of a measurement of the capacity at most: all loads are multiples of it.
const CAPACITY_TRIES: usize = 20;

/// The pause between those: the other process may end meanwhile.
const CAPACITY_PAUSE: Duration = Duration::from_secs(2);

/// A run is repeated where threads waited for a core for a larger share of it.
const DISTURBED_MAX: f64 = 0.02;

/// How long a runtime may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// A service of one cell.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Slots of the mailbox.
    pub slots: usize,
    /// How long each turn spins.
    pub work: Duration,
}

/// Runs a plan. Returns its tally, and how much the run was disturbed.
type MeasureLoad = fn(Setup, &Plan) -> (Tally, f64);

/// Runs a plan of requests that clients try again. Returns its tally, the attempts, and how much
/// the run was disturbed.
type MeasureRetries = fn(Setup, &Plan) -> ((Tally, u64), f64);

/// A client that tries again.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    how: &'static str,
    run: MeasureRetries,
}

impl Client {
    /// Makes the entry of a client.
    pub const fn of<C: Retrying>() -> Self {
        Client { how: C::HOW, run: retries::<C> }
    }
}

/// Measures a crowd, and calls a function while it waits.
type MeasureCrowd = fn(Setup, usize, &mut dyn FnMut()) -> Crowd;

/// The functions that measure a contestant.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in tables.
    pub name: &'static str,
    capacity: fn(Setup, [Duration; 2]) -> (f64, f64),
    load: MeasureLoad,
    urgent: Option<MeasureLoad>,
    crowd: Option<MeasureCrowd>,
    clients: &'static [Client],
}

impl Entry {
    /// Makes the entry of a contestant.
    pub const fn of<C: Contestant>() -> Self {
        Entry {
            name: C::NAME,
            capacity: capacity::<C>,
            load: load::<C>,
            urgent: None,
            crowd: None,
            clients: &[],
        }
    }

    /// Makes the entry of a contestant that takes part in all scenarios.
    pub const fn whole<C: Urgent + Waiting>() -> Self {
        Entry { urgent: Some(urgent::<C>), crowd: Some(crowd::<C>), ..Entry::of::<C>() }
    }

    /// Adds clients of its service that try again.
    pub const fn with_clients(self, clients: &'static [Client]) -> Self {
        Entry { clients, ..self }
    }

    /// Measures the answers per second of a closed loop: a warm-up, then windows of a length.
    /// Returns the rate, and how much that run was disturbed.
    pub(super) fn capacity(&self, setup: Setup, spans: [Duration; 2]) -> (f64, f64) {
        undisturbed(CAPACITY_TRIES, CAPACITY_PAUSE, || (self.capacity)(setup, spans))
    }

    /// Runs a plan of asks.
    pub(super) fn load(&self, setup: Setup, plan: &Plan) -> Tally {
        undisturbed(TRIES, Duration::ZERO, || noted((self.load)(setup, plan))).0
    }

    /// Runs a plan of asks at high priority next to a flood. `None` if it has no priorities.
    pub(super) fn urgent(&self, setup: Setup, plan: &Plan) -> Option<Tally> {
        self.urgent.map(|urgent| undisturbed(TRIES, Duration::ZERO, || noted(urgent(setup, plan))).0)
    }

    /// Runs a plan of requests for each client that tries again: how it does that, its tally, and
    /// the attempts.
    pub(super) fn retries(&self, setup: Setup, plan: &Plan) -> Vec<(&'static str, Tally, u64)> {
        let run = |client: &Client| {
            let ((mut tally, attempts), disturbed) =
                undisturbed(TRIES, Duration::ZERO, || (client.run)(setup, plan));
            tally.disturbed = disturbed;
            (client.how, tally, attempts)
        };
        self.clients.iter().map(run).collect()
    }

    /// Lets many senders wait, and calls `during` while they do. `None` if no sender can wait.
    pub(super) fn crowd(&self, setup: Setup, senders: usize, during: &mut dyn FnMut()) -> Option<Crowd> {
        self.crowd.map(|crowd| crowd(setup, senders, during))
    }
}

/// Runs a measurement of a service with a runtime of its own.
fn with<C: Contestant, T>(setup: Setup, measure: impl FnOnce(&C) -> T) -> T {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime to bench on: {error}"));
    let service = Service { slots: setup.slots, work: setup.work, runtime: runtime.handle().clone() };
    let contestant = {
        let _inside = runtime.enter();
        C::start(&service)
    };
    let inside = C::IN_RUNTIME.then(|| runtime.enter());
    let measured = measure(&contestant);
    drop(inside);
    drop(contestant);
    // Waits for the turn that runs, so that it does not disturb the next cell.
    runtime.shutdown_timeout(ENDING);
    measured
}

fn capacity<C: Contestant>(setup: Setup, [warm_up, window]: [Duration; 2]) -> (f64, f64) {
    with(setup, |contestant: &C| {
        watched(|| generator::closed_loop(OUTSTANDING, warm_up, window, || contestant.ask(UNHURRIED)))
    })
}

fn load<C: Contestant>(setup: Setup, plan: &Plan) -> (Tally, f64) {
    with(setup, |contestant: &C| watched(|| generator::run(plan, || contestant.ask(plan.deadline), || ())))
}

fn urgent<C: Urgent>(setup: Setup, plan: &Plan) -> (Tally, f64) {
    with(setup, |contestant: &C| {
        watched(|| generator::run(plan, || contestant.urgent(plan.deadline), || contestant.flood()))
    })
}

fn retries<C: Retrying>(setup: Setup, plan: &Plan) -> ((Tally, u64), f64) {
    let deadline = plan.deadline / ATTEMPTS;
    with(setup, |contestant: &C| {
        let (tally, disturbed) = watched(|| generator::run(plan, || contestant.request(deadline), || ()));
        ((tally, contestant.attempts()), disturbed)
    })
}

/// Runs a measurement. Returns its result, and for which share of it threads of this process waited
/// for a core. The threads of the service must live meanwhile.
fn watched<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let (began, before) = (Instant::now(), process::waited());
    let result = run();
    let waited = process::waited().saturating_sub(before);
    (result, waited.as_secs_f64() / began.elapsed().as_secs_f64())
}

/// Writes down how much a run was disturbed.
fn noted((mut tally, disturbed): (Tally, f64)) -> (Tally, f64) {
    tally.disturbed = disturbed;
    (tally, disturbed)
}

/// Repeats a run that other processes disturbed. Returns the one that was disturbed least.
fn undisturbed<T>(tries: usize, pause: Duration, mut run: impl FnMut() -> (T, f64)) -> (T, f64) {
    let (mut best, mut least) = run();
    for _ in 1..tries {
        if least <= DISTURBED_MAX {
            break;
        }
        thread::sleep(pause);
        let (next, disturbed) = run();
        if disturbed < least {
            (best, least) = (next, disturbed);
        }
    }
    (best, least)
}

fn crowd<C: Waiting>(setup: Setup, senders: usize, during: &mut dyn FnMut()) -> Crowd {
    with(setup, |contestant: &C| generator::crowd(senders, || contestant.wait(), during))
}
