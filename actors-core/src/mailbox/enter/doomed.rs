//! Asks that could not be answered before their deadline are refused on arrival (T4).
//!
//! ```text
//!   offered: answered by then?  ── yes ──► offered as usual
//!        │
//!        no ──► expired messages ahead? they go first, then it is asked again
//!        │
//!        └────► refused as doomed; a notice says so to the next senders (`notices.rs`)
//! ```
//!
//! What an ask has to wait for is the backlog that goes first: claimed messages, those of its lane,
//! and those of higher lanes where these go first. The estimate leaves out what is uncertain, so
//! that no ask is refused which might be answered in time: a type that is served newest first or
//! conflated has nothing ahead, and senders in the lines of other types are not counted.
//!
//! **Price.** A comparison of two numbers while nothing is queued, otherwise a few additions. No
//! clock is read: an ask knows the instant of its offer.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::consumers::Consumers;
use crate::mailbox::core::Core;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Inner, Section};
use crate::mailbox::store::slots::Tag;
use crate::policy::{Outlook, Priority, TURNS_MAX, spread_span};

impl<T: Item, S> Inner<T, S> {
    /// When an ask of this type that is offered now would be answered, if that is after its
    /// deadline.
    #[inline]
    pub(in crate::mailbox) fn dooms(&self, class: ClassId, now: Tick, deadline: Tick) -> Option<Tick> {
        if self.core.queue.used() == 0 {
            return None;
        }
        // A type whose values share turns takes the long way, where its value is known.
        dooms(&self.core, &self.consumers, class, 0, now, deadline)
    }
}

#[inline(never)]
fn dooms<T: Item, S>(
    core: &Core<T>,
    consumers: &Consumers<S>,
    class: ClassId,
    hash: u64,
    now: Tick,
    deadline: Tick,
) -> Option<Tick> {
    let state = &core.queue.classes[class];
    // What tests hold back is not measured.
    if state.is_lifo || state.conflates || core.is_held {
        return None;
    }
    let (workers, idle, running) = match consumers {
        Consumers::One(_) => (1, 0, Span::of(now.since(core.watched.moved))),
        // A worker may be free at any moment.
        Consumers::Pool(pool) => (pool.alive(), pool.alive().saturating_sub(pool.busy()), Span::NONE),
    };
    let ahead = core.turns_ahead(class, hash);
    let outlook = Outlook { ahead, workers, idle, turn: core.handling(), running };
    let answered = now.after(outlook.time()?.get()?);
    (answered > deadline).then_some(answered)
}

impl<T: Item> Core<T> {
    /// How many messages have their turns before a new one of this type, as far as that is certain.
    fn turns_ahead(&self, class: ClassId, hash: u64) -> usize {
        let state = &self.queue.classes[class];
        let own = match &state.shares {
            // In place of an earlier message of its type. How many messages of other types are
            // before that one is not known.
            Some(shares) if shares.ahead(hash) < shares.queued() => shares.ahead(hash),
            _ => self.queue.lane_len(state.lane()),
        };
        let higher: usize = match self.schedule.outranks() {
            true => (state.lane() + 1..Priority::COUNT).map(|lane| self.queue.lane_len(lane)).sum(),
            false => 0,
        };
        // A lane waits for no more turns of higher lanes than this (S2).
        let higher = higher.min((own + 1) * usize::from(TURNS_MAX));
        let claimed = self.queue.used() - self.queue.runnable() - self.queue.parked();
        claimed + own + higher + state.ahead as usize
    }

    /// Whether a queued message may have expired, as far as one critical section may look.
    pub(in crate::mailbox) fn may_have_expired(&mut self, now: Tick) -> bool {
        let moved = self.queue.sort_expiring();
        self.work.add(moved);
        self.queue.purge_due() <= now
    }

    /// Counts an ask that is refused as doomed. Returns when to retry: when the backlog is so much
    /// shorter that an ask with as much time would be answered.
    pub(in crate::mailbox) fn refuse_doomed(
        &mut self,
        class: ClassId,
        answered: Tick,
        deadline: Tick,
    ) -> Span {
        self.ids += 1;
        self.queue.classes[class].counts.offered += 1;
        self.refuse_doomed_offer(class, answered, deadline)
    }

    /// Like [`refuse_doomed`](Core::refuse_doomed), for an ask that is counted as offered.
    pub(in crate::mailbox) fn refuse_doomed_offer(
        &mut self,
        class: ClassId,
        answered: Tick,
        deadline: Tick,
    ) -> Span {
        self.queue.classes[class].counts.lose(Stage::Refused, Reason::Doomed);
        let random = self.rng.nth(self.ids.wrapping_add(self.turns));
        spread_span(Span::of(answered.since(deadline)), random)
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// When an ask would be answered, if that is after its deadline although what has expired is
    /// gone.
    pub(in crate::mailbox) fn dooms_after_purge(&mut self, tag: &Tag) -> Option<Tick> {
        let dooms = |section: &Self| {
            dooms(section.core, section.consumers, tag.class, tag.hash, tag.stamp, tag.deadline)
        };
        dooms(self)?;
        self.settle();
        self.purge_expired();
        // What has expired and was not found in this visit goes with the next ones (B7).
        if self.may_have_expired(tag.stamp) { None } else { dooms(self) }
    }
}
