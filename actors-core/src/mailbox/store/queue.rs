//! The queue proper: slots, linked per lane and per type.
//!
//! ```text
//!   slots     │ 0 │ 1 │ 2 │ 3 │ 4 │ …          one slot per queued message, claimed ones included
//!   lanes     urgent: 3        normal: 0 ─ 1 ─ 4          order of turns
//!   types     Viewed: 0 ─ 4    Priced: 1                  oldest first, for `drop_oldest`, `evict_lower`, newest first
//!   pools     Sampled: 5 2 7                              in no order, for `drop_random`
//!   index     hash(key) ─► 1                              for `conflate`
//! ```
//!
//! Invariants:
//! - Q1 `slots.len()` is the number of queued messages: a claimed message keeps its slot, empty, until its turn begins.
//! - Q2 a slot is in its lane's list, and in its type's list and pool if that type needs them, exactly while its item is there.
//! - Q3 the index holds exactly the unclaimed messages of conflating types, at most one per key.

use crate::clock::Tick;
use crate::mailbox::item::{Class, Item};
use crate::mailbox::store::expiry::Expiry;
use crate::mailbox::store::keys::Keys;
use crate::mailbox::store::kind::Kind;
use crate::mailbox::store::list::List;
use crate::mailbox::store::slots::{KIND, LANE, Slots, Tag};
use crate::policy::{Limits, Order, Overflow, Policy, Priority};
use hashbrown::HashTable;

/// An arena that grew beyond this many slots gives its memory back when it has run empty: below it the memory is not worth
/// the work.
const KEPT_SLOTS: usize = 1024;

/// Slots, lanes, types and index. In the order of use.
#[derive(Debug)]
#[repr(C)]
pub(in crate::mailbox) struct Queue<T> {
    pub(in crate::mailbox) kinds: Box<[Kind]>,
    pub(in crate::mailbox) slots: Slots<T>,
    /// Slots that are promised and not filled yet.
    pub(in crate::mailbox) permits: usize,
    pub(in crate::mailbox) lanes: [List; Priority::COUNT],
    /// Summed weight of what is queued.
    pub(in crate::mailbox) bytes: u64,
    /// Some type is served newest first under pressure.
    pub(in crate::mailbox) has_lifo: bool,
    /// Messages have weights.
    pub(in crate::mailbox) is_weighed: bool,
    /// Only where several workers must keep the order of keys.
    pub(in crate::mailbox) keys: Option<Box<Keys>>,
    index: HashTable<u32>,
    /// Messages that may die in the queue.
    expiry: Expiry,
    /// Most slots that were ever taken at once, as of the last time that memory was given back.
    peak: usize,
}

impl<T: Item> Queue<T> {
    pub(in crate::mailbox) fn new(classes: &[Class], limits: &Limits) -> Self {
        let has_heirs = classes.iter().any(|class| class.policy.priority > Priority::Normal);
        let mut queue = Queue {
            kinds: classes.iter().map(|class| Kind::new(&class.policy, limits, has_heirs)).collect(),
            slots: Slots::new(false),
            lanes: [List::default(); Priority::COUNT],
            index: HashTable::new(),
            expiry: Expiry::default(),
            has_lifo: classes.iter().any(|class| class.policy.order == Order::LifoUnderPressure),
            is_weighed: limits.max_bytes.is_some(),
            keys: None,
            permits: 0,
            bytes: 0,
            peak: 0,
        };
        if queue.kinds.iter().any(|kind| kind.is_ordered) {
            queue.keys = Some(Box::default());
        }
        queue.relist();
        queue
    }

    /// Changes what may change of a type while the mailbox lives. What bookkeeping a new overflow list needs is made up for:
    /// O(messages in the lanes it is about), once.
    pub(in crate::mailbox) fn adjust(&mut self, class: usize, policy: &Policy) {
        self.unpark_all();
        self.kinds[class].adjust(policy, self.is_weighed);
        self.relist();
        self.fill_pool(class);
    }

    /// Keeps the lists that are wanted, and no others.
    fn relist(&mut self) {
        for class in 0..self.kinds.len() {
            let kind = &self.kinds[class];
            let is_evictor =
                |other: &Kind| other.lane() > kind.lane() && other.overflow.has(Overflow::EvictLower);
            let is_evictable = kind.overflow.is_droppable() && self.kinds.iter().any(is_evictor);
            let kind = &mut self.kinds[class];
            kind.is_evictable = is_evictable;
            kind.is_bare = !kind.needs_extras();
            if !self.slots.has_extras() && (!kind.is_bare || self.is_weighed) {
                self.slots.add_extras();
            }
            if kind.is_listed == kind.wants_list() {
                continue;
            }
            kind.is_listed = !kind.is_listed;
            kind.list = List::default();
            if kind.is_listed {
                self.each_of(class, |kind, slots, key| kind.list.push_back(KIND, slots, key));
            }
        }
    }

    fn fill_pool(&mut self, class: usize) {
        self.each_of(class, |kind, slots, key| join_pool(kind, slots, key));
    }

    /// All unclaimed messages of a type, in the order of their lane.
    fn each_of(&mut self, class: usize, mut visit: impl FnMut(&mut Kind, &mut Slots<T>, u32)) {
        let Queue { kinds, slots, lanes, .. } = self;
        let kind = &mut kinds[class];
        let mut at = lanes[kind.lane()].front();
        while let Some(key) = at {
            at = slots.link_of(LANE, key).after();
            if usize::from(slots.at(key).class) == class {
                visit(kind, slots, key);
            }
        }
    }

    /// Queued messages, claimed ones included (Q1).
    #[inline]
    pub(in crate::mailbox) fn used(&self) -> usize {
        self.slots.len()
    }

    /// Slots that nobody else can have: queued messages and permits (B1).
    #[inline]
    pub(in crate::mailbox) fn taken(&self) -> usize {
        self.slots.len() + self.permits
    }

    /// Most slots that were ever taken at once.
    pub(in crate::mailbox) fn peak(&self) -> usize {
        self.peak.max(self.slots.peak())
    }

    /// Which lanes have an unclaimed message.
    pub(in crate::mailbox) fn busy(&self) -> [bool; Priority::COUNT] {
        self.lanes.map(|lane| !lane.is_empty())
    }

    pub(in crate::mailbox) fn lane_len(&self, lane: usize) -> usize {
        self.lanes[lane].len()
    }

    /// Messages in lanes: those that are neither claimed nor parked.
    pub(in crate::mailbox) fn runnable(&self) -> usize {
        self.lanes.iter().map(List::len).sum()
    }

    pub(in crate::mailbox) fn lane_front(&self, lane: usize) -> Option<u32> {
        self.lanes[lane].front()
    }

    /// The unclaimed message of the same key. Runs the user's `Eq` before anything has changed (B6).
    pub(in crate::mailbox) fn twin(&self, item: &T, tag: &Tag) -> Option<u32> {
        let is_same = |&key: &u32| {
            let entry = self.slots.at(key);
            entry.class == tag.class
                && self.slots.hash(key) == tag.hash
                && entry.item.as_ref().is_some_and(|queued| queued.same_key(item))
        };
        self.index.find(tag.hash, is_same).copied()
    }

    /// Puts a message at the end of its lane. `make` must not panic.
    #[inline(always)]
    pub(in crate::mailbox) fn push(&mut self, make: impl FnOnce() -> T, tag: Tag) -> u32 {
        let key = self.slots.take();
        // There is none in it: without a look at what was there, the message is written where it is to lie.
        std::mem::forget(self.slots.at_mut(key).item.replace(make()));
        self.slots.set_tag(key, &tag);
        let kind = &mut self.kinds[usize::from(tag.class)];
        kind.counts.queued += 1;
        self.bytes += u64::from(tag.weight);
        self.lanes[kind.lane()].push_back(LANE, &mut self.slots, key);
        if !kind.is_bare {
            enlist(kind, &mut self.slots, key);
            let (conflates, is_ordered, lane) = (kind.conflates, kind.is_ordered, kind.lane());
            if conflates {
                self.index_insert(key, tag.hash);
            }
            if is_ordered {
                self.enter_key(key, lane);
            }
        }
        if tag.expires != Tick::NEVER {
            self.expiry.enter(key);
        }
        key
    }

    /// Whether anything queued may die.
    #[inline]
    pub(in crate::mailbox) fn may_die(&self) -> bool {
        !self.expiry.is_empty()
    }

    /// When to look for dead messages; `NEVER` where nothing queued may die.
    pub(in crate::mailbox) fn dead_due(&self) -> Tick {
        self.expiry.due()
    }

    /// A queued message that is dead by now, if one is found; `moved` counts what that takes, in one critical section.
    pub(in crate::mailbox) fn next_dead(&mut self, now: Tick, moved: &mut usize) -> Option<u32> {
        while let Some(dead) = self.expiry.next_dead(&self.slots, now, moved) {
            // Claimed ones are the consumer's to find.
            if self.slots.at(dead).item.is_some() {
                return Some(dead);
            }
        }
        None
    }

    fn index_insert(&mut self, key: u32, hash: u64) {
        let Queue { index, slots, .. } = self;
        index.insert_unique(hash, key, |&other| slots.hash(other));
    }

    /// Replaces the value and the tag of a queued message; its place stays.
    pub(in crate::mailbox) fn replace(&mut self, key: u32, item: T, tag: Tag) -> (Option<T>, Tag) {
        let old_tag = self.slots.tag(key);
        self.slots.set_tag(key, &tag);
        let old = self.slots.at_mut(key).item.replace(item);
        self.bytes = self.bytes + u64::from(tag.weight) - u64::from(old_tag.weight);
        self.expiry.leave(key);
        if tag.expires != Tick::NEVER {
            self.expiry.enter(key);
        }
        (old, old_tag)
    }

    /// The message that has the next turn of its lane: the first; but where that one's type is served newest first, the
    /// newest of its type.
    pub(in crate::mailbox) fn next_of_lane(&self, lane: usize, is_pressed: bool) -> Option<u32> {
        let front = self.lanes[lane].front()?;
        if !is_pressed {
            return Some(front);
        }
        let kind = &self.kinds[usize::from(self.slots.at(front).class)];
        if kind.is_lifo { kind.list.back() } else { Some(front) }
    }

    /// Takes out whoever [`next_of_lane`](Queue::next_of_lane) named, as [`unlink`](Queue::unlink) does. The first in the lane,
    /// if that is another one, takes over the place that becomes free, so that other types' turns come as they would have.
    #[inline]
    pub(in crate::mailbox) fn unlink_next(&mut self, key: u32, lane: usize) {
        let is_first = self.lanes[lane].front() == Some(key);
        match is_first {
            true => self.lanes[lane].remove(LANE, &mut self.slots, key),
            false => self.lanes[lane].fill_with_first(LANE, &mut self.slots, key),
        }
        self.unlist(key);
    }

    /// Takes an unclaimed message out of lists and index; its slot stays taken, and the item in it for the caller to take.
    #[inline]
    pub(in crate::mailbox) fn unlink(&mut self, key: u32) {
        let kind = &self.kinds[usize::from(self.slots.at(key).class)];
        let lane = kind.lane();
        match kind.is_ordered {
            true => self.leave_key(key, lane),
            false => self.lanes[lane].remove(LANE, &mut self.slots, key),
        }
        self.unlist(key);
    }

    #[inline]
    pub(in crate::mailbox) fn unlist(&mut self, key: u32) {
        let kind = &mut self.kinds[usize::from(self.slots.at(key).class)];
        if kind.is_bare {
            return;
        }
        if kind.is_listed {
            kind.list.remove(KIND, &mut self.slots, key);
        }
        if let Some(pool) = &mut kind.pool {
            let pool_at = self.slots.pool_at(key);
            pool.0.swap_remove(pool_at as usize);
            if let Some(&moved) = pool.0.get(pool_at as usize) {
                self.slots.extra_mut(moved).pool_at = pool_at;
            }
        }
        if kind.conflates
            && let Ok(found) = self.index.find_entry(self.slots.hash(key), |&other| other == key)
        {
            found.remove();
        }
    }

    /// Puts a claimed message back at the front of its lane.
    pub(in crate::mailbox) fn unclaim(&mut self, key: u32, item: Option<T>) {
        self.slots.at_mut(key).item = item;
        let tag = self.slots.tag(key);
        let class = usize::from(tag.class);
        let kind = &mut self.kinds[class];
        self.lanes[kind.lane()].push_front(LANE, &mut self.slots, key);
        if kind.is_listed {
            kind.list.push_front(KIND, &mut self.slots, key);
        }
        join_pool(kind, &mut self.slots, key);
        if tag.expires != Tick::NEVER {
            self.expiry.enter(key);
        }
        debug_assert!(!self.kinds[class].is_single, "it was claimed alone, and begun at once");
    }

    /// Gives the slot of a claimed message free.
    #[inline]
    pub(in crate::mailbox) fn release(&mut self, key: u32, class: usize) {
        self.bytes -= u64::from(self.slots.weight(key));
        if self.slots.give(key) != Tick::NEVER {
            self.expiry.leave(key);
        }
        self.kinds[class].counts.queued -= 1;
    }

    /// Takes an unclaimed message out altogether.
    pub(in crate::mailbox) fn remove(&mut self, key: u32) -> Option<(T, Tag)> {
        self.unlink(key);
        let tag = self.slots.tag(key);
        let item = self.slots.at_mut(key).item.take()?;
        self.release(key, usize::from(tag.class));
        Some((item, tag))
    }

    /// Gives memory back after a burst. Called when nothing is queued. The arena is returned, to be dropped after the lock is free:
    /// that takes time with its size.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn shrink(&mut self) -> Option<Box<Slots<T>>> {
        if self.used() > 0 || self.slots.capacity() <= KEPT_SLOTS {
            return None;
        }
        self.peak = self.peak();
        self.kinds.iter_mut().filter_map(|kind| kind.pool.as_mut()).for_each(|pool| pool.0 = Vec::new());
        self.index = HashTable::new();
        self.expiry = Expiry::default();
        if let Some(keys) = &mut self.keys {
            keys.shrink();
        }
        let empty = Slots::new(self.slots.has_extras());
        Some(Box::new(std::mem::replace(&mut self.slots, empty)))
    }
}

/// Enters an unclaimed message into the lists of its type that are kept.
#[inline]
fn enlist<T>(kind: &mut Kind, slots: &mut Slots<T>, key: u32) {
    if kind.is_listed {
        kind.list.push_back(KIND, slots, key);
    }
    join_pool(kind, slots, key);
}

#[inline]
fn join_pool<T>(kind: &mut Kind, slots: &mut Slots<T>, key: u32) {
    if let Some(pool) = &mut kind.pool {
        slots.extra_mut(key).pool_at = pool.0.len() as u32;
        pool.0.push(key);
    }
}
