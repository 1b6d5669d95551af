//! From a sample to its consequences: the only place where the supervisor changes an actor.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock::Tick;
use crate::env::{Subject, SubjectState};
use crate::error::ActorName;
use crate::observe::LogLevels;
use crate::policy::{Action, GUESS_FIRST, Level, Limits, Plan, Threshold, soft_limit};
use crate::seed::Purpose;
use crate::wait::{self, Node};
use std::sync::Arc;

impl<A: Actor> Subject for Cell<A> {
    fn initial_state(&self) -> Option<SubjectState> {
        let limits = self.mailbox.limits();
        Some(SubjectState::new(self.reachable(limits.pressure?), limits))
    }

    fn sample(self: Arc<Self>, state: &mut SubjectState, now: Tick) -> bool {
        if self.ended().is_some() {
            return false;
        }
        let shed = self.gate.refused().sum();
        let mut sample = self.visit(|section| section.sample(now, shed));
        for (lane, refused) in self.mailbox.sheddable().into_iter().zip(self.gate.refused()) {
            if let Some(lane) = lane {
                sample.offered[lane] += refused;
            }
        }
        let mut decided = Vec::new();
        let limits = self.mailbox.limits();
        if limits != state.limits {
            self.have_changed(&limits, state);
        }
        let may_spawn = limits.pressure.is_some_and(|pressure| pressure.has(Action::Spawn));
        if may_spawn {
            // The pool may have been resized manually; adopt that size.
            state.controller.set_workers(self.mailbox.workers_wanted(), now);
        }
        if may_spawn && sample.busy > 0 {
            let node: Arc<dyn Node> = self.clone();
            sample.needs_growth = wait::needs_growth(&node);
        }
        let plan = state.controller.decide(&sample, now, &mut decided);
        self.apply_plan(&plan, may_spawn, &mut state.has_soft_limit);
        for decided in decided {
            self.system.decision_log().record(self.name(), decided);
        }
        // Armed under the lock, so that the next message after this sample requests another one.
        !(plan.is_at_rest && self.mailbox.arm())
    }

    fn reset(self: Arc<Self>) {
        self.gate.open();
        self.set_level(Default::default());
        self.gate.set_may_grow(true);
        self.set_soft_limit(false);
    }

    fn rearm(&self) {
        self.mailbox.rearm();
    }

    fn name(&self) -> &ActorName {
        self.name()
    }

    fn log(&self) -> &LogLevels {
        self.system.log()
    }
}

impl<A: Actor> Cell<A> {
    /// Takes over limits that were changed since the last sample.
    #[cold]
    fn have_changed(self: &Arc<Self>, limits: &Limits, state: &mut SubjectState) {
        state.limits = *limits;
        if let Some(pressure) = limits.pressure {
            state.controller.declare(self.reachable(pressure), limits.workers);
        }
        // It is a part of the capacity.
        self.set_soft_limit(state.has_soft_limit);
    }

    /// Applies the parameters of a plan.
    fn apply_plan(self: &Arc<Self>, plan: &Plan, may_spawn: bool, has_soft_limit: &mut bool) {
        self.set_level(plan.level);
        match plan.threshold.is_open() {
            true if self.gate.is_open() => {}
            true => self.gate.open(),
            false => self.shed(plan.threshold),
        }
        // Only on a change: setting it visits every waiting sender.
        if *has_soft_limit != plan.has_soft_limit {
            *has_soft_limit = plan.has_soft_limit;
            self.set_soft_limit(plan.has_soft_limit);
        }
        if may_spawn && plan.workers != self.mailbox.workers_wanted() {
            self.resize(plan.workers);
        }
        // Turns may wait in a cycle that only another worker could have resolved (D1).
        if may_spawn && self.gate.set_may_grow(plan.may_grow) {
            self.review_waits();
        }
    }

    fn set_level(self: &Arc<Self>, level: Level) {
        if self.gate.level() != level {
            self.gate.set_level(level);
            self.publish_pressure();
        }
    }

    /// Sets the threshold at which senders are refused.
    fn shed(self: &Arc<Self>, threshold: Threshold) {
        let now = crate::clock::now();
        let depth = self.visit(|section| section.depth(now));
        let rng = || self.system.seed().of(self.name().as_str()).stream(Purpose::Gate);
        let retry_after = depth.retry_after.unwrap_or(GUESS_FIRST);
        self.gate.set(threshold, &self.mailbox.sheddable(), retry_after, rng);
    }

    /// Sets or clears the soft limit of the mailbox's `block` types.
    fn set_soft_limit(self: &Arc<Self>, has_soft_limit: bool) {
        let limits = self.mailbox.limits();
        let most =
            limits.pressure.filter(|_| has_soft_limit).map(|pressure| soft_limit(&pressure, limits.capacity));
        self.visit(|section| section.set_soft_limit(most.map(|most| most as u32)));
    }
}
