//! The first poll of an `async fn` by its sender: where it runs, and what becomes of a turn that
//! has to wait.
//!
//! The first message of a fresh actor is always tried, so these tests need no particular speed.

use super::{Where, here};
use actors_core::prelude::*;
use actors_tests::{alone, finishes, losses, on_threads, panic_quietly, poll, poll_with, threads};
use futures_util::FutureExt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

tokio::task_local! {
    static LOCAL: u32;
}

/// Is dropped with the instance or the turn that it is a part of.
struct Life(Arc<()>);

#[derive(Default)]
struct Shop {
    seen: Vec<u64>,
    /// Alive as long as the instance.
    _life: Option<Life>,
    first: Arc<Mutex<Option<Waker>>>,
}

#[actor]
impl Shop {
    #[message]
    async fn place(&mut self) -> Where {
        here()
    }

    #[message(inline = never)]
    async fn place_never(&mut self) -> Where {
        here()
    }

    /// Where its turn begins, and where it ends after an await.
    #[message]
    async fn both_places(&mut self) -> (Where, Where) {
        let first = here();
        tokio::task::yield_now().await;
        (first, here())
    }

    /// Begins, then waits for `go`.
    #[message]
    async fn wait(&mut self, n: u64, go: oneshot::Receiver<()>) -> u64 {
        let _ = go.await;
        self.seen.push(n);
        n
    }

    /// The same, with something alive that its turn owns.
    #[message]
    async fn wait_alive(&mut self, life: Life, go: oneshot::Receiver<()>) {
        let _life = life;
        let _ = go.await;
    }

    /// Waits with the waker of its first poll, whatever polls it later.
    #[message]
    async fn wait_first(&mut self, done: Arc<AtomicBool>) {
        let first = self.first.clone();
        poll_fn(move |cx| {
            first.lock().unwrap().get_or_insert_with(|| cx.waker().clone());
            if done.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Panics before its first await, or after it.
    #[message]
    async fn fail(&mut self, is_late: bool) -> u64 {
        if is_late {
            tokio::task::yield_now().await;
        }
        panic_quietly("on purpose")
    }

    #[message(priority = low)]
    async fn note(&mut self, n: u64) {
        self.seen.push(n);
    }

    #[message(priority = urgent)]
    async fn urgent(&mut self, n: u64) {
        self.seen.push(n);
    }

    #[message(inline = never)]
    fn seen(&mut self) -> Vec<u64> {
        self.seen.clone()
    }

    #[message]
    async fn local(&mut self) -> (bool, bool) {
        let first = LOCAL.try_get().is_ok();
        tokio::task::yield_now().await;
        (first, LOCAL.try_get().is_ok())
    }

    /// The deadline before and after an await, and whether the first one was looked at.
    #[message]
    async fn deadlines(
        &mut self,
        looks: bool,
        ctx: &mut Context<Self>,
    ) -> (Option<tokio::time::Instant>, Option<tokio::time::Instant>) {
        let first = if looks { ctx.deadline() } else { None };
        tokio::task::yield_now().await;
        (first, ctx.deadline())
    }

    /// Blocks its thread until its deadline is past, then waits for ever.
    #[message]
    async fn outlast(&mut self, ctx: &mut Context<Self>) {
        while ctx.remaining().is_some_and(|rest| !rest.is_zero()) {
            std::thread::yield_now();
        }
        std::future::pending::<()>().await;
    }

    /// Asks another shop, which may ask this one.
    #[message]
    async fn ask_back(&mut self, to: Option<ShopHandle>, me: Option<ShopHandle>) -> Result<u64, Reason> {
        match (to, me) {
            (Some(to), me) => match to.ask_back(me, None).await {
                Ok(inside) => inside,
                Err(error) => Err(error.reason()),
            },
            (None, _) => Ok(7),
        }
    }

    /// Stops itself, then waits.
    #[message]
    async fn stop_then_wait(&mut self, ctx: &mut Context<Self>) -> u64 {
        ctx.stop();
        tokio::task::yield_now().await;
        8
    }

    /// When it began, and its deadline, which it reads after an await.
    #[message]
    async fn began(
        &mut self,
        ctx: &mut Context<Self>,
    ) -> (tokio::time::Instant, Option<tokio::time::Instant>) {
        let began = tokio::time::Instant::now();
        tokio::task::yield_now().await;
        (began, ctx.deadline())
    }

    /// Keeps an ask that was polled once beyond the turn.
    #[message]
    async fn keep(&mut self, to: ShopHandle, kept: Arc<Mutex<Vec<Kept>>>, how: u32) {
        let mut asked = Box::pin(to.note(1).ask().owned());
        assert!(poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx))).await.is_pending());
        kept.lock().unwrap().push(asked);
        match how {
            0 => {}
            1 => tokio::task::yield_now().await,
            2 => panic_quietly("with a wait"),
            _ => std::future::pending().await,
        }
    }

    /// Waits for `go`, then asks another shop.
    #[message]
    async fn wait_then_ask(&mut self, go: oneshot::Receiver<()>, to: ShopHandle) -> Result<(), Reason> {
        let _ = go.await;
        to.note(2).ask().await.map_err(|error| error.reason())
    }

    /// Acquires two permits that are free.
    #[message]
    async fn acquire(&mut self, limit: Arc<tokio::sync::Semaphore>) -> Where {
        let _one = limit.acquire().await;
        let _two = limit.acquire().await;
        here()
    }
}

/// An ask that is kept half-polled.
type Kept = std::pin::Pin<Box<dyn Future<Output = Result<(), AskError>> + Send>>;

fn fresh(system: &System) -> ShopHandle {
    system.actor(Shop::default).capacity(8).spawn().unwrap()
}

/// Begins the turn of an ask in this task. It waits for what the sender sends.
fn begun(
    shop: &ShopHandle,
    n: u64,
) -> (impl Future<Output = Result<u64, AskError>> + Unpin + use<>, oneshot::Sender<()>) {
    let (go, gate) = oneshot::channel();
    (shop.wait(n, gate).owned(), go)
}

/// Polls once in this task, so that a turn may begin in it.
async fn poll_here<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(poll_with(future, cx.waker()))).await
}

#[test]
fn s6_a_sender_polls_the_async_turn_of_an_idle_actor_once() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        assert_eq!(shop.place().await.unwrap(), here(), "the sender runs a turn that never waits");
        let (first, last) = fresh(&system).both_places().await.unwrap();
        assert_eq!(first.1, here().1, "the sender begins a turn that waits");
        assert_ne!(last.1, here().1, "and the actor's task ends it");
        assert_ne!(fresh(&system).place_never().await.unwrap().1, here().1);
    });
}

#[test]
fn s6_an_async_fn_that_waits_is_soon_left_to_its_own_task() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let mut begun = 0;
        for _ in 0..60 {
            begun += u32::from(shop.both_places().await.unwrap().0.1 == here().1);
        }
        // The second makes it typical of the type. Then 64 sends are not tried.
        assert_eq!(begun, 2);
    });
}

/// Where no turn may be donated, none is begun.
#[test]
fn s6_an_async_fn_is_begun_by_an_awaited_send_to_a_ready_actor_only() {
    struct Late(Option<oneshot::Receiver<()>>);
    #[actor(local)]
    impl Late {
        #[started]
        async fn open(&mut self) {
            if let Some(gate) = self.0.take() {
                let _ = gate.await;
            }
        }
        #[message]
        async fn place(&mut self) -> Where {
            here()
        }
    }
    on_threads(1, async |system| {
        let shop = fresh(&system);
        shop.urgent(1).try_send().unwrap();
        assert_eq!(shop.ledger().total().handled, 0, "`try_send` never runs the handler");
        assert_eq!(shop.seen().await.unwrap(), [1]);
        let held = actors_core::testing::hold(&shop);
        let mut asked = shop.place();
        assert!(poll_here(&mut asked).await.is_pending());
        held.release();
        assert_ne!(asked.await.unwrap().1, here().1);
        let (open, gate) = oneshot::channel();
        let late = system.spawn(Late(Some(gate)));
        let mut early = late.place();
        assert!(poll_here(&mut early).await.is_pending());
        open.send(()).unwrap();
        assert_ne!(early.await.unwrap().1, here().1);
        assert_eq!(late.place().await.unwrap().1, here().1);
    });
}

fn spend_budget() {
    while tokio::task::coop::has_budget_remaining() {
        tokio::task::coop::consume_budget().now_or_never();
    }
}

/// A task without budget leaves the turn of an ask to the actor, and its time runs.
#[test]
fn s6_an_ask_without_budget_begins_no_turn() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        spend_budget();
        let mut asked = shop.place();
        assert!(poll_here(&mut asked).await.is_pending());
        assert_eq!(shop.ledger().total().offered, 1, "it is in the queue, or has been there");
        assert_ne!(asked.await.unwrap().1, here().1);
    });
}

/// A tell without budget yields first, once, and nothing has happened. If there is none then
/// either, it goes through the queue.
#[test]
fn s6_a_tell_without_budget_yields_once_before_it_begins_a_turn() {
    on_threads(2, async |system| {
        let (shop, other) = (fresh(&system), fresh(&system));
        spend_budget();
        let (mut told, mut again) = (shop.place().tell(), other.place().tell());
        assert!(poll_here(&mut told).await.is_pending() && poll_here(&mut again).await.is_pending());
        assert_eq!(shop.ledger().total().offered, 0);
        tokio::task::yield_now().await;
        told.await.unwrap();
        assert_eq!(shop.reading().depth_peak, 0);
        spend_budget();
        assert!(poll_here(&mut again).await.is_ready());
        assert_eq!(other.reading().depth_peak, 1);
        let timed = fresh(&system);
        spend_budget();
        assert!(
            poll_here(&mut timed.place().tell().timeout(Duration::from_secs(9))).await.is_ready(),
            "its time runs"
        );
    });
}

/// Actors that are not in the cache have turns that are all timed, and each of those costs budget:
/// the sender yields when it is spent, and is not sent through the queue from then on.
#[test]
fn s6_a_task_that_sends_in_a_loop_goes_on_to_run_turns_after_it_has_yielded() {
    on_threads(2, async |system| {
        let shops: Vec<_> = (0..400).map(|_| fresh(&system)).collect();
        for shop in &shops {
            // The first turn of each is timed.
            shop.place().tell().await.unwrap();
        }
        let queued = shops.iter().filter(|shop| shop.reading().depth_peak > 0).count();
        assert_eq!(queued, 0, "of 400");
    });
}

#[test]
fn s6_a_tell_begins_its_turn_and_is_done() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let (go, gate) = oneshot::channel();
        assert_eq!(shop.wait(1, gate).tell().await.unwrap(), Admission::Queued);
        let total = shop.ledger().total();
        assert_eq!((total.offered, total.in_service), (1, 1));
        go.send(()).unwrap();
        assert_eq!(shop.seen().await.unwrap(), [1]);
    });
}

/// What the turn waits for has come before the actor's task is there, or comes while another thread
/// polls it.
#[test]
fn s6_a_turn_that_waits_is_woken_at_once_or_later() {
    on_threads(2, async |system| {
        for round in 0..200 {
            let shop = fresh(&system);
            let (mut asked, go) = begun(&shop, round);
            let sooner = tokio::spawn(async move { go.send(()).is_ok() });
            match poll_here(&mut asked).await {
                Poll::Ready(answer) => assert_eq!(answer.unwrap(), round),
                Poll::Pending => assert_eq!(asked.await.unwrap(), round),
            }
            assert!(sooner.await.unwrap());
            assert_eq!(shop.ledger().total().handled, 1);
        }
    });
}

#[test]
fn s6_a_turn_that_is_never_woken_leaves_its_asker_at_the_deadline() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let (_go, gate) = oneshot::channel();
        let late = shop.wait(1, gate).timeout(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        assert_eq!(shop.ledger().total().in_service, 1, "its turn has begun, and goes on");
        shop.kill();
        shop.closed().await;
    });
}

#[test]
fn s6_a_future_that_keeps_the_waker_of_its_first_poll_is_woken() {
    on_threads(2, async |system| {
        let shop = Shop::default();
        let (first, done) = (shop.first.clone(), Arc::new(AtomicBool::new(false)));
        let shop = system.spawn(shop);
        let mut asked = shop.wait_first(done.clone()).ask();
        assert!(poll_here(&mut asked).await.is_pending());
        let waker = first.lock().unwrap().clone().unwrap();
        done.store(true, Ordering::Release);
        waker.wake_by_ref();
        asked.await.unwrap();
        // It stays valid, and does no harm: while the actor sleeps, during a later turn, and after
        // its end.
        waker.wake_by_ref();
        assert_eq!(shop.place().await.unwrap().1, here().1);
        let (later, go) = begun(&shop, 2);
        waker.wake_by_ref();
        go.send(()).unwrap();
        assert_eq!(later.await.unwrap(), 2);
        shop.stop().await;
        waker.wake_by_ref();
        drop(shop);
        waker.wake();
    });
}

#[test]
fn s6_an_ask_that_is_dropped_leaves_the_turn_that_it_began() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let (mut asked, go) = begun(&shop, 3);
        assert!(poll_here(&mut asked).await.is_pending());
        drop(asked);
        go.send(()).unwrap();
        assert_eq!(shop.seen().await.unwrap(), [3]);
        let total = shop.ledger().total();
        assert_eq!((total.handled, total.cancelled), (2, 0));
    });
}

#[test]
fn f1_a_panic_before_or_after_the_first_await_is_the_actor_s() {
    on_threads(2, async |system| {
        for is_late in [false, true] {
            let mut letters = system.dead_letters();
            let shop = fresh(&system);
            let error = shop.fail(is_late).await.unwrap_err();
            assert_eq!(error.reason(), Reason::Panicked);
            // The next instance has a stage of its own.
            assert!(shop.seen().await.unwrap().is_empty());
            assert_eq!(shop.place().await.unwrap().1, here().1);
            let total = shop.ledger().total();
            assert_eq!((total.handled, total.panicked), (2, 1));
            assert_eq!(losses(&mut letters), [("Fail", Reason::Panicked)]);
        }
        let shop = system.spawn(Shop::default());
        assert_eq!(shop.fail(false).await.unwrap_err().reason(), Reason::Panicked);
        assert_eq!(shop.closed().await, StopReason::Panicked);
        let shop = fresh(&system);
        assert_eq!(shop.fail(false).tell().await.unwrap(), Admission::Queued);
        assert!(shop.seen().await.unwrap().is_empty());
    });
}

#[test]
fn f4_a_kill_drops_a_turn_that_its_sender_began() {
    on_threads(2, async |system| {
        let (shop, life) = (fresh(&system), Arc::new(()));
        let (_go, gate) = oneshot::channel();
        let mut asked = shop.wait_alive(Life(life.clone()), gate).ask();
        assert!(poll_here(&mut asked).await.is_pending());
        shop.kill();
        assert_eq!(asked.await.unwrap_err().reason(), Reason::Closed);
        assert_eq!(shop.closed().await, StopReason::Killed);
        assert_eq!(Arc::strong_count(&life), 1, "the turn was dropped");
        let total = shop.ledger().total();
        assert_eq!((total.offered, total.undelivered, total.in_service), (1, 1, 0));
    });
}

#[test]
fn f4_a_stop_lets_a_turn_that_its_sender_began_end() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let (mut asked, go) = begun(&shop, 4);
        assert!(poll_here(&mut asked).await.is_pending());
        let stopped = tokio::spawn(shop.stop().into_future());
        assert!(shop.place().await.is_err());
        go.send(()).unwrap();
        assert_eq!(asked.await.unwrap(), 4);
        stopped.await.unwrap();
        assert_eq!(shop.ledger().total().handled, 1);
        let shop = fresh(&system);
        assert_eq!(shop.stop_then_wait().await.unwrap(), 8);
        assert_eq!(shop.closed().await, StopReason::Stopped);
    });
}

#[test]
fn f6_a_turn_that_its_sender_began_outlives_the_last_handle() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let weak = shop.downgrade();
        let (mut asked, go) = begun(&shop, 5);
        assert!(poll_here(&mut asked).await.is_pending());
        drop(shop);
        go.send(()).unwrap();
        assert_eq!(asked.await.unwrap(), 5);
        assert!(weak.upgrade().is_none());
    });
}

/// A parent whose child fails is renewed after the turn that is suspended.
#[test]
fn f2_a_new_instance_comes_after_a_turn_that_its_sender_began() {
    struct Parent {
        instance: u32,
    }
    #[actor(local)]
    impl Parent {
        #[message]
        async fn wait(&mut self, go: oneshot::Receiver<()>) -> u32 {
            let _ = go.await;
            self.instance
        }
        #[message]
        async fn instance(&mut self) -> u32 {
            self.instance
        }
        #[message]
        async fn stop_then_wait(&mut self, ctx: &mut Context<Self>) -> u32 {
            ctx.stop();
            tokio::task::yield_now().await;
            self.instance
        }
        #[message]
        fn stop_me(&mut self, ctx: &mut Context<Self>) {
            ctx.stop();
        }
    }
    on_threads(2, async |system| {
        let made = Arc::new(AtomicU32::new(0));
        let count = made.clone();
        let make = move || Parent { instance: count.fetch_add(1, Ordering::Relaxed) };
        let parent = system.actor(make).restart(Restart::permanent()).spawn().unwrap();
        // The request comes before the actor's task has the turn.
        assert_eq!(parent.stop_then_wait().await.unwrap(), 0);
        assert_eq!(parent.instance().await.unwrap(), 1);
        let (go, gate) = oneshot::channel();
        let mut asked = parent.wait(gate);
        assert!(poll_here(&mut asked).await.is_pending());
        // Behind the turn that waits.
        parent.stop_me().try_send().unwrap();
        go.send(()).unwrap();
        assert_eq!(asked.await.unwrap(), 1);
        assert_eq!(parent.instance().await.unwrap(), 2);
        assert_eq!(made.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn s3_what_comes_while_a_begun_turn_waits_has_its_own_order() {
    on_threads(2, async |system| {
        let shop = system.actor(Shop::default).capacity(2).spawn().unwrap();
        let (mut asked, go) = begun(&shop, 1);
        assert!(poll_here(&mut asked).await.is_pending());
        // It holds no slot.
        shop.note(2).try_send().unwrap();
        shop.urgent(3).try_send().unwrap();
        assert_eq!(shop.note(9).try_send().unwrap_err().reason(), Reason::Full);
        let mut line = shop.wait(4, oneshot::channel().1);
        let waits = poll_here(&mut line).await;
        go.send(()).unwrap();
        assert_eq!(asked.await.unwrap(), 1);
        match waits {
            Poll::Pending => assert_eq!(line.await.unwrap(), 4),
            Poll::Ready(refused) => assert_eq!(refused.unwrap_err().reason(), Reason::Full),
        }
        let seen = shop.seen().await.unwrap();
        assert_eq!(seen[..3], [1, 3, 2], "{seen:?}");
    });
}

#[test]
fn s6_task_locals_are_the_sender_s_until_the_first_await() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        assert_eq!(LOCAL.scope(1, shop.local()).await.unwrap(), (true, false));
    });
}

#[test]
fn t2_a_begun_turn_keeps_the_deadline_that_it_had() {
    on_threads(2, async |system| {
        for looks in [true, false] {
            let began = tokio::time::Instant::now();
            let asked = fresh(&system);
            let asked = asked.deadlines(looks).timeout(Duration::from_secs(60));
            let (first, last) = asked.await.unwrap();
            let last = last.expect("a caller waits");
            assert!(last >= began + Duration::from_secs(60));
            assert!(last <= tokio::time::Instant::now() + Duration::from_secs(60));
            assert_eq!(first, looks.then_some(last));
        }
    });
}

/// A turn that occupies the sender's thread until its deadline is past, and waits then, leaves its
/// asker with a time-out.
#[test]
fn t2_a_first_poll_that_outlasts_the_ask_s_time_times_out() {
    on_threads(2, async |system| {
        let shop = fresh(&system);
        let late = shop.outlast().ask().timeout(Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        shop.kill();
        shop.closed().await;
    });
}

/// The handler's deadline counts from before the handler, whenever it looks.
#[test]
fn t2_a_begun_turn_s_deadline_counts_from_its_beginning() {
    on_threads(2, async |system| {
        let timeout = Duration::from_secs(60);
        let before = tokio::time::Instant::now();
        let (began, until) = fresh(&system).began().timeout(timeout).await.unwrap();
        let until = until.expect("a caller waits");
        assert!(until >= before + timeout && until <= began + timeout, "{:?}", until - before);
    });
}

/// A wait that the turn has begun, and that is kept, is over with the turn, however that ends: the
/// other actor may ask this one then.
#[test]
fn d1_an_ask_that_a_begun_turn_leaves_behind_is_no_wait() {
    on_threads(2, async |system| {
        for how in 0..=3 {
            let (one, two) = (fresh(&system), fresh(&system));
            let (go, gate) = oneshot::channel();
            let mut busy = two.wait_then_ask(gate, one.clone());
            assert!(poll_here(&mut busy).await.is_pending());
            let kept = Arc::default();
            let mut asked = one.keep(two.clone(), Arc::clone(&kept), how).ask();
            let ended = match poll_here(&mut asked).await {
                Poll::Ready(ended) => ended,
                Poll::Pending if how == 3 => {
                    one.kill();
                    asked.await
                }
                Poll::Pending => asked.await,
            };
            let reason = ended.map_err(|error| error.reason());
            assert_eq!(reason, [Ok(()), Ok(()), Err(Reason::Panicked), Err(Reason::Closed)][how as usize]);
            assert_eq!(kept.lock().unwrap().len(), 1);
            // With a wait of `one` for `two`, this would be a cycle.
            go.send(()).unwrap();
            let answer = if how == 3 { Err(Reason::Closed) } else { Ok(()) };
            assert_eq!(busy.await.unwrap(), answer, "{how}");
            if how == 3 {
                one.closed().await;
            }
        }
    });
}

#[test]
fn d1_a_cycle_that_a_first_poll_closes_fails_one_ask_of_it() {
    on_threads(2, async |system| {
        for _ in 0..50 {
            let (one, two) = (fresh(&system), fresh(&system));
            let answer = one.ask_back(Some(two.clone()), Some(one.clone())).timeout(Duration::from_secs(200));
            assert_eq!(answer.await.unwrap(), Err(Reason::WouldDeadlock));
            // Nothing of it is left: both answer.
            assert_eq!(one.ask_back(Some(two.clone()), None).await.unwrap(), Ok(7));
            assert_eq!(two.ask_back(Some(one.clone()), None).await.unwrap(), Ok(7));
        }
    });
}

#[test]
fn s5_a_handler_that_awaits_what_is_ready_is_polled_by_its_sender() {
    alone!("s5_a_handler_that_awaits_what_is_ready_is_polled_by_its_sender", || {
        // No turn is long.
        actors_core::__private::freeze_cpu_clock();
        on_threads(2, async |system| {
            let (shop, limit) = (fresh(&system), Arc::new(tokio::sync::Semaphore::new(2)));
            let mut donated = 0;
            for _ in 0..20_000 {
                donated += u32::from(shop.acquire(limit.clone()).await.unwrap().1 == here().1);
            }
            assert!(donated > 16_000, "{donated} of 20,000; a spent budget says nothing about the type");
        });
    });
}

#[test]
fn s6_many_sends_of_one_task_to_one_actor_are_all_answered() {
    on_threads(2, async |system| {
        let shop = system.actor(Shop::default).capacity(128).spawn().unwrap();
        let asks = (0..100u64).map(|n| {
            let (go, gate) = oneshot::channel();
            let asked = shop.wait(n, gate);
            async move {
                let (answer, _) = tokio::join!(asked, async { go.send(()) });
                answer.unwrap()
            }
        });
        let answers = futures_util::future::join_all(asks).await;
        assert_eq!(answers, (0..100).collect::<Vec<_>>());
        // A branch that loses is dropped; its turn goes on.
        let shop = fresh(&system);
        let (go, gate) = oneshot::channel();
        tokio::select! {
            biased;
            _ = shop.wait(100, gate) => unreachable!("it waits"),
            () = async {} => {}
        }
        go.send(()).unwrap();
        assert_eq!(shop.seen().await.unwrap(), [100]);
    });
}

/// A chain of asks fits a worker's stack of 2 MiB, whatever the size of its futures.
#[test]
fn s6_first_polls_nest_to_a_depth_that_fits_the_stack() {
    struct Link<const SIZE: usize>(Option<LinkHandle<SIZE>>);
    #[actor(local)]
    impl<const SIZE: usize> Link<SIZE> {
        #[message]
        async fn go(&mut self) -> u64 {
            let large = std::hint::black_box([1u8; SIZE]);
            let inside = match &self.0 {
                Some(next) => next.go().await.unwrap(),
                None => 0,
            };
            inside + u64::from(std::hint::black_box(&large)[inside as usize])
        }
    }
    async fn ask_through<const SIZE: usize>(system: System) {
        let mut chain = system.spawn(Link::<SIZE>(None));
        for _ in 1..30 {
            chain = system.spawn(Link(Some(chain.clone())));
        }
        assert_eq!(chain.go().await.unwrap(), 30);
    }
    alone!("s6_first_polls_nest_to_a_depth_that_fits_the_stack", || {
        on_threads(1, ask_through::<15_000>);
        on_threads(1, ask_through::<60_000>);
    });
}

/// The runtime ends while a turn that its sender began waits: nothing is left, and the asker is
/// told.
#[test]
fn f6_the_end_of_the_runtime_drops_a_turn_that_waits() {
    finishes(|| {
        for has_task in [false, true] {
            let (runtime, lives) = (threads(2), [Arc::new(()), Arc::new(())]);
            let system = {
                let _inside = runtime.enter();
                System::new("ends")
            };
            actors_tests::meet_workers(&runtime, &system, 2);
            let shop = Shop { _life: Some(Life(lives[0].clone())), ..Shop::default() };
            let shop = system.spawn(shop);
            let (begins, begun) = std::sync::mpsc::channel();
            let (asks, life) = (shop.clone(), Life(lives[1].clone()));
            runtime.spawn(async move {
                if has_task {
                    asks.place_never().await.unwrap();
                }
                let (_go, gate) = oneshot::channel();
                let mut asked = asks.wait_alive(life, gate).ask();
                let is_pending = poll_here(&mut asked).await.is_pending();
                begins.send(is_pending).unwrap();
                asked.await
            });
            assert!(begun.recv().unwrap());
            drop(runtime);
            assert!(shop.is_closed());
            assert_eq!(lives.each_ref().map(Arc::strong_count), [1, 1], "nothing of the turn is left");
            let total = shop.ledger().total();
            assert!(total.is_balanced() && total.in_service == 0, "{total:?}");
        }
    });
}

/// The runtime ends while a sender is in the first poll: the sender cleans up.
#[test]
fn f6_the_end_of_the_runtime_during_a_first_poll_leaves_nothing() {
    struct Slow {
        life: Life,
    }
    #[actor(local)]
    impl Slow {
        #[message(inline = never)]
        fn touch(&mut self) {}
        /// Blocks its thread until the actor has ended, then waits for ever, panics or returns.
        #[message]
        async fn outlast(&mut self, began: std::sync::mpsc::Sender<()>, end: Arc<AtomicBool>, how: u32) {
            let _alive = Life(self.life.0.clone());
            began.send(()).unwrap();
            while !end.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            match how {
                0 => std::future::pending().await,
                1 => panic_quietly("late"),
                _ => {}
            }
        }
    }
    finishes(|| {
        for (how, has_task) in [0, 1, 2].into_iter().flat_map(|how| [(how, true), (how, false)]) {
            let (runtime, life) = (threads(2), Arc::new(()));
            let system = {
                let _inside = runtime.enter();
                System::new("ends")
            };
            actors_tests::meet_workers(&runtime, &system, 2);
            let slow = system.spawn(Slow { life: Life(life.clone()) });
            let (began, has_begun) = std::sync::mpsc::channel();
            let end = Arc::new(AtomicBool::new(false));
            let (asks, ends) = (slow.clone(), end.clone());
            runtime.spawn(async move {
                if has_task {
                    asks.touch().ask().await.unwrap();
                }
                // If it has a task, that one sleeps by now, or soon; then the seat is here.
                let _ = asks.outlast(began, ends, how).await;
            });
            has_begun.recv().unwrap();
            runtime.shutdown_background();
            // Without a task, its end comes with the attempt to start one, or with its last handle.
            while has_task && !slow.is_closed() {
                std::thread::yield_now();
            }
            end.store(true, Ordering::Release);
            let slow = match has_task || how != 2 {
                true => Some(slow),
                false => None,
            };
            while Arc::strong_count(&life) > 1 {
                std::thread::yield_now();
            }
            if let Some(slow) = slow {
                let total = slow.ledger().total();
                assert!(total.is_balanced() && total.in_service == 0, "{how}: {total:?}");
            }
        }
    });
}

/// A handler whose first poll notifies another thread, which wakes it at any moment.
#[test]
fn s6_wakes_of_any_thread_at_any_moment_are_not_lost() {
    struct Race {
        notify: Arc<Notify>,
    }
    #[actor(local)]
    impl Race {
        #[message]
        async fn race(&mut self, told: std::sync::mpsc::Sender<Arc<Notify>>) {
            let notify = self.notify.clone();
            let mut notified = pin!(notify.notified());
            let is_first = poll_fn(|cx: &mut TaskContext<'_>| Poll::Ready(notified.as_mut().poll(cx))).await;
            assert!(is_first.is_pending());
            told.send(notify.clone()).unwrap();
            notified.await;
        }
    }
    on_threads(2, async |system| {
        let (tells, told) = std::sync::mpsc::channel::<Arc<Notify>>();
        let waker = std::thread::spawn(move || told.into_iter().for_each(|notify| notify.notify_waiters()));
        for _ in 0..2_000 {
            let race = system.spawn(Race { notify: Arc::new(Notify::new()) });
            race.race(tells.clone()).ask().await.unwrap();
        }
        drop(tells);
        waker.join().unwrap();
    });
}

#[test]
fn s6_on_a_current_thread_runtime_the_first_poll_is_the_task_s() {
    actors_tests::run(async |system| {
        let shop = fresh(&system);
        let place = tokio::spawn(async move { (shop.place().await.unwrap(), here()) }).await.unwrap();
        assert_ne!(place.0.1, place.1.1);
        let shop = fresh(&system);
        assert!(poll(&mut shop.place()).is_pending());
    });
}

/// As for plain `fn`s: only a task that a worker of the actor's runtime polls begins turns.
#[test]
fn s6_no_async_fn_is_begun_outside_of_a_worker_s_task() {
    let runtime = threads(2);
    let system = {
        let _inside = runtime.enter();
        System::new("outside")
    };
    let shop = fresh(&system);
    // The main future is not a task, and neither is a plain thread.
    assert_ne!(runtime.block_on(async { shop.place().await.unwrap() }).0, here().0);
    assert_ne!(shop.place().blocking().unwrap().0, here().0);
    // A `LocalSet` on this thread, with the actor's runtime entered.
    let (local, asked) = (tokio::task::LocalSet::new(), shop.clone());
    let there = local.block_on(&runtime, async move {
        tokio::task::spawn_local(async move { (asked.place().await.unwrap(), here()) }).await.unwrap()
    });
    assert_ne!(there.0.0, there.1.0);
    // Another executor in a worker's task, which has given its worker away.
    let there =
        runtime.spawn(async move { tokio::task::block_in_place(|| (shop.place().now_or_never(), here())) });
    // The actor's task may be quick enough to answer in this very poll.
    let (place, asker) = runtime.block_on(there).unwrap();
    assert!(place.is_none_or(|place| place.unwrap().0 != asker.0), "the answer comes from the actor's task");
}
