//! T9: all randomness of a system comes from its seed, so that a run in paused time depends only on
//! the program and the seed.

use actors_core::prelude::*;
use actors_core::{
    Restart,
    policy::{Action, Pressure},
    testing,
};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The events of a run, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn line(&self, text: impl std::fmt::Display) {
        writeln!(self.0.lock().unwrap(), "{text}").unwrap();
    }
}

struct Worker {
    log: Log,
}

#[actor(capacity = 64)]
impl Worker {
    #[message(overflow = drop_random(from = 0.25), max = 16)]
    async fn sampled(&mut self, n: u32) {
        self.log.line(format_args!("sampled {n}"));
        sleep(Duration::from_millis(3)).await;
    }

    #[message(overflow = reject, priority = low)]
    async fn report(&mut self, n: u32) {
        self.log.line(format_args!("report {n}"));
        sleep(Duration::from_millis(3)).await;
    }

    #[message(overflow = conflate, key = sku)]
    async fn priced(&mut self, sku: u32, cents: u32) {
        self.log.line(format_args!("priced {sku} {cents}"));
        sleep(Duration::from_millis(1)).await;
    }

    #[message(overflow = reject, priority = high)]
    fn fail(&mut self) {
        panic!("the test asks for it");
    }
}

/// Runs a program that uses each source of randomness, and returns its events, line by line.
fn events_of_run(seed: u64) -> String {
    let log = Log::default();
    let told = log.clone();
    testing::run_with_seed(seed, async |system| {
        let begun = Instant::now();
        let shared = log.clone();
        let workers: WorkerHandle = system
            .actor(move || Worker { log: shared.clone() })
            .workers(1..=2)
            .pressure(Pressure::new().respond(&[Action::Shed]))
            .restart(Restart::on_failure().at_most(1000, Duration::from_secs(1000)))
            .spawn()
            .unwrap();
        for n in 0..3000 {
            let _ = workers.sampled(n).await;
            if let Err(error) = workers.report(n).try_send() {
                log.line(format_args!("{error} {:?}", error.retry_after()));
            }
            let _ = workers.priced(n % 7, n).await;
            if n % 500 == 499 {
                let _ = workers.fail().ask().await;
            }
            sleep(Duration::from_millis(1)).await;
        }
        testing::quiet(&system).await;
        for decision in system.decisions() {
            log.line(format_args!("{:?} {decision}", decision.at - begun));
        }
        log.line(format_args!("{:?}", workers.ledger().total()));
        log.line(format_args!("{:?}", begun.elapsed()));
    });
    told.0.lock().unwrap().clone()
}

#[test]
fn t9_two_runs_with_one_seed_are_the_same_and_with_two_seeds_they_differ() {
    let story_of_7 = events_of_run(7);
    assert!(story_of_7.contains("shed") && story_of_7.contains("restarts"), "{story_of_7}");
    assert!(events_of_run(7) == story_of_7, "two runs with the same seed differ");
    assert!(events_of_run(8) != story_of_7, "the seed changes nothing");
}

/// A key that stores the hash that the runtime computed for it.
struct Key(Arc<Mutex<u64>>);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        7.hash(state);
        *self.0.lock().unwrap() = state.finish();
    }
}

impl PartialEq for Key {
    fn eq(&self, _: &Key) -> bool {
        true
    }
}

struct Ticker;

#[actor]
impl Ticker {
    #[message(overflow = conflate, key = key)]
    fn tick(&mut self, key: Key) {
        drop(key);
    }
}

#[test]
fn t9_the_hash_of_a_key_is_a_function_of_the_seed() {
    let hash = |system: &System| {
        let hash = Arc::new(Mutex::new(0));
        let ticker: TickerHandle = system.instance(Ticker).name("ticker").spawn().unwrap();
        ticker.tick(Key(hash.clone())).try_send().unwrap();
        *hash.lock().unwrap()
    };
    testing::run(async |_| {
        let seeded = |seed| hash(&System::builder("shop").seed(seed).build());
        assert_eq!(seeded(1), seeded(1));
        assert_ne!(seeded(1), seeded(2));
        assert_ne!(hash(&System::new("shop")), hash(&System::new("shop")), "keys can be made to collide");
    });
}

/// Sends to itself in the middle of its claim. Claimed messages cannot be dropped to make room.
struct Echo {
    log: Log,
    /// Rounds of work in each turn.
    effort: u64,
}

#[actor(capacity = 64)]
impl Echo {
    #[message(overflow = drop_oldest, max = 8)]
    fn said(&mut self, n: u64, ctx: &mut Context<Self>) {
        (0..self.effort).for_each(|round| {
            black_box(round);
        });
        let left = [100, 200].map(|more| ctx.handle().said(n + more).try_send().ok());
        self.log.line(format_args!("{n} {left:?}"));
        if n >= 2000 {
            ctx.stop();
        }
    }
}

#[test]
fn t9_a_run_in_paused_time_does_not_depend_on_how_fast_the_processor_is() {
    let told = |effort| {
        let log = Log::default();
        let told = log.clone();
        testing::run(async |system| {
            let echo: EchoHandle = system.instance(Echo { log, effort }).spawn().unwrap();
            for n in 0..8 {
                echo.said(n).await.unwrap();
            }
            echo.closed().await;
        });
        told.0.lock().unwrap().clone()
    };
    // A turn of the second type takes longer than a claim of short turns may last.
    assert_eq!(told(0), told(20_000));
}

#[test]
fn t9_a_builder_makes_a_system_with_and_without_a_seed() {
    testing::run(async |_| {
        for system in
            [System::builder("shop").seed(7).build(), System::builder("shop").build(), System::new("shop")]
        {
            assert_eq!(system.name().as_str(), "shop");
        }
    });
}
