//! An actor of any type: what registry and family need of it.

use super::Actor;
use super::cell::Cell;
use super::ending::until_ended;
use crate::error::{ActorName, Detail, StopReason};
use crate::mailbox::Row;
use crate::observe::ActorSnapshot;
use crate::run;
use crate::wait::{Names, Node};
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;

#[async_trait]
pub(crate) trait AnyCell: Send + Sync {
    fn id(&self) -> usize;
    fn name(&self) -> &ActorName;
    /// Says why the actor is about to be ended, unless it is ending already.
    fn explain(&self, detail: Detail);
    fn close(self: Arc<Self>);
    fn kill(self: Arc<Self>);
    /// The runtime has ended: an actor without a task ends now, one with a task when its task is dropped.
    fn runtime_gone(self: Arc<Self>);
    /// A new instance goes on in the place of the one there is.
    fn renew(self: Arc<Self>);
    /// A child has failed too often.
    fn fail_by_child(self: Arc<Self>);
    fn has_ended(&self) -> bool;
    async fn closed(self: Arc<Self>) -> StopReason;
    /// Waits for the end; inside a turn not where that turn would have to end first, and no other wait of the cycle can fail.
    ///
    /// # Errors
    /// The names around that cycle.
    async fn ended(self: Arc<Self>) -> Result<StopReason, Names>;
    fn as_node(self: Arc<Self>) -> Arc<dyn Node>;
    fn snapshot(self: Arc<Self>) -> ActorSnapshot;
    fn total(self: Arc<Self>) -> Row;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool;
}

#[async_trait]
impl<A: Actor> AnyCell for Cell<A> {
    fn id(&self) -> usize {
        Cell::id(self)
    }

    fn name(&self) -> &ActorName {
        &self.name
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
        if self.mailbox.employ() {
            // The runtime drops the task at once, and the task ends the actor.
            run::employ(&self);
        }
    }

    fn renew(self: Arc<Self>) {
        Cell::renew(&self);
    }

    fn fail_by_child(self: Arc<Self>) {
        Cell::fail_by_child(&self);
    }

    fn has_ended(&self) -> bool {
        self.ended().is_some()
    }

    async fn closed(self: Arc<Self>) -> StopReason {
        crate::Closed::new(self).await
    }

    async fn ended(self: Arc<Self>) -> Result<StopReason, Names> {
        until_ended(self, true).await
    }

    fn as_node(self: Arc<Self>) -> Arc<dyn Node> {
        self
    }

    fn snapshot(self: Arc<Self>) -> ActorSnapshot {
        ActorSnapshot::new(self.name.to_string(), A::NAME, self.reading(), self.leaving(), &self.ledger())
    }

    fn total(self: Arc<Self>) -> Row {
        self.ledger().total()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool {
        Cell::is_quiet(&self)
    }
}
