//! The queue proper: slots, linked per lane and per type.
//!
//! ```text
//!   slots     │ 0 │ 1 │ 2 │ 3 │ 4 │ …          one slot per queued message, claimed ones included
//!   lanes     urgent: 3        normal: 0 ─ 1 ─ 4          order of turns
//!   types     Viewed: 0 ─ 4    Priced: 1                  oldest first, for `drop_oldest`, `evict_lower`, newest first
//!   bags      Sampled: 5 2 7                              in no order, for `drop_random`
//!   index     hash(key) ─► 1                              for `conflate`
//! ```
//!
//! Invariants:
//! - Q1 `slots.len()` is the number of queued messages: a claimed message keeps its slot, empty,
//!   until its turn begins.
//! - Q2 a slot is in its lane's list, and in its type's list and bag if that type needs them,
//!   exactly while its item is there.
//! - Q3 the index holds exactly the unclaimed messages of conflating types, at most one per key.

use crate::clock::Tick;
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::item::{Class, Item};
use crate::mailbox::store::class::{ClassState, Classes};
use crate::mailbox::store::expiry::Expiry;
use crate::mailbox::store::keys::Keys;
use crate::mailbox::store::list::List;
use crate::mailbox::store::rates::Rates;
use crate::mailbox::store::shares::share;
use crate::mailbox::store::slots::{CLASS, LANE, Slots, Tag};
use crate::policy::{Limits, Order, Overflow, Policy, Priority};
use hashbrown::HashTable;

/// Slots of an arena that are kept when the queue has run empty. Memory of fewer slots is not worth
/// giving back.
const KEPT_SLOTS: usize = 1024;

/// Slots, lanes, types and index. In the order of use.
#[derive(Debug)]
#[repr(C)]
pub(in crate::mailbox) struct Queue<T> {
    pub(in crate::mailbox) classes: Classes,
    pub(in crate::mailbox) slots: Slots<T>,
    /// Slots that are promised and not filled yet.
    pub(in crate::mailbox) permits: usize,
    /// Permits given so far, which tells whether one was out between two looks.
    pub(in crate::mailbox) permits_given: u64,
    pub(in crate::mailbox) lanes: [List<SlotId>; Priority::COUNT],
    /// Summed weight of what is queued.
    pub(in crate::mailbox) bytes: u64,
    /// A type is served newest first under pressure.
    pub(in crate::mailbox) has_lifo: bool,
    /// A type shares its turns between values.
    has_shares: bool,
    /// The mailbox has `max_bytes`, so messages have weights.
    pub(in crate::mailbox) is_weighed: bool,
    /// Only where a type or the actor has a rate.
    pub(in crate::mailbox) rates: Option<Box<Rates>>,
    /// Only where several workers must keep the order of keys.
    pub(in crate::mailbox) keys: Option<Box<Keys>>,
    index: HashTable<SlotId>,
    /// Messages that may expire in the queue.
    expiry: Expiry,
    /// Most slots that were ever taken at once, as of the last time that memory was given back.
    peak: usize,
}

/// Whether the reserve is also one of bytes.
fn has_high_lanes(classes: &[Class]) -> bool {
    classes.iter().any(|class| class.policy.priority > Priority::Normal)
}

impl<T: Item> Queue<T> {
    pub(in crate::mailbox) fn new(classes: &[Class], limits: &Limits) -> Self {
        let has_high_lanes = has_high_lanes(classes);
        let mut queue = Queue {
            classes: Classes::new(classes.iter().enumerate().map(|(at, class)| {
                let family = ClassId::new(class.base.map_or(at, usize::from));
                let has_siblings = class.base.is_some() || class.policy.has_range();
                ClassState::new(family, has_siblings, &class.policy, limits, has_high_lanes)
            })),
            slots: Slots::new(false),
            lanes: [List::default(); Priority::COUNT],
            index: HashTable::new(),
            expiry: Expiry::default(),
            has_lifo: classes.iter().any(|class| class.policy.order == Order::LifoUnderPressure),
            has_shares: classes.iter().any(|class| class.policy.fair),
            is_weighed: limits.max_bytes.is_some(),
            rates: limits.rate.map(|_| Box::new(Rates::new(classes.len(), limits))),
            keys: None,
            permits: 0,
            permits_given: 0,
            bytes: 0,
            peak: 0,
        };
        if queue.classes.iter().any(|state| state.is_ordered) {
            queue.keys = Some(Box::default());
        }
        queue.update_lists();
        (0..)
            .map(ClassId::new)
            .zip(classes)
            .for_each(|(id, class)| queue.set_rate(id, &class.policy, limits));
        queue
    }

    /// Applies a changed policy. Bookkeeping that a new overflow list needs is made up for:
    /// O(messages in the lanes it is about), once.
    pub(in crate::mailbox) fn adjust(&mut self, class: ClassId, policy: &Policy, limits: &Limits) {
        self.unpark_all();
        self.classes[class].adjust(policy, self.is_weighed);
        self.set_rate(class, policy, limits);
        self.update_lists();
        self.fill_bag(class);
    }

    /// Takes over changed limits of the actor. [`adjust`](Queue::adjust) of each class must follow.
    #[cfg(feature = "serde")]
    pub(in crate::mailbox) fn limit(&mut self, classes: &[Class], limits: &Limits) {
        let has_high_lanes = has_high_lanes(classes);
        for (state, class) in self.classes.iter_mut().zip(classes) {
            state.limit(&class.policy, limits, has_high_lanes);
        }
        if limits.rate.is_some() || self.rates.is_some() {
            let rates = self.rates.get_or_insert_with(|| Box::new(Rates::new(classes.len(), limits)));
            rates.set_shared(limits);
        }
    }

    fn set_rate(&mut self, class: ClassId, policy: &Policy, limits: &Limits) {
        let types = self.classes.len();
        if policy.rate.is_some() || self.rates.is_some() {
            let rates = self.rates.get_or_insert_with(|| Box::new(Rates::new(types, limits)));
            rates.set(self.classes[class].family, policy);
        }
    }

    /// Makes the lists that are needed, and drops the others.
    fn update_lists(&mut self) {
        for class in self.classes.ids() {
            let state = &self.classes[class];
            let is_evictor =
                |other: &ClassState| other.lane() > state.lane() && other.overflow.has(Overflow::EvictLower);
            let is_evictable = state.overflow.is_droppable() && self.classes.iter().any(is_evictor);
            let state = &mut self.classes[class];
            state.is_evictable = is_evictable;
            state.is_bare = !state.needs_extras();
            if !self.slots.has_extras() && (!state.is_bare || self.is_weighed) {
                self.slots.add_extras();
            }
            if state.is_listed == state.wants_list() {
                continue;
            }
            state.is_listed = !state.is_listed;
            state.list = List::default();
            if state.is_listed {
                self.each_of(class, |state, slots, slot| state.list.push_back(CLASS, slots, slot));
            }
        }
    }

    fn fill_bag(&mut self, class: ClassId) {
        self.each_of(class, |state, slots, slot| add_to_bag(state, slots, slot));
    }

    /// All unclaimed messages of a type, in the order of their lane.
    fn each_of(&mut self, class: ClassId, mut visit: impl FnMut(&mut ClassState, &mut Slots<T>, SlotId)) {
        let Queue { classes, slots, lanes, .. } = self;
        let state = &mut classes[class];
        let mut at = lanes[state.lane()].front();
        while let Some(slot) = at {
            at = slots.link_of(LANE, slot).next();
            if slots.at(slot).class == class {
                visit(state, slots, slot);
            }
        }
    }

    /// A sender has joined the line of a type. `is_keyed`: it is kept by its key or its value.
    pub(in crate::mailbox) fn joined_line(&mut self, tag: &Tag, is_keyed: bool) {
        let state = &mut self.classes[tag.class];
        state.in_line += 1;
        state.ahead += u32::from(!is_keyed);
        state.tokens_ahead += u64::from(tag.cost);
        if let Some(shares) = state.shares.as_mut().filter(|_| is_keyed) {
            let change = shares.join(tag.hash);
            self.classes.note_value(tag.class, tag.hash, change);
        }
    }

    /// A sender has left the line of its type. `stood`: not only its key kept it waiting.
    pub(in crate::mailbox) fn left_line(&mut self, tag: &Tag, is_keyed: bool, stood: bool) {
        let state = &mut self.classes[tag.class];
        state.in_line -= 1;
        state.tokens_ahead -= u64::from(tag.cost);
        match state.shares.as_mut().filter(|_| is_keyed) {
            Some(shares) => {
                let change = shares.leave(tag.hash);
                self.classes.note_value(tag.class, tag.hash, change);
            }
            // Values are not ahead of each other.
            None => state.ahead -= u32::from(stood),
        }
    }

    /// Whether a value holds its share of the slots of a type, in all its lanes (S7).
    pub(in crate::mailbox) fn is_share_spent(&self, class: ClassId, hash: u64) -> bool {
        let state = &self.classes[class];
        let Some(shares) = &state.shares else { return false };
        let (held, values) = match self.classes[state.family].shares.as_ref().filter(|_| state.has_siblings) {
            None => (shares.held(hash), shares.values()),
            Some(of_type) => {
                let lanes = self.classes.iter().filter(|other| other.family == state.family);
                let held = lanes.filter_map(|lane| Some(lane.shares.as_ref()?.held(hash))).sum();
                (held, of_type.values_in_lanes())
            }
        };
        held > 0 && held >= share(state.shared_slots(), values)
    }

    /// Slots that a message type holds, in all its lanes.
    #[inline]
    pub(in crate::mailbox) fn held(&self, class: ClassId) -> u32 {
        let state = &self.classes[class];
        match state.has_siblings {
            false => state.held(),
            true => {
                let family = self.classes.iter().filter(|other| other.family == state.family);
                family.map(ClassState::held).sum()
            }
        }
    }

    /// Queued messages, claimed ones included (Q1).
    #[inline]
    pub(in crate::mailbox) fn used(&self) -> usize {
        self.slots.len()
    }

    /// Slots that are taken: queued messages and permits (B1).
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

    pub(in crate::mailbox) fn lane_front(&self, lane: usize) -> Option<SlotId> {
        self.lanes[lane].front()
    }

    /// The unclaimed message of the same key. Runs the user's `Eq` before anything has changed
    /// (B6).
    pub(in crate::mailbox) fn twin(&self, item: &T, tag: &Tag) -> Option<SlotId> {
        let is_same = |&slot: &SlotId| {
            let entry = self.slots.at(slot);
            entry.class == tag.class
                && self.slots.hash(slot) == tag.hash
                && entry.item.as_ref().is_some_and(|queued| queued.same_key(item))
        };
        self.index.find(tag.hash, is_same).copied()
    }

    /// Puts a message at the end of its lane. `make` must not panic.
    #[inline(always)]
    pub(in crate::mailbox) fn push(&mut self, make: impl FnOnce() -> T, tag: Tag) -> SlotId {
        let slot = self.slots.take();
        // The slot is empty. Forgetting the `None` avoids a check, so the message is written
        // straight to its place.
        std::mem::forget(self.slots.at_mut(slot).item.replace(make()));
        self.slots.set_tag(slot, &tag);
        let state = &mut self.classes[tag.class];
        state.counts.queued += 1;
        self.bytes += u64::from(tag.weight);
        self.lanes[state.lane()].push_back(LANE, &mut self.slots, slot);
        if !state.is_bare {
            add_to_lists(state, &mut self.slots, slot);
            let (conflates, is_ordered, lane) = (state.conflates, state.is_ordered, state.lane());
            if conflates {
                self.index_insert(slot, tag.hash);
            }
            if let Some(shares) = &mut self.classes[tag.class].shares {
                let change = shares.add(slot, &mut self.slots);
                self.classes.note_value(tag.class, tag.hash, change);
            }
            if is_ordered {
                self.enter_key(slot, lane);
            }
        }
        if tag.expires != Tick::NEVER {
            self.expiry.add(slot);
        }
        slot
    }

    /// Whether anything queued may expire.
    #[inline]
    pub(in crate::mailbox) fn may_expire(&self) -> bool {
        !self.expiry.is_empty()
    }

    /// Finds out when the first queued message expires, as far as one critical section may look.
    pub(in crate::mailbox) fn sort_expiring(&mut self) -> usize {
        let mut moved = 0;
        self.expiry.sort(&self.slots, &mut moved);
        moved
    }

    /// When to look for expired messages; `NEVER` where nothing queued may expire.
    pub(in crate::mailbox) fn purge_due(&self) -> Tick {
        self.expiry.due()
    }

    /// Returns a queued message that has expired, if one is found. `moved` counts the work of the
    /// critical section.
    pub(in crate::mailbox) fn next_expired(&mut self, now: Tick, moved: &mut usize) -> Option<SlotId> {
        while let Some(expired) = self.expiry.next_expired(&self.slots, now, moved) {
            // The consumer finds claimed ones.
            if self.slots.at(expired).item.is_some() {
                return Some(expired);
            }
        }
        None
    }

    fn index_insert(&mut self, slot: SlotId, hash: u64) {
        let Queue { index, slots, .. } = self;
        index.insert_unique(hash, slot, |&other| slots.hash(other));
    }

    /// Replaces the value and the tag of a queued message; its place stays.
    pub(in crate::mailbox) fn replace(&mut self, slot: SlotId, item: T, tag: Tag) -> (Option<T>, Tag) {
        let old_tag = self.slots.tag(slot);
        self.slots.set_tag(slot, &tag);
        let old = self.slots.at_mut(slot).item.replace(item);
        self.bytes = self.bytes + u64::from(tag.weight) - u64::from(old_tag.weight);
        self.expiry.remove(slot);
        if tag.expires != Tick::NEVER {
            self.expiry.add(slot);
        }
        (old, old_tag)
    }

    /// The message that has the next turn of its lane: the first; but where that one's type is
    /// served newest first, the newest of its type, and where its type shares turns, that of the
    /// value whose turn it is.
    pub(in crate::mailbox) fn next_of_lane(&self, lane: usize, is_pressed: bool) -> Option<SlotId> {
        let front = self.lanes[lane].front()?;
        if !is_pressed && !self.has_shares {
            return Some(front);
        }
        let state = &self.classes[self.slots.at(front).class];
        if let Some(shares) = &state.shares {
            return shares.next();
        }
        if state.is_lifo && is_pressed { state.list.back() } else { Some(front) }
    }

    /// Takes out the message that [`next_of_lane`](Queue::next_of_lane) returned, like
    /// [`unlink`](Queue::unlink). If it was not the first of its lane, the first takes over its
    /// place, so that the turns of other types come as they would have.
    #[inline]
    pub(in crate::mailbox) fn unlink_next(&mut self, slot: SlotId, lane: usize) {
        let is_first = self.lanes[lane].front() == Some(slot);
        match is_first {
            true => self.lanes[lane].remove(LANE, &mut self.slots, slot),
            false => self.lanes[lane].fill_with_first(LANE, &mut self.slots, slot),
        }
        if self.has_shares
            && let Some(shares) = &mut self.classes[self.slots.at(slot).class].shares
        {
            shares.took(self.slots.hash(slot));
        }
        self.remove_from_lists(slot);
    }

    /// Takes an unclaimed message out of lists and index; its slot stays taken, and the item in it
    /// for the caller to take.
    #[inline]
    pub(in crate::mailbox) fn unlink(&mut self, slot: SlotId) {
        let state = &self.classes[self.slots.at(slot).class];
        let lane = state.lane();
        match state.is_ordered {
            true => self.leave_key(slot, lane),
            false => self.lanes[lane].remove(LANE, &mut self.slots, slot),
        }
        self.remove_from_lists(slot);
    }

    #[inline]
    pub(in crate::mailbox) fn remove_from_lists(&mut self, slot: SlotId) {
        let class = self.slots.at(slot).class;
        let state = &mut self.classes[class];
        if state.is_bare {
            return;
        }
        if state.is_listed {
            state.list.remove(CLASS, &mut self.slots, slot);
        }
        if let Some(bag) = &mut state.bag {
            let bag_at = self.slots.bag_at(slot);
            bag.0.swap_remove(bag_at as usize);
            if let Some(&moved) = bag.0.get(bag_at as usize) {
                self.slots.extra_mut(moved).bag_at = bag_at;
            }
        }
        if state.conflates
            && let Ok(found) = self.index.find_entry(self.slots.hash(slot), |&other| other == slot)
        {
            found.remove();
        }
        if let Some(shares) = &mut state.shares {
            let change = shares.remove(slot, &mut self.slots);
            self.classes.note_value(class, self.slots.hash(slot), change);
        }
    }

    /// Puts a claimed message back at the front of its lane.
    pub(in crate::mailbox) fn unclaim(&mut self, slot: SlotId, item: Option<T>) {
        self.slots.at_mut(slot).item = item;
        let tag = self.slots.tag(slot);
        let class = tag.class;
        let state = &mut self.classes[class];
        self.lanes[state.lane()].push_front(LANE, &mut self.slots, slot);
        if state.is_listed {
            state.list.push_front(CLASS, &mut self.slots, slot);
        }
        add_to_bag(state, &mut self.slots, slot);
        if tag.expires != Tick::NEVER {
            self.expiry.add(slot);
        }
        debug_assert!(!self.classes[class].is_single, "it was claimed alone, and begun at once");
    }

    /// Gives the slot of a claimed message free.
    #[inline]
    pub(in crate::mailbox) fn release(&mut self, slot: SlotId, class: ClassId) {
        self.bytes -= u64::from(self.slots.weight(slot));
        if self.slots.give(slot) != Tick::NEVER {
            self.expiry.remove(slot);
        }
        self.classes[class].counts.queued -= 1;
    }

    /// Takes an unclaimed message out altogether.
    pub(in crate::mailbox) fn remove(&mut self, slot: SlotId) -> Option<(T, Tag)> {
        self.unlink(slot);
        let tag = self.slots.tag(slot);
        let item = self.slots.at_mut(slot).item.take()?;
        self.release(slot, tag.class);
        Some((item, tag))
    }

    /// Gives memory back after a burst. Called when nothing is queued. The arena is returned, to be
    /// dropped after the lock is free: that takes time with its size.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn shrink(&mut self) -> Option<Box<Slots<T>>> {
        if self.has_shares {
            self.classes
                .iter_mut()
                .filter_map(|state| state.shares.as_mut())
                .for_each(|shares| shares.shrink());
        }
        if self.used() > 0 || self.slots.capacity() <= KEPT_SLOTS {
            return None;
        }
        self.peak = self.peak();
        self.classes.iter_mut().filter_map(|state| state.bag.as_mut()).for_each(|bag| bag.0 = Vec::new());
        self.index = HashTable::new();
        self.expiry = Expiry::default();
        if let Some(keys) = &mut self.keys {
            keys.shrink();
        }
        let empty = Slots::new(self.slots.has_extras());
        Some(Box::new(std::mem::replace(&mut self.slots, empty)))
    }
}

/// Adds an unclaimed message to the list and the bag of its type, if they are kept.
#[inline]
fn add_to_lists<T>(state: &mut ClassState, slots: &mut Slots<T>, slot: SlotId) {
    if state.is_listed {
        state.list.push_back(CLASS, slots, slot);
    }
    add_to_bag(state, slots, slot);
}

#[inline]
fn add_to_bag<T>(state: &mut ClassState, slots: &mut Slots<T>, slot: SlotId) {
    if let Some(bag) = &mut state.bag {
        slots.extra_mut(slot).bag_at = bag.0.len() as u32;
        bag.0.push(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::ids::ClassId;
    use crate::policy::Settings;

    struct Price(u64);

    impl Item for Price {
        fn same_key(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    #[test]
    fn o7_the_index_holds_the_messages_that_are_queued_and_unclaimed_and_no_others() {
        let limits = Settings::new().capacity(4).limits().unwrap();
        let policy = Policy::tell().overflow(&[Overflow::Conflate]);
        let mut queue = Queue::new(&[Class::new("price", policy)], &limits);
        for round in 0..100 {
            let tag = Tag { id: round, hash: round, ..Tag::new(ClassId::new(0), Tick::ZERO, Tick::NEVER) };
            let slot = queue.push(|| Price(round), tag);
            assert_eq!(queue.twin(&Price(round), &tag), Some(slot));
            assert_eq!(queue.index.len(), 1, "round {round}");
            assert!(queue.remove(slot).is_some());
            assert_eq!(queue.twin(&Price(round), &tag), None);
            assert!(queue.index.is_empty(), "round {round}");
        }
    }
}
