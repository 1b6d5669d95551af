//! Who waits for whom (D1): so that a wait which could only end after its own sender's turn ends fails at once, with the names
//! around it, instead of standing until its deadline.
//!
//! ```text
//!   orders ──asks──► stock ──waits in line──► pricing          a turn, what it waits for, the actor that must move first
//!      ▲                                         │
//!      └────────────────── asks ─────────────────┘             this poll closes the cycle, and is told
//! ```
//!
//! **Picture.** A graph for the whole process, under one lock. Its edges are waits: from a *turn*, which is an actor and one of its
//! workers, to an *actor*, which must end a turn before the wait can end. A wait comes into the graph with its first poll that is
//! pending inside a turn, and goes with its [`Wait`], which lies beside what is undone when the sender goes away.
//!
//! **When is somebody stuck?** An actor is, when it has no further worker to come and the turns of all it has are; a turn is, when any
//! of its waits leads to an actor that is. Of all answers to that the one is meant in which as many as possible are stuck; it is
//! looked for whenever a wait is about to be added, among those who can be reached from it. If it would make its own actor
//! stuck, it is not added.
//!
//! A wait for an actor's end is stuck when the turn of *any* of its workers is: each of them must end.
//!
//! **When is that asked?** When a wait is about to be added, and when a way out goes: a worker leaves its pool, or the supervisor
//! will start no more of them for a while ([`review`]).
//!
//! **Who is told?** The wait that would close the cycle, if it can fail. `closed` and a parent's wait for its children cannot (D3):
//! then another wait of the cycle is *cut*, which is done under the lock, and its task is woken to find that out.
//!
//! **Invariants.**
//! - A wait that is over is none, although whoever waits was not polled since: whether it is still awaited ([`Live`]), still in line
//!   ([`Node::is_stuck_in_line`]) and not too late is asked when somebody looks, never noted.
//! - Looking and adding are one step under the lock: of two actors that close a cycle on two threads, one comes second, and
//!   is told.
//! - After the lock of the graph come the locks of mailboxes and reply slots, never the other way round. Nothing of the user's runs under
//!   it: edges hold cells and slots, so they are dropped when it is free.
//! - A turn that is over waits for nothing, even where a half-polled ask was kept in the actor's state ([`over`]).
//!
//! **What is not seen.** All waits of a turn count as needed, also those of a `select!`. What else could end one is not counted on: a
//! deadline, a ttl, an ask of somebody else that is withdrawn from the full mailbox. On the other hand nothing is said where somebody
//! outside may end a wait: of an answer that is to come by a [`ReplyTo`](crate::ReplyTo), in a line while a permit for a slot of that
//! mailbox is out, of tasks, locks and channels. Such a cycle ends by its deadline.
//!
//! **Price.** Nothing, while nothing waits inside a turn. A wait there costs one allocation, and the lock of the graph at its beginning and
//! at its end; to add it, whoever can be reached from it along waits is looked at. All turns of a process that wait share that lock.

mod graph;
#[cfg(test)]
mod tests;

use crate::clock::Tick;
use crate::error::ActorName;
use crate::reentry;
use crate::sync::Lock;
use crate::wakers::{WakerSlot, cloned, discard, wake};
use graph::Graph;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

/// A turn: nobody runs two at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Waiter {
    /// The actor's [`Node::id`].
    pub(crate) actor: usize,
    /// Which of the actor's workers runs it, from 0.
    pub(crate) worker: u32,
}

/// Who runs an actor's turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crew {
    /// The numbers of all workers that there are.
    pub(crate) workers: Vec<u32>,
    /// Another one may come, also while all of these wait.
    pub(crate) may_grow: bool,
}

/// An actor.
pub(crate) trait Node: Send + Sync {
    /// No two that are alive have the same.
    fn id(&self) -> usize;

    fn name(&self) -> &ActorName;

    fn crew(&self) -> Crew;

    /// Its suspended turn is about to be dropped.
    fn is_killed(&self) -> bool;

    fn has_started(&self) -> bool;

    fn has_ended(&self) -> bool;

    /// Whether a sender is in this actor's line still, and only the beginning of another turn brings it further.
    fn is_stuck_in_line(&self, place: InLine) -> bool;

    /// A sender in this actor's line is part of a cycle. Whether it was let in, because it waits for no better reason than that the
    /// supervisor lowered the effective capacity (P2). Called without any lock.
    fn admit(self: Arc<Self>, place: InLine) -> bool;
}

/// Where a sender stands in line. Numbers of waiters are used again, tickets are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InLine {
    pub(crate) waiter: u32,
    pub(crate) ticket: u64,
}

/// An answer that may still be to come.
pub(crate) trait Live: Send + Sync {
    /// Whether it is awaited, and nobody but the handler could give it.
    fn is_awaited(&self) -> bool;
}

pub(crate) type Awaited = Arc<dyn Live>;

/// What is waited for.
pub(crate) enum What {
    Answer(Awaited),
    Slot(InLine),
    /// The actor's first instance has started.
    Start,
    /// The actor has ended: until then each of its workers must end its turn.
    End,
}

/// A wait that is about to begin.
pub(crate) struct Plan {
    pub(crate) from: Waiter,
    pub(crate) to: Arc<dyn Node>,
    pub(crate) what: What,
    /// When the waiter gives up.
    pub(crate) until: Tick,
    /// The waiter's turn goes on although its actor was killed: a `#[stopped]`.
    pub(crate) outlives_kill: bool,
}

/// A turn waits for what an actor must do first.
struct Edge {
    plan: Plan,
    /// The turn has ended, or the wait was dropped where the graph could not be locked.
    is_over: AtomicBool,
    /// It can be ended from outside; then its waiter is told.
    can_fail: bool,
    /// Woken when it is.
    waker: Lock<WakerSlot>,
    /// The cycle for which it was ended from outside, from its own actor on.
    cut: OnceLock<Names>,
}

impl Edge {
    fn new(plan: Plan, waker: Option<&Waker>) -> Arc<Edge> {
        let (can_fail, mut slot) = (waker.is_some(), WakerSlot::default());
        if let Some(waker) = waker {
            let _none = slot.put(cloned(waker));
        }
        let waker = Lock::new(slot);
        Arc::new(Edge { plan, is_over: AtomicBool::new(false), can_fail, waker, cut: OnceLock::new() })
    }

    fn is_live(&self, now: Tick) -> bool {
        let to = &self.plan.to;
        let is_due = match &self.plan.what {
            What::Answer(answer) => answer.is_awaited(),
            What::Slot(place) => to.is_stuck_in_line(*place),
            What::Start => !to.has_started(),
            What::End => !to.has_ended(),
        };
        is_due && now < self.plan.until && self.cut.get().is_none() && !self.is_over.load(Ordering::Relaxed)
    }

    /// Wakes the waiter, which finds out that its wait was ended. Called without any lock.
    fn wake(&self) {
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

/// The actors around a cycle, from the waiter on that is told.
pub(crate) type Names = Arc<[ActorName]>;

/// A cycle that a wait would close.
struct Cycle {
    names: Names,
    /// The ids of these actors.
    actors: Vec<usize>,
    /// Its waits, beginning with the one that would close it, where it is not closed yet.
    waits: Vec<Arc<Edge>>,
}

impl Cycle {
    /// Ends the first of its waits that can fail, if there is one. To be done under the graph's lock; it is woken later. A wait
    /// that is about to begin is never ended here: only one that cannot fail comes with a call of this.
    fn cut_one(&self) -> Option<Arc<Edge>> {
        let victim = self.waits.iter().find(|edge| edge.can_fail)?;
        let own = self.actors.iter().position(|actor| *actor == victim.plan.from.actor)?;
        let mut names = self.names.to_vec();
        names.rotate_left(own);
        let _ = victim.cut.set(names.into());
        Some(victim.clone())
    }

    /// Lets in a sender that waits in a line of the cycle for no better reason than the supervisor's (P2). Called without any
    /// lock.
    fn admit_one(&self) -> bool {
        self.waits.iter().any(|edge| match edge.plan.what {
            What::Slot(place) => edge.plan.to.clone().admit(place),
            What::Answer(_) | What::Start | What::End => false,
        })
    }
}

static GRAPH: Lock<Graph> = Lock::new(Graph::new());

/// Waits that were dropped in a key's `Eq`, where the graph must not be waited for: its lock comes before those of mailboxes, and
/// one of these is held. The next one that comes to the graph takes them out. Each of them was in the graph, so they are not more
/// than waits were.
static LEFT: Lock<Vec<Arc<Edge>>> = Lock::new(Vec::new());
static HAS_LEFT: AtomicBool = AtomicBool::new(false);

/// Takes out of the graph what was left behind.
fn sweep() {
    // Relaxed: the lock orders the rest, and what is missed is found the next time.
    if !HAS_LEFT.load(Ordering::Relaxed) {
        return;
    }
    HAS_LEFT.store(false, Ordering::Relaxed);
    let left = std::mem::take(&mut *LEFT.lock());
    let edges: Vec<_> = {
        let mut graph = GRAPH.lock();
        left.iter().filter_map(|edge| graph.remove(edge)).collect()
    };
    discard((left, edges));
}

/// A wait that is in the graph, until this is dropped.
pub(crate) struct Wait(Arc<Edge>);

impl Wait {
    /// Whether it is one of the turn that is polled now, and until then.
    pub(crate) fn is_of(&self, from: Waiter, until: Tick) -> bool {
        // Relaxed: a turn and the next one of its worker follow each other anyhow.
        self.0.plan.from == from && self.0.plan.until == until && !self.0.is_over.load(Ordering::Relaxed)
    }

    /// It is polled again, by a task that `waker` wakes.
    ///
    /// # Errors
    /// The names around a cycle, for which it was ended meanwhile.
    pub(crate) fn goes_on(&self, waker: &Waker) -> Result<(), Names> {
        if self.0.can_fail && !self.0.waker.lock().has(waker) {
            let new = cloned(waker);
            let old = self.0.waker.lock().put(new);
            discard(old);
        }
        // After the waker is stored: a cut from now on wakes it.
        self.0.cut.get().map_or(Ok(()), |names| Err(names.clone()))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if reentry::is_in_eq() {
            self.0.is_over.store(true, Ordering::Relaxed);
            LEFT.lock().push(self.0.clone());
            HAS_LEFT.store(true, Ordering::Relaxed);
            return;
        }
        sweep();
        // It may be the last to hold a slot or a cell: dropped after the lock is free. Wakers and answers may panic when they are
        // dropped, and the waiter may be going away because of a panic.
        let edge = GRAPH.lock().remove(&self.0);
        let waker = self.0.waker.lock().take();
        discard((edge, waker));
    }
}

/// A turn begins to wait, and can be told that it must not.
///
/// # Errors
/// The names around a cycle, from the waiter on, that this wait would close: then it is none.
pub(crate) fn begin(plan: Plan, waker: &Waker) -> Result<Wait, Names> {
    sweep();
    let edge = Edge::new(plan, Some(waker));
    loop {
        let mut graph = GRAPH.lock();
        let Some(cycle) = graph.cycle(&edge) else {
            graph.add(edge.clone());
            drop(graph);
            return Ok(Wait(edge));
        };
        drop(graph);
        // Before anybody is refused (P2): with one of them let in, this cycle is none.
        if !cycle.admit_one() {
            return Err(cycle.names);
        }
    }
}

/// A turn begins to wait, and cannot be told that it must not: where the wait closes a cycle, another wait of that cycle is
/// ended. Beside the wait the names around a cycle none of whose waits can fail, from the waiter on.
pub(crate) fn begin_in_any_case(plan: Plan) -> (Wait, Option<Names>) {
    sweep();
    let edge = Edge::new(plan, None);
    loop {
        let mut graph = GRAPH.lock();
        let cycle = graph.cycle(&edge);
        let (is_over, victim) = match &cycle {
            None => (true, None),
            Some(cycle) => (false, cycle.cut_one()),
        };
        if is_over {
            graph.add(edge.clone());
        }
        drop(graph);
        match (cycle, victim) {
            (None, _) => return (Wait(edge), None),
            (Some(_), Some(victim)) => victim.wake(),
            (Some(cycle), None) if cycle.admit_one() => {}
            (Some(cycle), None) => {
                GRAPH.lock().add(edge.clone());
                return (Wait(edge), Some(cycle.names));
            }
        }
    }
}

/// Looks at waits that are in the graph already, because a way out has gone: `node` has one worker fewer, or its supervisor will not
/// start another one for a while. Where they form a cycle, one of them is ended, or else the names around it are returned.
#[cold]
pub(crate) fn review(node: &dyn Node) -> Option<Names> {
    sweep();
    loop {
        let graph = GRAPH.lock();
        let cycle = graph.standing_cycle(node)?;
        drop(graph);
        // Before anybody is refused (P2): with one of them let in, this cycle is none.
        if cycle.admit_one() {
            continue;
        }
        // Looked for again: while the lock was free, the cycle may have ended.
        let graph = GRAPH.lock();
        let cycle = graph.standing_cycle(node)?;
        let victim = cycle.cut_one();
        drop(graph);
        match victim {
            Some(victim) => victim.wake(),
            None => return Some(cycle.names),
        }
    }
}

/// Whether `node` can only move with another worker: each of its turns waits for an actor that is stuck with it.
pub(crate) fn needs_growth(node: &dyn Node) -> bool {
    sweep();
    GRAPH.lock().needs_growth(node)
}

/// The turn has ended: what it began to wait for and has kept for later is no wait of the next one.
#[cold]
pub(crate) fn over(from: Waiter) {
    let edges = GRAPH.lock().take_all(from);
    for edge in edges {
        edge.is_over.store(true, Ordering::Relaxed);
        discard(edge);
    }
}
