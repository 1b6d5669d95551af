//! Claims: which messages the consumer takes out, in which order, and what goes back.

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::books::watched::Sampling;
use crate::mailbox::consumers::Consumers;
use crate::mailbox::core::Core;
use crate::mailbox::ids::{ClassId, SlotId, WorkerId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{ConsumerKind, Mailbox, Section};
use crate::mailbox::signals::Signals;
use crate::mailbox::store::claim::Claim;
use crate::mailbox::store::queue::Queue;
use crate::mailbox::store::slots::LANE;
use crate::mailbox::take::batch::Batch;
use crate::policy::Priority;
use crate::stripes::here;
use std::time::Duration;

/// Messages that lose their turns in one critical section, at most: expired ones, and those that
/// are shed. So the lock is short even when a whole queue goes.
const LOST_PER_LOCK: usize = 64;

/// Claims of short turns per reading of the clock.
const CLAIMS_PER_LOOK: u32 = 8;

/// A mailbox that has not been empty for this long has more than a burst to do: CoDel's interval
/// (RFC 8289, section 3.2).
const PRESSED_AFTER: Duration = Duration::from_millis(100);

impl<T: Item, S> Section<'_, T, S> {
    /// Ends the running turn otherwise than by returning. Returns its message type, if one was
    /// running.
    fn fail_claimed(&mut self, reason: Reason) -> Option<ClassId> {
        self.settle();
        let class = self.claim.conclude();
        if let Some(class) = class {
            let counts = &mut self.queue.classes[class].counts;
            counts.in_service -= 1;
            counts.lose(Stage::Lost, reason);
            self.turns += 1;
        }
        self.signals().end_turn();
        class
    }

    /// Puts back what was claimed and has not begun (S3). Withdrawn messages are lost instead.
    pub(in crate::mailbox) fn unclaim(&mut self, batch: &mut Batch<T>) {
        while let Some(taken) = batch.pop_back() {
            let (slot, item) = (taken.slot, taken.item.take());
            match self.queue.slots.at(slot).withdrawn_as {
                Some(reason) => {
                    let tag = self.queue.slots.tag(slot);
                    self.queue.release(slot, tag.class);
                    self.lose(item, tag, reason);
                }
                None => self.queue.unclaim(slot, item),
            }
        }
        if let Some(schedule) = self.claim.cut() {
            self.schedule = schedule;
        }
        self.grant();
    }

    /// Claims the only queued message and begins its turn: a [`claim`](Section::claim) where there
    /// is no choice. `false`, and nothing has happened, where the message has expired or a sender
    /// waits.
    pub(in crate::mailbox) fn claim_only(&mut self, now: Tick, batch: &mut Batch<T>) -> bool {
        let lane = (0..Priority::COUNT).find(|&lane| self.queue.lane_len(lane) > 0);
        let Some((lane, slot)) = lane.and_then(|lane| Some((lane, self.queue.lane_front(lane)?))) else {
            return false;
        };
        let entry = self.queue.slots.at(slot);
        let (class, stamp) = (entry.class, entry.stamp);
        if entry.expires <= now || self.lines.owed() > 0 {
            return false;
        }
        let mut busy = [false; Priority::COUNT];
        busy[lane] = true;
        self.schedule.took(lane, 1, busy);
        self.queue.unlink(slot);
        let hash = self.queue.slots.hash_of(slot);
        self.review_key_of(class, hash);
        batch.clear();
        batch.prepare(1);
        batch.add(slot, self.queue.slots.at_mut(slot));
        self.queue.release(slot, class);
        self.queue.classes[class].counts.in_service += 1;
        self.claim.only(slot, class, lane);
        self.claim.thread = here();
        self.signals().set_progress(1);
        self.watched.began(now, stamp);
        self.note_stay(now, stamp);
        self.note_empty(now);
        true
    }

    /// Claims up to `max` messages, in the order of turns, and begins the turn of the first, so
    /// that its slot is free at once. Nothing may be claimed when this is called. If the batch
    /// stays empty, either nothing is queued, or all that was found had expired and this must be
    /// called again.
    pub(in crate::mailbox) fn claim(&mut self, max: usize, now: Tick, batch: &mut Batch<T>) {
        let count = max.min(self.queue.used());
        self.claim.reset();
        self.claim.thread = here();
        batch.clear();
        batch.prepare(count);
        self.signals().set_progress(0);
        let (mut lost, oldest) = (0, self.oldest_kept(now));
        while batch.rest() < max && lost < LOST_PER_LOCK {
            let busy = self.queue.busy();
            let Some((lane, turns)) = self.schedule.next(busy) else { break };
            let Some(front) = self.queue.next_of_lane(lane, self.is_pressed(now)) else { break };
            if let Some(reason) = self.why_no_turn(front, now, oldest) {
                if !batch.is_empty() {
                    break;
                }
                // Its slot may let in a sender of a higher lane: look again.
                self.lose_turn(front, reason, now);
                lost += 1;
                continue;
            }
            let class = self.queue.slots.at(front).class;
            if self.queue.classes[class].is_single && !batch.is_empty() {
                // It is claimed by itself, next time: the lane continues to wait.
                break;
            }
            let before = self.schedule.clone();
            self.claim.begin_run(lane, before, busy);
            let before = batch.rest();
            let goes_on = self.claim_lane(lane, max.min(before + usize::from(turns)), now, batch);
            self.schedule.took(lane, (batch.rest() - before) as u16, busy);
            // Time is measured per claim, so each is of one lane.
            if !goes_on || self.schedule.is_timed() {
                break;
            }
        }
        if let Some(stamp) = batch.youngest() {
            self.watched.began(now, stamp);
            self.note_stay(now, stamp);
            self.begin();
        }
        self.note_empty(now);
    }

    /// Loses a message instead of its turn, and hands over its slot.
    pub(in crate::mailbox) fn lose_turn(&mut self, slot: SlotId, reason: Reason, now: Tick) {
        if reason == Reason::Shed {
            let stamp = self.queue.slots.at(slot).stamp;
            self.note_stay(now, stamp);
        }
        self.lose_queued(slot, reason);
        self.grant();
    }

    /// Begins the next claimed turn under the lock, so that its slot goes to a waiter in the same
    /// critical section.
    pub(in crate::mailbox) fn begin(&mut self) {
        self.signals().begin_turn();
        self.settle();
        if self.lines.owed() > 0 {
            // The next turn must hand its slot over too, until no sender waits.
            self.signals().interrupt();
        }
    }

    /// Returns the instant of a claim. Where turns are known to be short and nothing queued may
    /// expire, one claim in eight reads the clock: enough for the rates. `was_asleep`: the consumer
    /// was woken for what is queued. Its first message has read the clock a moment ago, which is
    /// exact enough unless a supervisor judges by it.
    pub(in crate::mailbox) fn claim_instant(&mut self, is_short: bool, was_asleep: bool) -> Tick {
        let is_recent = was_asleep && self.watched.sampling == Sampling::Off;
        self.is_short = is_short;
        self.unseen += 1;
        let may_guess = (is_short || is_recent) && self.unseen < CLAIMS_PER_LOOK && !self.queue.may_expire();
        if may_guess && !self.queue.has_lifo && !self.schedule.is_timed() {
            return self.recent;
        }
        let now = (self.now)();
        self.unseen = 0;
        self.enter_refused();
        self.saw(now);
        let core = &mut *self.core;
        core.drain.busy(now, core.turns);
        core.arrivals.saw(now, core.ids + core.watched.shed);
        now
    }

    /// Notes that nothing is queued and the consumer goes to sleep.
    pub(in crate::mailbox) fn rest(&mut self) {
        self.is_short = false;
        // A supervisor judges by the rate, so it must not be that of a load which is gone.
        if self.drain.is_slow() || self.watched.sampling == Sampling::Requested {
            let (now, turns) = ((self.now)(), self.turns);
            self.drain.busy(now, turns);
        }
        self.drain.idle();
        if let Some(sojourn) = &mut self.watched.sojourn {
            sojourn.rest();
        }
        self.shrink();
    }
}

impl<T: Item> Core<T> {
    /// Why the next message of a lane loses its turn, if it does. `oldest` is what
    /// [`oldest_kept`](Core::oldest_kept) says.
    #[inline]
    pub(in crate::mailbox) fn why_no_turn(&self, slot: SlotId, now: Tick, oldest: Tick) -> Option<Reason> {
        if self.queue.slots.at(slot).expires <= now {
            return Some(Reason::Expired);
        }
        self.is_overdue(slot, oldest).then_some(Reason::Shed)
    }

    /// The next claim reads the clock: what is queued has waited for the seat.
    pub(in crate::mailbox) fn must_look(&mut self) {
        self.unseen = CLAIMS_PER_LOOK;
    }

    /// Whether the mailbox has not been empty for so long that types which declare it are served
    /// newest first.
    pub(in crate::mailbox) fn is_pressed(&self, now: Tick) -> bool {
        self.queue.has_lifo && now.since(self.busy_since) >= PRESSED_AFTER
    }

    /// Whether the consumer may continue with what is claimed: nothing of it was withdrawn, and no
    /// higher lane has a message (S3).
    pub(in crate::mailbox) fn may_go_on(&self, signals: &Signals) -> bool {
        let highest = self.queue.busy().iter().rposition(|busy| *busy);
        let is_outranked = self.schedule.outranks()
            && highest.is_some_and(|lane| self.claim.is_outranked_by(lane, signals.progress()));
        !self.claim.has_withdrawn && !is_outranked
    }

    /// Claims messages of a lane until `max` are claimed in all. `false` when one was met that ends
    /// the claim.
    fn claim_lane(&mut self, lane: usize, max: usize, now: Tick, batch: &mut Batch<T>) -> bool {
        let is_pressed = self.is_pressed(now);
        let Some(first) = self.queue.next_of_lane(lane, is_pressed) else { return true };
        // A message that a newer one may replace or overtake until its own turn is claimed by
        // itself.
        if self.queue.classes[self.queue.slots.at(first).class].is_single {
            if batch.is_empty() && self.queue.slots.at(first).expires > now {
                let class = self.queue.slots.at(first).class;
                self.queue.unlink_next(first, lane);
                self.review_key_of(class, self.queue.slots.hash_of(first));
                self.claim.add(first, class, lane);
                batch.add(first, self.queue.slots.at_mut(first));
            }
            return false;
        }
        let oldest = self.oldest_kept(now);
        self.queue.claim_front(lane, max, (now, oldest), &mut self.claim, batch)
    }
}

impl<T: Item> Queue<T> {
    /// Moves messages from the front of a lane into a claim, until `max` are claimed in all.
    /// `false` when one was met that ends the claim: one that expired before `now` or may be shed
    /// because it was offered before `oldest`, or one that is claimed by itself.
    pub(in crate::mailbox) fn claim_front(
        &mut self,
        lane: usize,
        max: usize,
        (now, oldest): (Tick, Tick),
        claim: &mut Claim,
        batch: &mut Batch<T>,
    ) -> bool {
        let before = batch.rest();
        let (mut at, mut are_bare, mut goes_on) = (self.lanes[lane].front(), true, true);
        let mut places = batch.places();
        while places.rest() < max
            && let Some(slot) = at
        {
            let entry = self.slots.at_mut(slot);
            let state = &self.classes[entry.class];
            let is_overdue = entry.stamp < oldest && state.is_sheddable();
            if entry.expires <= now || state.is_single || is_overdue {
                goes_on = false;
                break;
            }
            are_bare &= state.is_bare;
            claim.add(slot, entry.class, lane);
            places.add(slot, entry);
            at = entry.next();
        }
        self.lanes[lane].cut_front(LANE, &mut self.slots, (batch.rest() - before) as u32, at);
        if !are_bare {
            batch.slots(before).for_each(|slot| self.remove_from_lists(slot));
        }
        goes_on
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// The running turn of this worker ended by returning. With a single consumer that is a load
    /// and a store, and takes no lock. Only the holder of the seat calls this.
    #[inline]
    pub(crate) fn end_turn(&self, worker: WorkerId) {
        match self.consumer_kind {
            ConsumerKind::One => self.signals.end_turn(),
            ConsumerKind::Pool => self.end_turn_in_pool(worker),
        }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// The running turn of this worker ended otherwise: by a panic, or cut off. Returns its message
    /// type, if there was one. Only the holder of the seat calls this.
    pub(crate) fn fail_turn(&mut self, worker: WorkerId, reason: Reason) -> Option<ClassId> {
        match &*self.consumers {
            Consumers::One(_) => self.fail_claimed(reason),
            Consumers::Pool(_) => self.fail_in_pool(worker, reason),
        }
    }
}
