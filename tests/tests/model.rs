//! Random programs of sends, asks, cancels, expiries, stops, kills and panics, run twice: by the runtime, and by a naive
//! reference that is a `Vec` and scans. After every step outcomes, order of turns and ledger must be the same.
//!
//! Time is paused. Every step happens at a millisecond of its own and deadlines are odd where everything else is even, so that
//! never two things happen at once and the reference needs no opinion on ties.

#[path = "model/reference.rs"]
mod reference;
#[path = "model/runtime.rs"]
mod runtime;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reference::{Kind, Outcome, Reference};
use runtime::Sut;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Tell,
    Try,
    Ask,
}

/// One step of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Send {
        kind: Kind,
        key: u8,
        mode: Mode,
        timeout_ms: Option<u64>,
    },
    /// The `n`th send so far is dropped, wherever it stands.
    Cancel(usize),
    /// The running turn ends.
    EndTurn,
    PanicTurn,
    Advance {
        ms: u64,
    },
    Stop,
    Kill,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![4 => Just(Mode::Tell), 2 => Just(Mode::Try), 3 => Just(Mode::Ask)];
    let timeout = prop::option::weighted(0.3, 1u64..80);
    let send = (kind(), 0..3u8, mode, timeout).prop_map(|(kind, key, mode, timeout_ms)| Step::Send {
        kind,
        key,
        mode,
        timeout_ms,
    });
    prop_oneof![
        300 => send,
        45 => (0..40usize).prop_map(Step::Cancel),
        160 => Just(Step::EndTurn),
        3 => Just(Step::PanicTurn),
        60 => (1..40u64).prop_map(|ms| Step::Advance { ms }),
        3 => Just(Step::Stop),
        3 => Just(Step::Kill),
    ]
}

/// What a program may end up with; each must be seen at least once in a run.
fn all_outcomes() -> BTreeSet<Outcome> {
    let words = [
        "queued",
        "waited",
        "conflated",
        "displaced",
        "dropped",
        "answered",
        "err full",
        "err closed",
        "err expired",
        "err timed_out",
        "err dropped",
        "err conflated",
        "err panicked",
        "cancelled",
    ];
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn run(program: &[Step], seen: &mut BTreeSet<Outcome>) -> Result<(), TestCaseError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut reference = Reference::new();
        let mut sut = Sut::new();
        for (at, step) in program.iter().chain(&[Step::Kill]).enumerate() {
            let ms = if let Step::Advance { ms } = step { ms * 2 } else { 2 };
            reference.step(step);
            sut.step(step, &mut reference).await;
            compare(&reference, &sut, at, step)?;
            for _ in 0..ms {
                reference.advance_one_ms();
                sut.advance_one_ms().await;
                compare(&reference, &sut, at, step)?;
            }
        }
        let open: Vec<_> = reference.open_sends();
        prop_assert!(open.is_empty(), "sends without an outcome at the end: {open:?}");
        seen.extend(reference.outcomes().into_iter().flatten());
        Ok(())
    })
}

fn compare(reference: &Reference, sut: &Sut, at: usize, step: &Step) -> Result<(), TestCaseError> {
    prop_assert_eq!(&reference.turns, &sut.turns(), "order of turns after step {} {:?}", at, step);
    prop_assert_eq!(reference.outcomes(), sut.outcomes(), "outcomes after step {} {:?}", at, step);
    let (expected, found) = (reference.ledger(), sut.ledger());
    prop_assert_eq!(expected, found, "ledger after step {} {:?}", at, step);
    prop_assert!(sut.is_balanced(), "balance after step {} {:?}", at, step);
    prop_assert!(sut.depth() <= reference::CAPACITY, "B1 after step {} {:?}", at, step);
    Ok(())
}

#[test]
fn random_programs_end_as_the_naive_reference_says() {
    let seen = RefCell::new(BTreeSet::new());
    let cases = std::env::var("MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let result =
        runner.run(&prop::collection::vec(step(), 1..120), |program| run(&program, &mut seen.borrow_mut()));
    if let Err(error) = result {
        panic!("{error}");
    }
    let missing: Vec<_> = all_outcomes().difference(&seen.borrow()).cloned().collect();
    assert!(missing.is_empty(), "no program came to these outcomes: {missing:?}");
}
