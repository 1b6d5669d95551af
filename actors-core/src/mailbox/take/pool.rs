//! Several workers and one mailbox (S4): one message at a time each, in the order of the schedule.
//! Who they are is in `consumers.rs`.
//!
//! ```text
//!   push ──► runnable messages > workers on their way? ──► wakes the worker that slept last
//!   worker   lock: its turn's message ─► turn ─► lock: ended ─► lock: the next … or sleep
//! ```

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::consumers::{Consumers, Serving};
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::Effects;
use crate::mailbox::ids::{ClassId, WorkerId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{ConsumerKind, Mailbox, Section};
use crate::mailbox::take::batch::Batch;
use crate::mailbox::take::taker::{Seated, Take, Taker};
use crate::policy::Priority;
use crate::wakers::TaskWaker;
use std::task::{Context, Poll};
use tokio::task::coop;

/// Messages that have expired, or wait for their key, cleared in one critical section.
const CLEARED_PER_LOCK: usize = 64;

impl<T: Item, S> Mailbox<T, S> {
    /// How many workers there should be.
    pub(crate) fn workers_wanted(&self) -> usize {
        match &self.lock().consumers {
            Consumers::One(_) => 1,
            Consumers::Pool(pool) => pool.want,
        }
    }

    /// The numbers of all workers, without those that retire.
    pub(crate) fn worker_numbers(&self) -> Vec<WorkerId> {
        match self.consumer_kind {
            ConsumerKind::One => vec![WorkerId::ONLY],
            ConsumerKind::Pool => self.lock().consumers.pool().map_or_else(Vec::new, |pool| pool.numbers()),
        }
    }

    /// The numbers of all workers, and of those that retire and have not gone yet.
    pub(crate) fn present_workers(&self) -> (Vec<WorkerId>, Vec<WorkerId>) {
        match self.consumer_kind {
            ConsumerKind::One => (vec![WorkerId::ONLY], Vec::new()),
            ConsumerKind::Pool => {
                let mut inner = self.lock();
                inner.consumers.pool().map_or_else(Default::default, |pool| (pool.numbers(), pool.retiring()))
            }
        }
    }

    /// Takes numbers for the first workers. Also in a mailbox that is closed already, for one of
    /// them must end it.
    pub(crate) fn start_workers(&self, want: usize) -> Vec<WorkerId> {
        let mut inner = self.lock();
        let Some(pool) = inner.consumers.pool() else { return Vec::new() };
        pool.want = want;
        pool.start_workers()
    }

    /// Retires a worker without an instance, if there are too many. Returns whether it did.
    pub(crate) fn retire_surplus(&self, worker: WorkerId) -> bool {
        let mut inner = self.lock();
        let is_open = inner.core.is_open();
        let Some(pool) = inner.consumers.pool() else { return false };
        let is_surplus = is_open && pool.alive > pool.want;
        if is_surplus {
            pool.retire(worker);
        }
        is_surplus
    }

    /// A worker's turn ended by returning.
    pub(in crate::mailbox) fn end_turn_in_pool(&self, worker: WorkerId) {
        let mut inner = self.lock();
        let serving = inner.consumers.pool().and_then(|pool| pool.end(worker));
        if let Some(serving) = serving {
            inner.core.end_serving(serving, None);
        }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Sets how many workers there should be. Returns the numbers of those that must be given a
    /// task; surplus workers retire when they have nothing to do.
    pub(crate) fn resize(&mut self, want: usize) -> Vec<WorkerId> {
        let Section { consumers, core, effects, .. } = self;
        let Some(pool) = consumers.pool() else { return Vec::new() };
        pool.want = want;
        if want < pool.alive {
            pool.wake_free(effects);
        }
        // A pool that drains may need another worker: its turns may wait for messages that it has
        // queued.
        let has_turns = match core.phase {
            Phase::Open => true,
            phase => phase < Phase::Killed && pool.present > 0 && core.queue.used() > 0,
        };
        if has_turns { pool.start_workers() } else { Vec::new() }
    }

    /// A worker's turn ended otherwise than by returning.
    pub(in crate::mailbox) fn fail_in_pool(&mut self, worker: WorkerId, reason: Reason) -> Option<ClassId> {
        let serving = self.consumers.pool()?.end(worker);
        if let Some(serving) = serving {
            self.end_serving(serving, Some(reason));
        }
        // The worker may not be back soon. Messages that waited for the key of its turn may be
        // handled by others, even if the asker has its answer already.
        self.wake_worker();
        serving.map(|serving| serving.class)
    }

    /// A worker has gone. `true` when it was the last.
    pub(crate) fn remove_worker(&mut self, worker: WorkerId) -> bool {
        let Some(pool) = self.consumers.pool() else { return true };
        let (serving, waker) = (pool.end(worker), pool.remove(worker));
        if let Some(serving) = serving {
            self.end_serving(serving, Some(Reason::Closed));
        }
        self.effects.will_drop(waker.map(TaskWaker::into_waker));
        self.wake_worker();
        let is_drained = self.is_drained();
        let Section { consumers, effects, .. } = self;
        let Some(pool) = consumers.pool() else { return true };
        if is_drained {
            // Workers that sleep have nothing to wait for any more, and this may be the last one to
            // say so.
            pool.wake_idle(effects);
        }
        pool.present == 0
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Takes out the next message whose key is free, and begins its turn. `None` and `true`: there
    /// is none. `None` and `false`: there may be one; look again.
    fn serve_one(&mut self, now: Tick, batch: &mut Batch<T>) -> (Option<Serving>, bool) {
        let oldest = self.oldest_kept(now);
        for _ in 0..CLEARED_PER_LOCK {
            let busy = self.queue.busy();
            let Some((lane, _)) = self.schedule.next(busy) else { return (None, true) };
            let Some(next) = self.queue.next_of_lane(lane, self.is_pressed(now)) else { return (None, true) };
            if let Some(reason) = self.why_no_turn(next, now, oldest) {
                // Its slot may let in a sender of a higher lane: look again.
                self.lose_turn(next, reason, now);
                continue;
            }
            if !self.queue.begin_key(next, lane) {
                continue;
            }
            self.schedule.took(lane, 1, busy);
            let class = self.queue.slots.at(next).class;
            let is_ordered = self.queue.classes[class].is_ordered;
            let hash = self.queue.slots.hash_of(next);
            let key = is_ordered.then_some(hash);
            let stamp = self.queue.slots.at(next).stamp;
            self.watched.began(now, stamp);
            self.note_stay(now, stamp);
            self.queue.unlink_next(next, lane);
            batch.clear();
            batch.prepare(1);
            batch.add(next, self.queue.slots.at_mut(next));
            self.queue.release(next, class);
            self.queue.classes[class].counts.in_service += 1;
            self.note_empty(now);
            self.review_key_of(class, hash);
            self.grant();
            return (Some(Serving { class, key, began: now }), true);
        }
        (None, false)
    }
}

impl<T: Item> Core<T> {
    /// Ends a turn that `serve_one` has begun.
    fn end_serving(&mut self, serving: Serving, lost: Option<Reason>) {
        let counts = &mut self.queue.classes[serving.class].counts;
        counts.in_service -= 1;
        match lost {
            None => counts.handled += 1,
            Some(reason) => counts.lose(Stage::Lost, reason),
        }
        self.turns += 1;
        if let Some(key) = serving.key {
            let was_empty: [bool; Priority::COUNT] =
                std::array::from_fn(|lane| self.queue.lane_len(lane) == 0);
            let came = self.queue.end_key(key);
            // A lane that was empty has not been waiting for any turns.
            (0..Priority::COUNT)
                .filter(|&lane| came[lane] && was_empty[lane])
                .for_each(|lane| self.schedule.woke(lane, 0));
        }
    }
}

impl<T: Item, S> Taker<T, S> {
    /// The next turn of one worker among several.
    #[cold]
    pub(in crate::mailbox) fn take_in_pool(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        effects: &mut Effects<T>,
    ) -> Poll<Take>
    where
        S: Seated,
    {
        // S5: each message costs a unit of tokio's cooperative budget.
        let Poll::Ready(unit) = coop::poll_proceed(cx) else { return Poll::Pending };
        let number = self.worker;
        // Declared before the lock, so dropped after it: a waker is foreign code.
        let _old;
        let mut locked = mailbox.lock();
        let mut section = locked.section(mailbox, effects);
        let Some(pool) = section.consumers.pool() else { return Poll::Ready(Take::Finished) };
        pool.came(number);
        let (is_surplus, worker) = (pool.alive > pool.want, pool.worker_mut(number));
        let last_began = worker.last_began.take();
        if !worker.waker.as_ref().is_some_and(|waker| waker.is_of(cx)) {
            _old = worker.waker.replace(TaskWaker::of(cx));
        }
        if section.core.phase >= Phase::Killed {
            return Poll::Ready(Take::Finished);
        }
        if std::mem::take(&mut worker.must_restart) {
            section.wake_one();
            return Poll::Ready(Take::Restart);
        }
        if is_surplus && section.core.is_open() && !self.seat.as_ref().is_some_and(|seat| seat.must_stay(cx))
        {
            // Under the same lock, so that no more retire than should.
            pool.retire(number);
            section.wake_one();
            return Poll::Ready(Take::Retire);
        }
        if section.core.is_held {
            pool.sleep(number);
            return Poll::Pending;
        }
        let now = section.claim_instant(false, false);
        if let Some(began) = last_began {
            section.core.turn_time.took(now.since(began));
        }
        let (serving, is_sure) = section.serve_one(now, &mut self.batch);
        section.note_marks();
        let is_drained = section.is_drained();
        let Some(pool) = section.consumers.pool() else { return Poll::Ready(Take::Finished) };
        if let Some(serving) = serving {
            unit.made_progress();
            self.batch.advance();
            pool.begin(number, serving);
            section.wake_one();
            if is_drained {
                section.wake_all();
            }
            return Poll::Ready(Take::Turn);
        }
        if !is_sure {
            // Only expired and parked messages so far: others may have the lock before the next
            // look.
            section.effects.will_wake_task(TaskWaker::of(cx).into_waker());
            return Poll::Pending;
        }
        if is_drained {
            section.wake_all();
            return Poll::Ready(Take::Finished);
        }
        pool.sleep(number);
        if pool.busy() == 0 && section.core.queue.used() == 0 {
            section.rest();
        }
        Poll::Pending
    }
}
