//! The outcome of an offer.

use super::Outcome;
use super::program::Mode;
use super::reference::{Message, Phase, Reference};
use actors_core::policy::Overflow;

impl Reference {
    pub(super) fn offer(&mut self, message: Message, mode: Mode) {
        if self.phase != Phase::Open {
            return self.refuse(&message, "refused_closed", "closed");
        }
        if message.weight > self.room_bytes(message.class) {
            self.note("refused for its weight");
            return self.refuse(&message, "refused_full", "full");
        }
        if self.is_doomed(&message) {
            return self.refuse(&message, "refused_doomed", "doomed");
        }
        let Some(message) = self.enter(message, mode) else { return };
        // Expired messages go before a living one is given up, and waiters go before the new
        // message.
        self.bury_the_dead();
        let Some(message) = self.enter(message, mode) else { return };
        self.try_words(message, mode);
    }

    /// Takes over which asks the system under test has refused as doomed.
    pub(super) fn hear_of_doomed(&mut self, outcomes: &[Option<Outcome>]) {
        let doomed = outcomes.iter().enumerate().filter(|(_, is)| **is == Some(Outcome::Err("doomed")));
        self.doomed = doomed.map(|(id, _)| id).collect();
    }

    /// Whether an ask is refused as doomed: as the system under test says, which may only say so of
    /// an ask that has living messages or senders in line ahead (T4). Before that, what has
    /// expired goes.
    fn is_doomed(&mut self, message: &Message) -> bool {
        let is_queued = |id: &usize| self.queue.iter().any(|queued| queued.id == *id);
        let has_purged = self.reported.iter().any(|(id, why)| *why == "expired" && is_queued(id));
        if message.is_ask && has_purged && self.clear_the_dead() {
            self.note("a dead one was no way to go");
        }
        let is_doomed = self.doomed.contains(&message.id);
        if is_doomed {
            let policy = self.policy(message.class);
            assert!(message.is_ask && !policy.overflow.has(Overflow::Conflate));
            let has_some_ahead = !self.queue.is_empty() || self.is_waiting(message.class);
            assert!(has_some_ahead, "an ask with nothing ahead is never doomed");
        }
        is_doomed
    }

    /// Accepts the message, or lets it wait, if that costs no other message. Otherwise returns it.
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
        if let Some(short) = self.is_short_of(&message) {
            if short.is_only_its_key_s() {
                self.note("room, but not for its key");
            }
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
        // The new message is queued before the victim goes, so its lane keeps its waiting time.
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
            if victim.is_parked {
                self.note(if column == "evicted" { "evicted while parked" } else { "dropped while parked" });
            }
            self.lose(&victim, column, reason);
        }
        self.grant();
    }

    /// Applies the last word: no word has found room.
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

    pub(super) fn cancel(&mut self, id: usize) {
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
            if queued.is_parked {
                self.note("withdrawn while parked");
            }
            self.count(queued.class, "cancelled");
            self.letter(id, "cancelled");
        } else if self.give_back(id) {
            self.note("a promised slot that was passed on");
        }
        self.lazy.retain(|(lazy, _)| *lazy != id);
        self.grant();
    }
}
