//! Messages outside the mailbox: what has no room goes to a [`Store`], and comes back in order when
//! there is room (O8).
//!
//! ```text
//!                  lock: no room, or others of its type are outside
//!   offer ──► Verdict::Elsewhere ─► Store::put, no lock ─┬─► put_done: Admission::Spilled
//!                                                        └─► put_refused: the next word of the list
//!
//!   slot freed ─► lock: room for n of type c ─► Store::take, no lock, in a task ─► bring_back ─► back ─► lanes
//! ```
//!
//! The mailbox only decides: "this message goes outside", and "there is room for so many of this
//! type". Its caller then calls the store, without any lock. A message that is back waits under the
//! lock, with an arrival number like that of a sender in line, until a freed slot is its turn. So
//! no slot is kept free while the store works, and what is back keeps its place in the order of the
//! lines.
//!
//! # Invariants
//!
//! - **M1** While a message of a type is outside, no newcomer of the type gets a slot: each counts
//!   in [`ClassState::ahead`](super::store::class::ClassState::ahead) and in
//!   [`Lines::ahead`](super::store::waiters::Lines::ahead), which every way in reads anyway.
//! - **M2** Per type: queued messages are older than those that are back, which are older than
//!   those in the store, which are older than senders in line. The last is why a type whose senders
//!   wait in line puts nothing outside.
//! - **M3** While a type has messages in the store, none back, and room, a fetch is under way.
//!   There is one fetch at a time.
//! - **M4** A message that is outside counts `stored`, from the decision on until it has a slot.
//!
//! # Price
//!
//! A mailbox without a store has one empty pointer more. No way in executes an instruction for it.
//! A message that goes outside costs two visits instead of one, a fetch two visits and a box for at
//! most [`FETCH_MAX`] messages.
//!
//! # What is not built yet
//!
//! - The word `spill`. A store is tried before the first word of the list; the word will give it a
//!   place among the others, and make [`Store`] public.
//! - At least once: a store must keep a message until its turn has ended, so it must be told of
//!   that. Now a message that is back is in memory only, and a crash loses it.
//! - Waiting until a message is on disk. [`Store::put`] decides at once, so `Admission::Spilled`
//!   means that the store has the message, at whatever level it then has.
//! - What a store on disk keeps of a [`Tag`]: its instants mean nothing in another process.
//! - The number of messages from an earlier run. They count when they come out
//!   ([`bring_back`](super::Section::bring_back)), so until then newcomers pass them.
//! - A report of messages that the store has lost: they count `stored`, and are asked for again.
//! - Conflating types, types whose keys a pool keeps in order, and what `Handle::deliver` brings.
//! - A stored backlog in the supervisor's sample.
//!
//! ADR 30 has the reasons, and the alternatives.

use crate::mailbox::ids::ClassId;
use crate::mailbox::store::slots::Tag;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The most messages that are fetched at a time: as many as a claim has.
pub(crate) const FETCH_MAX: usize = 32;

/// The most messages of a type outside: half of what its counters hold.
pub(in crate::mailbox) const STORED_MAX: u32 = u32::MAX / 2;

/// Keeps messages for which a mailbox has no room.
///
/// Both methods are called without any lock. A panic in them, or in the future, harms nothing but
/// the message that it takes along.
pub(crate) trait Store<T>: Send + Sync + 'static {
    /// Takes the message out of `message` and keeps it behind the others of its type. Leaves it
    /// there to refuse it: then the next word of the overflow list applies.
    ///
    /// Runs on the sender's thread, so it must not block: a store that writes to a disk gives the
    /// message to a writer of its own, and refuses where that one is behind.
    fn put(&self, message: &mut Option<Stored<T>>);

    /// Hands out the oldest messages of a type, `max` of them: the mailbox asks for no more than
    /// are there. There is one such call at a time, in a task of its own, so it may take any time.
    fn take(&self, class: ClassId, max: usize) -> Taking<T>;
}

/// Messages that a store hands out, oldest first. An error, and fewer messages than were asked for,
/// are a failure: the rest is asked for again later.
pub(crate) type Taking<T> = Pin<Box<dyn Future<Output = Result<Vec<Stored<T>>, StoreFailed>> + Send>>;

/// The store could not hand messages out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreFailed;

/// A message outside its mailbox, with what the mailbox must know of it.
#[derive(Debug)]
pub(crate) struct Stored<T> {
    pub(crate) item: T,
    pub(crate) tag: Tag,
}

/// A message that goes to the store. It counts `stored`; the caller must put it, and report how
/// that ended.
#[must_use = "put it into the store, and report how that ended"]
pub(crate) struct Leaving<T> {
    pub(crate) store: Arc<dyn Store<T>>,
    pub(crate) message: Stored<T>,
}

/// What the store is asked for.
#[must_use = "take it from the store, and bring it back"]
pub(crate) struct Fetch<T> {
    pub(crate) store: Arc<dyn Store<T>>,
    pub(crate) class: ClassId,
    pub(crate) max: usize,
}

/// What follows a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// See whether there is room for more.
    Next,
    /// The store failed: the same, but later.
    Later,
    /// The store failed, and the mailbox drains: what is left stays in the store.
    GivenUp,
}

/// A message that is back, and waits for a slot.
#[derive(Debug)]
pub(in crate::mailbox) struct Returned<T> {
    pub(in crate::mailbox) message: Stored<T>,
    pub(in crate::mailbox) ticket: u64,
}

/// One message type's part.
#[derive(Debug)]
struct OfClass<T> {
    /// Messages in the store, those on their way to it included.
    inside: u32,
    /// Messages on their way to the store.
    leaving: u32,
    /// Messages that are back, oldest first.
    back: VecDeque<Returned<T>>,
}

/// What is outside a mailbox.
pub(in crate::mailbox) struct Spill<T> {
    store: Arc<dyn Store<T>>,
    classes: Box<[OfClass<T>]>,
    /// The class at which the next search for something to fetch begins.
    next: usize,
    pub(in crate::mailbox) is_fetching: bool,
    /// The store failed while the mailbox drained: what is left stays there.
    pub(in crate::mailbox) is_given_up: bool,
}

impl<T> fmt::Debug for Spill<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spill").field("is_fetching", &self.is_fetching).finish_non_exhaustive()
    }
}

impl<T> Spill<T> {
    #[cfg(test)]
    pub(in crate::mailbox) fn new(store: Arc<dyn Store<T>>, classes: usize) -> Self {
        let none = || OfClass { inside: 0, leaving: 0, back: VecDeque::new() };
        let classes = std::iter::repeat_with(none).take(classes).collect();
        Spill { store, classes, next: 0, is_fetching: false, is_given_up: false }
    }

    pub(in crate::mailbox) fn store(&self) -> Arc<dyn Store<T>> {
        self.store.clone()
    }

    /// A message is on its way to the store.
    pub(in crate::mailbox) fn leaves(&mut self, class: ClassId) {
        let of = &mut self.classes[class.index()];
        of.inside += 1;
        of.leaving += 1;
    }

    /// A message has arrived in the store.
    pub(in crate::mailbox) fn arrived(&mut self, class: ClassId) {
        self.classes[class.index()].leaving -= 1;
    }

    /// A message did not arrive in the store.
    pub(in crate::mailbox) fn failed(&mut self, class: ClassId) {
        let of = &mut self.classes[class.index()];
        of.leaving -= 1;
        of.inside -= 1;
    }

    /// The store has handed out a message. `false`: the books do not know of it.
    pub(in crate::mailbox) fn came_out(&mut self, class: ClassId) -> bool {
        let inside = &mut self.classes[class.index()].inside;
        let is_known = *inside > 0;
        *inside -= u32::from(is_known);
        is_known
    }

    pub(in crate::mailbox) fn push_back(&mut self, returned: Returned<T>) {
        self.classes[returned.message.tag.class.index()].back.push_back(returned);
    }

    /// The oldest message of a type that is back.
    pub(in crate::mailbox) fn front(&self, class: ClassId) -> Option<&Returned<T>> {
        self.classes[class.index()].back.front()
    }

    pub(in crate::mailbox) fn pop_front(&mut self, class: ClassId) -> Option<Returned<T>> {
        self.classes[class.index()].back.pop_front()
    }

    /// A type of which a message is back.
    pub(in crate::mailbox) fn any_back(&self) -> Option<ClassId> {
        self.classes.iter().position(|of| !of.back.is_empty()).map(ClassId::new)
    }

    /// How many messages of a type can be asked of the store. None while some are back: those go
    /// first, and they bound the memory.
    fn available(&self, class: ClassId) -> usize {
        let of = &self.classes[class.index()];
        if of.back.is_empty() { (of.inside.saturating_sub(of.leaving)) as usize } else { 0 }
    }

    /// The next type to fetch, in turn, and how many messages; `room` says for how many of a type
    /// there is room.
    pub(in crate::mailbox) fn find(&self, room: impl Fn(ClassId) -> usize) -> Option<(ClassId, usize)> {
        let count = self.classes.len();
        (0..count).map(|at| ClassId::new((self.next + at) % count)).find_map(|class| {
            let available = self.available(class);
            // The room is looked at only where it matters.
            let max = if available == 0 { 0 } else { available.min(room(class)).min(FETCH_MAX) };
            (max > 0).then_some((class, max))
        })
    }

    /// The next search begins after this type.
    pub(in crate::mailbox) fn turn_to(&mut self, after: ClassId) {
        self.next = (after.index() + 1) % self.classes.len();
    }
}

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
mod tests;
