//! The numbers of a mailbox as its handles show them, and changes of its policies.

use super::Cell;
use crate::actor::Actor;
use crate::clock;
#[cfg(feature = "serde")]
use crate::mailbox::Present;
use crate::mailbox::{ClassId, Effects, Ledger, Place, Row, RunningClass, add_shed};
use crate::observe::Reading;
use crate::policy::{InvalidPolicy, Policy};
use std::sync::Arc;

impl<A: Actor> Cell<A> {
    /// Takes a reading of the mailbox.
    pub(crate) fn reading(self: &Arc<Self>) -> Reading {
        let now = clock::now();
        let depth = self.visit(|section| section.depth(now));
        let (limits, is_alive) = (self.mailbox.limits(), self.ended().is_none());
        Reading::new(&depth, limits, is_alive, self.gate.level(), self.jobs_running())
    }

    /// Replaces limits and policies while the actor runs. `false` where they are not `from` any
    /// more.
    #[cfg(feature = "serde")]
    pub(crate) fn reconfigure(self: &Arc<Self>, from: &Present, to: &Present) -> bool {
        let has_changed = self.visit(|section| section.reconfigure(from, to));
        if has_changed {
            if self.mailbox.is_pool() {
                self.resize(self.mailbox.workers_wanted());
            }
            self.refresh_marks();
        }
        has_changed
    }

    /// Returns whether a message that was admitted at `place` still waits for its turn.
    pub(crate) fn is_pending(self: &Arc<Self>, place: Place) -> bool {
        self.visit(|section| section.is_pending(place))
    }

    /// Returns the ledger, including what the gate has refused.
    pub(crate) fn ledger(self: &Arc<Self>) -> Ledger {
        let mut effects = Effects::new();
        let mut ledger = self.mailbox.ledger(&mut effects);
        ledger.add_shed(self.refused_by_gate());
        self.apply(&mut effects);
        ledger
    }

    /// What the gate has refused, by message type.
    pub(super) fn refused_by_gate(&self) -> impl Iterator<Item = (usize, u64)> {
        self.mailbox.type_of_each().zip(self.gate.refused())
    }

    /// Replaces the content of `rows` by the rows of the ledger. It allocates only if `rows` lacks
    /// room.
    pub(crate) fn rows(self: &Arc<Self>, rows: &mut Vec<Row>) {
        let mut effects = Effects::new();
        self.mailbox.rows(rows, &mut effects);
        add_shed(rows, self.refused_by_gate());
        self.apply(&mut effects);
    }

    /// Replaces the content of `turns` by the turns that run. An actor in another place has none
    /// here.
    pub(crate) fn running(self: &Arc<Self>, turns: &mut Vec<RunningClass>) {
        turns.clear();
        if self.outlet.is_none() && !self.mailbox.is_untouched() {
            self.visit(|section| section.running(turns));
        }
    }

    /// Changes a message type's policy.
    ///
    /// # Errors
    /// Why the change is not possible at run time.
    pub(crate) fn adjust(
        self: &Arc<Self>,
        class: ClassId,
        change: impl FnOnce(Policy) -> Policy,
    ) -> Result<(), InvalidPolicy> {
        // The closure is foreign code, and runs without a lock.
        let made_from = self.mailbox.policy(class);
        let wanted = change(made_from);
        self.visit(|section| section.adjust(class, &made_from, &wanted))
    }

    /// Returns whether the actor has ended, or is idle.
    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(self: &Arc<Self>) -> bool {
        let now = clock::now();
        let depth = self.visit(|section| section.depth(now));
        // An actor in another place has nothing queued here, and no instance that could be idle.
        let is_idle = depth.is_idle || self.outlet.is_some() && self.ledger().total().in_service == 0;
        self.ended().is_some() || is_idle
    }
}
