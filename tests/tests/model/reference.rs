//! The naive reference: one `Vec` of queued messages, one of waiting senders, and scans.

use super::{Mode, Step};
use std::collections::BTreeMap;

pub(crate) const CAPACITY: usize = 6;
/// Slots that only `high` and `urgent` may take; half of them, rounded down, only `urgent`.
pub(crate) const RESERVE: usize = 2;
pub(crate) const WAITING_MAX: usize = 4;
/// Of the types that have one; even, as everything but deadlines is.
pub(crate) const TTL_MS: u64 = 40;
const TURNS_MAX: u32 = 32;

pub(crate) type Outcome = String;

/// The message types of the actor under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Line,
    HighLine,
    Urgent,
    Newest,
    Oldest,
    Keyed,
    KeyedLine,
    OldestLine,
    TimedLine,
}

impl Kind {
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Line,
        Kind::HighLine,
        Kind::Urgent,
        Kind::Newest,
        Kind::Oldest,
        Kind::Keyed,
        Kind::KeyedLine,
        Kind::OldestLine,
        Kind::TimedLine,
    ];

    fn lane(self) -> usize {
        match self {
            Kind::Newest | Kind::Oldest => 0,
            Kind::Line | Kind::Keyed | Kind::KeyedLine | Kind::TimedLine => 1,
            Kind::HighLine | Kind::OldestLine => 2,
            Kind::Urgent => 3,
        }
    }

    fn room(self) -> usize {
        match self.lane() {
            0 | 1 => CAPACITY - RESERVE,
            2 => CAPACITY - RESERVE / 2,
            _ => CAPACITY,
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Kind::Line | Kind::HighLine | Kind::TimedLine => &["block"],
            Kind::Urgent => &["reject"],
            Kind::Newest => &["drop_newest"],
            Kind::Oldest => &["drop_oldest"],
            Kind::Keyed => &["conflate", "drop_oldest"],
            Kind::KeyedLine => &["conflate", "block"],
            Kind::OldestLine => &["drop_oldest", "block"],
        }
    }

    fn is_keyed(self) -> bool {
        matches!(self, Kind::Keyed | Kind::KeyedLine)
    }

    fn has_ttl(self) -> bool {
        matches!(self, Kind::Oldest | Kind::TimedLine)
    }
}

#[derive(Clone, Debug)]
struct Message {
    id: usize,
    kind: Kind,
    key: u8,
    is_ask: bool,
    /// Past this it is worthless.
    ttl_end: Option<u64>,
    /// Past this its sender does not wait.
    deadline: Option<u64>,
}

impl Message {
    fn is_dead(&self, now: u64) -> bool {
        self.ttl_end.is_some_and(|end| end <= now) || self.deadline.is_some_and(|end| end <= now)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Draining,
    Ended,
}

pub(crate) type Ledger = BTreeMap<(Kind, &'static str), u64>;

pub(crate) struct Reference {
    pub(crate) now: u64,
    phase: Phase,
    queue: Vec<Message>,
    line: Vec<Message>,
    running: Option<Message>,
    /// Turns of higher lanes that each lane has waited for.
    waited: [u32; 4],
    sends: Vec<Option<Outcome>>,
    pub(crate) turns: Vec<usize>,
    books: Ledger,
    used_deadlines: Vec<u64>,
}

impl Reference {
    pub(crate) fn new() -> Self {
        Reference {
            now: 0,
            phase: Phase::Open,
            queue: Vec::new(),
            line: Vec::new(),
            running: None,
            waited: [0; 4],
            sends: Vec::new(),
            turns: Vec::new(),
            books: Ledger::new(),
            used_deadlines: Vec::new(),
        }
    }

    fn count(&mut self, kind: Kind, column: &'static str) {
        *self.books.entry((kind, column)).or_default() += 1;
    }

    fn tell(&mut self, id: usize, outcome: &str) {
        assert!(self.sends[id].is_none(), "send {id} has {:?} and gets {outcome}", self.sends[id]);
        self.sends[id] = Some(outcome.to_owned());
    }

    /// A message that was accepted is lost: only an asker still waits to hear of it.
    fn lose(&mut self, message: &Message, column: &'static str, word: &str) {
        self.count(message.kind, column);
        if message.is_ask && self.sends[message.id].is_none() {
            self.tell(message.id, word);
        }
    }

    // --- steps ------------------------------------------------------------------------------------------------------

    pub(crate) fn step(&mut self, step: &Step) {
        match *step {
            Step::Send { kind, key, mode, timeout_ms } => self.send(kind, key, mode, timeout_ms),
            Step::Cancel(id) => self.cancel(id),
            Step::EndTurn => self.end_turn("handled", "answered"),
            Step::PanicTurn => self.panic_turn(),
            Step::Advance { .. } => {}
            Step::Stop => self.stop(),
            Step::Kill => self.kill(),
        }
        self.begin_turn();
    }

    /// The deadline a send was given, in milliseconds from now: odd, and nobody else's.
    pub(crate) fn deadline_in(&mut self, timeout_ms: u64) -> u64 {
        let mut at = (self.now + timeout_ms) | 1;
        while self.used_deadlines.contains(&at) {
            at += 2;
        }
        self.used_deadlines.push(at);
        at - self.now
    }

    pub(crate) fn last_deadline(&self) -> Option<u64> {
        self.used_deadlines.last().map(|at| at - self.now)
    }

    fn send(&mut self, kind: Kind, key: u8, mode: Mode, timeout_ms: Option<u64>) {
        let id = self.sends.len();
        self.sends.push(None);
        self.count(kind, "offered");
        let deadline = timeout_ms.map(|ms| self.deadline_in(ms) + self.now);
        let ttl_end = kind.has_ttl().then_some(self.now + TTL_MS);
        let message = Message { id, kind, key, is_ask: mode == Mode::Ask, ttl_end, deadline };
        self.offer(message, mode);
    }

    fn offer(&mut self, message: Message, mode: Mode) {
        let kind = message.kind;
        if self.phase != Phase::Open {
            return self.refuse(&message, "refused_closed", "err closed");
        }
        if kind.is_keyed()
            && let Some(at) = self.twin(&message)
        {
            let old = std::mem::replace(&mut self.queue[at], message.clone());
            self.lose(&old, "conflated", "err conflated");
            return self.accepted(&message, "conflated");
        }
        if self.line.iter().any(|waiter| waiter.kind == kind) {
            return self.join(message, mode);
        }
        if self.queue.len() >= kind.room() {
            self.bury_the_dead();
        }
        if self.line.iter().any(|waiter| waiter.kind == kind) {
            return self.join(message, mode);
        }
        if self.queue.len() < kind.room() {
            self.accepted(&message, "queued");
            return self.push(message);
        }
        for word in kind.words() {
            match *word {
                "conflate" => {}
                "drop_oldest" => {
                    if let Some(at) = self.queue.iter().position(|queued| queued.kind == kind) {
                        // The newcomer comes first: its lane goes on waiting for its turn.
                        self.accepted(&message, "displaced");
                        self.push(message);
                        let old = self.queue.remove(at);
                        return self.lose(&old, "dropped", "err dropped");
                    }
                }
                "block" => return self.join(message, mode),
                "reject" => return self.refuse(&message, "refused_full", "err full"),
                _ => break,
            }
        }
        self.count(kind, "dropped");
        self.tell(message.id, if message.is_ask { "err dropped" } else { "dropped" });
    }

    fn twin(&self, message: &Message) -> Option<usize> {
        self.queue.iter().position(|queued| queued.kind == message.kind && queued.key == message.key)
    }

    fn accepted(&mut self, message: &Message, word: &str) {
        if !message.is_ask {
            self.tell(message.id, word);
        }
    }

    fn refuse(&mut self, message: &Message, column: &'static str, word: &str) {
        self.count(message.kind, column);
        self.tell(message.id, word);
    }

    fn push(&mut self, message: Message) {
        let lane = message.kind.lane();
        if !self.queue.iter().any(|queued| queued.kind.lane() == lane) {
            self.waited[lane] = 0;
        }
        self.queue.push(message);
    }

    fn join(&mut self, message: Message, mode: Mode) {
        if mode == Mode::Try || self.line.len() >= WAITING_MAX {
            return self.refuse(&message, "refused_full", "err full");
        }
        self.line.push(message);
    }

    /// Before anything living is evicted, whatever is dead goes.
    fn bury_the_dead(&mut self) {
        while let Some(at) = self.queue.iter().position(|queued| queued.is_dead(self.now)) {
            let dead = self.queue.remove(at);
            self.lose(&dead, "expired", "err expired");
        }
        self.grant();
    }

    /// Free slots go to the waiter of the highest lane that may have one; in a lane to the oldest.
    fn grant(&mut self) {
        loop {
            let mut best: Option<usize> = None;
            for (at, waiter) in self.line.iter().enumerate() {
                let is_head = !self.line[..at].iter().any(|before| before.kind == waiter.kind);
                let is_better =
                    best.is_none_or(|best: usize| waiter.kind.lane() > self.line[best].kind.lane());
                if is_head && is_better && self.queue.len() < waiter.kind.room() {
                    best = Some(at);
                }
            }
            let Some(at) = best else { return };
            let waiter = self.line.remove(at);
            self.accepted(&waiter, "waited");
            match waiter.kind.is_keyed().then(|| self.twin(&waiter)).flatten() {
                Some(at) => {
                    let old = std::mem::replace(&mut self.queue[at], waiter);
                    self.lose(&old, "conflated", "err conflated");
                }
                None => self.push(waiter),
            }
        }
    }

    fn cancel(&mut self, id: usize) {
        if self.sends.get(id).is_none_or(Option::is_some) {
            return;
        }
        if let Some(at) = self.line.iter().position(|waiter| waiter.id == id) {
            let waiter = self.line.remove(at);
            self.count(waiter.kind, "cancelled");
        } else if let Some(at) = self.queue.iter().position(|queued| queued.id == id) {
            let queued = self.queue.remove(at);
            self.count(queued.kind, "cancelled");
            self.grant();
        }
        self.tell(id, "cancelled");
    }

    // --- turns ------------------------------------------------------------------------------------------------------

    fn begin_turn(&mut self) {
        while self.running.is_none() && self.phase != Phase::Ended {
            let has = |lane: usize| self.queue.iter().any(|queued| queued.kind.lane() == lane);
            let due = (0..4).find(|&lane| has(lane) && self.waited[lane] >= TURNS_MAX);
            let Some(lane) = due.or_else(|| (0..4).rev().find(|&lane| has(lane))) else { break };
            let Some(at) = self.queue.iter().position(|queued| queued.kind.lane() == lane) else { break };
            if self.queue[at].is_dead(self.now) {
                let dead = self.queue.remove(at);
                self.lose(&dead, "expired", "err expired");
            } else {
                for lower in (0..lane).filter(|&lower| has(lower)).collect::<Vec<_>>() {
                    self.waited[lower] += 1;
                }
                self.waited[lane] = 0;
                let next = self.queue.remove(at);
                self.turns.push(next.id);
                self.running = Some(next);
            }
            self.grant();
        }
        if self.phase == Phase::Draining && self.queue.is_empty() && self.running.is_none() {
            self.phase = Phase::Ended;
        }
    }

    fn end_turn(&mut self, column: &'static str, word: &str) {
        if let Some(message) = self.running.take() {
            self.lose(&message, column, word);
        }
    }

    fn panic_turn(&mut self) {
        if self.running.is_some() {
            self.end_turn("panicked", "err panicked");
            self.end();
        }
    }

    fn stop(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining;
            self.clear_line();
        }
    }

    fn kill(&mut self) {
        self.end_turn("undelivered", "err closed");
        self.end();
    }

    fn end(&mut self) {
        self.phase = Phase::Ended;
        self.clear_line();
        for message in std::mem::take(&mut self.queue) {
            self.lose(&message, "undelivered", "err closed");
        }
    }

    fn clear_line(&mut self) {
        for message in std::mem::take(&mut self.line) {
            self.refuse(&message, "refused_closed", "err closed");
        }
    }

    // --- time -------------------------------------------------------------------------------------------------------

    pub(crate) fn advance_one_ms(&mut self) {
        self.now += 1;
        let now = self.now;
        while let Some(at) = self.line.iter().position(|waiter| waiter.is_dead(now)) {
            let waiter = self.line.remove(at);
            match waiter.deadline.is_some_and(|end| end <= now) {
                true => self.refuse(&waiter, "refused_timed_out", "err timed_out"),
                false => {
                    self.count(waiter.kind, "expired");
                    self.tell(waiter.id, "err expired");
                }
            }
        }
        // An asker takes its message out when it stops waiting; a queued tell is found dead when its turn comes.
        while let Some(at) = self.queue.iter().position(|queued| queued.is_ask && queued.is_dead(now)) {
            let queued = self.queue.remove(at);
            let is_late = queued.deadline.is_some_and(|end| end <= now);
            self.lose(&queued, "expired", if is_late { "err timed_out" } else { "err expired" });
            self.grant();
        }
        if let Some(running) = &self.running
            && running.is_ask
            && running.deadline == Some(now)
            && self.sends[running.id].is_none()
        {
            self.tell(running.id, "err timed_out");
        }
        self.begin_turn();
    }

    // --- what is compared -------------------------------------------------------------------------------------------

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.sends.clone()
    }

    pub(crate) fn open_sends(&self) -> Vec<usize> {
        (0..self.sends.len()).filter(|&id| self.sends[id].is_none()).collect()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = self.books.clone();
        let mut add = |kind, column| *ledger.entry((kind, column)).or_default() += 1;
        self.queue.iter().for_each(|message| add(message.kind, "queued"));
        self.line.iter().for_each(|message| add(message.kind, "waiting"));
        self.running.iter().for_each(|message| add(message.kind, "in_service"));
        ledger
    }
}
