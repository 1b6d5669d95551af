//! The way out to a store, and the way back in (`spill.rs`).

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::spill::{Fetch, Fetched, Leaving, Returned, STORED_MAX, Spill, Stored};
use crate::mailbox::store::slots::Tag;

/// What was decided about a message that may be stored.
pub(crate) enum Verdict<T> {
    Decided(Offer<Message, T>),
    /// It goes to the store.
    Elsewhere(Leaving<T>),
}

impl<T> From<Offer<Message, T>> for Verdict<T> {
    fn from(offer: Offer<Message, T>) -> Self {
        Verdict::Decided(offer)
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Like [`offer`](Section::offer), for a message that may be stored.
    pub(crate) fn offer_or_store(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Verdict<T> {
        let verdict = self.decide(item, tag, when_full, |section, item, tag| {
            section.store_or(item, tag, |section, item, tag| section.overflow(item, tag, when_full))
        });
        match verdict {
            Verdict::Decided(Offer::Granted(..)) => self.wake_one(),
            Verdict::Decided(_) | Verdict::Elsewhere(_) => self.wake_worker(),
        }
        verdict
    }

    /// Like [`redeem`](Section::redeem), for a message that may be stored.
    pub(crate) fn redeem_or_store(&mut self, item: T, tag: Tag) -> Verdict<T> {
        let verdict = self.decide_redemption(item, tag, |section, item, tag| {
            section.store_or(item, tag, |section, item, tag| section.refuse(item, &tag, Reason::Full))
        });
        self.wake_if_filled();
        verdict
    }

    /// Sends a message to the store, if its type has one that it may use.
    fn store_or(
        &mut self,
        item: T,
        tag: Tag,
        otherwise: impl FnOnce(&mut Self, T, Tag) -> Offer<Message, T>,
    ) -> Verdict<T> {
        let class = tag.class;
        let may_leave = self.may_leave(class);
        let Some(spill) = self.spill.as_mut().filter(|_| may_leave) else {
            return Verdict::Decided(otherwise(self, item, tag));
        };
        spill.leaves(class);
        let store = spill.store();
        self.add_outside(class);
        Verdict::Elsewhere(Leaving { store, message: Stored { item, tag } })
    }

    /// The store has a message that was sent to it.
    pub(crate) fn put_done(&mut self, class: ClassId) {
        if let Some(spill) = &mut self.spill {
            spill.arrived(class);
        }
        // There may be room by now.
        self.settle();
        self.grant();
        self.wake_if_filled();
    }

    /// The store has refused a message that was sent to it: the rest of the list applies.
    pub(crate) fn put_refused(&mut self, message: Stored<T>, when_full: WhenFull) -> Offer<Message, T> {
        let Stored { item, tag } = message;
        let class = tag.class;
        self.leave_store(class);
        let offer = match self.phase {
            Phase::Open if self.queue.classes[class].ahead == 0 && self.has_room_for(&tag) => {
                self.enter_room(item, tag)
            }
            Phase::Open => self.overflow(item, tag, when_full),
            _ => self.refuse(item, &tag, Reason::Closed),
        };
        self.after_leaving();
        offer
    }

    /// The store panicked, and the message is gone.
    pub(crate) fn put_lost(&mut self, class: ClassId) {
        self.leave_store(class);
        self.queue.classes[class].counts.lose(Stage::Lost, Reason::Panicked);
        self.after_leaving();
    }

    fn leave_store(&mut self, class: ClassId) {
        if let Some(spill) = &mut self.spill {
            spill.failed(class);
        }
        self.remove_outside(class);
        self.settle();
        // Senders that wait behind it.
        self.grant();
    }

    fn after_leaving(&mut self) {
        self.wake_if_filled();
        if self.is_drained() {
            // It was the last one that the consumer waited for.
            self.wake_all();
        }
    }

    // --- the way back ---

    /// Has a fetch begun if the store has a message for which there is room, and none is under way
    /// (M3).
    pub(in crate::mailbox) fn request_fetch(&mut self) {
        let is_idle = self.spill.as_ref().is_some_and(|spill| !spill.is_fetching);
        if is_idle
            && self.next_wanted().is_some()
            && let Some(spill) = &mut self.spill
        {
            spill.is_fetching = true;
            self.effects.will_fetch();
        }
    }

    /// What to fetch now, for the fetch that is under way; `None` ends it.
    pub(crate) fn next_fetch(&mut self) -> Option<Fetch<T>> {
        self.settle();
        let wanted = self.next_wanted();
        let spill = self.spill.as_mut()?;
        spill.is_fetching = wanted.is_some();
        let (class, max) = wanted?;
        spill.turn_to(class);
        Some(Fetch { store: spill.store(), class, max })
    }

    /// Takes over what the store has handed out, at most [`FETCH_MAX`](super::super::FETCH_MAX)
    /// messages. They get slots in this visit, or wait for the next ones.
    pub(crate) fn bring_back(&mut self, messages: impl Iterator<Item = Stored<T>>) {
        for message in messages {
            self.work.add(1);
            self.take_back_in(message);
        }
        self.settle();
        self.grant();
        self.wake_if_filled();
    }

    fn take_back_in(&mut self, message: Stored<T>) {
        let class = message.tag.class;
        let ticket = self.lines.next_ticket();
        let is_over = self.phase >= Phase::Killed;
        let Some(spill) = &mut self.spill else { return };
        if !spill.came_out(class) {
            // From an earlier run: it is new to these books.
            self.queue.classes[class].counts.offered += 1;
            self.add_outside(class);
        }
        match (is_over, &mut self.spill) {
            (false, Some(spill)) => spill.push_back(Returned { message, ticket }),
            _ => self.lose_stored(message),
        }
    }

    /// The store failed to hand out what it was asked for.
    pub(crate) fn fetch_failed(&mut self) -> Fetched {
        let is_open = self.is_open();
        let Some(spill) = &mut self.spill else { return Fetched::GivenUp };
        if is_open {
            return Fetched::Later;
        }
        // What is left stays in the store: the end does not wait for it.
        (spill.is_given_up, spill.is_fetching) = (true, false);
        if self.is_drained() {
            self.wake_all();
        }
        Fetched::GivenUp
    }

    /// Gives the oldest message of a type that is back its slot.
    pub(in crate::mailbox) fn admit_returned(&mut self, class: ClassId) {
        let Some(returned) = self.spill.as_mut().and_then(|spill| spill.pop_front(class)) else { return };
        self.remove_outside(class);
        let Stored { item, tag } = returned.message;
        self.push(item, tag);
    }

    fn lose_stored(&mut self, message: Stored<T>) {
        let Stored { item, tag } = message;
        self.remove_outside(tag.class);
        self.lose(Some(item), tag, Reason::Closed);
    }

    /// Loses what is back from the store, at the end, as much of it as one visit may. What is in
    /// the store stays there.
    pub(in crate::mailbox) fn lose_returned(&mut self) {
        while let Some(class) = self.spill.as_deref().and_then(Spill::any_back) {
            if !self.effects.may_move() {
                return;
            }
            if let Some(returned) = self.spill.as_mut().and_then(|spill| spill.pop_front(class)) {
                self.lose_stored(returned.message);
            }
        }
    }
}

impl<T: Item> Core<T> {
    /// Whether a newcomer of this type may go to the store. Not where senders wait in line: it
    /// would pass them.
    fn may_leave(&self, class: ClassId) -> bool {
        let state = &self.queue.classes[class];
        let in_line = state.ahead - state.counts.stored;
        state.spills && (in_line == 0 || !state.blocks()) && state.counts.stored < STORED_MAX
    }

    fn add_outside(&mut self, class: ClassId) {
        let state = &mut self.queue.classes[class];
        state.counts.stored += 1;
        state.ahead += 1;
        self.lines.add_outside();
    }

    fn remove_outside(&mut self, class: ClassId) {
        let state = &mut self.queue.classes[class];
        state.counts.stored -= 1;
        state.ahead -= 1;
        self.lines.remove_outside();
    }

    fn next_wanted(&self) -> Option<(ClassId, usize)> {
        let spill = self.spill.as_ref()?;
        if self.phase > Phase::Draining || spill.is_given_up {
            return None;
        }
        spill.find(|class| match self.has_room(class, 0) && !self.lacks_token(class, 1) {
            true => {
                let state = &self.queue.classes[class];
                // Both limits may have been lowered since the slots were taken.
                let of_type = state.max.saturating_sub(self.queue.held(class));
                state.room().saturating_sub(self.queue.taken()).min(of_type as usize)
            }
            false => 0,
        })
    }

    /// Whether messages must still come back from outside before the end.
    pub(in crate::mailbox) fn awaits_stored(&self) -> bool {
        self.lines.outside() > 0 && self.spill.as_ref().is_some_and(|spill| !spill.is_given_up)
    }
}

#[cfg(test)]
impl<T: Item, S> Section<'_, T, S> {
    /// Gives the mailbox a store, for these types. Conflating types, and types whose keys a pool
    /// keeps in order, cannot have one yet.
    pub(crate) fn attach_store(
        &mut self,
        store: std::sync::Arc<dyn crate::mailbox::spill::Store<T>>,
        classes: impl IntoIterator<Item = ClassId>,
    ) {
        let spill = Spill::new(store, self.queue.classes.len());
        self.spill = Some(Box::new(spill));
        for class in classes {
            let state = &mut self.queue.classes[class];
            assert!(!state.conflates && !state.waits_by_key(), "such a type cannot have a store yet");
            state.set_spills();
        }
    }
}
