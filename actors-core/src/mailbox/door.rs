//! The way in, as a sender sees it: a slot at once, a verdict, a place in line, and the way back out.

use super::claim::Signals;
use super::ledger::Stage;
use super::line::Standing;
use super::shell::{Inner, Locked};
use super::{Effects, Entrance, Item, Left, Mailbox, Place, Rouse, Standby, Tag, Verdict, Withdrawn};
use crate::clock::{Span, Tick};
use crate::error::Reason;
use crate::panics::caught;
use crate::policy::Overflow;
use crate::wakers::{cloned, discard};
use std::hash::Hasher;
use std::task::Waker;

/// What becomes of a plain message.
pub(crate) enum Plainly<'a, T, S> {
    /// It has a slot.
    In(Doorway<'a, T, S>),
    /// It is refused, for want of room.
    Refused(Span),
    /// It is to be offered.
    No,
}

/// The open door of a mailbox, for one plain message.
pub(crate) struct Doorway<'a, T, S> {
    inner: Locked<'a, T, S>,
    class: usize,
    signals: &'a Signals,
}

impl<T: Item, S> Doorway<'_, T, S> {
    /// `make` gives the message when its slot is there, so that it goes straight into it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, make: impl FnOnce() -> T) -> Rouse {
        let Inner { core, .. } = &mut *self.inner;
        core.enter_plainly(make, self.class, Tick::ZERO, Tick::NEVER, self.signals);
        self.inner.rouse_one()
    }

    /// The same for a message that is worthless after `deadline`; it was offered at `stamp`. Where it is.
    pub(crate) fn fill_until(
        &mut self,
        make: impl FnOnce() -> T,
        stamp: Tick,
        deadline: Tick,
    ) -> (Place, Rouse) {
        let Inner { core, .. } = &mut *self.inner;
        let place = core.enter_plainly(make, self.class, stamp, deadline, self.signals);
        (place, self.inner.rouse_one())
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

    /// A slot for a message of which nothing special is to be minded: its type has no key and no ttl, it has no deadline,
    /// nobody of its type waits, nothing is weighed, and there is room. Or its refusal, where there is none and that is all
    /// its policy says. Where something is to be minded, [`offer`](Mailbox::offer) it.
    ///
    /// The slot comes with the lock, and must be filled: what happens in between is the move of the message and nothing else.
    #[inline(always)]
    pub(crate) fn enter_plainly(&self, class: usize, is_try: bool) -> Plainly<'_, T, S> {
        let inner = self.lock();
        match inner.core.may_enter_plainly(class) {
            true => Plainly::In(Doorway { inner, class, signals: &self.signals }),
            false => self.refuse_plainly(inner, class, is_try),
        }
    }

    fn refuse_plainly<'a>(
        &'a self,
        mut inner: Locked<'a, T, S>,
        class: usize,
        is_try: bool,
    ) -> Plainly<'a, T, S> {
        if !inner.core.may_settle_plainly(class) {
            return Plainly::No;
        }
        inner.core.settle_books(&self.signals);
        if inner.core.may_enter_plainly(class) {
            return Plainly::In(Doorway { inner, class, signals: &self.signals });
        }
        match inner.core.refuse_plainly(class, is_try) {
            Some(retry_after) => Plainly::Refused(retry_after),
            None => Plainly::No,
        }
    }

    /// Offers a message for the first time; see [`Verdict`] for who has it afterwards.
    pub(crate) fn offer(
        &self,
        item: &mut Option<T>,
        tag: Tag,
        entrance: Entrance,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let mut inner = self.lock();
        let verdict = inner.core.offer(item, tag, entrance, &self.signals, fx);
        if matches!(verdict, Verdict::In(..)) || inner.crew.is_some() {
            // Of several workers some may sleep while others are in line for a key; and who was let in instead is for them.
            inner.rouse(fx);
        }
        verdict
    }

    /// Counts an offer that was lost before it came here.
    pub(crate) fn offer_lost(&self, class: usize, reason: Reason) {
        let counts = &mut self.lock().core.queue.kinds[class].counts;
        counts.offered += 1;
        counts.lose(Stage::Lost, reason);
    }

    /// How a waiter stands; when it no longer waits, this forgets it. A waiter that waits on is
    /// woken by `waker`.
    pub(crate) fn look(&self, waiter: u32, waker: &Waker) -> Standby<T> {
        let inner = self.lock();
        let lines = &inner.core.lines;
        if !lines.is_waiting(waiter) {
            return Self::collect(inner, waiter);
        }
        if lines.has_waker(waiter, waker) {
            return Standby::Waiting;
        }
        drop(inner);
        self.look_first(waiter, waker)
    }

    /// How a waiter stands that has left no waker yet, or another one.
    ///
    /// A panic of the waker's `clone` goes to the caller before anything has changed; its message
    /// stays in line until the caller drops its future.
    pub(crate) fn look_first(&self, waiter: u32, waker: &Waker) -> Standby<T> {
        let waker = cloned(waker);
        let mut inner = self.lock();
        let lines = &mut inner.core.lines;
        if lines.is_waiting(waiter) {
            let old = lines.leave_waker(waiter, waker);
            drop(inner);
            discard(old);
            return Standby::Waiting;
        }
        let standby = Self::collect(inner, waiter);
        // A panic in its `Drop` must not lose the outcome, which is nowhere else any more.
        discard(waker);
        standby
    }

    /// The outcome of a waiter that no longer waits, which is forgotten.
    fn collect(mut inner: Locked<'_, T, S>, waiter: u32) -> Standby<T> {
        let (standing, last) = inner.core.lines.forget(waiter);
        let room = inner.core.lines.shrink();
        drop(inner);
        drop(room);
        discard(last);
        match standing {
            Some(Standing::In(place)) => Standby::In(place),
            Some(Standing::Promised) => Standby::Promised,
            Some(Standing::Out(item, reason)) => Standby::Out(item, reason),
            Some(Standing::Waiting(_)) | None => unreachable!("a waiter's outcome is collected once"),
        }
    }

    /// A waiter gives up, for this reason.
    pub(crate) fn leave(&self, waiter: u32, reason: Reason, fx: &mut Effects<T>) -> Left<T> {
        let mut inner = self.lock();
        let left = inner.core.leave(waiter, reason, &self.signals, fx);
        inner.rouse_if_filled(fx);
        let (standing, last) = inner.core.lines.forget(waiter);
        let room = inner.core.lines.shrink();
        drop(inner);
        drop(room);
        discard(last);
        match (left, standing) {
            (Some((item, tag)), _) => Left::Back(item, tag),
            (None, Some(Standing::In(place))) => Left::In(place),
            (None, Some(Standing::Promised)) => Left::Promised,
            (None, Some(Standing::Out(item, reason))) => Left::Out(item, reason),
            (None, Some(Standing::Waiting(_)) | None) => unreachable!("a waiter leaves once"),
        }
    }

    /// Whether an admitted message still waits for its turn: it was neither begun nor lost, and
    /// nothing has taken its place.
    pub(crate) fn is_pending(&self, place: Place, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        inner.core.queue.slots.find(place.key, place.id).is_some()
    }

    /// Takes an admitted message back out, unless its turn has begun.
    pub(crate) fn withdraw(&self, place: Place, reason: Reason, fx: &mut Effects<T>) -> Withdrawn {
        let mut inner = self.lock();
        let withdrawn = inner.core.withdraw(place, reason, &self.signals, fx);
        if withdrawn == Withdrawn::Out && inner.is_drained() {
            // The consumer may be waiting before its next instance, for which there is nothing left to do (F2).
            inner.call(fx);
        } else if inner.crew.is_some() {
            // Who gets its slot is for a worker that sleeps, where what had it waited for its key.
            inner.rouse(fx);
        }
        withdrawn
    }
}
