//! For waits that would close a cycle (D1): whether one in line can only be ended by a turn, and how a message is taken back whose
//! sender is told that it would wait for ever.

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::enter::verdict::Withdrawn;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::store::slots::Place;

/// What became of the wish to have a message back that its sender had better not have sent.
#[derive(Debug)]
pub(crate) enum Retracted<T> {
    /// It is out, and counts as refused.
    Out(T),
    /// It is claimed, and may be about to begin its turn.
    Claimed,
    Begun,
}

impl<T: Item, S> Section<'_, T, S> {
    /// Whether an admitted message still waits for its turn: it was neither begun nor lost, and
    /// nothing has taken its place.
    pub(crate) fn is_pending(&mut self, place: Place) -> bool {
        self.settle();
        self.queue.slots.find(place.key, place.id).is_some()
    }

    /// Takes an admitted message back out, unless its turn has begun.
    pub(crate) fn withdraw(&mut self, place: Place, reason: Reason) -> Withdrawn {
        let withdrawn = self.take_back(place, reason);
        if withdrawn == Withdrawn::Out && self.is_drained() {
            // The consumer may be waiting before its next instance, for which there is nothing left to do (F2).
            self.wake_all();
        } else {
            // Its slot may go to a message for a worker that sleeps, because its own had waited for its key.
            self.wake_worker();
        }
        withdrawn
    }

    /// Takes an admitted message back out, as if it had been refused, unless it is claimed or its turn has begun.
    pub(crate) fn retract(&mut self, place: Place) -> Retracted<T> {
        let retracted = self.take_back_refused(place);
        if matches!(retracted, Retracted::Out(_)) && self.is_drained() {
            self.wake_all();
        }
        retracted
    }

    /// A waiter is part of a cycle. Whether it was let in, because it waited only for the effective capacity that the supervisor has
    /// lowered, and there is a slot (P2). `ticket` says that the waiter is still the one that is meant.
    ///
    /// Then its note says so. It passes others of its line, who may go on waiting.
    pub(crate) fn admit_waiter(&mut self, waiter: u32, ticket: u64) -> bool {
        self.settle();
        let is_let_in = self.lines.ticket(waiter) == Some(ticket) && self.admit_over_soft_limit(waiter);
        self.wake_if_filled();
        is_let_in
    }

    /// The sender of an admitted message no longer wants it.
    fn take_back(&mut self, place: Place, reason: Reason) -> Withdrawn {
        self.settle();
        let Some(entry) = self.queue.slots.find(place.key, place.id) else { return Withdrawn::Begun };
        if entry.item.is_none() {
            // Claimed: the consumer drops it when it looks.
            entry.doom = Some(reason);
            self.claim.has_doomed = true;
            self.signals().interrupt();
            return Withdrawn::Claimed;
        }
        self.give_up(place.key, reason);
        self.grant();
        Withdrawn::Out
    }

    fn take_back_refused(&mut self, place: Place) -> Retracted<T> {
        self.settle();
        let Some(entry) = self.queue.slots.find(place.key, place.id) else { return Retracted::Begun };
        if entry.item.is_none() {
            return Retracted::Claimed;
        }
        let Some((item, tag)) = self.take_out(place.key) else { return Retracted::Claimed };
        self.queue.kinds[usize::from(tag.class)].counts.lose(Stage::Refused, Reason::WouldDeadlock);
        self.grant();
        Retracted::Out(item)
    }
}

impl<T: Item, S> Mailbox<T, S> {
    /// The arrival number of a waiter that is in line.
    pub(crate) fn ticket(&self, waiter: u32) -> Option<u64> {
        self.lock().core.lines.ticket(waiter)
    }

    /// Whether this waiter is in line still, and nobody but the consumer could let it in: a permit that is out may be given back.
    pub(crate) fn is_stuck_in_line(&self, waiter: u32, ticket: u64) -> bool {
        let inner = self.lock();
        inner.core.queue.permits == 0 && inner.core.lines.ticket(waiter) == Some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::mailbox::{Class, Effects, Entrance, Promise};
    use crate::policy::{Policy, Settings};
    use crate::seed::Seed;

    struct Thing;
    impl Item for Thing {}

    #[test]
    fn d1_who_has_a_waiter_s_number_after_it_stands_in_line_for_itself() {
        let limits = Settings::new().capacity(1).reserve(0).limits().unwrap();
        let classes = vec![Class::new("thing", Policy::tell())];
        let mailbox: Mailbox<Thing, ()> =
            Mailbox::new(limits, classes.into(), Some(()), clock::now, Seed::new(1));
        let mut fx = Effects::new();
        let wait = |fx: &mut Effects<Thing>| {
            let promise = mailbox.visit(fx, |section| section.promise(0, Entrance::Wait));
            let Promise::InLine(waiter) = promise else { panic!("there is no room: {promise:?}") };
            (waiter, mailbox.ticket(waiter).unwrap())
        };
        let tag = mailbox.tag(&Thing, clock::Tick::ZERO, clock::Tick::NEVER).unwrap();
        mailbox.visit(&mut fx, |section| section.offer(&mut Some(Thing), tag, Entrance::Try));
        let (first, ticket) = wait(&mut fx);
        assert!(mailbox.is_stuck_in_line(first, ticket));
        mailbox.visit(&mut fx, |section| section.leave(first, Reason::Cancelled));
        assert!(!mailbox.is_stuck_in_line(first, ticket));
        let (second, _) = wait(&mut fx);
        assert_eq!(first, second);
        assert!(!mailbox.is_stuck_in_line(first, ticket));
    }
}
