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

use crate::actor::any::AnyCell;
use crate::clock::Tick;
use crate::error::{ActorName, Detail, SpawnError};
use crate::observe::trace;
use crate::policy::Strategy;
use crate::sync::Lock;
use crate::wait::{self, Plan, Waiter, What};
use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Children of one instance, at most: each is an actor with a mailbox; more of them than ports are a design that forgets to
/// let them stop.
const CHILDREN_MAX: usize = 65_536;

/// How long the children of an instance that ends may drain, all of them together, before they are killed: their parent waits
/// for them, and somebody waits for the parent. (OTP's default for a worker.)
pub(crate) const CHILDREN_DRAIN: Duration = Duration::from_secs(5);

/// After a kill, how long a parent waits for a child.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// The children of one instance.
pub(crate) struct Family {
    parent: Weak<dyn AnyCell>,
    strategy: Strategy,
    children: Lock<Children>,
}

#[derive(Default)]
struct Children {
    /// In order of start.
    list: Vec<Child>,
    is_closed: bool,
}

struct Child {
    cell: Arc<dyn AnyCell>,
    /// A handle: the parent keeps it alive.
    _keeper: Box<dyn Any + Send + Sync>,
}

impl Family {
    pub(crate) fn new(parent: Weak<dyn AnyCell>, strategy: Strategy) -> Self {
        Family { parent, strategy, children: Lock::new(Children::default()) }
    }

    /// Takes a child in. `false` where the parent has come to its end: then the child is to be closed at once.
    pub(crate) fn adopt(
        &self,
        cell: Arc<dyn AnyCell>,
        keeper: Box<dyn Any + Send + Sync>,
    ) -> Result<bool, SpawnError> {
        let mut children = self.children.lock();
        if children.is_closed {
            return Ok(false);
        }
        if children.list.len() >= CHILDREN_MAX {
            // The parent's name may be the last to hold the parent: it is asked for when the lock is free.
            drop(children);
            return Err(SpawnError::TooManyChildren(self.name()));
        }
        children.list.push(Child { cell, _keeper: keeper });
        Ok(true)
    }

    fn name(&self) -> ActorName {
        self.parent
            .upgrade()
            .map_or_else(|| ActorName::new("a parent that has ended"), |parent| parent.name().clone())
    }

    /// A child has ended.
    pub(crate) fn disown(&self, id: usize) {
        let mut children = self.children.lock();
        let found = children.list.iter().position(|child| child.cell.id() == id);
        let child = found.map(|at| children.list.remove(at));
        drop(children);
        drop(child);
    }

    /// A child begins anew, and with it whoever the strategy says.
    pub(crate) fn failed(&self, id: usize) {
        if self.strategy == Strategy::OneForOne {
            return;
        }
        let children = self.children.lock();
        if children.is_closed {
            return;
        }
        let failed = children.list.iter().position(|child| child.cell.id() == id);
        let concerned = |(other, child): (usize, &Child)| {
            failed.filter(|failed| self.strategy.concerns(*failed, other)).map(|_| child.cell.clone())
        };
        let concerned: Vec<_> = children.list.iter().enumerate().filter_map(concerned).collect();
        drop(children);
        // The youngest first: it may be built on the others.
        concerned.into_iter().rev().for_each(AnyCell::renew);
    }

    /// A child has failed too often.
    pub(crate) fn gave_up(&self) {
        // An instance that is on its way out takes nobody along.
        let is_closed = self.children.lock().is_closed;
        if let (false, Some(parent)) = (is_closed, self.parent.upgrade()) {
            parent.fail_by_child();
        }
    }

    /// Stops the children, the youngest first, each when the one before has ended. `parent` is the worker whose instance waits
    /// for that: a child whose turn waits for the parent is told so at once (D3).
    pub(crate) async fn end(&self, parent: Waiter, limit: Duration) {
        let end = Instant::now() + limit;
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
                cell.clone().kill();
                // A turn that is on a thread ends by itself or not at all.
                let _ = tokio::time::timeout(KILLED_MAX, cell.clone().closed()).await;
            }
            self.disown(cell.id());
        }
    }

    /// Ends the children at once.
    pub(crate) fn kill(&self) {
        while let Some(cell) = self.close() {
            cell.explain(Detail::Parent);
            cell.clone().kill();
            self.disown(cell.id());
        }
    }

    /// From now on no child is taken in. The youngest that is left.
    fn close(&self) -> Option<Arc<dyn AnyCell>> {
        let mut children = self.children.lock();
        children.is_closed = true;
        children.list.last().map(|child| child.cell.clone())
    }
}
