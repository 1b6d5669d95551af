//! Rates: how many messages of a type are admitted in a time (T7).
//!
//! ```text
//!   offered, or first in line: a token? ── yes ──► a slot, as usual; the token is taken with it
//!                                   └─ no ──► the last word of the list: wait in line, refused, or dropped
//!   in line, no token ──► one tick per mailbox, at the instant of the next token ──► grant
//! ```
//!
//! A token is one more thing that a newcomer may lack, like a slot: the line, its order and its end
//! are the same. But nothing that is queued helps against it, so no other message is given up, and
//! a message that takes the place of its twin needs none. Messages that come back from the
//! mailbox's store, and those with a permit, have had theirs.
//!
//! The time is the latest instant that the mailbox has seen, which an offer of a rated type brings
//! up to date. So a token is never given early.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::enter::outcome::{Message, Offer, WhenFull};
use crate::mailbox::ids::{ClassId, Ticks};
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::slots::Tag;
use crate::policy::Overflow;

impl<T: Item, S> Section<'_, T, S> {
    /// Lets in the senders in line for which there are tokens now. Returns when to do so again, if
    /// `ticks` are still wanted.
    pub(crate) fn tick(&mut self, ticks: Ticks, now: Tick) -> Option<Tick> {
        if self.ticks != Some(ticks) {
            return None;
        }
        self.saw(now);
        self.settle();
        self.grant();
        self.wake_if_filled();
        let next = self.next_token();
        if next.is_none() {
            self.ticks = None;
        }
        next
    }

    /// Requests ticks if a sender waits in line for a token, and none are under way.
    pub(in crate::mailbox) fn request_ticks(&mut self) {
        if self.has_rates
            && self.ticks.is_none()
            && let Some(next) = self.next_token()
        {
            self.series = self.series.next();
            let ticks = self.series;
            self.ticks = Some(ticks);
            self.effects.will_tick(ticks, next);
        }
    }

    /// Ends the ticks under way: a rate has changed, and the next token may come sooner.
    pub(in crate::mailbox) fn forget_ticks(&mut self) {
        self.ticks = None;
        self.request_ticks();
    }

    /// Decides about a newcomer for which there is no token: only the last word of its list helps.
    pub(in crate::mailbox) fn limit(&mut self, item: T, tag: Tag, when_full: WhenFull) -> Offer<Message, T> {
        let class = tag.class;
        let state = &self.queue.classes[class];
        match state.overflow.last_resort() {
            Overflow::Block if when_full == WhenFull::Wait => self.join(item, tag, when_full),
            Overflow::Block | Overflow::Reject | Overflow::EvictLower => {
                self.refuse(item, class, Reason::RateLimited)
            }
            // Every other list ends in a drop: what is queued is not given up for a token.
            _ => self.lose_newcomer(item, class, Reason::Dropped),
        }
    }
}

impl<T: Item> Core<T> {
    /// Whether a message of this type must wait for a token.
    #[inline]
    pub(in crate::mailbox) fn lacks_token(&self, class: ClassId) -> bool {
        self.queue.classes[class].limiter.as_ref().is_some_and(|limiter| limiter.ready() > self.recent)
    }

    /// The token of a message that is admitted.
    #[inline]
    pub(in crate::mailbox) fn take_token(&mut self, class: ClassId, has_waited: bool) {
        let recent = self.recent;
        if let Some(limiter) = &mut self.queue.classes[class].limiter {
            limiter.take(recent, has_waited);
        }
    }

    /// How long it is until the next token: exact, so it is not spread.
    pub(in crate::mailbox) fn token_in(&self, class: ClassId) -> Span {
        let limiter = &self.queue.classes[class].limiter;
        limiter.as_ref().map_or(Span::NONE, |limiter| Span::of(limiter.ready().since(self.recent)))
    }

    /// When the next token comes for which a sender waits in line.
    fn next_token(&self) -> Option<Tick> {
        if self.phase != Phase::Open {
            return None;
        }
        let waiting = self.queue.classes.iter().filter(|state| state.ahead > state.counts.stored);
        let ready = waiting.filter_map(|state| Some(state.limiter.as_ref()?.ready()));
        ready.filter(|ready| *ready > self.recent).min()
    }

    /// The tokens of the type that has fewest; `None` where no type has a rate.
    pub(in crate::mailbox) fn tokens(&self, now: Tick) -> Option<usize> {
        if !self.has_rates {
            return None;
        }
        self.queue.classes.iter().filter_map(|state| Some(state.limiter.as_ref()?.left(now))).min()
    }
}
