//! The line: which sender joins it, which waiter gets a slot that becomes free, and which are sent
//! away (O1).
//!
//! Invariant: after every critical section of an open mailbox, no waiter is left that could have a
//! slot, except those for which the visit had no time ([`Effects::may_move`]) and the next visit
//! follows at once. So a newcomer that finds room may take it without overtaking a waiter of its
//! type.

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::entry::InLine;
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::{ClassId, SlotId, WaiterId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::store::slots::{Place, Tag};
use crate::mailbox::store::waiters::{Departed, Head, Note, Outcome, Wanted};

/// What is first of a type.
struct Ahead {
    /// Its arrival number.
    ticket: u64,
    weight: u32,
    /// The tokens that it needs.
    cost: u32,
    next: Next,
}

/// What gets a free slot.
#[derive(Clone, Copy)]
enum Next {
    Waiter(WaiterId),
    /// The oldest message of this type that is back from the store.
    Returned(ClassId),
}

impl<T: Item, S> Section<'_, T, S> {
    /// Makes the sender of a message join the line of its type, if it may.
    pub(in crate::mailbox) fn join(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Offer<Message, T> {
        let class = tag.class;
        let has_place = self.lines.waiting() < self.max_waiting && !self.is_line_spent(&tag);
        if when_full == WhenFull::Refuse || !has_place {
            let is_limited = self.waits_for_tokens(&tag) && when_full == WhenFull::Refuse;
            return self.refuse(item, &tag, if is_limited { Reason::RateLimited } else { Reason::Full });
        }
        let types = self.queue.classes.len();
        let state = &mut self.queue.classes[class];
        state.counts.waiting += 1;
        let is_keyed = state.waits_by_key();
        self.queue.joined_line(&tag, is_keyed);
        let waiter = self.lines.join(Wanted::Message(item), tag, is_keyed, types);
        if is_keyed {
            self.review(tag.hash);
        }
        self.interrupt_turns();
        self.review_rates();
        Offer::InLine(InLine::new(waiter))
    }

    /// Makes every turn that begins from now on hand its slot over at once. A turn that has just
    /// begun without having seen the flag has its slot handed over here, or when it is suspended.
    pub(in crate::mailbox) fn interrupt_turns(&mut self) {
        self.signals().interrupt_and_fence();
        self.settle();
    }

    /// Hands free slots to waiters, and to messages that are back from the store: highest lane
    /// first, in a lane the oldest that may have one (O1). It moves as many as one visit may; the
    /// caller then continues with another visit before it does anything else.
    pub(in crate::mailbox) fn grant(&mut self) {
        if self.lines.ahead() > 0 {
            self.see_tokens();
        }
        while self.lines.ahead() > 0
            && let Some(next) = self.next_ahead()
        {
            if !self.effects.may_move() {
                return;
            }
            self.work.add(1);
            match next {
                Next::Waiter(waiter) => self.admit(waiter),
                Next::Returned(class) => self.admit_returned(class),
            }
        }
        if self.lines.outside() > 0 {
            self.request_fetch();
        }
        self.review_rates();
    }

    fn admit(&mut self, waiter: WaiterId) {
        // The twin first: the user's `Eq` runs before anything has changed (B6).
        let twin = match self.lines.peek(waiter) {
            Some((Wanted::Message(item), tag)) => self.find_twin(item, tag),
            Some((Wanted::Permit, _)) => Ok(None),
            None => return,
        };
        let Some(Departed { wanted, tag, stood, is_keyed }) = self.lines.take(waiter) else { return };
        let class = tag.class;
        self.queue.left_line(&tag, is_keyed, stood);
        let note = match wanted {
            Wanted::Permit => {
                self.take_token(class, tag.cost, true);
                self.give_permit(class);
                self.note_marks();
                Note::Permit(Outcome::Granted(()))
            }
            Wanted::Message(item) => {
                self.queue.classes[class].counts.waiting -= 1;
                Note::Message(self.admit_message(item, tag, twin))
            }
        };
        if let Some(waker) = self.lines.note(waiter, note) {
            self.effects.will_wake_task(waker);
        }
        if is_keyed {
            // The next waiter of its key may stand in line now.
            self.review(tag.hash);
        }
    }

    fn admit_message(
        &mut self,
        item: T,
        tag: Tag,
        twin: Result<Option<SlotId>, Panicked>,
    ) -> Outcome<Place, T> {
        match twin {
            Err(Panicked) => {
                self.queue.classes[tag.class].counts.lose(Stage::Lost, Reason::Panicked);
                Outcome::Refused(item, Reason::Panicked)
            }
            // A newer message of its key went straight in meanwhile, because its key was queued
            // (O7). The newest counts, so this one is the one that is replaced.
            Ok(Some(twin)) if self.queue.slots.at(twin).id > tag.id => {
                self.lose(Some(item), tag, Reason::Conflated);
                Outcome::Granted(Place { slot: twin, id: tag.id })
            }
            Ok(Some(twin)) => Outcome::Granted(self.conflate(twin, item, tag)),
            Ok(None) => {
                self.take_token(tag.class, tag.cost, true);
                Outcome::Granted(self.push(item, tag))
            }
        }
    }

    /// Lets in a waiter that waits only because of the soft limit (P2). Returns whether it did.
    fn admit_over_soft_limit(&mut self, waiter: WaiterId) -> bool {
        let Some((_, tag)) = self.lines.peek(waiter) else { return false };
        let has_slot = self.queue.classes[tag.class].counts.stored == 0
            && self.is_over_soft_limit(tag.class)
            && self.has_slot(tag.class, tag.weight)
            && !self.waits_for_tokens(tag)
            && !self.queue.is_key_full(tag.class, tag.hash);
        if has_slot {
            self.admit(waiter);
        }
        has_slot
    }

    /// Lets in a waiter that is part of a cycle, if it waits only because the supervisor has
    /// lowered the effective capacity and there is a slot (P2). It passes others of its line.
    /// `ticket` tells whether the waiter is still the one that is meant.
    pub(crate) fn admit_waiter(&mut self, waiter: WaiterId, ticket: u64) -> bool {
        self.settle();
        let is_let_in = self.lines.ticket(waiter) == Some(ticket) && self.admit_over_soft_limit(waiter);
        self.wake_if_filled();
        is_let_in
    }

    /// Takes a waiter that gives up out of the line. The waiters behind it may need less than it
    /// did.
    pub(in crate::mailbox) fn leave_line(
        &mut self,
        waiter: WaiterId,
        reason: Reason,
    ) -> Option<(Wanted<T>, Tag)> {
        let Departed { wanted, tag, stood, is_keyed } = self.lines.take(waiter)?;
        self.queue.left_line(&tag, is_keyed, stood);
        let state = &mut self.queue.classes[tag.class];
        if let Wanted::Message(_) = wanted {
            let stage = if reason == Reason::TimedOut { Stage::Refused } else { Stage::of(reason) };
            state.counts.waiting -= 1;
            state.counts.lose(stage, reason);
        }
        if is_keyed {
            self.review(tag.hash);
        }
        self.grant();
        Some((wanted, tag))
    }

    /// Sends waiters away, as many as one visit may: admission is closed (F4).
    pub(in crate::mailbox) fn clear_lines(&mut self) {
        while let Some(waiter) = self.any_waiter()
            && self.effects.may_move()
            && let Some(Departed { wanted, tag, stood, is_keyed }) = self.lines.take(waiter)
        {
            self.work.add(1);
            self.queue.left_line(&tag, is_keyed, stood);
            let state = &mut self.queue.classes[tag.class];
            let note = match wanted {
                Wanted::Permit => Note::Permit(Outcome::Refused((), Reason::Closed)),
                Wanted::Message(item) => {
                    state.counts.waiting -= 1;
                    state.counts.lose(Stage::Refused, Reason::Closed);
                    Note::Message(Outcome::Refused(item, Reason::Closed))
                }
            };
            if let Some(waker) = self.lines.note(waiter, note) {
                self.effects.will_wake_task(waker);
            }
        }
        self.revoke_permits();
    }
}

impl<T: Item> Core<T> {
    /// Whether this waiter lacks a token now.
    fn awaits_token(&self, waiter: WaiterId) -> bool {
        // Behind one that lacks tokens it waits for them too.
        self.has_rates() && self.lines.peek(waiter).is_some_and(|(_, tag)| self.awaits_tokens(tag.class))
    }

    /// What gets the next free slot.
    fn next_ahead(&self) -> Option<Next> {
        let mut best: Option<(usize, u64, Next)> = None;
        for class in self.queue.classes.ids() {
            let Some(Ahead { ticket, weight, cost, next }) = self.head_of(class) else { continue };
            let lane = self.queue.classes[class].lane();
            let is_better = best.is_none_or(|(top, first, _)| lane > top || (lane == top && ticket < first));
            if is_better && self.has_room(class, weight) && !self.is_limited(class, cost, Some(ticket)) {
                best = Some((lane, ticket, next));
            }
        }
        best.map(|(.., next)| next)
    }

    /// What is first of a type. While messages of the type are stored, only one that is back may
    /// be, because no sender may pass them (M2). While the mailbox drains, only such ones have
    /// slots: the waiters that are left are sent away.
    fn head_of(&self, class: ClassId) -> Option<Ahead> {
        if self.queue.classes[class].counts.stored > 0 {
            let returned = self.spill.as_ref()?.front(class).filter(|_| self.phase <= Phase::Draining)?;
            let Tag { weight, cost, .. } = returned.message.tag;
            return Some(Ahead { ticket: returned.ticket, weight, cost, next: Next::Returned(class) });
        }
        let head = self.head(class).filter(|_| self.phase == Phase::Open)?;
        let Head { waiter, ticket, weight, cost, .. } = head;
        Some(Ahead { ticket, weight, cost, next: Next::Waiter(waiter) })
    }

    /// The first sender in line of a type that does not only lack its share (S7). The first that is
    /// kept by its value is of the one that holds the fewest slots: where that one may hold no
    /// more, no other may.
    pub(in crate::mailbox) fn head(&self, class: ClassId) -> Option<Head> {
        let head = self.lines.head(class)?;
        match head.kept_by {
            Some(hash) if self.queue.is_share_spent(class, hash) => self.lines.head_without_key(class),
            _ => Some(head),
        }
    }

    /// Whether a newcomer is behind senders in line. In a type that shares its slots, those that
    /// only lack their share are behind newcomers of other values (S7, O1).
    pub(in crate::mailbox) fn has_line(&self, class: ClassId) -> bool {
        let state = &self.queue.classes[class];
        state.ahead > 0 || (state.shares.is_some() && state.in_line > 0 && self.head(class).is_some())
    }

    /// Like [`has_line`](Core::has_line), or senders of the newcomer's own value are in line.
    pub(in crate::mailbox) fn is_behind_others(&self, tag: &Tag) -> bool {
        let shares = self.queue.classes[tag.class].shares.as_ref();
        self.has_line(tag.class) || shares.is_some_and(|shares| shares.is_in_line(tag.hash))
    }

    /// Whether senders of a newcomer's value have their share of the places in line (S7).
    fn is_line_spent(&self, tag: &Tag) -> bool {
        let shares = self.queue.classes[tag.class].shares.as_ref();
        shares.is_some_and(|shares| shares.is_line_spent(tag.hash, self.max_waiting))
    }

    fn any_waiter(&self) -> Option<WaiterId> {
        let head = self.queue.classes.ids().find_map(|class| self.lines.head(class));
        head.map(|head| head.waiter).or_else(|| self.lines.any_keyed())
    }

    /// Finds out for each type which waiter of a key is the first, and whether it lacks nothing but
    /// room (S8). Called when the number of slots that the key holds has changed, or its waiters
    /// have.
    pub(in crate::mailbox) fn review(&mut self, hash: u64) {
        if !self.lines.has_keyed() {
            return;
        }
        for class in self.queue.classes.ids() {
            if !self.queue.classes[class].waits_by_key() {
                continue;
            }
            let Some((first, rank)) = self.lines.first_of_key(hash, class) else { continue };
            if let Some(shares) = &self.queue.classes[class].shares {
                // Its share is looked at when a slot is free: it changes with the other values.
                let held = Some(shares.held(hash) as u32);
                if held != rank {
                    self.lines.set_ready(first, held);
                }
                continue;
            }
            let may_stand = !self.queue.is_key_full(class, hash);
            if may_stand != rank.is_some() {
                self.lines.set_ready(first, may_stand.then_some(0));
                let ahead = &mut self.queue.classes[class].ahead;
                *ahead = if may_stand { *ahead + 1 } else { *ahead - 1 };
            }
        }
    }

    /// Reviews the waiters of a message's key, or value, because it holds another number of slots.
    #[inline]
    pub(in crate::mailbox) fn review_key_of(&mut self, class: ClassId, hash: u64) {
        if self.queue.classes[class].waits_by_key() {
            self.review(hash);
        }
    }

    /// Reviews every key with waiters: the number of slots that a key may hold has changed.
    pub(in crate::mailbox) fn review_all(&mut self) {
        let mut next = self.lines.key_after(None);
        while let Some(hash) = next {
            self.review(hash);
            next = self.lines.key_after(Some(hash));
        }
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// The arrival number of a waiter that is in line.
    pub(crate) fn ticket(&self, waiter: WaiterId) -> Option<u64> {
        self.lock().core.lines.ticket(waiter)
    }

    /// Whether this waiter is still in line and only the consumer could let it in. If so, returns
    /// the number of permits given so far: where two looks return the same number, no permit was
    /// out in between.
    ///
    /// A permit that is out may be given back, what the store hands out may be the last that is
    /// ahead of it, and a token comes with time.
    pub(crate) fn is_stuck_in_line(&self, waiter: WaiterId, ticket: u64) -> Option<u64> {
        let inner = self.lock();
        let is_fetching = inner.core.spill.as_ref().is_some_and(|spill| spill.is_fetching);
        let is_waiting = inner.core.lines.ticket(waiter) == Some(ticket) && !inner.core.awaits_token(waiter);
        let is_stuck = inner.core.queue.permits == 0 && !is_fetching && is_waiting;
        is_stuck.then_some(inner.core.queue.permits_given)
    }
}
