//! Several workers and one mailbox (S4): who is at work, who sleeps, who is woken, who goes.
//!
//! ```text
//!   push ──► runnable messages > workers on their way? ──► wake whoever slept last
//!   worker   lock: its turn's message ─► turn ─► lock: ended ─► lock: the next … or sleep
//! ```
//!
//! There is no router and no second queue: a worker that is free takes the next message in the order of the schedule, one at a
//! time. So no idle worker waits beside a batch, whatever another one has claimed; the price is two short critical sections a
//! message instead of a fraction of one. What pools are for, turns that wait or take long, does not notice.
//!
//! Invariants:
//! - C1 a worker in `idle` sleeps, has left its waker, and stands there once.
//! - C2 where messages are runnable and workers sleep, as many have been woken as there are messages; whoever takes one and sees that
//!   there are more looks again.
//! - C3 `alive` workers have a station; a worker that goes has given up its place under the same lock.

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::{Effects, Rouse};
use crate::mailbox::item::Item;
use crate::mailbox::section::Mailbox;
use crate::mailbox::signals::Signals;
use crate::mailbox::take::batch::Batch;
use crate::mailbox::take::taker::{Seated, Take, Taker};
use crate::policy::{Priority, Workers};
use crate::wakers::TaskWaker;
use std::task::{Context, Poll};
use tokio::task::coop;

/// Messages that are dead, or wait for their key, cleared away in one critical section.
const CLEARED_PER_LOCK: usize = 64;

/// The turn of one worker.
#[derive(Clone, Copy, Debug)]
struct Serving {
    class: u16,
    /// Its key, where keys are minded.
    key: Option<u64>,
}

/// One worker, as the mailbox knows it.
#[derive(Debug, Default)]
struct Station {
    /// Somebody has it.
    is_taken: bool,
    /// Whoever has it is not one of the workers any more, and is about to go.
    is_retiring: bool,
    waker: Option<TaskWaker>,
    is_idle: bool,
    /// It was woken for a message, and has not come yet.
    is_roused: bool,
    must_renew: bool,
    serving: Option<Serving>,
}

/// The workers of a pool.
#[derive(Debug)]
pub(in crate::mailbox) struct Crew {
    /// By number; numbers of workers that have gone are used again.
    stations: Vec<Station>,
    /// Who sleeps. Who came last is woken first: its caches are warm, and those that are not needed stay asleep.
    idle: Vec<u32>,
    /// Workers that are there or about to be, without those that are going.
    alive: usize,
    /// Stations that are taken.
    present: usize,
    want: usize,
    busy: usize,
    /// Woken for a message, and not come yet.
    roused: usize,
}

impl Crew {
    pub(in crate::mailbox) fn new(workers: Workers) -> Self {
        Crew {
            stations: Vec::new(),
            idle: Vec::new(),
            alive: 0,
            present: 0,
            want: workers.least(),
            busy: 0,
            roused: 0,
        }
    }

    pub(in crate::mailbox) fn alive(&self) -> usize {
        self.alive
    }

    fn numbers(&self) -> Vec<u32> {
        let is_there = |station: &Station| station.is_taken && !station.is_retiring;
        (0u32..)
            .zip(&self.stations)
            .filter(|(_, station)| is_there(station))
            .map(|(number, _)| number)
            .collect()
    }

    pub(in crate::mailbox) fn busy(&self) -> usize {
        self.busy
    }

    /// Whoever is there sleeps: nobody has a turn, is on the way to one, or begins anew.
    #[cfg(feature = "testing")]
    pub(in crate::mailbox) fn is_idle(&self) -> bool {
        self.idle.len() == self.present
    }

    /// Places for the workers that are missing.
    fn hire(&mut self) -> Vec<u32> {
        let mut hired = Vec::new();
        while self.alive < self.want {
            let free = self.stations.iter().position(|station| !station.is_taken);
            let number = free.unwrap_or(self.stations.len());
            if number == self.stations.len() {
                self.stations.push(Station::default());
            }
            self.stations[number].is_taken = true;
            self.alive += 1;
            self.present += 1;
            hired.push(number as u32);
        }
        hired
    }

    /// Wakes a worker for a message, if there are more of them than workers on their way.
    #[inline]
    pub(in crate::mailbox) fn rouse(&mut self, runnable: usize) -> Rouse {
        if runnable <= self.roused {
            return Rouse::Nothing;
        }
        let Some(number) = self.idle.pop() else { return Rouse::Nothing };
        let station = &mut self.stations[number as usize];
        (station.is_idle, station.is_roused) = (false, true);
        self.roused += 1;
        station.waker.clone().map_or(Rouse::Nothing, |waker| Rouse::Wake(waker.into_waker()))
    }

    /// Wakes everybody, whatever they do: something is to be minded.
    pub(in crate::mailbox) fn call_all<T>(&mut self, fx: &mut Effects<T>) {
        self.stations
            .iter()
            .filter_map(|station| station.waker.clone())
            .for_each(|waker| fx.will_wake(waker.into_waker()));
    }

    /// A worker says whom to wake.
    pub(in crate::mailbox) fn introduce(&mut self, number: u32, waker: TaskWaker) {
        self.stations[number as usize].waker = Some(waker);
    }

    /// A worker has come to look.
    fn came(&mut self, number: u32) {
        let station = &mut self.stations[number as usize];
        if std::mem::take(&mut station.is_roused) {
            self.roused -= 1;
        }
        if std::mem::take(&mut station.is_idle) {
            self.idle.retain(|other| *other != number);
        }
    }

    fn sleep(&mut self, number: u32) {
        self.stations[number as usize].is_idle = true;
        self.idle.push(number);
    }

    /// Wakes whoever sleeps: they have nothing to wait for any more.
    pub(in crate::mailbox) fn call_idle<T>(&mut self, fx: &mut Effects<T>) {
        while let Some(number) = self.idle.pop() {
            let station = &mut self.stations[number as usize];
            station.is_idle = false;
            station.waker.clone().into_iter().for_each(|waker| fx.will_wake(waker.into_waker()));
        }
    }

    /// Wakes those that have no turn: who sleeps, and who waits before another start.
    fn call_free<T>(&mut self, fx: &mut Effects<T>) {
        let is_free = |station: &&Station| station.serving.is_none() && !station.is_idle;
        let free = self.stations.iter().filter(is_free);
        free.filter_map(|station| station.waker.clone()).for_each(|waker| fx.will_wake(waker.into_waker()));
        self.call_idle(fx);
    }

    /// A worker counts no longer; its station is its own until it has gone.
    fn retire(&mut self, number: u32) {
        self.stations[number as usize].is_retiring = true;
        self.alive -= 1;
    }

    /// A worker has gone.
    fn dismiss(&mut self, number: u32) -> Option<TaskWaker> {
        self.came(number);
        let station = std::mem::take(&mut self.stations[number as usize]);
        if station.is_taken {
            self.present -= 1;
            self.alive -= usize::from(!station.is_retiring);
        }
        station.waker
    }

    /// One worker, or every one, shall begin anew between two turns.
    pub(in crate::mailbox) fn renew(&mut self, number: Option<u32>) {
        match number {
            Some(number) => self.stations[number as usize].must_renew = true,
            None => self.stations.iter_mut().for_each(|station| station.must_renew = station.is_taken),
        }
    }

    /// One of them is about to.
    pub(in crate::mailbox) fn forget_renewal(&mut self, number: u32) {
        self.stations[number as usize].must_renew = false;
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// The numbers of the first workers; also in a mailbox that is closed already, for somebody must see to its end.
    pub(crate) fn hire(&self, want: usize) -> Vec<u32> {
        let mut inner = self.lock();
        let Some(crew) = &mut inner.crew else { return Vec::new() };
        crew.want = want;
        crew.hire()
    }

    /// How many workers there are to be. The numbers of those that are to be given a task; those that are too many go when
    /// they have nothing to do.
    pub(crate) fn resize(&self, want: usize, fx: &mut Effects<T>) -> Vec<u32> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(crew) = inner.crew.as_deref_mut() else { return Vec::new() };
        crew.want = want;
        if want < crew.alive {
            crew.call_free(fx);
        }
        // A pool that drains may need another worker: its turns may wait for messages that it has queued.
        let has_turns = match inner.core.phase {
            Phase::Open => true,
            phase => phase < Phase::Killed && crew.present > 0 && inner.core.queue.used() > 0,
        };
        if has_turns { crew.hire() } else { Vec::new() }
    }

    /// A worker without an instance leaves the pool, if there are too many. Returns whether it does.
    pub(crate) fn retire_needless(&self, worker: u32) -> bool {
        let mut inner = self.lock();
        let is_open = inner.core.phase == Phase::Open;
        let Some(crew) = inner.crew.as_deref_mut() else { return false };
        let is_needless = is_open && crew.alive > crew.want;
        if is_needless {
            crew.retire(worker);
        }
        is_needless
    }

    /// How many workers there are to be.
    pub(crate) fn workers_wanted(&self) -> usize {
        self.lock().crew.as_ref().map_or(1, |crew| crew.want)
    }

    /// The numbers of all workers.
    pub(crate) fn worker_numbers(&self) -> Vec<u32> {
        if !self.limits.workers.is_pool() {
            return vec![0];
        }
        self.lock().crew.as_ref().map_or_else(Vec::new, |crew| crew.numbers())
    }

    /// A worker's turn ended by returning.
    pub(in crate::mailbox) fn end_turn_of(&self, worker: u32) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(crew) = &mut inner.crew else { return };
        if let Some(serving) = crew.stations[worker as usize].serving.take() {
            crew.busy -= 1;
            inner.core.end_serving(serving, None);
        }
    }

    /// A worker's turn ended otherwise.
    pub(in crate::mailbox) fn conclude_turn_of(
        &self,
        worker: u32,
        reason: Reason,
        fx: &mut Effects<T>,
    ) -> Option<usize> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let crew = inner.crew.as_mut()?;
        let serving = crew.stations[worker as usize].serving.take();
        if let Some(serving) = serving {
            crew.busy -= 1;
            inner.core.end_serving(serving, Some(reason));
        }
        // It may not be back soon: what its key held back is for others, also where its asker had been told already.
        fx.will_rouse(crew.rouse(inner.core.queue.runnable()));
        serving.map(|serving| serving.class.into())
    }

    /// A worker has gone. `true` when it was the last.
    pub(crate) fn leave_crew(&self, worker: u32, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(crew) = &mut inner.crew else { return true };
        if let Some(serving) = crew.stations[worker as usize].serving.take() {
            crew.busy -= 1;
            inner.core.end_serving(serving, Some(Reason::Closed));
        }
        if let Some(waker) = crew.dismiss(worker) {
            // To be dropped after the lock is free; that it wakes a task that is ending costs nothing.
            fx.will_wake(waker.into_waker());
        }
        fx.will_rouse(crew.rouse(inner.core.queue.runnable()));
        if inner.core.phase != Phase::Open && inner.core.queue.used() == 0 {
            // Whoever sleeps has nothing to wait for any more, and this may be the last one to say so.
            crew.call_idle(fx);
        }
        crew.present == 0
    }
}

impl<T: Item> Core<T> {
    /// A turn that was begun by [`serve_one`](Core::serve_one) is over.
    fn end_serving(&mut self, serving: Serving, lost: Option<Reason>) {
        let counts = &mut self.queue.kinds[usize::from(serving.class)].counts;
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
            // A lane that was empty has been waiting for nobody's turns.
            (0..Priority::COUNT)
                .filter(|&lane| came[lane] && was_empty[lane])
                .for_each(|lane| self.schedule.woke(lane, 0));
        }
    }

    /// Takes the next message whose key is free out, and begins its turn. `None` and `true`: there is none.
    /// `None` and `false`: there may be one; look again.
    fn serve_one(
        &mut self,
        now: Tick,
        signals: &Signals,
        batch: &mut Batch<T>,
        fx: &mut Effects<T>,
    ) -> (Option<Serving>, bool) {
        for _ in 0..CLEARED_PER_LOCK {
            let busy = self.queue.busy();
            let Some((lane, _)) = self.schedule.next(busy) else { return (None, true) };
            let Some(next) = self.queue.next_of_lane(lane, self.is_pressed(now)) else { return (None, true) };
            if self.queue.slots.at(next).expires <= now {
                // Its slot may let a sender of a higher lane in: look again.
                self.give_up(next, Reason::Expired, fx);
                self.grant(signals, fx);
                continue;
            }
            if !self.queue.begin_key(next, lane) {
                continue;
            }
            self.schedule.took(lane, 1, busy);
            let class = self.queue.slots.at(next).class;
            let is_ordered = self.queue.kinds[usize::from(class)].is_ordered;
            let key = is_ordered.then(|| self.queue.slots.hash(next));
            self.watched.began(now, self.queue.slots.at(next).stamp);
            self.queue.unlink_next(next, lane);
            batch.clear();
            batch.prepare(1);
            batch.add(next, self.queue.slots.at_mut(next));
            self.queue.release(next, class.into());
            self.queue.kinds[usize::from(class)].counts.in_service += 1;
            self.note_empty(now);
            if let Some(key) = key {
                self.review(key);
            }
            self.grant(signals, fx);
            return (Some(Serving { class, key }), true);
        }
        (None, false)
    }
}

impl<T: Item, S> Taker<T, S> {
    /// The next turn of one worker among several.
    #[cold]
    pub(in crate::mailbox) fn take_in_pool(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        fx: &mut Effects<T>,
    ) -> Poll<Take>
    where
        S: Seated,
    {
        // S5: each message costs a unit of tokio's cooperative budget.
        let Poll::Ready(unit) = coop::poll_proceed(cx) else { return Poll::Pending };
        let number = self.worker;
        // Declared before the lock, so dropped after it: a waker is foreign code.
        let _old;
        let mut guard = mailbox.lock();
        let inner = &mut *guard;
        let Some(crew) = inner.crew.as_deref_mut() else { return Poll::Ready(Take::Finished) };
        crew.came(number);
        let station = &mut crew.stations[number as usize];
        if !station.waker.as_ref().is_some_and(|waker| waker.is_of(cx)) {
            _old = station.waker.replace(TaskWaker::of(cx));
        }
        if inner.core.phase >= Phase::Killed {
            return Poll::Ready(Take::Finished);
        }
        if station.must_renew {
            station.must_renew = false;
            fx.will_rouse(crew.rouse(inner.core.queue.runnable()));
            return Poll::Ready(Take::Renew);
        }
        let is_needless = crew.alive > crew.want && inner.core.phase == Phase::Open;
        if is_needless && !self.seat.as_ref().is_some_and(|seat| seat.must_stay(cx)) {
            // At once, so that no more go than should.
            crew.retire(number);
            fx.will_rouse(crew.rouse(inner.core.queue.runnable()));
            return Poll::Ready(Take::Retire);
        }
        if inner.is_held {
            crew.sleep(number);
            return Poll::Pending;
        }
        let now = inner.core.claim_instant(false);
        let (serving, is_sure) = inner.core.serve_one(now, &mailbox.signals, &mut self.batch, fx);
        if let Some(serving) = serving {
            unit.made_progress();
            self.batch.advance();
            crew.stations[number as usize].serving = Some(serving);
            crew.busy += 1;
            fx.will_rouse(crew.rouse(inner.core.queue.runnable()));
            if inner.core.phase != Phase::Open && inner.core.queue.used() == 0 {
                crew.call_all(fx);
            }
            return Poll::Ready(Take::Turn);
        }
        if !is_sure {
            // Only dead and parked messages so far: others may have the lock, then it looks again.
            fx.will_wake(TaskWaker::of(cx).into_waker());
            return Poll::Pending;
        }
        if inner.core.phase != Phase::Open && inner.core.queue.used() == 0 {
            crew.call_all(fx);
            return Poll::Ready(Take::Finished);
        }
        crew.sleep(number);
        if crew.busy == 0 && inner.core.queue.used() == 0 {
            inner.core.rest(fx);
        }
        Poll::Pending
    }
}
