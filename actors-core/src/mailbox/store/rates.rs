//! The limiters of a mailbox: one for each message type with a rate, and the actor's own (T7).

use crate::clock::{Span, Tick};
use crate::mailbox::ids::ClassId;
use crate::mailbox::store::class::{ClassState, Classes};
use crate::policy::{Limiter, Limits, Policy, Rate};

/// The limiters. Made with the first rate, so a mailbox without rates has none.
#[derive(Debug)]
pub(in crate::mailbox) struct Rates {
    /// By the first class of each message type.
    own: Box<[Option<Limiter>]>,
    /// That of all types together, apart from those that are exempt.
    shared: Option<Limiter>,
}

/// A rate as it is declared, with its burst.
type Declared = (Rate, Option<u32>);

fn declared(rate: Option<Rate>, burst: Option<usize>) -> Option<Declared> {
    let burst = burst.map(|burst| u32::try_from(burst).unwrap_or(u32::MAX));
    rate.map(|rate| (rate, burst))
}

impl Rates {
    pub(in crate::mailbox) fn new(classes: usize, limits: &Limits) -> Self {
        let shared = declared(limits.rate, limits.burst).map(|(rate, burst)| Limiter::new(rate, burst));
        Rates { own: (0..classes).map(|_| None).collect(), shared }
    }

    /// Sets the rate of a type. One that has changed starts with all its tokens.
    pub(in crate::mailbox) fn set(&mut self, family: ClassId, policy: &Policy) {
        let wanted = declared(policy.rate, policy.burst);
        let own = &mut self.own[family.index()];
        if own.as_ref().map(Limiter::declared) != wanted {
            *own = wanted.map(|(rate, burst)| Limiter::new(rate, burst));
        }
    }

    /// Sets the actor's own rate. One that has changed starts with all its tokens.
    #[cfg(feature = "serde")]
    pub(in crate::mailbox) fn set_shared(&mut self, limits: &Limits) {
        let wanted = declared(limits.rate, limits.burst);
        if self.shared.as_ref().map(Limiter::declared) != wanted {
            self.shared = wanted.map(|(rate, burst)| Limiter::new(rate, burst));
        }
    }

    /// The declared rate of a type.
    pub(in crate::mailbox) fn declared(&self, family: ClassId) -> Option<Declared> {
        self.own[family.index()].as_ref().map(Limiter::declared)
    }

    fn own(&self, state: &ClassState) -> Option<&Limiter> {
        self.own[state.family.index()].as_ref()
    }

    fn shared(&self, state: &ClassState) -> Option<&Limiter> {
        self.shared.as_ref().filter(|_| state.is_shared)
    }

    fn each(&self, state: &ClassState) -> impl Iterator<Item = &Limiter> {
        self.own(state).into_iter().chain(self.shared(state))
    }

    /// When the next message of this type that costs so many tokens may be admitted: `now` or
    /// later.
    pub(in crate::mailbox) fn ready(&self, state: &ClassState, cost: u32, now: Tick) -> Tick {
        self.each(state).map(|limiter| limiter.ready(now, cost)).fold(now, Tick::max)
    }

    /// Whether only the tokens of the actor's rate keep a message of this type out, or, if not
    /// `of_actor`, only those of its type's.
    pub(in crate::mailbox) fn lacks_only(
        &self,
        state: &ClassState,
        of_actor: bool,
        cost: u32,
        now: Tick,
    ) -> bool {
        let lacks = |limiter: Option<&Limiter>| limiter.is_some_and(|limiter| limiter.ready(now, cost) > now);
        let (own, shared) = (lacks(self.own(state)), lacks(self.shared(state)));
        if of_actor { shared && !own } else { own && !shared }
    }

    /// Takes back the tokens of a message that was not admitted after all.
    pub(in crate::mailbox) fn give_back(&mut self, state: &ClassState, cost: u32) {
        let own = self.own[state.family.index()].as_mut();
        let shared = self.shared.as_mut().filter(|_| state.is_shared);
        own.into_iter().chain(shared).for_each(|limiter| limiter.give_back(cost));
    }

    /// The most tokens that a message of this type may cost.
    pub(in crate::mailbox) fn most(&self, state: &ClassState) -> u32 {
        self.each(state).map(Limiter::most).min().unwrap_or(u32::MAX)
    }

    /// Charges a message that is admitted.
    pub(in crate::mailbox) fn take(&mut self, state: &ClassState, cost: u32, now: Tick, has_waited: bool) {
        if let Some(own) = &mut self.own[state.family.index()] {
            own.take(now, cost, has_waited);
        }
        if let Some(shared) = self.shared.as_mut().filter(|_| state.is_shared) {
            shared.take(now, cost, has_waited);
        }
    }

    /// How long it is until there are tokens for one more message, after those of the senders in
    /// line.
    pub(in crate::mailbox) fn wait(&self, classes: &Classes, class: ClassId, cost: u32, now: Tick) -> Span {
        let state = &classes[class];
        let ahead = |counts: &dyn Fn(&ClassState) -> bool| {
            classes.iter().filter(|other| counts(other)).map(|other| other.tokens_ahead).sum::<u64>()
        };
        let wait = |limiter: &Limiter, before: u64| limiter.ready_after(now, before, cost).since(now);
        let own = self.own(state).map(|own| wait(own, ahead(&|other| other.family == state.family)));
        let shared = self
            .shared(state)
            .map(|shared| wait(shared, ahead(&|other| other.is_shared && other.lane() >= state.lane())));
        own.into_iter().chain(shared).max().map_or(Span::NONE, Span::of)
    }

    /// The tokens of the limiter that has fewest.
    pub(in crate::mailbox) fn left(&self, now: Tick) -> Option<usize> {
        self.own.iter().flatten().chain(&self.shared).map(|limiter| limiter.left(now)).min()
    }
}
