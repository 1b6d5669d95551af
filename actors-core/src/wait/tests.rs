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
    fn is_stuck_in_line(&self, place: InLine) -> bool {
        place.ticket == 1 && !self.has_admitted.load(Ordering::Relaxed)
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
    let (workers, may_grow) = (AtomicU32::new(workers), AtomicBool::new(false));
    let (is_killed, has_admitted) = (AtomicBool::new(false), AtomicBool::new(false));
    Arc::new(Actor { id, name, waits, workers, may_grow, is_killed, has_admitted })
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
