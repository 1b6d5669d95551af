//! The deadlines of sends that wait: one task per system instead of a timer per wait.
//!
//! ```text
//!   a wait ── arm(at, waker) ──► Entry ◄── looks at all, wakes the waits that are over ── the task
//!      │                           ▲                                                        │
//!      └── disarm ── a store ──────┘       next ◄── sleeps until the soonest of all ────────┘
//! ```
//!
//! Nearly every wait ends long before its deadline. So arming and disarming must cost little, and
//! the task may do the work: it looks through all entries, but only when the soonest deadline has
//! come. A wait whose deadline is sooner than the task's next look ([`Board::next`]) hurries it. A
//! thread keeps the entries of waits that are over, each with the waker of its last wait, so a task
//! that asks again and again neither allocates nor clones a waker.
//!
//! **Invariants.**
//! - No wait ends early. It ends late by the task's own delay (tokio's timers have a resolution of
//!   1 ms), and by the rest between two looks: [`REST`], or [`SHARE`] times as long as a look
//!   takes, a tenth of a second at most. So looking takes about a tenth of one processor, however
//!   many waits there are.
//! - For each armed entry, the task looks again at its deadline at the latest, or is told to hurry.
//!   `loom.rs` models both sides.
//! - Wakers are cloned, woken and dropped without a lock (B6).
//!
//! Only waits that a worker of the system's own multi-thread runtime polls are here. Others have a
//! timer of their own: a current-thread runtime may pause its clock, and a registered timer without
//! a waiter would advance it.
//!
//! **Price.** A short lock of the entry and a fence per wait. A look costs some nanoseconds per
//! entry, at least once a second while there are waits. An entry that a thread keeps holds the
//! memory of the task that used it last. Hurrying the task wakes it, and starts another one.

#[cfg(all(test, actors_loom))]
mod loom;
mod watch;

pub(crate) use watch::Deadlines;

use crate::clock::Tick;
use crate::sync::atomic::{AtomicU64, Ordering, fence};
use crate::sync::{Arc, Mutex};
use crate::wakers::{WakerSlot, cloned, discard, wake};
use std::task::Waker;
use std::time::Duration;

/// The shortest time between two looks: a timer's resolution.
const REST: Duration = Duration::from_millis(1);
/// A look that took long is followed by a rest this many times as long.
const SHARE: u32 = 10;
/// Entries that are looked at under one lock: some microseconds.
const CHUNK: usize = 512;
/// Entries below this number are not worth looking for unused ones.
const KEPT_MIN: usize = 1024;

/// [`Entry::at`] of a wait whose deadline has come. No deadline is the first instant of all.
const DUE: u64 = 0;
/// [`Entry::at`] while no wait uses the entry.
const IDLE: u64 = Tick::NEVER.as_nanos();

/// The deadline of one wait.
#[derive(Debug)]
pub(crate) struct Entry {
    at: AtomicU64,
    waker: Mutex<WakerSlot>,
    /// The number of the [`Deadlines`] that look at it.
    owner: u64,
}

impl Entry {
    fn new(owner: u64) -> Self {
        Entry { at: AtomicU64::new(IDLE), waker: Mutex::new(WakerSlot::default()), owner }
    }

    /// Whether its time has come.
    pub(crate) fn is_due(&self) -> bool {
        self.at.load(Ordering::Acquire) == DUE
    }

    /// Polls whether its time has come. If not, `waker` is woken then.
    pub(crate) fn poll(&self, waker: &Waker) -> bool {
        if !self.is_due() && !self.waker.lock().has(waker) {
            let waker = cloned(waker);
            let old = self.waker.lock().put(waker);
            discard(old);
        }
        self.is_due()
    }

    /// Sets the deadline, and whom to wake.
    fn set(&self, at: Tick, waker: &Waker) {
        {
            let slot = self.waker.lock();
            if slot.has(waker) {
                // Under the lock: a look may be about to end the wait for the deadline before.
                return self.at.store(at.as_nanos(), Ordering::Relaxed);
            }
        }
        // The clone is foreign code, and may panic. Then the wait has not begun.
        self.disarm();
        let waker = cloned(waker);
        let mut slot = self.waker.lock();
        let old = slot.put(waker);
        self.at.store(at.as_nanos(), Ordering::Relaxed);
        drop(slot);
        discard(old);
    }

    /// The wait is over.
    pub(crate) fn disarm(&self) {
        self.at.store(IDLE, Ordering::Release);
    }

    /// No thread keeps it: the task that used it last is let go.
    pub(crate) fn forget(&self) {
        let waker = self.waker.lock().take();
        discard(waker);
    }

    /// Returns when it is due, if there is a wait that is not over.
    fn due_at(&self) -> Option<Tick> {
        let at = self.at.load(Ordering::Relaxed);
        (at != DUE && at != IDLE).then(|| Tick::from_nanos(at))
    }

    /// Ends the wait at once: its deadline has passed.
    fn end_now(&self) {
        let _slot = self.waker.lock();
        self.at.store(DUE, Ordering::Release);
    }

    /// Ends the wait if it is due, and returns its waker.
    fn end(&self, now: Tick) -> Option<Waker> {
        let mut slot = self.waker.lock();
        self.due_at().filter(|at| *at <= now)?;
        self.at.store(DUE, Ordering::Release);
        slot.take()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A thread that ends drops the entries it has kept, with foreign wakers.
        discard(self.waker.get_mut().take());
    }
}

/// What the waits and the task share.
#[derive(Debug)]
struct Board {
    /// The task looks at this time at the latest. [`Tick::NEVER`] while it looks and while there is
    /// none.
    next: AtomicU64,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    entries: Vec<Arc<Entry>>,
    /// The number of entries at which unused ones are looked for.
    limit: usize,
    has_task: bool,
    /// There will be no task any more: its runtime has ended, or the system is gone.
    is_over: bool,
}

impl Board {
    fn new() -> Self {
        let list = List { entries: Vec::new(), limit: KEPT_MIN, has_task: false, is_over: false };
        Board { next: AtomicU64::new(IDLE), list: Mutex::new(list) }
    }

    fn next(&self) -> Tick {
        Tick::from_nanos(self.next.load(Ordering::Relaxed))
    }

    /// Adds a new entry. Returns whether the task must hurry, because so many are unused that it is
    /// time to look.
    fn add(&self, entry: Arc<Entry>, now: impl FnOnce() -> Tick) -> bool {
        let mut list = self.list.lock();
        list.entries.push(entry);
        let is_full = list.entries.len() >= list.limit;
        drop(list);
        is_full && self.bring_forward(now())
    }

    /// Begins a wait. Returns whether it ends before the next look, which must then be
    /// [brought forward](Board::bring_forward).
    #[inline]
    fn arm(&self, entry: &Entry, at: Tick, waker: &Waker) -> bool {
        entry.set(at, waker);
        // With the fence in `begin_look`: either the look finds this deadline, or this finds that
        // a look has begun.
        fence(Ordering::SeqCst);
        at < self.next()
    }

    /// Returns whether the task must hurry: `at` is sooner than the next look was until now.
    fn bring_forward(&self, at: Tick) -> bool {
        self.next.fetch_min(at.as_nanos(), Ordering::Relaxed) > at.as_nanos()
    }

    /// A look begins: each wait that begins from here on hurries the task.
    fn begin_look(&self) {
        self.next.store(IDLE, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Looks at a part of the entries, from `from` on. Wakes the waits that are due, and lowers
    /// `soonest` to the soonest deadline that is left. Returns where to go on.
    fn look(&self, from: usize, now: Tick, soonest: &mut Tick) -> Option<usize> {
        let (mut due, mut unused, mut index) = (Vec::new(), Vec::new(), from);
        let mut list = self.list.lock();
        for _ in 0..CHUNK {
            let Some(entry) = list.entries.get(index) else { break };
            if Arc::strong_count(entry) == 1 {
                // Another one is here now.
                unused.push(list.entries.swap_remove(index));
                continue;
            }
            match entry.due_at() {
                Some(at) if at <= now => due.extend(entry.end(now)),
                Some(at) => *soonest = at.min(*soonest),
                None => {}
            }
            index += 1;
        }
        let is_last = index >= list.entries.len();
        if is_last {
            list.limit = KEPT_MIN.max(2 * list.entries.len());
        }
        drop(list);
        due.into_iter().for_each(wake);
        drop(unused);
        (!is_last).then_some(index)
    }

    /// The task is gone. If it is not done, its runtime has dropped it, and there will be none any
    /// more; if it is, it may have a successor by now.
    fn task_is_gone(&self, is_done: bool) {
        if !is_done {
            self.list.lock().is_over = true;
        }
    }

    /// Wakes every wait, whenever it ends.
    fn wake_all(&self) {
        let entries = {
            let mut list = self.list.lock();
            list.is_over = true;
            list.entries.clone()
        };
        for entry in entries {
            let waker = entry.waker.lock().take();
            waker.into_iter().for_each(wake);
        }
    }

    /// A look is over: the next one is at `at`, or sooner if a wait has hurried the task meanwhile.
    fn plan(&self, at: Tick) {
        self.next.fetch_min(at.as_nanos(), Ordering::Relaxed);
    }

    /// There is nothing to look at. Returns whether the task may end: no wait has hurried it since
    /// its look began.
    fn may_end(&self) -> bool {
        let mut list = self.list.lock();
        let may_end = self.next() == Tick::NEVER;
        if may_end {
            list.has_task = false;
        }
        may_end
    }
}

#[cfg(all(test, not(actors_loom)))]
mod tests;
