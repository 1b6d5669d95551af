//! F7: timers, pipes and watches: to whom they belong, what ends them, and what becomes of the
//! messages they were to bring.

use actors_core::prelude::*;
use actors_core::{DeadLetter, DeadLetters, Row, testing};
use actors_tests::{HOUR, SECOND, others, run};
use clerk_messages as m;
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::sync::Semaphore;

const MS: Duration = Duration::from_millis(1);

/// What the instances of an actor share.
#[derive(Clone, Debug, Default)]
struct Desk {
    /// Instances made so far.
    made: Arc<AtomicU32>,
    /// What was handled.
    seen: Arc<Mutex<Vec<u32>>>,
    /// Why instances were stopped.
    stopped: Arc<Mutex<Vec<StopReason>>>,
    gate: Arc<Gate>,
    /// Every instance starts a timer of this period.
    ticks: Option<Duration>,
}

#[derive(Debug)]
struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Gate(Semaphore::new(0))
    }
}

impl Desk {
    fn seen(&self) -> Vec<u32> {
        self.seen.lock().unwrap().clone()
    }

    fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    fn clerk(&self) -> Clerk {
        self.made.fetch_add(1, Ordering::Relaxed);
        Clerk { desk: self.clone(), owed: Vec::new() }
    }

    fn factory(&self) -> impl Fn() -> Clerk + Send + Sync + 'static {
        let desk = self.clone();
        move || desk.clerk()
    }
}

struct Clerk {
    desk: Desk,
    owed: Vec<ReplyTo<u32>>,
}

/// Panics with this number when it is dropped.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(format!("bomb {}", self.0));
    }
}

/// A future and a bomb, which goes off when the future is dropped.
struct Beside(Pin<Box<tokio::time::Sleep>>, #[expect(dead_code, reason = "it is only dropped")] Bomb);

impl Future for Beside {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// A message that panics when it is dropped.
#[derive(Message)]
struct Armed(#[expect(dead_code, reason = "it is only dropped")] Bomb);

/// A message whose clone panics from the second one on.
#[derive(Debug, Message)]
#[message(overflow = block)]
struct Fragile(u32);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        panic!("clone of {}", self.0)
    }
}

#[actor]
impl Clerk {
    #[started]
    fn open(&mut self, ctx: &mut Context<Self>) {
        if let Some(period) = self.desk.ticks {
            ctx.send_every(period, m::Due { n: 0 }).unwrap();
        }
    }

    #[message(overflow = block)]
    fn due(&mut self, n: u32) {
        self.desk.seen.lock().unwrap().push(n);
    }

    /// Cannot wait for room.
    #[message(overflow = reject)]
    fn strict(&mut self, n: u32) {
        self.desk.seen.lock().unwrap().push(n);
    }

    #[handler]
    fn fragile(&mut self, fragile: Fragile) {
        self.desk.seen.lock().unwrap().push(fragile.0);
    }

    #[message]
    async fn later(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.send_after(after, m::Due { n }).unwrap();
        tokio::task::yield_now().await;
    }

    #[message]
    fn later_strict(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.send_after(after, m::Strict { n }).unwrap();
    }

    #[message]
    fn every(&mut self, period: Duration, ctx: &mut Context<Self>) {
        ctx.send_every(period, m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn every_fragile(&mut self, period: Duration, ctx: &mut Context<Self>) {
        ctx.send_every(period, Fragile(3)).unwrap();
    }

    #[message]
    fn pipe(&mut self, after: Duration, n: u32, ctx: &mut Context<Self>) {
        ctx.pipe(tokio::time::sleep(after), move |()| m::Due { n }).unwrap();
    }

    #[message]
    fn pipe_fails(&mut self, after: Duration, ctx: &mut Context<Self>) {
        let future = async move {
            tokio::time::sleep(after).await;
            panic!("the pipe bursts");
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn then_fails(&mut self, ctx: &mut Context<Self>) {
        ctx.pipe(tokio::time::sleep(SECOND), |()| -> m::Due { panic!("no message comes of it") }).unwrap();
    }

    #[message]
    fn bomb_in_pipe(&mut self, ctx: &mut Context<Self>) {
        let bomb = Bomb(4);
        let future = async move {
            let _bomb = &bomb;
            pending::<()>().await;
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn bomb_in_pipe_that_ends(&mut self, ctx: &mut Context<Self>) {
        ctx.pipe(Beside(Box::pin(tokio::time::sleep(SECOND)), Bomb(6)), |()| m::Due { n: 6 }).unwrap();
    }

    #[message]
    fn cancels_a_bomb(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(SECOND, Armed(Bomb(7))).unwrap().cancel();
    }

    #[handler]
    fn armed(&mut self, armed: Armed) {
        std::mem::forget(armed);
    }

    #[message]
    fn later_bomb(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(HOUR, Armed(Bomb(8))).unwrap();
    }

    #[message(shadows)]
    fn watch(&mut self, other: ClerkHandle, fails: bool, ctx: &mut Context<Self>) {
        let then = move |why| {
            assert!(!fails, "the watch fails");
            m::Due { n: if why == StopReason::Stopped { 7 } else { 8 } }
        };
        ctx.watch(&other, then).unwrap();
    }

    #[message]
    fn holds(&mut self, what: Arc<()>, ctx: &mut Context<Self>) {
        let future = async move {
            let _what = &what;
            pending::<()>().await;
        };
        ctx.pipe(future, |()| m::Due { n: 0 }).unwrap();
    }

    #[message]
    fn cancels(&mut self, ctx: &mut Context<Self>) {
        ctx.send_after(SECOND, m::Due { n: 1 }).unwrap().cancel();
        ctx.pipe(pending::<()>(), |()| m::Due { n: 1 }).unwrap().cancel();
        ctx.send_every(SECOND, m::Due { n: 1 }).unwrap().cancel();
    }

    #[message]
    async fn hold(&mut self) {
        self.desk.gate.clone().0.acquire().await.unwrap().forget();
    }

    #[message]
    fn fails(&mut self) -> u32 {
        panic!("on purpose")
    }

    #[message]
    fn owe(&mut self, reply: ReplyTo<u32>) {
        self.owed.push(reply);
    }

    #[message]
    async fn owe_a_while(&mut self, reply: ReplyTo<u32>) {
        self.owed.push(reply);
        // So that another worker takes the next one.
        tokio::time::sleep(MS).await;
    }

    #[message]
    async fn pay(&mut self) -> usize {
        let paid = self.owed.drain(..).filter_map(|reply| reply.send(7).ok()).count();
        // So that another worker takes the next one.
        tokio::time::sleep(MS).await;
        paid
    }

    #[message]
    fn owe_in_a_task(&mut self, reply: ReplyTo<u32>) {
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            let _ = reply.send(9);
        });
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        self.desk.stopped.lock().unwrap().push(why);
    }
}

fn due(clerk: &ClerkHandle) -> Row {
    clerk.ledger().of::<m::Due>()
}

fn all(letters: &mut DeadLetters) -> Vec<DeadLetter> {
    std::iter::from_fn(|| letters.try_next()).collect()
}

/// Reason, type and age in seconds of each.
fn told(letters: &mut DeadLetters) -> Vec<(Reason, &'static str, u64)> {
    all(letters).into_iter().map(|letter| (letter.reason, letter.message, letter.age.as_secs())).collect()
}

// --- to whom jobs belong -------------------------------------------------------------------------

#[test]
fn f7_a_pending_send_after_survives_the_pool_that_shrinks() {
    run(async |system| {
        let desk = Desk::default();
        let builder = system.actor(desk.factory()).workers(1..=3).keep_alive(SECOND);
        let clerk: ClerkHandle = builder.spawn().unwrap();
        clerk.resize(3);
        for n in 0..200 {
            clerk.later(10 * SECOND, n).await.unwrap();
        }
        testing::quiet(&system).await;
        clerk.resize(1);
        testing::quiet(&system).await;
        assert_eq!(clerk.reading().workers, 1);
        tokio::time::sleep(20 * SECOND).await;
        let mut seen = desk.seen();
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
    });
}

#[test]
fn f7_send_after_pipes_and_watches_belong_to_the_actor_and_survive_a_restart() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        let other: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.later(SECOND, 1).await.unwrap();
        clerk.pipe(2 * SECOND, 2).await.unwrap();
        clerk.watch(other.clone(), false).await.unwrap();
        clerk.fails().await.unwrap_err();
        tokio::time::sleep(3 * SECOND).await;
        let _ = other.stop().await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(desk.made(), 2);
        assert_eq!(desk.seen(), [1, 2, 7]);
    });
}

#[test]
fn f7_send_every_belongs_to_the_instance_and_its_successor_starts_its_own() {
    run(async |system| {
        let desk = Desk { ticks: Some(SECOND), ..Desk::default() };
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        tokio::time::sleep(3 * SECOND + 500 * MS).await;
        assert_eq!(desk.seen().len(), 3);
        clerk.fails().await.unwrap_err();
        tokio::time::sleep(10 * SECOND + 500 * MS).await;
        assert_eq!(desk.made(), 2);
        assert_eq!(desk.seen().len(), 13, "one timer ticks, not two");
    });
}

// --- what ends with the actor --------------------------------------------------------------------

/// An actor with one `send_after`, one pipe, one watch and one periodic timer, each an hour away.
async fn with_jobs(system: &System) -> (ClerkHandle, DeadLetters) {
    let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
    let other: ClerkHandle = system.instance(Desk::default().clerk()).detached().spawn().unwrap();
    clerk.later(HOUR, 1).await.unwrap();
    clerk.pipe(HOUR, 2).await.unwrap();
    clerk.watch(other, false).await.unwrap();
    clerk.every(HOUR).await.unwrap();
    testing::quiet(system).await;
    tokio::time::sleep(5 * SECOND).await;
    (clerk, system.dead_letters())
}

/// What was told of those three messages that never came, where the actor was not stopped.
fn check_undelivered(clerk: &ClerkHandle, letters: &mut DeadLetters) {
    let row = due(clerk);
    assert_eq!((row.offered, row.undelivered), (3, 3), "{row:?}");
    assert!(row.is_balanced());
    assert_eq!(told(letters), [(Reason::Closed, "Due", 5); 3]);
}

#[test]
fn f7_what_is_pending_at_a_stop_has_a_dead_letter_with_type_and_age() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        let row = due(&clerk);
        assert_eq!((row.offered, row.undelivered, row.cancelled), (3, 1, 2), "{row:?}");
        let (closed, cancelled) = ((Reason::Closed, "Due", 5), (Reason::Cancelled, "Due", 5));
        assert_eq!(told(&mut letters), [closed, cancelled, cancelled]);
        assert_eq!(system.shutdown(SECOND).await.total.undelivered, 1);
    });
}

#[test]
fn f7_a_watch_or_a_pipe_that_a_shutdown_ends_does_not_make_it_unclean_and_a_timer_s_message_does() {
    for lost in [0, 1] {
        run(async |system| {
            let other: ClerkHandle = system.spawn(Desk::default().clerk());
            let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
            clerk.watch(other.clone(), false).await.unwrap();
            clerk.pipe(HOUR, 2).await.unwrap();
            clerk.every(HOUR).await.unwrap();
            if lost > 0 {
                clerk.later(HOUR, 1).await.unwrap();
            }
            let report = system.shutdown(SECOND).await;
            assert_eq!((report.lost, report.is_clean()), (lost, lost == 0), "{report}");
            assert!(report.total.is_balanced(), "{report:?}");
        });
    }
}

#[test]
fn f7_what_is_pending_at_a_kill_is_undelivered() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        clerk.kill();
        clerk.closed().await;
        check_undelivered(&clerk, &mut letters);
    });
}

#[test]
fn f7_what_is_pending_where_the_actor_fails_for_good_is_undelivered() {
    run(async |system| {
        let (clerk, mut letters) = with_jobs(&system).await;
        clerk.fails().await.unwrap_err();
        assert_eq!(clerk.closed().await, StopReason::Panicked);
        let first = letters.try_next().unwrap();
        assert_eq!((first.reason, first.message), (Reason::Panicked, "Fails"));
        check_undelivered(&clerk, &mut letters);
    });
}

#[test]
fn f7_what_is_pending_where_the_runtime_ends_is_undelivered() {
    let mut paused = tokio::runtime::Builder::new_current_thread();
    let runtime = paused.enable_time().start_paused(true).build().unwrap();
    let (clerk, mut letters) = runtime.block_on(async { with_jobs(&System::new("brief")).await });
    drop(runtime);
    check_undelivered(&clerk, &mut letters);
}

#[test]
fn f7_what_falls_due_while_the_actor_drains_is_undelivered_as_well() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.later(SECOND, 1).await.unwrap();
        clerk.hold().await.unwrap();
        others().await;
        let mut letters = system.dead_letters();
        let stop = clerk.stop().within(HOUR);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Closed, "Due", 1)]);
        desk.gate.0.add_permits(1);
        assert_eq!(stop.await.reason().unwrap(), StopReason::Stopped);
        assert_eq!((due(&clerk).offered, due(&clerk).undelivered), (1, 1));
        assert!(desk.seen().is_empty());
    });
}

#[test]
fn f7_a_timer_s_message_that_is_refused_has_no_caller_and_so_has_a_dead_letter() {
    run(async |system| {
        let clerk: ClerkHandle =
            system.instance(Desk::default().clerk()).capacity(1).reserve(0).spawn().unwrap();
        clerk.later_strict(SECOND, 1).await.unwrap();
        testing::quiet(&system).await;
        let mut letters = system.dead_letters();
        let held = testing::hold(&clerk);
        clerk.due(9).await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Full, "Strict", 1)]);
        assert_eq!(clerk.ledger().of::<m::Strict>().refused(Reason::Full), 1);
        held.release();
    });
}

#[test]
fn f7_a_job_that_is_cancelled_counts_nothing() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        let mut letters = system.dead_letters();
        clerk.cancels().await.unwrap();
        tokio::time::sleep(10 * SECOND).await;
        let _ = clerk.stop().await;
        assert_eq!(due(&clerk).offered, 0);
        assert!(all(&mut letters).is_empty());
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f7_on_threads_every_job_s_message_has_exactly_one_outcome() {
    struct Crowd(Arc<AtomicU32>);
    #[actor(local, capacity = 8, workers = 1..=2)]
    impl Crowd {
        #[message]
        fn due(&mut self) {}

        #[message]
        async fn arm(&mut self, ctx: &mut Context<Self>) {
            let started = [
                ctx.send_after(Duration::ZERO, CrowdDue {}).is_ok(),
                ctx.send_after(HOUR, CrowdDue {}).is_ok(),
                ctx.pipe(tokio::task::yield_now(), |()| CrowdDue {}).is_ok(),
                ctx.pipe(pending::<()>(), |()| CrowdDue {}).is_ok(),
                ctx.pipe(tokio::task::yield_now(), |()| -> CrowdDue { panic!("no message") }).is_ok(),
            ];
            self.0.fetch_add(started.iter().filter(|is_ok| **is_ok).count() as u32, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }
    for round in 0..100 {
        let started = Arc::new(AtomicU32::new(0));
        let (system, made) = (System::new("crowd"), started.clone());
        let at_once = Duration::from_nanos(1);
        let restart = Restart::on_failure().at_most(10, HOUR).backoff(at_once, at_once);
        let crowd: CrowdHandle = system.actor(move || Crowd(made.clone())).restart(restart).spawn().unwrap();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let crowd = crowd.clone();
                tokio::spawn(async move {
                    for _ in 0..10 {
                        let _ = crowd.arm().await;
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        match round % 2 {
            0 => crowd.kill(),
            _ => drop(crowd.stop()),
        }
        crowd.closed().await;
        let counted = async {
            // A job that was just sending may be refused a moment later.
            while crowd.ledger().of::<CrowdDue>().offered < u64::from(started.load(Ordering::Relaxed)) {
                tokio::task::yield_now().await;
            }
        };
        // Only a failure takes so long.
        tokio::time::timeout(30 * SECOND, counted).await.unwrap();
        assert_eq!(crowd.ledger().of::<CrowdDue>().offered, u64::from(started.load(Ordering::Relaxed)));
        assert!(crowd.ledger().is_balanced());
    }
}

// --- at most one tick ----------------------------------------------------------------------------

#[test]
fn f7_at_most_one_tick_of_a_timer_is_queued_and_missed_ones_are_not_made_up_for() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.every(100 * MS).await.unwrap();
        others().await;
        clerk.hold().await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            assert!(clerk.reading().depth <= 1, "{} ticks are queued", clerk.reading().depth);
        }
        assert!(desk.seen().is_empty());
        desk.gate.0.add_permits(1);
        others().await;
        assert_eq!(desk.seen().len(), 1, "ticks at once after 100 periods without a turn");
        tokio::time::sleep(SECOND + 50 * MS).await;
        assert!((10..=11).contains(&(desk.seen().len() - 1)), "{}", desk.seen().len());
    });
}

#[test]
fn f7_a_tick_that_waits_in_line_is_the_only_one() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.instance(desk.clerk()).capacity(2).reserve(0).spawn().unwrap();
        clerk.every(100 * MS).await.unwrap();
        others().await;
        clerk.hold().await.unwrap();
        others().await;
        clerk.strict(1).await.unwrap();
        clerk.strict(2).await.unwrap();
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            let reading = clerk.reading();
            assert!(reading.waiting <= 1 && reading.depth == 2, "{reading:?}");
        }
        desk.gate.0.add_permits(1);
        others().await;
        assert_eq!(desk.seen(), [1, 2, 0], "one tick after 100 periods without room");
    });
}

#[test]
fn f7_in_a_pool_at_most_one_tick_of_each_timer_is_queued() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(3..=3).spawn().unwrap();
        clerk.every(100 * MS).await.unwrap();
        clerk.every(100 * MS).await.unwrap();
        others().await;
        for _ in 0..3 {
            clerk.hold().await.unwrap();
        }
        others().await;
        for _ in 0..100 {
            tokio::time::sleep(100 * MS).await;
            assert!(clerk.reading().depth <= 2, "{} ticks are queued", clerk.reading().depth);
        }
        desk.gate.0.add_permits(3);
        others().await;
        assert_eq!(desk.seen().len(), 2);
    });
}

// --- panics --------------------------------------------------------------------------------------

/// One job's panic: the instance that started it fails, and its message is counted and has a
/// letter.
async fn job_panics(system: &System, start: impl AsyncFn(&ClerkHandle), row: &str, text: &str) {
    let desk = Desk::default();
    let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
    let mut letters = system.dead_letters();
    start(&clerk).await;
    tokio::time::sleep(2 * SECOND).await;
    testing::quiet(system).await;
    let letter = letters.try_next().expect("a panic of a job has a dead letter");
    assert_eq!((letter.reason, letter.message), (Reason::Panicked, row));
    assert_eq!(letter.payload.as_deref(), Some(text));
    assert_eq!(desk.made(), 2, "the instance has failed");
    // The panic did not go through its state.
    assert_eq!(*desk.stopped.lock().unwrap(), [StopReason::Restarted]);
    assert_eq!(clerk.ledger().total().panicked, 1);
    assert!(clerk.ledger().is_balanced());
    clerk.due(5).ask().await.unwrap();
    assert_eq!(desk.seen(), [5]);
}

#[test]
fn f7_a_panic_in_a_pipe_s_future_is_a_failure_of_the_instance_that_started_it() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.pipe_fails(SECOND).await.unwrap();
        };
        job_panics(&system, start, "Due", "the pipe bursts").await;
    });
}

#[test]
fn f7_a_panic_in_a_pipe_s_continuation_is_a_failure_of_the_instance() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.then_fails().await.unwrap();
        };
        job_panics(&system, start, "Due", "no message comes of it").await;
    });
}

#[test]
fn f7_a_panic_in_a_watch_s_continuation_is_a_failure_of_the_instance() {
    run(async |system| {
        let other: ClerkHandle = system.spawn(Desk::default().clerk());
        let start = async |clerk: &ClerkHandle| {
            clerk.watch(other.clone(), true).await.unwrap();
            let _ = other.stop().await;
        };
        job_panics(&system, start, "Due", "the watch fails").await;
    });
}

#[test]
fn f7_a_panic_in_the_clone_of_a_tick_is_a_failure_of_the_instance() {
    run(async |system| {
        let start = async |clerk: &ClerkHandle| {
            clerk.every_fragile(SECOND).await.unwrap();
        };
        job_panics(&system, start, "Fragile", "clone of 3").await;
    });
}

#[test]
fn f7_a_job_s_panic_ends_an_actor_without_a_factory_between_two_turns() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.spawn(desk.clerk());
        clerk.pipe_fails(SECOND).await.unwrap();
        clerk.hold().await.unwrap();
        let closed = clerk.closed();
        tokio::time::sleep(2 * SECOND).await;
        assert!(!clerk.is_closed(), "its turn goes on");
        desk.gate.0.add_permits(1);
        assert_eq!(closed.await, StopReason::Panicked);
        assert_eq!(clerk.ledger().of::<m::Hold>().handled, 1);
    });
}

#[test]
fn f7_a_job_s_panic_after_its_instance_is_gone_is_a_dead_letter_and_no_failure() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        clerk.pipe_fails(SECOND).await.unwrap();
        clerk.fails().await.unwrap_err();
        testing::quiet(&system).await;
        let mut letters = system.dead_letters();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(told(&mut letters), [(Reason::Panicked, "Due", 1)]);
        assert_eq!(desk.made(), 2);
        assert_eq!(due(&clerk).panicked, 1);
    });
}

#[test]
fn f7_in_a_pool_only_the_worker_that_started_the_job_fails() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(3..=3).spawn().unwrap();
        clerk.pipe_fails(SECOND).await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(desk.made(), 4);
        assert_eq!(clerk.reading().workers, 3);
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_pipe_that_is_cut_off_harms_nothing() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.bomb_in_pipe().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        others().await;
        assert_eq!(due(&clerk).cancelled, 1);
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_pipe_that_has_ended_fails_the_instance_and_loses_nothing() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        let mut letters = system.dead_letters();
        clerk.bomb_in_pipe_that_ends().await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        testing::quiet(&system).await;
        assert_eq!((desk.seen(), desk.made()), (vec![6], 2));
        assert!(all(&mut letters).is_empty());
    });
}

#[test]
fn f7_a_panic_in_the_drop_of_a_message_is_no_failure_of_the_actor() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).spawn().unwrap();
        clerk.cancels_a_bomb().ask().await.unwrap();
        clerk.later_bomb().ask().await.unwrap();
        assert_eq!(clerk.stop().await.reason().unwrap(), StopReason::Stopped);
        let row = clerk.ledger().of::<Armed>();
        assert_eq!((row.offered, row.undelivered, desk.made()), (1, 1, 1));
    });
}

#[test]
fn f7_a_job_s_panic_is_what_the_error_of_the_closed_actor_says() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        clerk.pipe_fails(SECOND).await.unwrap();
        assert_eq!(clerk.closed().await, StopReason::Panicked);
        let why = clerk.due(1).await.unwrap_err().to_string();
        assert!(why.contains("`pipe` of `Due` panicked: the pipe bursts"), "{why}");
    });
}

#[test]
fn f7_a_child_whose_job_panics_has_failed_for_its_parent_too() {
    run(async |system| {
        struct Parent(Desk);
        #[actor(local)]
        impl Parent {
            #[message]
            fn child(&mut self, ctx: &mut Context<Self>) -> ClerkHandle {
                let restart = Restart::on_failure().at_most(0, SECOND);
                ctx.actor(self.0.factory()).restart(restart).spawn().unwrap()
            }
        }
        let parent = system.spawn(Parent(Desk::default()));
        let child = parent.child().await.unwrap();
        child.pipe_fails(SECOND).await.unwrap();
        assert_eq!(parent.closed().await, StopReason::ChildFailed);
    });
}

/// An instance with a timer has a turn that is followed by one that fails. One tick comes after
/// `before` messages of other senders; there is room for `capacity` messages, the failing one
/// included.
async fn tick_at_a_failure(system: &System, capacity: usize, before: usize) -> (ClerkHandle, Desk) {
    let desk = Desk::default();
    let builder = system.actor(desk.factory()).capacity(capacity).max_waiting(4).reserve(0);
    let clerk: ClerkHandle = builder.spawn().unwrap();
    clerk.every(SECOND).await.unwrap();
    others().await;
    clerk.hold().await.unwrap();
    others().await;
    clerk.fails().tell().await.unwrap();
    for _ in 0..before {
        tokio::spawn(clerk.due(9).owned());
    }
    tokio::time::sleep(2 * SECOND).await;
    let reading = clerk.reading();
    assert_eq!((reading.depth, reading.waiting), (capacity, before + 2 - capacity));
    desk.gate.0.add_permits(1);
    (clerk, desk)
}

/// Reason and type of each.
fn lost(letters: &mut DeadLetters) -> Vec<(Reason, &'static str)> {
    all(letters).iter().map(|letter| (letter.reason, letter.message)).collect()
}

#[test]
fn f7_a_tick_that_is_queued_when_its_instance_ends_is_handled_by_the_next_one() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 2, 0).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![0], 0));
        assert_eq!(lost(&mut letters), [(Reason::Panicked, "Fails")]);
    });
}

/// The failing turn begins, which lets the tick in, and ends before the timer knows.
#[test]
fn f7_a_tick_that_is_let_in_by_the_turn_that_fails_counts_cancelled() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 1, 0).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![], 0));
        assert_eq!(lost(&mut letters), [(Reason::Panicked, "Fails"), (Reason::Cancelled, "Due")]);
        assert_eq!(due(&clerk).cancelled, 1);
    });
}

#[test]
fn f7_a_tick_that_waits_in_line_when_its_instance_ends_counts_cancelled() {
    run(async |system| {
        let mut letters = system.dead_letters();
        let (clerk, desk) = tick_at_a_failure(&system, 1, 1).await;
        tokio::time::sleep(3 * SECOND).await;
        assert_eq!((desk.seen(), clerk.reading().jobs), (vec![9], 0));
        assert_eq!(lost(&mut letters), [(Reason::Panicked, "Fails"), (Reason::Cancelled, "Due")]);
        assert_eq!(due(&clerk).cancelled, 1);
    });
}

#[test]
fn f7_a_future_of_a_pipe_is_dropped_when_its_actor_ends() {
    run(async |system| {
        let clerk: ClerkHandle = system.spawn(Desk::default().clerk());
        let alive = Arc::new(());
        clerk.holds(alive.clone()).ask().await.unwrap();
        assert_eq!(Arc::strong_count(&alive), 2);
        let _ = clerk.stop().await;
        others().await;
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

// --- bad arguments -------------------------------------------------------------------------------

#[test]
fn f7_a_period_of_zero_is_refused_at_once_with_a_sentence_and_fails_no_start() {
    run(async |system| {
        struct Hasty(Option<String>);
        #[actor(local)]
        impl Hasty {
            #[started]
            fn start(&mut self, ctx: &mut Context<Self>) {
                self.0 = ctx.send_every(Duration::ZERO, HastyTick {}).err().map(|error| error.to_string());
            }

            #[message]
            fn tick(&mut self) {}

            #[message]
            fn told(&mut self) -> Option<String> {
                self.0.clone()
            }
        }
        let hasty: HastyHandle = system.actor(|| Hasty(None)).spawn().unwrap();
        let told = hasty.told().await.unwrap().unwrap();
        assert!(told.contains("needs a period above zero; to do something again at once"), "{told}");
        assert_eq!((hasty.ledger().total().offered, hasty.reading().jobs), (1, 0));
    });
}

// --- the limit -----------------------------------------------------------------------------------

#[test]
fn f7_jobs_beyond_the_limit_are_refused_with_a_reason_of_their_own() {
    run(async |system| {
        struct Few;
        #[actor(local, jobs = 2)]
        impl Few {
            #[message]
            fn arm(&mut self, ctx: &mut Context<Self>) -> Vec<String> {
                let mut texts = Vec::new();
                for _ in 0..3 {
                    let refused = ctx.send_after(SECOND, FewDue {}).err();
                    texts.extend(refused.map(|error| format!("{}: {error}", error.reason().word())));
                }
                let refused = ctx.send_every(SECOND, FewDue {}).err();
                texts.extend(refused.map(|error| format!("{}: {error}", error.reason().word())));
                let refused = ctx.pipe(pending(), |()| FewDue {}).err();
                texts.extend(refused.map(|error| error.to_string()));
                let refused = ctx.watch(&ctx.handle::<FewHandle>(), |_| FewDue {}).err();
                texts.extend(refused.map(|error| error.to_string()));
                texts
            }

            #[message]
            fn due(&mut self) {}
        }
        let sentence = "as many timers, pipes and watches are under way as `jobs` allows";
        let few = system.spawn(Few);
        let texts = few.arm().await.unwrap();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts.iter().all(|text| text.contains(sentence)), "{texts:?}");
        assert!(texts[..2].iter().all(|text| text.starts_with("too_many_jobs")), "{texts:?}");
        // Its own use, and the limit, can be watched.
        assert_eq!((few.reading().jobs, few.reading().jobs_max), (2, 2));
        assert_eq!(system.snapshot().actors[0].reading.jobs, 2);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(few.reading().jobs, 0);
        assert_eq!(few.arm().await.unwrap().len(), 4);
        // None of it has to do with the mailbox.
        assert_eq!(few.ledger().total().refused_total(), 0);
    });
}

#[test]
fn f7_the_limit_of_jobs_is_said_at_the_start_too_and_0_means_none() {
    run(async |system| {
        let clerk = |jobs| system.instance(Desk::default().clerk()).jobs(jobs).spawn::<ClerkHandle>();
        assert_eq!(clerk(7).unwrap().reading().jobs_max, 7);
        let none = clerk(0).unwrap();
        assert_eq!((none.reading().jobs, none.reading().jobs_max), (0, 0));
        assert_eq!(none.later(SECOND, 1).ask().await.unwrap_err().reason(), Reason::Panicked);
        let why = clerk(65_537).unwrap_err().to_string();
        assert!(why.contains("`jobs` is at most 65536 (2^16)"), "{why}");
        assert_eq!(system.spawn::<_, ClerkHandle>(Desk::default().clerk()).reading().jobs_max, 1024);
    });
}

#[test]
fn f7_the_next_instance_has_the_places_of_the_timers_that_ended_with_the_one_before() {
    run(async |system| {
        let desk = Desk { ticks: Some(SECOND), ..Desk::default() };
        let clerk: ClerkHandle = system.actor(desk.factory()).jobs(1).spawn().unwrap();
        for _ in 0..3 {
            clerk.fails().await.unwrap_err();
            tokio::time::sleep(HOUR).await;
        }
        assert_eq!((desk.made(), clerk.reading().jobs), (4, 1));
        assert!(!clerk.is_closed());
    });
}

// --- replies that a worker owes ------------------------------------------------------------------

#[test]
fn s4_a_worker_that_owes_replies_is_not_retired_before_it_has_given_them() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        others().await;
        let asked: Vec<_> =
            (0..3).map(|_| tokio::spawn(clerk.owe_a_while().timeout(10 * SECOND).owned())).collect();
        tokio::time::sleep(10 * MS).await;
        clerk.resize(1);
        tokio::time::sleep(SECOND).await;
        assert!(asked.iter().all(|asked| !asked.is_finished()), "a healthy caller was hurt by shrinking");
        assert_eq!(clerk.reading().workers, 3);
        // Past their own deadlines the callers wait no more, and nothing is owed.
        for asked in asked {
            assert_eq!(asked.await.unwrap().unwrap_err().reason(), Reason::TimedOut);
        }
        others().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}

#[test]
fn s4_of_workers_that_are_too_many_those_that_owe_nothing_go_first() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        others().await;
        let asked = tokio::spawn(clerk.owe().owned());
        others().await;
        clerk.resize(2);
        others().await;
        assert_eq!(clerk.reading().workers, 2);
        clerk.resize(1);
        others().await;
        assert_eq!((clerk.reading().workers, asked.is_finished()), (1, false));
        assert_eq!(clerk.pay().await.unwrap(), 1);
        assert_eq!(asked.await.unwrap().unwrap(), 7);
    });
}

#[test]
fn s4_a_worker_that_owes_replies_takes_messages_and_goes_once_it_has_given_them() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        others().await;
        let asked: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.owe_a_while().owned())).collect();
        tokio::time::sleep(10 * MS).await;
        clerk.resize(1);
        others().await;
        assert_eq!(clerk.reading().workers, 3);
        let paid: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.pay().owned())).collect();
        for (asked, paid) in asked.into_iter().zip(paid) {
            assert_eq!((asked.await.unwrap().unwrap(), paid.await.unwrap().unwrap()), (7, 1));
        }
        others().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}

#[test]
fn s4_a_reply_that_was_moved_to_a_task_is_given_whatever_becomes_of_the_worker() {
    run(async |system| {
        let desk = Desk::default();
        let clerk: ClerkHandle = system.actor(desk.factory()).workers(1..=3).spawn().unwrap();
        clerk.resize(3);
        others().await;
        let asked: Vec<_> = (0..3).map(|_| tokio::spawn(clerk.owe_in_a_task().owned())).collect();
        others().await;
        clerk.resize(1);
        for asked in asked {
            assert_eq!(asked.await.unwrap().unwrap(), 9);
        }
        others().await;
        assert_eq!(clerk.reading().workers, 1);
    });
}
