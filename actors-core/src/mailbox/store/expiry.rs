//! Queued messages that may expire, soonest first.
//!
//! ```text
//!   queued ─► fresh, in order of arrival ─► heap, by time ─► expired
//!               │                            │
//!               └────────── gone ◄───────────┘      O(1) from fresh, O(log n) from the heap
//! ```
//!
//! Most messages leave before the mailbox looks for expired ones, so a new message is only appended
//! to a list. Each search moves the oldest of the list into the heap, at most [`MOVED_MAX`] of
//! them: the time under the lock is bounded whatever the queue holds. The next search moves the
//! rest.
//!
//! Invariant: E1 a slot stands here exactly once while its message may expire and is queued. A
//! claimed message that was found expired is the exception: the consumer finds it too.

use crate::clock::Tick;
use crate::mailbox::ids::SlotId;
use crate::mailbox::store::list::{Arena, Link, List, NIL};
use crate::mailbox::store::slots::Slots;

/// Messages that are moved into the heap in one critical section: it takes a few microseconds.
const MOVED_MAX: usize = 256;

/// In `Place::at`: the slot stands in the list; it stands nowhere.
const FRESH: u32 = u32::MAX - 1;
const NOWHERE: u32 = u32::MAX;

/// Where a slot stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    link: Link<SlotId>,
    /// Its index in the heap.
    at: u32,
}

/// The list's links.
#[derive(Debug, Default)]
struct Places(Vec<Place>);

impl Arena for Places {
    type Id = SlotId;

    fn link(&mut self, _: usize, slot: SlotId) -> &mut Link<SlotId> {
        &mut self.0[slot.index()].link
    }
}

const LIST: usize = 0;

/// Messages that may expire, by slot: the memory follows that of the slots.
#[derive(Debug, Default)]
pub(in crate::mailbox) struct Expiry {
    places: Places,
    fresh: List<SlotId>,
    heap: Vec<(Tick, SlotId)>,
}

impl Expiry {
    /// Whether nothing queued may expire.
    #[inline]
    pub(in crate::mailbox) fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.heap.is_empty()
    }

    /// When to look for expired messages: at the soonest end, or at once while not all of them are
    /// in the heap.
    pub(in crate::mailbox) fn due(&self) -> Tick {
        match self.fresh.is_empty() {
            true => self.heap.first().map_or(Tick::NEVER, |(expires, _)| *expires),
            false => Tick::ZERO,
        }
    }

    /// Moves the oldest of the list into the heap, as many as one critical section may, so that
    /// [`due`](Expiry::due) is known. `moved` counts them.
    pub(in crate::mailbox) fn sort<T>(&mut self, slots: &Slots<T>, moved: &mut usize) {
        while *moved < MOVED_MAX
            && let Some(slot) = self.fresh.front()
        {
            *moved += 1;
            self.fresh.remove(LIST, &mut self.places, slot);
            self.put(slots.at(slot).expires, slot);
        }
    }

    /// Adds a message that may expire. One that stands here already stays where it is.
    pub(in crate::mailbox) fn add(&mut self, slot: SlotId) {
        let all = &mut self.places.0;
        if all.len() <= slot.index() {
            all.resize(slot.index() + 1, Place { link: Link::default(), at: NOWHERE });
        }
        if all[slot.index()].at == NOWHERE {
            all[slot.index()].at = FRESH;
            self.fresh.push_back(LIST, &mut self.places, slot);
        }
    }

    /// Removes a message that is queued no longer, or expires at another time.
    pub(in crate::mailbox) fn remove(&mut self, slot: SlotId) {
        let Some(place) = self.places.0.get_mut(slot.index()) else { return };
        match std::mem::replace(&mut place.at, NOWHERE) {
            NOWHERE => {}
            FRESH => self.fresh.remove(LIST, &mut self.places, slot),
            at => self.take(at as usize),
        }
    }

    /// Takes out a message that has expired, if one is found. `moved` counts the messages that this
    /// visit has moved into the heap.
    pub(in crate::mailbox) fn next_expired<T>(
        &mut self,
        slots: &Slots<T>,
        now: Tick,
        moved: &mut usize,
    ) -> Option<SlotId> {
        self.sort(slots, moved);
        let &(expires, slot) = self.heap.first()?;
        if expires > now {
            return None;
        }
        self.places.0[slot.index()].at = NOWHERE;
        self.take(0);
        Some(slot)
    }

    fn put(&mut self, expires: Tick, slot: SlotId) {
        self.heap.push((expires, slot));
        self.rise(self.heap.len() - 1);
    }

    /// Takes an entry out of the heap. Its place has been updated already.
    fn take(&mut self, at: usize) {
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            let at = self.rise(at);
            self.sink(at);
        }
    }

    /// Moves an entry towards the root as far as it belongs. Returns where it is then.
    fn rise(&mut self, mut at: usize) -> usize {
        let entry = self.heap[at];
        while at > 0 {
            let above = (at - 1) / 2;
            if self.heap[above] <= entry {
                break;
            }
            self.set(at, self.heap[above]);
            at = above;
        }
        self.set(at, entry);
        at
    }

    fn sink(&mut self, mut at: usize) {
        let entry = self.heap[at];
        loop {
            let left = 2 * at + 1;
            let Some(&first) = self.heap.get(left) else { break };
            let (below, least) = match self.heap.get(left + 1) {
                Some(&second) if second < first => (left + 1, second),
                _ => (left, first),
            };
            if entry <= least {
                break;
            }
            self.set(at, least);
            at = below;
        }
        self.set(at, entry);
    }

    fn set(&mut self, at: usize, entry: (Tick, SlotId)) {
        self.heap[at] = entry;
        self.places.0[entry.1.index()].at = at as u32;
    }
}

// A slot's number is below the largest capacity, 2^24, and so is an index of the heap.
const _: () = assert!((crate::policy::CAPACITY_MAX as u64) < FRESH as u64 && FRESH < NIL);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::ids::ClassId;
    use crate::mailbox::store::slots::Tag;

    /// Compares with a scan, over many steps that a simple generator chooses.
    #[test]
    fn o9_the_dead_come_in_the_order_of_their_ends_whatever_has_left_before() {
        let mut slots: Slots<()> = Slots::new(false);
        let mut expiry = Expiry::default();
        let mut alive: Vec<SlotId> = Vec::new();
        let mut random = 7u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let at = |ms: u64| Tick::ZERO.after(std::time::Duration::from_millis(ms));
        for step in 0..20_000u64 {
            match next(5) {
                0 | 1 => {
                    let slot = slots.take();
                    slots.set_tag(
                        slot,
                        &Tag { id: step + 1, ..Tag::new(ClassId::new(0), Tick::ZERO, at(step + next(50))) },
                    );
                    expiry.add(slot);
                    alive.push(slot);
                }
                2 if !alive.is_empty() => {
                    let slot = alive.swap_remove(next(alive.len() as u64) as usize);
                    expiry.remove(slot);
                    slots.give(slot);
                }
                3 => {
                    // As every caller does until nothing is left to be moved.
                    let mut moved = 0;
                    let now = at(step);
                    while let Some(dead) = expiry.next_expired(&slots, now, &mut moved) {
                        let least = alive.iter().map(|slot| slots.at(*slot).expires).min();
                        assert_eq!(Some(slots.at(dead).expires), least, "step {step}");
                        alive.retain(|slot| *slot != dead);
                        slots.give(dead);
                    }
                    assert!(alive.iter().all(|slot| slots.at(*slot).expires > now), "step {step}");
                }
                _ => {}
            }
            assert_eq!(expiry.is_empty(), alive.is_empty());
        }
    }

    #[test]
    fn o9_who_asks_moves_so_many_at_most() {
        let mut slots: Slots<()> = Slots::new(false);
        let mut expiry = Expiry::default();
        for _ in 0..10 * MOVED_MAX {
            let slot = slots.take();
            slots.set_tag(slot, &Tag { id: 1, ..Tag::new(ClassId::new(0), Tick::ZERO, Tick::ZERO) });
            expiry.add(slot);
        }
        let mut moved = 0;
        assert!(expiry.next_expired(&slots, Tick::ZERO, &mut moved).is_some());
        assert_eq!((moved, expiry.heap.len()), (MOVED_MAX, MOVED_MAX - 1));
    }
}
