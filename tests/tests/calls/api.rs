//! What a user writes: every word of the public face, compiled and run.

use actors_core::prelude::*;
use actors_core::{
    AnyParcel, AskError, Class, DeadLetter, Job, Mail, Overflow, Parcel, Policy, ShutdownReport, StartError,
    Typed, testing,
};
use actors_tests::{HOUR, SECOND, poll, run};
use futures_util::future::{Either, FutureExt, join, join_all, select, select_all};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

// --- the shop ------------------------------------------------------------------------------------------------------

/// What a customer takes home.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    card: u64,
    cents: u64,
}

/// The card was not good enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Declined;

/// What the owner wants to know.
#[derive(Debug, PartialEq)]
pub struct Report {
    views: u64,
}

/// The actor that the documentation shows.
#[derive(Default)]
pub struct Shop {
    views: u64,
    prices: HashMap<u32, u64>,
    is_open: bool,
    refuses_to_open: bool,
}

#[actor(capacity = 1024, max_waiting = 64, reserve = 16, schedule = strict, vis = pub)]
impl Shop {
    /// Payments are never lost: when the mailbox is full the caller waits in line.
    #[message(priority = high, overflow = block, timeout = "2s")]
    async fn charge(&mut self, card: u64, cents: u64) -> Result<Receipt, Declined> {
        tokio::time::sleep(ms(10)).await;
        self.helper();
        if cents > 1000 {
            return Err(Declined);
        }
        Ok(Receipt { card, cents })
    }

    /// Page views are worth losing, oldest first, and worth nothing after five seconds.
    #[message(priority = low, overflow = drop_oldest, max = 256, ttl = "5s")]
    async fn viewed(&mut self, page: String) {
        self.views += page.len() as u64;
    }

    /// Of prices only the newest one of each product counts.
    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: u32, cents: u64) {
        self.prices.insert(sku, cents);
    }

    /// A message type that several actors share is a struct of its own.
    #[handler]
    async fn stock(&mut self, ask: GetStock, ctx: &mut Context<Self>) -> u32 {
        assert_eq!(ctx.name().as_str(), "shop");
        ask.sku * 2
    }

    /// Answers later, without holding the actor: the reply travels on its own.
    #[message(overflow = reject)]
    fn report(&mut self, reply: ReplyTo<Report>) {
        assert!(reply.is_wanted());
        let views = self.views;
        tokio::spawn(async move {
            tokio::time::sleep(SECOND).await;
            let _ = reply.send(Report { views });
        });
    }

    #[message]
    fn price_of(&self, sku: u32) -> Option<u64> {
        self.prices.get(&sku).copied()
    }

    #[started]
    async fn open(&mut self, ctx: &mut Context<Self>) -> Result<(), BoxError> {
        assert_eq!(ctx.system().name().as_str(), "test");
        tokio::time::sleep(SECOND).await;
        if self.refuses_to_open {
            return Err("the lock is jammed".into());
        }
        self.is_open = true;
        Ok(())
    }

    #[stopped]
    async fn close(&mut self, why: StopReason) {
        assert!(self.is_open || why == StopReason::StartFailed);
    }

    fn helper(&self) -> u64 {
        self.views
    }
}

/// How many are left of one product.
#[derive(Debug, Message)]
#[message(reply = u32, priority = urgent, overflow = reject)]
pub struct GetStock {
    /// Which product.
    pub sku: u32,
}

fn shop(system: &System) -> ShopHandle {
    system.instance(Shop::default()).name("shop").spawn().unwrap()
}

#[test]
fn a_call_of_a_message_with_a_reply_asks_and_of_one_without_tells() {
    run(async |system| {
        let shop = shop(&system);
        let receipt = shop.charge(1, 990).await.unwrap().unwrap();
        assert_eq!(receipt, Receipt { card: 1, cents: 990 });
        // The outer error is the runtime's, the inner one the handler's.
        assert_eq!(shop.charge(1, 2000).await.unwrap(), Err(Declined));
        assert_eq!(shop.viewed("/".into()).await.unwrap(), Admission::Queued);
        assert_eq!(shop.viewed("/".into()).try_send().unwrap(), Admission::Queued);
        shop.priced(7, 990).ask().await.unwrap();
        assert_eq!(shop.price_of(7).await.unwrap(), Some(990));
        shop.charge(1, 990).tell().await.unwrap();
        let in_time = shop.charge(1, 990).timeout(ms(50)).await;
        assert!(in_time.unwrap().is_ok());
        let too_late = shop.charge(1, 990).timeout(ms(5)).await;
        assert_eq!(too_late.unwrap_err().reason(), Reason::TimedOut);
        assert_eq!(shop.stock(GetStock { sku: 21 }).await.unwrap(), 42);
    });
}

#[test]
fn an_answer_may_come_later_while_the_actor_goes_on() {
    run(async |system| {
        let shop = shop(&system);
        shop.ready().await.unwrap();
        let before = Instant::now();
        let report = tokio::spawn(shop.report().owned());
        tokio::task::yield_now().await;
        assert_eq!(shop.price_of(1).await.unwrap(), None);
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(report.await.unwrap().unwrap(), Report { views: 0 });
        assert_eq!(before.elapsed(), SECOND);
    });
}

#[test]
fn a_reply_knows_whether_it_is_wanted() {
    run(async |system| {
        struct Desk {
            owed: Option<ReplyTo<u32>>,
        }
        #[actor(local)]
        impl Desk {
            #[message]
            fn later(&mut self, reply: ReplyTo<u32>) {
                self.owed = Some(reply);
            }

            #[message]
            fn is_wanted(&mut self) -> bool {
                self.owed.as_ref().is_some_and(ReplyTo::is_wanted)
            }

            #[message]
            fn answer(&mut self) -> Result<(), u32> {
                self.owed.take().map_or(Ok(()), |owed| owed.send(5))
            }
        }
        let desk = system.spawn(Desk { owed: None });
        let mut asked = desk.later();
        assert!(poll(&mut asked).is_pending());
        assert!(desk.is_wanted().await.unwrap());
        drop(asked);
        assert!(!desk.is_wanted().await.unwrap());
        // The answer comes back where nobody waits for it.
        assert_eq!(desk.answer().await.unwrap(), Err(5));
        desk.later().tell().await.unwrap();
        assert!(!desk.is_wanted().await.unwrap());
    });
}

#[test]
fn the_message_comes_back_where_it_was_not_taken() {
    run(async |system| {
        let builder = system.instance(Shop::default()).capacity(1).reserve(0);
        let shop: ShopHandle = builder.name("shop").spawn().unwrap();
        shop.ready().await.unwrap();
        let held = testing::hold(&shop);
        shop.viewed("/".into()).await.unwrap();
        let (error, message) = shop.stock(GetStock { sku: 3 }).returning().await.unwrap_err();
        assert_eq!((error.reason(), message.unwrap().sku), (Reason::Full, 3));
        held.release();
        let stock = shop.stock(GetStock { sku: 3 }).returning();
        testing::quiet(&system).await;
        assert_eq!(stock.await.unwrap(), 6);
    });
}

#[test]
fn calls_are_futures_that_combinators_take() {
    run(async |system| {
        let shop = shop(&system);
        let all = join_all((0..5).map(|n| shop.charge(n, 1))).await;
        let cards: Vec<_> = all.into_iter().map(|paid| paid.unwrap().unwrap().card).collect();
        assert_eq!(cards, [0, 1, 2, 3, 4]);
        let (stock, told) = join(shop.stock(GetStock { sku: 1 }), shop.viewed("/".into())).await;
        assert_eq!((stock.unwrap(), told.unwrap()), (2, Admission::Queued));
        match select(shop.stock(GetStock { sku: 2 }), shop.report()).await {
            Either::Left((stock, report)) => {
                assert_eq!(stock.unwrap(), 4);
                drop(report);
            }
            Either::Right(_) => panic!("the report takes a second"),
        }
        let (first, at, _) = select_all([shop.charge(1, 1), shop.charge(2, 2)]).await;
        assert_eq!((first.unwrap().unwrap().card, at), (1, 0));
        let boxed: Pin<Box<dyn Future<Output = Result<u32, AskError>> + Send + '_>> =
            shop.stock(GetStock { sku: 3 }).boxed();
        assert_eq!(boxed.await.unwrap(), 6);
        let mut many: FuturesUnordered<_> = (0..5).map(|n| shop.stock(GetStock { sku: n })).collect();
        let mut sum = 0;
        while let Some(stock) = many.next().await {
            sum += stock.unwrap();
        }
        assert_eq!(sum, 20);
        tokio::select! {
            stock = shop.stock(GetStock { sku: 4 }) => assert_eq!(stock.unwrap(), 8),
            () = tokio::time::sleep(HOUR) => panic!("no answer"),
        }
    });
}

#[test]
fn an_owned_call_may_leave_its_scope_and_keeps_the_actor_alive() {
    run(async |system| {
        let shop = shop(&system);
        let closed = shop.closed();
        let asked = tokio::spawn(shop.charge(1, 990).timeout(HOUR).owned());
        let told = tokio::spawn(shop.viewed("/".into()).owned());
        drop(shop);
        assert_eq!(asked.await.unwrap().unwrap().unwrap().cents, 990);
        assert!(told.await.unwrap().is_ok());
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn the_generic_forms_do_the_same() {
    run(async |system| {
        let shop = shop(&system);
        assert_eq!(shop.ask(GetStock { sku: 4 }).await.unwrap(), 8);
        let viewed = shop_messages::Viewed { page: "/".into() };
        assert_eq!(shop.tell(viewed.clone()).await.unwrap(), Admission::Queued);
        shop.ask(viewed).await.unwrap();
        shop.tell(shop_messages::Charge { card: 1, cents: 1 }).await.unwrap();
        testing::quiet(&system).await;
        let row = shop.ledger().of::<shop_messages::Charge>();
        assert_eq!((row.message, row.handled), ("Charge", 1));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_plain_thread_may_block_on_a_call() {
    struct Adder;
    #[actor(local, capacity = 1, max_waiting = 8)]
    impl Adder {
        #[message(overflow = block)]
        async fn add(&mut self, a: u32, b: u32) -> u32 {
            tokio::task::yield_now().await;
            a + b
        }

        #[message]
        fn note(&mut self) {}
    }
    let adder = System::new("threads").spawn(Adder);
    let threads: Vec<_> = (0..2)
        .map(|n| {
            let adder = adder.clone();
            tokio::task::spawn_blocking(move || {
                for _ in 0..100 {
                    adder.note().blocking().unwrap();
                }
                (0..100).map(|m| adder.add(n, m).blocking().unwrap()).sum::<u32>()
            })
        })
        .collect();
    for (n, thread) in (0..).zip(threads) {
        assert_eq!(thread.await.unwrap(), 100 * n + 4950);
    }
    assert_eq!(adder.ledger().total().handled, 400);
}

// --- starting and stopping -----------------------------------------------------------------------------------------

#[test]
fn spawn_find_and_ctx_give_the_typed_handle_without_annotation() {
    run(async |system| {
        let shop = system.spawn(Shop::default());
        assert!(shop.price_of(1).await.is_ok());
        let named: ShopHandle = system.actor(Shop::default).name("shop").spawn().unwrap();
        let found: Option<ShopHandle> = system.find("shop");
        assert_eq!(found.unwrap().stock(GetStock { sku: 1 }).await.unwrap(), 2);
        assert_eq!(named.name().as_str(), "shop");
        assert!(format!("{named:?} {system:?}").contains("shop"));
    });
}

#[test]
fn ready_says_when_it_has_started_or_why_not() {
    run(async |system| {
        let before = Instant::now();
        let good = shop(&system);
        good.ready().await.unwrap();
        assert_eq!(before.elapsed(), SECOND);
        good.ready().await.unwrap();
        let bad = system.instance(Shop { refuses_to_open: true, ..Shop::default() });
        let bad: ShopHandle = bad.name("jammed").spawn().unwrap();
        let why: StartError = bad.ready().await.unwrap_err();
        assert_eq!(why.to_string(), "actor `jammed` did not start: the lock is jammed");
        assert_eq!(bad.closed().await, StopReason::StartFailed);
        assert_eq!(bad.ready().await.unwrap_err().to_string(), why.to_string());
    });
}

#[test]
fn whatever_is_declared_may_be_said_differently_at_start() {
    run(async |system| {
        let builder = system.instance(Shop::default()).name("shop").capacity(4);
        let builder = builder.max_waiting(1).reserve(2);
        let builder = builder.policy::<shop_messages::Viewed>(|policy| {
            policy.overflow(&[Overflow::Reject]).priority(Priority::Normal).ttl(HOUR)
        });
        let shop: ShopHandle = builder.spawn().unwrap();
        assert_eq!(shop.reading().capacity, 4);
        let _held = testing::hold(&shop);
        shop.viewed("/".into()).await.unwrap();
        shop.viewed("/".into()).await.unwrap();
        assert_eq!(shop.viewed("/".into()).await.unwrap_err().reason(), Reason::Full);
    });
}

#[test]
fn a_shutdown_drains_the_youngest_first_and_says_what_was_left() {
    run(async |system| {
        struct Link {
            next: Option<LinkHandle>,
        }
        #[actor(local)]
        impl Link {
            #[message]
            async fn pass(&mut self, n: u32) -> u32 {
                tokio::time::sleep(SECOND).await;
                match &self.next {
                    Some(next) => next.pass(n + 1).await.unwrap(),
                    None => n,
                }
            }

            #[message]
            async fn sleep(&mut self) {
                tokio::time::sleep(HOUR).await;
            }
        }
        let open = |name: &str, next| -> LinkHandle {
            let builder = system.instance(Link { next });
            builder.name(name).spawn().unwrap()
        };
        let stuck = open("stuck", None);
        let base = open("base", None);
        let middle = open("middle", Some(base.clone()));
        let top = open("top", Some(middle.clone()));
        let asked = tokio::spawn(top.pass(0).owned());
        tokio::task::yield_now().await;
        let token = system.token();
        assert!(!token.is_cancelled());
        stuck.sleep().await.unwrap();
        stuck.sleep().await.unwrap();
        tokio::task::yield_now().await;
        let report: ShutdownReport = system.shutdown(5 * SECOND).await;
        assert!(token.is_cancelled());
        // Those it was built on were there until the top had drained.
        assert_eq!(asked.await.unwrap().unwrap(), 2);
        let names =
            |names: &[actors_core::ActorName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&report.killed), ["stuck"]);
        assert_eq!(names(&report.drained), ["top", "middle", "base"]);
        assert!(report.unfinished.is_empty() && !report.is_clean());
        assert_eq!((report.total.offered, report.total.undelivered), (5, 2));
        let said = report.to_string();
        assert!(said.contains("3 actors drained; killed: stuck"), "{said}");
        assert!(said.contains("2 of 5 messages undelivered"), "{said}");
    });
}

#[test]
fn a_message_that_bears_a_handle_method_s_name_shadows_it() {
    run(async |system| {
        struct Machine {
            is_running: bool,
        }
        #[actor(local)]
        impl Machine {
            #[message(shadows)]
            fn stop(&mut self) -> bool {
                std::mem::take(&mut self.is_running)
            }
        }
        let machine = system.spawn(Machine { is_running: true });
        assert!(machine.stop().await.unwrap());
        assert!(!machine.is_closed());
        let ending = Handle::stop(&machine).await;
        assert_eq!(ending.reason().unwrap(), StopReason::Stopped);
    });
}

// --- inside a handler ----------------------------------------------------------------------------------------------

#[derive(Default)]
struct Worker {
    seen: Vec<String>,
    jobs: Vec<Job>,
}

impl Worker {
    fn kept(&mut self, job: Result<Job, SendError<impl Sized>>) {
        self.jobs.push(job.unwrap());
    }
}

#[actor]
impl Worker {
    #[message]
    fn seen(&mut self) -> Vec<String> {
        std::mem::take(&mut self.seen)
    }

    #[message]
    fn word(&mut self, word: String) {
        self.seen.push(word);
    }

    #[message]
    fn looks_around(&mut self, ctx: &mut Context<Self>) -> (String, String, usize) {
        let me: WorkerHandle = ctx.handle();
        me.word("to myself".into()).try_send().unwrap();
        let reading = ctx.reading();
        let (name, system) = (ctx.name().to_string(), ctx.system().name().to_string());
        (name, system, reading.depth)
    }

    #[message]
    fn after(&mut self, delay: Duration, ctx: &mut Context<Self>) {
        let word = worker_messages::Word { word: "after".into() };
        let job = ctx.send_after(delay, word);
        self.kept(job);
    }

    #[message]
    fn every(&mut self, period: Duration, ctx: &mut Context<Self>) {
        let word = worker_messages::Word { word: "every".into() };
        let job = ctx.send_every(period, word);
        self.kept(job);
    }

    #[message]
    fn pipes(&mut self, ctx: &mut Context<Self>) {
        let slow = async {
            tokio::time::sleep(10 * SECOND).await;
            42
        };
        let job = ctx.pipe(slow, |n| worker_messages::Word { word: format!("piped {n}") });
        self.kept(job);
    }

    #[message]
    fn watches(&mut self, other: WorkerHandle, ctx: &mut Context<Self>) {
        let job = ctx.watch(&other, |why| worker_messages::Word { word: format!("{why:?}") });
        self.kept(job);
    }

    #[message]
    fn cancel_all(&mut self) -> bool {
        self.jobs.iter().for_each(Job::cancel);
        !self.jobs.is_empty()
    }

    #[message]
    fn all_done(&mut self) -> bool {
        self.jobs.drain(..).all(|job| job.is_finished())
    }

    #[message]
    fn leaves(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

#[test]
fn a_handler_reaches_itself_its_system_and_its_mailbox() {
    run(async |system| {
        let worker: WorkerHandle = system.instance(Worker::default()).name("bee").spawn().unwrap();
        let around = worker.looks_around().await.unwrap();
        assert_eq!(around, ("bee".into(), "test".into(), 1));
        assert_eq!(worker.seen().await.unwrap(), ["to myself"]);
        worker.leaves().await.unwrap();
        assert_eq!(worker.closed().await, StopReason::Stopped);
    });
}

#[test]
fn timers_send_once_or_again_and_again() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.after(3 * SECOND + ms(500)).await.unwrap();
        worker.every(SECOND).await.unwrap();
        testing::quiet(&system).await;
        tokio::time::sleep(5 * SECOND + ms(100)).await;
        let seen = worker.seen().await.unwrap();
        assert_eq!(seen, ["every", "every", "every", "after", "every", "every"]);
        assert!(worker.cancel_all().await.unwrap());
        tokio::time::sleep(HOUR).await;
        assert!(worker.seen().await.unwrap().is_empty());
        assert!(worker.all_done().await.unwrap());
    });
}

#[test]
fn ticks_that_nobody_had_time_for_are_not_made_up() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.every(SECOND).await.unwrap();
        testing::quiet(&system).await;
        // The clock jumps over ten of them.
        tokio::time::advance(10 * SECOND + ms(500)).await;
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["every"]);
        tokio::time::sleep(SECOND).await;
        assert_eq!(worker.seen().await.unwrap(), ["every"]);
    });
}

#[test]
fn a_cancelled_timer_sends_nothing() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.after(SECOND).await.unwrap();
        worker.cancel_all().await.unwrap();
        tokio::time::sleep(HOUR).await;
        assert_eq!(worker.ledger().of::<worker_messages::Word>().offered, 0);
        // Cancelled, it keeps the actor alive no more.
        let closed = worker.closed();
        drop(worker);
        assert_eq!(closed.await, StopReason::Unreferenced);
    });
}

#[test]
fn a_pipe_lets_the_actor_go_on_and_brings_its_output_as_a_message() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.pipes().await.unwrap();
        worker.word("meanwhile".into()).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["meanwhile"]);
        tokio::time::sleep(11 * SECOND).await;
        assert_eq!(worker.seen().await.unwrap(), ["piped 42"]);
        assert!(worker.all_done().await.unwrap());
    });
}

#[test]
fn a_watch_brings_word_of_another_actor_s_end() {
    run(async |system| {
        let (watcher, watched) = (system.spawn(Worker::default()), system.spawn(Worker::default()));
        let gone = system.spawn(Worker::default());
        let _ = gone.stop().await;
        watcher.watches(watched.clone()).await.unwrap();
        watcher.watches(gone).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Stopped"]);
        watched.kill();
        watched.closed().await;
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Killed"]);
        // Watching keeps nobody alive.
        let third = system.spawn(Worker::default());
        watcher.watches(third.clone()).await.unwrap();
        testing::quiet(&system).await;
        drop(third);
        testing::quiet(&system).await;
        assert_eq!(watcher.seen().await.unwrap(), ["Unreferenced"]);
    });
}

// --- watching it ---------------------------------------------------------------------------------------------------

#[test]
fn a_reading_has_the_numbers_of_this_instant() {
    run(async |system| {
        let builder = system.instance(Shop::default()).capacity(4).reserve(0);
        let shop: ShopHandle = builder.name("shop").spawn().unwrap();
        shop.ready().await.unwrap();
        let held = testing::hold(&shop);
        for _ in 0..2 {
            shop.viewed("/".into()).await.unwrap();
            tokio::time::advance(SECOND).await;
        }
        let mut asks = [shop.charge(1, 1), shop.charge(1, 1), shop.charge(1, 1)];
        assert!(asks.iter_mut().all(|ask| poll(ask).is_pending()));
        let reading: Reading = shop.reading();
        assert_eq!((reading.depth, reading.capacity, reading.waiting), (4, 4, 1));
        assert_eq!((reading.workers, reading.oldest_age), (1, 2 * SECOND));
        assert!((reading.fill() - 1.0).abs() < 1e-9);
        assert!(reading.retry_after.unwrap() > Duration::ZERO);
        held.release();
        testing::quiet(&system).await;
        drop(asks);
        let reading = shop.reading();
        assert_eq!((reading.depth, reading.waiting, reading.oldest_age), (0, 0, Duration::ZERO));
        let _ = shop.stop().await;
        assert_eq!(shop.reading().workers, 0);
    });
}

#[test]
fn readings_may_be_watched_as_they_change() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let mut readings: tokio::sync::watch::Receiver<Reading> = worker.watch();
        assert_eq!(readings.borrow_and_update().depth, 0);
        let held = testing::hold(&worker);
        for n in 0..3 {
            worker.word(n.to_string()).await.unwrap();
        }
        let before = Instant::now();
        readings.changed().await.unwrap();
        assert_eq!(readings.borrow_and_update().depth, 3);
        assert!(before.elapsed() <= ms(100), "at most a tenth of a second later");
        held.release();
        readings.wait_for(|reading| reading.depth == 0).await.unwrap();
        let _ = worker.stop().await;
        readings.wait_for(|reading| reading.workers == 0).await.unwrap();
    });
}

#[test]
fn dead_letters_are_a_stream() {
    run(async |system| {
        fn is_stream(_: &impl Stream<Item = DeadLetter>) {}
        let worker = system.spawn(Worker::default());
        let lost = system.dead_letters();
        is_stream(&lost);
        let words = lost.map(|letter| (letter.message, letter.reason)).collect::<Vec<_>>();
        let words = tokio::spawn(words);
        tokio::task::yield_now().await;
        let held = testing::hold(&worker);
        for n in 0..3 {
            worker.word(n.to_string()).await.unwrap();
        }
        worker.kill();
        worker.closed().await;
        drop(held);
        // It ends when the system has shut down.
        system.shutdown(SECOND).await;
        assert_eq!(words.await.unwrap(), [("Word", Reason::Closed); 3]);
    });
}

#[test]
fn a_snapshot_can_be_written_down() {
    run(async |system| {
        let shop = shop(&system);
        let worker = system.spawn(Worker::default());
        shop.viewed("/".into()).ask().await.unwrap();
        let held = testing::hold(&worker);
        worker.word("a".into()).await.unwrap();
        let shot = system.snapshot();
        assert_eq!((shot.system.as_str(), shot.actors.len()), ("test", 2));
        let json: serde_json::Value = serde_json::to_value(&shot).unwrap();
        let actors = json["actors"].as_array().unwrap();
        assert_eq!(actors[0]["name"], "shop");
        assert_eq!(actors[0]["kind"], "Shop");
        assert_eq!(actors[1]["reading"]["depth"], 1);
        assert_eq!(actors[1]["reading"]["capacity"], 256);
        let rows = actors[0]["rows"].as_array().unwrap();
        let viewed = rows.iter().find(|row| row["message"] == "Viewed").unwrap();
        assert_eq!(viewed["counts"], serde_json::json!([["offered", 1], ["handled", 1]]));
        held.release();
        let _ = worker.stop().await;
        assert_eq!(system.snapshot().actors.len(), 1, "who has ended is in it no more");
    });
}

#[test]
fn reasons_speak_one_word_list() {
    let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    let expected = [
        "full",
        "dropped",
        "shed",
        "rate_limited",
        "doomed",
        "expired",
        "evicted",
        "conflated",
        "cancelled",
        "timed_out",
        "closed",
        "panicked",
        "unanswered",
        "would_deadlock",
        "too_many_jobs",
        "zero_period",
    ];
    assert_eq!(words, expected);
    run(async |system| {
        let worker = system.spawn(Worker::default());
        worker.kill();
        worker.closed().await;
        let told = worker.word("late".into()).await.unwrap_err();
        assert_eq!(told.to_string(), "`Word` not sent: `worker-1` is closed: kill was called");
        let asked = worker.seen().await.unwrap_err();
        assert_eq!(asked.to_string(), "no answer to `Seen`: `worker-1` is closed: kill was called");
        assert!(asked.cycle().is_none() && told.cycle().is_none());
        let boxed: BoxError = asked.into();
        assert!(format!("{boxed:?}").contains("Closed"));
    });
}

// --- other ways to an actor ----------------------------------------------------------------------------------------

#[test]
fn a_recipient_forgets_whose_it_is() {
    run(async |system| {
        struct Double;
        #[actor(local)]
        impl Double {
            #[handler]
            fn stock(&mut self, ask: GetStock) -> u32 {
                ask.sku + 100
            }
        }
        let (shop, double) = (shop(&system), system.spawn(Double));
        let all: Vec<Recipient<GetStock>> = vec![shop.recipient(), double.recipient()];
        let mut answers = Vec::new();
        for recipient in all.clone() {
            answers.push(recipient.ask(GetStock { sku: 5 }).await.unwrap());
            assert_eq!(recipient.tell(GetStock { sku: 5 }).await.unwrap(), Admission::Queued);
            recipient.try_send(GetStock { sku: 5 }).unwrap();
        }
        assert_eq!(answers, [10, 105]);
        assert_eq!(all[0].name(), "shop");
        assert!(format!("{:?}", all[0]).contains("GetStock"));
    });
}

#[test]
fn a_weak_handle_becomes_a_handle_while_another_one_lives() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let weak: WeakHandle<Worker> = worker.downgrade();
        let again: Handle<Worker> = weak.clone().upgrade().unwrap();
        again.tell(worker_messages::Word { word: "hello".into() }).await.unwrap();
        drop(again);
        assert_eq!(worker.seen().await.unwrap(), ["hello"]);
    });
}

#[test]
fn handles_are_what_handles_should_be() {
    fn is_handle<H: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    fn is_send<T: Send>(_: &T) {}
    is_handle::<ShopHandle>();
    is_handle::<Handle<Shop>>();
    is_handle::<WeakHandle<Shop>>();
    is_handle::<Recipient<GetStock>>();
    is_handle::<System>();
    is_error::<AskError>();
    is_error::<SendError<GetStock>>();
    is_error::<StartError>();
    is_error::<actors_core::SpawnError>();
    run(async |system| {
        let shop = shop(&system);
        is_send(&shop.charge(1, 1));
        is_send(&shop.viewed(String::new()));
        is_send(&shop.charge(1, 1).returning());
    });
}

// --- without macros ------------------------------------------------------------------------------------------------

struct ByHand(u64);

struct Add(u64);

struct Price {
    sku: u32,
    cents: u64,
}

impl Message for Add {
    type Reply = u64;
    const NAME: &'static str = "Add";
    const POLICY: Policy = Policy::ask().priority(Priority::High);

    fn describe(&self) -> Option<String> {
        Some(format!("add {}", self.0))
    }
}

impl Message for Price {
    type Reply = ();
    const NAME: &'static str = "Price";
    const POLICY: Policy = Policy::tell().keyed().overflow(&[Overflow::Conflate]);

    fn key_hash(&self, state: &std::hash::RandomState) -> u64 {
        std::hash::BuildHasher::hash_one(state, self.sku)
    }

    fn same_key(&self, other: &Self) -> bool {
        self.sku == other.sku
    }
}

enum HandMail {
    Add(Parcel<Add>),
    Price(Parcel<Price>),
}

impl Mail<ByHand> for HandMail {
    const CLASSES: &'static [Class] = &[Class::of::<Add>(), Class::of::<Price>()];

    fn class(&self) -> usize {
        match self {
            HandMail::Add(_) => 0,
            HandMail::Price(_) => 1,
        }
    }

    fn parcel(&self) -> &dyn AnyParcel {
        match self {
            HandMail::Add(parcel) => parcel,
            HandMail::Price(parcel) => parcel,
        }
    }

    fn parcel_mut(&mut self) -> &mut dyn AnyParcel {
        match self {
            HandMail::Add(parcel) => parcel,
            HandMail::Price(parcel) => parcel,
        }
    }

    fn deliver_now(self, actor: &mut ByHand, ctx: &mut Context<ByHand>) -> Option<Self> {
        match self {
            HandMail::Add(parcel) => {
                let (Add(n), answer) = parcel.open();
                actor.0 += n;
                answer.send(ctx, actor.0);
                None
            }
            later @ HandMail::Price(_) => Some(later),
        }
    }

    async fn deliver(self, actor: &mut ByHand, ctx: &mut Context<ByHand>) {
        let HandMail::Price(parcel) = self else { return };
        let (price, answer) = parcel.open();
        tokio::task::yield_now().await;
        actor.0 += price.cents;
        answer.send(ctx, ());
    }
}

impl Actor for ByHand {
    type Mail = HandMail;
    const NAME: &'static str = "ByHand";
}

impl Handler<Add> for ByHand {
    const CLASS: usize = 0;

    fn pack(parcel: Parcel<Add>) -> HandMail {
        HandMail::Add(parcel)
    }

    fn unpack(mail: HandMail) -> Option<Parcel<Add>> {
        match mail {
            HandMail::Add(parcel) => Some(parcel),
            HandMail::Price(_) => None,
        }
    }
}

impl Handler<Price> for ByHand {
    const CLASS: usize = 1;

    fn pack(parcel: Parcel<Price>) -> HandMail {
        HandMail::Price(parcel)
    }

    fn unpack(mail: HandMail) -> Option<Parcel<Price>> {
        match mail {
            HandMail::Price(parcel) => Some(parcel),
            HandMail::Add(_) => None,
        }
    }
}

impl Typed<Handle<ByHand>> for ByHand {}

#[test]
fn an_actor_written_by_hand_is_like_any_other() {
    run(async |system| {
        let by_hand: Handle<ByHand> = system.spawn(ByHand(0));
        assert_eq!(by_hand.ask(Add(2)).await.unwrap(), 2);
        let held = testing::hold(&by_hand);
        for cents in [10, 20, 30] {
            by_hand.tell(Price { sku: 1, cents }).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(by_hand.ask(Add(0)).await.unwrap(), 32);
        assert_eq!(by_hand.ledger().of::<Price>().conflated, 2);
        let mut lost = system.dead_letters();
        let held = testing::hold(&by_hand);
        by_hand.tell(Add(7)).await.unwrap();
        by_hand.kill();
        drop(held);
        assert_eq!(lost.next().await.unwrap().payload.as_deref(), Some("add 7"));
    });
}

// --- testing one's own actors --------------------------------------------------------------------------------------

#[test]
fn a_probe_stands_in_for_an_actor_and_records_what_it_gets() {
    run(async |system| {
        let probe = testing::probe(&system, |ask: &GetStock| ask.sku + 1);
        let recipient: Recipient<GetStock> = probe.recipient();
        assert_eq!(recipient.ask(GetStock { sku: 1 }).await.unwrap(), 2);
        recipient.tell(GetStock { sku: 5 }).await.unwrap();
        testing::quiet(&system).await;
        let received: Vec<_> = probe.received().into_iter().map(|ask| ask.sku).collect();
        assert_eq!(received, [1, 5]);
        assert!(probe.received().is_empty());
        assert_eq!(probe.handle().ledger().total().handled, 2);
    });
}

#[test]
fn a_held_actor_takes_no_turn_and_goes_on_when_it_is_let_go() {
    run(async |system| {
        let worker = system.spawn(Worker::default());
        let held = testing::hold(&worker);
        worker.word("a".into()).await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(worker.reading().depth, 1);
        drop(held);
        testing::quiet(&system).await;
        assert_eq!(worker.seen().await.unwrap(), ["a"]);
    });
}
