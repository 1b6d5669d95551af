//! Where queued messages lie: an arena whose slots are reused in place.
//!
//! An arena does what a slab does, but writes into slots instead of moving whole entries in and
//! out. Moving a hundred bytes that were just written field by field costs more than the lock (ADR
//! 5).

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::store::list::{Arena, Link, NIL};

/// The lists that a slot stands in: its lane's, its message type's, and its key's where workers
/// keep the order of keys. All but the first exist only where there are extras.
pub(in crate::mailbox) const LANE: usize = 0;
pub(in crate::mailbox) const CLASS: usize = 1;
pub(in crate::mailbox) const KEY: usize = 2;

/// Slots that are made first. Up to [`SMALL`] their number is quadrupled, then doubled.
const FIRST: usize = 4;
const SMALL: usize = 256;

/// Where an admitted message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(in crate::mailbox) slot: SlotId,
    /// Tells this message from all others that ever had this slot.
    pub(in crate::mailbox) id: u64,
}

/// What the mailbox remembers of a message in addition to the message itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag {
    /// Names this message among all that ever had this slot; 0 in a free one.
    pub(crate) id: u64,
    pub(crate) class: ClassId,
    /// Bytes that it counts for; 0 in a mailbox without `max_bytes`.
    pub(crate) weight: u32,
    /// First poll of its send; sampled for types that need no exact age.
    pub(crate) stamp: Tick,
    /// The earlier one of ttl and deadline.
    pub(crate) expires: Tick,
    /// Deadline for the turn that it will have; `NEVER` when its sender waits for nothing.
    pub(crate) deadline: Tick,
    /// Hash of the conflation key.
    pub(crate) hash: u64,
    /// The tokens that it costs under a rate. Not kept in a slot.
    pub(crate) cost: u32,
    /// Its sender waits for the answer, until the deadline. Not kept in a slot.
    pub(crate) is_ask: bool,
}

impl Tag {
    /// A tag without id, weight and key, of a message whose sender does not wait for an answer.
    pub(crate) fn new(class: ClassId, stamp: Tick, deadline: Tick) -> Self {
        Tag { id: 0, class, weight: 0, stamp, expires: deadline, deadline, hash: 0, cost: 1, is_ask: false }
    }
}

/// What every message needs of a slot, so that a small message fits into a cache line or little
/// more.
#[derive(Debug)]
pub(in crate::mailbox) struct Slot<T> {
    /// `None` while claimed, and while free.
    pub(in crate::mailbox) item: Option<T>,
    /// As in its [`Tag`].
    pub(in crate::mailbox) id: u64,
    pub(in crate::mailbox) stamp: Tick,
    pub(in crate::mailbox) expires: Tick,
    pub(in crate::mailbox) deadline: Tick,
    /// Its neighbours in its lane; in a free slot, the next free one.
    lane: Link<SlotId>,
    pub(in crate::mailbox) class: ClassId,
    /// Set when the message was withdrawn while it was claimed: it is then lost for this reason
    /// instead of going back.
    pub(in crate::mailbox) withdrawn_as: Option<Reason>,
    /// It waits for a turn of its key, and stands in no lane (`keys.rs`).
    pub(in crate::mailbox) is_parked: bool,
    /// When it came to the front of its lane too early, if it did: a number that only grows.
    pub(in crate::mailbox) stall: u32,
}

/// What only some policies need of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::mailbox) struct Extra {
    /// Its neighbours in the list of its message type.
    of_class: Link<SlotId>,
    /// Its neighbours among the queued messages of its key and lane.
    of_key: Link<SlotId>,
    hash: u64,
    weight: u32,
    /// Where it stands in the bag of its message type, if the type has one.
    pub(in crate::mailbox) bag_at: u32,
}

/// All slots. Their number follows what was queued at once, not the capacity.
#[derive(Debug)]
#[repr(C)]
pub(in crate::mailbox) struct Slots<T> {
    used: u32,
    /// Index of the first free slot, or [`NIL`]; each free slot names the next.
    free: u32,
    entries: Vec<Slot<T>>,
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

    /// Gives every slot its extra. Messages that are queued already weigh nothing and have no key.
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

    /// The most slots that were ever taken at once.
    pub(in crate::mailbox) fn peak(&self) -> usize {
        self.entries.len()
    }

    /// The neighbours of a slot in one of its lists.
    #[inline]
    pub(in crate::mailbox) fn link_of(&self, which: usize, slot: SlotId) -> Link<SlotId> {
        match which {
            LANE => self.entries[slot.index()].lane,
            CLASS => self.extras[slot.index()].of_class,
            _ => self.extras[slot.index()].of_key,
        }
    }

    #[inline]
    pub(in crate::mailbox) fn at(&self, slot: SlotId) -> &Slot<T> {
        &self.entries[slot.index()]
    }

    #[inline]
    pub(in crate::mailbox) fn at_mut(&mut self, slot: SlotId) -> &mut Slot<T> {
        &mut self.entries[slot.index()]
    }

    pub(in crate::mailbox) fn extra_mut(&mut self, slot: SlotId) -> &mut Extra {
        &mut self.extras[slot.index()]
    }

    pub(in crate::mailbox) fn bag_at(&self, slot: SlotId) -> u32 {
        self.extras[slot.index()].bag_at
    }

    pub(in crate::mailbox) fn hash(&self, slot: SlotId) -> u64 {
        self.extras[slot.index()].hash
    }

    /// Like [`hash`](Slots::hash); 0 where no policy needs hashes.
    pub(in crate::mailbox) fn hash_of(&self, slot: SlotId) -> u64 {
        if self.has_extras { self.hash(slot) } else { 0 }
    }

    /// Bytes that a message counts for.
    #[inline]
    pub(in crate::mailbox) fn weight(&self, slot: SlotId) -> u32 {
        if self.has_extras { self.extras[slot.index()].weight } else { 0 }
    }

    pub(in crate::mailbox) fn tag(&self, slot: SlotId) -> Tag {
        let Slot { id, stamp, expires, deadline, class, .. } = self.entries[slot.index()];
        let Extra { hash, weight, .. } = self.extras.get(slot.index()).copied().unwrap_or_default();
        Tag { id, class, weight, stamp, expires, deadline, hash, cost: 1, is_ask: false }
    }

    /// Writes a message's tag into its slot.
    #[inline]
    pub(in crate::mailbox) fn set_tag(&mut self, slot: SlotId, tag: &Tag) {
        let entry = &mut self.entries[slot.index()];
        (entry.id, entry.class, entry.stamp) = (tag.id, tag.class, tag.stamp);
        (entry.expires, entry.deadline) = (tag.expires, tag.deadline);
        if self.has_extras {
            let extra = &mut self.extras[slot.index()];
            (extra.hash, extra.weight) = (tag.hash, tag.weight);
        }
    }

    /// The slot, if this message still has it.
    pub(in crate::mailbox) fn find(&mut self, slot: SlotId, id: u64) -> Option<&mut Slot<T>> {
        self.entries.get_mut(slot.index()).filter(|entry| entry.id == id)
    }

    /// Takes a free slot, to be filled.
    #[inline]
    pub(in crate::mailbox) fn take(&mut self) -> SlotId {
        self.used += 1;
        let free = self.free;
        // `NIL` is above every index: one comparison tells whether there is a free slot and where
        // it is.
        match self.entries.get(free as usize) {
            Some(entry) => {
                self.free = entry.lane.next_raw();
                SlotId::new(free as usize)
            }
            None => self.grow(),
        }
    }

    #[cold]
    fn grow(&mut self) -> SlotId {
        if self.entries.len() == self.entries.capacity() {
            // In few steps while it is small: each moves everything, and allocators are slow when
            // many threads grow.
            let more = if self.entries.len() < SMALL { 3 * self.entries.len() } else { self.entries.len() };
            self.entries.reserve_exact(more.max(FIRST));
        }
        self.entries.push(Slot {
            item: None,
            id: 0,
            stamp: Tick::ZERO,
            expires: Tick::NEVER,
            deadline: Tick::NEVER,
            lane: Link::default(),
            class: ClassId::new(0),
            withdrawn_as: None,
            is_parked: false,
            stall: 0,
        });
        if self.has_extras {
            self.extras.push(Extra::default());
        }
        SlotId::new(self.entries.len() - 1)
    }

    /// Gives back a slot whose item is gone and which stands in no list. Returns when its message
    /// would have expired.
    #[inline]
    pub(in crate::mailbox) fn give(&mut self, slot: SlotId) -> Tick {
        let free = self.free;
        let entry = &mut self.entries[slot.index()];
        entry.id = 0;
        entry.withdrawn_as = None;
        entry.lane = Link::before(free);
        let expires = entry.expires;
        self.free = slot.index() as u32;
        self.used -= 1;
        expires
    }
}

impl<T> Slot<T> {
    /// The next message of its lane.
    #[inline]
    pub(in crate::mailbox) fn next(&self) -> Option<SlotId> {
        self.lane.next()
    }
}

impl<T> Arena for Slots<T> {
    type Id = SlotId;

    #[inline]
    fn link(&mut self, which: usize, slot: SlotId) -> &mut Link<SlotId> {
        match which {
            LANE => &mut self.entries[slot.index()].lane,
            CLASS => &mut self.extras[slot.index()].of_class,
            _ => &mut self.extras[slot.index()].of_key,
        }
    }
}
