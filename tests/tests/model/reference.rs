//! The naive reference: a `Vec` of queued messages, one of waiters, one of permits, and scans.
//!
//! The outcome of an offer is in `offers.rs`, room and victims in `room.rs`, reservations in
//! `permits.rs`, turns and ends in `turns.rs`, keys in `keys.rs`, workers and instances in
//! `crew.rs`.

use super::Outcome;
use super::program::{Act, Bid, Mode, Revival, Setup, Step};
use actors_core::policy::{Overflow, Policy};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The number of its send. Later sends have higher numbers.
    pub(super) id: usize,
    pub(super) class: usize,
    pub(super) key: u8,
    pub(super) weight: usize,
    pub(super) is_ask: bool,
    /// When its TTL ends.
    pub(super) ttl_end: Option<u64>,
    /// When its sender stops waiting.
    pub(super) deadline: Option<u64>,
    /// The age of its place in the queue: a number that only grows.
    pub(super) place: u64,
    /// Whether it is parked: it waits for a turn of its key, and is in no lane.
    pub(super) is_parked: bool,
    /// Whether it was parked, and went to the front of its lane.
    pub(super) is_let_go: bool,
}

impl Message {
    pub(super) fn is_dead(&self, now: u64) -> bool {
        self.ttl_end.is_some_and(|end| end <= now) || self.deadline.is_some_and(|end| end <= now)
    }
}

/// A waiter: a sender with its message, or a reservation.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) id: usize,
    pub(super) class: usize,
    pub(super) deadline: Option<u64>,
    pub(super) message: Option<Message>,
}

/// A permit: a promised slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promised {
    pub(super) id: usize,
    pub(super) class: usize,
}

/// A worker whose instance is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coming {
    New,
    /// Whether it replaces another instance.
    Anew,
}

/// A worker in its pause, whose exact end is unknown because it is spread at random.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    pub(super) from: u64,
    pub(super) to: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Draining,
    Ended,
}

pub(crate) type Ledger = BTreeMap<(usize, &'static str), u64>;

#[derive(Clone)]
pub(crate) struct Reference {
    pub(super) setup: Setup,
    pub(super) now: u64,
    pub(super) phase: Phase,
    pub(super) queue: Vec<Message>,
    pub(super) line: Vec<Waiter>,
    /// The running turns, in the order in which they began.
    pub(super) running: Vec<Message>,
    /// The number of workers, including those in a pause.
    pub(super) alive: usize,
    /// The number of workers wanted.
    pub(super) want: usize,
    pub(super) pausing: Vec<Pause>,
    pub(super) coming: VecDeque<Coming>,
    /// The times of the failures within the window.
    pub(super) failures: Vec<u64>,
    /// How many of the next instances cannot be made.
    pub(super) fail_starts: usize,
    /// The instances asked for, and the instances made.
    pub(super) attempts: usize,
    pub(super) instances: usize,
    pub(super) is_held: bool,
    /// Whether the end came before all messages were handled.
    pub(super) is_cut: bool,
    /// The place of the last turn of each lane and key.
    pub(super) last_places: BTreeMap<(usize, u8), u64>,
    /// The promised slots, which count like queued messages.
    pub(super) permits: Vec<Promised>,
    /// The program's permits, including revoked ones.
    pub(super) hand: Vec<Promised>,
    /// The reservations that are not polled, with their slot once it is promised.
    pub(super) lazy: Vec<(usize, Option<Promised>)>,
    /// The turns of higher lanes for which each lane has waited.
    pub(super) waited: [u32; 4],
    /// The turns that each lane has left in this round.
    pub(super) credit: [u32; 4],
    pub(super) places: u64,
    /// When a send last found an empty queue.
    pub(super) busy_since: u64,
    pub(super) sends: Vec<Option<Outcome>>,
    pub(super) turns: Vec<(usize, usize)>,
    pub(super) books: Ledger,
    used_deadlines: Vec<u64>,
    /// The losses with a dead letter since the last comparison.
    pub(super) letters: Vec<(usize, &'static str)>,
    /// The losses that the runtime reports for this step: the only way to know the victim of a
    /// random drop.
    pub(super) reported: Vec<(usize, &'static str)>,
    /// The asks that the system under test has refused as doomed: what it has measured is not in
    /// the reference.
    pub(super) doomed: BTreeSet<usize>,
    pub(super) seen: BTreeSet<&'static str>,
}

impl Reference {
    pub(crate) fn new(setup: Setup) -> Self {
        Reference {
            setup,
            now: 0,
            phase: Phase::Open,
            queue: Vec::new(),
            line: Vec::new(),
            running: Vec::new(),
            alive: setup.workers.0,
            want: setup.workers.0,
            pausing: Vec::new(),
            coming: VecDeque::new(),
            failures: Vec::new(),
            fail_starts: 0,
            attempts: setup.workers.0,
            instances: setup.workers.0,
            is_held: false,
            is_cut: false,
            last_places: BTreeMap::new(),
            permits: Vec::new(),
            hand: Vec::new(),
            lazy: Vec::new(),
            waited: [0; 4],
            credit: [0; 4],
            places: 0,
            busy_since: 0,
            sends: Vec::new(),
            turns: Vec::new(),
            books: Ledger::new(),
            used_deadlines: Vec::new(),
            letters: Vec::new(),
            reported: Vec::new(),
            doomed: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    // --- bookkeeping ---

    pub(super) fn policy(&self, class: usize) -> &Policy {
        &self.setup.policies[class]
    }

    pub(super) fn lane(&self, class: usize) -> usize {
        self.policy(class).priority.lane()
    }

    pub(super) fn conflates(&self, class: usize) -> bool {
        self.policy(class).overflow.words().contains(&Overflow::Conflate)
    }

    /// Records an event that a run must have seen at least once.
    pub(super) fn note(&mut self, what: &'static str) {
        self.seen.insert(what);
    }

    pub(super) fn count(&mut self, class: usize, column: &'static str) {
        *self.books.entry((class, column)).or_default() += 1;
    }

    pub(super) fn is_open(&self, id: usize) -> bool {
        self.sends[id].is_none()
    }

    pub(super) fn tell(&mut self, id: usize, outcome: Outcome) {
        assert!(self.is_open(id), "send {id} has {:?} and gets {outcome:?}", self.sends[id]);
        self.sends[id] = Some(outcome);
    }

    pub(super) fn is_lazy(&self, id: usize) -> bool {
        self.lazy.iter().any(|(lazy, _)| *lazy == id)
    }

    pub(super) fn letter(&mut self, id: usize, word: &'static str) {
        self.letters.push((id, word));
    }

    /// Ends an accepted message. Only an asker still waits for its outcome.
    pub(super) fn end_of(&mut self, message: &Message, column: &'static str, outcome: Outcome) {
        self.count(message.class, column);
        if message.is_ask && self.is_open(message.id) {
            self.tell(message.id, outcome);
        }
    }

    /// Loses an accepted message, with a dead letter.
    pub(super) fn lose(&mut self, message: &Message, column: &'static str, word: &'static str) {
        self.letter(message.id, word);
        self.end_of(message, column, Outcome::Err(word));
    }

    pub(super) fn accepted(&mut self, message: &Message, word: &'static str) {
        if !message.is_ask {
            self.tell(message.id, Outcome::Is(word));
        }
    }

    pub(super) fn refuse(&mut self, message: &Message, column: &'static str, word: &'static str) {
        self.count(message.class, column);
        self.tell(message.id, Outcome::Err(word));
    }

    pub(super) fn turn_of(&mut self, message: Message) {
        // It does not matter which of several workers has the turn, and so which instance.
        let instance = if self.is_pool() { 0 } else { self.instances - 1 };
        self.turns.push((message.id, instance));
        self.running.push(message);
    }

    // --- steps ---

    /// Returns what a step means in the current state.
    pub(crate) fn resolve(&mut self, step: &Step) -> Act {
        let id = self.sends.len();
        let nth = |n: usize, of: &[usize]| (!of.is_empty()).then(|| of[n % of.len()]);
        let hand: Vec<_> = self.hand.iter().map(|permit| permit.id).collect();
        let lazy: Vec<_> = self.lazy.iter().map(|(id, _)| *id).collect();
        let turns: Vec<_> = self.running.iter().map(|running| running.id).collect();
        let found = match *step {
            Step::Send { class, key, weight, mode, timeout_ms } => {
                let timeout_ms = timeout_ms.map(|ms| self.deadline_in(ms));
                Some(Act::Send { id, class, key, weight, mode, timeout_ms })
            }
            Step::Reserve { class, timeout_ms, is_lazy } => {
                let timeout_ms = timeout_ms.map(|ms| self.deadline_in(ms));
                Some(Act::Reserve { id, class, timeout_ms, is_lazy })
            }
            Step::TryReserve { class } => Some(Act::TryReserve { id, class }),
            Step::Look(n) => nth(n, &lazy).map(Act::Look),
            Step::SendPermit { permit, key, weight, is_ask } => {
                nth(permit, &hand).map(|permit| Act::SendPermit { id, permit, key, weight, is_ask })
            }
            Step::DropPermit(n) => nth(n, &hand).map(Act::DropPermit),
            Step::Cancel(n) => nth(n, &self.open_sends()).map(Act::Cancel),
            Step::Adjust { class, ref change } => {
                Some(Act::Adjust { class, policy: Box::new(change.apply(*self.policy(class))) })
            }
            Step::EndTurn(n) => nth(n, &turns).map(|id| Act::Turn { id, bids: vec![Bid::End] }),
            Step::EndTurns(n, more) => nth(n, &turns).map(|id| {
                // Shares of turns hold per round, however messages are claimed. Only strict
                // priorities hold turn by turn.
                let more = if self.shares_claims() { 0 } else { more };
                Act::Turn { id, bids: vec![Bid::End; more + 1] }
            }),
            Step::PanicTurn(n) => nth(n, &turns).map(|id| Act::Turn { id, bids: vec![Bid::Panic] }),
            Step::PanicTurns(n, more) => nth(n, &turns).map(|id| {
                let more = if self.shares_claims() { 0 } else { more };
                let bids = [vec![Bid::End; more + 1], vec![Bid::Panic]].concat();
                Act::Turn { id, bids }
            }),
            Step::StopTurns(n, more, bid) => nth(n, &turns).and_then(|id| {
                let more = if self.shares_claims() { 0 } else { more };
                // It would end most programs early.
                let is_end = self.setup.revival != Revival::Permanent && n != 0;
                let bids = [vec![Bid::End; more], vec![bid]].concat();
                (!is_end).then_some(Act::Turn { id, bids })
            }),
            Step::FailStarts(some) => Some(Act::FailStarts(some)),
            Step::Resize(workers) => self.is_pool().then_some(Act::Resize(workers)),
            Step::Hold(is_held) => (is_held != self.is_held).then_some(Act::Hold(is_held)),
            Step::Advance { .. } => None,
            Step::Stop => Some(Act::Stop),
            Step::Kill => Some(Act::Kill),
        };
        found.unwrap_or(Act::Nothing)
    }

    /// A unique odd deadline about so many milliseconds from now.
    fn deadline_in(&mut self, timeout_ms: u64) -> u64 {
        let mut at = (self.now + timeout_ms) | 1;
        while self.used_deadlines.contains(&at) {
            at += 2;
        }
        self.used_deadlines.push(at);
        at - self.now
    }

    pub(crate) fn act(&mut self, act: &Act) {
        match *act {
            Act::Send { id, class, key, weight, mode, timeout_ms } => {
                let message = self.message(id, class, key, weight, mode == Mode::Ask, timeout_ms);
                self.offer(message, mode);
            }
            Act::Reserve { id, class, timeout_ms, is_lazy } => self.reserve(id, class, timeout_ms, is_lazy),
            Act::TryReserve { id, class } => self.try_reserve(id, class),
            Act::Look(id) => self.look(id),
            Act::SendPermit { id, permit, key, weight, is_ask } => {
                self.send_permit(id, permit, key, weight, is_ask);
            }
            Act::DropPermit(id) => self.drop_permit(id),
            Act::Cancel(id) => self.cancel(id),
            Act::Adjust { class, ref policy } => {
                self.unpark_all();
                self.setup.policies[class] = **policy;
                self.grant();
            }
            Act::Turn { id, ref bids } => self.bid_all(id, bids),
            Act::FailStarts(some) => self.fail_starts = some,
            Act::Resize(workers) => self.resize(workers),
            Act::Hold(is_held) => self.is_held = is_held,
            Act::Nothing => {}
            Act::Stop => self.stop(),
            Act::Kill => self.kill(),
        }
        self.begin_turns();
    }

    /// Makes a message whose send begins now.
    pub(super) fn message(
        &mut self,
        id: usize,
        class: usize,
        key: u8,
        weight: usize,
        is_ask: bool,
        timeout_ms: Option<u64>,
    ) -> Message {
        self.expect_outcome(id);
        self.count(class, "offered");
        if self.queue.is_empty() {
            self.busy_since = self.now;
        }
        if !self.pausing.is_empty() {
            self.note("an offer before the next instance");
        }
        let ttl = self.policy(class).ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap());
        let deadline = timeout_ms.map(|ms| self.now + ms);
        let ttl_end = ttl.map(|ttl| self.now + ttl);
        Message {
            id,
            class,
            key,
            weight,
            is_ask,
            ttl_end,
            deadline,
            place: 0,
            is_parked: false,
            is_let_go: false,
        }
    }

    pub(super) fn expect_outcome(&mut self, id: usize) {
        assert_eq!(id, self.sends.len(), "sends are numbered as they come");
        self.sends.push(None);
    }
}
