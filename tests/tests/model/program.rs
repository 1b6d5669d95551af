//! What is generated: an actor's limits and policies, and what is done to it.

use super::setup::{max, per_key, setup, words};
use actors_core::{Overflow, Policy, Schedule};
use proptest::prelude::*;
use std::fmt;

/// Message types of the actor under test; each program gives them policies of its own.
pub(crate) const CLASSES: usize = 5;
pub(crate) const CAPACITY: usize = 6;
/// Slots that only `high` and `urgent` may take; half of them, rounded down, only `urgent`.
pub(crate) const RESERVE: usize = 2;
pub(crate) const WAITING_MAX: usize = 4;
/// Of the types that have one; even, as everything but deadlines is.
pub(crate) const TTL_MS: u64 = 40;

/// Before a new instance, from the second failure on, and from the third; spread by a fifth either way.
pub(crate) const BACKOFF_MS: [u64; 2] = [20, 40];

/// What follows when an instance fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revival {
    NoFactory,
    Never,
    /// However often, and at once.
    AtOnce,
    /// The same, also where an instance stops itself.
    Permanent,
    /// So often in so long a time, after a while.
    Limited {
        most: u32,
        within_ms: u64,
    },
}

/// The actor under test.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// At least, and at most.
    pub(crate) workers: (usize, usize),
    pub(crate) revival: Revival,
    /// Somebody looks at it, and decides nothing.
    pub(crate) is_supervised: bool,
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
    PerKey(Option<usize>),
    /// Of words that do not conflate; a conflating type goes on conflating.
    Words(Vec<Overflow>),
    Ttl(bool),
}

/// What a turn is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bid {
    End,
    Panic,
    /// To stop its actor, and end.
    Stop,
    /// To stop its actor, and panic.
    Fall,
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
    /// A running turn ends.
    EndTurn(usize),
    /// It ends, and so many after it end at once.
    EndTurns(usize, usize),
    PanicTurn(usize),
    /// It ends, so many after it do at once, and then one panics at once.
    PanicTurns(usize, usize),
    /// So many turns end, this one first; then one stops its own actor, and ends or panics.
    StopTurns(usize, usize, Bid),
    /// So many of the next instances cannot be made.
    FailStarts(usize),
    Resize(usize),
    /// No turn begins any more, or turns do again.
    Hold(bool),
    Advance {
        ms: u64,
    },
    Stop,
    Kill,
}

/// A step with everything in it that both sides must agree on: deadlines, and numbers of sends.
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
    /// A running turn does what the first says; what the others say is done at once by those that begin after it.
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

/// A line per type and per step.
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

/// Turn after turn of one type, until others have waited long enough.
fn flood() -> impl Strategy<Value = Vec<Step>> {
    (class(), 20..40usize).prop_map(|(class, rounds)| {
        let send = Step::Send { class, key: 0, weight: 1, mode: Mode::Tell, timeout_ms: None };
        vec![[send, Step::EndTurn(0)]; rounds].concat()
    })
}

/// Two failures, so that the next instance does not come at once; more messages, and perhaps an end, before it does.
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
        // What else was claimed with it goes back.
        [first, all(before), vec![Step::PanicTurns(0, more)], all(after), vec![then]].concat()
    })
}

/// Two failures while the actor drains; then messages that die before the next instance comes.
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

/// Most fit several times, few into no lane but the highest, or into none.
fn weight() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..5usize, 4 => 5..10usize, 1 => 10..23usize]
}

/// Some more often than others, so that types meet themselves too.
fn class() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 4 => Just(1), 3 => Just(2), 2 => Just(3), 1 => Just(CLASSES - 1)]
}

/// Which of the running turns.
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
        // Who does not look does not see that its time is over either.
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
