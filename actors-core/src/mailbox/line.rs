//! The line: senders of `block` types that wait for a slot (O1).
//!
//! A waiter leaves its message here. Whoever frees a slot moves the oldest waiter's message straight into the queue, in the
//! same critical section, and wakes its sender afterwards: no slot is idle while somebody waits for it (but for one freed by a
//! plain turn in the nanoseconds in which he joins: that one waits for the turn's end), nobody can overtake, and there is no grant that a cancelled sender would have to pass on.
//!
//! What is left of a waiter after that is a note of how it ended; its sender collects it, or its drop does. So the notes are
//! as many as there are living send futures, and the waiters are at most `max_waiting`.

use super::list::{Arena, Link, List};
use super::slots::Tag;
use super::{Place, Reason};
use crate::wakers::WakerSlot;
use slab::Slab;
use std::task::Waker;

/// How a waiter stands.
#[derive(Debug)]
pub(super) enum Standing<T> {
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
pub(super) struct Waiter<T> {
    /// `None` only between taking a standing out and writing the next.
    standing: Option<Standing<T>>,
    pub(super) tag: Tag,
    /// Arrival number: lines of one lane are merged by it.
    ticket: u64,
    /// Empty until its sender, which has joined, has left it.
    waker: WakerSlot,
    link: Link,
}

impl<T> Arena for Slab<Waiter<T>> {
    fn link(&mut self, _: usize, key: u32) -> &mut Link {
        &mut self[key as usize].link
    }
}

const LINE: usize = 0;

/// All lines of a mailbox: one per message type.
#[derive(Debug)]
pub(super) struct Lines<T> {
    waiters: Slab<Waiter<T>>,
    /// Made when somebody waits first.
    lines: Vec<List>,
    waiting: usize,
    tickets: u64,
}

impl<T> Lines<T> {
    pub(super) fn new() -> Self {
        Lines { waiters: Slab::new(), lines: Vec::new(), waiting: 0, tickets: 0 }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Joins the line of its type, of which there are `types`.
    pub(super) fn join(&mut self, item: Option<T>, tag: Tag, types: usize) -> u32 {
        self.tickets += 1;
        let waiter = Waiter {
            standing: Some(Standing::Waiting(item)),
            tag,
            ticket: self.tickets,
            waker: WakerSlot::default(),
            link: Link::default(),
        };
        let key = self.waiters.insert(waiter) as u32;
        if self.lines.is_empty() {
            self.lines = vec![List::default(); types];
        }
        self.lines[usize::from(tag.class)].push_back(LINE, &mut self.waiters, key);
        self.waiting += 1;
        key
    }

    /// The arrival number of a waiter that is in line.
    pub(super) fn ticket(&self, key: u32) -> Option<u64> {
        let waiter = self.waiters.get(key as usize)?;
        matches!(waiter.standing, Some(Standing::Waiting(_))).then_some(waiter.ticket)
    }

    /// First of a type's line, with its arrival number and its message's weight.
    pub(super) fn head(&self, class: usize) -> Option<(u32, u64, u32)> {
        let key = self.lines.get(class)?.front()?;
        let waiter = &self.waiters[key as usize];
        Some((key, waiter.ticket, waiter.tag.weight))
    }

    /// The message and tag of a waiter that is in line.
    pub(super) fn peek(&self, key: u32) -> Option<(Option<&T>, &Tag)> {
        let waiter = &self.waiters[key as usize];
        match &waiter.standing {
            Some(Standing::Waiting(item)) => Some((item.as_ref(), &waiter.tag)),
            _ => None,
        }
    }

    /// Takes the message of a waiter out of the line; a note must follow.
    pub(super) fn take(&mut self, key: u32) -> Option<(Option<T>, Tag)> {
        let waiter = &mut self.waiters[key as usize];
        let tag = waiter.tag;
        match waiter.standing.take() {
            Some(Standing::Waiting(item)) => {
                self.lines[usize::from(tag.class)].remove(LINE, &mut self.waiters, key);
                self.waiting -= 1;
                Some((item, tag))
            }
            other => {
                waiter.standing = other;
                None
            }
        }
    }

    /// Leaves a note for a waiter whose message was taken, and returns whom to wake.
    pub(super) fn note(&mut self, key: u32, standing: Standing<T>) -> Option<Waker> {
        let waiter = &mut self.waiters[key as usize];
        waiter.standing = Some(standing);
        waiter.waker.take()
    }

    /// Forgets a waiter that is no longer in line; its waker is foreign code, to be dropped after the lock is free.
    pub(super) fn forget(&mut self, key: u32) -> (Option<Standing<T>>, Option<Waker>) {
        match self.waiters.try_remove(key as usize) {
            Some(mut waiter) => (waiter.standing, waiter.waker.take()),
            None => (None, None),
        }
    }

    /// Whether the waiter is still in line.
    pub(super) fn is_waiting(&self, key: u32) -> bool {
        matches!(self.waiters[key as usize].standing, Some(Standing::Waiting(_)))
    }

    /// Whether the waiter's sender has left this waker.
    pub(super) fn has_waker(&self, key: u32, waker: &Waker) -> bool {
        self.waiters[key as usize].waker.has(waker)
    }

    /// Leaves the waker of a waiter that is still in line. The waker it replaces is dropped after the lock is free.
    #[must_use = "it is dropped after the lock is free"]
    pub(super) fn leave_waker(&mut self, key: u32, waker: Waker) -> Option<Waker> {
        self.waiters[key as usize].waker.put(waker)
    }
}
