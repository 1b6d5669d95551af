//! What a consumer has claimed and not begun: reused memory, filled field by field (see
//! `slots.rs`).

use crate::clock::Tick;
use crate::local_pool;
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::store::slots::Slot;
use smallvec::SmallVec;

/// A message on its way to its turn.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    /// Taken by the code that runs the turn.
    pub(crate) item: Option<T>,
    pub(crate) class: ClassId,
    pub(crate) stamp: Tick,
    pub(crate) deadline: Tick,
    pub(in crate::mailbox) expires: Tick,
    pub(in crate::mailbox) slot: SlotId,
}

impl<T> Taken<T> {
    fn none() -> Self {
        let never = Tick::NEVER;
        Taken {
            item: None,
            class: ClassId::new(0),
            stamp: never,
            deadline: never,
            expires: never,
            slot: SlotId::new(0),
        }
    }
}

/// The first place needs no allocation: an idle consumer takes one message at a time. More room is
/// borrowed from the thread while the consumer is at work.
type Places<T> = SmallVec<[Taken<T>; 1]>;

/// Larger memory is not worth keeping: 32 messages of 1.5 KiB.
const SHELVED_MAX: usize = 48 * 1024;

/// What a consumer has claimed. Its places are reused, and filled field by field (see `slots.rs`).
#[derive(Debug)]
pub(in crate::mailbox) struct Batch<T> {
    places: Places<T>,
    /// Claimed: `next..len`. The running turn's is the one before `next`.
    next: usize,
    len: usize,
}

impl<T: 'static> Batch<T> {
    pub(in crate::mailbox) fn new() -> Self {
        Batch { places: Places::new(), next: 0, len: 0 }
    }

    pub(in crate::mailbox) fn rest(&self) -> usize {
        self.len - self.next
    }

    pub(in crate::mailbox) fn is_empty(&self) -> bool {
        self.next == self.len
    }

    /// When the last of what is claimed was offered: of one lane the youngest.
    pub(in crate::mailbox) fn youngest(&self) -> Option<Tick> {
        (!self.is_empty()).then(|| self.places[self.len - 1].stamp)
    }

    /// Turns of it that have begun.
    pub(in crate::mailbox) fn begun(&self) -> usize {
        self.next
    }

    pub(in crate::mailbox) fn clear(&mut self) {
        (self.next, self.len) = (0, 0);
    }

    /// Makes room for `count` messages in an empty claim.
    pub(in crate::mailbox) fn prepare(&mut self, count: usize) {
        if self.places.len() >= count {
            return;
        }
        if !self.places.spilled()
            && count > 1
            && let Some(places) = local_pool::take()
        {
            self.places = places;
        }
        if self.places.len() < count {
            self.places.reserve_exact(count - self.places.len());
            self.places.resize_with(count, Taken::none);
        }
    }

    /// Returns the memory: nothing is claimed now, and perhaps for long.
    pub(in crate::mailbox) fn give_room_back(&mut self) {
        if self.places.spilled() {
            self.clear();
            let places = std::mem::take(&mut self.places);
            if size_of_val(&*places) <= SHELVED_MAX {
                local_pool::give(places);
            }
        }
    }

    /// Adds a message from its slot.
    #[inline]
    pub(in crate::mailbox) fn add(&mut self, slot: SlotId, entry: &mut Slot<T>) {
        self.places().add(slot, entry);
    }

    /// The places, to add several messages.
    #[inline]
    pub(in crate::mailbox) fn places(&mut self) -> Adding<'_, T> {
        let Batch { places, next, len } = self;
        Adding { places, next: *next, len }
    }

    /// Slots of what was added since there were `before` messages, none of which has begun.
    pub(in crate::mailbox) fn slots(&self, before: usize) -> impl Iterator<Item = SlotId> {
        self.places[self.next + before..self.len].iter().map(|taken| taken.slot)
    }

    #[inline]
    pub(in crate::mailbox) fn front(&self) -> Option<&Taken<T>> {
        self.places[..self.len].get(self.next)
    }

    /// The next turn begins.
    #[inline]
    pub(in crate::mailbox) fn advance(&mut self) {
        self.next += 1;
    }

    /// The message whose turn it is.
    #[inline]
    pub(in crate::mailbox) fn current(&mut self) -> Option<&mut Taken<T>> {
        self.places.get_mut(self.next.checked_sub(1)?)
    }

    /// The last claimed one, to go back.
    pub(in crate::mailbox) fn pop_back(&mut self) -> Option<&mut Taken<T>> {
        if self.is_empty() {
            return None;
        }
        self.len -= 1;
        self.places.get_mut(self.len)
    }
}

/// The places of a batch while messages are added.
pub(in crate::mailbox) struct Adding<'a, T> {
    places: &'a mut [Taken<T>],
    next: usize,
    len: &'a mut usize,
}

impl<T> Adding<'_, T> {
    #[inline]
    pub(in crate::mailbox) fn rest(&self) -> usize {
        *self.len - self.next
    }

    #[inline]
    pub(in crate::mailbox) fn add(&mut self, slot: SlotId, entry: &mut Slot<T>) {
        let place = &mut self.places[*self.len];
        // The place is empty: a swap needs no check, so the message is moved at once.
        std::mem::swap(&mut place.item, &mut entry.item);
        place.class = entry.class;
        place.stamp = entry.stamp;
        place.deadline = entry.deadline;
        place.expires = entry.expires;
        place.slot = slot;
        *self.len += 1;
    }
}
