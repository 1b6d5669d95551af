//! P12: settings that change while the actor runs, in the words of the attributes.

use actors_core::config::{ActorConfig, ReconfigureError};
use actors_core::observe::Level;
use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{MS, Record, SECOND, fill, on_threads, pending, poll, run};
use std::time::Duration;

#[derive(Default)]
struct Desk;

#[actor(capacity = 4, reserve = 0, pressure(high = 0.75, low = 0.5, dwell = "100ms", respond = [shed, block]))]
impl Desk {
    #[message]
    fn paper(&mut self) {}

    #[message(priority = low, overflow = drop_newest)]
    fn trifle(&mut self) {}

    #[message(overflow = conflate, key = n)]
    fn latest(&mut self, n: u32) {
        let _ = n;
    }
}

/// Declares nothing.
struct Plain;

#[actor(local)]
impl Plain {
    #[message(overflow = reject)]
    fn question(&mut self) -> u32 {
        7
    }

    #[message]
    fn paper(&mut self) {}

    #[message]
    async fn work(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn config(json: &str) -> ActorConfig {
    serde_json::from_str(json).unwrap()
}

fn desk(system: &System) -> DeskHandle {
    system.actor(Desk::default).name("desk").spawn().unwrap()
}

fn changes(system: &System) -> Vec<String> {
    let decisions = system.decisions();
    decisions.iter().filter(|one| one.kind.word() == "reconfigured").map(ToString::to_string).collect()
}

#[test]
fn p12_what_has_changed_is_in_effect_and_a_decision_with_its_author() {
    run(async |system| {
        let desk = desk(&system);
        let json = r#"{"capacity": 8, "jobs": 3, "pressure": {"high": 0.9}, "messages": {
            "Paper": {"overflow": "reject", "max": 2, "timeout": "2s", "rate": "100/s"}, "Trifle": {"ttl": "5s"}}}"#;
        system.reconfigure("desk", &config(json), "ops").unwrap();
        let reading = desk.reading();
        assert_eq!((reading.capacity, reading.jobs_max), (8, 3));
        let policy = desk.policy::<desk_messages::Paper>();
        assert_eq!((policy.max, policy.timeout), (Some(2), 2 * SECOND));
        assert_eq!(desk.policy::<desk_messages::Trifle>().ttl, Some(5 * SECOND));
        let expected = "desk reconfigured by ops: capacity = 8 (was 4), max_waiting = 8 (was 4), jobs = 3 (was 1024), \
                        pressure.high = 0.9 (was 0.75), messages.Paper.overflow = reject (was block), \
                        messages.Paper.max = 2 (was nothing), messages.Paper.timeout = 2s (was 30s), \
                        messages.Paper.rate = 100/s (was nothing), messages.Trifle.ttl = 5s (was nothing)";
        assert_eq!(changes(&system), [expected]);
        assert_eq!(
            system.decision_counts().find(|(word, _)| *word == "reconfigured"),
            Some(("reconfigured", 1))
        );
        let held = testing::hold(&desk);
        let results: Vec<bool> = (0..3).map(|_| desk.paper().try_send().is_ok()).collect();
        assert_eq!(results, [true, true, false], "`max` and `reject` are in effect");
        drop(held);
    });
}

#[test]
fn p12_all_mistakes_are_reported_at_once_and_then_nothing_has_changed() {
    run(async |system| {
        let _desk = desk(&system);
        let before = system.effective("desk").unwrap();
        let json = r#"{"capacity": 16, "reserve": 99, "max_bytes": 1000, "workers": "1..=4",
            "pressure": {"low": 0.9, "high": 0.95}, "messages": {
            "Papper": {"max": 1}, "Paper": {"order": "lifo_under_pressure", "max": 99},
            "Latest": {"overflow": "drop_oldest"}, "Trifle": {"priority": "high"}}}"#;
        let error = system.reconfigure("desk", &config(r#"{"capacity": 16}"#), "ops");
        error.unwrap();
        system.reconfigure("desk", &before, "ops").unwrap();
        let mistaken: Result<ActorConfig, _> = serde_json::from_str(json);
        // Some are mistakes whatever the actor is; those are found while the text is read.
        let text = mistaken.unwrap_err().to_string();
        assert!(text.contains("reserve") && text.contains("messages.Paper.max"), "{text}");
        let json = json.replace("99", "2");
        let why = system.reconfigure("desk", &config(&json), "ops").unwrap_err();
        let ReconfigureError::Settings(why) = why else { panic!("{why}") };
        let mut paths: Vec<&str> = why.mistakes().iter().map(|mistake| mistake.word()).collect();
        paths.sort_unstable();
        let expected = [
            "max_bytes",
            "messages.Latest.overflow",
            "messages.Paper.order",
            "messages.Papper",
            "messages.Trifle.priority",
            "workers",
        ];
        assert_eq!(paths, expected, "{why}");
        let text = why.to_string();
        assert!(text.contains("actor `desk`") && text.contains("did you mean `Paper`?"), "{text}");
        assert!(text.contains("the order cannot change while the mailbox lives"), "{text}");
        assert_eq!(system.effective("desk").unwrap(), before);
        assert_eq!(changes(&system).len(), 2);
    });
}

#[test]
fn p12_a_larger_mailbox_lets_waiting_senders_in_at_once() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        fill(|| desk.paper());
        let mut waits: Vec<_> = (0..3).map(|_| pending(desk.paper())).collect();
        system.reconfigure("desk", &config(r#"{"capacity": 6}"#), "ops").unwrap();
        let admitted: Vec<bool> = waits.iter_mut().map(|wait| poll(wait).is_ready()).collect();
        assert_eq!(admitted, [true, true, false], "first in line, first in");
        drop((held, waits));
    });
}

#[test]
fn p12_a_smaller_mailbox_keeps_what_it_holds_and_takes_nothing_until_it_has_drained() {
    run(async |system| {
        let plain: PlainHandle = system.actor(|| Plain).name("plain").capacity(8).reserve(0).spawn().unwrap();
        let held = testing::hold(&plain);
        (0..8).for_each(|_| plain.question().tell().try_send().map(drop).unwrap());
        system.reconfigure("plain", &config(r#"{"capacity": 3}"#), "ops").unwrap();
        assert_eq!((plain.reading().depth, plain.reading().capacity), (8, 3));
        assert!(plain.question().tell().try_send().is_err());
        drop(held);
        testing::quiet(&system).await;
        assert_eq!(plain.ledger().total().handled, 8, "nothing was lost");
        let held = testing::hold(&plain);
        let taken = (0..9).filter(|_| plain.question().tell().try_send().is_ok()).count();
        assert_eq!(taken, 3);
        drop(held);
    });
}

#[test]
fn p12_the_line_and_the_schedule_follow_their_words() {
    #[derive(Default)]
    struct Lanes(Record<&'static str>);
    #[actor(local, capacity = 32, reserve = 0)]
    impl Lanes {
        #[message(priority = low)]
        fn low(&mut self) {
            self.0.write("low");
        }
        #[message(priority = high)]
        fn high(&mut self) {
            self.0.write("high");
        }
    }
    run(async |system| {
        let log = Record::default();
        let lanes: LanesHandle = system.instance(Lanes(log.clone())).name("lanes").spawn().unwrap();
        let served = async || {
            let held = testing::hold(&lanes);
            for _ in 0..12 {
                lanes.low().try_send().unwrap();
                lanes.high().try_send().unwrap();
            }
            drop(held);
            testing::quiet(&system).await;
            log.take()
        };
        assert_eq!(served().await[..12], ["high"; 12], "strict");
        system.reconfigure("lanes", &config(r#"{"schedule": "weighted"}"#), "ops").unwrap();
        assert!(served().await[..12].contains(&"low"), "weighted");

        system.reconfigure("lanes", &config(r#"{"capacity": 2, "max_waiting": 1}"#), "ops").unwrap();
        let held = testing::hold(&lanes);
        fill(|| lanes.high());
        let _waits = pending(lanes.high());
        let refused = lanes.high().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full, "the line has one place");
        drop(held);
    });
}

#[test]
fn p12_pressure_that_was_not_declared_can_be_answered_from_now_on() {
    run(async |system| {
        let plain: PlainHandle = system.actor(|| Plain).name("plain").capacity(8).reserve(0).spawn().unwrap();
        let busy = tokio::spawn(plain.work(60 * SECOND).ask().timeout(100 * SECOND).owned());
        tokio::time::sleep(MS).await;
        fill(|| plain.paper());
        tokio::time::sleep(SECOND).await;
        assert_eq!(plain.reading().level, Level::Calm);
        let json = r#"{"pressure": {"high": 0.5, "low": 0.25, "target": "1h", "dwell": "100ms", "respond": "block"}}"#;
        system.reconfigure("plain", &config(json), "ops").unwrap();
        tokio::time::sleep(SECOND).await;
        let reading = plain.reading();
        assert_eq!((reading.level, reading.soft_limit), (Level::Overloaded, Some(2)));
        // The same messages are few in a larger mailbox: the pressure ends, and meanwhile the soft
        // limit is a quarter of it.
        system.reconfigure("plain", &config(r#"{"capacity": 64}"#), "ops").unwrap();
        tokio::time::sleep(20 * MS).await;
        assert_eq!(plain.reading().soft_limit, Some(16));
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!((plain.reading().level, plain.reading().soft_limit), (Level::Calm, None));
        busy.abort();
    });
}

#[test]
fn p12_workers_are_started_and_retired_to_fit_the_new_range() {
    run(async |system| {
        let plain: PlainHandle = system.actor(|| Plain).name("plain").workers(1..=2).spawn().unwrap();
        tokio::time::sleep(MS).await;
        assert_eq!(plain.reading().workers, 1);
        system.reconfigure("plain", &config(r#"{"workers": "3..=6"}"#), "ops").unwrap();
        tokio::time::sleep(MS).await;
        assert_eq!(plain.reading().workers, 3);
        assert_eq!(plain.resize(9), 6);
        tokio::time::sleep(MS).await;
        assert_eq!(plain.reading().workers, 6);
        system.reconfigure("plain", &config(r#"{"workers": 2}"#), "ops").unwrap();
        tokio::time::sleep(MS).await;
        assert_eq!(plain.reading().workers, 2);
        let why = system.reconfigure("plain", &config(r#"{"workers": 1}"#), "ops").unwrap_err().to_string();
        assert!(why.contains("nor a pool an actor with one worker"), "{why}");
    });
}

#[test]
fn p12_what_is_effective_reads_back_and_changes_nothing() {
    run(async |system| {
        let _desk = desk(&system);
        let effective = system.effective("desk").unwrap();
        let text = serde_json::to_string(&effective).unwrap();
        assert_eq!(config(&text), effective);
        system.reconfigure("desk", &config(&text), "ops").unwrap();
        assert!(changes(&system).is_empty());
        let plain: PlainHandle = system.actor(|| Plain).name("plain").workers(1..=4).spawn().unwrap();
        system.reconfigure("plain", &system.effective("plain").unwrap(), "ops").unwrap();
        assert!(changes(&system).is_empty());
        plain.kill();
        plain.closed().await;
        let why = system.reconfigure("plain", &effective, "ops").unwrap_err().to_string();
        assert_eq!(why, "no actor named `plain` is alive in this system");
        assert_eq!(system.effective("plain"), None);
    });
}

#[test]
fn p12_a_long_author_is_cut_and_many_changes_are_counted() {
    run(async |system| {
        let _desk = desk(&system);
        let of = |n: usize| {
            format!(r#""max": {n}, "ttl": "{n}s", "timeout": "{n}s", "rate": "{n}/s", "burst": {n}"#)
        };
        let json = format!(
            r#"{{"messages": {{"Paper": {{{}}}, "Trifle": {{{}}}, "Latest": {{{}}}}}}}"#,
            of(2),
            of(3),
            of(4)
        );
        system.reconfigure("desk", &config(&json), &"x".repeat(1000)).unwrap();
        let sentence = &changes(&system)[0];
        assert!(sentence.contains(&format!("by {}: ", "x".repeat(64))), "{sentence}");
        assert!(sentence.ends_with(" and 3 more"), "{sentence}");
        system.reconfigure("desk", &config(r#"{"jobs": 3}"#), "ops\nERROR forged\u{1b}[2J").unwrap();
        assert!(changes(&system)[1].starts_with("desk reconfigured by opsERROR forged[2J: "));
    });
}

/// The state of the signal follows the new marks, without a message.
#[test]
fn p12_producers_hear_of_marks_that_have_moved() {
    run(async |system| {
        let desk = desk(&system);
        let held = testing::hold(&desk);
        let mut pressure = desk.pressure();
        (0..3).for_each(|_| desk.trifle().try_send().map(drop).unwrap());
        assert!(pressure.changed().await.is_high);
        system.reconfigure("desk", &config(r#"{"capacity": 64}"#), "ops").unwrap();
        assert!(!pressure.changed().await.is_high);
        drop(held);
    });
}

/// Each thread changes what it says and nothing else, however their changes meet.
#[test]
fn p12_changes_at_the_same_time_do_not_undo_each_other() {
    on_threads(2, async |_| {
        let system = System::new("shop");
        let desk = desk(&system);
        // Nothing else sets the word, so what was set last holds, whatever the other thread did
        // since.
        let changes = |json: fn(u32) -> String, holds: fn(&DeskHandle, u32) -> bool| {
            let (system, desk) = (system.clone(), desk.clone());
            tokio::task::spawn_blocking(move || {
                (1..=2000).all(|n| {
                    let held = n == 1 || holds(&desk, n - 1);
                    system.reconfigure("desk", &config(&json(n)), "ops").unwrap();
                    held
                })
            })
        };
        let of_actor =
            changes(|n| format!(r#"{{"jobs": {n}}}"#), |desk, n| desk.reading().jobs_max == n as usize);
        let of_paper = changes(
            |n| format!(r#"{{"messages": {{"Paper": {{"timeout": "{n}s"}}}}}}"#),
            |desk, n| desk.policy::<desk_messages::Paper>().timeout == n * SECOND,
        );
        assert!(of_actor.await.unwrap() && of_paper.await.unwrap());
    });
}
