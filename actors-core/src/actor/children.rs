//! Parents and children: who is concerned by whose failure (F2).
//!
//! ```text
//!   parent's instance ── family ──┬─ a     one_for_one: a alone begins anew
//!                                 ├─ b     one_for_all: b and c, too
//!                                 └─ c     rest_for_one: those after it
//!   too often ──► the child ends, and the parent's instance fails ──► its children end, youngest first ──► a new one
//! ```
//!
//! Children belong to an *instance* of their parent: whoever takes its place starts its own. The parent keeps them alive; they
//! end when it does, when it is replaced, or when they stop.
//!
//! A sibling that is to begin anew has no further turn: its running turn ends first, and its queue stays. So whatever is asked of
//! it from then on is answered by the new instance, and nobody has to wait for anybody: order among siblings comes out of
//! their messages.

use crate::clock::Tick;
use crate::env::AnyActor;
use crate::error::{ActorName, Detail, SpawnError};
use crate::observe::trace;
use crate::policy::Strategy;
use crate::sync::Lock;
use crate::wait::{self, Plan, Waiter, What};
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Children of one instance, at most: each is an actor with a mailbox; more of them than ports are a design that forgets to
/// let them stop.
const CHILDREN_MAX: usize = 65_536;

/// How long the children of an instance that ends may drain, all of them together, before they are killed: their parent waits
/// for them, and somebody waits for the parent. (OTP's default for a worker.)
pub(crate) const CHILDREN_DRAIN: Duration = Duration::from_secs(5);

/// After a kill, how long a parent waits for its children.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// Children that are ended without letting other tasks run. A step costs about a microsecond, so a poll takes a few hundred.
const STEPS_PER_YIELD: usize = 128;

/// The children of one instance.
pub(crate) struct Children {
    parent: Weak<dyn AnyActor>,
    strategy: Strategy,
    list: Lock<List>,
}

/// Every step costs O(log n): an instance with 65,536 children ends in a time that is linear in them.
#[derive(Default)]
struct List {
    /// By number, which is the order of start.
    by_number: BTreeMap<u64, Child>,
    /// The number of each, by its cell's id.
    numbers: HashMap<usize, u64>,
    /// Of the next child.
    next: u64,
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
    /// A handle: the parent keeps it alive.
    _keeper: Box<dyn Any + Send + Sync>,
}

impl Children {
    pub(crate) fn new(parent: Weak<dyn AnyActor>, strategy: Strategy) -> Self {
        Children { parent, strategy, list: Lock::new(List::default()) }
    }

    /// Takes a child in. `false` where the parent has come to its end: then the child is to be closed at once.
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
            // The parent's name may be the last to hold the parent: it is asked for when the lock is free.
            drop(children);
            return Err(SpawnError::TooManyChildren(self.name()));
        }
        let id = cell.id();
        children.add(Child { cell: cell.clone(), _keeper: keeper });
        drop(children);
        if cell.has_ended() {
            // It was found by its name and killed before it was here, and so could not leave.
            self.remove(id);
        }
        Ok(true)
    }

    fn name(&self) -> ActorName {
        self.parent
            .upgrade()
            .map_or_else(|| ActorName::new("a parent that has ended"), |parent| parent.name().clone())
    }

    /// A child has ended.
    pub(crate) fn remove(&self, id: usize) {
        // Dropped after the lock is free: it has a handle.
        let child = self.list.lock().remove(id);
        drop(child);
    }

    /// A child begins anew, and with it whoever the strategy says.
    pub(crate) fn failed(&self, id: usize) {
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
        // The youngest first: it may be built on the others.
        concerned.into_iter().rev().for_each(AnyActor::restart);
    }

    /// A child has failed too often.
    pub(crate) fn gave_up(&self) {
        // An instance that is on its way out takes nobody along.
        let is_closed = self.list.lock().is_closed;
        if let (false, Some(parent)) = (is_closed, self.parent.upgrade()) {
            parent.fail_by_child();
        }
    }

    /// Stops the children, the youngest first, each when the one before has ended; past the limit the rest is killed. `parent` is
    /// the worker whose instance waits for that: a child whose turn waits for the parent is told so at once (D3).
    pub(crate) async fn end(&self, parent: Waiter, limit: Duration) {
        let end = Instant::now() + limit;
        let mut ended = 0;
        while let Some(cell) = self.close() {
            cell.explain(Detail::Parent);
            cell.clone().close();
            // A kill of the parent drops this wait, and an end of its mailbox does not.
            let (to, until) = (cell.clone().as_node(), Tick::NEVER);
            let plan = Plan { from: parent, to, what: What::End, until, outlives_kill: true };
            let (_wait, cycle) = wait::begin_in_any_case(plan);
            if let Some(names) = cycle {
                trace::would_deadlock(&names);
            }
            if tokio::time::timeout_at(end, cell.clone().closed()).await.is_err() {
                return self.end_late().await;
            }
            self.remove(cell.id());
            ended += 1;
            yield_each(ended).await;
        }
    }

    /// Kills the children, and waits for all of them together.
    async fn end_late(&self) {
        let mut killed = Vec::new();
        while let Some(cell) = self.kill_one() {
            killed.push(cell);
            yield_each(killed.len()).await;
        }
        // A turn that is on a thread ends by itself or not at all.
        let end = Instant::now() + KILLED_MAX;
        for cell in killed {
            if tokio::time::timeout_at(end, cell.closed()).await.is_err() {
                return;
            }
        }
    }

    /// Ends the children at once, and lets other tasks run in between.
    pub(crate) async fn end_now(&self) {
        let mut ended = 0;
        while self.kill_one().is_some() {
            ended += 1;
            yield_each(ended).await;
        }
    }

    /// Ends the children at once.
    pub(crate) fn kill(&self) {
        while self.kill_one().is_some() {}
    }

    /// Kills the youngest child that is left.
    fn kill_one(&self) -> Option<Arc<dyn AnyActor>> {
        let cell = self.close()?;
        cell.explain(Detail::Parent);
        cell.clone().kill();
        self.remove(cell.id());
        Some(cell)
    }

    /// From now on no child is taken in. The youngest that is left.
    fn close(&self) -> Option<Arc<dyn AnyActor>> {
        let mut children = self.list.lock();
        children.is_closed = true;
        children.youngest().map(|child| child.cell.clone())
    }
}

/// Yields after so many steps.
async fn yield_each(steps: usize) {
    if steps.is_multiple_of(STEPS_PER_YIELD) {
        tokio::task::yield_now().await;
    }
}
