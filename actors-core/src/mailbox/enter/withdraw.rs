//! The way back out: a sender that no longer wants its admitted message handled takes it back,
//! unless its turn has begun.

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::enter::outcome::Withdrawal;
use crate::mailbox::item::Item;
use crate::mailbox::section::Section;
use crate::mailbox::store::slots::Place;

impl<T: Item, S> Section<'_, T, S> {
    /// Whether an admitted message still waits for its turn: its turn has not begun, it was not
    /// lost, and no message has taken its place.
    pub(crate) fn is_pending(&mut self, place: Place) -> bool {
        self.settle();
        self.queue.slots.find(place.slot, place.id).is_some()
    }

    /// Takes an admitted message back out and loses it for this reason. A claimed message is
    /// marked, and lost when the consumer looks; but the consumer may have looked already, and be
    /// about to begin its turn.
    pub(crate) fn withdraw(&mut self, place: Place, reason: Reason) -> Withdrawal<()> {
        let withdrawal = self.take_back(place, reason);
        match withdrawal {
            // The consumer may be waiting before its next instance, for which there is nothing left
            // to do (F2).
            Withdrawal::Out(()) if self.is_drained() => self.wake_all(),
            // Its slot may go to a message for a worker that sleeps, because its own had waited for
            // its key.
            _ => self.wake_worker(),
        }
        withdrawal
    }

    fn take_back(&mut self, place: Place, reason: Reason) -> Withdrawal<()> {
        self.settle();
        let Some(entry) = self.queue.slots.find(place.slot, place.id) else { return Withdrawal::Begun };
        if entry.item.is_none() {
            entry.withdrawn_as = Some(reason);
            self.claim.has_withdrawn = true;
            self.signals().interrupt();
            return Withdrawal::Claimed;
        }
        self.lose_queued(place.slot, reason);
        self.grant();
        Withdrawal::Out(())
    }

    /// Takes an admitted message back out as if it had been refused, because its sender's wait
    /// would close a cycle (D1). A claimed message stays where it is.
    pub(crate) fn retract(&mut self, place: Place) -> Withdrawal<T> {
        self.settle();
        let Some(entry) = self.queue.slots.find(place.slot, place.id) else { return Withdrawal::Begun };
        if entry.item.is_none() {
            return Withdrawal::Claimed;
        }
        let Some((item, tag)) = self.take_out(place.slot) else { return Withdrawal::Claimed };
        self.queue.classes[tag.class].counts.lose(Stage::Refused, Reason::WouldDeadlock);
        self.grant();
        if self.is_drained() {
            self.wake_all();
        }
        Withdrawal::Out(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::mailbox::enter::outcome::{Permit, WhenFull};
    use crate::mailbox::ids::ClassId;
    use crate::mailbox::{Class, Effects, Item, Mailbox, Offer};
    use crate::policy::{Policy, Settings};
    use crate::seed::Seed;

    #[derive(Debug)]
    struct Thing;
    impl Item for Thing {}

    #[test]
    fn d1_who_has_a_waiter_s_number_after_it_stands_in_line_for_itself() {
        let limits = Settings::new().capacity(1).reserve(0).limits().unwrap();
        let classes = vec![Class::new("thing", Policy::tell())];
        let mailbox: Mailbox<Thing, ()> =
            Mailbox::new(limits, classes.into(), Some(()), clock::now, Seed::new(1));
        let mut effects = Effects::new();
        let wait = |effects: &mut Effects<Thing>| {
            let offer: Offer<Permit, Thing> =
                mailbox.visit(effects, |section| section.reserve(ClassId::new(0), WhenFull::Wait));
            let Offer::InLine(line) = offer else { panic!("there is no room: {offer:?}") };
            let ticket = mailbox.ticket(line.waiter()).unwrap();
            (line, ticket)
        };
        let tag = mailbox.tag(ClassId::new(0), &Thing, clock::Tick::ZERO, clock::Tick::NEVER).unwrap();
        mailbox.visit(&mut effects, |section| section.offer(Thing, tag, WhenFull::Refuse));
        let (line, ticket) = wait(&mut effects);
        let first = line.waiter();
        assert!(mailbox.is_stuck_in_line(first, ticket).is_some());
        assert!(mailbox.visit(&mut effects, |section| section.give_up(line, Reason::Cancelled)).is_ok());
        assert!(mailbox.is_stuck_in_line(first, ticket).is_none());
        let (line, _) = wait(&mut effects);
        assert_eq!(first, line.waiter());
        assert!(mailbox.is_stuck_in_line(first, ticket).is_none());
    }
}
