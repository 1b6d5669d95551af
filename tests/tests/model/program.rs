//! The generated programs: an actor's limits and policies, and the steps.

use super::setup::{max, per_key, setup, words};
use actors_core::policy::{Overflow, Policy, Schedule};
use proptest::prelude::*;
use std::fmt;

/// The number of message types. Each program gives them its own policies.
pub(crate) const CLASSES: usize = 5;
pub(crate) const CAPACITY: usize = 6;
/// The slots for `high` and `urgent` only. Half of them, rounded down, are for `urgent` only.
pub(crate) const RESERVE: usize = 2;
pub(crate) const WAITING_MAX: usize = 4;
/// The TTL of the types that have one, in milliseconds. It is even, as all times but deadlines are.
pub(crate) const TTL_MS: u64 = 40;

/// The pauses after the second and after each later failure, in milliseconds, spread by a fifth
/// either way.
pub(crate) const BACKOFF_MS: [u64; 2] = [20, 40];

/// The restart policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revival {
    NoFactory,
    Never,
    /// Restarts at once, without a limit.
    AtOnce,
    /// Restarts at once without a limit, also when an instance stops itself.
    Permanent,
    /// Restarts a limited number of times within a window, after a pause.
    Limited {
        most: u32,
        within_ms: u64,
    },
}

/// The actor under test.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// The least and the most workers.
    pub(crate) workers: (usize, usize),
    pub(crate) revival: Revival,
    /// Whether a supervisor samples the actor, without any action.
    pub(crate) is_supervised: bool,
    pub(crate) schedule: Schedule,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) policies: [Policy; CLASSES],
}

/// The kinds of sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Tell,
    Try,
    Ask,
}

/// Changes of a type's policy while the actor runs.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Max(Option<usize>),
    PerKey(Option<usize>),
    /// Words other than `conflate`. A conflating type keeps conflating.
    Words(Vec<Overflow>),
    Ttl(bool),
}

/// The ending of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bid {
    End,
    Panic,
    /// Stops its actor, and ends.
    Stop,
    /// Stops its actor, and panics.
    Fall,
}

/// One step of a program. Its numbers refer to what exists when the step runs.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send {
        class: usize,
        key: u8,
        weight: usize,
        mode: Mode,
        timeout_ms: Option<u64>,
    },
    /// Reserves a slot. With `is_lazy` the reservation is not polled before `Look`.
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
    /// Drops a pending send or reservation.
    Cancel(usize),
    Adjust {
        class: usize,
        change: Change,
    },
    /// A running turn ends.
    EndTurn(usize),
    /// A running turn ends, and so many later turns end at once.
    EndTurns(usize, usize),
    PanicTurn(usize),
    /// A running turn ends, so many later turns end at once, and then one panics at once.
    PanicTurns(usize, usize),
    /// So many turns end, this one first. Then one stops its own actor, and ends or panics.
    StopTurns(usize, usize, Bid),
    /// How many of the next instances cannot be made.
    FailStarts(usize),
    Resize(usize),
    /// Holds the actor, or releases it.
    Hold(bool),
    Advance {
        ms: u64,
    },
    Stop,
    Kill,
}

/// A step with the details on which both sides must agree: deadlines, and numbers of sends.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send {
        id: usize,
        class: usize,
        key: u8,
        weight: usize,
        mode: Mode,
        timeout_ms: Option<u64>,
    },
    Reserve {
        id: usize,
        class: usize,
        timeout_ms: Option<u64>,
        is_lazy: bool,
    },
    TryReserve {
        id: usize,
        class: usize,
    },
    Look(usize),
    SendPermit {
        id: usize,
        permit: usize,
        key: u8,
        weight: usize,
        is_ask: bool,
    },
    DropPermit(usize),
    Cancel(usize),
    Adjust {
        class: usize,
        policy: Box<Policy>,
    },
    /// Ends a running turn in the first way, and later turns at once in the other ways.
    Turn {
        id: usize,
        bids: Vec<Bid>,
    },
    FailStarts(usize),
    Resize(usize),
    Hold(bool),
    Nothing,
    Stop,
    Kill,
}

#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

/// Shows a line per type and per step.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.setup)?;
        self.steps.iter().enumerate().try_for_each(|(at, step)| writeln!(f, "{at}: {step:?}"))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { workers, revival, is_supervised, schedule, max_bytes, policies } = self;
        write!(f, "{workers:?} workers, {revival:?}, supervised: {is_supervised}, ")?;
        write!(f, "{schedule:?}, max_bytes {max_bytes:?}")?;
        for (class, policy) in policies.iter().enumerate() {
            let words: Vec<_> = policy.overflow.words().iter().map(|word| word.word()).collect();
            let Policy { priority, max, ttl, order, keyed, .. } = policy;
            write!(f, "\ntype {class}: {priority:?} {words:?}, max {max:?}, ttl {ttl:?}, {order:?}")?;
            write!(f, ", keyed: {keyed}")?;
        }
        Ok(())
    }
}

pub(crate) fn program() -> impl Strategy<Value = Program> {
    let some = prop_oneof![
        400 => step().prop_map(|step| vec![step]),
        2 => flood(),
        4 => trouble(),
        1 => trouble_at_the_end(),
    ];
    (setup(), prop::collection::vec(some, 1..120))
        .prop_map(|(setup, steps)| Program { setup, steps: steps.concat() })
}

/// Many turns of one type, until other lanes are due.
fn flood() -> impl Strategy<Value = Vec<Step>> {
    (class(), 20..40usize).prop_map(|(class, rounds)| {
        let send = Step::Send { class, key: 0, weight: 1, mode: Mode::Tell, timeout_ms: None };
        vec![[send, Step::EndTurn(0)]; rounds].concat()
    })
}

/// Two failures, so that there is a pause; in it more messages, and perhaps a stop.
fn trouble() -> impl Strategy<Value = Vec<Step>> {
    let then = prop_oneof![
        2 => Just(Step::Stop),
        1 => Just(Step::Kill),
        2 => (1..40u64).prop_map(|ms| Step::Advance { ms }),
    ];
    let sends = || prop::collection::vec((class(), 0..3u8), 0..5);
    (class(), sends(), 0..3usize, sends(), then).prop_map(|(class, before, more, after, then)| {
        let send = |class, key| Step::Send { class, key, weight: 1, mode: Mode::Ask, timeout_ms: None };
        let all = |some: Vec<_>| some.into_iter().map(|(class, key)| send(class, key)).collect();
        let first = vec![send(class, 0), Step::PanicTurn(0), send(class, 0)];
        // The other claimed messages go back.
        [first, all(before), vec![Step::PanicTurns(0, more)], all(after), vec![then]].concat()
    })
}

/// Two failures while the actor drains, then messages that expire in the pause.
fn trouble_at_the_end() -> impl Strategy<Value = Vec<Step>> {
    let dies = prop::collection::vec((class(), 0..3u8, 1..30u64), 1..4);
    (class(), dies).prop_map(|(class, dies)| {
        let send = |class, key, mode, timeout_ms| Step::Send { class, key, weight: 1, mode, timeout_ms };
        let first = vec![send(class, 0, Mode::Ask, None); 2];
        let dies = dies.into_iter().map(|(class, key, ms)| send(class, key, Mode::Tell, Some(ms)));
        let end = [Step::Stop, Step::PanicTurn(0), Step::PanicTurn(0), Step::Advance { ms: 15 }];
        first.into_iter().chain(dies).chain(end).collect()
    })
}

/// Most weights fit several times; a few fit the highest lane only, or none.
fn weight() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..5usize, 4 => 5..10usize, 1 => 10..23usize]
}

/// Some types are more frequent, so that a type also meets itself.
fn class() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 4 => Just(1), 3 => Just(2), 2 => Just(3), 1 => Just(CLASSES - 1)]
}

/// The index of a running turn.
fn nth() -> impl Strategy<Value = usize> {
    0..12usize
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![4 => Just(Mode::Tell), 2 => Just(Mode::Try), 3 => Just(Mode::Ask)];
    let timeout = || prop::option::weighted(0.3, 1u64..80);
    let send =
        (class(), 0..3u8, weight(), mode, timeout()).prop_map(|(class, key, weight, mode, timeout_ms)| {
            Step::Send { class, key, weight, mode, timeout_ms }
        });
    let reserve = (class(), timeout(), prop::bool::weighted(0.3)).prop_map(|(class, timeout, is_lazy)| {
        // A reservation that is not polled does not time out.
        Step::Reserve { class, timeout_ms: timeout.filter(|_| !is_lazy), is_lazy }
    });
    let send_permit = (0..40usize, 0..3u8, weight(), prop::bool::weighted(0.4))
        .prop_map(|(permit, key, weight, is_ask)| Step::SendPermit { permit, key, weight, is_ask });
    let change = prop_oneof![
        2 => max().prop_map(Change::Max),
        2 => words().prop_map(Change::Words),
        1 => any::<bool>().prop_map(Change::Ttl),
        1 => per_key().prop_map(Change::PerKey),
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
        150 => nth().prop_map(Step::EndTurn),
        10 => (nth(), 1..10usize).prop_map(|(turn, more)| Step::EndTurns(turn, more)),
        8 => nth().prop_map(Step::PanicTurn),
        4 => (nth(), 0..6usize).prop_map(|(turn, more)| Step::PanicTurns(turn, more)),
        4 => (nth(), 0..4usize, prop::sample::select(vec![Bid::Stop, Bid::Stop, Bid::Fall]))
            .prop_map(|(turn, more, bid)| Step::StopTurns(turn, more, bid)),
        2 => (1..3usize).prop_map(Step::FailStarts),
        15 => (1..6usize).prop_map(Step::Resize),
        4 => Just(Step::Hold(true)),
        30 => Just(Step::Hold(false)),
        60 => (1..40u64).prop_map(|ms| Step::Advance { ms }),
        1 => Just(Step::Stop),
        1 => Just(Step::Kill),
    ]
}
