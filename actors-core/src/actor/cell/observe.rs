//! What observes an actor's turns: the meter of its system (L6), and spans (L7).

use super::Cell;
use crate::actor::Actor;
use crate::clock::Tick;
use crate::current;
use crate::error::Reason;
use crate::mailbox::ClassId;
use crate::observe::span::{self, ActorSpan, Origin, TurnSpan};
use crate::observe::{ObservedTurn, Observers, TurnSpans};

impl<A: Actor> Cell<A> {
    /// Whether turns have spans.
    #[inline(always)]
    pub(crate) fn has_turn_spans(&self) -> bool {
        span::is_wanted() && self.allows_turn_spans()
    }

    #[cold]
    fn allows_turn_spans(&self) -> bool {
        self.system.turn_spans() != TurnSpans::Off
    }

    /// Returns the span of this thread, for a message that is sent now; `None` where turns have no
    /// spans.
    #[inline(always)]
    pub(crate) fn origin(&self) -> Option<Origin> {
        if self.has_turn_spans() { Origin::current() } else { None }
    }

    /// Whether turns that begin now may be observed.
    #[inline]
    pub(crate) fn may_observe(&self) -> bool {
        self.turn_sampler.is_some() || self.has_turn_spans()
    }

    /// Counts a turn that begins, and returns what observes it.
    #[inline(always)]
    pub(crate) fn observers(&self) -> Observers {
        Observers {
            samples: self.turn_sampler.as_ref().is_some_and(|sampler| sampler.is_due()),
            has_span: self.has_turn_spans(),
        }
    }

    /// Begins a turn that is observed: enters its span, and returns what observes it, if the
    /// subscriber wants it after all. `origin` gives the span of its sender.
    #[inline(never)]
    pub(crate) fn begin_observed(
        &self,
        observers: Observers,
        class: ClassId,
        stamp: Tick,
        origin: impl FnOnce() -> Option<Origin>,
    ) -> Option<Box<ObservedTurn>> {
        let sampler = self.turn_sampler.as_ref().filter(|_| observers.samples);
        let sampled = sampler.map(|sampler| sampler.begin(class, stamp));
        let span = if observers.has_span { self.begin_span(class, origin) } else { None };
        (sampled.is_some() || span.is_some()).then(|| Box::new(ObservedTurn { sampled, span }))
    }

    /// Like [`begin_observed`](Cell::begin_observed), for a turn that its sender runs. Also returns
    /// the span that the turn is to enter: the actor's, unless the turn is in a span of its own.
    #[inline]
    pub(crate) fn begin_observed_here(
        &self,
        observers: Observers,
        class: ClassId,
    ) -> (Option<Box<ObservedTurn>>, &ActorSpan) {
        match observers.any() {
            true => self.begin_donated(observers, class),
            false => (None, &self.span),
        }
    }

    #[inline(never)]
    fn begin_donated(&self, observers: Observers, class: ClassId) -> (Option<Box<ObservedTurn>>, &ActorSpan) {
        let turn = self.begin_observed(observers, class, Tick::ZERO, Origin::current);
        let has_span = turn.as_ref().is_some_and(|turn| turn.span.is_some());
        (turn, if has_span { &span::NO_SPAN } else { &self.span })
    }

    #[cold]
    fn begin_span(&self, class: ClassId, origin: impl FnOnce() -> Option<Origin>) -> Option<TurnSpan> {
        // The turn has not begun: what a subscriber sends is not sent by it.
        let _outside = current::enter(current::Turn::NONE);
        TurnSpan::begin(self.system.turn_spans(), self.name(), self.mailbox.class(class).name(), origin)
    }

    /// Ends an observed turn: leaves and closes its span, and reports it to the meter if it is
    /// sampled. It has ended after `failed`, or by returning.
    #[cold]
    #[expect(
        clippy::boxed_local,
        reason = "unboxed by each caller it would be copied in the code of every turn"
    )]
    pub(crate) fn end_observed(&self, turn: Box<ObservedTurn>, failed: Option<Reason>) {
        // The turn is over: what a subscriber or the meter sends is not sent by it.
        let _outside = current::enter(current::Turn::NONE);
        let ObservedTurn { sampled, span } = *turn;
        if let Some(span) = span {
            span.close();
        }
        let (Some(sampler), Some(turn)) = (&self.turn_sampler, sampled) else { return };
        let message = |class| self.mailbox.class(class).name();
        sampler.end(turn, (self.name(), A::NAME), message, failed);
    }
}
