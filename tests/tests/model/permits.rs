//! Reservations and permits.

use super::Outcome;
use super::program::WAITING_MAX;
use super::reference::{Phase, Promised, Reference, Waiter};

impl Reference {
    /// Whether a slot is free for a message of this type, and no waiter comes first.
    fn has_slot(&mut self, class: usize) -> bool {
        if self.is_waiting(class) {
            return false;
        }
        if self.is_short(class, 0).is_some() {
            self.bury_the_dead();
        }
        // A waiter that an expired message of its key held back comes first now.
        !self.is_waiting(class) && self.is_short(class, 0).is_none()
    }

    pub(super) fn reserve(&mut self, id: usize, class: usize, timeout_ms: Option<u64>, is_lazy: bool) {
        self.expect_outcome(id);
        let deadline = timeout_ms.map(|ms| self.now + ms);
        if self.phase != Phase::Open {
            self.tell(id, Outcome::Err("closed"));
        } else if self.has_slot(class) {
            // A reservation that succeeds at its first poll has been polled.
            self.promise(Promised { id, class });
        } else if self.line.len() >= WAITING_MAX {
            self.tell(id, Outcome::Err("full"));
        } else {
            self.line.push(Waiter { id, class, deadline, message: None });
            if is_lazy {
                self.lazy.push((id, None));
            }
        }
    }

    pub(super) fn try_reserve(&mut self, id: usize, class: usize) {
        self.expect_outcome(id);
        if self.phase != Phase::Open {
            self.tell(id, Outcome::Err("closed"));
        } else if self.has_slot(class) {
            self.promise(Promised { id, class });
        } else {
            self.tell(id, Outcome::Err("full"));
        }
    }

    pub(super) fn promise(&mut self, permit: Promised) {
        self.permits.push(permit);
        match self.lazy.iter_mut().find(|(id, _)| *id == permit.id) {
            Some((_, promised)) => *promised = Some(permit),
            None => self.have(permit),
        }
    }

    fn have(&mut self, permit: Promised) {
        self.tell(permit.id, Outcome::Is("permit"));
        self.hand.push(permit);
    }

    /// Polls a reservation that was not polled before.
    pub(super) fn look(&mut self, id: usize) {
        if self.line.iter().any(|waiter| waiter.id == id) {
            return;
        }
        let at = self.lazy.iter().position(|(lazy, _)| *lazy == id);
        match self.lazy.remove(at.expect("a reservation that is polled late is lazy")) {
            // Also if it was revoked meanwhile.
            (_, Some(permit)) => self.have(permit),
            (_, None) => self.tell(id, Outcome::Err("closed")),
        }
    }

    /// Drops a permit. Returns whether there was one.
    pub(super) fn give_back(&mut self, id: usize) -> bool {
        let permits = self.permits.len();
        self.permits.retain(|permit| permit.id != id);
        self.permits.len() < permits
    }

    fn out_of_hand(&mut self, id: usize) -> Promised {
        let at = self.hand.iter().position(|permit| permit.id == id);
        self.hand.remove(at.expect("a permit that is used is in hand"))
    }

    pub(super) fn drop_permit(&mut self, id: usize) {
        self.out_of_hand(id);
        self.give_back(id);
        self.grant();
    }

    pub(super) fn send_permit(&mut self, id: usize, permit: usize, key: u8, weight: usize, is_ask: bool) {
        let class = self.out_of_hand(permit).class;
        let message = self.message(id, class, key, weight, is_ask, None);
        if !self.give_back(permit) {
            self.note("a permit that was revoked");
            return self.refuse(&message, "refused_closed", "closed");
        }
        let twin = self.twin(&message);
        let bytes = match twin {
            Some(twin) => self.bytes_short_of_twin(twin, &message),
            None => self.bytes_short(class, weight),
        };
        if weight > self.room_bytes(class) || bytes > 0 {
            self.note("a permit whose message is too heavy");
            self.refuse(&message, "refused_full", "full");
        } else if let Some(twin) = twin {
            self.note("a permit that was not needed");
            self.accepted(&message, "conflated");
            self.take_over(twin, message);
        } else if self.is_key_full(class, key) {
            self.note("a permit whose key has enough");
            self.refuse(&message, "refused_full", "full");
        } else {
            self.note("a permit that was used");
            self.accepted(&message, "queued");
            self.push(message);
        }
        self.grant();
    }
}
