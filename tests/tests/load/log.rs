//! L4: the log lines about an actor's refusals and losses, failures and supervision, and their
//! levels.

use actors_core::outlet::{Call, Handed, Handing, Outlet, Returned};
use actors_core::prelude::*;
use actors_core::{
    observe::{DecisionKind, LogEvent, LogLevel},
    policy::{Action, Pressure},
    testing,
};
use actors_tests::{HOUR, SECOND, run, run_other_tasks};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

/// A log line: its level, its actor, its text, and its other fields.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    level: Level,
    actor: String,
    text: String,
    fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<Line>>>);

struct Fields<'a>(&'a mut Line);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").unwrap();
        match field.name() {
            "message" => self.0.text = text,
            "actor" => self.0.actor = text,
            name => drop(self.0.fields.insert(name, text)),
        }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target() == "actors" {
            let level = *event.metadata().level();
            let mut line = Line { level, actor: String::new(), text: String::new(), fields: BTreeMap::new() };
            event.record(&mut Fields(&mut line));
            self.0.lock().unwrap().push(line);
        }
    }
}

impl Lines {
    fn taken(&self) -> Vec<Line> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The lines about losses, as level and text, since the last call.
    fn losses(&self) -> Vec<(Level, String)> {
        let lines = self.taken().into_iter().filter(|line| line.text.starts_with("refused or lost"));
        lines.map(|line| (line.level, line.text)).collect()
    }
}

/// Runs a test in paused time with a subscriber for lines up to this level.
fn logged(most: LevelFilter, test: impl AsyncFnOnce(System, Lines)) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone().with_filter(most));
    tracing::subscriber::with_default(subscriber, || run(async |system| test(system, lines).await));
}

struct Shop;

#[actor(local, capacity = 2, reserve = 0, max_waiting = 1)]
impl Shop {
    #[message(priority = high, overflow = reject)]
    fn pay(&mut self) {}

    #[message(priority = low, overflow = reject)]
    fn export(&mut self) {}

    #[message(priority = low, overflow = drop_newest)]
    fn viewed(&mut self) {}

    #[message(priority = high, overflow = block, timeout = "1s")]
    fn order(&mut self) {}

    #[message]
    fn charge(&mut self, cents: u64) -> u64 {
        assert!(cents > 0, "no cents");
        cents
    }
}

fn shop(system: &System) -> ShopHandle {
    system.instance(Shop).name("shop").spawn().unwrap()
}

/// Starts a shop that is held and has no free slot.
fn full(system: &System) -> (ShopHandle, testing::Held<Shop>) {
    let shop = shop(system);
    let held = testing::hold(&shop);
    (0..2).for_each(|_| assert!(shop.export().try_send().is_ok()));
    (shop, held)
}

#[test]
fn l4_refused_payments_are_one_warning_a_second_with_counts_by_type_and_reason() {
    logged(LevelFilter::WARN, async |system, lines| {
        let (shop, _held) = full(&system);
        for _ in 0..1000 {
            shop.pay().try_send().unwrap_err();
            shop.viewed().try_send().unwrap();
        }
        shop.export().try_send().unwrap_err();
        assert_eq!(lines.losses(), [], "losses are collected for a second");
        tokio::time::sleep(SECOND * 3 / 2).await;
        let text = "refused or lost in 1 s: Pay 1000 full; Export 1 full; Viewed 1000 dropped";
        assert_eq!(lines.losses(), [(Level::WARN, text.to_owned())]);
    });
}

#[test]
fn l4_the_level_of_each_event_can_be_set_and_off_is_silence() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone().with_filter(LevelFilter::INFO));
    tracing::subscriber::with_default(subscriber, || {
        run(async |_| {
            let system = System::builder("shop")
                .log_level(LogEvent::GraveLosses, LogLevel::Debug)
                .log_level(LogEvent::Refusals, LogLevel::Off)
                .log_level(LogEvent::DeclaredLosses, LogLevel::Error)
                .log_level(LogEvent::Stopped, LogLevel::Warn)
                .build();
            let shop: ShopHandle = system.actor(|| Shop).name("shop").spawn().unwrap();
            let held = testing::hold(&shop);
            for _ in 0..9 {
                let _ = shop.export().try_send();
            }
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(lines.losses(), []);
            for _ in 0..9 {
                let _ = shop.viewed().try_send();
            }
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(lines.losses(), [(Level::ERROR, "refused or lost in 1 s: Viewed 9 dropped".into())]);
            for _ in 0..9 {
                let _ = shop.pay().try_send();
            }
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(lines.losses(), [], "DEBUG, and the subscriber wants INFO");
            drop(held);
            let _ = shop.stop().await;
            assert_eq!(lines.taken().last().map(|line| line.level), Some(Level::WARN));
        });
    });
}

#[test]
fn l4_the_last_part_of_a_storm_is_told_and_calm_is_silent() {
    logged(LevelFilter::WARN, async |system, lines| {
        let (shop, _held) = full(&system);
        for _ in 0..25 {
            (0..10).for_each(|_| drop(shop.pay().try_send().unwrap_err()));
            tokio::time::sleep(SECOND / 10).await;
        }
        tokio::time::sleep(3 * SECOND).await;
        let told = lines.losses();
        let count = |text: &str| text.split(' ').rev().nth(1).unwrap().parse::<u64>().unwrap();
        assert!((3..=4).contains(&told.len()), "{told:?}");
        assert_eq!(told.iter().map(|(_, text)| count(text)).sum::<u64>(), 250, "{told:?}");
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        tokio::time::sleep(HOUR).await;
        assert_eq!(lines.losses(), []);
        shop.pay().try_send().unwrap_err();
        let armed = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        assert_eq!(armed, tasks + 1, "without losses no timer runs");
    });
}

#[test]
fn l4_an_actor_that_ends_tells_its_losses_first() {
    logged(LevelFilter::INFO, async |system, lines| {
        let (shop, held) = full(&system);
        shop.pay().try_send().unwrap_err();
        shop.kill();
        held.release();
        shop.closed().await;
        let lines: Vec<_> = lines.taken().into_iter().map(|line| (line.level, line.text)).collect();
        let losses = "refused or lost in 0 ms: Export 2 undelivered; Pay 1 full".to_owned();
        assert_eq!(lines, [(Level::WARN, losses), (Level::INFO, "stopped: kill was called".to_owned())]);
    });
}

#[test]
fn l4_refusals_by_a_closed_actor_are_told_too() {
    logged(LevelFilter::INFO, async |system, lines| {
        let shop = shop(&system);
        shop.stop().await;
        lines.taken();
        shop.export().try_send().unwrap_err();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(lines.losses(), [(Level::INFO, "refused or lost in 1 s: Export 1 closed".to_owned())]);
    });
}

#[test]
fn l4_declared_losses_are_debug_and_refusals_of_lower_lanes_are_info() {
    logged(LevelFilter::DEBUG, async |system, lines| {
        let (shop, _held) = full(&system);
        shop.viewed().try_send().unwrap();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(lines.losses(), [(Level::DEBUG, "refused or lost in 1 s: Viewed 1 dropped".to_owned())]);
        shop.export().try_send().unwrap_err();
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(lines.losses(), [(Level::INFO, "refused or lost in 1 s: Export 1 full".to_owned())]);
        let late = shop.order().timeout(SECOND).await.unwrap_err();
        assert_eq!(late.reason(), Reason::TimedOut);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(lines.losses(), [(Level::WARN, "refused or lost in 1 s: Order 1 timed_out".to_owned())]);
    });
}

#[test]
fn l4_without_a_subscriber_that_wants_the_lines_nothing_is_done() {
    // `tracing` caches level and interest per process, so this test must not share it with other
    // subscribers.
    actors_tests::alone!("l4_without_a_subscriber_that_wants_the_lines_nothing_is_done", || {
        logged(LevelFilter::ERROR, async |system, lines| {
            let (shop, _held) = full(&system);
            let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
            let before = tasks();
            shop.pay().try_send().unwrap_err();
            shop.viewed().try_send().unwrap();
            assert_eq!(tasks(), before);
            tokio::time::sleep(2 * SECOND).await;
            assert_eq!(lines.taken(), []);
        });
    });
}

#[test]
fn l4_a_failure_is_an_error_a_recovery_is_information_and_the_end_says_how_often() {
    logged(LevelFilter::INFO, async |system, lines| {
        let restart = Restart::on_failure().at_most(2, 10 * SECOND).backoff(Duration::ZERO, Duration::ZERO);
        let shop: ShopHandle = system.actor(|| Shop).name("shop").restart(restart).spawn().unwrap();
        let mut told = Vec::new();
        for _ in 0..3 {
            shop.charge(0).await.unwrap_err();
            run_other_tasks().await;
            let lines = lines.taken().into_iter().filter(|line| !line.text.starts_with("refused or lost"));
            told.push(lines.map(|line| (line.level, line.text)).collect::<Vec<_>>());
        }
        let error = |text: &str| (Level::ERROR, text.to_owned());
        let anew = (Level::WARN, "panicked: restarts at once".to_owned());
        let recovered = (Level::INFO, "restarted: another instance has started".to_owned());
        let restarted = vec![error("`Charge` panicked: no cents"), anew, recovered];
        let ended = error("panicked: ends after 3 failures in 10 s (limit 2)");
        let stopped = (Level::INFO, "stopped: it panicked".to_owned());
        assert_eq!(
            told,
            [restarted.clone(), restarted, vec![error("`Charge` panicked: no cents"), ended, stopped]]
        );
    });
}

/// The line about another instance is written when it has started, and not for one that did not.
#[test]
fn l4_a_restart_is_logged_when_the_new_instance_has_started() {
    logged(LevelFilter::INFO, async |system, lines| {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        struct Desk;
        #[actor(local)]
        impl Desk {
            #[started]
            async fn open(&mut self) -> Result<(), BoxError> {
                match STARTS.fetch_add(1, Ordering::Relaxed) {
                    1 => Err("the door is locked".into()),
                    _ => Ok(()),
                }
            }
            #[message]
            fn work(&mut self) {
                actors_tests::panic_quietly("no paper");
            }
        }
        let restart = Restart::on_failure().start_backoff(Duration::from_millis(50), SECOND);
        let desk: DeskHandle = system.actor(|| Desk).name("desk").restart(restart).spawn().unwrap();
        desk.work().await.unwrap();
        tokio::time::sleep(SECOND).await;
        let taken = lines.taken();
        let told: Vec<_> = taken.iter().map(|line| line.text.split(" in ").next().unwrap_or("")).collect();
        assert_eq!(
            told,
            [
                "started",
                "`Work` panicked: no paper",
                "panicked: restarts at once",
                "did not start: the door is locked",
                "did not start: restarts",
                "started",
                "restarted: another instance has started",
            ]
        );
        let fields = &taken.last().unwrap().fields;
        assert_eq!(fields["why"], "StartFailed");
        // Spread by a fifth.
        let delay: u32 = fields["delay"].strip_suffix(" ms").unwrap().parse().unwrap();
        assert!((40..=60).contains(&delay), "{delay}");
    });
}

#[test]
fn l4_a_supervisor_that_is_at_its_end_warns_and_its_other_decisions_inform() {
    logged(LevelFilter::INFO, async |system, lines| {
        struct Desk;
        #[actor(local, capacity = 16)]
        impl Desk {
            #[message]
            async fn work(&mut self) {
                tokio::time::sleep(HOUR).await;
            }
            #[message(overflow = reject)]
            fn look(&mut self) {}
        }
        let pressure = Pressure::new().respond(&[Action::Shed]);
        let desk: DeskHandle = system.instance(Desk).name("desk").pressure(pressure).spawn().unwrap();
        (0..16).for_each(|_| drop(desk.work().try_send()));
        for _ in 0..1000 {
            drop(desk.look().try_send());
            tokio::time::sleep(SECOND / 20).await;
        }
        let lines: BTreeMap<_, _> = lines.taken().into_iter().map(|line| (line.text, line.level)).collect();
        let mut warned = (false, false);
        for decision in system.decisions() {
            let (is_exhausted, is_stalled) = (
                matches!(decision.kind, DecisionKind::Exhausted),
                matches!(decision.kind, DecisionKind::Stalled { .. } | DecisionKind::TurnOverdue { .. }),
            );
            let sentence = decision.to_string();
            let sentence = sentence.strip_prefix("desk ").unwrap();
            let due = if is_exhausted || is_stalled { Level::WARN } else { Level::INFO };
            assert_eq!(lines.get(sentence), Some(&due), "{decision}");
            warned = (warned.0 || is_exhausted, warned.1 || is_stalled);
        }
        assert_eq!(warned, (true, true), "{lines:?}");
    });
}

#[test]
fn l4_what_a_closed_actor_refused_last_is_told_when_its_last_handle_goes() {
    logged(LevelFilter::INFO, async |system, lines| {
        let shop: ShopHandle = system.instance(Shop).name("shop").spawn().unwrap();
        shop.stop().await;
        lines.taken();
        (0..3).for_each(|_| drop(shop.pay().try_send().unwrap_err()));
        drop(shop);
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(lines.losses().iter().map(|(level, _)| *level).collect::<Vec<_>>(), [Level::WARN]);
    });
}

#[test]
fn l4_refusals_after_the_end_of_the_runtime_are_told_when_the_last_handle_goes() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone().with_filter(LevelFilter::INFO));
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let system = runtime.block_on(async { System::new("short") });
        let shops: Vec<ShopHandle> = (0..2).map(|_| system.spawn(Shop)).collect();
        drop(runtime);
        for shop in shops {
            lines.taken();
            (0..3).for_each(|_| drop(shop.pay().try_send().unwrap_err()));
            drop(shop);
            let told = lines.losses();
            assert!(matches!(&told[..], [(Level::WARN, text)] if text.ends_with("3 closed")), "{told:?}");
        }
    });
}

#[test]
fn l4_the_lines_of_many_actors_leave_turns_to_other_tasks() {
    logged(LevelFilter::INFO, async |system, lines| {
        let shops: Vec<ShopHandle> = (0..1000).map(|_| system.spawn(Shop)).collect();
        for shop in &shops {
            (0..3).for_each(|_| drop(shop.pay().try_send()));
        }
        tokio::time::sleep(SECOND).await;
        let (mut most, mut all) = (0, 0);
        while all < shops.len() {
            let told = lines.losses().len();
            (most, all) = (most.max(told), all + told);
            tokio::task::yield_now().await;
        }
        assert!(most <= 128, "{most} lines were written in one poll");
    });
}

/// An outlet whose name is taken was never an actor: nothing is logged in the name of the one that
/// has it.
#[test]
fn l4_an_outlet_that_is_not_registered_has_no_line_about_its_end() {
    struct Nowhere;
    impl Outlet<Shop> for Nowhere {
        fn send(&self, mail: <Shop as Actor>::Mail, _: Call) -> Handing<Shop> {
            Box::pin(async { Err(Returned::new(mail, Reason::Closed)) })
        }
        fn try_send(&self, mail: <Shop as Actor>::Mail, _: Call) -> Handed<Shop> {
            Err(Returned::new(mail, Reason::Closed))
        }
    }
    logged(LevelFilter::TRACE, async |system, lines| {
        let shop: ShopHandle = system.outlet("shop", Nowhere).unwrap();
        lines.taken();
        assert!(system.outlet::<Shop, ShopHandle>("shop", Nowhere).is_err());
        run_other_tasks().await;
        assert_eq!(lines.taken(), []);
        shop.stop().await;
        assert!(lines.taken().iter().any(|line| line.actor == "shop"));
    });
}
