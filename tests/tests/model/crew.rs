//! Workers: which are free, which start and retire, and what happens when an instance fails.

use super::Outcome;
use super::program::{BACKOFF_MS, Bid, Revival};
use super::reference::{Coming, Pause, Phase, Reference};
use actors_core::policy::Schedule;

impl Reference {
    /// The workers that have an instance, and no turn.
    pub(super) fn idle(&self) -> usize {
        self.alive - self.running.len() - self.pausing.len() - self.coming.len()
    }

    /// Whether several messages are claimed at once, and by shares: then order among lanes holds
    /// over rounds only.
    pub(super) fn shares_claims(&self) -> bool {
        self.setup.schedule == Schedule::Weighted && !self.is_pool()
    }

    // --- turns ---

    /// Ends a running turn in this way, and the turns that begin after it.
    pub(super) fn bid_all(&mut self, id: usize, bids: &[Bid]) {
        let Some((first, then)) = bids.split_first() else { return };
        self.bid(id, *first);
        for bid in then {
            self.dismiss();
            if !self.begin_turn() {
                break;
            }
            let next = self.running.last().map(|running| running.id);
            self.bid(next.expect("a turn has begun"), *bid);
        }
    }

    fn bid(&mut self, id: usize, bid: Bid) {
        let is_permanent = self.setup.revival == Revival::Permanent;
        if matches!(bid, Bid::Stop | Bid::Fall) && !is_permanent {
            self.stop();
        }
        let at = self.running.iter().position(|running| running.id == id);
        let message = self.running.remove(at.expect("a turn that ends is running"));
        match bid {
            Bid::End | Bid::Stop => self.end_of(&message, "handled", Outcome::Is("answered")),
            Bid::Panic | Bid::Fall => {
                self.lose(&message, "panicked", "panicked");
                if !self.running.is_empty() {
                    self.note("a panic beside other turns");
                }
            }
        }
        self.end_key(&message);
        if matches!(bid, Bid::Panic | Bid::Fall) {
            self.fail();
        } else if bid == Bid::Stop && is_permanent {
            self.note("an instance that makes way");
            self.coming.push_back(Coming::Anew);
        }
    }

    // --- instances ---

    /// An instance has failed.
    fn fail(&mut self) {
        if self.is_drained() {
            // No message is left for a next instance.
            return self.leave();
        }
        match self.pause() {
            None => {
                self.note("an instance that was the last");
                self.is_cut = true;
                self.end();
            }
            Some((0, 0)) => self.coming.push_back(Coming::Anew),
            Some((from, to)) => {
                self.pausing.push(Pause { from: self.now + from, to: self.now + to });
                self.purge_while_draining();
            }
        }
    }

    /// While a draining actor is in its pause, expired messages go at once. It ends when no living
    /// message is left.
    pub(super) fn purge_while_draining(&mut self) {
        if self.phase == Phase::Draining && self.is_pausing() && self.clear_the_dead() {
            self.note("purged before the next instance");
        }
    }

    /// The shortest and the longest pause before the next instance. `None`: there is no next
    /// instance.
    fn pause(&mut self) -> Option<(u64, u64)> {
        let (most, within) = match self.setup.revival {
            Revival::NoFactory | Revival::Never => return None,
            Revival::AtOnce | Revival::Permanent => return Some((0, 0)),
            Revival::Limited { most, within_ms } => (most as usize, within_ms),
        };
        let now = self.now;
        self.failures.retain(|then| now - then < within);
        if self.failures.len() >= most {
            self.note("one failure too many");
            return None;
        }
        self.failures.push(now);
        let Some(doubled) = self.failures.len().checked_sub(2) else { return Some((0, 0)) };
        let ms = BACKOFF_MS[doubled.min(BACKOFF_MS.len() - 1)];
        Some((ms * 8 / 10, (ms * 12).div_ceil(10)))
    }

    /// Makes the instances that are due, one after the other. The queue stays as it is, without
    /// expired messages.
    pub(super) fn come(&mut self) {
        while let Some(&coming) = self.coming.front() {
            let is_made = self.is_drained() || self.make();
            // The actor may end after that.
            self.coming.pop_front();
            if self.is_drained() && coming == Coming::Anew {
                self.leave();
            } else if !is_made {
                self.note("an instance that could not be made");
                self.fail();
            } else if coming == Coming::Anew {
                self.note("a new instance");
                if self.clear_the_dead() {
                    self.note("cleared for a new instance");
                }
            }
            self.take_turns();
        }
    }

    fn is_drained(&self) -> bool {
        self.phase == Phase::Draining && self.queue.is_empty()
    }

    fn make(&mut self) -> bool {
        self.attempts += 1;
        let fails = self.fail_starts > 0;
        self.fail_starts -= usize::from(fails);
        self.instances += usize::from(!fails);
        !fails
    }

    /// Ends pauses until as many instances have been asked for as in the runtime.
    pub(super) fn revive(&mut self, attempts: usize) {
        while self.attempts < attempts {
            let now = self.now;
            let due = self.pausing.iter().enumerate().filter(|(_, pause)| pause.from <= now);
            let Some((at, _)) = due.min_by_key(|(_, pause)| pause.to) else { return };
            self.pausing.remove(at);
            self.note("a new instance after a while");
            self.coming.push_back(Coming::Anew);
            self.begin_turns();
        }
    }

    /// No message is left, so workers in their pauses end, sooner or later. `has_ended` says
    /// whether all have.
    pub(crate) fn give_up_waiting(&mut self, has_ended: bool) {
        if has_ended && self.is_drained() && self.running.is_empty() {
            self.end();
        }
    }

    /// Admission is closed, so all pauses end.
    pub(super) fn hurry(&mut self) {
        let pausing = std::mem::take(&mut self.pausing);
        if !pausing.is_empty() {
            self.note("stopped before the next instance");
        }
        self.coming.extend(pausing.iter().map(|_| Coming::Anew));
    }

    pub(crate) fn is_pausing(&self) -> bool {
        !self.pausing.is_empty()
    }

    /// Describes a pause that should have ended by now. With no message left, all must be over:
    /// the end of one worker of several is not reported.
    pub(crate) fn overdue(&self) -> Option<String> {
        let is_over = |pause: &Pause| pause.to < self.now;
        let is_overdue = match self.is_drained() {
            true if self.pausing.is_empty() || self.is_held || !self.running.is_empty() => false,
            true => self.pausing.iter().all(is_over),
            false => self.pausing.iter().any(is_over),
        };
        let Reference { now, phase, queue, running, pausing, .. } = self;
        is_overdue.then(|| format!("at {now} {phase:?}, {pausing:?}, {running:?}, {queue:?}"))
    }

    // --- how many ---

    pub(super) fn resize(&mut self, workers: usize) {
        let (least, most) = self.setup.workers;
        self.want = workers.clamp(least, most);
        // A draining pool still grows, because its turns may wait for messages in its queue.
        let has_turns = match self.phase {
            Phase::Open => true,
            Phase::Draining => self.alive > 0 && !self.queue.is_empty(),
            _ => false,
        };
        let hired = if has_turns { self.want.saturating_sub(self.alive) } else { 0 };
        self.alive += hired;
        if hired > 0 {
            self.note("hired");
        }
        self.coming.extend((0..hired).map(|_| Coming::New));
    }

    /// Retires surplus workers, and those in a pause without a message left.
    pub(super) fn dismiss(&mut self) {
        if !self.is_pool() {
            return;
        }
        let gone = match self.phase {
            Phase::Open => self.idle().min(self.alive.saturating_sub(self.want)),
            Phase::Draining if self.queue.is_empty() && !self.is_held => self.idle(),
            _ => 0,
        };
        self.alive -= gone;
        if gone > 0 && self.phase == Phase::Open {
            self.note(if self.queue.is_empty() { "retired" } else { "retired before the queue was empty" });
        }
    }

    /// Ends a worker for good. The actor ends with its last worker.
    fn leave(&mut self) {
        self.alive -= 1;
        if self.alive == 0 {
            self.end();
        }
    }
}
