//! An actor of any type, as the registry and a parent's children see it.

use crate::error::{ActorName, Detail, StopReason};
use crate::mailbox::Row;
use crate::observe::ActorSnapshot;
use crate::wait::{Names, Node};
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

#[async_trait]
pub(crate) trait AnyActor: Send + Sync {
    fn id(&self) -> usize;
    fn name(&self) -> &ActorName;
    /// Records why the actor is about to be ended, unless it is ending already.
    fn explain(&self, detail: Detail);
    fn close(self: Arc<Self>);
    fn kill(self: Arc<Self>);
    /// The runtime has ended: an actor without a task ends now, one with a task when its task is dropped.
    fn runtime_gone(self: Arc<Self>);
    /// Replaces the running instance by a new one.
    fn restart(self: Arc<Self>);
    /// A child has failed too often.
    fn fail_by_child(self: Arc<Self>);
    fn has_ended(&self) -> bool;
    async fn closed(self: Arc<Self>) -> StopReason;
    /// Waits for the end. Inside a turn it does not wait where that turn would have to end first and no other wait of the
    /// cycle can fail.
    ///
    /// # Errors
    /// The names around that cycle.
    async fn ended(self: Arc<Self>) -> Result<StopReason, Names>;
    fn as_node(self: Arc<Self>) -> Arc<dyn Node>;
    fn snapshot(self: Arc<Self>) -> ActorSnapshot;
    fn total(self: Arc<Self>) -> Row;
    /// For how long the actor has had no handle, and for how long its latest turn has been running, if one is. `None` while
    /// it has a handle, and after its end.
    fn departing(self: Arc<Self>) -> Option<(Duration, Option<Duration>)>;
    /// Records that it has had no handle for `since`, and that a turn of it does not end.
    fn report_departing(&self, since: Duration, turn: Duration);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool;
}
