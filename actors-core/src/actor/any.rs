//! A cell with the actor's type erased, as the registry and a parent use it.

use super::Actor;
use super::cell::Cell;
use super::ending::{Closed, until_ended};
use crate::clock;
use crate::env::AnyActor;
use crate::error::{ActorName, Detail, StopReason};
#[cfg(feature = "serde")]
use crate::mailbox::{Class, Present};
use crate::mailbox::{Row, RunningClass, WorkerId};
use crate::observe::{ActorView, RunningTurn, VisitBuffers};
use crate::policy::{Cause, Decided, DecisionKind};
use crate::wait::{Names, Node};
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

#[async_trait]
impl<A: Actor> AnyActor for Cell<A> {
    fn id(&self) -> usize {
        Cell::id(self)
    }

    fn name(&self) -> &ActorName {
        self.name()
    }

    fn explain(&self, detail: Detail) {
        self.life.explain(detail);
    }

    fn close(self: Arc<Self>) {
        Cell::close(&self, StopReason::Stopped);
    }

    fn kill(self: Arc<Self>) {
        Cell::kill(&self);
    }

    fn runtime_gone(self: Arc<Self>) {
        if self.outlet.is_some() {
            // It has no task that the runtime could drop.
            if Cell::ended(&self).is_none() {
                self.give_up(StopReason::RuntimeGone);
            }
            return;
        }
        if self.mailbox.start_consumer() {
            // The ended runtime drops the task at once, and dropping the task ends the actor.
            self.start_task(WorkerId::ONLY, None);
        }
    }

    fn restart(self: Arc<Self>) {
        Cell::restart(&self);
    }

    fn fail_by_child(self: Arc<Self>) {
        Cell::fail_by_child(&self);
    }

    fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    async fn closed(self: Arc<Self>) -> StopReason {
        Closed::new(self).await
    }

    async fn ended(self: Arc<Self>) -> Result<StopReason, Names> {
        until_ended(self, true).await
    }

    fn as_node(self: Arc<Self>) -> Arc<dyn Node> {
        self
    }

    fn running(self: Arc<Self>, turns: &mut Vec<RunningClass>) {
        Cell::running(&self, turns);
    }

    fn report_overdue(self: Arc<Self>, turn: &RunningClass, age: Duration) {
        // An actor without a handle is reported as that.
        if self.is_departing() {
            return;
        }
        let message = self.mailbox.class(turn.class).name().into();
        let kind = DecisionKind::TurnOverdue { worker: turn.worker.into(), message, turn: age };
        let cause = Cause::load(self.reading().fill(), None, Duration::ZERO);
        self.system.decision_log().record(self.name(), Decided { kind, cause });
    }

    fn visit(self: Arc<Self>, buffers: &mut VisitBuffers, visit: &mut dyn FnMut(ActorView<'_>)) {
        let VisitBuffers { rows, running, turns } = buffers;
        Cell::rows(&self, rows);
        Cell::running(&self, running);
        let now = clock::now();
        turns.clear();
        turns.extend(running.iter().map(|turn| RunningTurn {
            worker: turn.worker.into(),
            message: self.mailbox.class(turn.class).name(),
            age: turn.began.map(|began| now.since(began)),
        }));
        let departing = Cell::departing(&self);
        let parent = self.parent.as_ref().and_then(|siblings| siblings.parent_name());
        visit(ActorView {
            name: self.name(),
            type_name: A::NAME,
            parent: parent.as_ref(),
            restarts: self.restarted(),
            reading: self.reading(),
            turns,
            unreferenced: departing.map(|(since, _)| since),
            turn: departing.and_then(|(_, turn)| turn),
            rows,
        });
    }

    fn type_name(&self) -> &'static str {
        A::NAME
    }

    fn rows(self: Arc<Self>, rows: &mut Vec<Row>) {
        Cell::rows(&self, rows);
    }

    fn total(self: Arc<Self>) -> Row {
        self.ledger().total()
    }

    fn departing(self: Arc<Self>) -> Option<(Duration, Option<Duration>)> {
        Cell::departing(&self)
    }

    fn report_departing(&self, since: Duration, turn: Duration) {
        let (kind, cause) = (DecisionKind::KeptAlive { turn }, Cause::Unreferenced(since));
        self.system.decision_log().record(self.name(), Decided { kind, cause });
    }

    #[cfg(feature = "serde")]
    fn classes(&self) -> &[Class] {
        self.mailbox.declared_classes()
    }

    #[cfg(feature = "serde")]
    fn present(&self) -> Present {
        self.mailbox.present()
    }

    #[cfg(feature = "serde")]
    fn reconfigure(self: Arc<Self>, from: &Present, to: &Present) -> bool {
        Cell::reconfigure(&self, from, to)
    }

    #[cfg(feature = "serde")]
    fn is_elsewhere(&self) -> bool {
        self.outlet.is_some()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool {
        Cell::is_quiet(&self)
    }
}
