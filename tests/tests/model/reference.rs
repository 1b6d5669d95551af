//! The naive reference: one `Vec` of queued messages, one of those in line, one of permits, and scans.
//!
//! What becomes of an offer is here, who has room and who must go in `room.rs`, reservations in `permits.rs`, turns and ends in
//! `turns.rs`.

use super::Outcome;
use super::program::{Act, Mode, Setup, Step};
use actors_core::{Overflow, Policy, Schedule};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The number of its send: who was sent later has a higher one.
    pub(super) id: usize,
    pub(super) class: usize,
    pub(super) key: u8,
    pub(super) weight: usize,
    pub(super) is_ask: bool,
    /// Past this it is worthless.
    pub(super) ttl_end: Option<u64>,
    /// Past this its sender does not wait.
    pub(super) deadline: Option<u64>,
    /// When the place it stands in came into the mailbox: a number that only grows.
    pub(super) place: u64,
}

impl Message {
    pub(super) fn is_dead(&self, now: u64) -> bool {
        self.ttl_end.is_some_and(|end| end <= now) || self.deadline.is_some_and(|end| end <= now)
    }
}

/// Whoever stands in line: a sender with its message, or a reservation.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) id: usize,
    pub(super) class: usize,
    pub(super) deadline: Option<u64>,
    pub(super) message: Option<Message>,
}

/// A slot that is promised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promised {
    pub(super) id: usize,
    pub(super) class: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Draining,
    Ended,
}

pub(crate) type Ledger = BTreeMap<(usize, &'static str), u64>;

pub(crate) struct Reference {
    pub(super) setup: Setup,
    pub(super) now: u64,
    pub(super) phase: Phase,
    pub(super) queue: Vec<Message>,
    pub(super) line: Vec<Waiter>,
    pub(super) running: Option<Message>,
    /// Slots that are promised: they count wherever queued messages do.
    pub(super) permits: Vec<Promised>,
    /// Permits that the program has, also those that are worth nothing any more.
    pub(super) hand: Vec<Promised>,
    /// Reservations that nobody looks at, wherever they stand; once a slot was promised, with it.
    pub(super) lazy: Vec<(usize, Option<Promised>)>,
    /// Turns of higher lanes that each lane has waited for.
    pub(super) waited: [u32; 4],
    /// Turns that each lane has left in this round.
    pub(super) credit: [u32; 4],
    pub(super) places: u64,
    /// When last a send found nothing queued.
    pub(super) busy_since: u64,
    sends: Vec<Option<Outcome>>,
    turns: Vec<usize>,
    books: Ledger,
    used_deadlines: Vec<u64>,
    /// Losses that a dead letter reports, since they were last asked for.
    letters: Vec<(usize, &'static str)>,
    /// What the runtime reports of this step: the only way to know whom a random word met.
    pub(super) reported: Vec<(usize, &'static str)>,
    seen: BTreeSet<&'static str>,
}

impl Reference {
    pub(crate) fn new(setup: Setup) -> Self {
        Reference {
            setup,
            now: 0,
            phase: Phase::Open,
            queue: Vec::new(),
            line: Vec::new(),
            running: None,
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
            seen: BTreeSet::new(),
        }
    }

    // --- bookkeeping ------------------------------------------------------------------------------------------------

    pub(super) fn policy(&self, class: usize) -> &Policy {
        &self.setup.policies[class]
    }

    pub(super) fn lane(&self, class: usize) -> usize {
        self.policy(class).priority.lane()
    }

    pub(super) fn conflates(&self, class: usize) -> bool {
        self.policy(class).overflow.words().contains(&Overflow::Conflate)
    }

    /// Something happened that a run must have seen at least once.
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

    /// A message that was accepted ends: only an asker still waits to hear of it.
    pub(super) fn end_of(&mut self, message: &Message, column: &'static str, outcome: Outcome) {
        self.count(message.class, column);
        if message.is_ask && self.is_open(message.id) {
            self.tell(message.id, outcome);
        }
    }

    /// A message that was accepted is lost, and a dead letter says so.
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
        self.turns.push(message.id);
        self.running = Some(message);
    }

    // --- steps ------------------------------------------------------------------------------------------------------

    /// What a step means now.
    pub(crate) fn resolve(&mut self, step: &Step) -> Act {
        let id = self.sends.len();
        let nth = |n: usize, of: &[usize]| (!of.is_empty()).then(|| of[n % of.len()]);
        let hand: Vec<_> = self.hand.iter().map(|permit| permit.id).collect();
        let lazy: Vec<_> = self.lazy.iter().map(|(id, _)| *id).collect();
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
            Step::EndTurn => Some(Act::EndTurn),
            // Shares of turns hold over rounds, whatever is claimed together; only ranks hold turn by turn.
            Step::EndTurns(_) if self.setup.schedule == Schedule::Weighted => Some(Act::EndTurn),
            Step::EndTurns(more) => Some(Act::EndTurns(more)),
            Step::PanicTurn => Some(Act::PanicTurn),
            Step::Advance { .. } => None,
            Step::Stop => Some(Act::Stop),
            Step::Kill => Some(Act::Kill),
        };
        found.unwrap_or(Act::Nothing)
    }

    /// A deadline in about so many milliseconds from now: odd, and nobody else's.
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
                self.setup.policies[class] = **policy;
                self.grant();
            }
            Act::EndTurn => self.end_turn("handled", Outcome::Is("answered")),
            Act::EndTurns(more) => {
                for _ in 0..more {
                    self.end_turn("handled", Outcome::Is("answered"));
                    self.begin_turn();
                }
                self.end_turn("handled", Outcome::Is("answered"));
            }
            Act::PanicTurn => self.panic_turn(),
            Act::Nothing => {}
            Act::Stop => self.stop(),
            Act::Kill => self.kill(),
        }
        self.begin_turn();
    }

    /// A message whose send begins now.
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
        let ttl = self.policy(class).ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap());
        let deadline = timeout_ms.map(|ms| self.now + ms);
        let ttl_end = ttl.map(|ttl| self.now + ttl);
        Message { id, class, key, weight, is_ask, ttl_end, deadline, place: 0 }
    }

    pub(super) fn expect_outcome(&mut self, id: usize) {
        assert_eq!(id, self.sends.len(), "sends are numbered as they come");
        self.sends.push(None);
    }

    // --- offers -----------------------------------------------------------------------------------------------------

    fn offer(&mut self, message: Message, mode: Mode) {
        if self.phase != Phase::Open {
            return self.refuse(&message, "refused_closed", "closed");
        }
        if message.weight > self.room_bytes(message.class) {
            self.note("refused for its weight");
            return self.refuse(&message, "refused_full", "full");
        }
        let Some(message) = self.enter(message, mode) else { return };
        // Before anything living is given up, whatever is dead goes, and those in line go before the newcomer.
        self.bury_the_dead();
        let Some(message) = self.enter(message, mode) else { return };
        self.try_words(message, mode);
    }

    /// Lets the message in, or into the line, where that costs nobody anything; otherwise gives it back.
    fn enter(&mut self, message: Message, mode: Mode) -> Option<Message> {
        let class = message.class;
        if let Some(twin) = self.twin(&message) {
            if self.bytes_short_of_twin(twin, &message) > 0 {
                self.note("too heavy for its twin's place");
                return Some(message);
            }
            self.accepted(&message, "conflated");
            self.take_over(twin, message);
            self.grant();
            return None;
        }
        if self.is_waiting(class) {
            if self.ends_in(class, Overflow::Block) {
                self.join(message, mode);
                return None;
            }
            self.note("no passing of its own type's line");
            return Some(message);
        }
        if self.is_short(class, message.weight).is_some() {
            return Some(message);
        }
        self.accepted(&message, "queued");
        self.push(message);
        None
    }

    fn try_words(&mut self, message: Message, mode: Mode) {
        let Some((word, victims)) = self.victims_for(&message) else {
            return self.last_resort(message, mode);
        };
        let (column, reason) = match word {
            Overflow::EvictLower => ("evicted", "evicted"),
            _ => ("dropped", "dropped"),
        };
        self.note(if column == "evicted" { "displaced by eviction" } else { "displaced" });
        if victims.len() > 1 {
            self.note("several victims");
        }
        // The newcomer comes first: its lane goes on waiting for its turn.
        match self.twin(&message) {
            Some(twin) => {
                self.note("bytes freed for a twin");
                self.accepted(&message, "conflated");
                self.take_over(twin, message);
            }
            None => {
                self.accepted(&message, "displaced");
                self.push(message);
            }
        }
        for id in victims {
            let victim = self.remove(id);
            self.lose(&victim, column, reason);
        }
        self.grant();
    }

    /// No word has found room.
    fn last_resort(&mut self, message: Message, mode: Mode) {
        let is_droppable = self.is_droppable(message.class);
        match self.policy(message.class).overflow.words().last() {
            Some(Overflow::Block) => self.join(message, mode),
            _ if is_droppable => {
                self.count(message.class, "dropped");
                self.letter(message.id, "dropped");
                let outcome = if message.is_ask { Outcome::Err("dropped") } else { Outcome::Is("dropped") };
                self.tell(message.id, outcome);
            }
            _ => self.refuse(&message, "refused_full", "full"),
        }
    }

    fn cancel(&mut self, id: usize) {
        self.tell(id, Outcome::Is("cancelled"));
        if let Some(at) = self.line.iter().position(|waiter| waiter.id == id) {
            let waiter = self.line.remove(at);
            if waiter.message.is_some() {
                self.count(waiter.class, "cancelled");
                self.letter(id, "cancelled");
            } else {
                self.note("a reservation that left the line");
            }
        } else if self.queue.iter().any(|queued| queued.id == id) {
            let queued = self.remove(id);
            self.count(queued.class, "cancelled");
            self.letter(id, "cancelled");
        } else if self.give_back(id) {
            self.note("a promised slot that was passed on");
        }
        self.lazy.retain(|(lazy, _)| *lazy != id);
        self.grant();
    }

    // --- what is compared -------------------------------------------------------------------------------------------

    pub(crate) fn turns(&self) -> &[usize] {
        &self.turns
    }

    pub(crate) fn outcomes(&self) -> &[Option<Outcome>] {
        &self.sends
    }

    pub(crate) fn take_letters(&mut self) -> Vec<(usize, &'static str)> {
        let mut letters = std::mem::take(&mut self.letters);
        letters.sort_unstable();
        letters
    }

    pub(crate) fn seen(&self) -> impl Iterator<Item = &'static str> {
        self.seen.iter().copied()
    }

    pub(crate) fn open_sends(&self) -> Vec<usize> {
        (0..self.sends.len()).filter(|&id| self.is_open(id)).collect()
    }

    /// Sends that should have come to an outcome by now, after the end.
    pub(crate) fn forgotten(&self) -> Vec<usize> {
        self.open_sends().into_iter().filter(|&id| !self.is_lazy(id)).collect()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = self.books.clone();
        let mut add = |class, column| *ledger.entry((class, column)).or_default() += 1;
        self.queue.iter().for_each(|message| add(message.class, "queued"));
        self.line.iter().flat_map(|waiter| &waiter.message).for_each(|message| add(message.class, "waiting"));
        self.running.iter().for_each(|message| add(message.class, "in_service"));
        ledger
    }

    /// Depth, senders and reservations in line, permits, bytes.
    pub(crate) fn numbers(&self) -> [usize; 4] {
        let bytes = if self.setup.max_bytes.is_some() { self.bytes() } else { 0 };
        [self.queue.len(), self.line.len(), self.permits.len(), bytes]
    }
}
