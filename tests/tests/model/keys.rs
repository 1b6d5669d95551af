//! Order by key with several workers: flags and scans where the runtime has lists.

use super::program::CAPACITY;
use super::reference::{Message, Reference};

impl Reference {
    pub(super) fn is_pool(&self) -> bool {
        self.setup.workers.1 > 1
    }

    /// Whether messages of this type keep the order of their keys. Types share their keys.
    pub(super) fn is_ordered(&self, class: usize) -> bool {
        self.is_pool() && self.policy(class).keyed
    }

    /// Whether messages of this key, in the lane of this type and above, use up the key's share for
    /// this type.
    pub(super) fn is_key_full(&self, class: usize, key: u8) -> bool {
        let lane = self.lane(class);
        let counts = |queued: &&Message| {
            queued.key == key && self.is_ordered(queued.class) && self.lane(queued.class) >= lane
        };
        let most = self.policy(class).max_per_key.unwrap_or((CAPACITY / 4).max(1));
        self.is_ordered(class) && self.queue.iter().filter(counts).count() >= most
    }

    pub(super) fn is_busy(&self, key: u8) -> bool {
        self.running.iter().any(|running| running.key == key && self.is_ordered(running.class))
    }

    fn is_of(&self, message: &Message, lane: usize, key: u8) -> bool {
        self.is_ordered(message.class) && self.lane(message.class) == lane && message.key == key
    }

    /// Whether the key of a lane's first message is free. If not, the message is parked: it leaves
    /// the lane until its key is free and it is the key's oldest.
    pub(super) fn may_begin(&mut self, at: usize) -> bool {
        let Message { class, key, is_let_go, .. } = self.queue[at];
        if !self.is_ordered(class) {
            return true;
        }
        let lane = self.lane(class);
        let is_before =
            |other: &Message| (other.is_parked || other.is_let_go) && self.is_of(other, lane, key);
        let is_next = is_let_go || !self.queue.iter().any(is_before);
        let is_free = is_next && !self.is_busy(key);
        self.queue[at].is_let_go = false;
        self.queue[at].is_parked = !is_free;
        match (is_free, is_let_go) {
            (true, true) => self.note("let go, and had its turn"),
            (true, false) => {}
            (false, true) => self.note("let go, and parked again"),
            (false, false) => self.note("parked"),
        }
        is_free
    }

    /// Moves the oldest message of a key to the front of its lane, if it is due. Returns the lanes
    /// that got a message.
    fn let_go(&mut self, key: u8) -> [bool; 4] {
        let mut came = [false; 4];
        for (lane, came) in came.iter_mut().enumerate() {
            let of_it = |message: &&Message| self.is_of(message, lane, key);
            let is_out = self.queue.iter().filter(of_it).any(|message| message.is_let_go);
            let parked = self.queue.iter().position(|message| message.is_parked && of_it(&message));
            if let Some(at) = parked
                && !is_out
                && !self.is_busy(key)
            {
                let message = self.queue.remove(at);
                self.queue.insert(0, Message { is_parked: false, is_let_go: true, ..message });
                *came = true;
            }
        }
        came
    }

    /// Ends a turn of this message.
    pub(super) fn end_key(&mut self, message: &Message) {
        if !self.is_ordered(message.class) {
            return;
        }
        let had = [0, 1, 2, 3].map(|lane| self.has(lane));
        let came = self.let_go(message.key);
        for lane in (0..4).filter(|&lane| came[lane] && !had[lane]) {
            self.waited[lane] = 0;
        }
    }

    /// Removes a queued message without a turn. An unparked one makes way for the next of its key.
    pub(super) fn take_out(&mut self, at: usize) -> Message {
        let message = self.queue.remove(at);
        if self.is_ordered(message.class) {
            self.let_go(message.key);
        }
        message
    }

    /// Puts all parked messages back to where they came from.
    pub(super) fn unpark_all(&mut self) {
        let was_parked = |message: &Message| message.is_parked || message.is_let_go;
        let (mut back, rest): (Vec<_>, Vec<_>) = self.queue.drain(..).partition(was_parked);
        if back.iter().any(|message| message.is_parked) {
            self.note("unparked for a new policy");
        }
        back.sort_by_key(|message| message.place);
        back.iter_mut().for_each(|message| (message.is_parked, message.is_let_go) = (false, false));
        self.queue = [back, rest].concat();
    }

    /// Checks the invariants that hold whatever the schedule is, and whichever messages are parked.
    pub(super) fn check_keys(&self) {
        for (at, one) in self.running.iter().enumerate().filter(|(_, one)| self.is_ordered(one.class)) {
            let is_twin = |other: &Message| self.is_ordered(other.class) && other.key == one.key;
            assert!(!self.running[..at].iter().any(is_twin), "two turns of key {}", one.key);
        }
        if self.idle() > 0 && !self.is_held && !self.is_ended() {
            let waits = |message: &Message| self.is_ordered(message.class) && self.is_busy(message.key);
            assert!(self.queue.iter().all(waits), "a worker is idle beside {:?}", self.queue);
        }
    }
}
