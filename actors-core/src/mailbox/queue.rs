//! The queue proper: slots, linked per lane and per type.
//!
//! ```text
//!   slots     │ 0 │ 1 │ 2 │ 3 │ 4 │ …          one slot per queued message, claimed ones included
//!   lanes     urgent: 3        normal: 0 ─ 1 ─ 4          order of turns
//!   types     Viewed: 0 ─ 4    Priced: 1                  oldest first, for `drop_oldest` and ttl
//!   index     hash(key) ─► 1                              for `conflate`
//! ```
//!
//! Invariants:
//! - Q1 `slots.len()` is the number of queued messages: a claimed message keeps its slot, empty, until its turn begins.
//! - Q2 a slot is in its lane's list, and in its type's if that type needs one, exactly while its item is there.
//! - Q3 the index holds exactly the unclaimed messages of conflating types, at most one per key.

use super::ledger::Counts;
use super::list::List;
use super::slots::{KIND, LANE, Slots, Tag};
use super::{Class, Item};
use crate::clock::Tick;
use crate::policy::{Limits, Overflow, OverflowList, Priority};
use hashbrown::HashTable;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An arena that grew beyond this many slots gives its memory back when it has run empty: below it the memory is not worth
/// the work.
const KEPT_SLOTS: usize = 1024;

/// One message type inside the mailbox.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) lane: usize,
    pub(super) overflow: OverflowList,
    /// Has a ttl.
    pub(super) is_timed: bool,
    /// Unclaimed messages, oldest first; only kept where something needs it.
    pub(super) list: List,
    pub(super) is_listed: bool,
    pub(super) conflates: bool,
    /// How many slots may be taken before this type's lane has no more room (B5).
    pub(super) room: usize,
    pub(super) counts: Counts,
}

impl Kind {
    fn new(class: &Class, limits: &Limits) -> Self {
        let overflow = class.policy.overflow;
        let is_timed = class.policy.ttl.is_some();
        Kind {
            lane: class.policy.priority.lane(),
            overflow,
            is_timed,
            list: List::default(),
            is_listed: overflow.has(Overflow::DropOldest) || overflow.has(Overflow::Conflate),
            conflates: overflow.has(Overflow::Conflate),
            room: limits.room(class.policy.priority),
            counts: Counts::default(),
        }
    }
}

/// Slots, lanes, types and index.
#[derive(Debug)]
pub(super) struct Queue<T> {
    pub(super) kinds: Box<[Kind]>,
    pub(super) slots: Slots<T>,
    lanes: [List; Priority::COUNT],
    index: HashTable<u32>,
    /// Messages that may die in the queue, by when. Those that left it in another way stay in here as stale entries, at most
    /// as many as twice the queue.
    mortals: BinaryHeap<Reverse<(Tick, u32, u64)>>,
}

/// Stale entries that are never worth a clean-up.
const STALE_KEPT: usize = 64;

impl<T: Item> Queue<T> {
    pub(super) fn new(classes: &[Class], limits: &Limits) -> Self {
        Queue {
            kinds: classes.iter().map(|class| Kind::new(class, limits)).collect(),
            slots: Slots::new(),
            lanes: [List::default(); Priority::COUNT],
            index: HashTable::new(),
            mortals: BinaryHeap::new(),
        }
    }

    /// Queued messages, claimed ones included (Q1).
    #[inline]
    pub(super) fn used(&self) -> usize {
        self.slots.len()
    }

    /// Which lanes have an unclaimed message.
    pub(super) fn busy(&self) -> [bool; Priority::COUNT] {
        self.lanes.map(|lane| !lane.is_empty())
    }

    pub(super) fn lane_len(&self, lane: usize) -> usize {
        self.lanes[lane].len()
    }

    pub(super) fn lane_front(&self, lane: usize) -> Option<u32> {
        self.lanes[lane].front()
    }

    /// The unclaimed message of the same key. Runs the user's `Eq` before anything has changed (B6).
    pub(super) fn twin(&self, item: &T, tag: &Tag) -> Option<u32> {
        let is_same = |&key: &u32| {
            let entry = self.slots.at(key);
            entry.tag.class == tag.class
                && entry.tag.hash == tag.hash
                && entry.item.as_ref().is_some_and(|queued| queued.same_key(item))
        };
        self.index.find(tag.hash, is_same).copied()
    }

    /// Puts a message at the end of its lane.
    #[inline]
    pub(super) fn push(&mut self, item: Option<T>, tag: Tag) -> u32 {
        let kind = &mut self.kinds[usize::from(tag.class)];
        kind.counts.queued += 1;
        let key = self.slots.take();
        let entry = self.slots.at_mut(key);
        entry.item = item;
        entry.tag = tag;
        self.lanes[kind.lane].push_back(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.push_back(KIND, &mut self.slots, key);
        }
        if kind.conflates {
            self.index_insert(key, tag.hash);
        }
        if tag.expires != Tick::NEVER {
            self.will_die(key, &tag);
        }
        key
    }

    fn will_die(&mut self, key: u32, tag: &Tag) {
        if self.mortals.len() > 2 * self.used() + STALE_KEPT {
            let Queue { mortals, slots, .. } = self;
            mortals.retain(|Reverse((_, key, id))| slots.at(*key).tag.id == *id);
        }
        self.mortals.push(Reverse((tag.expires, key, tag.id)));
    }

    pub(super) fn has_mortals(&self) -> bool {
        !self.mortals.is_empty()
    }

    /// A queued message that is dead by now, if there is one. Amortised O(log n).
    pub(super) fn next_dead(&mut self, now: Tick) -> Option<u32> {
        while let Some(&Reverse((expires, key, id))) = self.mortals.peek()
            && expires <= now
        {
            self.mortals.pop();
            // Claimed ones are the consumer's to find.
            if self.slots.find(key, id).is_some_and(|entry| entry.item.is_some()) {
                return Some(key);
            }
        }
        None
    }

    fn index_insert(&mut self, key: u32, hash: u64) {
        let Queue { index, slots, .. } = self;
        index.insert_unique(hash, key, |&other| slots.at(other).tag.hash);
    }

    /// Replaces the value and the tag of a queued message; its place stays.
    pub(super) fn replace(&mut self, key: u32, item: T, tag: Tag) -> (Option<T>, Tag) {
        let entry = self.slots.at_mut(key);
        let old_tag = std::mem::replace(&mut entry.tag, tag);
        let old = entry.item.replace(item);
        if tag.expires != Tick::NEVER {
            self.will_die(key, &tag);
        }
        (old, old_tag)
    }

    /// Takes an unclaimed message out of lists and index; its slot stays taken, and the item in it for the caller to take.
    #[inline]
    pub(super) fn unlink(&mut self, key: u32) {
        let tag = &self.slots.at(key).tag;
        let (class, hash) = (usize::from(tag.class), tag.hash);
        let kind = &mut self.kinds[class];
        self.lanes[kind.lane].remove(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.remove(KIND, &mut self.slots, key);
        }
        if kind.conflates
            && let Ok(found) = self.index.find_entry(hash, |&other| other == key)
        {
            found.remove();
        }
    }

    /// Puts a claimed message back at the front of its lane.
    pub(super) fn unclaim(&mut self, key: u32, item: Option<T>) {
        let entry = self.slots.at_mut(key);
        entry.item = item;
        let tag = entry.tag;
        let class = usize::from(tag.class);
        let kind = &mut self.kinds[class];
        self.lanes[kind.lane].push_front(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.push_front(KIND, &mut self.slots, key);
        }
        if tag.expires != Tick::NEVER {
            self.will_die(key, &tag);
        }
        let kind = &self.kinds[class];
        debug_assert!(!kind.conflates, "conflating messages are claimed one at a time, and begun at once");
    }

    /// Gives the slot of a claimed message free.
    #[inline]
    pub(super) fn release(&mut self, key: u32, class: usize) {
        self.slots.give(key);
        self.kinds[class].counts.queued -= 1;
    }

    /// Takes an unclaimed message out altogether.
    pub(super) fn remove(&mut self, key: u32) -> Option<(T, Tag)> {
        self.unlink(key);
        let entry = self.slots.at_mut(key);
        let (item, tag) = (entry.item.take()?, entry.tag);
        self.release(key, usize::from(tag.class));
        Some((item, tag))
    }

    /// Gives memory back after a burst. Called when nothing is queued.
    pub(super) fn shrink(&mut self) {
        if self.used() == 0 {
            self.mortals.clear();
        }
        if self.used() == 0 && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Slots::new();
            self.index = HashTable::new();
            self.mortals = BinaryHeap::new();
        }
    }
}
