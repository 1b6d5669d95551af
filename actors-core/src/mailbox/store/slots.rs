//! Where queued messages lie: an arena whose slots are reused in place.
//!
//! It does what a slab does, and writes into slots instead of moving whole entries in and out: moving a hundred bytes that were
//! just written field by field costs more than the lock (ADR 5).

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::store::list::{Arena, Link, NIL};

/// Which of a slot's links: its lane's, or its type's. All but the first exist only where there are extras.
pub(in crate::mailbox) const LANE: usize = 0;
pub(in crate::mailbox) const KIND: usize = 1;
/// The third: its key's, where several workers keep the order of keys.
pub(in crate::mailbox) const KEY: usize = 2;

/// Slots that are made first, and up to how many their number is quadrupled instead of doubled.
const FIRST: usize = 4;
const SMALL: usize = 256;

/// Where an admitted message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(in crate::mailbox) key: u32,
    pub(in crate::mailbox) id: u64,
}

/// What the mailbox remembers of a message beside the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    /// Names this message among all that ever had this slot; 0 in a free one.
    pub(crate) id: u64,
    pub(crate) class: u16,
    /// Bytes it counts for; 0 in a mailbox without `max_bytes`.
    pub(crate) weight: u32,
    /// First poll of its send; sampled for types that need no exact age.
    pub(crate) stamp: Tick,
    /// Earlier one of ttl and deadline.
    pub(crate) expires: Tick,
    /// Deadline for the turn it will have; `NEVER` when its sender waits for nothing.
    pub(crate) deadline: Tick,
    /// Hash of the conflation key.
    pub(crate) hash: u64,
}

impl Tag {
    /// Of a message that has no id yet, no weight and no key.
    pub(crate) fn new(class: u16, stamp: Tick, deadline: Tick) -> Self {
        Tag { id: 0, class, weight: 0, stamp, expires: deadline, deadline, hash: 0 }
    }
}

/// One slot: what every message needs, so that a small one fits into a cache line or little more.
#[derive(Debug)]
pub(in crate::mailbox) struct Entry<T> {
    /// `None` while claimed, and while free.
    pub(in crate::mailbox) item: Option<T>,
    /// As in its [`Tag`].
    pub(in crate::mailbox) id: u64,
    pub(in crate::mailbox) stamp: Tick,
    pub(in crate::mailbox) expires: Tick,
    pub(in crate::mailbox) deadline: Tick,
    /// Its neighbours in its lane; in a free one, the next free one.
    lane: Link,
    pub(in crate::mailbox) class: u16,
    /// Set when the message was withdrawn while claimed: it is dropped as this instead of going back.
    pub(in crate::mailbox) doom: Option<Reason>,
    /// It waits for a turn of its key, and stands in no lane (`keys.rs`).
    pub(in crate::mailbox) is_parked: bool,
    /// When it came to the front of its lane too early, if it did: a number that only grows.
    pub(in crate::mailbox) stall: u32,
}

/// What only some policies need of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::mailbox) struct Extra {
    /// Its neighbours in its type's list.
    kind: Link,
    /// Its neighbours among the queued messages of its key and lane.
    of_key: Link,
    hash: u64,
    weight: u32,
    /// Where it stands in its type's pool, if its type has one.
    pub(in crate::mailbox) pool_at: u32,
}

/// All slots. Their number follows what was queued at once, not the capacity.
#[derive(Debug)]
#[repr(C)]
pub(in crate::mailbox) struct Slots<T> {
    used: u32,
    /// First free slot; each free one names the next.
    free: u32,
    entries: Vec<Entry<T>>,
    has_extras: bool,
    /// As many as entries, or none while no policy needs them.
    extras: Vec<Extra>,
}

impl<T> Slots<T> {
    pub(in crate::mailbox) fn new(has_extras: bool) -> Self {
        Slots { entries: Vec::new(), extras: Vec::new(), has_extras, free: NIL, used: 0 }
    }

    pub(in crate::mailbox) fn has_extras(&self) -> bool {
        self.has_extras
    }

    /// From now on every slot has its extra; those of messages that are queued say that they weigh nothing and have no key.
    pub(in crate::mailbox) fn add_extras(&mut self) {
        self.has_extras = true;
        self.extras.resize(self.entries.len(), Extra::default());
    }

    #[inline]
    pub(in crate::mailbox) fn len(&self) -> usize {
        self.used as usize
    }

    pub(in crate::mailbox) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// As many as were ever taken at once.
    pub(in crate::mailbox) fn peak(&self) -> usize {
        self.entries.len()
    }

    /// The neighbours of a slot in one of its lists.
    #[inline]
    pub(in crate::mailbox) fn link_of(&self, which: usize, key: u32) -> Link {
        match which {
            LANE => self.entries[key as usize].lane,
            KIND => self.extras[key as usize].kind,
            _ => self.extras[key as usize].of_key,
        }
    }

    #[inline]
    pub(in crate::mailbox) fn at(&self, key: u32) -> &Entry<T> {
        &self.entries[key as usize]
    }

    #[inline]
    pub(in crate::mailbox) fn at_mut(&mut self, key: u32) -> &mut Entry<T> {
        &mut self.entries[key as usize]
    }

    pub(in crate::mailbox) fn extra_mut(&mut self, key: u32) -> &mut Extra {
        &mut self.extras[key as usize]
    }

    pub(in crate::mailbox) fn pool_at(&self, key: u32) -> u32 {
        self.extras[key as usize].pool_at
    }

    pub(in crate::mailbox) fn hash(&self, key: u32) -> u64 {
        self.extras[key as usize].hash
    }

    /// Bytes that a message counts for.
    #[inline]
    pub(in crate::mailbox) fn weight(&self, key: u32) -> u32 {
        if self.has_extras { self.extras[key as usize].weight } else { 0 }
    }

    pub(in crate::mailbox) fn tag(&self, key: u32) -> Tag {
        let Entry { id, stamp, expires, deadline, class, .. } = self.entries[key as usize];
        let Extra { hash, weight, .. } = self.extras.get(key as usize).copied().unwrap_or_default();
        Tag { id, class, weight, stamp, expires, deadline, hash }
    }

    /// Writes a message's tag into its slot.
    #[inline]
    pub(in crate::mailbox) fn set_tag(&mut self, key: u32, tag: &Tag) {
        let entry = &mut self.entries[key as usize];
        (entry.id, entry.class, entry.stamp) = (tag.id, tag.class, tag.stamp);
        (entry.expires, entry.deadline) = (tag.expires, tag.deadline);
        if self.has_extras {
            let extra = &mut self.extras[key as usize];
            (extra.hash, extra.weight) = (tag.hash, tag.weight);
        }
    }

    /// The slot, if this message still has it.
    pub(in crate::mailbox) fn find(&mut self, key: u32, id: u64) -> Option<&mut Entry<T>> {
        self.entries.get_mut(key as usize).filter(|entry| entry.id == id)
    }

    /// A free slot, to be filled.
    #[inline]
    pub(in crate::mailbox) fn take(&mut self) -> u32 {
        self.used += 1;
        let key = self.free;
        match self.entries.get(key as usize) {
            Some(entry) => {
                self.free = entry.lane.next();
                key
            }
            None => self.grow(),
        }
    }

    #[cold]
    fn grow(&mut self) -> u32 {
        if self.entries.len() == self.entries.capacity() {
            // In few steps while it is small: each moves everything, and allocators are slow when many threads grow.
            let more = if self.entries.len() < SMALL { 3 * self.entries.len() } else { self.entries.len() };
            self.entries.reserve_exact(more.max(FIRST));
        }
        self.entries.push(Entry {
            item: None,
            id: 0,
            stamp: Tick::ZERO,
            expires: Tick::NEVER,
            deadline: Tick::NEVER,
            lane: Link::default(),
            class: 0,
            doom: None,
            is_parked: false,
            stall: 0,
        });
        if self.has_extras {
            self.extras.push(Extra::default());
        }
        (self.entries.len() - 1) as u32
    }

    /// Gives a slot back whose item is gone and which stands in no list. Returns when its message would have died.
    #[inline]
    pub(in crate::mailbox) fn give(&mut self, key: u32) -> Tick {
        let free = self.free;
        let entry = &mut self.entries[key as usize];
        entry.id = 0;
        entry.doom = None;
        entry.lane = Link::before(free);
        let expires = entry.expires;
        self.free = key;
        self.used -= 1;
        expires
    }
}

impl<T> Entry<T> {
    /// Who comes after it in its lane, or `NIL`.
    #[inline]
    pub(in crate::mailbox) fn next(&self) -> u32 {
        self.lane.next()
    }
}

impl<T> Arena for Slots<T> {
    #[inline]
    fn link(&mut self, which: usize, key: u32) -> &mut Link {
        match which {
            LANE => &mut self.entries[key as usize].lane,
            KIND => &mut self.extras[key as usize].kind,
            _ => &mut self.extras[key as usize].of_key,
        }
    }
}
