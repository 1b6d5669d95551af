//! Turns, ends, and time.

use super::Outcome;
use super::reference::{Message, Phase, Reference};
use actors_core::policy::{Order, Schedule};

/// The most turns of higher lanes for which a lane waits.
const TURNS_MAX: u32 = 32;
/// The turns of each lane in a round, lowest lane first.
const SHARES: [u32; 4] = [1, 2, 4, 8];
/// The time in milliseconds after which the newest goes first.
const PRESSURE_MS: u64 = 100;

impl Reference {
    pub(super) fn has(&self, lane: usize) -> bool {
        self.queue.iter().any(|queued| !queued.is_parked && self.lane(queued.class) == lane)
    }

    /// Each free worker takes the next message, one after the other.
    pub(super) fn begin_turns(&mut self) {
        self.take_turns();
        // Other workers continue first.
        self.come();
        let is_idle = self.running.is_empty() && self.pausing.is_empty() && !self.is_held;
        if self.phase == Phase::Draining && self.queue.is_empty() && is_idle {
            self.end();
        }
        self.check_keys();
    }

    pub(super) fn take_turns(&mut self) {
        self.dismiss();
        while self.begin_turn() {}
        self.dismiss();
    }

    /// Whether a worker is free, and a message is ready for it.
    pub(super) fn begin_turn(&mut self) -> bool {
        if self.is_ended() || self.is_held || self.idle() == 0 {
            return false;
        }
        while let Some(lane) = self.next_lane() {
            let (first, next) = self.next_of(lane);
            if self.queue[next].is_dead(self.now) {
                let dead = self.take_out(next);
                self.lose(&dead, "expired", "expired");
                self.grant();
            } else if self.may_begin(next) {
                self.charge(lane);
                // The lane's first message takes the place of the message that has its turn before
                // it.
                self.queue.swap(first, next);
                let next = self.queue.remove(first);
                self.keep_order(lane, &next);
                self.turn_of(next);
                self.grant();
                return true;
            }
        }
        false
    }

    /// Checks that messages of a lane and a key have their turns in order of arrival.
    fn keep_order(&mut self, lane: usize, next: &Message) {
        if self.is_ordered(next.class) {
            let last = self.last_places.insert((lane, next.key), next.place);
            assert!(last < Some(next.place), "{next:?} comes late");
        }
    }

    fn next_lane(&mut self) -> Option<usize> {
        let has = |lane: &usize| self.has(*lane);
        if self.setup.schedule == Schedule::Weighted {
            let with_credit = (0..4).rev().filter(has).find(|&lane| self.credit[lane] > 0);
            return with_credit.or_else(|| (0..4).rev().find(has));
        }
        let highest = (0..4).rev().find(has);
        let due = (0..4).filter(has).find(|&lane| self.waited[lane] >= TURNS_MAX);
        if due < highest && due.is_some() {
            self.note("a lane that has waited long enough");
        }
        due.or(highest)
    }

    /// The places of the lane's first message and of the message whose turn is next.
    fn next_of(&mut self, lane: usize) -> (usize, usize) {
        let is_first = |queued: &Message| !queued.is_parked && self.lane(queued.class) == lane;
        let first = self.queue.iter().position(is_first);
        let first = first.expect("a lane that is next has a message");
        let class = self.queue[first].class;
        let is_pressed = self.now - self.busy_since >= PRESSURE_MS;
        if !is_pressed || self.policy(class).order == Order::Fifo {
            return (first, first);
        }
        self.note("the newest first");
        let newest = self.own(class, None).pop();
        (first, self.queue.iter().position(|queued| Some(queued.id) == newest).unwrap_or(first))
    }

    /// Counts a turn of this lane.
    fn charge(&mut self, lane: usize) {
        for lower in (0..lane).filter(|&lower| self.has(lower)).collect::<Vec<_>>() {
            self.waited[lower] += 1;
        }
        self.waited[lane] = 0;
        if !(0..4).any(|lane| self.has(lane) && self.credit[lane] > 0) {
            self.credit = SHARES;
        }
        self.credit[lane] = self.credit[lane].saturating_sub(1);
    }

    // --- ends ---

    pub(super) fn stop(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining;
            self.close_line();
            self.hurry();
        }
    }

    pub(super) fn kill(&mut self) {
        if !self.pausing.is_empty() {
            self.note("killed before the next instance");
        }
        self.is_cut |= self.phase != Phase::Ended;
        self.end();
    }

    /// Cuts off the turns that still run.
    pub(super) fn end(&mut self) {
        self.phase = Phase::Ended;
        self.alive = 0;
        self.pausing.clear();
        self.coming.clear();
        self.close_line();
        for message in std::mem::take(&mut self.running) {
            self.end_of(&message, "undelivered", Outcome::Err("closed"));
        }
        for message in std::mem::take(&mut self.queue) {
            self.lose(&message, "undelivered", "closed");
        }
    }

    /// Closes admission: waiters are refused, and permits are revoked.
    fn close_line(&mut self) {
        self.permits.clear();
        for waiter in std::mem::take(&mut self.line) {
            match waiter.message {
                Some(message) => self.refuse(&message, "refused_closed", "closed"),
                None if self.is_lazy(waiter.id) => {}
                None => self.tell(waiter.id, Outcome::Err("closed")),
            }
        }
    }

    // --- time ---

    /// The milliseconds until the next event without a step, if there is one.
    pub(crate) fn quiet_ms(&self) -> Option<u64> {
        let messages = self.line.iter().flat_map(|waiter| &waiter.message);
        let ends = |message: &Message| [message.ttl_end, message.deadline];
        let ends = messages.chain(&self.queue).chain(&self.running).flat_map(ends).flatten();
        let ends = ends.chain(self.line.iter().filter_map(|waiter| waiter.deadline));
        // A pause may end at any millisecond from then on.
        let pauses = self.pausing.iter().map(|pause| pause.from.max(self.now + 1));
        let next = ends.filter(|&end| end > self.now).chain(pauses).min();
        next.map(|next| next - self.now)
    }

    /// Advances the clock by a millisecond. By now the runtime has asked for `attempts` instances,
    /// before or after the other events of this time.
    pub(crate) fn advance_one_ms(&mut self, attempts: usize, is_before: bool) {
        self.now += 1;
        if is_before {
            self.revive(attempts);
        }
        self.expire();
        self.revive(attempts);
    }

    fn expire(&mut self) {
        let now = self.now;
        self.leave_the_line_in_time();
        self.purge_while_draining();
        // An asker withdraws its message when it stops waiting. A queued tell is purged when its
        // turn comes.
        while let Some(at) = self.queue.iter().position(|queued| queued.is_ask && queued.is_dead(now)) {
            let queued = self.take_out(at);
            if queued.is_parked {
                self.note("expired while parked");
            }
            let is_late = queued.deadline.is_some_and(|end| end <= now);
            self.letter(queued.id, "expired");
            self.end_of(&queued, "expired", Outcome::Err(if is_late { "timed_out" } else { "expired" }));
            self.grant();
        }
        let is_late = |running: &&Message| running.is_ask && running.deadline == Some(now);
        let late: Vec<_> = self.running.iter().filter(is_late).map(|running| running.id).collect();
        for id in late.into_iter().filter(|&id| self.is_open(id)).collect::<Vec<_>>() {
            self.tell(id, Outcome::Err("timed_out"));
        }
        self.begin_turns();
    }

    fn leave_the_line_in_time(&mut self) {
        let now = self.now;
        let is_over = |end: Option<u64>| end.is_some_and(|end| end <= now);
        let ttl_end = |message: &Option<Message>| message.as_ref().and_then(|message| message.ttl_end);
        while let Some(at) =
            self.line.iter().position(|waiter| is_over(waiter.deadline) || is_over(ttl_end(&waiter.message)))
        {
            let waiter = self.line.remove(at);
            let is_late = is_over(waiter.deadline);
            match waiter.message {
                Some(message) if is_late => self.refuse(&message, "refused_timed_out", "timed_out"),
                Some(message) => self.refuse(&message, "expired", "expired"),
                None => self.tell(waiter.id, Outcome::Err("timed_out")),
            }
            self.grant();
        }
    }
}
