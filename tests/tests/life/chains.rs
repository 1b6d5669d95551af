//! Long chains: dropping one handle, one runtime or one message takes a bounded stack, however much
//! it owns.

use actors_core::outlet::{Call, Handed, Handing, Outlet, Returned};
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{alone, paused, poll};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The stack of these tests, in bytes: what a chain's end takes without recursion, with some to
/// spare.
const STACK: usize = 512 * 1024;
/// The length of a chain. The stack has no room for one frame per link.
const LENGTH: usize = 5_000;
/// The length of a chain whose links have tasks and turns, of which each would take several frames.
const TASKS: usize = 2_500;

/// Runs a test in a process of its own, because an overflow of the stack ends the process.
macro_rules! in_small_stack {
    ($name:literal, $test:expr $(,)?) => {
        alone!($name, || {
            let thread = std::thread::Builder::new().stack_size(STACK).spawn($test).unwrap();
            thread.join().unwrap();
        })
    };
}

/// Counts the states that exist.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Counted {
        alive.fetch_add(1, Ordering::SeqCst);
        Counted(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The slot for the handle of the next link.
type Next = Arc<Mutex<Option<LinkHandle>>>;

struct Link {
    next: Next,
    _counted: Counted,
}

#[actor(capacity = 4, reserve = 0)]
impl Link {
    #[message]
    fn hold(&mut self, handle: LinkHandle) {
        *self.next.lock().unwrap() = Some(handle);
    }
}

/// Starts actors, each of which holds the handle of the next one. The first was started first, or
/// last.
fn chain(system: &System, alive: &Arc<AtomicUsize>, is_first_oldest: bool) -> LinkHandle {
    let link = || {
        let next = Next::default();
        (system.spawn(Link { next: next.clone(), _counted: Counted::new(alive) }), next)
    };
    let (first, mut place): (LinkHandle, Next) = link();
    let mut last = first.clone();
    for _ in 1..LENGTH {
        let (handle, next) = link();
        if is_first_oldest {
            *place.lock().unwrap() = Some(handle);
            place = next;
        } else {
            *next.lock().unwrap() = Some(last);
            last = handle;
        }
    }
    if is_first_oldest { first } else { last }
}

#[test]
fn f6_a_chain_of_handles_ends_with_its_runtime_whichever_actor_is_the_oldest() {
    in_small_stack!("f6_a_chain_of_handles_ends_with_its_runtime_whichever_actor_is_the_oldest", || {
        for is_first_oldest in [false, true] {
            let alive = Arc::default();
            let rt = paused();
            let system = rt.block_on(async { System::new("chain") });
            let first = chain(&system, &alive, is_first_oldest);
            assert_eq!(alive.load(Ordering::SeqCst), LENGTH);
            drop(rt);
            drop(first);
            assert_eq!(alive.load(Ordering::SeqCst), 0);
        }
    });
}

#[test]
fn f6_a_chain_of_handles_ends_with_its_first_one_while_the_runtime_lives() {
    in_small_stack!("f6_a_chain_of_handles_ends_with_its_first_one_while_the_runtime_lives", || {
        let alive = Arc::default();
        paused().block_on(async {
            let first = chain(&System::new("chain"), &alive, true);
            drop(first);
            while alive.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        });
    });
}

#[test]
fn f4_queues_that_hold_the_handles_of_the_next_ones_end_with_the_runtime() {
    in_small_stack!("f4_queues_that_hold_the_handles_of_the_next_ones_end_with_the_runtime", || {
        let alive = Arc::default();
        let rt = paused();
        let system = rt.block_on(async { System::new("chain") });
        let link = |next| system.spawn(Link { next, _counted: Counted::new(&alive) });
        let mut last: LinkHandle = link(Next::default());
        for n in 0..LENGTH {
            // The queue and the state hold the handle alternately.
            last = match n % 2 {
                0 => {
                    let queued: LinkHandle = link(Next::default());
                    queued.hold(last).try_send().unwrap();
                    queued
                }
                _ => link(Arc::new(Mutex::new(Some(last)))),
            };
        }
        drop(rt);
        drop(last);
        assert_eq!(alive.load(Ordering::SeqCst), 0);
    });
}

type Waits = Pin<Box<dyn Future<Output = Result<(), AskError>> + Send>>;

struct Desk;

#[actor(local, capacity = 5_000, reserve = 0)]
impl Desk {
    #[message(overflow = reject)]
    async fn hold(&mut self, inner: Mutex<Option<Waits>>) {
        drop(inner);
        std::future::pending::<()>().await;
    }
}

#[test]
fn t3_a_message_that_holds_an_ask_that_holds_a_message_and_so_on_is_withdrawn_with_the_outermost_one() {
    in_small_stack!(
        "t3_a_message_that_holds_an_ask_that_holds_a_message_and_so_on_is_withdrawn_with_the_outermost_one",
        || {
            paused().block_on(async {
                let desk = System::new("desk").spawn(Desk);
                let held = testing::hold(&desk);
                let mut outermost: Option<Waits> = None;
                for _ in 0..LENGTH {
                    let mut asked: Waits = Box::pin(desk.hold(Mutex::new(outermost.take())).ask().owned());
                    assert!(poll(&mut asked).is_pending());
                    outermost = Some(asked);
                }
                assert_eq!(desk.reading().depth, LENGTH);
                drop(outermost);
                assert_eq!(desk.ledger().total().cancelled, LENGTH as u64);
                drop(held);
            });
        },
    );
}

struct Nest {
    depth: usize,
    seen: Arc<AtomicUsize>,
    _counted: Counted,
}

#[actor(local)]
impl Nest {
    #[started]
    fn begin(&mut self, ctx: &mut Context<Self>) {
        self.seen.store(self.depth, Ordering::SeqCst);
        if self.depth < TASKS {
            let (depth, seen) = (self.depth + 1, self.seen.clone());
            ctx.spawn::<_, NestHandle>(Nest { depth, seen, _counted: Counted::new(&self._counted.0) });
        }
    }

    #[message]
    fn nothing(&mut self) {}
}

#[test]
fn f2_children_of_children_end_with_the_first_of_them_and_with_the_runtime() {
    in_small_stack!("f2_children_of_children_end_with_the_first_of_them_and_with_the_runtime", || {
        for is_killed in [false, true] {
            let (alive, seen) = (Arc::default(), Arc::<AtomicUsize>::default());
            let rt = paused();
            rt.block_on(async {
                let nest = Nest { depth: 1, seen: seen.clone(), _counted: Counted::new(&alive) };
                let root: NestHandle = System::new("nest").spawn(nest);
                while seen.load(Ordering::SeqCst) < TASKS {
                    tokio::task::yield_now().await;
                }
                if is_killed {
                    root.kill();
                    while alive.load(Ordering::SeqCst) > 0 {
                        tokio::task::yield_now().await;
                    }
                }
            });
            drop(rt);
            assert_eq!(alive.load(Ordering::SeqCst), 0);
        }
    });
}

struct Waiting {
    next: Option<WaitingHandle>,
    _counted: Counted,
}

#[actor(local)]
impl Waiting {
    #[message(timeout = "1h")]
    async fn last(&mut self, reached: Arc<AtomicUsize>) -> usize {
        reached.fetch_add(1, Ordering::SeqCst);
        match &self.next {
            Some(next) => next.last(reached).await.map_or(0, |n| n + 1),
            None => std::future::pending().await,
        }
    }
}

#[test]
fn d1_turns_that_wait_for_one_another_end_with_the_last_of_them_and_with_the_runtime() {
    in_small_stack!(
        "d1_turns_that_wait_for_one_another_end_with_the_last_of_them_and_with_the_runtime",
        || {
            for is_killed in [false, true] {
                let (alive, reached) = (Arc::default(), Arc::<AtomicUsize>::default());
                let rt = paused();
                rt.block_on(async {
                    let system = System::new("waits");
                    let new = |next| Waiting { next, _counted: Counted::new(&alive) };
                    let last: WaitingHandle = system.spawn(new(None));
                    let mut first = last.clone();
                    for _ in 1..TASKS {
                        first = system.spawn(new(Some(first)));
                    }
                    let asked = tokio::spawn(first.last(reached.clone()).owned());
                    while reached.load(Ordering::SeqCst) < TASKS {
                        tokio::task::yield_now().await;
                    }
                    if is_killed {
                        last.kill();
                        assert_eq!(asked.await.unwrap().unwrap(), TASKS - 2);
                    }
                });
                drop(rt);
                assert_eq!(alive.load(Ordering::SeqCst), 0);
            }
        }
    );
}

#[test]
fn f6_a_detached_actor_that_never_had_a_message_ends_with_its_runtime() {
    let alive = Arc::default();
    let rt = paused();
    let system = rt.block_on(async { System::new("detached") });
    let spawn = |name: &str| {
        let link = Link { next: Next::default(), _counted: Counted::new(&alive) };
        system.instance(link).name(name).detached().spawn::<LinkHandle>().unwrap()
    };
    drop(spawn("before"));
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(rt);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    assert!(system.find::<LinkHandle>("before").is_none());
    // An actor that is started after the runtime's end is closed from the beginning.
    let late = Link { next: Next::default(), _counted: Counted::new(&alive) };
    assert!(system.instance(late).name("after").detached().spawn::<LinkHandle>().is_err());
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// Takes nothing over, and holds the handle of the next link.
struct Hop {
    _next: Option<LinkHandle>,
    _counted: Counted,
}

impl Outlet<Link> for Hop {
    fn send(&self, mail: <Link as Actor>::Mail, _: Call) -> Handing<Link> {
        Box::pin(async { Err(Returned::new(mail, Reason::Closed)) })
    }

    fn try_send(&self, mail: <Link as Actor>::Mail, _: Call) -> Handed<Link> {
        Err(Returned::new(mail, Reason::Closed))
    }
}

/// Outlets each of which holds the only handle of the next one end one after the other, in a
/// bounded stack.
#[test]
fn f6_a_chain_of_outlets_ends_with_its_first_handle() {
    in_small_stack!("f6_a_chain_of_outlets_ends_with_its_first_handle", || {
        let alive = Arc::default();
        paused().block_on(async {
            let system = System::new("chain");
            let mut first: Option<LinkHandle> = None;
            for n in 0..LENGTH {
                let hop = Hop { _next: first.take(), _counted: Counted::new(&alive) };
                first = Some(system.outlet(n.to_string(), hop).unwrap());
            }
            drop(first);
            assert_eq!(alive.load(Ordering::SeqCst), 0);
        });
    });
}
