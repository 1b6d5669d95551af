//! What a mailbox offers beside messages: promises of slots, and policies that change while it lives.

use crate::clock::Tick;
use crate::error::{Admission, Reason};
use crate::mailbox::core::{Core, Panicked, Phase};
use crate::mailbox::enter::verdict::{Entrance, Verdict};
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::slots::Tag;
use std::time::Duration;

impl<T: Item, S> Section<'_, T, S> {
    /// Asks for a slot for a message that is yet to come.
    pub(crate) fn promise(&mut self, class: usize, entrance: Entrance) -> Promise {
        let promise = self.decide_promise(class, entrance);
        // Messages that were purged may have kept others from their turns, or have left them a slot.
        self.wake_worker();
        promise
    }

    /// Takes back a permit that is not used.
    pub(crate) fn give_back(&mut self, class: usize) {
        if self.take_permit(class) {
            self.settle();
            self.grant();
            self.wake_if_filled();
        }
    }

    /// Offers a message for which there is a permit, which is used up by it.
    pub(crate) fn redeem(&mut self, item: &mut Option<T>, tag: Tag) -> Verdict {
        let verdict = self.decide_redeem(item, tag);
        self.wake_if_filled();
        verdict
    }

    /// Promises a slot to a message of this type that is yet to come. Never costs anybody else's message.
    fn decide_promise(&mut self, class: usize, entrance: Entrance) -> Promise {
        if self.phase != Phase::Open {
            return Promise::Refused(Reason::Closed, None);
        }
        self.request_sample();
        self.settle();
        if self.queue.kinds[class].in_line == 0 && !self.has_room(class, 0) {
            self.purge_expired();
        }
        if self.queue.kinds[class].in_line == 0 && self.has_room(class, 0) {
            self.give_permit(class);
            return Promise::Given;
        }
        match entrance {
            Entrance::Wait if self.lines.waiting() < self.max_waiting => {
                self.queue.kinds[class].in_line += 1;
                let (tag, types) = (Tag::new(class as u16, self.recent, Tick::NEVER), self.queue.kinds.len());
                // It has no key yet.
                let key = self.lines.join(None, tag, false, types);
                self.hurry();
                Promise::InLine(key)
            }
            _ => Promise::Refused(Reason::Full, self.retry_after(class).get()),
        }
    }

    /// A message for which there is a permit. Its slot is certain; its bytes, and its key's share, are not, because they were not known.
    fn decide_redeem(&mut self, item: &mut Option<T>, mut tag: Tag) -> Verdict {
        let class = usize::from(tag.class);
        self.queue.kinds[class].counts.offered += 1;
        let Some(newcomer) = item.as_ref().filter(|_| self.take_permit(class)) else {
            return self.refuse(class, Reason::Closed);
        };
        self.request_sample();
        self.stamp(&mut tag);
        let verdict = match self.find_twin(newcomer, &tag) {
            Err(Panicked) => self.lose_newcomer(class, Reason::Panicked),
            Ok(Some(twin)) if self.has_bytes(class, self.bytes_over(twin, &tag)) => {
                Verdict::In(self.conflate(twin, item.take(), tag), Admission::Conflated)
            }
            Ok(None)
                if self.has_bytes(class, tag.weight.into()) && !self.queue.is_key_full(class, tag.hash) =>
            {
                Verdict::In(self.push(item.take(), tag), Admission::Queued)
            }
            Ok(_) if self.queue.kinds[class].room_bytes < u64::from(tag.weight) => {
                self.refuse_for_good(class)
            }
            Ok(_) => self.refuse(class, Reason::Full),
        };
        // Where it did not need the slot, somebody else may have it.
        self.grant();
        verdict
    }
}

impl<T: Item> Core<T> {
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
}

/// What became of the wish for a permit.
#[derive(Debug)]
pub(crate) enum Promise {
    Given,
    InLine(u32),
    Refused(Reason, Option<Duration>),
}
