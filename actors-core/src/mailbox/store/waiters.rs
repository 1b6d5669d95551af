//! The lines: messages of senders that wait for a slot, and senders that wait for a permit (O1).
//!
//! A waiter leaves its message here. The visit that frees a slot moves the oldest waiter's message
//! straight into the queue, in the same critical section, and wakes the sender afterwards. So no
//! slot is idle while a sender waits for it, nothing can overtake a waiter, and there is no grant
//! that a cancelled sender would have to pass on. One exception: a plain turn frees its slot
//! without the lock. A sender that joins in the nanoseconds before it could be seen gets that slot
//! when the turn ends.
//!
//! **Keys (S8).** Where workers keep the order of keys, a message may have to wait although there
//! is room, because its key holds as many slots as it may. It must not hold up the waiters behind
//! it, so such waiters are kept by key:
//!
//! ```text
//!   keyed    (key, type, arrival)   a: w3 w5 w6    b: w4         all of them
//!   ready    (type, rank, arrival)                 b: w4         the first of each key that lacks nothing but room
//! ```
//!
//! Only waiters that are ready stand in the line of their type, merged with the rest of it in order
//! of arrival. Whenever the number of slots that a key holds changes, its first waiter is looked at
//! again: O(types · log waiters).
//!
//! **Shares (S7).** Where a type shares its slots between the values of a field, waiters are kept
//! by value in the same way. The rank is the number of slots that the value holds: a free slot goes
//! to the value that holds the fewest. Elsewhere it is 0.
//!
//! A waiter that has been let in or refused leaves a note of its outcome, which its sender
//! collects, or its sender's drop. So there are as many notes as living send futures, and at most
//! `max_waiting` waiters.

use crate::error::Reason;
use crate::mailbox::ids::{ClassId, WaiterId};
use crate::mailbox::store::list::{Arena, Link, List};
use crate::mailbox::store::slots::{Place, Tag};
use crate::wakers::WakerSlot;
use slab::Slab;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::task::Waker;

/// What a waiter waits for: a slot for its message, or a permit.
#[derive(Debug)]
pub(crate) enum Wanted<T> {
    Message(T),
    Permit,
}

/// How an entry ended in line: with what was granted, or refused, with what the sender gets back.
#[derive(Debug)]
pub(crate) enum Outcome<G, B> {
    Granted(G),
    Refused(B, Reason),
}

/// The outcome of a waiter, until its sender collects it.
#[derive(Debug)]
pub(crate) enum Note<T> {
    Message(Outcome<Place, T>),
    Permit(Outcome<(), ()>),
}

#[derive(Debug)]
enum WaiterState<T> {
    Waiting(Wanted<T>),
    Decided(Note<T>),
    /// Between [`Lines::take`] and [`Lines::note`], under one lock; and for a waiter that has given
    /// up, until it is forgotten.
    Taken,
}

#[derive(Debug)]
pub(in crate::mailbox) struct Waiter<T> {
    state: WaiterState<T>,
    tag: Tag,
    /// Arrival number. Lines of one lane are merged by it.
    ticket: u64,
    /// Empty until the sender, which joins first, has left its waker.
    waker: WakerSlot,
    is_keyed: bool,
    /// Its rank among those that are ready.
    rank: u32,
    link: Link<WaiterId>,
}

impl<T> Arena for Slab<Waiter<T>> {
    type Id = WaiterId;

    fn link(&mut self, _: usize, waiter: WaiterId) -> &mut Link<WaiterId> {
        &mut self[waiter.index()].link
    }
}

const LINE: usize = 0;

/// Memory for so many waiters is not worth giving back.
const KEPT_WAITERS: usize = 64;

/// All lines of a mailbox: one per message type.
#[derive(Debug)]
pub(in crate::mailbox) struct Lines<T> {
    waiters: Slab<Waiter<T>>,
    /// Made with the first waiter.
    lines: Vec<List<WaiterId>>,
    keyed: BTreeMap<(u64, ClassId, u64), WaiterId>,
    ready: BTreeMap<(ClassId, u32, u64), WaiterId>,
    /// What a freed slot is owed to: waiters, and messages outside the mailbox (`spill.rs`).
    ahead: usize,
    /// Messages outside the mailbox.
    outside: usize,
    /// Waiters that wait for a token of their type's rate, and not for a slot.
    limited: usize,
    tickets: u64,
}

/// A waiter that was taken out of the line.
#[derive(Debug)]
pub(in crate::mailbox) struct Departed<T> {
    pub(in crate::mailbox) wanted: Wanted<T>,
    pub(in crate::mailbox) tag: Tag,
    /// It stood in the line of its type: not only its key kept it waiting.
    pub(in crate::mailbox) stood: bool,
    pub(in crate::mailbox) is_keyed: bool,
}

/// The first waiter of a line.
#[derive(Clone, Copy, Debug)]
pub(in crate::mailbox) struct Head {
    pub(in crate::mailbox) waiter: WaiterId,
    pub(in crate::mailbox) ticket: u64,
    pub(in crate::mailbox) weight: u32,
    pub(in crate::mailbox) cost: u32,
    /// The hash of the key, or of the value, by which it is kept.
    pub(in crate::mailbox) kept_by: Option<u64>,
}

impl<T> Lines<T> {
    pub(in crate::mailbox) fn new() -> Self {
        Lines {
            waiters: Slab::new(),
            lines: Vec::new(),
            keyed: BTreeMap::new(),
            ready: BTreeMap::new(),
            ahead: 0,
            outside: 0,
            limited: 0,
            tickets: 0,
        }
    }

    pub(in crate::mailbox) fn waiting(&self) -> usize {
        self.ahead - self.outside
    }

    /// Waiters and messages outside.
    #[inline]
    pub(in crate::mailbox) fn ahead(&self) -> usize {
        self.ahead
    }

    /// Like [`ahead`](Lines::ahead), without waiters that wait for a token: while there are any, a
    /// freed slot is theirs.
    #[inline]
    pub(in crate::mailbox) fn owed(&self) -> usize {
        // A waiter may have left since they were counted.
        self.ahead.saturating_sub(self.limited)
    }

    /// Waiters that wait for a token.
    pub(in crate::mailbox) fn limited(&self) -> usize {
        self.limited.min(self.waiting())
    }

    pub(in crate::mailbox) fn set_limited(&mut self, limited: usize) {
        self.limited = limited;
    }

    /// Messages outside the mailbox.
    #[inline]
    pub(in crate::mailbox) fn outside(&self) -> usize {
        self.outside
    }

    /// A message goes outside, or is found to be there.
    pub(in crate::mailbox) fn add_outside(&mut self) {
        self.ahead += 1;
        self.outside += 1;
    }

    /// A message is outside no longer.
    pub(in crate::mailbox) fn remove_outside(&mut self) {
        self.ahead -= 1;
        self.outside -= 1;
    }

    /// The next arrival number. Lines of one lane, and messages that are back from outside, are
    /// merged by it.
    pub(in crate::mailbox) fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Joins the line of its type, of which there are `types`. A waiter that is kept by its key
    /// stands in no line yet.
    pub(in crate::mailbox) fn join(
        &mut self,
        wanted: Wanted<T>,
        tag: Tag,
        is_keyed: bool,
        types: usize,
    ) -> WaiterId {
        self.tickets += 1;
        let waiter = WaiterId::new(self.waiters.insert(Waiter {
            state: WaiterState::Waiting(wanted),
            tag,
            ticket: self.tickets,
            waker: WakerSlot::default(),
            is_keyed,
            rank: 0,
            link: Link::default(),
        }));
        if self.lines.is_empty() {
            self.lines = vec![List::default(); types];
        }
        match is_keyed {
            true => _ = self.keyed.insert((tag.hash, tag.class, self.tickets), waiter),
            false => self.lines[tag.class.index()].push_back(LINE, &mut self.waiters, waiter),
        }
        self.ahead += 1;
        waiter
    }

    /// The arrival number of a waiter that is in line.
    pub(in crate::mailbox) fn ticket(&self, waiter: WaiterId) -> Option<u64> {
        let waiter = self.waiters.get(waiter.index())?;
        matches!(waiter.state, WaiterState::Waiting(_)).then_some(waiter.ticket)
    }

    fn as_head(&self, waiter: WaiterId) -> Head {
        let Waiter { ticket, tag, is_keyed, .. } = &self.waiters[waiter.index()];
        let Tag { weight, cost, hash, .. } = *tag;
        Head { waiter, ticket: *ticket, weight, cost, kept_by: is_keyed.then_some(hash) }
    }

    /// The first of a type's line that is not kept by its key or its value.
    pub(in crate::mailbox) fn head_without_key(&self, class: ClassId) -> Option<Head> {
        self.lines.get(class.index()).and_then(List::front).map(|waiter| self.as_head(waiter))
    }

    /// The first of a type's line.
    pub(in crate::mailbox) fn head(&self, class: ClassId) -> Option<Head> {
        let line = self.head_without_key(class);
        if self.ready.is_empty() {
            return line;
        }
        let ready = self.ready.range((class, 0, 0)..=(class, u32::MAX, u64::MAX)).next();
        let ready = ready.map(|(_, waiter)| self.as_head(*waiter));
        line.into_iter().chain(ready).min_by_key(|head| head.ticket)
    }

    /// How many waiters do not stand in line, because of their keys or behind another one of their
    /// key.
    pub(in crate::mailbox) fn held_back(&self) -> usize {
        self.keyed.len() - self.ready.len()
    }

    /// Whether any waiter is kept by its key.
    pub(in crate::mailbox) fn has_keyed(&self) -> bool {
        !self.keyed.is_empty()
    }

    /// The first waiter of this key and type, and its rank if it stands in line.
    pub(in crate::mailbox) fn first_of_key(
        &self,
        hash: u64,
        class: ClassId,
    ) -> Option<(WaiterId, Option<u32>)> {
        let all = (hash, class, 0)..=(hash, class, u64::MAX);
        let (_, &waiter) = self.keyed.range(all).next()?;
        let Waiter { rank, ticket, .. } = self.waiters[waiter.index()];
        Some((waiter, self.ready.contains_key(&(class, rank, ticket)).then_some(rank)))
    }

    /// Notes with which rank the first waiter of a key and type stands in line, or that it does
    /// not.
    pub(in crate::mailbox) fn set_ready(&mut self, first: WaiterId, rank: Option<u32>) {
        let waiter = &mut self.waiters[first.index()];
        let (class, ticket) = (waiter.tag.class, waiter.ticket);
        self.ready.remove(&(class, waiter.rank, ticket));
        if let Some(rank) = rank {
            waiter.rank = rank;
            self.ready.insert((class, rank, ticket), first);
        }
    }

    /// The first key with waiters, or the one after this one.
    pub(in crate::mailbox) fn key_after(&self, hash: Option<u64>) -> Option<u64> {
        let last = ClassId::new(u16::MAX.into());
        let after = hash.map_or(Bound::Unbounded, |hash| Bound::Excluded((hash, last, u64::MAX)));
        self.keyed.range((after, Bound::Unbounded)).next().map(|(&(hash, ..), _)| hash)
    }

    /// Any waiter that is kept by its key.
    pub(in crate::mailbox) fn any_keyed(&self) -> Option<WaiterId> {
        self.keyed.first_key_value().map(|(_, waiter)| *waiter)
    }

    /// What a waiter that is in line wants, and its tag.
    pub(in crate::mailbox) fn peek(&self, waiter: WaiterId) -> Option<(&Wanted<T>, &Tag)> {
        let waiter = &self.waiters[waiter.index()];
        match &waiter.state {
            WaiterState::Waiting(wanted) => Some((wanted, &waiter.tag)),
            WaiterState::Decided(_) | WaiterState::Taken => None,
        }
    }

    /// Takes a waiter out of the line. A note must follow, unless the waiter gives up. `None` where
    /// it is in line no longer.
    pub(in crate::mailbox) fn take(&mut self, number: WaiterId) -> Option<Departed<T>> {
        let waiter = &mut self.waiters[number.index()];
        let (tag, ticket, is_keyed, rank) = (waiter.tag, waiter.ticket, waiter.is_keyed, waiter.rank);
        match std::mem::replace(&mut waiter.state, WaiterState::Taken) {
            WaiterState::Waiting(wanted) => {
                let stood = match is_keyed {
                    true => {
                        self.keyed.remove(&(tag.hash, tag.class, ticket));
                        self.ready.remove(&(tag.class, rank, ticket)).is_some()
                    }
                    false => {
                        self.lines[tag.class.index()].remove(LINE, &mut self.waiters, number);
                        true
                    }
                };
                self.ahead -= 1;
                Some(Departed { wanted, tag, stood, is_keyed })
            }
            decided => {
                waiter.state = decided;
                None
            }
        }
    }

    /// Leaves a note for a waiter that was taken out, and returns its waker.
    #[must_use = "it is woken after the lock is free"]
    pub(in crate::mailbox) fn note(&mut self, waiter: WaiterId, note: Note<T>) -> Option<Waker> {
        let waiter = &mut self.waiters[waiter.index()];
        waiter.state = WaiterState::Decided(note);
        waiter.waker.take()
    }

    /// Gives memory back after a long line, where no sender waits or has a note to collect.
    /// Dropping it takes time with its size.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn shrink(&mut self) -> Option<Slab<Waiter<T>>> {
        let is_worth_it = self.waiters.is_empty() && self.waiters.capacity() > KEPT_WAITERS;
        is_worth_it.then(|| std::mem::take(&mut self.waiters))
    }

    /// Forgets a waiter that is no longer in line. Returns its note and tag, unless it has given
    /// up, and its waker, which is foreign code.
    #[must_use = "the waker is dropped after the lock is free"]
    pub(in crate::mailbox) fn forget(&mut self, waiter: WaiterId) -> (Option<(Note<T>, Tag)>, Option<Waker>) {
        let mut waiter = self.waiters.remove(waiter.index());
        let waker = waiter.waker.take();
        match waiter.state {
            WaiterState::Decided(note) => (Some((note, waiter.tag)), waker),
            WaiterState::Waiting(_) | WaiterState::Taken => (None, waker),
        }
    }

    /// Whether the waiter is still in line.
    pub(in crate::mailbox) fn is_waiting(&self, waiter: WaiterId) -> bool {
        matches!(self.waiters[waiter.index()].state, WaiterState::Waiting(_))
    }

    /// Whether the sender has left this waker.
    pub(in crate::mailbox) fn has_waker(&self, waiter: WaiterId, waker: &Waker) -> bool {
        self.waiters[waiter.index()].waker.has(waker)
    }

    /// Leaves the waker of a waiter that is still in line. Returns the waker that it replaces.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn leave_waker(&mut self, waiter: WaiterId, waker: Waker) -> Option<Waker> {
        self.waiters[waiter.index()].waker.put(waker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{self, Tick};
    use crate::mailbox::enter::outcome::{Permit, WhenFull};
    use crate::mailbox::{Class, Effects, Item, Mailbox, Offer};
    use crate::policy::{Overflow, Policy, Settings};
    use crate::seed::Seed;
    use std::task::{Context, Poll};
    use std::time::Duration;

    #[derive(Debug)]
    struct Thing;
    impl Item for Thing {}

    fn mailbox(capacity: usize) -> Mailbox<Thing, ()> {
        let limits = Settings::new().capacity(capacity).reserve(0).max_waiting(1 << 16).limits().unwrap();
        let policy = Policy::tell().overflow(&[Overflow::Block]).ttl(Duration::from_secs(3600));
        let classes = vec![Class::new("thing", policy)];
        Mailbox::new(limits, classes.into(), Some(()), clock::now, Seed::new(1))
    }

    /// A sender leaves the line in two ways: it gives up, or it collects its outcome.
    #[test]
    fn b3_the_memory_of_a_long_line_is_given_back() {
        for gives_up in [true, false] {
            let mailbox = mailbox(1);
            let mut effects = Effects::new();
            let reserve = |effects: &mut Effects<Thing>| -> Offer<Permit, Thing> {
                mailbox.visit(effects, |section| section.reserve(ClassId::new(0), WhenFull::Wait))
            };
            assert!(matches!(reserve(&mut effects), Offer::Granted((), _)));
            let lines: Vec<_> = (0..50_000)
                .map(|_| match reserve(&mut effects) {
                    Offer::InLine(line) => line,
                    other => panic!("there is no room: {other:?}"),
                })
                .collect();
            let room = || mailbox.lock().core.lines.waiters.capacity();
            assert!(room() >= 50_000);
            if !gives_up {
                mailbox.visit(&mut effects, |section| section.end());
                while effects.take_unfinished() {
                    mailbox.visit(&mut effects, |section| section.resume());
                }
            }
            for mut line in lines {
                if gives_up {
                    assert!(
                        mailbox
                            .visit(&mut effects, |section| section.give_up(line, Reason::Cancelled))
                            .is_ok()
                    );
                } else {
                    let outcome = line.poll(&mailbox, &mut Context::from_waker(Waker::noop()));
                    assert!(
                        matches!(outcome, Poll::Ready(Outcome::Refused((), Reason::Closed))),
                        "{outcome:?}"
                    );
                }
            }
            assert!(room() <= KEPT_WAITERS, "{} places are kept, gives_up: {gives_up}", room());
        }
    }

    #[test]
    fn b3_the_memory_of_a_long_queue_is_given_back() {
        let mailbox = mailbox(50_000);
        let mut effects = Effects::new();
        for _ in 0..50_000 {
            let tag = mailbox.tag(ClassId::new(0), &Thing, Tick::ZERO, Tick::NEVER).unwrap();
            mailbox.visit(&mut effects, |section| section.offer(Thing, tag, WhenFull::Refuse));
        }
        assert!(mailbox.lock().core.queue.slots.capacity() >= 50_000);
        mailbox.visit(&mut effects, |section| section.end());
        while effects.take_unfinished() {
            mailbox.visit(&mut effects, |section| section.resume());
        }
        let inner = mailbox.lock();
        assert_eq!(inner.core.queue.slots.capacity(), 0);
        assert!(!inner.core.queue.may_expire());
        assert!(effects.frees_memory(), "the arena is dropped after the lock is free");
    }
}
