//! The way in: a slot at once, what the policy says where there is none, or a place in line.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::verdict::{Entrance, Verdict};
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::signals::Signals;
use crate::mailbox::store::slots::{Place, Tag};
use crate::panics::caught;
use crate::policy::{Overflow, retry_span};
use std::hash::Hasher;

/// Refusals of a type between two looks at the clock, while no drain rate is known: one look costs about as much as a refusal.
const REFUSALS_PER_LOOK: u32 = 8;

impl<T: Item, S> Section<'_, T, S> {
    /// Offers a message for the first time. It stays in `item` unless the verdict says that it is in or in line.
    pub(crate) fn offer(&mut self, item: &mut Option<T>, tag: Tag, entrance: Entrance) -> Verdict {
        let verdict = self.decide(item, tag, entrance);
        match verdict {
            Verdict::In(..) => self.wake_one(),
            // The visit may have let other senders in, and some workers may sleep while others wait for a key.
            _ => self.wake_worker(),
        }
        verdict
    }

    fn decide(&mut self, item: &mut Option<T>, mut tag: Tag, entrance: Entrance) -> Verdict {
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.offered += 1;
        if self.phase != Phase::Open {
            return self.refuse(class, Reason::Closed);
        }
        self.request_sample();
        if self.queue.kinds[class].in_line > 0 {
            // Before the twin is looked for: who gets in from the line now may be it (O7).
            self.settle();
        }
        if self.queue.kinds[class].room_bytes < u64::from(tag.weight) {
            // It will never fit: neither is anybody given up for it, nor may it wait (B2).
            return self.refuse_for_good(class);
        }
        let Some(newcomer) = item.as_ref() else {
            return self.refuse(class, Reason::Closed);
        };
        self.stamp(&mut tag);
        let mut twin = self.find_twin(newcomer, &tag);
        if let Ok(found) = twin
            && self.is_barred(found, &tag)
        {
            self.settle();
            if self.is_barred(found, &tag) && self.purge_expired() {
                // It may have been among the dead, or have been let in for one of them.
                twin = self.find_twin(newcomer, &tag);
            }
        }
        match twin {
            Err(Panicked) => self.lose_newcomer(class, Reason::Panicked),
            Ok(Some(twin)) => self.take_over(twin, item, tag, entrance),
            Ok(None) => self.admit_newcomer(item, tag, entrance),
        }
    }

    /// A newcomer without a twin: by room, by what its policy does where there is none, or by waiting.
    fn admit_newcomer(&mut self, item: &mut Option<T>, tag: Tag, entrance: Entrance) -> Verdict {
        let class = usize::from(tag.class);
        if self.queue.kinds[class].in_line == 0 && self.has_room_for(&tag) {
            return self.enter_room(item, tag);
        }
        self.overflow(item, tag, entrance)
    }
}

impl<T: Item> Core<T> {
    /// Whether a message of this type and without a deadline would simply get a slot: the common case, before all others.
    #[inline]
    pub(in crate::mailbox) fn may_enter_plainly(&self, class: usize) -> bool {
        let kind = &self.queue.kinds[class];
        let has_room = self.queue.taken() < kind.room() && kind.held() < kind.max;
        kind.is_plain && has_room && kind.in_line == 0 && self.phase == Phase::Open
    }

    /// Whether what the consumer has done since can be entered into the books without anything following from it.
    pub(in crate::mailbox) fn may_settle_plainly(&self, class: usize) -> bool {
        self.queue.kinds[class].is_plain && self.lines.waiting() == 0 && self.phase == Phase::Open
    }

    /// Refuses a plain message that has no room, if that is all there is to do: nobody waits, nothing queued is mortal, and its
    /// policy knows nothing else.
    pub(in crate::mailbox) fn refuse_plainly(&mut self, class: usize, is_try: bool) -> Option<Span> {
        let words = self.queue.kinds[class].overflow;
        let refuses = match words.words() {
            [Overflow::Reject] => true,
            [Overflow::Block] => is_try,
            _ => false,
        };
        if !refuses || self.queue.may_die() {
            return None;
        }
        self.ids += 1;
        let counts = &mut self.queue.kinds[class].counts;
        counts.offered += 1;
        counts.lose(Stage::Refused, Reason::Full);
        Some(self.retry_after(class))
    }

    /// It gets it.
    #[inline(always)]
    pub(in crate::mailbox) fn enter_plainly(
        &mut self,
        make: impl FnOnce() -> T,
        class: usize,
        stamp: Tick,
        deadline: Tick,
        signals: &Signals,
    ) -> Place {
        self.queue.kinds[class].counts.offered += 1;
        let mut tag = Tag::new(class as u16, stamp, deadline);
        self.stamp(&mut tag);
        self.push_made(make, tag, signals)
    }

    /// Whether a newcomer finds no room, neither for itself nor in its twin's place. A newcomer whose own type is waiting does not
    /// pass: it waits too, or it is as if there were no slot (O1).
    fn is_barred(&self, twin: Option<u32>, tag: &Tag) -> bool {
        let class = usize::from(tag.class);
        let kind = &self.queue.kinds[class];
        match twin {
            Some(twin) => !self.has_bytes(class, self.bytes_over(twin, tag)),
            None if kind.in_line > 0 => kind.overflow.last_resort() != Overflow::Block,
            None => !self.has_room_for(tag),
        }
    }

    pub(in crate::mailbox) fn refuse(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Refused, reason);
        let retry_after = (reason == Reason::Full).then(|| self.retry_after(class)).and_then(Span::get);
        Verdict::Refused(reason, retry_after)
    }

    /// It can never get in: trying again does not help.
    pub(in crate::mailbox) fn refuse_for_good(&mut self, class: usize) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Refused, Reason::Full);
        Verdict::Refused(Reason::Full, None)
    }

    pub(in crate::mailbox) fn lose_newcomer(&mut self, class: usize, reason: Reason) -> Verdict {
        self.queue.kinds[class].counts.lose(Stage::Lost, reason);
        Verdict::Lost(reason)
    }

    /// When the sender of a message of this type that is refused now should try again (P7, P9).
    pub(in crate::mailbox) fn retry_after(&mut self, class: usize) -> Span {
        let refusals = self.queue.kinds[class].refused_since(self.turns);
        // The clock is read only where no rate is known yet, and with every eighth refusal: a refusal stays in nanoseconds.
        if self.drain.rate() <= 0.0 && refusals.is_multiple_of(REFUSALS_PER_LOOK) {
            let began = self.turn_began();
            self.running_age = began.map_or(Span::NONE, |began| Span::of((self.now)().since(began)));
        }
        // Refused reservations have no ids: they count by their refusals.
        let drawn = self.ids.wrapping_add(self.turns).wrapping_add(refusals.into());
        let messages = self.queue.used() + self.lines.waiting();
        retry_span(messages, self.drain.rate(), self.running_age, refusals, self.rng.nth(drawn))
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// What the mailbox must know of a message that is offered now. `stamp` is [`Tick::ZERO`] where nobody has looked at
    /// the clock yet. Runs the user's `Hash` and `weight`, without any lock.
    #[inline]
    pub(crate) fn tag(&self, item: &T, stamp: Tick, deadline: Tick) -> Result<Tag, Reason> {
        let class = item.class();
        let tag = Tag::new(class as u16, stamp, deadline);
        let is_simple = self.ttl(class).is_none() && !self.classes[class].policy.keyed;
        if is_simple && self.limits.max_bytes.is_none() { Ok(tag) } else { self.rich_tag(item, tag) }
    }

    #[cold]
    fn rich_tag(&self, item: &T, mut tag: Tag) -> Result<Tag, Reason> {
        let class = usize::from(tag.class);
        if let Some(ttl) = self.ttl(class) {
            if tag.stamp == Tick::ZERO {
                tag.stamp = (self.now)();
            }
            tag.expires = tag.deadline.min(tag.stamp.after(ttl));
        }
        if self.limits.max_bytes.is_some() {
            let weight = caught(|| item.weight()).map_err(|_| Reason::Panicked)?;
            // What does not fit into 32 bits is above every `max_bytes`.
            tag.weight = u32::try_from(weight).unwrap_or(u32::MAX);
        }
        let policy = &self.classes[class].policy;
        if policy.overflow.has(Overflow::Conflate) || (policy.keyed && self.limits.workers.is_pool()) {
            let hash = caught(|| {
                let mut hasher = self.seed.key_hasher();
                item.hash_key(&mut hasher);
                hasher.finish()
            });
            tag.hash = hash.map_err(|_| Reason::Panicked)?;
        }
        Ok(tag)
    }

    /// Counts an offer that was lost before it came here.
    pub(crate) fn offer_lost(&self, class: usize, reason: Reason) {
        let counts = &mut self.lock().core.queue.kinds[class].counts;
        counts.offered += 1;
        counts.lose(Stage::Lost, reason);
    }
}
