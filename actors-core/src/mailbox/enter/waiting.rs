//! The line and the permits: who waits for a slot, who gets one, who is promised one (O1). A part of the critical section.

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::verdict::{Entrance, Left, Standby, Verdict};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Locked, Mailbox, Section};
use crate::mailbox::store::line::{Departed, Standing};
use crate::mailbox::store::slots::{Place, Tag};
use crate::wakers::{cloned, discard};
use std::task::Waker;

impl<T: Item, S> Section<'_, T, S> {
    /// A waiter gives up, for this reason.
    pub(crate) fn leave(&mut self, waiter: u32, reason: Reason) -> Left<T> {
        let left = self.take_from_line(waiter, reason);
        self.wake_if_filled();
        let (standing, last) = self.lines.forget(waiter);
        self.effects.will_drop(last);
        if let Some(room) = self.lines.shrink() {
            self.effects.will_free(Box::new(room));
        }
        match (left, standing) {
            (Some((item, tag)), _) => Left::Back(item, tag),
            (None, Some((Standing::In(place), _))) => Left::In(place),
            (None, Some((Standing::Promised, _))) => Left::Promised,
            (None, Some((Standing::Out(item, reason), tag))) => Left::Out(item, tag, reason),
            (None, Some((Standing::Waiting(_), _)) | None) => unreachable!("a waiter leaves once"),
        }
    }

    /// A sender joins the line of its type, if it may.
    pub(in crate::mailbox) fn join(&mut self, item: &mut Option<T>, tag: Tag, entrance: Entrance) -> Verdict {
        let class = usize::from(tag.class);
        if entrance == Entrance::Try || self.lines.waiting() >= self.max_waiting {
            return self.refuse(class, Reason::Full);
        }
        let Some(message) = item.take() else {
            return self.refuse(class, Reason::Closed);
        };
        let kind = &mut self.queue.kinds[class];
        kind.counts.waiting += 1;
        let is_keyed = kind.is_ordered;
        if !is_keyed {
            kind.in_line += 1;
        }
        let types = self.queue.kinds.len();
        let key = self.lines.join(Some(message), tag, is_keyed, types);
        if is_keyed {
            self.review(tag.hash);
        }
        self.hurry();
        Verdict::InLine(key)
    }

    /// From now on every turn that begins must hand its slot over at once. One that has just begun without having seen this
    /// has its slot handed over here, or when it is suspended.
    pub(in crate::mailbox) fn hurry(&mut self) {
        self.signals().interrupt_and_fence();
        self.settle();
    }

    /// Hands free slots to waiters: highest lane first, in a lane the oldest that may have one (O1). As many as one visit may;
    /// the caller then continues with another visit before it does anything else.
    pub(in crate::mailbox) fn grant(&mut self) {
        if self.phase != Phase::Open {
            // Those that are left are sent away.
            return;
        }
        while self.lines.waiting() > 0
            && let Some(key) = self.next_waiter()
        {
            if !self.effects.may_move() {
                return;
            }
            self.work.add(1);
            self.admit(key);
        }
    }

    fn admit(&mut self, waiter: u32) {
        let twin = match self.lines.peek(waiter) {
            Some((item, tag)) => item.map_or(Ok(None), |item| self.find_twin(item, tag)),
            None => return,
        };
        let Some(Departed { item, tag, stood, is_keyed }) = self.lines.take(waiter) else {
            return;
        };
        let class = usize::from(tag.class);
        self.queue.kinds[class].in_line -= u32::from(stood);
        let standing = match item {
            None => {
                self.give_permit(class);
                Standing::Promised
            }
            Some(item) => {
                self.queue.kinds[class].counts.waiting -= 1;
                match twin {
                    Err(Panicked) => {
                        self.queue.kinds[class].counts.lose(Stage::Lost, Reason::Panicked);
                        Standing::Out(Some(item), Reason::Panicked)
                    }
                    // A newer message of its key has come since and went straight in, because its key was queued (O7): the newest
                    // counts, so this one is what is replaced.
                    Ok(Some(twin)) if self.queue.slots.at(twin).id > tag.id => {
                        let place = Place { key: twin, id: tag.id };
                        self.lose(Some(item), tag, Reason::Conflated);
                        Standing::In(place)
                    }
                    Ok(Some(twin)) => Standing::In(self.conflate(twin, Some(item), tag)),
                    Ok(None) => Standing::In(self.push(Some(item), tag)),
                }
            }
        };
        if let Some(waker) = self.lines.note(waiter, standing) {
            self.effects.will_wake_task(waker);
        }
        if is_keyed {
            // The next of its key may stand in line now.
            self.review(tag.hash);
        }
    }

    /// Lets in a waiter who waits for no other reason than that the supervisor says so (P2).
    pub(in crate::mailbox) fn admit_over_soft_limit(&mut self, waiter: u32) -> bool {
        let Some((_, tag)) = self.lines.peek(waiter) else { return false };
        let (class, weight) = (usize::from(tag.class), tag.weight);
        let has_slot = self.has_slot(class, weight) && !self.queue.is_key_full(class, tag.hash);
        if has_slot {
            self.admit(waiter);
        }
        has_slot
    }

    /// A waiter gives up. Whom it stood before may need less than it did.
    fn take_from_line(&mut self, waiter: u32, reason: Reason) -> Option<(Option<T>, Tag)> {
        let Departed { item, tag, stood, is_keyed } = self.lines.take(waiter)?;
        let kind = &mut self.queue.kinds[usize::from(tag.class)];
        kind.in_line -= u32::from(stood);
        if item.is_some() {
            let stage = if reason == Reason::TimedOut { Stage::Refused } else { Stage::of(reason) };
            kind.counts.waiting -= 1;
            kind.counts.lose(stage, reason);
        }
        if is_keyed {
            self.review(tag.hash);
        }
        self.grant();
        Some((item, tag))
    }

    /// Sends the waiters away, as many as one visit may: admission is closed (F4).
    pub(in crate::mailbox) fn clear_lines(&mut self) {
        let types = self.queue.kinds.len();
        while let Some(key) = (0..types)
            .find_map(|class| self.lines.head(class))
            .map(|(key, ..)| key)
            .or_else(|| self.lines.any_keyed())
            && self.effects.may_move()
            && let Some(Departed { item, tag, stood, .. }) = self.lines.take(key)
        {
            self.work.add(1);
            let kind = &mut self.queue.kinds[usize::from(tag.class)];
            kind.in_line -= u32::from(stood);
            if item.is_some() {
                kind.counts.waiting -= 1;
                kind.counts.lose(Stage::Refused, Reason::Closed);
            }
            if let Some(waker) = self.lines.note(key, Standing::Out(item, Reason::Closed)) {
                self.effects.will_wake_task(waker);
            }
        }
        self.revoke_permits();
    }
}

impl<T: Item> Core<T> {
    fn next_waiter(&self) -> Option<u32> {
        let mut best: Option<(usize, u64, u32)> = None;
        for (class, kind) in self.queue.kinds.iter().enumerate() {
            let Some((key, ticket, weight)) = self.lines.head(class) else {
                continue;
            };
            let is_better =
                best.is_none_or(|(lane, old, _)| kind.lane() > lane || (kind.lane() == lane && ticket < old));
            if is_better && self.has_room(class, weight) {
                best = Some((kind.lane(), ticket, key));
            }
        }
        best.map(|(_, _, key)| key)
    }

    /// The number of slots that a key holds has changed, or who waits with a message of it: finds out for each type who of them is
    /// the first, and whether it lacks nothing but room (S8).
    pub(in crate::mailbox) fn review(&mut self, hash: u64) {
        if !self.lines.has_keyed() {
            return;
        }
        for class in 0..self.queue.kinds.len() {
            if !self.queue.kinds[class].is_ordered {
                continue;
            }
            let Some((ticket, is_ready)) = self.lines.first_of_key(hash, class as u16) else { continue };
            let may_stand = !self.queue.is_key_full(class, hash);
            if may_stand != is_ready {
                self.lines.set_ready(hash, class as u16, ticket, may_stand);
                let in_line = &mut self.queue.kinds[class].in_line;
                *in_line = if may_stand { *in_line + 1 } else { *in_line - 1 };
            }
        }
    }

    /// What a key may hold has changed.
    pub(in crate::mailbox) fn review_all(&mut self) {
        let mut next = self.lines.key_after(None);
        while let Some(hash) = next {
            self.review(hash);
            next = self.lines.key_after(Some(hash));
        }
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// How a waiter stands; when it no longer waits, this forgets it. A waiter that waits on is
    /// woken by `waker`.
    pub(crate) fn look(&self, waiter: u32, waker: &Waker) -> Standby<T> {
        let inner = self.lock();
        let lines = &inner.core.lines;
        if !lines.is_waiting(waiter) {
            return Self::collect(inner, waiter);
        }
        if lines.has_waker(waiter, waker) {
            return Standby::Waiting;
        }
        drop(inner);
        self.look_first(waiter, waker)
    }

    /// How a waiter stands that has left no waker yet, or another one.
    ///
    /// A panic of the waker's `clone` goes to the caller before anything has changed; its message
    /// stays in line until the caller drops its future.
    pub(crate) fn look_first(&self, waiter: u32, waker: &Waker) -> Standby<T> {
        let waker = cloned(waker);
        let mut inner = self.lock();
        let lines = &mut inner.core.lines;
        if lines.is_waiting(waiter) {
            let old = lines.leave_waker(waiter, waker);
            drop(inner);
            discard(old);
            return Standby::Waiting;
        }
        let standby = Self::collect(inner, waiter);
        // A panic in its `Drop` must not lose the outcome, which is nowhere else any more.
        discard(waker);
        standby
    }

    /// The outcome of a waiter that no longer waits, which is forgotten.
    fn collect(mut inner: Locked<'_, T, S>, waiter: u32) -> Standby<T> {
        let (standing, last) = inner.core.lines.forget(waiter);
        let room = inner.core.lines.shrink();
        drop(inner);
        drop(room);
        discard(last);
        match standing {
            Some((Standing::In(place), _)) => Standby::In(place),
            Some((Standing::Promised, _)) => Standby::Promised,
            Some((Standing::Out(item, reason), _)) => Standby::Out(item, reason),
            Some((Standing::Waiting(_), _)) | None => unreachable!("a waiter's outcome is collected once"),
        }
    }
}
