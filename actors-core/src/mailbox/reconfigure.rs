//! Limits and policies that change together while the mailbox lives (`System::reconfigure`).
//!
//! ```text
//!   present ──► checked and merged outside of the lock ──► reconfigure(from, to) ──► false: another thread was quicker, once more
//!                                                                 └─► rooms, rates, marks, schedule; the line is looked at again
//! ```
//!
//! A capacity is a number that senders compare: the slots themselves are allocated as they are
//! needed. So a mailbox grows at once, and one that shrinks keeps what it holds and takes nothing
//! new until that has become less than its new capacity.

use crate::mailbox::adjust::LiveTable;
use crate::mailbox::books::watched::Sampling;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::store::queue::Queue;
use crate::policy::{Lanes, Limits, Policy};

/// What can change while a mailbox lives: the limits, and the policy of each message type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Present {
    pub(crate) limits: Limits,
    pub(crate) policies: Vec<Policy>,
}

impl<T: Item, S> Mailbox<T, S> {
    /// The limits and policies as they are now.
    pub(crate) fn present(&self) -> Present {
        self.present_of(&self.lock().core.queue)
    }

    fn present_of(&self, queue: &Queue<T>) -> Present {
        let policies = (0..self.types()).map(|at| self.policy_of(ClassId::new(at), queue)).collect();
        Present { limits: self.limits(), policies }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Changes the actor's limits and the policies of its types, all in one step. `from` is what
    /// the change was made from, as [`Mailbox::present`] returned it: where another thread has
    /// changed something since, nothing is changed here, and the answer is `false`.
    ///
    /// The caller has checked that each change is possible. Slots that are taken stay taken: a
    /// smaller mailbox takes nothing new until it has drained.
    pub(crate) fn reconfigure(&mut self, from: &Present, to: &Present) -> bool {
        let Mailbox { classes, live, declared, .. } = self.mailbox;
        if self.mailbox.present_of(&self.core.queue) != *from {
            return false;
        }
        let (before, limits) = (&from.limits, &to.limits);
        *live.get_or_init(|| LiveTable::new(classes, **declared)).limits.lock() = *limits;
        self.max_waiting = limits.max_waiting;
        if before.schedule != limits.schedule {
            self.schedule = Lanes::new(limits.schedule);
        }
        if before.pressure != limits.pressure {
            self.watched.declare(limits.pressure.as_ref());
        }
        if self.watched.sampling == Sampling::Off && limits.pressure.is_some() {
            self.set_sampling(Sampling::Requested);
            self.effects.requests_sample = true;
        }
        self.queue.limit(classes, limits);
        for (at, of) in classes.iter().enumerate() {
            let policy = &to.policies[of.base.map_or(at, usize::from)];
            live.get().into_iter().for_each(|live| live.classes[at].set(policy));
            let policy = &policy.priority(of.policy.priority).up_to(of.policy.highest);
            self.queue.adjust(ClassId::new(at), policy, limits);
        }
        self.have_changed();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Tick;
    use crate::mailbox::{Class, Effects};
    use crate::policy::Settings;
    use crate::seed::Seed;
    use std::borrow::Cow;

    struct Thing;

    impl Item for Thing {}

    /// What has changed since a copy was taken is not undone by what was worked out from the copy.
    #[test]
    fn p12_a_change_from_what_holds_no_more_changes_nothing() {
        let limits = Settings::new().limits().unwrap();
        let classes = Cow::Owned(vec![Class::new("Thing", Policy::tell())]);
        let mailbox: Mailbox<Thing, ()> = Mailbox::new(limits, classes, None, || Tick::ZERO, Seed::new(7));
        let stale = mailbox.present();
        let change = |from: &Present, to: &Present| {
            mailbox.visit(&mut Effects::new(), |section| section.reconfigure(from, to))
        };
        let mut first = stale.clone();
        first.policies[0] = first.policies[0].max(3);
        assert!(change(&stale, &first));
        let mut second = stale.clone();
        second.limits = Settings::new().capacity(7).limits().unwrap();
        assert!(!change(&stale, &second));
        assert_eq!(mailbox.present(), first);
        let merged = Present { policies: first.policies.clone(), ..second };
        assert!(change(&first, &merged));
        assert_eq!(mailbox.present(), merged);
    }
}
