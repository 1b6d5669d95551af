//! The graph by itself, with actors that are only numbers.

use super::edge::{Cycle, Edge};
use super::search::Growth;
use super::{Deadlock, InLine, Live, Node, Plan, Waiter, Waits, What, WorkerSet, begin};
use crate::clock::{self, Tick};
use crate::error::ActorName;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Waker;
use std::time::Duration;

struct Actor {
    id: usize,
    name: ActorName,
    waits: Arc<Waits>,
    workers: AtomicU32,
    /// The number of the worker that is leaving; 0 for none.
    leaving: AtomicU32,
    /// Permits given so far; none of them is out.
    permits: AtomicU32,
    may_grow: AtomicBool,
    is_killed: AtomicBool,
    has_admitted: AtomicBool,
}

impl Node for Actor {
    fn id(&self) -> usize {
        self.id
    }

    fn name(&self) -> &ActorName {
        &self.name
    }

    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn worker_set(&self) -> WorkerSet {
        WorkerSet {
            workers: (0..self.workers.load(Ordering::Relaxed)).collect(),
            leaving: Some(self.leaving.load(Ordering::Relaxed)).into_iter().filter(|it| *it > 0).collect(),
            may_grow: self.may_grow.load(Ordering::Relaxed),
        }
    }

    fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::Relaxed)
    }

    fn has_started(&self) -> bool {
        false
    }

    fn has_ended(&self) -> bool {
        false
    }

    /// The sender with ticket 1.
    fn is_stuck_in_line(&self, place: InLine) -> Option<u64> {
        let is_stuck = place.ticket == 1 && !self.has_admitted.load(Ordering::Relaxed);
        is_stuck.then_some(self.permits.load(Ordering::Relaxed).into())
    }

    /// Waiter 5.
    fn admit(self: Arc<Self>, place: InLine) -> bool {
        place.waiter == 5 && !self.has_admitted.swap(true, Ordering::Relaxed)
    }
}

fn waits() -> Arc<Waits> {
    Arc::new(Waits::new(Deadlock::On))
}

fn actor(waits: &Arc<Waits>, id: usize, workers: u32) -> Arc<Actor> {
    let waits = waits.clone();
    let name = ActorName::new(&id.to_string());
    let (workers, leaving, permits) = (AtomicU32::new(workers), AtomicU32::new(0), AtomicU32::new(0));
    let may_grow = AtomicBool::new(false);
    let (is_killed, has_admitted) = (AtomicBool::new(false), AtomicBool::new(false));
    Arc::new(Actor { id, name, waits, workers, leaving, permits, may_grow, is_killed, has_admitted })
}

fn actors<const N: usize>(waits: &Arc<Waits>) -> [Arc<Actor>; N] {
    std::array::from_fn(|id| actor(waits, id, 1))
}

struct Awaited(AtomicBool);

impl Live for Awaited {
    fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn edge(from: (&Arc<Actor>, u32), to: &Arc<Actor>, what: What, until: Tick) -> Arc<Edge> {
    let from = Waiter { actor: from.0.id, worker: from.1 };
    let plan = Plan { from, to: to.clone(), what, until, outlives_kill: false };
    Edge::new(plan, Some(Waker::noop()))
}

fn ask(from: (&Arc<Actor>, u32), to: &Arc<Actor>) -> Arc<Edge> {
    edge(from, to, What::Answer(Arc::new(Awaited(AtomicBool::new(true)))), Tick::NEVER)
}

/// Adds a wait. Returns the names around the cycle that it closes, if it closes one: then it is
/// removed again.
fn offer(graph: &Waits, new: &Arc<Edge>) -> Vec<String> {
    graph.add(new);
    let closed = graph.reached_by(new).and_then(|reached| reached.cycle_of(new));
    let Some(cycle) = closed else { return Vec::new() };
    graph.remove(new);
    cycle.names.iter().map(ToString::to_string).collect()
}

/// The cycle that waits form through an actor.
fn standing_cycle(graph: &Waits, actor: &Arc<Actor>) -> Option<Cycle> {
    let node: Arc<dyn Node> = actor.clone();
    graph.reached_from(&node, Growth::Allowed)?.standing_cycle()
}

fn needs_growth(actor: &Arc<Actor>) -> bool {
    let node: Arc<dyn Node> = actor.clone();
    super::needs_growth(&node)
}

const NO_CYCLE: [&str; 0] = [];

#[test]
fn d1_names_are_those_of_a_shortest_cycle_in_order() {
    let graph = &waits();
    let [a, b, c, d, e] = &actors(graph);
    // The long way round, a dead end, and the short way.
    for (from, to) in [(b, c), (c, d), (d, a), (b, e), (b, d)] {
        assert_eq!(offer(graph, &ask((from, 0), to)), NO_CYCLE);
    }
    assert_eq!(offer(graph, &ask((a, 0), b)), ["0", "1", "3"]);
    assert_eq!(offer(graph, &ask((e, 0), e)), ["4"]);
}

#[test]
fn d1_a_pool_is_part_of_a_cycle_only_when_every_worker_is() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    let pool = &actor(graph, 7, 2);
    assert_eq!(offer(graph, &ask((pool, 0), a)), NO_CYCLE);
    assert_eq!(offer(graph, &ask((a, 0), pool)), NO_CYCLE, "the other worker has nothing to do");
    let second = ask((pool, 1), b);
    assert_eq!(offer(graph, &second), NO_CYCLE, "the other worker waits for an actor that has nothing to do");
    assert_eq!(offer(graph, &ask((b, 0), pool)), ["1", "7"]);
    graph.remove(&second);
    assert_eq!(offer(graph, &ask((b, 0), pool)), NO_CYCLE);
    assert_eq!(offer(graph, &ask((pool, 1), a)), ["7", "0"], "the last worker closes it");
    assert_eq!(offer(graph, &ask((pool, 1), pool)), ["7"]);
}

#[test]
fn d1_a_pool_with_a_worker_that_will_be_free_is_part_of_no_cycle() {
    let graph = &waits();
    let [a, b, c] = &actors(graph);
    let pool = &actor(graph, 7, 2);
    for (from, to) in [((pool, 0), a), ((pool, 1), b), ((b, 0), c)] {
        assert_eq!(offer(graph, &ask(from, to)), NO_CYCLE);
    }
    assert_eq!(offer(graph, &ask((a, 0), pool)), NO_CYCLE, "c has nothing to do, so b will be answered");
    assert_eq!(offer(graph, &ask((c, 0), a)), ["2", "0", "7", "1"]);
}

#[test]
fn d1_a_pool_that_may_grow_is_part_of_no_cycle() {
    let graph = &waits();
    let [a] = &actors(graph);
    let pool = &actor(graph, 7, 1);
    pool.may_grow.store(true, Ordering::Relaxed);
    let asks = ask((pool, 0), a);
    assert_eq!(offer(graph, &ask((a, 0), pool)), NO_CYCLE);
    assert_eq!(offer(graph, &asks), NO_CYCLE);
    graph.remove(&asks);
    pool.may_grow.store(false, Ordering::Relaxed);
    assert_eq!(offer(graph, &asks), ["7", "0"]);
}

#[test]
fn d1_waits_that_formed_no_cycle_do_when_the_pool_they_lead_to_cannot_grow_any_more() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    let pool = &actor(graph, 7, 2);
    pool.may_grow.store(true, Ordering::Relaxed);
    let waits = [ask((pool, 0), a), ask((a, 0), pool), ask((pool, 1), pool)];
    for wait in &waits {
        assert_eq!(offer(graph, wait), NO_CYCLE);
    }
    let standing = |graph: &Waits| {
        let cycle = standing_cycle(graph, pool)?;
        Some(cycle.names.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert!(standing(graph).is_none() && needs_growth(pool));
    pool.may_grow.store(false, Ordering::Relaxed);
    assert_eq!(standing(graph).unwrap(), ["7", "0"]);
    // Ended, it is no wait any more, and its worker has a way.
    let cut = standing_cycle(graph, pool).unwrap().cut_one().unwrap();
    assert!(Arc::ptr_eq(&cut, &waits[0]) && standing(graph).is_none() && !needs_growth(pool));
    assert_eq!(offer(graph, &ask((pool, 0), b)), NO_CYCLE);
    assert!(standing(graph).is_none() && !needs_growth(pool), "it waits for an actor that is free");
    // Fewer workers: the one that is left waits for the pool alone.
    graph.take_all(Waiter { actor: 7, worker: 1 });
    assert!(standing_cycle(graph, pool).is_none());
    pool.workers.store(1, Ordering::Relaxed);
    assert!(standing(graph).is_none());
}

/// A worker that is leaving takes no turn, so its waits matter only for its actor's end.
#[test]
fn d3_a_worker_that_is_leaving_its_pool_keeps_the_actor_from_ending_and_from_nothing_else() {
    for (what, is_cycle) in [(What::End, true), (What::Start, false)] {
        let graph = &waits();
        let [a] = &actors(graph);
        let pool = &actor(graph, 7, 1);
        pool.leaving.store(3, Ordering::Relaxed);
        assert_eq!(offer(graph, &edge((a, 0), pool, what, Tick::NEVER)), NO_CYCLE);
        let closes = offer(graph, &ask((pool, 3), a));
        assert_eq!(closes == ["7", "0"], is_cycle, "{closes:?}");
    }
}

/// A pool without a worker is ending, and then no wait for it is left. Only those that are leaving
/// can delay that.
#[test]
fn d1_a_pool_without_workers_is_stuck_only_by_those_that_are_leaving() {
    let graph = &waits();
    let [a] = &actors(graph);
    let (pool, none) = (&actor(graph, 7, 2), &actor(graph, 8, 0));
    assert_eq!(offer(graph, &ask((pool, 0), none)), NO_CYCLE);
    assert_eq!(offer(graph, &ask((pool, 1), a)), NO_CYCLE);
    assert_eq!(offer(graph, &ask((a, 0), pool)), NO_CYCLE, "worker 0 will be free");
    let graph = &waits();
    none.leaving.store(3, Ordering::Relaxed);
    assert_eq!(offer(graph, &ask((none, 3), a)), NO_CYCLE);
    assert_eq!(offer(graph, &ask((a, 0), none)), ["0", "8"], "the last one asks an actor that waits for it");
}

#[test]
fn d1_of_several_workers_that_wait_for_each_other_all_must() {
    let graph = &waits();
    let (p, q) = (&actor(graph, 1, 2), &actor(graph, 2, 2));
    for (from, worker, to) in [(p, 0, q), (p, 1, q), (q, 0, p)] {
        assert_eq!(offer(graph, &ask((from, worker), to)), NO_CYCLE);
    }
    assert_eq!(offer(graph, &ask((q, 1), p)), ["2", "1"]);
}

#[test]
fn d1_a_wait_that_is_over_closes_nothing() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    let now = clock::now();
    let past = edge((b, 0), a, What::Answer(Arc::new(Awaited(AtomicBool::new(true)))), now);
    let answered = edge((b, 0), a, What::Answer(Arc::new(Awaited(AtomicBool::new(false)))), Tick::NEVER);
    let let_in = edge((b, 0), a, What::Slot(InLine { waiter: 0, ticket: 2 }), Tick::NEVER);
    for over in [past, answered, let_in] {
        let graph = &waits();
        assert_eq!(offer(graph, &over), NO_CYCLE);
        assert_eq!(offer(graph, &ask((a, 0), b)), NO_CYCLE);
        let graph = &waits();
        assert_eq!(offer(graph, &ask((a, 0), b)), NO_CYCLE);
        assert_eq!(offer(graph, &over), NO_CYCLE, "nor does it when it is new");
    }
    let graph = &waits();
    let in_line = edge((b, 0), a, What::Slot(InLine { waiter: 0, ticket: 1 }), now.after(Duration::MAX));
    assert_eq!(offer(graph, &in_line), NO_CYCLE);
    assert_eq!(offer(graph, &ask((a, 0), b)), ["0", "1"]);
}

#[test]
fn d1_who_is_killed_waits_for_nobody() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    assert_eq!(offer(graph, &ask((b, 0), a)), NO_CYCLE);
    b.is_killed.store(true, Ordering::Relaxed);
    assert_eq!(offer(graph, &ask((a, 0), b)), NO_CYCLE);
}

#[test]
fn p2_who_waits_in_line_for_no_good_reason_is_let_in_before_anybody_is_refused() {
    let [a, b, c] = &actors(&waits());
    let wait = |from: &Arc<Actor>, to: &Arc<Actor>, what| {
        let from = Waiter { actor: from.id, worker: 0 };
        let plan = Plan { from, to: to.clone(), what, until: Tick::NEVER, outlives_kill: false };
        begin(plan, Waker::noop())
    };
    let answer = || What::Answer(Arc::new(Awaited(AtomicBool::new(true))));
    let slot = |waiter| What::Slot(InLine { waiter, ticket: 1 });
    for waiter in [5, 6] {
        let is_let_in = waiter == 5;
        b.has_admitted.store(false, Ordering::Relaxed);
        let _first = wait(a, b, slot(waiter)).ok().unwrap();
        let _second = wait(b, c, answer()).ok().unwrap();
        assert_eq!(
            wait(c, a, answer()).is_ok(),
            is_let_in,
            "it is a wait of the cycle, not the one that closes it"
        );
        assert_eq!(b.has_admitted.load(Ordering::Relaxed), is_let_in);
        // Its own.
        assert_eq!(wait(c, c, slot(waiter)).is_ok(), is_let_in);
        c.has_admitted.store(false, Ordering::Relaxed);
    }
}

#[test]
fn p2_a_wait_that_cannot_fail_lets_a_sender_in_before_it_ends_another_wait() {
    let [a, b] = &actors(&waits());
    let wait = |from: &Arc<Actor>, to: &Arc<Actor>, what| {
        let from = Waiter { actor: from.id, worker: 0 };
        Plan { from, to: to.clone(), what, until: Tick::NEVER, outlives_kill: false }
    };
    // Waiter 5 stands in line only because of the supervisor's limit.
    let slot = What::Slot(InLine { waiter: 5, ticket: 1 });
    let in_line = begin(wait(a, b, slot), Waker::noop()).ok().unwrap();
    let (_end, names) = super::begin_in_any_case(wait(b, a, What::End));
    assert!(names.is_none() && b.has_admitted.load(Ordering::Relaxed));
    assert!(in_line.goes_on(Waker::noop()).is_ok(), "it was let in, and not ended");
}

#[test]
fn d1_the_waits_of_a_turn_that_is_over_are_taken_out_and_no_others() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    let pool = &actor(graph, 7, 2);
    let first = ask((pool, 0), a);
    for edge in [&first, &ask((pool, 0), b), &ask((pool, 1), a)] {
        assert_eq!(offer(graph, edge), NO_CYCLE);
    }
    assert_eq!(graph.take_all(first.plan.from).len(), 2);
    assert!(graph.remove(&first).is_none());
    assert_eq!(graph.take_all(Waiter { actor: 7, worker: 1 }).len(), 1);
    assert!(graph.take_all(first.plan.from).is_empty());
}

#[test]
fn d1_long_chains_and_wide_ones_are_looked_through() {
    let graph = &waits();
    let chain: Vec<_> = (0..2000).map(|id| actor(graph, id, 1)).collect();
    for pair in chain.windows(2) {
        assert_eq!(offer(graph, &ask((&pair[0], 0), &pair[1])), NO_CYCLE);
    }
    let last = &chain[1999];
    assert_eq!(offer(graph, &ask((last, 0), &chain[0])).len(), 2000);
    assert_eq!(
        offer(graph, &ask((last, 0), &chain[1990])),
        (1990..2000).map(|id| id.to_string()).cycle().skip(9).take(10).collect::<Vec<_>>()
    );
    for to in &chain[1..] {
        graph.add(&ask((&chain[0], 0), to));
    }
    assert_eq!(offer(graph, &ask((last, 0), &chain[0])), ["1999", "0"]);
}

#[test]
fn d1_a_wait_that_is_dropped_in_a_key_s_eq_does_not_wait_for_the_graph() {
    let [a, b] = &actors(&waits());
    let plan = Plan {
        from: Waiter { actor: a.id, worker: 0 },
        to: b.clone(),
        what: What::Answer(Arc::new(Awaited(AtomicBool::new(true)))),
        until: Tick::NEVER,
        outlives_kill: false,
    };
    let wait = begin(plan, Waker::noop()).ok().unwrap();
    let deciding = a.waits.hold_arbiter();
    let (done, is_done) = std::sync::mpsc::sync_channel(1);
    let dropping = std::thread::spawn(move || {
        crate::reentry::guarded(7, || drop(wait));
        done.send(()).unwrap();
    });
    // A limit that only a failure reaches.
    let came = is_done.recv_timeout(Duration::from_secs(30));
    drop(deciding);
    dropping.join().unwrap();
    came.expect("the thread waits for the graph while it holds a mailbox's lock");
    assert_eq!(Arc::strong_count(b), 1, "what was left behind is gone");
}

/// A decision whose search has seen a wait in line is repeated where a permit was out before the
/// search was confirmed: the wait did not count all the time, so the cycle may never have stood.
#[test]
fn d1_a_wait_in_line_that_a_permit_interrupted_is_looked_at_once_more() {
    let graph = &waits();
    let [a, b] = &actors(graph);
    let looks = Arc::new(AtomicU32::new(0));
    struct Looked(Arc<AtomicU32>, Arc<Actor>);
    impl Live for Looked {
        /// A permit is given and used while the search goes on, for the first two times.
        fn is_awaited(&self) -> bool {
            if self.0.fetch_add(1, Ordering::Relaxed) < 2 {
                self.1.permits.fetch_add(1, Ordering::Relaxed);
            }
            true
        }
    }
    let in_line = edge((a, 0), b, What::Slot(InLine { waiter: 0, ticket: 1 }), Tick::NEVER);
    let answer = What::Answer(Arc::new(Looked(looks.clone(), b.clone())));
    graph.add(&in_line);
    let asks = edge((b, 0), a, answer, Tick::NEVER);
    graph.add(&asks);
    let decided = graph.decide(|| graph.reached_by(&asks), |reached| reached.cycle_of(&asks), |_| ());
    assert!(decided.is_some());
    // It looks at this wait before a search, in it, and to confirm it. The second look has given a
    // permit after the wait in line was seen, so that the first search is not confirmed.
    assert_eq!(looks.load(Ordering::Relaxed), 5, "searched twice");
}

/// What a search holds is dropped after the locks. Only a debug build knows whether a thread holds
/// one.
#[cfg(debug_assertions)]
mod last_references {
    use super::*;
    use crate::sync::Lock;

    /// An answer that runs a step of another thread when it is looked at, and says in its `Drop`
    /// whether the thread held a lock.
    struct Watched {
        /// Returns whether the answer is awaited.
        look: Box<dyn Fn() -> bool + Send + Sync>,
        /// Runs in its `Drop`.
        end: Box<dyn Fn() + Send + Sync>,
    }

    impl Live for Watched {
        fn is_awaited(&self) -> bool {
            (self.look)()
        }
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            (self.end)();
        }
    }

    /// A wait that another thread removes from the graph. Then the search has the last reference.
    type Removed = Arc<Lock<Option<Arc<Edge>>>>;

    fn remove(graph: &Waits, wait: &Removed) {
        let edge = wait.lock().take();
        drop(edge.map(|edge| (graph.remove(&edge), edge)));
    }

    /// A wait that is over, and whose last reference a decision has, is dropped after the arbiter's
    /// lock: it may hold an answer, a waker or a cell, whose `Drop` is foreign code.
    #[test]
    fn b6_a_wait_that_a_decision_was_the_last_to_hold_is_dropped_without_a_lock() {
        let graph = &waits();
        let [a, b, c] = &actors(graph);
        let (removed, held) = (Removed::default(), Arc::new(Lock::new(None)));
        let (place, shared, seen) = (removed.clone(), graph.clone(), held.clone());
        let look = move || {
            if crate::sync::holds_lock() {
                remove(&shared, &place);
            }
            false
        };
        let end = move || {
            let is_held = crate::sync::holds_lock();
            *seen.lock() = Some(is_held);
        };
        let answer = Watched { look: Box::new(look), end: Box::new(end) };
        let over = edge((b, 0), c, What::Answer(Arc::new(answer)), Tick::NEVER);
        graph.add(&over);
        *removed.lock() = Some(over);
        graph.add(&ask((b, 0), a));
        let from = Waiter { actor: a.id, worker: 0 };
        let what = What::Answer(Arc::new(Awaited(AtomicBool::new(true))));
        let plan = Plan { from, to: b.clone(), what, until: Tick::NEVER, outlives_kill: false };
        assert_eq!(begin(plan, Waker::noop()).err().unwrap().len(), 2);
        let held = *held.lock();
        assert_eq!(held, Some(false), "dropped, and under no lock");
    }

    /// A panic in the `Drop` of an answer whose wait was part of a decided cycle does not reach the
    /// waiter that is told of the cycle.
    #[test]
    fn f1_a_cycle_that_was_the_last_to_hold_a_wait_drops_it_without_a_panic() {
        let graph = &waits();
        let [a, b] = &actors(graph);
        let (removed, looks) = (Removed::default(), AtomicU32::new(0));
        let (place, shared) = (removed.clone(), graph.clone());
        let look = move || {
            // Once in the decision's search, and once more when that is confirmed.
            if crate::sync::holds_lock() && looks.fetch_add(1, Ordering::Relaxed) == 1 {
                remove(&shared, &place);
            }
            true
        };
        let end = || std::panic::resume_unwind(Box::new("on purpose"));
        let answer = Watched { look: Box::new(look), end: Box::new(end) };
        let wait = edge((b, 0), a, What::Answer(Arc::new(answer)), Tick::NEVER);
        graph.add(&wait);
        *removed.lock() = Some(wait);
        let from = Waiter { actor: a.id, worker: 0 };
        let what = What::Answer(Arc::new(Awaited(AtomicBool::new(true))));
        let plan = Plan { from, to: b.clone(), what, until: Tick::NEVER, outlives_kill: false };
        assert_eq!(begin(plan, Waker::noop()).err().unwrap().len(), 2);
        let left = removed.lock().take();
        assert!(left.is_none());
    }
}
