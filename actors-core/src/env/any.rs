//! An actor with its type erased, as the registry and a parent use it.

use crate::error::{ActorName, Detail, StopReason};
#[cfg(feature = "serde")]
use crate::mailbox::{Class, Present};
use crate::mailbox::{Row, RunningClass};
use crate::observe::{ActorView, VisitBuffers};
use crate::wait::{Names, Node};
use async_trait::async_trait;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// An actor of any type.
#[async_trait]
pub(crate) trait AnyActor: Send + Sync {
    fn id(&self) -> usize;
    fn name(&self) -> &ActorName;
    /// Records why the actor is about to end, unless it is ending already.
    fn explain(&self, detail: Detail);
    fn close(self: Arc<Self>);
    fn kill(self: Arc<Self>);
    /// Ends an actor without a task, because the runtime has ended. An actor with a task ends when
    /// its task is dropped.
    fn runtime_gone(self: Arc<Self>);
    /// Replaces the running instance by a new one; an actor without a factory is killed.
    fn restart(self: Arc<Self>);
    /// Fails the actor, because a child has failed too often.
    fn fail_by_child(self: Arc<Self>);
    fn has_ended(&self) -> bool;
    async fn closed(self: Arc<Self>) -> StopReason;
    /// Waits until the actor has ended.
    ///
    /// # Errors
    /// The names around a wait cycle, if the calling turn would have to end first and no other wait
    /// of the cycle can fail. Then it does not wait.
    async fn ended(self: Arc<Self>) -> Result<StopReason, Names>;
    fn as_node(self: Arc<Self>) -> Arc<dyn Node>;
    /// Calls `visit` once, with no lock held. The content of `buffers` is replaced.
    fn visit(self: Arc<Self>, buffers: &mut VisitBuffers, visit: &mut dyn FnMut(ActorView<'_>));
    /// Replaces the content of `turns` by the turns that run.
    fn running(self: Arc<Self>, turns: &mut Vec<RunningClass>);
    /// Records the decision that a turn has run for `age`.
    fn report_overdue(self: Arc<Self>, turn: &RunningClass, age: Duration);
    fn total(self: Arc<Self>) -> Row;
    fn type_name(&self) -> &'static str;
    /// Replaces the content of `rows` by the rows of its ledger.
    fn rows(self: Arc<Self>, rows: &mut Vec<Row>);
    /// Returns how long the actor has had no handle, and how long its current turn has run, if any.
    /// `None` while it has a handle, and after its end.
    fn departing(self: Arc<Self>) -> Option<(Duration, Option<Duration>)>;
    /// Records the decision that it has had no handle for `since`, and that its turn has run for
    /// `turn`.
    fn report_departing(&self, since: Duration, turn: Duration);
    /// Its message types, with the policies of their declaration.
    #[cfg(feature = "serde")]
    fn classes(&self) -> &[Class];
    /// Its limits and policies as they are now.
    #[cfg(feature = "serde")]
    fn present(&self) -> Present;
    /// Replaces the limits and policies `from` by others, which the caller has checked. `false`
    /// where they are not `from` any more: then nothing has changed.
    #[cfg(feature = "serde")]
    fn reconfigure(self: Arc<Self>, from: &Present, to: &Present) -> bool;
    /// It is an actor in another place (A8).
    #[cfg(feature = "serde")]
    fn is_elsewhere(&self) -> bool;
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    #[cfg(feature = "testing")]
    fn is_quiet(self: Arc<Self>) -> bool;
}
