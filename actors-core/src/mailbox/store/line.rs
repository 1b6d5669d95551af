//! The line: senders of `block` types that wait for a slot (O1).
//!
//! A waiter leaves its message here. Whoever frees a slot moves the oldest waiter's message straight into the queue, in the
//! same critical section, and wakes its sender afterwards: no slot is idle while somebody waits for it (but for one freed by a
//! plain turn in the nanoseconds in which he joins: that one waits for the turn's end), nobody can overtake, and there is no grant that a cancelled sender would have to pass on.
//!
//! **Keys (S8).** Where workers keep the order of keys, a message may have to wait although there is room, because its key holds as
//! many slots as it may. It must not hold up those behind it, so waiters with such messages are kept by key:
//!
//! ```text
//!   keyed    (key, type, arrival)   a: w3 w5 w6    b: w4         all of them
//!   ready    (type, arrival)                       b: w4         the first of each key that lacks nothing but room
//! ```
//!
//! Only those that are ready stand in the line of their type, in order of arrival with the rest of it. Who becomes ready, or is so
//! no longer, is found out whenever the number of slots that a key holds changes: O(types · log waiters).
//!
//! What is left of a waiter after that is a note of how it ended; its sender collects it, or its drop does. So the notes are
//! as many as there are living send futures, and the waiters are at most `max_waiting`.

use crate::error::Reason;
use crate::mailbox::store::list::{Arena, Link, List};
use crate::mailbox::store::slots::{Place, Tag};
use crate::wakers::WakerSlot;
use slab::Slab;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::task::Waker;

/// How a waiter stands.
#[derive(Debug)]
pub(in crate::mailbox) enum Standing<T> {
    /// In line, with its message; with none it wants a permit.
    Waiting(Option<T>),
    /// Its message got a slot.
    In(Place),
    /// It has its permit.
    Promised,
    /// It was refused after all; the message is still here.
    Out(Option<T>, Reason),
}

#[derive(Debug)]
pub(in crate::mailbox) struct Waiter<T> {
    /// `None` only between taking a standing out and writing the next.
    standing: Option<Standing<T>>,
    pub(in crate::mailbox) tag: Tag,
    /// Arrival number: lines of one lane are merged by it.
    ticket: u64,
    /// Empty until its sender, which has joined, has left it.
    waker: WakerSlot,
    /// It is kept by its key.
    is_keyed: bool,
    link: Link,
}

impl<T> Arena for Slab<Waiter<T>> {
    fn link(&mut self, _: usize, key: u32) -> &mut Link {
        &mut self[key as usize].link
    }
}

const LINE: usize = 0;

/// Room for so many waiters is not worth giving back.
const KEPT_WAITERS: usize = 64;

/// All lines of a mailbox: one per message type.
#[derive(Debug)]
pub(in crate::mailbox) struct Lines<T> {
    waiters: Slab<Waiter<T>>,
    /// Made when somebody waits first.
    lines: Vec<List>,
    keyed: BTreeMap<(u64, u16, u64), u32>,
    ready: BTreeMap<(u16, u64), u32>,
    waiting: usize,
    tickets: u64,
}

/// A waiter that was taken out of the line.
#[derive(Debug)]
pub(in crate::mailbox) struct Departed<T> {
    /// `None`: it wants a permit.
    pub(in crate::mailbox) item: Option<T>,
    pub(in crate::mailbox) tag: Tag,
    /// It stood in the line of its type: not only its key kept it waiting.
    pub(in crate::mailbox) stood: bool,
    pub(in crate::mailbox) is_keyed: bool,
}

impl<T> Lines<T> {
    pub(in crate::mailbox) fn new() -> Self {
        Lines {
            waiters: Slab::new(),
            lines: Vec::new(),
            keyed: BTreeMap::new(),
            ready: BTreeMap::new(),
            waiting: 0,
            tickets: 0,
        }
    }

    pub(in crate::mailbox) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Joins the line of its type, of which there are `types`; one that is kept by its key stands in no line yet.
    pub(in crate::mailbox) fn join(
        &mut self,
        item: Option<T>,
        tag: Tag,
        is_keyed: bool,
        types: usize,
    ) -> u32 {
        self.tickets += 1;
        let waiter = Waiter {
            standing: Some(Standing::Waiting(item)),
            tag,
            ticket: self.tickets,
            waker: WakerSlot::default(),
            is_keyed,
            link: Link::default(),
        };
        let key = self.waiters.insert(waiter) as u32;
        if self.lines.is_empty() {
            self.lines = vec![List::default(); types];
        }
        match is_keyed {
            true => _ = self.keyed.insert((tag.hash, tag.class, self.tickets), key),
            false => self.lines[usize::from(tag.class)].push_back(LINE, &mut self.waiters, key),
        }
        self.waiting += 1;
        key
    }

    /// The arrival number of a waiter that is in line.
    pub(in crate::mailbox) fn ticket(&self, key: u32) -> Option<u64> {
        let waiter = self.waiters.get(key as usize)?;
        matches!(waiter.standing, Some(Standing::Waiting(_))).then_some(waiter.ticket)
    }

    /// First of a type's line, with its arrival number and its message's weight.
    pub(in crate::mailbox) fn head(&self, class: usize) -> Option<(u32, u64, u32)> {
        let of = |key: u32| {
            let waiter = &self.waiters[key as usize];
            (key, waiter.ticket, waiter.tag.weight)
        };
        let line = self.lines.get(class).and_then(List::front).map(of);
        if self.ready.is_empty() {
            return line;
        }
        let all = (class as u16, 0)..=(class as u16, u64::MAX);
        let ready = self.ready.range(all).next().map(|(_, key)| of(*key));
        line.into_iter().chain(ready).min_by_key(|(_, ticket, _)| *ticket)
    }

    /// How many waiters do not stand in line, because of their keys or behind another one of their key.
    pub(in crate::mailbox) fn held_back(&self) -> usize {
        self.keyed.len() - self.ready.len()
    }

    /// Whether any waiter is kept by its key.
    pub(in crate::mailbox) fn has_keyed(&self) -> bool {
        !self.keyed.is_empty()
    }

    /// First of those of this key and type: its arrival number, and whether it stands in line.
    pub(in crate::mailbox) fn first_of_key(&self, hash: u64, class: u16) -> Option<(u64, bool)> {
        let all = (hash, class, 0)..=(hash, class, u64::MAX);
        let (&(.., ticket), _) = self.keyed.range(all).next()?;
        Some((ticket, self.ready.contains_key(&(class, ticket))))
    }

    /// The first of those of this key and type lacks nothing but room from now on, or lacks more.
    pub(in crate::mailbox) fn set_ready(&mut self, hash: u64, class: u16, ticket: u64, is_ready: bool) {
        if !is_ready {
            self.ready.remove(&(class, ticket));
        } else if let Some(&key) = self.keyed.get(&(hash, class, ticket)) {
            self.ready.insert((class, ticket), key);
        }
    }

    /// The first key with waiters, or the one after this one.
    pub(in crate::mailbox) fn key_after(&self, hash: Option<u64>) -> Option<u64> {
        let after = hash.map_or(Bound::Unbounded, |hash| Bound::Excluded((hash, u16::MAX, u64::MAX)));
        self.keyed.range((after, Bound::Unbounded)).next().map(|(&(hash, ..), _)| hash)
    }

    /// A waiter that only its key keeps waiting, or any other of those that are kept by their keys.
    pub(in crate::mailbox) fn any_keyed(&self) -> Option<u32> {
        self.keyed.first_key_value().map(|(_, key)| *key)
    }

    /// The message and tag of a waiter that is in line.
    pub(in crate::mailbox) fn peek(&self, key: u32) -> Option<(Option<&T>, &Tag)> {
        let waiter = &self.waiters[key as usize];
        match &waiter.standing {
            Some(Standing::Waiting(item)) => Some((item.as_ref(), &waiter.tag)),
            _ => None,
        }
    }

    /// Takes the message of a waiter out of the line; a note must follow.
    pub(in crate::mailbox) fn take(&mut self, key: u32) -> Option<Departed<T>> {
        let waiter = &mut self.waiters[key as usize];
        let (tag, ticket, is_keyed) = (waiter.tag, waiter.ticket, waiter.is_keyed);
        match waiter.standing.take() {
            Some(Standing::Waiting(item)) => {
                let stood = match is_keyed {
                    true => {
                        self.keyed.remove(&(tag.hash, tag.class, ticket));
                        self.ready.remove(&(tag.class, ticket)).is_some()
                    }
                    false => {
                        self.lines[usize::from(tag.class)].remove(LINE, &mut self.waiters, key);
                        true
                    }
                };
                self.waiting -= 1;
                Some(Departed { item, tag, stood, is_keyed })
            }
            other => {
                waiter.standing = other;
                None
            }
        }
    }

    /// Leaves a note for a waiter whose message was taken, and returns whom to wake.
    pub(in crate::mailbox) fn note(&mut self, key: u32, standing: Standing<T>) -> Option<Waker> {
        let waiter = &mut self.waiters[key as usize];
        waiter.standing = Some(standing);
        waiter.waker.take()
    }

    /// Gives memory back after a long line, where no sender waits or has a note to collect. What is returned is dropped after the lock
    /// is free: that takes time with its size.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn shrink(&mut self) -> Option<Slab<Waiter<T>>> {
        let is_worth_it = self.waiters.is_empty() && self.waiters.capacity() > KEPT_WAITERS;
        is_worth_it.then(|| std::mem::take(&mut self.waiters))
    }

    /// Forgets a waiter that is no longer in line; its waker is foreign code, to be dropped after the lock is free.
    pub(in crate::mailbox) fn forget(&mut self, key: u32) -> (Option<(Standing<T>, Tag)>, Option<Waker>) {
        match self.waiters.try_remove(key as usize) {
            Some(mut waiter) => (waiter.standing.map(|standing| (standing, waiter.tag)), waiter.waker.take()),
            None => (None, None),
        }
    }

    /// Whether the waiter is still in line.
    pub(in crate::mailbox) fn is_waiting(&self, key: u32) -> bool {
        matches!(self.waiters[key as usize].standing, Some(Standing::Waiting(_)))
    }

    /// Whether the waiter's sender has left this waker.
    pub(in crate::mailbox) fn has_waker(&self, key: u32, waker: &Waker) -> bool {
        self.waiters[key as usize].waker.has(waker)
    }

    /// Leaves the waker of a waiter that is still in line. The waker it replaces is dropped after the lock is free.
    #[must_use = "it is dropped after the lock is free"]
    pub(in crate::mailbox) fn leave_waker(&mut self, key: u32, waker: Waker) -> Option<Waker> {
        self.waiters[key as usize].waker.put(waker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{self, Tick};
    use crate::mailbox::{Class, Effects, Entrance, Item, Mailbox, Promise, Standby};
    use crate::policy::{Overflow, Policy, Settings};
    use crate::seed::Seed;
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
            let mut fx = Effects::new();
            let promise =
                |fx: &mut Effects<Thing>| mailbox.visit(fx, |section| section.promise(0, Entrance::Wait));
            assert!(matches!(promise(&mut fx), Promise::Given));
            let line: Vec<_> = (0..50_000)
                .map(|_| match promise(&mut fx) {
                    Promise::InLine(waiter) => waiter,
                    other => panic!("there is no room: {other:?}"),
                })
                .collect();
            let room = || mailbox.lock().core.lines.waiters.capacity();
            assert!(room() >= 50_000);
            if !gives_up {
                mailbox.visit(&mut fx, |section| section.end());
                while fx.take_unfinished() {
                    mailbox.visit(&mut fx, |section| section.carry_on());
                }
            }
            for waiter in line {
                if gives_up {
                    mailbox.visit(&mut fx, |section| section.leave(waiter, Reason::Cancelled));
                } else {
                    let outcome = mailbox.look(waiter, Waker::noop());
                    assert!(matches!(outcome, Standby::Out(None, Reason::Closed)), "{outcome:?}");
                }
            }
            assert!(room() <= KEPT_WAITERS, "{} places are kept, gives_up: {gives_up}", room());
        }
    }

    #[test]
    fn b3_the_memory_of_a_long_queue_is_given_back() {
        let mailbox = mailbox(50_000);
        let mut fx = Effects::new();
        for _ in 0..50_000 {
            let tag = mailbox.tag(&Thing, Tick::ZERO, Tick::NEVER).unwrap();
            mailbox.visit(&mut fx, |section| section.offer(&mut Some(Thing), tag, Entrance::Try));
        }
        assert!(mailbox.lock().core.queue.slots.capacity() >= 50_000);
        mailbox.visit(&mut fx, |section| section.end());
        while fx.take_unfinished() {
            mailbox.visit(&mut fx, |section| section.carry_on());
        }
        let inner = mailbox.lock();
        assert_eq!(inner.core.queue.slots.capacity(), 0);
        assert!(!inner.core.queue.may_die());
        assert!(fx.frees_memory(), "the arena is dropped after the lock is free");
    }
}
