//! The way in, as a sender sees it: a slot at once, a verdict, a place in line, and the way back out.

use crate::clock::{Span, Tick};
use crate::mailbox::effects::Wake;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Inner, Locked, Mailbox};
use crate::mailbox::signals::Signals;
use crate::mailbox::store::slots::Place;

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
    pub(crate) fn fill(&mut self, make: impl FnOnce() -> T) -> Wake {
        let Inner { core, .. } = &mut *self.inner;
        core.enter_plainly(make, self.class, Tick::ZERO, Tick::NEVER, self.signals);
        self.inner.wake_one()
    }

    /// The same for a message that is worthless after `deadline`; it was offered at `stamp`. Where it is.
    pub(crate) fn fill_until(
        &mut self,
        make: impl FnOnce() -> T,
        stamp: Tick,
        deadline: Tick,
    ) -> (Place, Wake) {
        let Inner { core, .. } = &mut *self.inner;
        let place = core.enter_plainly(make, self.class, stamp, deadline, self.signals);
        (place, self.inner.wake_one())
    }
}

impl<T: Item, S> Mailbox<T, S> {
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
}
