//! The fast path: a documented pre-check in front of [`Section::offer`].
//!
//! It covers *plain* messages only: the type has no key, no ttl, no weight, no early drop and no
//! soft limit, no sample is requested, and the mailbox is open. Then nothing but room matters, and
//! the pre-check has three answers:
//!
//! - there is room, and no sender of the type waits: the slot is the caller's to fill;
//! - there is none, no waiter and no expired message could change that, and the policy refuses at
//!   once: refused. Likewise where an ask could not be answered before its deadline (T4);
//! - anything else: take the long way, which decides alone. The pre-check has changed nothing then.

use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::effects::Wake;
use crate::mailbox::enter::outcome::WhenFull;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Locked, Mailbox};
use crate::mailbox::signals::Signals;
use crate::mailbox::store::slots::{Place, Tag};
use crate::policy::spread_span;

/// The answer of the pre-check. `G` is the slot: a [`SlotGuard`] here; `()` once it is filled.
pub(crate) enum FastPath<G> {
    /// Plain, and there is room.
    Slot(G),
    /// Plain and refused: the mailbox is full, or the answer would come too late. When to retry.
    Refused(Reason, Span),
    /// Nothing has happened. Offer the message.
    LongWay,
}

/// A free slot, with the lock. It must be filled: between taking and filling it only the message is
/// moved.
#[must_use = "fill the slot"]
pub(crate) struct SlotGuard<'a, T, S> {
    inner: Locked<'a, T, S>,
    class: ClassId,
    signals: &'a Signals,
}

impl<T: Item, S> SlotGuard<'_, T, S> {
    /// Fills the slot. `make` gives the message once its slot is there, so that it is moved once.
    #[inline(always)]
    pub(crate) fn fill(&mut self, make: impl FnOnce() -> T) -> Wake {
        self.inner.core.fill_slot(make, self.class, Tick::ZERO, Tick::NEVER, self.signals);
        self.inner.wake_one()
    }

    /// Fills the slot with a message that was offered at `stamp` and is worthless after `deadline`.
    pub(crate) fn fill_until(
        &mut self,
        make: impl FnOnce() -> T,
        stamp: Tick,
        deadline: Tick,
    ) -> (Place, Wake) {
        let place = self.inner.core.fill_slot(make, self.class, stamp, deadline, self.signals);
        (place, self.inner.wake_one())
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// Checks whether a message of this type can take the fast path.
    #[inline(always)]
    pub(crate) fn try_fast_path(&self, class: ClassId, when_full: WhenFull) -> FastPath<SlotGuard<'_, T, S>> {
        let inner = self.lock();
        match inner.core.has_plain_room(class) {
            true => FastPath::Slot(SlotGuard { inner, class, signals: &self.signals }),
            false => self.try_full(inner, class, when_full),
        }
    }

    /// Like [`try_fast_path`](Mailbox::try_fast_path), for an ask that is offered at `now`.
    pub(crate) fn try_fast_path_by(
        &self,
        class: ClassId,
        when_full: WhenFull,
        now: Tick,
        deadline: Tick,
    ) -> FastPath<SlotGuard<'_, T, S>> {
        let mut inner = self.lock();
        if inner.dooms(class, now, deadline).is_some() {
            if !inner.core.may_settle_plainly(class) || inner.core.may_have_expired(now) {
                return FastPath::LongWay;
            }
            inner.core.settle_books(&self.signals);
        }
        if let Some(answered) = inner.dooms(class, now, deadline) {
            let retry_after = inner.core.refuse_doomed(class, answered, deadline);
            self.post_doom(&mut inner.core, class, answered);
            inner.has_posted();
            return FastPath::Refused(Reason::Doomed, retry_after);
        }
        match inner.core.has_plain_room(class) {
            true => FastPath::Slot(SlotGuard { inner, class, signals: &self.signals }),
            false => self.try_full(inner, class, when_full),
        }
    }

    fn try_full<'a>(
        &'a self,
        mut inner: Locked<'a, T, S>,
        class: ClassId,
        when_full: WhenFull,
    ) -> FastPath<SlotGuard<'a, T, S>> {
        if !inner.core.may_settle_plainly(class) {
            return FastPath::LongWay;
        }
        inner.core.settle_books(&self.signals);
        if inner.core.has_plain_room(class) {
            return FastPath::Slot(SlotGuard { inner, class, signals: &self.signals });
        }
        let Some((mut wait, good_for, random)) = inner.core.refuse_plainly(class, when_full) else {
            return FastPath::LongWay;
        };
        if good_for > 0 {
            wait = self.post(&mut inner.core, class, wait, good_for);
            inner.has_posted();
        }
        FastPath::Refused(Reason::Full, spread_span(wait, random))
    }
}

impl<T: Item> Core<T> {
    /// Whether a plain message of this type, without a deadline, would simply get a slot.
    #[inline]
    fn has_plain_room(&self, class: ClassId) -> bool {
        let state = &self.queue.classes[class];
        let has_room = self.queue.taken() < state.room() && state.held() < state.max;
        state.is_plain && has_room && state.ahead == 0 && self.phase == Phase::Open
    }

    /// Whether the consumer's progress can be entered into the books without consequences: no
    /// waiter could get a slot by it.
    fn may_settle_plainly(&self, class: ClassId) -> bool {
        self.queue.classes[class].is_plain && self.lines.owed() == 0 && self.phase == Phase::Open
    }

    /// Refuses a plain message that has no room, if its policy says so at once and purging could
    /// not help. Returns what [`wait_of_refused`](Core::wait_of_refused) does.
    fn refuse_plainly(&mut self, class: ClassId, when_full: WhenFull) -> Option<(Span, u32, u64)> {
        if !self.refuses_when_full(class, when_full) {
            return None;
        }
        if self.queue.may_expire() && self.may_have_expired((self.now)()) {
            return None;
        }
        self.ids += 1;
        let counts = &mut self.queue.classes[class].counts;
        counts.offered += 1;
        counts.lose(Stage::Refused, Reason::Full);
        Some(self.wait_of_refused(class))
    }

    /// Moves a message into the slot that the pre-check has found.
    #[inline(always)]
    fn fill_slot(
        &mut self,
        make: impl FnOnce() -> T,
        class: ClassId,
        stamp: Tick,
        deadline: Tick,
        signals: &Signals,
    ) -> Place {
        self.queue.classes[class].counts.offered += 1;
        let mut tag = Tag::new(class, stamp, deadline);
        self.stamp(&mut tag);
        self.push_made(make, tag, signals)
    }
}
