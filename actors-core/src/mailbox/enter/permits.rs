//! What a mailbox offers beside messages: promises of slots, and policies that change while it lives.

use crate::clock::Tick;
use crate::error::{Admission, Reason};
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::effects::Effects;
use crate::mailbox::enter::verdict::{Entrance, Verdict};
use crate::mailbox::item::Item;
use crate::mailbox::section::Mailbox;
use crate::mailbox::signals::Signals;
use crate::mailbox::store::slots::Tag;
use std::time::Duration;

impl<T: Item, S> Mailbox<T, S> {
    /// Asks for a slot for a message that is yet to come.
    pub(crate) fn promise(&self, class: usize, entrance: Entrance, fx: &mut Effects<T>) -> Promise {
        let mut inner = self.lock();
        let promise = inner.core.promise(class, entrance, &self.signals, fx);
        if inner.crew.is_some() {
            // Of what died meanwhile some may have stood in the way of others, whose key is free, or have left them its slot.
            inner.rouse(fx);
        }
        promise
    }

    /// A permit goes unused.
    pub(crate) fn give_back(&self, class: usize, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        if inner.core.take_permit(class) {
            inner.core.settle(&self.signals, fx);
            inner.core.grant(&self.signals, fx);
            inner.rouse_if_filled(fx);
        }
    }

    /// Offers a message for which there is a permit, which is used up by it.
    pub(crate) fn redeem(&self, item: &mut Option<T>, tag: Tag, fx: &mut Effects<T>) -> Verdict {
        let mut inner = self.lock();
        let verdict = inner.core.redeem(item, tag, &self.signals, fx);
        inner.rouse_if_filled(fx);
        verdict
    }
}

impl<T: Item> Core<T> {
    /// Promises a slot to a message of this type that is yet to come. Never costs anybody else's message.
    pub(in crate::mailbox) fn promise(
        &mut self,
        class: usize,
        entrance: Entrance,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Promise {
        if self.phase != Phase::Open {
            return Promise::Refused(Reason::Closed, None);
        }
        self.ring(fx);
        self.settle(signals, fx);
        if self.queue.kinds[class].in_line == 0 && !self.has_room(class, 0) {
            self.bury(signals, fx);
        }
        if self.queue.kinds[class].in_line == 0 && self.has_room(class, 0) {
            self.give_permit(class);
            return Promise::Given;
        }
        match entrance {
            Entrance::Wait if self.lines.waiting() < self.max_waiting => {
                self.queue.kinds[class].in_line += 1;
                let key = self.lines.join(
                    None,
                    Tag::new(class as u16, self.recent, Tick::NEVER),
                    // It has no key yet.
                    false,
                    self.queue.kinds.len(),
                );
                self.hurry(signals, fx);
                Promise::InLine(key)
            }
            _ => Promise::Refused(Reason::Full, self.retry_after(class).get()),
        }
    }

    pub(in crate::mailbox) fn give_permit(&mut self, class: usize) {
        self.queue.permits += 1;
        self.queue.kinds[class].permits += 1;
    }

    /// A permit is given back, or about to be used. `false` when it was revoked: admission is closed.
    pub(in crate::mailbox) fn take_permit(&mut self, class: usize) -> bool {
        if self.phase != Phase::Open {
            return false;
        }
        self.queue.permits -= 1;
        self.queue.kinds[class].permits -= 1;
        true
    }

    /// Revokes every permit (F4).
    pub(in crate::mailbox) fn revoke_permits(&mut self) {
        self.queue.permits = 0;
        self.queue.kinds.iter_mut().for_each(|kind| kind.permits = 0);
    }

    /// A message for which there is a permit. Its slot is certain; its bytes, and its key's share, are not, because they were not known.
    pub(in crate::mailbox) fn redeem(
        &mut self,
        item: &mut Option<T>,
        mut tag: Tag,
        signals: &Signals,
        fx: &mut Effects<T>,
    ) -> Verdict {
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.offered += 1;
        let Some(newcomer) = item.as_ref().filter(|_| self.take_permit(class)) else {
            return self.refuse(class, Reason::Closed);
        };
        self.ring(fx);
        self.stamp(&mut tag);
        let verdict = match self.find_twin(newcomer, &tag) {
            Err(Panicked) => self.lose_newcomer(class, Reason::Panicked),
            Ok(Some(twin)) if self.has_bytes(class, self.bytes_over(twin, &tag)) => {
                Verdict::In(self.conflate(twin, item.take(), tag, fx), Admission::Conflated)
            }
            Ok(None)
                if self.has_bytes(class, tag.weight.into()) && !self.queue.is_key_full(class, tag.hash) =>
            {
                Verdict::In(self.push(item.take(), tag, signals), Admission::Queued)
            }
            Ok(_) if self.queue.kinds[class].room_bytes < u64::from(tag.weight) => {
                self.refuse_for_good(class)
            }
            Ok(_) => self.refuse(class, Reason::Full),
        };
        // Where it did not need the slot, somebody else may have it.
        self.grant(signals, fx);
        verdict
    }
}

/// What became of the wish for a permit.
#[derive(Debug)]
pub(crate) enum Promise {
    Given,
    InLine(u32),
    Refused(Reason, Option<Duration>),
}
