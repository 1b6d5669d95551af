//! Claims: the consumer takes several messages per lock, and publishes its progress in one atomic
//! number.
//!
//! ```text
//!   claim     a   b   c   d   e
//!   progress  0 → 1 → 2 → 3 …           odd: turn (n-1)/2 runs;  even: n/2 turns have ended
//! ```
//!
//! Only the consumer writes `progress`, once when a turn begins and once when it ends. (A sender
//! that leaves a suspended turn to the consumer begins that turn's claim, under the lock.) The
//! holder of the lock reads it and enters what happened into the books. So a turn costs two plain
//! stores instead of a lock, and the ledger is still exact whenever the lock is held (L1, B1): a
//! claimed message keeps its slot until its turn begins.
//!
//! To get the consumer's attention, a thread sets a flag (`signals.rs`), which the consumer reads
//! before every turn.

use crate::mailbox::ids::{ClassId, SlotId};
use crate::policy::{Lanes, Priority, TURNS_MAX};
use std::ops::Deref;

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
    slot: SlotId,
    class: ClassId,
    lane: u8,
}

impl Claimed {
    const NONE: Claimed = Claimed { slot: SlotId::new(0), class: ClassId::new(0), lane: 0 };
}

/// As many as a claim can have, in place: 256 bytes that need no allocation and no second pointer.
#[derive(Debug)]
struct Items {
    list: [Claimed; TURNS_MAX as usize],
    len: usize,
}

impl Default for Items {
    fn default() -> Self {
        Items { list: [Claimed::NONE; TURNS_MAX as usize], len: 0 }
    }
}

impl Items {
    #[inline]
    fn push(&mut self, item: Claimed) {
        self.list[self.len] = item;
        self.len += 1;
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl Deref for Items {
    type Target = [Claimed];

    #[inline]
    fn deref(&self) -> &[Claimed] {
        &self.list[..self.len]
    }
}

/// In `woke`: the lane got no first message. A claim has fewer turns than this.
const ASLEEP: u8 = u8::MAX;

/// The books' side of a claim: which slots were taken, in order of turns, and how much of it has
/// been entered.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Claim {
    items: Items,
    runs: Vec<Run>,
    begun: u32,
    ended: u32,
    lowest: u8,
    /// For lanes that have got their first message since: how many turns had begun by then.
    woke: [u8; Priority::COUNT],
    /// A message of it was withdrawn.
    pub(in crate::mailbox) has_withdrawn: bool,
    /// The consumer's thread.
    pub(in crate::mailbox) thread: usize,
}

impl Claim {
    /// Starts a claim.
    pub(in crate::mailbox) fn reset(&mut self) {
        self.items.clear();
        self.runs.clear();
        self.begun = 0;
        self.ended = 0;
        self.lowest = Priority::COUNT as u8;
        self.woke = [ASLEEP; Priority::COUNT];
        self.has_withdrawn = false;
    }

    /// Starts a claim of one message, whose turn begins now.
    pub(in crate::mailbox) fn only(&mut self, slot: SlotId, class: ClassId, lane: usize) {
        self.reset();
        self.lowest = lane as u8;
        self.add(slot, class, lane);
        self.begun = 1;
    }

    /// Starts a run: what is added from here on is of this lane.
    pub(in crate::mailbox) fn begin_run(
        &mut self,
        lane: usize,
        before: Lanes,
        busy: [bool; Priority::COUNT],
    ) {
        self.runs.push(Run { start: self.items.len() as u32, lane: lane as u8, before, busy });
        self.lowest = self.lowest.min(lane as u8);
    }

    #[inline]
    pub(in crate::mailbox) fn add(&mut self, slot: SlotId, class: ClassId, lane: usize) {
        self.items.push(Claimed { slot, class, lane: lane as u8 });
    }

    /// The lane of what is claimed; the lowest of several.
    pub(in crate::mailbox) fn lowest(&self) -> usize {
        self.lowest.into()
    }

    /// Whether a claimed turn runs, as far as the books know.
    pub(in crate::mailbox) fn is_running(&self) -> bool {
        self.ended < self.begun
    }

    /// The message type of the running turn, as far as the books know.
    pub(in crate::mailbox) fn running(&self) -> Option<ClassId> {
        self.is_running().then(|| self.items[self.ended as usize].class)
    }

    /// How many turns of it have begun, as far as the books know.
    pub(in crate::mailbox) fn begun(&self) -> u32 {
        self.begun
    }

    /// Whether messages may still be claimed and not begun.
    #[inline]
    pub(in crate::mailbox) fn is_out(&self) -> bool {
        (self.begun as usize) < self.items.len()
    }

    /// Whether a message of this lane would have its turn before something that is claimed and has
    /// not begun.
    pub(in crate::mailbox) fn is_outranked_by(&self, lane: usize, progress: u32) -> bool {
        if lane <= self.lowest() {
            return false;
        }
        let begun = (progress as usize).div_ceil(2).min(self.items.len());
        self.items[begun..].iter().any(|item| usize::from(item.lane) < lane)
    }

    /// Notes that a lane gets its first message while this claim is out. Returns how many turns of
    /// higher lanes are claimed and have not begun.
    pub(in crate::mailbox) fn lane_woke(&mut self, lane: usize, progress: u32) -> u16 {
        let begun = (progress as usize).div_ceil(2).min(self.items.len());
        self.woke[lane] = begun as u8;
        self.higher(lane, begun, self.items.len())
    }

    fn higher(&self, lane: usize, from: usize, to: usize) -> u16 {
        self.items[from..to].iter().filter(|item| usize::from(item.lane) > lane).count() as u16
    }

    /// Forgets what has not begun and went back to the queue. Returns the schedule as it must be
    /// then.
    pub(in crate::mailbox) fn cut(&mut self) -> Option<Lanes> {
        if !self.is_out() {
            // All of it has begun: the schedule is right, and lanes may have got a first message
            // since.
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

    /// Enters the turns that have begun since, in order. Returns whether there were any.
    #[inline]
    pub(in crate::mailbox) fn enter_begun(
        &mut self,
        progress: u32,
        mut release: impl FnMut(SlotId, ClassId),
    ) -> bool {
        let begun = progress.div_ceil(2).min(self.items.len() as u32);
        if begun <= self.begun {
            return false;
        }
        for item in &self.items[self.begun as usize..begun as usize] {
            release(item.slot, item.class);
        }
        self.begun = begun;
        true
    }

    /// Enters the turns that have ended since, in order.
    #[inline]
    pub(in crate::mailbox) fn enter_ended(&mut self, progress: u32, mut handled: impl FnMut(ClassId)) {
        let ended = (progress / 2).min(self.items.len() as u32);
        if ended <= self.ended {
            return;
        }
        for item in &self.items[self.ended as usize..ended as usize] {
            handled(item.class);
        }
        self.ended = ended;
    }

    /// Ends the running turn in the books. Returns its message type.
    pub(in crate::mailbox) fn conclude(&mut self) -> Option<ClassId> {
        if self.ended >= self.begun {
            return None;
        }
        let class = self.items[self.ended as usize].class;
        self.ended += 1;
        Some(class)
    }
}
