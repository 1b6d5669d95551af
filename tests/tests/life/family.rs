//! F2: parents and children, strategies, escalation, and the order in which they end.

use actors_core::prelude::*;
use actors_core::{Restart, Strategy, testing};
use actors_tests::{HOUR, SECOND, others, poll, run};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A panic that nobody prints.
fn give_in() -> ! {
    std::panic::resume_unwind(Box::new("on purpose"))
}

/// What happened in a tree, in order, and who is there.
#[derive(Default)]
struct Book {
    lines: Mutex<Vec<String>>,
    /// How many instances there are of each, and how many there ever were.
    alive: Mutex<BTreeMap<String, (i64, u32)>>,
    handles: Mutex<BTreeMap<String, NodeHandle>>,
}

impl Book {
    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    fn births(&self, name: &str) -> u32 {
        self.alive.lock().unwrap().get(name).map_or(0, |counts| counts.1)
    }

    fn nobody_is_left(&self) {
        let alive = self.alive.lock().unwrap();
        assert!(alive.values().all(|(alive, _)| *alive == 0), "{alive:?}");
    }

    /// The child that is there now.
    fn child(&self, name: &str) -> NodeHandle {
        self.handles.lock().unwrap()[name].clone()
    }

    /// Whoever keeps no handles keeps nobody alive.
    fn forget(&self) {
        self.handles.lock().unwrap().clear();
    }
}

/// A node of a tree: what it is called, what its children are, how it deals with them.
#[derive(Clone)]
struct Plan {
    name: String,
    restart: Restart,
    strategy: Strategy,
    has_factory: bool,
    /// How long its end takes.
    rest: Duration,
    children: Vec<Plan>,
}

impl Plan {
    fn leaf(name: &str) -> Plan {
        Plan {
            name: name.to_owned(),
            restart: always(),
            strategy: Strategy::OneForOne,
            has_factory: true,
            rest: Duration::ZERO,
            children: Vec::new(),
        }
    }

    fn of(name: &str, strategy: Strategy, children: impl IntoIterator<Item = Plan>) -> Plan {
        Plan { strategy, children: children.into_iter().collect(), ..Plan::leaf(name) }
    }

    fn restart(self, restart: Restart) -> Plan {
        Plan { restart, ..self }
    }

    fn rest(self, rest: Duration) -> Plan {
        Plan { rest, ..self }
    }
}

fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

/// The first failure is one too many.
fn once() -> Restart {
    Restart::on_failure().at_most(0, HOUR)
}

struct Node {
    plan: Plan,
    book: Arc<Book>,
    /// Work it has seen, and no other instance.
    seen: u32,
}

impl Node {
    fn new(plan: &Plan, book: &Arc<Book>) -> Node {
        let mut alive = book.alive.lock().unwrap();
        let counts = alive.entry(plan.name.clone()).or_default();
        *counts = (counts.0 + 1, counts.1 + 1);
        drop(alive);
        Node { plan: plan.clone(), book: book.clone(), seen: 0 }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut alive = self.book.alive.lock().unwrap();
        alive.entry(self.plan.name.clone()).or_default().0 -= 1;
    }
}

#[actor(local, capacity = 64, reserve = 0)]
impl Node {
    #[started]
    async fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        for plan in self.plan.children.clone() {
            let (book, restart, strategy, name) =
                (self.book.clone(), plan.restart, plan.strategy, plan.name.clone());
            let handle: NodeHandle = if plan.has_factory {
                let make = move || Node::new(&plan, &book);
                ctx.actor(make).restart(restart).strategy(strategy).spawn()?
            } else {
                ctx.instance(Node::new(&plan, &book)).strategy(strategy).spawn()?
            };
            self.book.handles.lock().unwrap().insert(name, handle);
        }
        Ok(())
    }

    #[message(overflow = block)]
    fn work(&mut self) -> u32 {
        self.seen += 1;
        self.seen
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.book.write(format!("{} {n}", self.plan.name));
    }

    #[message(overflow = block)]
    fn fail(&mut self) {
        give_in();
    }

    #[message]
    async fn fail_later(&mut self, after: Duration) {
        tokio::time::sleep(after).await;
        give_in();
    }

    #[message(overflow = block, timeout = "1h")]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        self.seen += 1;
        self.seen
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    #[stopped]
    async fn end(&mut self, why: StopReason) {
        tokio::time::sleep(self.plan.rest).await;
        self.book.write(format!("{} {why:?}", self.plan.name));
    }
}

/// Starts a tree, and waits until all of it is there.
async fn grow(system: &System, plan: Plan) -> (Arc<Book>, NodeHandle) {
    let book = Arc::<Book>::default();
    let (made, restart, strategy) = (book.clone(), plan.restart, plan.strategy);
    let root: NodeHandle = if plan.has_factory {
        system.actor(move || Node::new(&plan, &made)).restart(restart).strategy(strategy).spawn().unwrap()
    } else {
        system.instance(Node::new(&plan, &made)).strategy(strategy).spawn().unwrap()
    };
    root.ready().await.unwrap();
    testing::quiet(system).await;
    (book, root)
}

fn leaves(names: &[&str]) -> Vec<Plan> {
    names.iter().map(|name| Plan::leaf(name)).collect()
}

// --- strategies ------------------------------------------------------------------------------------------------------

async fn who_begins_anew(system: &System, strategy: Strategy, failing: &str) -> [u32; 4] {
    let (book, root) = grow(system, Plan::of("root", strategy, leaves(&["a", "b", "c", "d"]))).await;
    for name in ["a", "b", "c", "d"] {
        assert_eq!(book.child(name).work().await.unwrap(), 1);
    }
    let _ = book.child(failing).fail().await;
    testing::quiet(system).await;
    let births = ["a", "b", "c", "d"].map(|name| book.births(name));
    for (name, births) in ["a", "b", "c", "d"].into_iter().zip(births) {
        let fresh = if births == 2 { 1 } else { 2 };
        assert_eq!(
            book.child(name).work().await.unwrap(),
            fresh,
            "{name}: the same handle leads to the new one"
        );
    }
    assert_eq!(book.births("root"), 1);
    root.stop().await;
    book.nobody_is_left();
    births
}

#[test]
fn f2_one_for_one_only_the_child_that_failed_begins_anew() {
    run(async |system| {
        assert_eq!(who_begins_anew(&system, Strategy::OneForOne, "b").await, [1, 2, 1, 1]);
    });
}

#[test]
fn f2_one_for_all_all_children_begin_anew() {
    run(async |system| {
        assert_eq!(who_begins_anew(&system, Strategy::OneForAll, "b").await, [2, 2, 2, 2]);
    });
}

#[test]
fn f2_rest_for_one_those_that_were_started_later_begin_anew() {
    run(async |system| {
        assert_eq!(who_begins_anew(&system, Strategy::RestForOne, "b").await, [1, 2, 2, 2]);
    });
}

#[test]
fn f2_a_sibling_that_begins_anew_keeps_its_queue_and_ends_its_turn() {
    run(async |system| {
        let plan = Plan::of("root", Strategy::OneForAll, leaves(&["a", "b"]));
        let (book, _root) = grow(&system, plan).await;
        let (a, b) = (book.child("a"), book.child("b"));
        let mut rests = Box::pin(b.rest(SECOND).into_future());
        assert!(poll(&mut rests).is_pending());
        others().await;
        for n in 0..3 {
            b.note(n).await.unwrap();
        }
        let _ = a.fail().await;
        others().await;
        assert_eq!(book.births("b"), 1, "its turn is not cut off");
        assert_eq!(rests.await.unwrap(), 1);
        testing::quiet(&system).await;
        assert_eq!(book.births("b"), 2);
        assert_eq!(book.lines(), ["b Restarted", "b 0", "b 1", "b 2"]);
        let total = b.ledger().total();
        assert_eq!((total.offered, total.handled), (4, 4), "the books are kept");
    });
}

#[test]
fn f2_siblings_that_fail_at_once_begin_anew_once() {
    run(async |system| {
        let plan = Plan::of("root", Strategy::OneForOne, leaves(&["a", "b", "c"]));
        let (book, _root) = grow(&system, Plan { strategy: Strategy::OneForAll, ..plan }).await;
        for name in ["a", "b", "c"] {
            book.child(name).fail_later(SECOND).await.unwrap();
        }
        testing::quiet(&system).await;
        for name in ["a", "b", "c"] {
            assert_eq!(book.births(name), 2, "{name}");
            assert_eq!(book.child(name).work().await.unwrap(), 1);
        }
    });
}

#[test]
fn f2_a_child_without_a_factory_that_fails_is_nobody_else_s_affair() {
    run(async |system| {
        let single = Plan { has_factory: false, ..Plan::leaf("b") };
        let plan = Plan::of("root", Strategy::OneForAll, [Plan::leaf("a"), single]);
        let (book, root) = grow(&system, plan).await;
        let _ = book.child("b").fail().await;
        assert_eq!(book.child("b").closed().await, StopReason::Panicked);
        testing::quiet(&system).await;
        assert_eq!((book.births("root"), book.births("a"), book.births("b")), (1, 1, 1));
        assert!(!root.is_closed());
    });
}

#[test]
fn f2_where_all_begin_anew_a_child_without_a_factory_ends() {
    run(async |system| {
        let single = Plan { has_factory: false, ..Plan::leaf("b") };
        let plan = Plan::of("root", Strategy::OneForAll, [Plan::leaf("a"), single]);
        let (book, _root) = grow(&system, plan).await;
        let _ = book.child("a").fail().await;
        assert_eq!(book.child("b").closed().await, StopReason::Killed);
    });
}

#[test]
fn f2_a_child_that_stops_is_no_failure() {
    run(async |system| {
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForAll, leaves(&["a", "b"]))).await;
        book.child("a").stop_yourself().await.unwrap();
        assert_eq!(book.child("a").closed().await, StopReason::Stopped);
        book.child("b").kill();
        assert_eq!(book.child("b").closed().await, StopReason::Killed);
        testing::quiet(&system).await;
        assert_eq!((book.births("root"), book.births("a"), book.births("b")), (1, 1, 1));
        assert!(!root.is_closed());
    });
}

// --- escalation -------------------------------------------------------------------------------------------------------

#[test]
fn f2_a_child_that_fails_too_often_takes_its_parent_s_instance_along() {
    run(async |system| {
        let children = [Plan::leaf("a"), Plan::leaf("b").restart(once()), Plan::leaf("c")];
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, children)).await;
        let (old_a, old_b) = (book.child("a"), book.child("b"));
        assert_eq!(root.work().await.unwrap(), 1);
        let _ = old_b.fail().await;
        testing::quiet(&system).await;
        assert_eq!(old_b.closed().await, StopReason::Panicked);
        assert_eq!(old_a.closed().await, StopReason::Stopped, "the children of the old instance end");
        for name in ["root", "a", "b", "c"] {
            assert_eq!(book.births(name), 2, "{name}");
        }
        assert_eq!(root.work().await.unwrap(), 1, "another instance of the parent, by the same handle");
        assert_eq!(book.child("b").work().await.unwrap(), 1, "with children of its own");
        assert_eq!(book.lines(), ["c Stopped", "a Stopped", "root Restarted"]);
    });
}

#[test]
fn f2_a_parent_without_a_factory_ends_with_a_child_that_fails_too_often() {
    run(async |system| {
        for is_busy in [false, true] {
            let children = [Plan::leaf("a"), Plan::leaf("b").restart(once())];
            let plan = Plan { has_factory: false, ..Plan::of("root", Strategy::OneForOne, children) };
            let (book, root) = grow(&system, plan).await;
            let mut rests = Box::pin(root.rest(HOUR).into_future());
            if is_busy {
                assert!(poll(&mut rests).is_pending());
                others().await;
            }
            let _ = book.child("b").fail().await;
            assert_eq!(root.closed().await, StopReason::ChildFailed);
            assert_eq!(book.lines(), ["a Stopped", "root ChildFailed"]);
            book.nobody_is_left();
        }
    });
}

#[test]
fn f2_escalation_goes_up_as_far_as_it_must() {
    run(async |system| {
        // Each may fail once in an hour.
        let some = Restart::on_failure().at_most(1, HOUR).backoff(Duration::ZERO, Duration::ZERO);
        let leaf = Plan::leaf("leaf").restart(some);
        let middle = Plan::of("middle", Strategy::OneForOne, [leaf]).restart(some);
        let root = Plan::of("root", Strategy::OneForOne, [middle]).restart(some);
        let (book, root) = grow(&system, root).await;
        let mut seen = Vec::new();
        for _ in 0..8 {
            if root.is_closed() {
                break;
            }
            let _ = book.child("leaf").fail().await;
            testing::quiet(&system).await;
            seen.push((book.births("root"), book.births("middle"), book.births("leaf")));
        }
        let expected =
            [(1, 1, 2), (1, 2, 3), (1, 2, 4), (2, 3, 5), (2, 3, 6), (2, 4, 7), (2, 4, 8), (2, 4, 8)];
        assert_eq!(seen, expected);
        assert_eq!(root.closed().await, StopReason::ChildFailed);
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_parent_in_its_own_pause_counts_a_child_s_failure_once() {
    run(async |system| {
        let slow = Restart::on_failure().at_most(2, HOUR).backoff(SECOND, SECOND);
        let child = Plan::leaf("b").restart(once()).rest(3 * SECOND);
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, [child]).restart(slow)).await;
        let b = book.child("b");
        let held = testing::hold(&b);
        b.fail().await.unwrap();
        let _ = root.fail().await;
        others().await;
        // The parent's old instance is ending now, and this child with it.
        drop(held);
        testing::quiet(&system).await;
        assert_eq!(root.work().await.unwrap(), 1);
        assert_eq!(book.births("root"), 2, "what an old instance's child does is not the new one's affair");
        assert!(!root.is_closed());
    });
}

// --- the end of a family -----------------------------------------------------------------------------------------------

#[test]
fn f2_a_parent_s_end_stops_its_children_the_youngest_first_each_after_the_other() {
    run(async |system| {
        // The oldest would be the quickest.
        let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1", "b2"])).rest(SECOND / 4);
        let children = [Plan::leaf("a"), inner, Plan::leaf("c").rest(SECOND / 2)];
        let plan = Plan::of("root", Strategy::OneForOne, children);
        let (book, root) = grow(&system, plan).await;
        for name in ["a", "c", "b1"] {
            let child = book.child(name);
            child.note(7).await.unwrap();
        }
        assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
        let lines = book.lines();
        let at = |line: &str| lines.iter().position(|other| other == line).expect(line);
        assert!(at("c 7") < at("c Stopped") && at("b1 7") < at("b1 Stopped"), "what they had is handled");
        let ends: Vec<_> = lines.iter().filter(|line| line.ends_with("Stopped")).cloned().collect();
        assert_eq!(ends, ["c", "b2", "b1", "b", "a", "root"].map(|name| format!("{name} Stopped")));
        book.nobody_is_left();
    });
}

#[test]
fn f2_children_may_use_their_parent_and_elder_siblings_until_they_have_drained() {
    struct Child {
        elder: Option<ChildHandle>,
        book: Arc<Book>,
    }
    #[actor(local)]
    impl Child {
        #[message]
        async fn pass_on(&mut self) {
            tokio::time::sleep(SECOND).await;
            match &self.elder {
                Some(elder) => drop(elder.pass_on().await.unwrap()),
                None => self.book.write("arrived".into()),
            }
        }
    }
    struct Parent(Arc<Book>);
    #[actor(local)]
    impl Parent {
        #[message(overflow = block)]
        fn begin(&mut self, ctx: &mut Context<Self>) -> ChildHandle {
            let elder: ChildHandle = ctx.spawn(Child { elder: None, book: self.0.clone() });
            ctx.spawn(Child { elder: Some(elder), book: self.0.clone() })
        }
    }
    run(async |system| {
        let book = Arc::<Book>::default();
        let parent = system.spawn(Parent(book.clone()));
        let child = parent.begin().await.unwrap();
        child.pass_on().await.unwrap();
        parent.stop().await;
        assert_eq!(book.lines(), ["arrived"]);
        assert_eq!(child.closed().await, StopReason::Stopped);
    });
}

#[test]
fn f2_children_that_do_not_drain_in_time_are_killed() {
    run(async |system| {
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a", "b"]))).await;
        let b = book.child("b");
        let mut rests = Box::pin(b.rest(HOUR).into_future());
        assert!(poll(&mut rests).is_pending());
        others().await;
        let began = Instant::now();
        assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
        let took = began.elapsed();
        assert!((5 * SECOND..6 * SECOND).contains(&took), "{took:?}");
        assert_eq!(rests.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(b.closed().await, StopReason::Killed);
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_kill_ends_the_whole_tree_at_once() {
    run(async |system| {
        let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1", "b2"]));
        let (book, root) =
            grow(&system, Plan::of("root", Strategy::OneForOne, [Plan::leaf("a"), inner])).await;
        let b1 = book.child("b1");
        let mut rests = Box::pin(b1.rest(HOUR).into_future());
        assert!(poll(&mut rests).is_pending());
        others().await;
        let began = Instant::now();
        root.kill();
        assert_eq!(root.closed().await, StopReason::Killed);
        assert_eq!(b1.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        testing::quiet(&system).await;
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_kill_does_not_wait_for_the_children_of_an_instance_that_is_being_replaced() {
    run(async |system| {
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a", "b"]))).await;
        let b = book.child("b");
        let mut rests = Box::pin(b.rest(HOUR).into_future());
        assert!(poll(&mut rests).is_pending());
        let _ = root.fail().await;
        others().await;
        let began = Instant::now();
        root.kill();
        assert_eq!(root.closed().await, StopReason::Killed);
        assert_eq!(b.closed().await, StopReason::Killed);
        assert_eq!(began.elapsed(), Duration::ZERO);
        testing::quiet(&system).await;
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_failed_parent_s_children_end_before_its_next_instance_begins() {
    run(async |system| {
        let children = [Plan::leaf("a"), Plan::leaf("b").rest(SECOND)];
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, children)).await;
        let old = book.child("b");
        old.note(1).await.unwrap();
        let _ = root.fail().await;
        assert_eq!(root.work().await.unwrap(), 1);
        assert!(old.is_closed());
        assert_eq!(book.lines(), ["b 1", "b Stopped", "a Stopped"], "a panic went through the parent itself");
        assert_eq!(book.child("b").work().await.unwrap(), 1);
        assert_eq!((book.births("a"), book.births("root")), (2, 2));
    });
}

#[test]
fn f2_a_parent_keeps_its_children_alive_and_no_longer_than_itself() {
    run(async |system| {
        let (book, root) = grow(&system, Plan::of("root", Strategy::OneForOne, leaves(&["a"]))).await;
        book.forget();
        testing::quiet(&system).await;
        assert_eq!(system.snapshot().actors.len(), 2);
        let closed = root.closed();
        drop(root);
        assert_eq!(closed.await, StopReason::Unreferenced);
        assert_eq!(book.lines(), ["a Stopped", "root Unreferenced"]);
        assert!(system.snapshot().actors.is_empty());
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_child_that_is_detached_ends_with_its_parent_all_the_same() {
    struct Nest;
    #[actor(local)]
    impl Nest {
        #[message]
        fn nothing(&mut self) {}
        #[message(overflow = block)]
        fn hatch(&mut self, ctx: &mut Context<Self>) -> NestHandle {
            ctx.actor(|| Nest).detached().spawn().unwrap()
        }
    }
    run(async |system| {
        let nest = system.spawn(Nest);
        let closed = nest.hatch().await.unwrap().closed();
        testing::quiet(&system).await;
        nest.stop().await;
        assert_eq!(closed.await, StopReason::Stopped);
    });
}

struct Mute(Arc<AtomicU64>);
impl Drop for Mute {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
#[actor(local)]
impl Mute {
    #[message(overflow = block)]
    fn begin(&mut self, many: u64, ctx: &mut Context<Self>) {
        for _ in 0..many {
            self.0.fetch_add(1, Ordering::SeqCst);
            let _: MuteHandle = ctx.spawn(Mute(self.0.clone()));
        }
    }
}

#[test]
fn f2_a_child_that_was_never_spoken_to_ends_too() {
    run(async |system| {
        for is_kill in [false, true] {
            let count = Arc::new(AtomicU64::new(1));
            let mute = system.spawn(Mute(count.clone()));
            mute.begin(20).await.unwrap();
            if is_kill {
                mute.kill();
            } else {
                drop(mute.stop());
            }
            mute.closed().await;
            testing::quiet(&system).await;
            assert_eq!(count.load(Ordering::SeqCst), 0);
        }
        assert!(system.snapshot().actors.is_empty());
    });
}

#[test]
fn f2_a_child_of_an_instance_that_has_ended_is_closed_from_the_beginning() {
    struct Late(Arc<Mutex<Option<Result<LateHandle, String>>>>);
    #[actor(local)]
    impl Late {
        #[message(overflow = block)]
        async fn wait(&mut self) {}
        #[message(overflow = block)]
        fn begin(&mut self, ctx: &mut Context<Self>) {
            // A builder that is used when its parent has gone.
            let (place, builder) = (
                self.0.clone(),
                ctx.actor({
                    let place = self.0.clone();
                    move || Late(place.clone())
                }),
            );
            let me: LateHandle = ctx.handle();
            let closed = me.closed();
            tokio::spawn(async move {
                closed.await;
                *place.lock().unwrap() = Some(builder.spawn().map_err(|error| error.to_string()));
            });
        }
    }
    run(async |system| {
        let place = Arc::default();
        let late = system.spawn(Late(Arc::clone(&place)));
        late.begin().await.unwrap();
        late.stop().await;
        others().await;
        let spawned = place.lock().unwrap().take().unwrap();
        match spawned {
            Ok(child) => assert_eq!(child.wait().await.unwrap_err().reason(), Reason::Closed),
            Err(why) => assert!(!why.is_empty()),
        }
        testing::quiet(&system).await;
        assert!(system.snapshot().actors.is_empty(), "{:?}", system.snapshot());
    });
}

#[test]
fn f2_children_of_a_start_that_fails_end_before_the_next() {
    struct Slow(Arc<AtomicU64>, Arc<Book>);
    #[actor(local)]
    impl Slow {
        #[started]
        async fn begin(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
            // By name: it could not be started twice at a time.
            let plan = Plan::leaf("child");
            let book = self.1.clone();
            let _: NodeHandle = ctx.actor(move || Node::new(&plan, &book)).name("child").spawn()?;
            tokio::task::yield_now().await;
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0..3 => Err("not yet".into()),
                _ => Ok(()),
            }
        }
        #[message]
        fn nothing(&mut self) {}
    }
    run(async |system| {
        let (tries, book) = (Arc::new(AtomicU64::new(0)), Arc::<Book>::default());
        let (counted, made) = (tries.clone(), book.clone());
        let make = move || Slow(counted.clone(), made.clone());
        let slow: SlowHandle = system.actor(make).restart(always()).spawn().unwrap();
        slow.ready().await.unwrap();
        slow.nothing().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!((tries.load(Ordering::SeqCst), book.births("child")), (4, 4));
        assert_eq!(book.lines(), ["child Stopped"; 3]);
        slow.stop().await;
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_shutdown_ends_trees_and_reports_them_clean() {
    run(async |system| {
        let inner = Plan::of("b", Strategy::OneForAll, leaves(&["b1", "b2"]));
        let (book, _root) =
            grow(&system, Plan::of("root", Strategy::RestForOne, [Plan::leaf("a"), inner])).await;
        let report = system.shutdown(10 * SECOND).await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.drained.len(), 5);
        assert_eq!(book.lines(), ["b2", "b1", "b", "a", "root"].map(|name| format!("{name} Stopped")));
        assert!(["root", "a", "b", "b1", "b2"].iter().all(|name| book.births(name) == 1));
        book.nobody_is_left();
    });
}

#[test]
fn f2_a_tree_ends_with_its_runtime() {
    let book = {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let system = System::new("gone");
            let inner = Plan::of("b", Strategy::OneForOne, leaves(&["b1"]));
            let (book, root) =
                grow(&system, Plan::of("root", Strategy::OneForOne, [Plan::leaf("a"), inner])).await;
            std::mem::forget(root);
            book
        })
    };
    book.nobody_is_left();
}

#[test]
fn f2_children_without_a_task_end_with_their_runtime_too() {
    let count = Arc::new(AtomicU64::new(1));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mute = System::new("gone").spawn(Mute(count.clone()));
        mute.begin(5).await.unwrap();
        others().await;
        assert_eq!(count.load(Ordering::SeqCst), 6);
        std::mem::forget(mute);
    });
    drop(runtime);
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

// --- random trees -------------------------------------------------------------------------------------------------------

/// A small generator: what is drawn is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn random_plan(dice: &mut Dice, name: String, depth: u64, names: &mut Vec<String>) -> Plan {
    names.push(name.clone());
    let count = if depth == 0 { 0 } else { dice.below(4) };
    let children = (0..count).map(|n| random_plan(dice, format!("{name}.{n}"), depth - 1, names)).collect();
    let most = dice.below(4) as u32;
    let pause = Duration::from_millis(10 * dice.below(3));
    let restart = match dice.below(5) {
        0 => always(),
        1 => Restart::never(),
        2 => Restart::permanent().at_most(most, SECOND).backoff(pause, pause),
        _ => Restart::on_failure().at_most(most, SECOND).backoff(pause, pause),
    };
    let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][dice.below(3) as usize];
    Plan {
        restart,
        strategy,
        has_factory: dice.below(6) > 0,
        rest: Duration::from_millis(dice.below(4)),
        children,
        ..Plan::leaf(&name)
    }
}

#[test]
fn f2_random_trees_leave_nobody_behind_and_end_in_order() {
    let cases = if cfg!(debug_assertions) { 150 } else { 1500 };
    for seed in 0..cases {
        run(async |system| {
            let (mut dice, mut names) = (Dice(seed), Vec::new());
            let plan = random_plan(&mut dice, "r".into(), 3, &mut names);
            let root_plan = Plan { restart: always(), has_factory: true, ..plan };
            let (book, root) = grow(&system, root_plan).await;
            for _ in 0..dice.below(40) {
                let name = &names[dice.below(names.len() as u64) as usize];
                let handle = if name == "r" {
                    Some(root.clone())
                } else {
                    book.handles.lock().unwrap().get(name).cloned()
                };
                let Some(node) = handle else { continue };
                match dice.below(8) {
                    // Several fail at once, where nobody had time to in between.
                    0..3 => drop(node.fail().try_send()),
                    3 => others().await,
                    4 => drop(node.note(1).try_send()),
                    5 if name != "r" => drop(node.stop()),
                    6 if name != "r" => node.kill(),
                    _ => tokio::time::sleep(Duration::from_millis(dice.below(50))).await,
                }
            }
            testing::quiet(&system).await;
            assert!(!root.is_closed(), "{seed}: a root that may always begin anew has ended");
            root.work().await.unwrap();
            testing::quiet(&system).await;
            // Nobody has two instances, and each has a parent.
            let alive: Vec<String> = {
                let alive = book.alive.lock().unwrap();
                assert!(alive.values().all(|(alive, _)| (0..=1).contains(alive)), "{seed}: {alive:?}");
                alive.iter().filter(|(_, (alive, _))| *alive == 1).map(|(name, _)| name.clone()).collect()
            };
            for name in &alive {
                let parent = name.rsplit_once('.').map(|(parent, _)| parent.to_owned());
                assert!(
                    parent.is_none_or(|parent| alive.contains(&parent)),
                    "{seed}: {name} is an orphan in {alive:?}"
                );
            }
            book.lines();
            assert_eq!(root.stop().await.reason().unwrap(), StopReason::Stopped);
            book.nobody_is_left();
            book.forget();
            assert!(system.snapshot().actors.is_empty(), "{seed}: {:?}", system.snapshot());
            // Depth first, the youngest first, the parent after all its children.
            let ends: Vec<_> =
                book.lines().into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
            let mut sorted = alive;
            sorted.sort_by(|a, b| end_order(a, b));
            assert_eq!(ends, sorted, "{seed}");
        });
    }
}

/// Who ends before whom.
fn end_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => return other.cmp(one),
            // Who is below goes first.
            (Some(_), None) => return std::cmp::Ordering::Less,
            (None, Some(_)) => return std::cmp::Ordering::Greater,
            (None, None) => return std::cmp::Ordering::Equal,
        }
    }
}
