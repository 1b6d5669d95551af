//! Offers: what a message is before it comes here ([`Tag`]), and the long way in.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::{ClassId, SlotId};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::store::class::keeps_key_order;
use crate::mailbox::store::slots::Tag;
use crate::panics::caught;
use crate::policy::{Overflow, spread_span, wait_span};
use std::hash::Hasher;

impl<T: Item, S> Mailbox<T, S> {
    /// Works out what the mailbox must know of a message that is offered now. `stamp` is
    /// [`Tick::ZERO`] where the caller has not read the clock yet. Runs the user's `Hash` and
    /// `weight`, without any lock.
    #[inline]
    pub(crate) fn tag(&self, class: ClassId, item: &T, stamp: Tick, deadline: Tick) -> Result<Tag, Reason> {
        let tag = Tag::new(class, stamp, deadline);
        let policy = &self.class(class).policy;
        let is_simple = self.ttl(class).is_none() && !policy.keyed && !policy.costed && !policy.fair;
        if is_simple && !self.is_weighed { Ok(tag) } else { self.rich_tag(item, tag) }
    }

    #[cold]
    fn rich_tag(&self, item: &T, mut tag: Tag) -> Result<Tag, Reason> {
        if let Some(ttl) = self.ttl(tag.class) {
            if tag.stamp == Tick::ZERO {
                tag.stamp = (self.now)();
            }
            tag.expires = tag.deadline.min(tag.stamp.after(ttl));
        }
        if self.is_weighed {
            let weight = caught(|| item.weight()).map_err(|_| Reason::Panicked)?;
            // What does not fit into 32 bits is above every `max_bytes`.
            tag.weight = u32::try_from(weight).unwrap_or(u32::MAX);
        }
        let policy = &self.class(tag.class).policy;
        if policy.costed {
            let cost = caught(|| item.cost()).map_err(|_| Reason::Panicked)?;
            // What does not fit into 32 bits is more than any limiter has.
            tag.cost = u32::try_from(cost).unwrap_or(u32::MAX);
        }
        if policy.overflow.has(Overflow::Conflate) || policy.fair || keeps_key_order(policy, &self.declared) {
            let hash = caught(|| {
                let mut hasher = self.seed.key_hasher();
                item.hash_key(&mut hasher);
                hasher.finish()
            });
            tag.hash = hash.map_err(|_| Reason::Panicked)?;
        }
        Ok(tag)
    }

    /// Counts an offer that was lost before it came to [`Section::offer`].
    pub(crate) fn offer_lost(&self, class: ClassId, reason: Reason) {
        self.count_offer(class, Stage::Lost, reason);
    }

    /// Counts an offer that was refused before it came to [`Section::offer`].
    pub(crate) fn offer_refused(&self, class: ClassId, reason: Reason) {
        self.count_offer(class, Stage::Refused, reason);
    }

    fn count_offer(&self, class: ClassId, stage: Stage, reason: Reason) {
        let counts = &mut self.lock().core.queue.classes[class].counts;
        counts.offered += 1;
        counts.lose(stage, reason);
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Offers a message for the first time.
    pub(crate) fn offer(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Offer<Message, T> {
        let offer =
            self.decide(item, tag, when_full, |section, item, tag| section.overflow(item, tag, when_full));
        match offer {
            Offer::Granted(..) => self.wake_one(),
            // The visit may have let other senders in, and some workers may sleep while others wait
            // for a key.
            Offer::InLine(_) | Offer::Refused(..) => self.wake_worker(),
        }
        offer
    }

    /// Decides about a message that is offered for the first time; `no_room` decides where there is
    /// no room for it, or others of its type are ahead of it.
    pub(in crate::mailbox) fn decide<V: From<Offer<Message, T>>>(
        &mut self,
        item: T,
        mut tag: Tag,
        when_full: WhenFull,
        no_room: impl FnOnce(&mut Self, T, Tag) -> V,
    ) -> V {
        let class = tag.class;
        self.queue.classes[class].counts.offered += 1;
        if self.phase != Phase::Open {
            return self.refuse(item, &tag, Reason::Closed).into();
        }
        self.request_sample();
        if self.queue.classes[class].ahead > 0 {
            // Before the twin is looked for: a waiter that gets in now may be it (O7).
            self.settle();
        }
        if self.queue.classes[class].room_bytes < u64::from(tag.weight) {
            // It will never fit: no message is given up for it, and it must not wait (B2).
            return self.refuse_for_good(item, class, Reason::Full).into();
        }
        if self.queue.classes[class].is_rated {
            if self.costs_too_much(class, tag.cost) {
                return self.refuse_for_good(item, class, Reason::RateLimited).into();
            }
            self.see_tokens();
            if self.lines.limited() > 0 {
                // A token that has come since belongs to a sender in line.
                self.grant();
            }
        }
        self.stamp(&mut tag);
        if tag.is_ask
            && let Some(answered) = self.dooms_after_purge(&tag)
        {
            let retry_after = self.refuse_doomed_offer(class, answered, tag.deadline);
            return Offer::Refused(item, Reason::Doomed, retry_after.get()).into();
        }
        let mut twin = self.find_twin(&item, &tag);
        if let Ok(found) = twin
            && self.is_barred(found, &tag)
        {
            self.settle();
            if self.is_barred(found, &tag) && self.purge_expired() {
                // The twin may have expired, or a waiter that got an expired one's slot may be it.
                twin = self.find_twin(&item, &tag);
            }
        }
        match twin {
            Err(Panicked) => self.lose_newcomer(item, class, Reason::Panicked).into(),
            Ok(Some(twin)) => self.take_over(twin, item, tag, when_full).into(),
            Ok(None) if self.queue.classes[class].ahead == 0 && self.has_room_for(&tag) => {
                self.enter_room(item, tag).into()
            }
            Ok(None) => no_room(self, item, tag),
        }
    }
}

impl<T: Item> Core<T> {
    /// Whether a newcomer finds no room, neither for itself nor in its twin's place. A newcomer
    /// whose own type is waiting does not pass the line: it waits too, or is treated as if there
    /// were no slot (O1).
    fn is_barred(&self, twin: Option<SlotId>, tag: &Tag) -> bool {
        let state = &self.queue.classes[tag.class];
        match twin {
            Some(twin) => !self.has_bytes(tag.class, self.bytes_over(twin, tag)),
            None if state.ahead > 0 => !state.blocks(),
            None => !self.has_room_for(tag),
        }
    }

    pub(in crate::mailbox) fn refuse(&mut self, item: T, tag: &Tag, reason: Reason) -> Offer<Message, T> {
        let Tag { class, cost, .. } = *tag;
        self.queue.classes[class].counts.lose(Stage::Refused, reason);
        let retry_after = match reason {
            // Where the line is full, a token is needed too.
            Reason::Full if self.waits_for_tokens(tag) => {
                self.retry_after(class).max(self.token_in(class, cost))
            }
            Reason::Full => self.retry_after(class),
            Reason::RateLimited => self.token_in(class, cost),
            _ => Span::NONE,
        };
        Offer::Refused(item, reason, retry_after.get())
    }

    /// Refuses a message that can never get in: trying again does not help.
    pub(in crate::mailbox) fn refuse_for_good(
        &mut self,
        item: T,
        class: ClassId,
        reason: Reason,
    ) -> Offer<Message, T> {
        self.queue.classes[class].counts.lose(Stage::Refused, reason);
        Offer::Refused(item, reason, None)
    }

    pub(in crate::mailbox) fn lose_newcomer(
        &mut self,
        item: T,
        class: ClassId,
        reason: Reason,
    ) -> Offer<Message, T> {
        self.queue.classes[class].counts.lose(Stage::Lost, reason);
        Offer::Refused(item, reason, None)
    }

    /// When the sender of a message of this type that is refused now should try again (P7, P9).
    pub(in crate::mailbox) fn retry_after(&mut self, class: ClassId) -> Span {
        let (wait, _, random) = self.wait_of_refused(class);
        spread_span(wait, random)
    }

    /// The parts of [`retry_after`](Core::retry_after): the wait before it is spread, for how many
    /// refusals it is good, and a random number.
    pub(in crate::mailbox) fn wait_of_refused(&mut self, class: ClassId) -> (Span, u32, u64) {
        let refusals = self.queue.classes[class].refused_since(self.turns);
        // The clock is read only where no rate is known yet, and with every eighth refusal: a
        // refusal stays in nanoseconds.
        if self.drain.rate() <= 0.0 && refusals.is_multiple_of(REFUSALS_PER_STAMP) {
            let began = self.turn_began();
            self.running_age = began.map_or(Span::NONE, |began| Span::of((self.now)().since(began)));
        }
        // Refused reservations have no ids: they count by their refusals.
        let drawn = self.ids.wrapping_add(self.turns).wrapping_add(refusals.into());
        let messages = self.queue.used() + self.lines.owed();
        let (wait, good_for) = wait_span(messages, self.drain.rate(), self.running_age, refusals);
        (wait, good_for, self.rng.nth(drawn))
    }
}

/// Refusals of a type per reading of the clock, while no drain rate is known: a reading costs about
/// as much as a refusal.
const REFUSALS_PER_STAMP: u32 = 8;
