//! Random actors and pools, and random programs of sends, asks, reservations, permits, changes of
//! policy, cancels, expiries, resizes, holds, stops, kills, panics and failed starts. Each program
//! runs twice: in the runtime, and in a naive reference of a few `Vec`s and scans. After each step,
//! outcomes, order of turns, dead letters, ledger and readings must be equal.
//!
//! Time is paused. Each step has a millisecond of its own, and deadlines are odd while all other
//! times are even. So no two events coincide, and the reference need not order ties.

mod compared;
mod crew;
mod keys;
mod messages;
mod offers;
mod permits;
mod program;
mod reference;
mod room;
mod runtime;
mod setup;
mod turns;

use actors_core::testing;
use program::{CAPACITY, Program, Step};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use reference::Reference;
use runtime::Sut;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The outcome of a send or of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Is(&'static str),
    Err(&'static str),
}

/// A dead letter: the number of the message, and the reason.
pub(crate) type Seen = (usize, &'static str);

/// Programs of a run. Fewer (`MODEL_CASES`), or others, need not cover every event.
const CASES: u32 = 900;

/// The events that the programs of a run must cover.
#[derive(Default)]
struct Coverage {
    outcomes: BTreeSet<Outcome>,
    notes: BTreeSet<&'static str>,
}

impl Coverage {
    fn missing(&self) -> Vec<String> {
        let is = ["queued", "waited", "conflated", "displaced", "dropped", "answered", "permit", "cancelled"];
        let errors = [
            "full",
            "closed",
            "doomed",
            "expired",
            "timed_out",
            "dropped",
            "evicted",
            "conflated",
            "panicked",
        ];
        let outcomes = is.map(Outcome::Is).into_iter().chain(errors.map(Outcome::Err));
        let outcomes = outcomes.filter(|outcome| !self.outcomes.contains(outcome));
        let notes = [
            "a dead one made room",
            "a dead one was no way to go",
            "a lane that has waited long enough",
            "a new instance",
            "a new instance after a while",
            "a panic beside other turns",
            "a permit that was not needed",
            "a permit that was revoked",
            "a permit that was used",
            "a permit whose key has enough",
            "a permit whose message is too heavy",
            "a promised slot that was passed on",
            "a random word",
            "a reservation that left the line",
            "a reservation that waited",
            "all of its type",
            "an instance that could not be made",
            "an instance that makes way",
            "an instance that was the last",
            "an offer before the next instance",
            "bytes freed for a twin",
            "cleared for a new instance",
            "conflated while parked",
            "displaced",
            "displaced by eviction",
            "dropped while parked",
            "evicted while parked",
            "eviction does not help against a spent share",
            "let in past one whose key keeps it waiting",
            "none of its own type and key",
            "room, but not for its key",
            "eviction does not help against a spent max",
            "expired while parked",
            "hired",
            "killed before the next instance",
            "let go, and had its turn",
            "let go, and parked again",
            "no passing of its own type's line",
            "one failure too many",
            "parked",
            "purged before the next instance",
            "refused for its weight",
            "retired",
            "retired before the queue was empty",
            "several victims",
            "stopped before the next instance",
            "the newest first",
            "too heavy for its twin's place",
            "unparked for a new policy",
            "victims that would not be enough",
            "withdrawn while parked",
        ];
        let notes = notes.into_iter().filter(|note| !self.notes.contains(note));
        outcomes.map(|outcome| format!("{outcome:?}")).chain(notes.map(str::to_owned)).collect()
    }
}

/// Both sides of a run: the reference and the system under test.
struct Pair {
    reference: Reference,
    sut: Sut,
}

impl Pair {
    async fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let act = self.reference.resolve(step);
        self.sut.act(&act).await;
        let letters = self.sut.take_letters();
        self.reference.reported.clone_from(&letters);
        self.reference.hear_of_doomed(&self.sut.outcomes());
        self.reference.act(&act);
        self.compare(letters)?;
        let ms = if let Step::Advance { ms } = step { ms * 2 } else { 2 };
        self.pass(ms).await
    }

    /// Time passes at once until the reference expects an event.
    async fn pass(&mut self, mut ms: u64) -> Result<(), TestCaseError> {
        while ms > 0 {
            let quiet = self.reference.quiet_ms().map_or(ms, |ms| ms - 1);
            let some = quiet.clamp(1, ms);
            let before = self.reference.is_pausing().then(|| self.reference.clone());
            self.sut.advance(some).await;
            let (letters, attempts) = (self.sut.take_letters(), self.sut.attempts());
            (0..some).for_each(|_| self.reference.advance_one_ms(attempts, false));
            let mut compared = self.compare(letters.clone());
            if let (Err(_), Some(before), 1) = (&compared, before, some) {
                // A pause is spread at random, so it may end when something else happens, or
                // before.
                self.reference = before;
                self.reference.advance_one_ms(attempts, true);
                compared = self.compare(letters).or(compared);
            }
            compared?;
            ms -= some;
        }
        Ok(())
    }

    fn compare(&mut self, mut letters: Vec<Seen>) -> Result<(), TestCaseError> {
        letters.sort_unstable();
        let Pair { reference, sut } = self;
        reference.give_up_waiting(sut.workers() == 0);
        let mut turns = sut.turns();
        if reference.is_pool() {
            turns.iter_mut().for_each(|(_, instance)| *instance = 0);
        }
        prop_assert_eq!(reference.turns(), turns, "order of turns, and instances");
        prop_assert_eq!(reference.outcomes(), sut.outcomes(), "outcomes");
        prop_assert_eq!(reference.take_letters(), letters, "dead letters");
        prop_assert_eq!(reference.ledger(), sut.ledger(), "ledger");
        let found = sut.numbers();
        prop_assert_eq!(reference.numbers(), found, "depth, waiting, permits, bytes, busy");
        prop_assert_eq!(reference.workers(), reference.workers().map(|_| sut.workers()), "workers");
        prop_assert_eq!(reference.attempts(), reference.attempts().map(|_| sut.attempts()), "instances made");
        prop_assert_eq!(reference.is_ended(), sut.workers() == 0, "the end");
        let overdue = reference.overdue();
        prop_assert!(overdue.is_none(), "no new instance came, nor the end: {}", overdue.unwrap_or_default());
        prop_assert!(sut.is_balanced(), "balance");
        prop_assert!(found[0] + found[2] <= CAPACITY, "B1");
        Ok(())
    }
}

fn run(program: &Program, seen: &mut Coverage) -> Result<(), TestCaseError> {
    let ran = catch_unwind(AssertUnwindSafe(|| run_through(program, seen)));
    ran.unwrap_or_else(|_| {
        Err(TestCaseError::fail("the reference contradicts itself, or the actor panicked"))
    })
}

fn run_through(program: &Program, seen: &mut Coverage) -> Result<(), TestCaseError> {
    let runtime = actors_tests::paused();
    runtime.block_on(async {
        let mut pair = Pair { reference: Reference::new(program.setup), sut: Sut::new(&program.setup) };
        pair.sut.settle().await;
        for (at, step) in program.steps.iter().chain(&[Step::Kill]).enumerate() {
            let after = |error| match error {
                TestCaseError::Fail(why) => TestCaseError::fail(format!("after step {at} {step:?}: {why}")),
                rejected => rejected,
            };
            pair.step(step).await.map_err(after)?;
        }
        let forgotten = pair.reference.forgotten();
        prop_assert!(forgotten.is_empty(), "sends without an outcome at the end: {forgotten:?}");
        seen.outcomes.extend(pair.reference.outcomes().iter().flatten());
        seen.notes.extend(pair.reference.seen());
        Ok(())
    })
}

/// How often a program runs before it counts as passing. A failure may depend on the random spread
/// of a pause.
const TRIES: usize = 5;

/// Removes the steps that a failure does not need.
fn shortened(mut program: Program, why: String) -> (Program, String) {
    let fails = |program: &Program| {
        let mut runs = (0..TRIES).map(|_| run(program, &mut Coverage::default()));
        runs.find_map(Result::err).map(|why| why.to_string())
    };
    let mut why = fails(&program).unwrap_or(why);
    let mut at = program.steps.len();
    while at > 0 {
        at -= 1;
        let mut shorter = program.clone();
        shorter.steps.remove(at);
        if let Some(error) = fails(&shorter) {
            (program, why) = (shorter, error);
            at = program.steps.len();
        }
    }
    (program, why)
}

/// Whether `ACTORS_SEED` chooses other programs than usual.
fn is_seeded() -> bool {
    std::env::var_os(testing::SEED_VARIABLE).is_some()
}

fn rng() -> TestRng {
    if !is_seeded() {
        return TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    }
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&testing::seed().to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}

#[test]
fn random_programs_end_as_the_naive_reference_says() {
    let seen = RefCell::new(Coverage::default());
    let cases = std::env::var("MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng());
    let result = runner.run(&program::program(), |program| run(&program, &mut seen.borrow_mut()));
    if let Err(TestError::Fail(why, program)) = result {
        let (program, why) = shortened(program, why.to_string());
        let seed = if is_seeded() { testing::seed().to_string() } else { "the fixed one".to_owned() };
        panic!("{why}\n{program:?}\nseed: {seed}");
    }
    result.unwrap();
    if cases >= CASES && !is_seeded() {
        let missing = seen.borrow().missing();
        assert!(missing.is_empty(), "no program came to this: {missing:?}");
    }
}
