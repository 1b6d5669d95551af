//! Policies that change while the mailbox lives.

use crate::clock::Span;
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::{Class, Item};
use crate::mailbox::section::{Mailbox, Section};
use crate::mailbox::store::queue::Queue;
use crate::policy::{InvalidPolicy, Limits, Policy};
use crate::sync::Lock;
use crate::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

impl<T: Item, S> Mailbox<T, S> {
    /// Returns the policy of a class as it is now: the declared one, with every setting that
    /// `adjust` may change read back from where the mailbox keeps it.
    pub(crate) fn policy(&self, class: ClassId) -> Policy {
        self.policy_of(class, &self.lock().core.queue)
    }

    pub(super) fn policy_of(&self, class: ClassId, queue: &Queue<T>) -> Policy {
        let state = &queue.classes[class];
        let mut policy = self.classes[class.index()].policy;
        policy.overflow = state.overflow;
        policy.max = (state.max != u32::MAX).then_some(state.max as usize);
        policy.max_per_key = state.max_per_key();
        policy.early = state.early;
        let declared = queue.rates.as_ref().and_then(|rates| rates.declared(state.family));
        policy.rate = declared.map(|(rate, _)| rate);
        policy.burst = declared.and_then(|(_, burst)| burst).map(|burst| burst as usize);
        policy.ttl = self.ttl(class);
        policy.timeout = self.timeout(class);
        policy
    }

    /// The ttl of a class, as it is now.
    #[inline]
    pub(crate) fn ttl(&self, class: ClassId) -> Option<Duration> {
        match self.live.get() {
            None => self.classes[class.index()].policy.ttl,
            Some(live) => Span::from_nanos(live.classes[class.index()].ttl_ns.load(Ordering::Relaxed)).get(),
        }
    }

    /// The default deadline of a class, as it is now.
    pub(crate) fn timeout(&self, class: ClassId) -> Duration {
        match self.live.get() {
            None => self.classes[class.index()].policy.timeout,
            Some(live) => {
                Duration::from_nanos(live.classes[class.index()].timeout_ns.load(Ordering::Relaxed))
            }
        }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Changes the policy of a class, in what `wanted` changes of the policy that it was made from:
    /// another thread may have changed the rest meanwhile.
    ///
    /// # Errors
    /// The word that cannot be, or that cannot change while the mailbox lives.
    pub(crate) fn adjust(
        &mut self,
        class: ClassId,
        made_from: &Policy,
        wanted: &Policy,
    ) -> Result<(), InvalidPolicy> {
        let Mailbox { classes, live, .. } = self.mailbox;
        let now = self.mailbox.policy_of(class, &self.core.queue);
        let policy = &now.changed(made_from, wanted);
        policy.check()?;
        classes[class.index()].policy.check_change(policy)?;
        let limits = self.mailbox.limits();
        let live = live.get_or_init(|| LiveTable::new(classes, *self.mailbox.declared));
        let family = Some(class.index() as u16);
        for (at, of) in
            classes.iter().enumerate().filter(|(at, of)| *at == class.index() || of.base == family)
        {
            live.classes[at].set(policy);
            let policy = &policy.priority(of.policy.priority).up_to(of.policy.highest);
            self.queue.adjust(ClassId::new(at), policy, &limits);
        }
        self.have_changed();
        Ok(())
    }

    /// Does what follows a change of limits or policies: more room, or tokens, may be what a sender
    /// waits for.
    pub(super) fn have_changed(&mut self) {
        self.review_all();
        self.settle();
        self.forget_ticks();
    }
}

/// The parts of a policy that are read without the lock. Each is a number of its own: a send may
/// see one changed and the other not yet.
#[derive(Debug)]
pub(super) struct Live {
    ttl_ns: AtomicU64,
    timeout_ns: AtomicU64,
}

/// What has changed since the actor started, for readers without the mailbox's lock.
#[derive(Debug)]
pub(super) struct LiveTable {
    /// One for each class.
    pub(super) classes: Box<[Live]>,
    /// Locked for a copy, also under the mailbox's lock.
    pub(super) limits: Lock<Limits>,
}

impl LiveTable {
    pub(super) fn new(classes: &[Class], limits: Limits) -> Box<Self> {
        let classes = classes.iter().map(|class| Live::new(&class.policy)).collect();
        Box::new(LiveTable { classes, limits: Lock::new(limits) })
    }

    pub(super) fn limits(&self) -> Limits {
        *self.limits.lock()
    }
}

impl Live {
    fn new(policy: &Policy) -> Self {
        let live = Live { ttl_ns: AtomicU64::new(Span::NONE.nanos()), timeout_ns: AtomicU64::new(0) };
        live.set(policy);
        live
    }

    pub(super) fn set(&self, policy: &Policy) {
        // Relaxed: nothing else is published by it.
        self.ttl_ns.store(policy.ttl.map_or(Span::NONE, Span::of).nanos(), Ordering::Relaxed);
        self.timeout_ns.store(Span::of(policy.timeout).nanos(), Ordering::Relaxed);
    }
}
