//! Where queued messages lie: an arena whose slots are reused in place.
//!
//! It does what a slab does, and writes into slots instead of moving whole entries in and out: moving a hundred bytes that were
//! just written field by field costs more than the lock (ADR 5).

use super::list::{Arena, Link};
use crate::clock::Tick;
use crate::error::Reason;

const NIL: u32 = u32::MAX;

/// Which of a slot's two links.
pub(super) const LANE: usize = 0;
pub(super) const KIND: usize = 1;

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

/// One slot.
#[derive(Debug)]
pub(super) struct Entry<T> {
    /// `None` while claimed, and while free.
    pub(super) item: Option<T>,
    pub(super) tag: Tag,
    /// Set when the message was withdrawn while claimed: it is dropped as this instead of going back.
    pub(super) doom: Option<Reason>,
    /// Where it stands in its type's pool, if its type has one.
    pub(super) pool_at: u32,
    links: [Link; 2],
}

/// All slots. Their number follows what was queued at once, not the capacity.
#[derive(Debug)]
pub(super) struct Slots<T> {
    entries: Vec<Entry<T>>,
    /// First free slot; each free one names the next.
    free: u32,
    used: usize,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Slots { entries: Vec::new(), free: NIL, used: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.used
    }

    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// As many as were ever taken at once.
    pub(super) fn peak(&self) -> usize {
        self.entries.len()
    }

    /// The neighbours of a slot in one of its lists.
    pub(super) fn link_of(&self, which: usize, key: u32) -> Link {
        self.entries[key as usize].links[which]
    }

    #[inline]
    pub(super) fn at(&self, key: u32) -> &Entry<T> {
        &self.entries[key as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, key: u32) -> &mut Entry<T> {
        &mut self.entries[key as usize]
    }

    /// The slot, if this message still has it.
    pub(super) fn find(&mut self, key: u32, id: u64) -> Option<&mut Entry<T>> {
        self.entries.get_mut(key as usize).filter(|entry| entry.tag.id == id)
    }

    /// A free slot, to be filled.
    #[inline]
    pub(super) fn take(&mut self) -> u32 {
        self.used += 1;
        let key = self.free;
        match self.entries.get_mut(key as usize) {
            Some(entry) => {
                self.free = entry.links[LANE].next();
                key
            }
            None => self.grow(),
        }
    }

    #[cold]
    fn grow(&mut self) -> u32 {
        let tag = Tag::new(0, Tick::ZERO, Tick::NEVER);
        self.entries.push(Entry { item: None, tag, doom: None, pool_at: 0, links: [Link::default(); 2] });
        (self.entries.len() - 1) as u32
    }

    /// Gives a slot back whose item is gone and which stands in no list.
    #[inline]
    pub(super) fn give(&mut self, key: u32) {
        let free = self.free;
        let entry = &mut self.entries[key as usize];
        entry.tag.id = 0;
        entry.doom = None;
        entry.links[LANE] = Link::before(free);
        self.free = key;
        self.used -= 1;
    }
}

impl<T> Arena for Slots<T> {
    #[inline]
    fn link(&mut self, which: usize, key: u32) -> &mut Link {
        &mut self.entries[key as usize].links[which]
    }
}
