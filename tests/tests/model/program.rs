//! What is generated: an actor's limits and policies, and what is done to it.

use actors_core::{Order, Overflow, Policy, Priority, Schedule};
use proptest::prelude::*;
use std::fmt;
use std::time::Duration;

/// Message types of the actor under test; each program gives them policies of its own.
pub(crate) const CLASSES: usize = 5;
pub(crate) const CAPACITY: usize = 6;
/// Slots that only `high` and `urgent` may take; half of them, rounded down, only `urgent`.
pub(crate) const RESERVE: usize = 2;
pub(crate) const WAITING_MAX: usize = 4;
/// Of the mailboxes that bound them.
const MAX_BYTES: usize = 20;
/// Of the types that have one; even, as everything but deadlines is.
pub(crate) const TTL_MS: u64 = 40;

/// The actor under test.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) schedule: Schedule,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) policies: [Policy; CLASSES],
}

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Tell,
    Try,
    Ask,
}

/// What becomes of a type's policy while the actor runs.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Max(Option<usize>),
    /// Of words that do not conflate; a conflating type goes on conflating.
    Words(Vec<Overflow>),
    Ttl(bool),
}

/// One step of a program. What it refers to by number is counted among what there is when its time comes.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send {
        class: usize,
        key: u8,
        weight: usize,
        mode: Mode,
        timeout_ms: Option<u64>,
    },
    /// With `is_lazy` nobody looks at the reservation before `Look`.
    Reserve {
        class: usize,
        timeout_ms: Option<u64>,
        is_lazy: bool,
    },
    TryReserve {
        class: usize,
    },
    Look(usize),
    SendPermit {
        permit: usize,
        key: u8,
        weight: usize,
        is_ask: bool,
    },
    DropPermit(usize),
    /// A send or reservation that has no outcome yet is dropped, wherever it stands.
    Cancel(usize),
    Adjust {
        class: usize,
        change: Change,
    },
    /// The running turn ends.
    EndTurn,
    /// It ends, and so many after it end at once.
    EndTurns(usize),
    PanicTurn,
    Advance {
        ms: u64,
    },
    Stop,
    Kill,
}

/// A step with everything in it that both sides must agree on: deadlines, and numbers of sends.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send { id: usize, class: usize, key: u8, weight: usize, mode: Mode, timeout_ms: Option<u64> },
    Reserve { id: usize, class: usize, timeout_ms: Option<u64>, is_lazy: bool },
    TryReserve { id: usize, class: usize },
    Look(usize),
    SendPermit { id: usize, permit: usize, key: u8, weight: usize, is_ask: bool },
    DropPermit(usize),
    Cancel(usize),
    Adjust { class: usize, policy: Box<Policy> },
    EndTurn,
    EndTurns(usize),
    PanicTurn,
    Nothing,
    Stop,
    Kill,
}

#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

/// A line per type and per step.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.setup)?;
        self.steps.iter().enumerate().try_for_each(|(at, step)| writeln!(f, "{at}: {step:?}"))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { schedule, max_bytes, policies } = self;
        write!(f, "{schedule:?}, max_bytes {max_bytes:?}")?;
        for (class, policy) in policies.iter().enumerate() {
            let words: Vec<_> = policy.overflow.words().iter().map(|word| word.word()).collect();
            let Policy { priority, max, ttl, order, .. } = policy;
            write!(f, "\ntype {class}: {priority:?} {words:?}, max {max:?}, ttl {ttl:?}, {order:?}")?;
        }
        Ok(())
    }
}

pub(crate) fn program() -> impl Strategy<Value = Program> {
    let some = prop_oneof![150 => step().prop_map(|step| vec![step]), 1 => flood()];
    (setup(), prop::collection::vec(some, 1..120))
        .prop_map(|(setup, steps)| Program { setup, steps: steps.concat() })
}

/// Turn after turn of one type, until others have waited long enough.
fn flood() -> impl Strategy<Value = Vec<Step>> {
    (class(), 20..40usize).prop_map(|(class, rounds)| {
        let send = Step::Send { class, key: 0, weight: 1, mode: Mode::Tell, timeout_ms: None };
        vec![[send, Step::EndTurn]; rounds].concat()
    })
}

fn setup() -> impl Strategy<Value = Setup> {
    let schedule = prop::sample::select(vec![Schedule::Strict, Schedule::Weighted]);
    let max_bytes = prop::sample::select(vec![None, Some(MAX_BYTES)]);
    let policies = prop::collection::vec(policy(), CLASSES)
        .prop_map(|policies| <[Policy; CLASSES]>::try_from(policies).unwrap());
    (schedule, max_bytes, policies).prop_map(|(schedule, max_bytes, policies)| Setup {
        schedule,
        max_bytes,
        policies,
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    let order = prop_oneof![3 => Just(Order::Fifo), 1 => Just(Order::LifoUnderPressure)];
    let is_conflating = prop::bool::weighted(0.3);
    (priority, is_conflating, words(), max(), prop::bool::weighted(0.25), order).prop_map(
        |(priority, is_conflating, words, max, has_ttl, order)| {
            let policy = if is_conflating { Policy::tell().keyed() } else { Policy::tell() };
            let policy = with_max(with_ttl(with_words(policy, &words), has_ttl), max);
            policy.priority(priority).order(order)
        },
    )
}

fn max() -> impl Strategy<Value = Option<usize>> {
    prop::option::weighted(0.35, 1..4usize)
}

/// Every legal list without `conflate`; the empty one stands for what a type does that says nothing more.
fn words() -> impl Strategy<Value = Vec<Overflow>> {
    use Overflow::{Block, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    let first = prop_oneof![
        3 => Just(vec![]),
        2 => Just(vec![DropOldest]),
        1 => Just(vec![DropRandom]),
        2 => Just(vec![EvictLower]),
        1 => Just(vec![DropOldest, EvictLower]),
        1 => Just(vec![EvictLower, DropOldest]),
        1 => Just(vec![DropRandom, EvictLower]),
        1 => Just(vec![EvictLower, DropRandom]),
    ];
    let last = prop_oneof![
        4 => Just(vec![Block]),
        4 => Just(vec![]),
        1 => Just(vec![Reject]),
        2 => Just(vec![DropNewest]),
    ];
    (first, last).prop_map(|(first, last)| [first, last].concat())
}

fn with_words(policy: Policy, words: &[Overflow]) -> Policy {
    match (policy.keyed, words) {
        (true, words) => policy.overflow(&[&[Overflow::Conflate], words].concat()),
        (false, []) => policy.overflow(&[Overflow::Block]),
        (false, words) => policy.overflow(words),
    }
}

fn with_ttl(mut policy: Policy, has_ttl: bool) -> Policy {
    policy.ttl = has_ttl.then_some(Duration::from_millis(TTL_MS));
    policy
}

fn with_max(mut policy: Policy, max: Option<usize>) -> Policy {
    policy.max = max;
    policy
}

impl Change {
    pub(crate) fn apply(&self, policy: Policy) -> Policy {
        match self {
            Change::Max(max) => with_max(policy, *max),
            Change::Words(words) => with_words(policy, words),
            Change::Ttl(has_ttl) => with_ttl(policy, *has_ttl),
        }
    }
}

/// Most fit several times, few into no lane but the highest, or into none.
fn weight() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..5usize, 4 => 5..10usize, 1 => 10..23usize]
}

/// Some more often than others, so that types meet themselves too.
fn class() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 4 => Just(1), 3 => Just(2), 2 => Just(3), 1 => Just(CLASSES - 1)]
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![4 => Just(Mode::Tell), 2 => Just(Mode::Try), 3 => Just(Mode::Ask)];
    let timeout = || prop::option::weighted(0.3, 1u64..80);
    let send =
        (class(), 0..3u8, weight(), mode, timeout()).prop_map(|(class, key, weight, mode, timeout_ms)| {
            Step::Send { class, key, weight, mode, timeout_ms }
        });
    let reserve = (class(), timeout(), prop::bool::weighted(0.3)).prop_map(|(class, timeout, is_lazy)| {
        // Who does not look does not see that its time is over either.
        Step::Reserve { class, timeout_ms: timeout.filter(|_| !is_lazy), is_lazy }
    });
    let send_permit = (0..40usize, 0..3u8, weight(), prop::bool::weighted(0.4))
        .prop_map(|(permit, key, weight, is_ask)| Step::SendPermit { permit, key, weight, is_ask });
    let change = prop_oneof![
        2 => max().prop_map(Change::Max),
        2 => words().prop_map(Change::Words),
        1 => any::<bool>().prop_map(Change::Ttl),
    ];
    let adjust = (class(), change).prop_map(|(class, change)| Step::Adjust { class, change });
    prop_oneof![
        300 => send,
        30 => reserve,
        10 => class().prop_map(|class| Step::TryReserve { class }),
        8 => (0..40usize).prop_map(Step::Look),
        20 => send_permit,
        15 => (0..40usize).prop_map(Step::DropPermit),
        30 => (0..40usize).prop_map(Step::Cancel),
        25 => adjust,
        150 => Just(Step::EndTurn),
        10 => (1..10usize).prop_map(Step::EndTurns),
        1 => Just(Step::PanicTurn),
        60 => (1..40u64).prop_map(|ms| Step::Advance { ms }),
        1 => Just(Step::Stop),
        1 => Just(Step::Kill),
    ]
}
