//! S6: turns that senders run themselves, and what could go wrong with them. On real threads, because nothing is donated on a
//! current-thread runtime.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{meet_workers, others, poll};
use bench_messages as m;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::ThreadId;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Where a turn ran.
type Where = (ThreadId, Option<tokio::task::Id>);

fn here() -> Where {
    (std::thread::current().id(), tokio::task::try_id())
}

#[derive(Default)]
struct Bench {
    n: u64,
    seen: Arc<Mutex<Vec<u64>>>,
    is_running: Arc<AtomicBool>,
    back: Option<BenchHandle>,
}

impl Bench {
    /// One turn at a time.
    fn alone(&self, work: impl FnOnce()) {
        assert!(!self.is_running.swap(true, Ordering::AcqRel), "two turns at once");
        work();
        self.is_running.store(false, Ordering::Release);
    }
}

#[actor(capacity = 64)]
impl Bench {
    #[message]
    fn tick(&mut self, n: u64) {
        self.alone(|| self.seen.lock().unwrap().push(n));
        self.n += 1;
    }

    #[message]
    fn place(&mut self) -> Where {
        here()
    }

    #[message(inline = never)]
    fn place_never(&mut self) -> Where {
        here()
    }

    #[message]
    async fn place_async(&mut self) -> Where {
        here()
    }

    #[message(overflow = block)]
    fn count(&mut self) -> u64 {
        self.n
    }

    #[message]
    fn fail(&mut self) -> u64 {
        std::panic::resume_unwind(Box::new("on purpose"))
    }

    #[message(priority = urgent)]
    fn urgent(&mut self) {
        self.seen.lock().unwrap().push(u64::MAX);
    }

    /// Says that it runs, and waits on its thread until it may end.
    #[message]
    fn gate(&mut self, began: Arc<AtomicBool>, end: Arc<AtomicBool>) {
        began.store(true, Ordering::Release);
        while !end.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    }

    /// Sends back to the one that sent this.
    #[message]
    fn reflect(&mut self, n: u64) {
        if let Some(back) = &self.back {
            let _ = back.tick(n).try_send();
        }
    }

    #[message]
    fn meet(&mut self, back: BenchHandle) {
        self.back = Some(back);
    }

    #[message]
    fn left(&mut self, ctx: &mut Context<Self>) -> Option<Duration> {
        ctx.remaining()
    }

    #[message]
    fn stop_me(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }

    /// Allowed on a worker, and a panic in a `LocalSet`.
    #[message]
    fn block(&mut self) -> u64 {
        tokio::task::block_in_place(|| 7)
    }

    /// From one bench to the other, inside a turn.
    #[message]
    async fn forward(&mut self, to: BenchHandle) -> (Where, Where) {
        (to.place().await.unwrap(), here())
    }
}

fn threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs a test as a task of a runtime with two workers; one whose thread waits for itself, or never ends a turn, fails.
fn on_threads<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(System) -> F + Send + 'static) {
    actors_tests::finishes(move || run_on_threads(test));
}

fn run_on_threads<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(System) -> F) {
    let runtime = threads();
    let system = {
        let _inside = runtime.enter();
        System::new("donated")
    };
    meet_workers(&runtime, &system, 2);
    let task = runtime.spawn(test(system.clone()));
    runtime.block_on(async move {
        if let Err(error) = task.await {
            std::panic::resume_unwind(error.into_panic());
        }
        let report = system.shutdown(Duration::from_secs(300)).await;
        assert!(report.total.is_balanced(), "{:?}", report.total);
    });
}

/// Runs a test on a thread that is none of the workers, so that a turn which keeps a worker does not keep the test.
fn beside_threads<F: Future<Output = ()>>(test: impl FnOnce(System) -> F) {
    threads().block_on(async {
        let system = System::new("donated");
        test(system.clone()).await;
        let report = system.shutdown(Duration::from_secs(300)).await;
        assert!(report.total.is_balanced(), "{:?}", report.total);
    });
}

#[test]
fn s6_a_sender_runs_the_short_turn_of_an_idle_actor_itself() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.place().await.unwrap(), here());
        bench.tick(1).await.unwrap();
        assert_eq!(bench.count().await.unwrap(), 1);
        let ledger = bench.ledger();
        assert_eq!((ledger.total().offered, ledger.total().handled), (3, 3));
    });
}

#[test]
fn s6_inline_never_and_async_fns_run_in_the_actor_s_own_task() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        assert_ne!(bench.place_never().await.unwrap().1, here().1);
        assert_ne!(bench.place_async().await.unwrap().1, here().1);
    });
}

#[test]
fn s6_try_send_never_runs_the_handler() {
    on_threads(async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        // The caller has a lock that the handler wants: it must not wait for itself.
        let guard = seen.lock().unwrap();
        bench.tick(1).try_send().unwrap();
        drop(guard);
        assert_eq!(bench.count().await.unwrap(), 1);
    });
}

#[test]
fn s6_outside_of_a_worker_s_task_nothing_is_donated() {
    let runtime = threads();
    runtime.block_on(async {
        let bench = System::new("outside").spawn(Bench::default());
        // The main future is no task.
        assert_ne!(bench.place().await.unwrap().0, here().0);
    });
    let bench = {
        let _inside = runtime.enter();
        System::new("outside").spawn(Bench::default())
    };
    assert_ne!(bench.place().blocking().unwrap().0, here().0);
    // A task of a current-thread runtime sends to an actor of a multi-thread one.
    let small = Builder::new_current_thread().enable_all().build().unwrap();
    small.block_on(async {
        let other = bench.clone();
        let there = tokio::spawn(async move { (other.place().await.unwrap(), here()) }).await.unwrap();
        assert_ne!(there.0.0, there.1.0);
    });
}

#[test]
fn s6_a_handler_may_do_in_a_local_set_s_company_what_tasks_of_a_worker_may() {
    let runtime = threads();
    let local = tokio::task::LocalSet::new();
    let _inside = runtime.enter();
    let bench = System::new("local").spawn(Bench::default());
    local.block_on(&runtime, async {
        let sent = tokio::task::spawn_local(async move { (bench.block().await, bench.block().await) });
        let (first, second) = sent.await.unwrap();
        assert_eq!((first.unwrap(), second.unwrap()), (7, 7));
    });
}

#[test]
fn s6_on_a_current_thread_runtime_turns_are_the_task_s() {
    actors_tests::run(async |system| {
        let bench = system.spawn(Bench::default());
        let other = bench.clone();
        let (there, sender) =
            tokio::spawn(async move { (other.place().await.unwrap(), here()) }).await.unwrap();
        assert_ne!(there.1, sender.1);
    });
}

#[test]
fn s6_a_panic_in_a_donated_turn_is_the_actor_s_and_not_the_sender_s() {
    on_threads(async |system| {
        let mut letters = system.dead_letters();
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.count().await.unwrap(), 0);
        assert_eq!(bench.fail().await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(bench.closed().await, StopReason::Panicked);
        // The state is not touched again.
        assert_eq!(bench.count().await.unwrap_err().reason(), Reason::Closed);
        let letter = letters.next().await.unwrap();
        assert_eq!((letter.message, letter.reason), ("Fail", Reason::Panicked));
        assert_eq!(letter.payload.as_deref(), Some("on purpose"));
        let row = bench.ledger().of::<m::Fail>();
        assert_eq!((row.offered, row.panicked, row.in_service), (1, 1, 0));
    });
}

#[test]
fn s6_a_tell_whose_donated_turn_panicked_was_taken() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        assert_eq!(bench.fail().tell().await.unwrap(), Admission::Queued);
        assert_eq!(bench.closed().await, StopReason::Panicked);
    });
}

#[test]
fn s6_a_donated_turn_that_sends_back_to_its_sender_queues_there() {
    on_threads(async |system| {
        let (one, two) = (system.spawn(Bench::default()), system.spawn(Bench::default()));
        two.meet(one.clone()).await.unwrap();
        for n in 0..1000 {
            two.reflect(n).await.unwrap();
        }
        // Some may have gone through the queue: turns that take long, on a busy machine, are not donated for a while.
        while two.ledger().of::<m::Reflect>().handled < 1000 {
            tokio::task::yield_now().await;
        }
        while one.ledger().of::<m::Tick>().queued + one.ledger().of::<m::Tick>().in_service > 0 {
            tokio::task::yield_now().await;
        }
        let row = one.ledger().of::<m::Tick>();
        assert_eq!(row.handled + row.refused(Reason::Full), 1000);
    });
}

#[test]
fn s6_a_turn_may_donate_to_another_actor_and_stays_itself() {
    on_threads(async |system| {
        let (one, two) = (system.spawn(Bench::default()), system.spawn(Bench::default()));
        let (there, own) = one.forward(two.clone()).await.unwrap();
        assert_eq!(there, own, "the second actor's turn ran in the first one's task");
        // A turn of one's own cannot be donated to oneself: the seat is not there.
        assert_eq!(two.count().await.unwrap(), 0);
    });
}

/// A turn that runs in its sender until it is let go; the handle of the sender's task, and what lets it go.
async fn gated(bench: &BenchHandle) -> (tokio::task::JoinHandle<()>, Arc<AtomicBool>) {
    let (began, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (other, says, ends) = (bench.clone(), began.clone(), end.clone());
    let task = tokio::spawn(async move {
        other.gate(says, ends).await.unwrap();
    });
    while !began.load(Ordering::Acquire) {
        tokio::task::yield_now().await;
    }
    (task, end)
}

#[test]
fn s6_what_comes_meanwhile_waits_its_turn_and_is_handled_after() {
    beside_threads(async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let (task, end) = gated(&bench).await;
        assert_eq!(bench.ledger().of::<m::Gate>().in_service, 1);
        for n in 0..5 {
            bench.tick(n).try_send().unwrap();
        }
        bench.urgent().try_send().unwrap();
        assert_eq!(bench.reading().depth, 6);
        assert!(seen.lock().unwrap().is_empty(), "one turn at a time");
        end.store(true, Ordering::Release);
        task.await.unwrap();
        while bench.ledger().total().handled < 7 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*seen.lock().unwrap(), [u64::MAX, 0, 1, 2, 3, 4]);
    });
}

#[test]
fn s6_stop_meanwhile_lets_the_turn_end_and_handles_the_rest() {
    beside_threads(async |system| {
        let bench = system.spawn(Bench::default());
        let (task, end) = gated(&bench).await;
        bench.tick(1).try_send().unwrap();
        let stopped = bench.stop();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!bench.is_closed());
        end.store(true, Ordering::Release);
        task.await.unwrap();
        assert_eq!(stopped.await.reason().unwrap(), StopReason::Stopped);
        let total = bench.ledger().total();
        assert_eq!((total.handled, total.undelivered), (2, 0));
    });
}

#[test]
fn s6_kill_meanwhile_lets_the_turn_on_its_thread_end_and_loses_the_rest() {
    struct Grave {
        closed: Arc<AtomicU32>,
    }
    #[actor(local)]
    impl Grave {
        #[message]
        fn gate(&mut self, began: Arc<AtomicBool>, end: Arc<AtomicBool>) {
            began.store(true, Ordering::Release);
            while !end.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        }
        #[message]
        fn tick(&mut self) {}
        #[stopped]
        fn close(&mut self) {
            self.closed.fetch_add(1, Ordering::Relaxed);
        }
    }
    beside_threads(async |system| {
        let closed = Arc::new(AtomicU32::new(0));
        let grave = system.spawn(Grave { closed: closed.clone() });
        let (began, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (other, says, ends) = (grave.clone(), began.clone(), end.clone());
        let task = tokio::spawn(async move { other.gate(says, ends).await });
        while !began.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        grave.tick().try_send().unwrap();
        grave.kill();
        end.store(true, Ordering::Release);
        task.await.unwrap().unwrap();
        assert_eq!(grave.closed().await, StopReason::Killed);
        assert_eq!(closed.load(Ordering::Relaxed), 1, "`#[stopped]` runs once the seat is back");
        let total = grave.ledger().total();
        assert_eq!((total.handled, total.undelivered), (1, 1));
    });
}

#[test]
fn s6_a_turn_that_stops_its_own_actor_ends_it() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        bench.stop_me().await.unwrap();
        assert_eq!(bench.closed().await, StopReason::Stopped);
    });
}

#[test]
fn s6_nothing_is_donated_before_started_has_succeeded() {
    struct Late {
        is_open: bool,
        gate: Option<oneshot::Receiver<()>>,
    }
    #[actor(local)]
    impl Late {
        #[started]
        async fn open(&mut self) {
            if let Some(gate) = self.gate.take() {
                let _ = gate.await;
            }
            self.is_open = true;
        }
        #[message]
        fn is_open(&mut self) -> bool {
            self.is_open
        }
    }
    on_threads(async |system| {
        let (open, gate) = oneshot::channel();
        let late = system.spawn(Late { is_open: false, gate: Some(gate) });
        let mut early = late.is_open();
        assert!(matches!(poll(&mut early), Poll::Pending));
        open.send(()).unwrap();
        assert!(early.await.unwrap());
    });
}

#[test]
fn s6_a_held_actor_is_not_donated_to() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        let held = testing::hold(&bench);
        let mut asked = bench.count();
        assert!(poll(&mut asked).is_pending());
        held.release();
        assert_eq!(asked.await.unwrap(), 0);
    });
}

#[test]
fn t2_a_donated_turn_knows_its_deadline() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        let left = bench.left().timeout(Duration::from_secs(5000)).await.unwrap().unwrap();
        assert!(left <= Duration::from_secs(5000) && left > Duration::from_secs(4000), "{left:?}");
        let left = bench.left().await.unwrap().unwrap();
        assert!(left <= Duration::from_secs(30) && left > Duration::from_secs(29), "{left:?}");
    });
}

#[test]
fn s1_each_sender_s_messages_stay_in_order_whoever_runs_the_turns() {
    on_threads(async |system| {
        const SENDERS: u64 = 6;
        const EACH: u64 = 20_000;
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let tasks: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let bench = bench.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        bench.tick(sender * EACH + n).await.unwrap();
                        if n % 97 == 0 {
                            bench.count().await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(bench.stop().await.reason().is_ok());
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len() as u64, SENDERS * EACH);
        for sender in 0..SENDERS {
            let own = seen.iter().filter(|n| **n / EACH == sender);
            assert!(own.is_sorted(), "sender {sender}");
        }
        assert!(bench.ledger().is_balanced());
    });
}

#[test]
fn s5_a_sender_that_never_waits_lets_others_run() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let bench = System::new("greedy").spawn(Bench::default());
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, sent) = (is_over.clone(), Arc::new(AtomicU64::new(0)));
        let counter = sent.clone();
        let greedy = tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                bench.count().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        // On the same worker: it only has its turn if the other one yields.
        tokio::spawn(async move { is_over.store(true, Ordering::Relaxed) }).await.unwrap();
        greedy.await.unwrap();
        assert!(sent.load(Ordering::Relaxed) > 0);
    });
}

#[test]
fn s6_a_handler_that_turns_slow_is_soon_left_to_its_own_task() {
    struct Moody {
        takes: Duration,
    }
    #[actor(local)]
    impl Moody {
        #[message]
        fn work(&mut self) -> Where {
            let began = std::time::Instant::now();
            while began.elapsed() < self.takes {
                std::hint::spin_loop();
            }
            here()
        }
        #[message(inline = never)]
        fn turn_slow(&mut self) {
            self.takes = Duration::from_micros(50);
        }
    }
    on_threads(async |system| {
        let moody = system.spawn(Moody { takes: Duration::ZERO });
        for _ in 0..1000 {
            moody.work().await.unwrap();
        }
        moody.turn_slow().ask().await.unwrap();
        let mut donated = 0;
        for _ in 0..1000 {
            donated += u32::from(moody.work().await.unwrap().1 == here().1);
        }
        // At most fifteen that were not timed, and now and then one to see whether it is still so.
        assert!(donated <= 40, "{donated} of 1000 slow turns ran in their sender");
    });
}

#[test]
fn f6_the_last_handle_may_go_while_its_own_message_is_being_handled() {
    on_threads(async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let weak = bench.downgrade();
        tokio::spawn(bench.tick(1).owned()).await.unwrap().unwrap();
        drop(bench);
        others().await;
        assert!(weak.upgrade().is_none());
        assert_eq!(*seen.lock().unwrap(), [1]);
    });
}

#[test]
fn t2_in_a_donated_turn_the_time_that_is_left_runs_down() {
    struct Worker;
    #[actor(local)]
    impl Worker {
        /// Works for as long as somebody waits.
        #[message]
        fn work(&mut self, ctx: &mut Context<Self>) -> u64 {
            let mut rounds = 0;
            while ctx.remaining().is_some_and(|left| !left.is_zero()) {
                rounds += 1;
            }
            rounds
        }
    }
    on_threads(async |system| {
        let worker = system.spawn(Worker);
        // So long that the turn has begun by then, also where the processor is taken from this thread for a while.
        assert!(worker.work().timeout(Duration::from_millis(500)).await.unwrap() > 0);
    });
}

#[test]
fn t1_what_is_past_its_deadline_is_not_donated_either() {
    on_threads(async |system| {
        let bench = system.spawn(Bench::default());
        let late = bench.count().timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        assert_eq!(bench.ledger().of::<m::Count>().handled, 0);
    });
}

#[test]
fn s6_who_blocks_its_thread_may_hold_a_lock_and_runs_no_turn() {
    on_threads(async |system| {
        let bench = Bench::default();
        let seen = bench.seen.clone();
        let bench = system.spawn(bench);
        let other = bench.clone();
        let sent = tokio::task::spawn_blocking(move || {
            let _guard = seen.lock().unwrap();
            other.tick(1).blocking().unwrap();
        });
        sent.await.unwrap();
        assert_eq!(bench.count().await.unwrap(), 1);
    });
}
