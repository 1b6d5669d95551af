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
//! Some tokens are for messages of several lines: those of the actor's own rate for all types that
//! are not exempt, those of a type for all its lanes and for all values that share its slots. Among
//! senders in line they go to the highest lane, and in it to the oldest. A sender that waits for
//! several of them keeps them from those behind it and from newcomers of its lane and of lower
//! ones: otherwise many cheap messages would keep an expensive one waiting for ever.
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
use crate::mailbox::store::queue::Queue;
use crate::mailbox::store::rates::Rates;
use crate::mailbox::store::slots::Tag;
use crate::policy::Overflow;
use std::cmp::Reverse;

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
        if !self.has_rates() {
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
            Overflow::Reject => self.refuse(item, &tag, Reason::RateLimited),
            // Every other list ends in a drop: what is queued is not given up for a token.
            _ => self.lose_newcomer(item, class, Reason::Dropped),
        }
    }
}

/// Messages that take the tokens of one rate.
#[derive(Clone, Copy)]
enum Scope {
    /// Those of a message type, in all its lanes.
    Type(ClassId),
    /// Those of the actor, apart from exempt ones.
    Actor,
}

/// A sender in line that only one rate keeps waiting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claimant {
    lane: usize,
    /// The older one is greater.
    arrival: Reverse<u64>,
}

impl<T: Item> Core<T> {
    /// Whether a type or the actor has a rate.
    #[inline]
    pub(in crate::mailbox) fn has_rates(&self) -> bool {
        self.queue.rates.is_some()
    }

    /// Reads the clock for the tokens of senders in line.
    pub(in crate::mailbox) fn see_tokens(&mut self) {
        if self.has_rates() {
            self.token_time = (self.now)();
        }
    }

    /// Whether a newcomer of this type must wait for tokens.
    #[inline]
    pub(in crate::mailbox) fn lacks_token(&self, class: ClassId, cost: u32) -> bool {
        self.is_limited(class, cost, None)
    }

    /// Whether a message of this type lacks tokens. `ticket` is its arrival number, if it is in
    /// line.
    #[inline]
    pub(in crate::mailbox) fn is_limited(&self, class: ClassId, cost: u32, ticket: Option<u64>) -> bool {
        match &self.queue.rates {
            Some(rates) if self.queue.classes[class].is_rated => self.must_wait(rates, class, cost, ticket),
            _ => false,
        }
    }

    fn must_wait(&self, rates: &Rates, class: ClassId, cost: u32, ticket: Option<u64>) -> bool {
        let state = &self.queue.classes[class];
        if rates.ready(state, cost, self.token_time) > self.token_time {
            return true;
        }
        if cost == 0 || self.lines.waiting() == 0 {
            return false;
        }
        // A newcomer is behind all that wait in its lane.
        let own = Claimant { lane: state.lane(), arrival: Reverse(ticket.unwrap_or(u64::MAX)) };
        // Elsewhere the line of a type keeps the order.
        let is_mixed = state.has_siblings || state.shares.is_some();
        let of_type = is_mixed.then_some(Scope::Type(state.family));
        let of_actor = state.is_shared.then_some(Scope::Actor);
        of_type.into_iter().chain(of_actor).any(|scope| self.claimant(rates, scope) > Some(own))
    }

    /// The first sender in line that only the tokens of this rate keep waiting.
    fn claimant(&self, rates: &Rates, scope: Scope) -> Option<Claimant> {
        let heads = self.queue.classes.ids().filter_map(|class| {
            let state = &self.queue.classes[class];
            let of_actor = match scope {
                Scope::Type(family) if state.family == family => false,
                Scope::Actor if state.is_shared => true,
                _ => return None,
            };
            let head = self.head(class)?;
            let waits = rates.lacks_only(state, of_actor, head.cost, self.token_time);
            (waits && self.has_room(class, head.weight))
                .then_some(Claimant { lane: state.lane(), arrival: Reverse(head.ticket) })
        });
        heads.max()
    }

    /// Whether the first sender in line of a type waits for tokens.
    pub(in crate::mailbox) fn awaits_tokens(&self, class: ClassId) -> bool {
        let head = self.head(class);
        head.is_some_and(|head| self.is_limited(class, head.cost, Some(head.ticket)))
    }

    /// Whether a newcomer would wait for tokens: its own, or those of a sender before it.
    pub(in crate::mailbox) fn waits_for_tokens(&self, tag: &Tag) -> bool {
        let is_behind = self.queue.classes[tag.class].in_line > 0 && self.awaits_tokens(tag.class);
        is_behind || self.lacks_token(tag.class, tag.cost)
    }

    /// Takes back the token of a permit that was used in vain.
    pub(in crate::mailbox) fn give_token_back(&mut self, class: ClassId) {
        let Queue { rates, classes, .. } = &mut self.queue;
        if let Some(rates) = rates {
            rates.give_back(&classes[class], 1);
        }
    }

    /// Whether there are never so many tokens at once.
    pub(in crate::mailbox) fn costs_too_much(&self, class: ClassId, cost: u32) -> bool {
        let rates = self.queue.rates.as_ref();
        rates.is_some_and(|rates| cost > rates.most(&self.queue.classes[class]))
    }

    /// Takes the tokens of a message that is admitted.
    #[inline]
    pub(in crate::mailbox) fn take_token(&mut self, class: ClassId, cost: u32, has_waited: bool) {
        let (now, Queue { rates, classes, .. }) = (self.token_time, &mut self.queue);
        if let Some(rates) = rates {
            rates.take(&classes[class], cost, now, has_waited);
        }
    }

    /// How long it is until there are tokens for one more message of this type, after those of the
    /// senders in line: exact, so it is not spread.
    pub(in crate::mailbox) fn token_in(&self, class: ClassId, cost: u32) -> Span {
        let Some(rates) = &self.queue.rates else { return Span::NONE };
        rates.wait(&self.queue.classes, class, cost, self.token_time)
    }

    /// When the next tokens come for which a sender waits in line.
    fn next_token(&self) -> Option<Tick> {
        let rates = self.queue.rates.as_ref()?;
        if self.phase != Phase::Open {
            return None;
        }
        let now = self.token_time;
        let due = |class| Some(rates.ready(&self.queue.classes[class], self.head(class)?.cost, now));
        self.queue.classes.ids().filter_map(due).filter(|due| *due > now).min()
    }

    /// The number of senders in line that lack tokens now.
    fn waiting_for_tokens(&self) -> usize {
        let limited = self.queue.classes.ids().filter(|class| self.awaits_tokens(*class));
        limited.map(|class| self.queue.classes[class].in_line as usize).sum()
    }

    /// The tokens of the rate that has fewest; `None` without rates.
    pub(in crate::mailbox) fn tokens(&self, now: Tick) -> Option<usize> {
        self.queue.rates.as_ref()?.left(now)
    }
}
