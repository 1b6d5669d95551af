//! The queue proper: slots in a slab, linked per lane and per type.
//!
//! ```text
//!   slab      │ 0 │ 1 │ 2 │ 3 │ 4 │ …          one slot per queued message, claimed ones included
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
use super::list::{Link, Linked, List};
use super::{Class, Item};
use crate::clock::Tick;
use crate::error::Reason;
use crate::policy::{Overflow, OverflowList, Priority};
use hashbrown::HashTable;
use slab::Slab;

/// Which of a slot's two links.
pub(super) const LANE: usize = 0;
pub(super) const KIND: usize = 1;

/// A slab that grew beyond this many slots gives its memory back when it has run empty: below it the memory is not worth
/// the work.
const KEPT_SLOTS: usize = 1024;

/// One slot.
#[derive(Debug)]
pub(super) struct Entry<T> {
    /// `None` while claimed.
    pub(super) item: Option<T>,
    pub(super) tag: Tag,
    /// Set when the message was withdrawn while claimed: it is dropped as this instead of going back.
    pub(super) doom: Option<Reason>,
    links: [Link; 2],
}

/// What the mailbox remembers of a message beside the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    /// Names this message among all that ever had this slot.
    pub(crate) id: u64,
    pub(crate) class: u16,
    /// First poll of its send; sampled for types that need no exact age.
    pub(crate) stamp: Tick,
    /// Earlier one of ttl and deadline.
    pub(crate) expires: Tick,
    /// Deadline for the turn it will have; `NEVER` when its sender waits for nothing.
    pub(crate) deadline: Tick,
    /// Hash of the conflation key.
    pub(crate) hash: u64,
}

impl<T> Linked for Entry<T> {
    fn link(&mut self, which: usize) -> &mut Link {
        &mut self.links[which]
    }
}

/// One message type inside the mailbox.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) lane: usize,
    pub(super) overflow: OverflowList,
    /// Has a ttl, so its oldest messages may be dead.
    pub(super) is_timed: bool,
    /// Unclaimed messages, oldest first; only kept where something needs it.
    pub(super) list: List,
    pub(super) is_listed: bool,
    pub(super) conflates: bool,
    pub(super) counts: Counts,
}

impl Kind {
    fn new(class: &Class) -> Self {
        let overflow = class.policy.overflow;
        let is_timed = class.policy.ttl.is_some();
        Kind {
            lane: class.policy.priority.lane(),
            overflow,
            is_timed,
            list: List::default(),
            is_listed: is_timed || overflow.has(Overflow::DropOldest) || overflow.has(Overflow::Conflate),
            conflates: overflow.has(Overflow::Conflate),
            counts: Counts::default(),
        }
    }
}

/// Slots, lanes, types and index.
#[derive(Debug)]
pub(super) struct Queue<T> {
    pub(super) kinds: Box<[Kind]>,
    pub(super) slots: Slab<Entry<T>>,
    lanes: [List; Priority::COUNT],
    index: HashTable<u32>,
}

impl<T: Item> Queue<T> {
    pub(super) fn new(classes: &[Class]) -> Self {
        Queue {
            kinds: classes.iter().map(Kind::new).collect(),
            slots: Slab::new(),
            lanes: [List::default(); Priority::COUNT],
            index: HashTable::new(),
        }
    }

    /// Queued messages, claimed ones included (Q1).
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
            let entry = &self.slots[key as usize];
            entry.tag.class == tag.class
                && entry.tag.hash == tag.hash
                && entry.item.as_ref().is_some_and(|queued| queued.same_key(item))
        };
        self.index.find(tag.hash, is_same).copied()
    }

    /// Puts a message at the end of its lane.
    pub(super) fn push(&mut self, item: T, tag: Tag) -> u32 {
        let key = self.slots.insert(Entry { item: Some(item), tag, doom: None, links: [Link::default(); 2] })
            as u32;
        let kind = &mut self.kinds[usize::from(tag.class)];
        kind.counts.queued += 1;
        self.lanes[kind.lane].push_back(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.push_back(KIND, &mut self.slots, key);
        }
        if kind.conflates {
            self.index_insert(key, tag.hash);
        }
        key
    }

    fn index_insert(&mut self, key: u32, hash: u64) {
        let Queue { index, slots, .. } = self;
        index.insert_unique(hash, key, |&other| slots[other as usize].tag.hash);
    }

    /// Replaces the value and the tag of a queued message; its place stays.
    pub(super) fn replace(&mut self, key: u32, item: T, tag: Tag) -> (Option<T>, Tag) {
        let entry = &mut self.slots[key as usize];
        let old = std::mem::replace(&mut entry.tag, tag);
        (entry.item.replace(item), old)
    }

    /// Takes the item of an unclaimed message out of lists and index; its slot stays taken.
    pub(super) fn claim(&mut self, key: u32) -> Option<(T, Tag)> {
        let entry = &mut self.slots[key as usize];
        let item = entry.item.take()?;
        let tag = entry.tag;
        let kind = &mut self.kinds[usize::from(tag.class)];
        self.lanes[kind.lane].remove(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.remove(KIND, &mut self.slots, key);
        }
        if kind.conflates
            && let Ok(found) = self.index.find_entry(tag.hash, |&other| other == key)
        {
            found.remove();
        }
        Some((item, tag))
    }

    /// Puts a claimed message back at the front of its lane.
    pub(super) fn unclaim(&mut self, key: u32, item: T) {
        let entry = &mut self.slots[key as usize];
        entry.item = Some(item);
        let tag = entry.tag;
        let kind = &mut self.kinds[usize::from(tag.class)];
        self.lanes[kind.lane].push_front(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.push_front(KIND, &mut self.slots, key);
        }
        debug_assert!(!kind.conflates, "conflating messages are claimed one at a time, and begun at once");
    }

    /// Gives the slot of a claimed message free.
    pub(super) fn release(&mut self, key: u32) {
        let entry = self.slots.remove(key as usize);
        self.kinds[usize::from(entry.tag.class)].counts.queued -= 1;
    }

    /// Takes an unclaimed message out altogether.
    pub(super) fn remove(&mut self, key: u32) -> Option<(T, Tag)> {
        let taken = self.claim(key)?;
        self.release(key);
        Some(taken)
    }

    /// Gives memory back after a burst. Called when nothing is queued.
    pub(super) fn shrink(&mut self) {
        if self.slots.is_empty() && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Slab::new();
            self.index = HashTable::new();
        }
    }
}
