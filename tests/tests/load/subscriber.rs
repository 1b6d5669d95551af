//! B6: a `tracing` subscriber is user code. One of these panics, and one sends to actors, wherever
//! the runtime calls it.
//!
//! A subscriber is global, so each test has a process of its own.

use actors_core::prelude::*;
use actors_core::{
    observe::Level,
    policy::{Action, Pressure},
    testing,
};
use actors_tests::{SECOND, alone, run_other_tasks, threads};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

/// The calls of the subscriber.
static CALLS: AtomicU64 = AtomicU64::new(0);
/// The calls while a lock of the runtime was held.
static LOCKED: AtomicU64 = AtomicU64::new(0);

/// What the span of every sender is.
static METADATA: OnceLock<&'static Metadata<'static>> = OnceLock::new();

/// Calls its function at each event, and when a span is asked for, cloned, followed, entered, left
/// or closed.
struct Hostile(fn());

impl Hostile {
    fn call(&self) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        LOCKED.fetch_add(testing::holds_lock().into(), Ordering::Relaxed);
        (self.0)();
    }
}

impl Subscriber for Hostile {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("actors")
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        // A panic here would leave the actors without a span, and the other calls untested.
        let _ = METADATA.set(span.metadata());
        Id::from_u64(1)
    }
    fn current_span(&self) -> Current {
        self.call();
        METADATA.get().map_or_else(Current::none, |metadata| Current::new(Id::from_u64(1), metadata))
    }
    fn clone_span(&self, id: &Id) -> Id {
        self.call();
        id.clone()
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {
        self.call();
    }
    fn event(&self, _: &Event<'_>) {
        self.call();
    }
    fn enter(&self, _: &Id) {
        self.call();
    }
    fn exit(&self, _: &Id) {
        self.call();
    }
    fn try_close(&self, _: Id) -> bool {
        self.call();
        true
    }
}

#[derive(Default)]
struct Desk {
    handled: u64,
}

#[actor(capacity = 16, reserve = 0, max_waiting = 4)]
impl Desk {
    #[message(overflow = block)]
    async fn work(&mut self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.handled += 1;
    }
    #[message(overflow = reject)]
    fn look(&mut self) -> u64 {
        self.handled
    }
    #[message(overflow = drop_oldest, priority = low)]
    fn trace(&mut self) {
        self.handled += 1;
    }
    #[message(priority = high)]
    fn fail(&mut self) -> u32 {
        panic!("as asked")
    }
}

/// Hides the subscriber's panics, which are many, from the output of a failing test.
fn hide_its_panics() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !matches!(panic.payload_as_str(), Some("no disk" | "as asked")) {
            others(panic);
        }
    }));
}

static DESK: OnceLock<DeskHandle> = OnceLock::new();

fn desk(system: &System, pressure: Pressure) -> DeskHandle {
    let restart = Restart::on_failure().at_most(1000, SECOND);
    system.actor(Desk::default).name("desk").pressure(pressure).restart(restart).spawn().unwrap()
}

/// Makes refusals, losses, failures, restarts, pressure and an end, and checks that all is as
/// without a subscriber.
fn exercise(subscriber: fn()) {
    tracing::subscriber::set_global_default(Hostile(subscriber)).unwrap();
    testing::run(async |system| {
        let desk = desk(&system, Pressure::new().respond(&[Action::Shed]));
        DESK.set(desk.clone()).unwrap();
        assert_eq!(desk.fail().await.unwrap_err().reason(), Reason::Panicked);
        run_other_tasks().await;
        assert!(desk.look().await.is_ok(), "the next instance continues");
        let mut shed = 0;
        let mut highest = Level::Calm;
        for _ in 0..800 {
            for _ in 0..3 {
                drop(desk.work().try_send());
                drop(desk.trace().try_send());
                let refused = desk.look().tell().try_send().map_err(|error| error.reason());
                shed += u64::from(refused == Err(Reason::Shed));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            highest = highest.max(desk.reading().level);
        }
        assert!(shed > 100 && highest > Level::Calm, "supervision goes on: {shed} were shed, {highest:?}");
        testing::quiet(&system).await;
        assert_eq!(desk.fail().await.unwrap_err().reason(), Reason::Panicked);
        // This type is never shed.
        desk.work().ask().await.unwrap();
        let report = system.shutdown(SECOND).await;
        assert!(report.is_clean(), "{report}");
        let ledger = desk.ledger();
        assert!(ledger.is_balanced() && ledger.total().panicked == 2, "{ledger}");
    });
    assert!(CALLS.load(Ordering::Relaxed) > 200, "{CALLS:?}");
    assert_eq!(LOCKED.load(Ordering::Relaxed), 0);
}

#[test]
fn b6_a_subscriber_that_panics_ends_nothing_and_loses_nothing() {
    alone!("b6_a_subscriber_that_panics_ends_nothing_and_loses_nothing", || {
        hide_its_panics();
        exercise(|| panic!("no disk"));
    });
}

thread_local! {
    static IS_SENDING: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn b6_a_subscriber_may_send_to_the_actors_that_it_hears_of() {
    alone!("b6_a_subscriber_may_send_to_the_actors_that_it_hears_of", || {
        exercise(|| {
            // Not at each call: each send causes more calls, and paused time passes only when all
            // tasks are idle.
            let may_send = CALLS.load(Ordering::Relaxed).is_multiple_of(16);
            // Its own sends cause log lines, which must not cause further sends.
            if let Some(desk) = DESK.get().filter(|_| may_send && !IS_SENDING.replace(true)) {
                drop(desk.trace().try_send());
                drop(desk.look().tell().try_send());
                let _ = (desk.reading(), desk.ledger().is_balanced());
                IS_SENDING.set(false);
            }
        });
    });
}

#[test]
fn b6_on_threads_a_hostile_subscriber_leaves_the_books_balanced() {
    alone!("b6_on_threads_a_hostile_subscriber_leaves_the_books_balanced", || {
        hide_its_panics();
        tracing::subscriber::set_global_default(Hostile(|| {
            let call = CALLS.load(Ordering::Relaxed);
            if call.is_multiple_of(3) {
                panic!("no disk");
            }
            // Not at each call: a turn calls it more than once, and the mailbox would stay full.
            if let Some(desk) = DESK.get().filter(|_| call.is_multiple_of(16) && !IS_SENDING.replace(true)) {
                drop(desk.trace().try_send());
                IS_SENDING.set(false);
            }
        }))
        .unwrap();
        let runtime = threads(4);
        runtime.block_on(async {
            let system = System::new("threads");
            let desk = desk(&system, Pressure::new().respond(&[Action::Shed]));
            DESK.set(desk.clone()).unwrap();
            let senders: Vec<_> = (0..8)
                .map(|_| {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        for n in 0..50 {
                            drop(desk.look().await);
                            drop(desk.trace().await);
                            drop(desk.look().tell().try_send());
                            if n % 25 == 0 {
                                drop(desk.fail().await);
                            }
                        }
                    })
                })
                .collect();
            for sender in senders {
                sender.await.unwrap();
            }
            system.shutdown(30 * SECOND).await;
            let ledger = desk.ledger();
            assert!(ledger.is_balanced(), "{ledger}");
            assert!(ledger.total().panicked > 0, "{ledger}");
            assert_eq!(LOCKED.load(Ordering::Relaxed), 0);
        });
    });
}
