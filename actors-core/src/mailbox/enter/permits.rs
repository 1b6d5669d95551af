//! Permits: slots that are promised to messages which are yet to come.
//!
//! A permit counts as a taken slot (B1) and against its type's `max` (B2). It is for a slot, not
//! for bytes nor for a key's share, because neither is known yet. Closing the mailbox revokes every
//! permit (F4).

use crate::clock::Tick;
use crate::error::{Admission, Reason};
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::entry::InLine;
use crate::mailbox::enter::outcome::{Message, Offer, Permit, WhenFull};
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::slots::Tag;
use crate::mailbox::store::waiters::Wanted;

impl<T: Item, S> Section<'_, T, S> {
    /// Asks for a slot for a message that is yet to come. Never costs another message its slot.
    pub(crate) fn reserve(&mut self, class: ClassId, when_full: WhenFull) -> Offer<Permit, T> {
        let offer = self.decide_reservation(class, when_full);
        // Messages that were purged may have kept others from their turns, or have left them a
        // slot.
        self.wake_worker();
        offer
    }

    fn decide_reservation(&mut self, class: ClassId, when_full: WhenFull) -> Offer<Permit, T> {
        if self.phase != Phase::Open {
            return Offer::Refused((), Reason::Closed, None);
        }
        self.request_sample();
        if self.queue.classes[class].is_rated {
            self.see_tokens();
            if self.lines.limited() > 0 {
                self.grant();
            }
        }
        self.settle();
        // What the message costs is not known yet: a permit promises one token.
        if !self.has_line(class) && !self.has_room(class, 0) {
            self.purge_expired();
        }
        if !self.has_line(class) && self.has_room(class, 0) && !self.lacks_token(class, 1) {
            self.take_token(class, 1, false);
            self.give_permit(class);
            self.note_marks();
            return Offer::Granted((), Admission::Queued);
        }
        if when_full == WhenFull::Refuse || self.lines.waiting() >= self.max_waiting {
            let tag = Tag::new(class, self.recent, Tick::NEVER);
            return match self.waits_for_tokens(&tag) && when_full == WhenFull::Refuse {
                true => Offer::Refused((), Reason::RateLimited, self.token_in(class, 1).get()),
                false => Offer::Refused((), Reason::Full, self.retry_after(class).get()),
            };
        }
        let (tag, types) = (Tag::new(class, self.recent, Tick::NEVER), self.queue.classes.len());
        self.queue.joined_line(&tag, false);
        // A permit has no key yet.
        let waiter = self.lines.join(Wanted::Permit, tag, false, types);
        self.interrupt_turns();
        self.review_rates();
        Offer::InLine(InLine::new(waiter))
    }

    /// Takes back a permit that is not used.
    pub(crate) fn give_back(&mut self, class: ClassId) {
        if self.take_permit(class) {
            self.settle();
            self.grant();
            self.wake_if_filled();
            self.review_line();
        }
    }

    /// Requests a search for cycles if the permit that was just taken was the last one. While a
    /// permit is out, it may be given back, so no wait in line counts as stuck (D1). Now those that
    /// are left do, and none of them is polled for that.
    fn review_line(&mut self) {
        if self.queue.permits == 0 && self.lines.waiting() > 0 {
            self.effects.will_review();
        }
    }

    /// Offers a message for which there is a permit. The permit is used up by it, whatever becomes
    /// of the message.
    pub(crate) fn redeem(&mut self, item: T, tag: Tag) -> Offer<Message, T> {
        let offer =
            self.decide_redemption(item, tag, |section, item, tag| section.refuse(item, &tag, Reason::Full));
        self.wake_if_filled();
        offer
    }

    /// Decides about a message with a permit. `behind` decides where messages of its type are
    /// outside the mailbox: its slot must not make it pass them.
    pub(in crate::mailbox) fn decide_redemption<V: From<Offer<Message, T>>>(
        &mut self,
        item: T,
        mut tag: Tag,
        behind: impl FnOnce(&mut Self, T, Tag) -> V,
    ) -> V {
        let class = tag.class;
        self.queue.classes[class].counts.offered += 1;
        if !self.take_permit(class) {
            return self.refuse(item, &tag, Reason::Closed).into();
        }
        self.request_sample();
        self.stamp(&mut tag);
        if self.queue.classes[class].counts.stored > 0 {
            let verdict = behind(self, item, tag);
            self.grant();
            return verdict;
        }
        let offer = match self.find_twin(&item, &tag) {
            Err(Panicked) => self.lose_newcomer(item, class, Reason::Panicked),
            Ok(Some(twin)) if self.has_bytes(class, self.bytes_over(twin, &tag)) => {
                Offer::Granted(self.conflate(twin, item, tag), Admission::Conflated)
            }
            Ok(_) if self.queue.classes[class].room_bytes < u64::from(tag.weight) => {
                self.refuse_for_good(item, class, Reason::Full)
            }
            Ok(_) if !self.has_bytes(class, tag.weight.into()) || self.queue.is_key_full(class, tag.hash) => {
                self.refuse(item, &tag, Reason::Full)
            }
            Ok(_) => self.redeem_tokens(item, tag),
        };
        if matches!(offer, Offer::Refused(..)) {
            // The token of its permit.
            self.give_token_back(class);
        }
        // Where the message did not need the slot, a waiter may have it.
        self.grant();
        self.review_line();
        offer.into()
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Admits a message whose permit has paid for one of its tokens, if there are the others.
    fn redeem_tokens(&mut self, item: T, tag: Tag) -> Offer<Message, T> {
        let class = tag.class;
        let others = Tag { cost: tag.cost.saturating_sub(1), ..tag };
        if others.cost > 0 && self.queue.classes[class].is_rated {
            if self.costs_too_much(class, tag.cost) {
                return self.refuse_for_good(item, class, Reason::RateLimited);
            }
            self.see_tokens();
            if self.lacks_token(class, others.cost) {
                return self.refuse(item, &others, Reason::RateLimited);
            }
            self.take_token(class, others.cost, false);
        }
        Offer::Granted(self.push(item, tag), Admission::Queued)
    }
}

impl<T: Item> Core<T> {
    pub(in crate::mailbox) fn give_permit(&mut self, class: ClassId) {
        self.queue.permits += 1;
        self.queue.permits_given += 1;
        self.queue.classes[class].permits += 1;
    }

    /// Takes a permit that is given back or used. `false` when it was revoked: admission is closed.
    fn take_permit(&mut self, class: ClassId) -> bool {
        if self.phase != Phase::Open {
            return false;
        }
        self.queue.permits -= 1;
        self.queue.classes[class].permits -= 1;
        true
    }

    /// Revokes every permit (F4).
    pub(in crate::mailbox) fn revoke_permits(&mut self) {
        self.queue.permits = 0;
        self.queue.classes.iter_mut().for_each(|state| state.permits = 0);
    }
}
