//! Rates: how many messages of a type are admitted in a time (T7).
//!
//! ```text
//!   offered, or first in line: a token? ── yes ──► a slot, as usual; the token is taken with it
//!                                   └─ no ──► the last word of the list: wait in line, refused, or dropped
//!   in line, no token ──► a tick at the instant of the next token ──► grant
//! ```
//!
//! A token is one more thing that a newcomer may lack, like a slot: the line, its order and its end
//! are the same. But nothing that is queued helps against it, so no other message is given up, and
//! a message that takes the place of its twin needs none.
//!
//! Senders that wait for a token do not wait for a slot: no freed slot is owed to them
//! ([`Lines::owed`](crate::mailbox::store::waiters::Lines::owed)), so one of them slows nothing
//! down and is no backlog. They count again when their token has come.
//!
//! The time of tokens is read from the clock with each offer of a rated type, with each
//! reservation, tick and grant while such senders wait, so a token is never given early.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::{ClassId, Ticks};
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::class::ClassState;
use crate::mailbox::store::slots::Tag;
use crate::policy::Overflow;

impl<T: Item, S> Section<'_, T, S> {
    /// Lets in the senders in line for which there are tokens now. Returns when to do so again,
    /// while this series of ticks is the latest and a sender waits for a token.
    pub(crate) fn tick(&mut self, ticks: Ticks) -> Option<Tick> {
        if !self.ticks.is_some_and(|(latest, _)| latest == ticks) {
            return None;
        }
        self.ticks = None;
        self.settle();
        self.grant();
        self.wake_if_filled();
        if self.lines.owed() > 0 {
            // A sender that waited for time now waits for the consumer, which may close a cycle.
            self.effects.will_review();
        }
        match self.ticks {
            // `grant` has requested the next one: it continues this series.
            Some((_, next)) => {
                self.ticks = Some((ticks, next));
                self.effects.take_ticks_request();
                Some(next)
            }
            None => None,
        }
    }

    /// Notes which senders in line wait for tokens, and requests a tick for the first of them
    /// unless one that comes sooner is under way.
    pub(in crate::mailbox) fn review_rates(&mut self) {
        if !self.has_rates {
            return;
        }
        let limited = self.core.waiting_for_tokens();
        self.lines.set_limited(limited);
        let Some(next) = self.next_token() else { return };
        if self.ticks.is_none_or(|(_, due)| next < due) {
            self.series = self.series.next();
            self.ticks = Some((self.series, next));
            let ticks = self.series;
            self.effects.will_tick(ticks, next);
        }
    }

    /// Ends the ticks under way: a rate has changed.
    pub(in crate::mailbox) fn forget_ticks(&mut self) {
        self.ticks = None;
        self.see_tokens();
        self.grant();
        self.wake_if_filled();
    }

    /// Decides about a newcomer that lacks a token: only the last word of its list helps.
    pub(in crate::mailbox) fn limit(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Offer<Message, T> {
        let class = tag.class;
        match self.queue.classes[class].overflow.last_resort() {
            Overflow::Block => self.join(item, tag, when_full),
            Overflow::Reject => self.refuse(item, class, Reason::RateLimited),
            // Every other list ends in a drop: what is queued is not given up for a token.
            _ => self.lose_newcomer(item, class, Reason::Dropped),
        }
    }
}

impl<T: Item> Core<T> {
    /// Reads the clock for the tokens of senders in line.
    pub(in crate::mailbox) fn see_tokens(&mut self) {
        if self.has_rates {
            self.token_time = (self.now)();
        }
    }

    /// Whether a message of this type must wait for a token.
    #[inline]
    pub(in crate::mailbox) fn lacks_token(&self, class: ClassId) -> bool {
        self.is_limited(&self.queue.classes[class])
    }

    #[inline]
    fn is_limited(&self, state: &ClassState) -> bool {
        let now = self.token_time;
        state.limiter.as_ref().is_some_and(|limiter| limiter.ready(now) > now)
    }

    /// Takes the token of a message that is admitted.
    #[inline]
    pub(in crate::mailbox) fn take_token(&mut self, class: ClassId, has_waited: bool) {
        let now = self.token_time;
        if let Some(limiter) = &mut self.queue.classes[class].limiter {
            limiter.take(now, has_waited);
        }
    }

    /// How long it is until there is a token for one more message of this type, after those of the
    /// senders in line: exact, so it is not spread.
    pub(in crate::mailbox) fn token_in(&self, class: ClassId) -> Span {
        let (state, now) = (&self.queue.classes[class], self.token_time);
        let Some(limiter) = &state.limiter else { return Span::NONE };
        let before = limiter.interval().saturating_mul(waiting(state));
        Span::of(limiter.ready(now).since(now).saturating_add(before))
    }

    /// When the next token comes for which a sender waits in line.
    fn next_token(&self) -> Option<Tick> {
        if self.phase != Phase::Open {
            return None;
        }
        let now = self.token_time;
        let limited = self.queue.classes.iter().filter(|state| waiting(state) > 0 && self.is_limited(state));
        limited.filter_map(|state| Some(state.limiter.as_ref()?.ready(now))).min()
    }

    /// The number of senders in line that lack a token now.
    fn waiting_for_tokens(&self) -> usize {
        let limited = self.queue.classes.iter().filter(|state| self.is_limited(state));
        limited.map(|state| waiting(state) as usize).sum()
    }

    /// The tokens of the type that has fewest; `None` where no type has a rate.
    pub(in crate::mailbox) fn tokens(&self, now: Tick) -> Option<usize> {
        if !self.has_rates {
            return None;
        }
        self.queue.classes.iter().filter_map(|state| Some(state.limiter.as_ref()?.left(now))).min()
    }
}

/// Senders in the line of a type.
fn waiting(state: &ClassState) -> u32 {
    state.ahead - state.counts.stored
}
