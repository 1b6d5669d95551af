//! Parents and children: which siblings restart after a child's failure (F2).
//!
//! ```text
//!   parent's instance ── children ──┬─ a     one_for_one: only the failed child restarts
//!                                   ├─ b     one_for_all: all children restart
//!                                   └─ c     rest_for_one: it and the younger ones restart
//!   too often ──► the child ends, and the parent's instance fails ──► its children end, youngest first ──► a new one
//! ```
//!
//! Children belong to an *instance* of their parent, and the next instance starts its own. The
//! parent keeps them alive. They end with it, when it is replaced, or when they stop.
//!
//! A sibling that restarts finishes its running turn, and takes no other. Its queue stays. So the
//! new instance handles every later message, and siblings need not wait for each other's restart.

use crate::clock::Tick;
use crate::env::AnyActor;
use crate::error::{ActorName, Detail, SpawnError};
use crate::observe::{LogLevels, trace};
use crate::policy::Strategy;
use crate::sync::Lock;
use crate::wait::{self, Plan, Waiter, What};
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// The most children of one instance. Each is an actor with a mailbox; more than 65,536 means that
/// the program forgets to stop them.
const CHILDREN_MAX: usize = 65_536;

/// The time that all children of an ending instance together have to drain before they are killed.
/// Their parent waits for them, and its own callers wait too. (OTP's default for a worker.)
pub(crate) const CHILDREN_DRAIN: Duration = Duration::from_secs(5);

/// The time that a parent waits for its children after it has killed them.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// The number of children that are ended in one poll before other tasks run. Each takes about a
/// microsecond.
const STEPS_PER_YIELD: usize = 128;

/// The children of one instance.
pub(crate) struct Children {
    parent: Weak<dyn AnyActor>,
    strategy: Strategy,
    list: Lock<List>,
    /// The levels of the system's log lines.
    log: LogLevels,
}

/// A list with O(log n) steps, so that ending an instance takes time linear in its children.
#[derive(Default)]
struct List {
    /// Children by number, in the order of their start.
    by_number: BTreeMap<u64, Child>,
    /// The number of each child by its cell's id.
    numbers: HashMap<usize, u64>,
    /// The number of the next child.
    next: u64,
    /// The instance is ending: no child may be added.
    is_closed: bool,
}

impl List {
    fn add(&mut self, child: Child) {
        self.numbers.insert(child.cell.id(), self.next);
        self.by_number.insert(self.next, child);
        self.next += 1;
    }

    fn remove(&mut self, id: usize) -> Option<Child> {
        let number = self.numbers.remove(&id)?;
        self.by_number.remove(&number)
    }

    fn youngest(&self) -> Option<&Child> {
        self.by_number.last_key_value().map(|(_, child)| child)
    }
}

struct Child {
    cell: Arc<dyn AnyActor>,
    /// A handle by which the parent keeps it alive.
    _keeper: Box<dyn Any + Send + Sync>,
}

impl Children {
    pub(crate) fn new(parent: Weak<dyn AnyActor>, strategy: Strategy, log: LogLevels) -> Self {
        Children { parent, strategy, list: Lock::new(List::default()), log }
    }

    /// Adds a child. Returns `false` if the instance is ending: then the caller must close the
    /// child.
    ///
    /// # Errors
    /// There are [`CHILDREN_MAX`] children.
    pub(crate) fn add(
        &self,
        cell: Arc<dyn AnyActor>,
        keeper: Box<dyn Any + Send + Sync>,
    ) -> Result<bool, SpawnError> {
        let mut children = self.list.lock();
        if children.is_closed {
            return Ok(false);
        }
        if children.by_number.len() >= CHILDREN_MAX {
            // Reading the parent's name may drop the last reference to the parent: not under the
            // lock.
            drop(children);
            return Err(SpawnError::TooManyChildren(self.name()));
        }
        let id = cell.id();
        children.add(Child { cell: cell.clone(), _keeper: keeper });
        drop(children);
        if cell.has_ended() {
            // It was found by its name and killed before it was listed, so nothing else removes it.
            self.remove(id);
        }
        Ok(true)
    }

    /// Returns the parent's name, while the parent is alive.
    pub(crate) fn parent_name(&self) -> Option<ActorName> {
        Some(self.parent.upgrade()?.name().clone())
    }

    /// Returns the parent's name for an error.
    pub(crate) fn name(&self) -> ActorName {
        self.parent_name().unwrap_or_else(|| ActorName::new("a parent that has ended"))
    }

    /// Removes a child that has ended.
    pub(crate) fn remove(&self, id: usize) {
        // It has a handle: dropped after the lock is released.
        let child = self.list.lock().remove(id);
        drop(child);
    }

    /// Restarts the siblings that the strategy names, after a child has failed and will restart.
    pub(crate) fn restart_siblings(&self, id: usize) {
        if self.strategy == Strategy::OneForOne {
            return;
        }
        let children = self.list.lock();
        if children.is_closed {
            return;
        }
        let Some(failed) = children.numbers.get(&id).copied() else { return };
        let concerned = |(other, child): (&u64, &Child)| {
            self.strategy.concerns(failed, *other).then(|| child.cell.clone())
        };
        let concerned: Vec<_> = children.by_number.iter().filter_map(concerned).collect();
        drop(children);
        // The youngest first: it may depend on the others.
        concerned.into_iter().rev().for_each(AnyActor::restart);
    }

    /// Fails the parent, because a child has failed too often.
    pub(crate) fn fail_parent(&self) {
        // An instance that is ending does not fail because of a child.
        let is_closed = self.list.lock().is_closed;
        if let (false, Some(parent)) = (is_closed, self.parent.upgrade()) {
            parent.fail_by_child();
        }
    }

    /// Stops the children one after the other, the youngest first. After `limit` it kills the rest.
    ///
    /// `parent` is the worker whose instance waits. If a child's turn waits for the parent, that
    /// wait fails at once (D3).
    pub(crate) async fn end(&self, parent: Waiter, limit: Duration) {
        let end = Instant::now() + limit;
        let mut ended = 0;
        while let Some(cell) = self.close() {
            cell.explain(Detail::Parent);
            cell.clone().close();
            // Killing the parent drops this future; the end of its mailbox does not end the wait.
            let (to, until) = (cell.clone().as_node(), Tick::NEVER);
            let plan = Plan { from: parent, to, what: What::End, until, outlives_kill: true };
            let (_wait, cycle) = wait::begin_in_any_case(plan);
            if let Some(names) = cycle {
                trace::would_deadlock(&self.log, &names);
            }
            if tokio::time::timeout_at(end, cell.clone().closed()).await.is_err() {
                return self.end_late().await;
            }
            self.remove(cell.id());
            ended += 1;
            yield_each(ended).await;
        }
    }

    /// Kills the remaining children, then waits for all of them.
    async fn end_late(&self) {
        let mut killed = Vec::new();
        while let Some(cell) = self.kill_one() {
            killed.push(cell);
            yield_each(killed.len()).await;
        }
        // A turn that runs on a thread cannot be interrupted, and may never end.
        let end = Instant::now() + KILLED_MAX;
        for cell in killed {
            if tokio::time::timeout_at(end, cell.closed()).await.is_err() {
                return;
            }
        }
    }

    /// Kills the children, and lets other tasks run in between.
    pub(crate) async fn end_now(&self) {
        let mut ended = 0;
        while self.kill_one().is_some() {
            ended += 1;
            yield_each(ended).await;
        }
    }

    /// Kills the children without yielding.
    pub(crate) fn kill(&self) {
        while self.kill_one().is_some() {}
    }

    /// Kills and removes the youngest child.
    fn kill_one(&self) -> Option<Arc<dyn AnyActor>> {
        let cell = self.close()?;
        cell.explain(Detail::Parent);
        cell.clone().kill();
        self.remove(cell.id());
        Some(cell)
    }

    /// Closes the list to new children. Returns the youngest child that is left.
    fn close(&self) -> Option<Arc<dyn AnyActor>> {
        let mut children = self.list.lock();
        children.is_closed = true;
        children.youngest().map(|child| child.cell.clone())
    }
}

/// Yields to other tasks after every [`STEPS_PER_YIELD`] steps.
async fn yield_each(steps: usize) {
    if steps.is_multiple_of(STEPS_PER_YIELD) {
        tokio::task::yield_now().await;
    }
}
