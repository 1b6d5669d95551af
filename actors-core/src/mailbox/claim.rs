//! Claims: the consumer takes several messages per lock, and tells how far it is by one atomic number.
//!
//! ```text
//!   claim     a   b   c   d   e
//!   progress  0 → 1 → 2 → 3 …           odd: turn (n-1)/2 runs;  even: n/2 turns have ended
//! ```
//!
//! The consumer alone writes `progress`, once when a turn begins and once when it ends; whoever holds the lock reads it and
//! enters what happened into the books. So a turn costs two plain stores instead of a lock, and the ledger is still exact
//! whenever somebody holds the lock (L1, B1): a claimed message keeps its slot until its turn begins.
//!
//! Whoever needs the consumer's attention sets a signal; the consumer looks at it before every turn.

use super::slots::Entry;
use crate::clock::Tick;
use crate::policy::{Lanes, Priority};
use crate::shelf;
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering, fence};
use crate::sync::thread_local;

const INTERRUPT: u8 = 1;
const KILLED: u8 = 2;
const OUTRANKED: u8 = 4;

thread_local! {
    static HERE: u8 = const { 0 };
}

/// A number that names this thread while it lives.
pub(super) fn here() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// A message on its way to its turn.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    /// For whoever runs the turn to take.
    pub(crate) item: Option<T>,
    pub(crate) class: u16,
    pub(crate) stamp: Tick,
    pub(crate) deadline: Tick,
    pub(super) expires: Tick,
    pub(super) key: u32,
}

impl<T> Taken<T> {
    fn none() -> Self {
        let never = Tick::NEVER;
        Taken { item: None, class: 0, stamp: never, deadline: never, expires: never, key: 0 }
    }
}

/// A consumer keeps room for so many messages; more room than that is borrowed from its thread while it is at work.
const KEPT: usize = 2;
/// Room that is not worth keeping: 32 messages of a kilobyte and a half.
const SHELVED_MAX: usize = 48 * 1024;

/// What a consumer has claimed. Its places are reused, and filled field by field (see `slots.rs`).
#[derive(Debug)]
pub(super) struct Batch<T> {
    places: Vec<Taken<T>>,
    /// Claimed: `next..len`. The running turn's is the one before `next`.
    next: usize,
    len: usize,
}

impl<T: 'static> Batch<T> {
    pub(super) fn new() -> Self {
        Batch { places: Vec::new(), next: 0, len: 0 }
    }

    pub(super) fn rest(&self) -> usize {
        self.len - self.next
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next == self.len
    }

    /// When the last of what is claimed was offered: of one lane the youngest.
    pub(super) fn youngest(&self) -> Option<Tick> {
        (!self.is_empty()).then(|| self.places[self.len - 1].stamp)
    }

    /// Turns of it that have begun.
    pub(super) fn begun(&self) -> usize {
        self.next
    }

    pub(super) fn clear(&mut self) {
        (self.next, self.len) = (0, 0);
    }

    /// So many messages at most are going to be added to an empty claim.
    pub(super) fn prepare(&mut self, count: usize) {
        let have = self.places.len();
        if have >= count {
            return;
        }
        if have <= KEPT
            && count > KEPT
            && let Some(places) = shelf::take()
        {
            self.places = places;
        }
        if self.places.len() < count {
            self.places.reserve_exact(count - self.places.len());
            self.places.resize_with(count, Taken::none);
        }
    }

    /// Nothing is claimed now, and perhaps for long.
    pub(super) fn give_room_back(&mut self) {
        if self.places.len() > KEPT {
            self.clear();
            let places = std::mem::take(&mut self.places);
            if size_of_val(&*places) <= SHELVED_MAX {
                shelf::give(places);
            }
        }
    }

    /// Adds a message from its slot.
    #[inline]
    pub(super) fn add(&mut self, key: u32, entry: &mut Entry<T>) {
        let place = &mut self.places[self.len];
        // It is empty: written without looking, so that the message is moved at once.
        std::mem::swap(&mut place.item, &mut entry.item);
        place.class = entry.class;
        place.stamp = entry.stamp;
        place.deadline = entry.deadline;
        place.expires = entry.expires;
        place.key = key;
        self.len += 1;
    }

    /// Slots of what was added since there were `before` messages, none of which has begun.
    pub(super) fn keys(&self, before: usize) -> impl Iterator<Item = u32> {
        self.places[self.next + before..self.len].iter().map(|taken| taken.key)
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&Taken<T>> {
        self.places[..self.len].get(self.next)
    }

    /// The next turn begins.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// The message whose turn it is.
    #[inline]
    pub(super) fn current(&mut self) -> Option<&mut Taken<T>> {
        self.places.get_mut(self.next.checked_sub(1)?)
    }

    /// The last claimed one, to go back.
    pub(super) fn pop_back(&mut self) -> Option<&mut Taken<T>> {
        if self.is_empty() {
            return None;
        }
        self.len -= 1;
        self.places.get_mut(self.len)
    }
}

/// Words between the consumer and everybody else. They lie far from the lock, beside what is hardly ever read: the consumer writes
/// its progress with every turn, and would otherwise take the lock's cache line away from the producers each time.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Written by the consumer only.
    progress: AtomicU32,
    /// Written by anybody, cleared under the lock.
    flags: AtomicU8,
    /// Nobody has the seat, and nothing is queued, as of the last time that it came back. Written under the lock; whoever reads
    /// it looks again under the lock.
    is_home: AtomicBool,
}

impl Signals {
    // Acquire pairs with the Release in `set_progress`: who sees a turn ended sees what it did.
    pub(super) fn progress(&self) -> u32 {
        self.progress.load(Ordering::Acquire)
    }

    pub(super) fn set_progress(&self, progress: u32) {
        self.progress.store(progress, Ordering::Release);
    }

    /// The consumer's next turn begins.
    pub(super) fn begin_turn(&self) {
        self.set_progress(self.progress.load(Ordering::Relaxed) + 1);
    }

    /// The consumer's turn ended, if one is running.
    pub(super) fn end_turn(&self) {
        let progress = self.progress.load(Ordering::Relaxed);
        if progress % 2 == 1 {
            self.set_progress(progress + 1);
        }
    }

    #[inline]
    pub(super) fn set_home(&self, is_home: bool) {
        self.is_home.store(is_home, Ordering::Relaxed);
    }

    pub(super) fn is_home(&self) -> bool {
        self.is_home.load(Ordering::Relaxed)
    }

    /// Before its next turn the consumer shall take the lock.
    pub(super) fn interrupt(&self) {
        self.flags.fetch_or(INTERRUPT, Ordering::Relaxed);
    }

    /// Like `interrupt`, before reading the progress: either that reading sees a turn begun, or the consumer, in
    /// `is_calm_now`, sees the flag.
    pub(super) fn interrupt_and_fence(&self) {
        self.interrupt();
        fence(Ordering::SeqCst);
    }

    /// Another thread has sent something of a higher lane than what is claimed: it may wait for what is left of the
    /// consumer's 20 µs.
    pub(super) fn outrank(&self) {
        // Often it is set; a read is cheaper than a write.
        if self.flags.load(Ordering::Relaxed) & OUTRANKED == 0 {
            self.flags.fetch_or(OUTRANKED, Ordering::Relaxed);
        }
    }

    /// Whether nothing else than that is to be minded.
    pub(super) fn is_only_outranked(&self) -> bool {
        self.flags.load(Ordering::Relaxed) == OUTRANKED
    }

    /// Like `is_calm`, for once a turn has begun and takes its time.
    pub(super) fn is_calm_now(&self) -> bool {
        fence(Ordering::SeqCst);
        self.is_calm()
    }

    /// No further turn shall begin, and a suspended one shall be dropped.
    pub(super) fn kill(&self) {
        self.flags.fetch_or(KILLED, Ordering::Release);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.flags.load(Ordering::Relaxed) == 0
    }

    pub(super) fn is_killed(&self) -> bool {
        self.flags.load(Ordering::Acquire) & KILLED != 0
    }

    pub(super) fn clear_interrupt(&self) {
        // Mostly it is clear; a read is cheaper than a write that others would have to fetch.
        if self.flags.load(Ordering::Relaxed) & (INTERRUPT | OUTRANKED) != 0 {
            self.flags.fetch_and(!(INTERRUPT | OUTRANKED), Ordering::Relaxed);
        }
    }
}

/// Consecutive turns of one lane within a claim, and the schedule before the first of them.
#[derive(Debug)]
struct Run {
    start: u32,
    lane: u8,
    before: Lanes,
    busy: [bool; Priority::COUNT],
}

#[derive(Clone, Copy, Debug)]
struct Claimed {
    key: u32,
    class: u16,
    lane: u8,
}

/// In `woke`: it did not. A claim has fewer turns than this.
const ASLEEP: u8 = u8::MAX;

/// The books' side of a claim: which slots were taken, in order of turns, and how far they have been entered.
#[derive(Debug, Default)]
pub(super) struct Claim {
    items: Vec<Claimed>,
    runs: Vec<Run>,
    begun: u32,
    ended: u32,
    lowest: u8,
    /// For lanes that got their first message since: how many turns had begun by then.
    woke: [u8; Priority::COUNT],
    /// Something of it was withdrawn.
    pub(super) has_doomed: bool,
    /// The consumer's thread.
    pub(super) thread: usize,
}

impl Claim {
    /// For up to so many messages.
    pub(super) fn reset(&mut self, count: usize) {
        self.items.clear();
        if self.items.capacity() < count {
            self.items.reserve_exact(count);
        }
        self.runs.clear();
        self.begun = 0;
        self.ended = 0;
        self.lowest = Priority::COUNT as u8;
        self.woke = [ASLEEP; Priority::COUNT];
        self.has_doomed = false;
    }

    /// A claim of one message, whose turn begins now.
    pub(super) fn only(&mut self, key: u32, class: u16, lane: usize) {
        self.reset(1);
        self.lowest = lane as u8;
        self.add(key, class, lane);
        self.begun = 1;
    }

    /// What is added from here on is of this lane.
    pub(super) fn begin_run(&mut self, lane: usize, before: Lanes, busy: [bool; Priority::COUNT]) {
        self.runs.push(Run { start: self.items.len() as u32, lane: lane as u8, before, busy });
        self.lowest = self.lowest.min(lane as u8);
    }

    #[inline]
    pub(super) fn add(&mut self, key: u32, class: u16, lane: usize) {
        self.items.push(Claimed { key, class, lane: lane as u8 });
    }

    /// The lane of what is claimed; of several the lowest.
    pub(super) fn lowest(&self) -> usize {
        self.lowest.into()
    }

    /// Whether a claimed turn runs, as far as it was entered.
    pub(super) fn is_running(&self) -> bool {
        self.ended < self.begun
    }

    /// Whether messages may still be claimed and not begun.
    pub(super) fn is_out(&self) -> bool {
        (self.begun as usize) < self.items.len()
    }

    /// Whether a message of this lane would have its turn before something that is claimed and has not begun.
    pub(super) fn is_outranked_by(&self, lane: usize, progress: u32) -> bool {
        if lane <= self.lowest() {
            return false;
        }
        let begun = (progress as usize).div_ceil(2).min(self.items.len());
        self.items[begun..].iter().any(|item| usize::from(item.lane) < lane)
    }

    /// A lane gets its first message while this is out: how many turns of higher lanes are claimed and have not begun.
    pub(super) fn lane_woke(&mut self, lane: usize, progress: u32) -> u16 {
        let begun = (progress as usize).div_ceil(2).min(self.items.len());
        self.woke[lane] = begun as u8;
        self.higher(lane, begun, self.items.len())
    }

    fn higher(&self, lane: usize, from: usize, to: usize) -> u16 {
        self.items[from..to].iter().filter(|item| usize::from(item.lane) > lane).count() as u16
    }

    /// What has not begun went back: forgets it, and says how the schedule stands then.
    pub(super) fn cut(&mut self) -> Option<Lanes> {
        if !self.is_out() {
            // All of it has begun: the schedule stands as it should, and lanes may have got a first message since.
            return None;
        }
        let begun = self.begun as usize;
        let run = self.runs.iter().rev().find(|run| run.start <= self.begun)?;
        let mut schedule = run.before.clone();
        if self.begun > run.start {
            schedule.took(run.lane.into(), (self.begun - run.start) as u16, run.busy);
        }
        for lane in 0..Priority::COUNT {
            // A lane that gets a message of its own back has been waiting all along.
            let is_back = self.items[begun..].iter().any(|item| usize::from(item.lane) == lane);
            if self.woke[lane] != ASLEEP && !is_back {
                schedule.woke(lane, self.higher(lane, self.woke[lane].into(), begun));
            }
        }
        self.items.truncate(begun);
        Some(schedule)
    }

    /// The slots and types of turns that have begun since, in order.
    #[inline]
    pub(super) fn enter_begun(&mut self, progress: u32, mut release: impl FnMut(u32, usize)) -> bool {
        let begun = progress.div_ceil(2).min(self.items.len() as u32);
        if begun <= self.begun {
            return false;
        }
        for item in &self.items[self.begun as usize..begun as usize] {
            release(item.key, item.class.into());
        }
        self.begun = begun;
        true
    }

    /// The types of turns that have ended since, in order.
    #[inline]
    pub(super) fn enter_ended(&mut self, progress: u32, mut handled: impl FnMut(usize)) {
        let ended = (progress / 2).min(self.items.len() as u32);
        if ended <= self.ended {
            return;
        }
        for item in &self.items[self.ended as usize..ended as usize] {
            handled(item.class.into());
        }
        self.ended = ended;
    }

    /// Ends the running turn in the books.
    pub(super) fn conclude(&mut self) -> Option<usize> {
        if self.ended >= self.begun {
            return None;
        }
        let class = self.items[self.ended as usize].class;
        self.ended += 1;
        Some(class.into())
    }
}
