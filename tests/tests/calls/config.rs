//! Configuration: every word overrides, every mistake is told in the attribute's own sentence, and the actor behaves.

use actors_core::config::{ActorConfig, MessageConfig, PressureConfig};
use actors_core::prelude::*;
use actors_core::{
    Action, Order, Overflow, OverflowList, Ramp, Schedule, SpawnBuilder, SpawnError, System, WORKERS_MAX,
    testing,
};
use actors_tests::{SECOND, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

#[derive(Default)]
struct Shop {
    seen: u32,
}

#[actor]
impl Shop {
    #[message]
    fn viewed(&mut self) {
        self.seen += 1;
    }

    #[message(overflow = [conflate, drop_oldest], key = sku)]
    fn priced(&mut self, sku: u32) {
        self.seen += sku;
    }

    #[message(overflow = drop_random(from = 0.5), max = 9, order = lifo_under_pressure, timeout = "4s")]
    fn count(&self) -> u32 {
        self.seen
    }
}

/// Declares all that there is to say about workers.
struct Pool;

#[actor(workers = 2..=4, keep_alive = "1m", pressure(high = 0.9, low = 0.6, target = "50ms", respond = [spawn, shed]))]
impl Pool {
    #[message]
    fn viewed(&mut self) {}
}

/// Leaves to default what is done about pressure.
struct Growing;

#[actor(workers = 1..=3)]
impl Growing {
    #[message]
    fn viewed(&mut self) {}
}

/// Two messages of one name, from two modules.
struct Twins;

mod inner {
    #[derive(Debug, actors_core::Message)]
    pub(crate) struct Ping;
}

#[derive(Debug, Message)]
struct Ping;

#[actor]
impl Twins {
    #[handler]
    fn outer(&mut self, ping: Ping) {
        let Ping = ping;
    }

    #[handler]
    fn inner(&mut self, ping: inner::Ping) {
        let inner::Ping = ping;
    }
}

fn read(config: Value) -> ActorConfig {
    serde_json::from_value(config).unwrap()
}

/// The lines of what is said about a mistake.
fn mistakes(config: &Value) -> Vec<String> {
    let error = serde_json::from_value::<ActorConfig>(config.clone());
    let text = error.expect_err(&config.to_string()).to_string();
    text.lines().map(str::to_owned).collect()
}

/// A shop about to be started.
fn shop(system: &System) -> SpawnBuilder<Shop, fn() -> Shop> {
    system.actor(Shop::default as fn() -> Shop)
}

fn refusal(builder: SpawnBuilder<Shop, fn() -> Shop>) -> String {
    match builder.spawn() {
        Err(SpawnError::Settings(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_word_overrides_what_is_declared() {
    run(async |system| {
        let declared = shop(&system).effective().unwrap();
        let config = read(json!({
            "capacity": 64, "max_waiting": 3, "max_bytes": 4096, "reserve": 5, "schedule": "weighted(by = time)",
            "pressure": { "respond": "block" }, "jobs": 3,
            "messages": {
                "Viewed": {
                    "priority": "low", "overflow": ["evict_lower", "drop_random(from = 0.25)"], "max": 7,
                    "ttl": "1.5s", "timeout": "2m", "order": "lifo_under_pressure",
                },
                "Priced": { "overflow": "conflate", "max_per_key": 3 },
                "Count": { "overflow": "reject", "order": "fifo" },
            },
        }));
        let effective = shop(&system).configure(&config).effective().unwrap();
        assert_ne!(effective, declared);
        assert_eq!((effective.capacity, effective.max_waiting), (Some(64), Some(3)));
        assert_eq!((effective.max_bytes, effective.reserve, effective.jobs), (Some(4096), Some(5), Some(3)));
        assert_eq!(effective.schedule, Some(Schedule::WeightedByTime));
        assert_eq!((effective.workers, effective.keep_alive), (Some(1..=1), None));
        assert_eq!(effective.pressure.unwrap().respond, Some(vec![Action::Block]));
        let viewed = &effective.messages["Viewed"];
        assert_eq!(viewed.priority, Some(Priority::Low));
        assert_eq!(viewed.overflow, Some(OverflowList::new(&[Overflow::EvictLower, Overflow::DropRandom])));
        assert_eq!((viewed.early, viewed.max), (Some(Ramp::from(0.25)), Some(7)));
        assert_eq!(
            (viewed.ttl, viewed.timeout),
            (Some(Duration::from_millis(1500)), Some(Duration::from_secs(120)))
        );
        assert_eq!(viewed.order, Some(Order::LifoUnderPressure));
        assert_eq!(effective.messages["Priced"].overflow, Some(OverflowList::new(&[Overflow::Conflate])));
        assert_eq!(effective.messages["Priced"].max_per_key, Some(3));
        // A new list takes the declared `from` away with it; what is not said stays.
        let count = &effective.messages["Count"];
        assert_eq!((count.early, count.order, count.max), (None, Some(Order::Fifo), Some(9)));
        assert_eq!(count.timeout, Some(Duration::from_secs(4)));
    });
}

#[test]
fn max_per_key_needs_a_key_and_fits_into_the_capacity() {
    run(async |system| {
        let config = read(json!({
            "capacity": 8, "reserve": 0,
            "messages": { "Viewed": { "max_per_key": 2 }, "Priced": { "max_per_key": 8 } },
        }));
        let text = shop(&system).configure(&config).effective().unwrap_err().to_string();
        assert!(
            text.contains("messages.Viewed.max_per_key: `max_per_key` counts the messages of one key"),
            "{text}"
        );
        assert!(!text.contains("messages.Priced"), "{text}");
        let both = json!({ "capacity": 8, "reserve": 0, "messages": { "Priced": { "max_per_key": 9 } } });
        let text = serde_json::from_value::<ActorConfig>(both).unwrap_err().to_string();
        assert!(
            text.contains("messages.Priced.max_per_key: `max_per_key` is a part of the capacity, which is 8"),
            "{text}"
        );
        let none = json!({ "messages": { "Priced": { "max_per_key": 0 } } });
        let text = serde_json::from_value::<ActorConfig>(none).unwrap_err().to_string();
        assert!(text.contains("`max_per_key` is at least 1: a key without a slot is never let in"), "{text}");
        // What fits neither the declared capacity is said at the start.
        let alone = read(json!({ "messages": { "Priced": { "max_per_key": 300 } } }));
        let text = shop(&system).configure(&alone).effective().unwrap_err().to_string();
        assert!(
            text.contains("messages.Priced.max_per_key: `max_per_key` is a part of the capacity"),
            "{text}"
        );
    });
}

#[test]
fn an_empty_configuration_changes_nothing_and_null_says_nothing() {
    run(async |system| {
        let declared = shop(&system).effective().unwrap();
        for config in
            [json!({}), json!({ "capacity": null, "messages": { "Viewed": {}, "Count": { "ttl": null } } })]
        {
            assert_eq!(shop(&system).configure(&read(config)).effective().unwrap(), declared);
        }
    });
}

#[test]
fn every_value_of_every_word_can_be_written_and_read_again() {
    for (word, values) in [
        ("priority", &["low", "normal", "high", "urgent"][..]),
        (
            "overflow",
            &[
                "block",
                "reject",
                "drop_newest",
                "drop_oldest",
                "drop_random",
                "evict_lower",
                "conflate",
                "drop_random(from = 0.3333)",
            ],
        ),
        ("ttl", &["1ns", "20us", "1500ms", "90s", "7m", "36h"]),
        ("timeout", &["2s"]),
        ("order", &["fifo", "lifo_under_pressure"]),
    ] {
        for value in values {
            let written = json!({ word: value });
            let config: MessageConfig = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(&config).unwrap(), written);
        }
    }
    for schedule in ["strict", "weighted", "weighted(by = time)"] {
        let written = json!({ "schedule": schedule });
        assert_eq!(serde_json::to_value(read(written.clone())).unwrap(), written);
    }
    let by_turns = read(json!({ "schedule": "weighted(by=turns)" }));
    assert_eq!(by_turns.schedule, Some(Schedule::Weighted));
}

#[test]
fn the_effective_configuration_can_be_written_and_read_again_in_other_formats_too() {
    run(async |system| {
        let effective = shop(&system).max_bytes(1 << 20).effective().unwrap();
        let json = serde_json::to_string(&effective).unwrap();
        assert_eq!(serde_json::from_str::<ActorConfig>(&json).unwrap(), effective);
        let toml = toml::to_string(&effective).unwrap();
        assert_eq!(toml::from_str::<ActorConfig>(&toml).unwrap(), effective, "{toml}");
        assert!(toml.contains(r#"overflow = "drop_random(from = 0.5)""#), "{toml}");
        assert!(toml.contains(r#"overflow = ["conflate", "drop_oldest"]"#), "{toml}");
        let mistaken = "capacity = 8\n[messages.Viewed]\nttl = \"soon\"\n";
        let why = toml::from_str::<ActorConfig>(mistaken).unwrap_err().to_string();
        assert!(why.contains("messages.Viewed.ttl: this is no duration; write `ttl = \"5s\"`"), "{why}");
    });
}

/// What the attribute says: the sentences of a file of `ui/fail`.
fn sentences(file: &str) -> BTreeSet<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail").join(file).with_extension("stderr");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter_map(|line| line.strip_prefix("error: ")).map(str::to_owned).collect()
}

/// Everything that the file's attributes are told, configuration is told too, word for word, behind its path; `except`
/// those sentences that there is nothing to write for in a configuration.
fn same_sentences(file: &str, cases: &[(&str, Value)], except: &[&str]) {
    let attribute = sentences(file);
    let mut heard = BTreeSet::new();
    for (path, value) in cases {
        // `messages.Viewed.ttl`, `5` → `{"messages": {"Viewed": {"ttl": 5}}}`
        let config = path.rsplit('.').fold(value.clone(), |inner, word| json!({ word: inner }));
        for line in mistakes(&config) {
            let sentence =
                line.strip_prefix(&format!("{path}: ")).unwrap_or_else(|| panic!("{line}: no path"));
            assert!(attribute.contains(sentence), "{file} does not say: {sentence}");
            heard.insert(sentence.to_owned());
        }
    }
    let unheard: Vec<_> = attribute.difference(&heard).collect();
    let unheard: Vec<_> =
        unheard.into_iter().filter(|line| !except.iter().any(|part| line.contains(part))).collect();
    assert!(unheard.is_empty(), "configuration never says: {unheard:#?}");
}

#[test]
fn mistakes_in_durations_are_told_as_by_the_attribute() {
    let cases = [
        ("messages.Viewed.ttl", json!("soon")),
        ("messages.Viewed.ttl", json!(5)),
        ("messages.Viewed.ttl", json!("5 seconds")),
        ("messages.Viewed.ttl", json!(["5s"])),
        ("messages.Viewed.timeout", json!("0s")),
        ("messages.Viewed.timeout", json!({ "secs": 5 })),
        ("messages.Viewed.ttl", json!("9000h")),
    ];
    same_sentences("duration_unparsable", &cases, &[]);
}

#[test]
fn mistakes_in_numbers_are_told_as_by_the_attribute() {
    let cases = [
        ("capacity", json!(0)),
        ("capacity", json!(16_777_217)),
        ("capacity", json!("many")),
        ("capacity", json!(1.5)),
        ("capacity", json!(true)),
        ("max_waiting", json!(u64::MAX)),
        ("max_waiting", json!(-1)),
        ("reserve", json!("8")),
        ("max_bytes", json!(0)),
        ("max_bytes", json!(4_294_967_296_u64)),
        ("max_bytes", json!("4 KiB")),
        ("jobs", json!(65_537)),
    ];
    same_sentences("capacity_out_of_range", &cases, &[]);
    let cases = [
        ("messages.Viewed.max", json!(0)),
        ("messages.Viewed.max", json!("few")),
        ("messages.Viewed.max", json!(16_777_217)),
    ];
    // The rest concerns two words at once.
    same_sentences("max_out_of_range", &cases, &["a part of the capacity", "`capacity` is at least"]);
}

#[test]
fn mistakes_in_words_are_told_as_by_the_attribute() {
    let cases = [
        ("messages.Viewed.priority", json!("hihg")),
        ("messages.Viewed.priority", json!(3)),
        ("messages.Viewed.priority", json!("important")),
    ];
    same_sentences("unknown_priority", &cases, &[]);
    let cases = [
        ("messages.Viewed.overflow", json!("drop_odlest")),
        ("messages.Viewed.overflow", json!(["drop_oldest", "explode"])),
        ("messages.Viewed.overflow", json!("\"block\"")),
    ];
    same_sentences("unknown_overflow", &cases, &[]);
    let cases = [
        ("schedule", json!("wieghted")),
        ("schedule", json!("weighted(by = size)")),
        ("schedule", json!("weighted()")),
        ("schedule", json!("strict(by = time)")),
        ("schedule", json!(["weighted"])),
        ("messages.Viewed.order", json!("lifo")),
        ("messages.Viewed.order", json!(1)),
        ("messages.Viewed.order", json!("lifo_under_presure")),
    ];
    same_sentences("schedule_and_order", &cases, &["needs a value"]);
}

#[test]
fn mistakes_in_lists_are_told_as_by_the_attribute() {
    let path = "messages.Viewed.overflow";
    let cases = [
        (path, json!([])),
        (path, json!(["block", "drop_oldest"])),
        (path, json!(["reject", "drop_newest"])),
        (path, json!(["drop_newest", "drop_oldest", "block"])),
        (path, json!(["drop_oldest", "conflate"])),
        (path, json!(["drop_oldest", "drop_oldest"])),
        (path, json!(["drop_oldest", "evict_lower", "drop_random(from = 0.5)"])),
    ];
    same_sentences("impossible_overflow_list", &cases, &[]);
    let cases = [
        (path, json!("drop_random(from = 1)")),
        (path, json!("drop_random(from = -0.5)")),
        (path, json!(["drop_random(form = 0.5)", "block"])),
        (path, json!(["evict_lower", "drop_random()"])),
        (path, json!("drop_oldest(from = 0.5)")),
        (path, json!("drop_randon(from = 0.5)")),
    ];
    same_sentences("drop_random_from", &cases, &[]);
}

#[test]
fn unknown_words_are_told_as_by_the_attribute() {
    let cases = [
        ("capcity", "`#[actor]` has no word `capcity`; did you mean `capacity`?"),
        ("priority", "`priority` is a word of `#[message]`, not of `#[actor]`"),
        ("messages.Viewed.prority", "`#[message]` has no word `prority`; did you mean `priority`?"),
        ("messages.Viewed.capacity", "`capacity` is a word of `#[actor]`, not of `#[message]`"),
        ("messages.Viewed.rate", "`rate` is not built yet; leave it out for now"),
    ];
    let attribute: BTreeSet<_> =
        ["unknown_word", "word_not_built_yet"].into_iter().flat_map(sentences).collect();
    for (path, sentence) in cases {
        assert!(attribute.contains(sentence), "the attribute does not say: {sentence}");
        let config = path.rsplit('.').fold(json!(3), |inner, word| json!({ word: inner }));
        let here = sentence
            .replace("`#[actor]`", "the configuration of an actor")
            .replace("`#[message]`", "the configuration of a message");
        assert_eq!(mistakes(&config), [format!("{path}: {here}")]);
    }
    let far = mistakes(&json!({ "messages": { "Viewed": { "volume": 3 } } }));
    assert!(
        far[0].ends_with(
            "its words are `priority`, `overflow`, `max`, `max_per_key`, `order`, `ttl`, `timeout`"
        ),
        "{far:?}"
    );
}

#[test]
fn mistakes_about_workers_are_told_as_by_the_attribute() {
    let cases = [
        ("workers", json!(0)),
        ("workers", json!("0..=4")),
        ("workers", json!("8..=1")),
        ("workers", json!("1..8")),
        ("workers", json!("1..")),
        ("workers", json!(WORKERS_MAX + 1)),
        ("workers", json!("many")),
        ("workers", json!([1, 8])),
        ("workers", json!(1.5)),
    ];
    same_sentences("workers_out_of_range", &cases, &["needs a value"]);
    assert_eq!(read(json!({ "workers": WORKERS_MAX })).workers, Some(WORKERS_MAX..=WORKERS_MAX));
}

#[test]
fn mistakes_about_pressure_are_told_as_by_the_attribute() {
    let cases = [
        ("pressure.high", json!(1.5)),
        ("pressure.high", json!(0)),
        ("pressure.high", json!("0.8")),
        ("pressure.low", json!(2)),
        ("pressure.low", json!(-0.5)),
        ("pressure.target", json!("soon")),
        ("pressure.target", json!("0ms")),
        ("pressure.dwell", json!(500)),
        ("pressure.dwell", json!("0s")),
        ("pressure.dwell", json!("9000h")),
    ];
    // The rest concerns two words at once.
    same_sentences("pressure_out_of_range", &cases, &["below `high`", "`low` is 0.5"]);
    let cases = [
        ("pressure.hihg", json!(0.8)),
        ("pressure.repsond", json!("shed")),
        ("pressure.volume", json!(3)),
        ("pressure.respond", json!("\"shed\"")),
        ("pressure.respond", json!("spwan")),
        ("pressure.respond", json!(["shed", "explode"])),
        ("pressure.respond", json!(["shed", "block", "shed"])),
    ];
    // An empty list says something here.
    same_sentences(
        "pressure_of_other_words",
        &cases,
        &["needs a value", "`workers`", "twice; leave", "empty list"],
    );
    assert_eq!(
        mistakes(&json!({ "pressure": { "workers": 4 } })),
        ["pressure.workers: `workers` is a word of the configuration of an actor, not of `pressure`"]
    );
    assert_eq!(
        mistakes(&json!({ "pressure": "shed" })),
        ["pressure: `pressure` is a table of words and their values"]
    );
}

/// The one line that is said about it.
fn mistake(config: &Value) -> String {
    let lines = mistakes(config);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines[0].clone()
}

#[test]
fn words_that_must_fit_to_workers_are_told_as_by_the_attribute() {
    let attribute: BTreeSet<_> =
        ["words_that_need_workers", "pressure_out_of_range"].into_iter().flat_map(sentences).collect();
    for (path, config) in [
        ("keep_alive", json!({ "keep_alive": "10s", "workers": 8 })),
        ("pressure.respond", json!({ "pressure": { "respond": "spawn" }, "workers": "2..=2" })),
        ("schedule", json!({ "schedule": "weighted(by = time)", "workers": "1..=8" })),
        ("pressure.low", json!({ "pressure": { "high": 0.5, "low": 0.8 } })),
    ] {
        let line = mistake(&config);
        let sentence = line.strip_prefix(&format!("{path}: ")).expect(&line);
        assert!(attribute.contains(sentence), "the attribute does not say: {sentence}");
    }
    run(async |system| {
        // With what is declared: one worker, and `low = 0.5`.
        for (path, config) in [
            ("keep_alive", json!({ "keep_alive": "10s" })),
            ("pressure.respond", json!({ "pressure": { "respond": ["shed", "spawn"] } })),
            ("pressure.low", json!({ "pressure": { "low": 0.8, "respond": "shed" } })),
        ] {
            let why = refusal(shop(&system).configure(&read(config)));
            let sentence = why.strip_prefix(&format!("actor `Shop`: {path}: ")).expect(&why);
            assert!(attribute.contains(sentence), "the attribute does not say: {sentence}");
        }
        let why = refusal(
            shop(&system).configure(&read(json!({ "pressure": { "high": 0.4, "respond": "shed" } }))),
        );
        assert!(
            why.starts_with("actor `Shop`: pressure.high: `low` is a fill below `high`, which is 0.4"),
            "{why}"
        );
        let why = refusal(shop(&system).configure(&read(json!({ "pressure": { "high": 0.9 } }))));
        let sentence = why.strip_prefix("actor `Shop`: pressure: ").expect(&why);
        assert!(sentences("pressure_without_an_answer").contains(sentence), "{sentence}");
    });
}

#[test]
fn workers_and_pressure_override_what_is_declared() {
    run(async |system| {
        let pool = || system.actor(|| Pool);
        let declared = pool().effective().unwrap();
        assert_eq!((declared.workers.clone(), declared.keep_alive), (Some(2..=4), Some(60 * SECOND)));
        let config = read(
            json!({ "workers": "1..=8", "keep_alive": "10s", "pressure": { "high": 0.8, "dwell": "2s" } }),
        );
        let effective = pool().configure(&config).effective().unwrap();
        assert_eq!((effective.workers, effective.keep_alive), (Some(1..=8), Some(10 * SECOND)));
        // What is not said stays.
        let mut expected = PressureConfig::default();
        (expected.high, expected.low) = (Some(0.8), Some(0.6));
        (expected.target, expected.dwell) = (Some(Duration::from_millis(50)), Some(2 * SECOND));
        expected.respond = Some(vec![Action::Spawn, Action::Shed]);
        assert_eq!(effective.pressure, Some(expected));
        // An empty table says nothing, an empty list that nothing is done.
        let nothing = read(json!({ "workers": null, "pressure": {} }));
        assert_eq!(pool().configure(&nothing).effective().unwrap(), declared);
        let silent = read(json!({ "workers": 4, "pressure": { "respond": [] } }));
        let silent = pool().configure(&silent).effective().unwrap();
        assert_eq!((silent.workers, silent.keep_alive), (Some(4..=4), None));
        assert_eq!(silent.pressure.unwrap().respond, Some(vec![]));
        // Fixed, it cannot go on spawning.
        let fixed = pool().configure(&read(json!({ "workers": 4 }))).effective();
        assert!(fixed.unwrap_err().to_string().contains("`spawn` needs a number of workers that may grow"));
    });
}

#[test]
fn a_pool_that_may_grow_goes_on_growing_whatever_is_said_about_its_fills() {
    run(async |system| {
        let growing = || system.actor(|| Growing);
        let high = read(json!({ "pressure": { "high": 0.7 } }));
        let pressure = growing().configure(&high).effective().unwrap().pressure.unwrap();
        assert_eq!((pressure.high, pressure.respond), (Some(0.7), Some(vec![Action::Spawn])));
        let later = read(json!({ "workers": "1..=2" }));
        let why = refusal(shop(&system).configure(&high).configure(&later));
        assert!(why.contains("write `respond = spawn` too"), "{why}");
        let said = read(json!({ "pressure": { "respond": "spawn" } }));
        shop(&system).configure(&high).configure(&later).configure(&said).effective().unwrap();
        // The builder's last word counts.
        let long = read(json!({ "keep_alive": "1h", "workers": "1..=2" }));
        let one = read(json!({ "workers": 1 }));
        assert!(refusal(shop(&system).configure(&long).configure(&one)).contains("keep_alive: "));
    });
}

#[test]
fn workers_and_pressure_can_be_written_and_read_again() {
    for written in [
        json!({ "workers": 4 }),
        json!({ "workers": "1..=8", "keep_alive": "10s" }),
        json!({ "pressure": { "high": 0.8, "low": 0.5, "target": "20ms", "dwell": "500ms", "respond": ["spawn", "shed"] } }),
        json!({ "pressure": { "high": 1.0, "low": 0.0, "respond": "block" } }),
        json!({ "pressure": { "respond": [] } }),
    ] {
        assert_eq!(serde_json::to_value(read(written.clone())).unwrap(), written);
    }
    run(async |system| {
        for effective in
            [system.actor(|| Pool).effective().unwrap(), system.actor(|| Growing).effective().unwrap()]
        {
            let toml = toml::to_string(&effective).unwrap();
            assert_eq!(toml::from_str::<ActorConfig>(&toml).unwrap(), effective, "{toml}");
            let again = system.actor(|| Pool).configure(&toml::from_str(&toml).unwrap()).effective().unwrap();
            assert_eq!(again, effective);
        }
    });
}

#[test]
fn a_word_said_twice_is_told_as_by_the_attribute() {
    let config =
        r#"{ "capacity": 64, "capacity": 32, "messages": { "Viewed": { "ttl": "5s", "ttl": "6s" } } }"#;
    let why = serde_json::from_str::<ActorConfig>(config).unwrap_err().to_string();
    assert_eq!(why.lines().count(), 2, "{why}");
    for (line, path) in why.lines().zip(["capacity", "messages.Viewed.ttl"]) {
        let sentence = line.strip_prefix(&format!("{path}: ")).expect(line);
        assert!(sentences("word_said_twice").contains(sentence), "{sentence}");
    }
}

#[test]
fn words_that_must_fit_into_the_capacity_are_told_as_by_the_attribute() {
    run(async |system| {
        let reserve = sentences("reserve_not_below_capacity");
        let max = sentences("max_out_of_range");
        let of = |sentences: &BTreeSet<String>, capacity: &str| {
            sentences.iter().find(|line| line.contains(&format!("which is {capacity}:"))).unwrap().clone()
        };
        // Said together, they are compared when they are read.
        let both = json!({ "capacity": 64, "reserve": 64, "messages": { "Viewed": { "max": 65 } } });
        let here =
            [format!("reserve: {}", of(&reserve, "64")), format!("messages.Viewed.max: {}", of(&max, "64"))];
        assert_eq!(mistakes(&both), here);
        // Else with what is declared, or said to the builder last.
        let alone = read(json!({ "reserve": 300, "messages": { "Viewed": { "max": 300 } } }));
        let why = refusal(shop(&system).configure(&alone));
        let here = format!(
            "actor `Shop`: reserve: {}\nmessages.Viewed.max: {}",
            of(&reserve, "256"),
            of(&max, "256")
        );
        assert_eq!(why, here);
        shop(&system).configure(&alone).capacity(1024).spawn().unwrap();
        shop(&system)
            .configure(&alone)
            .reserve(8)
            .policy::<shop_messages::Viewed>(|policy| policy.max(8))
            .spawn()
            .unwrap();
    });
}

#[test]
fn all_mistakes_come_at_once_each_with_its_path() {
    let config = json!({
        "capacity": 0, "vis": "pub", "messages": {
            "Viewed": { "ttl": "soon", "weight": "page", "boxed": true },
            "Priced": { "key": "sku", "reply": "u32", "local": true, "overflow": ["explode", "spill"] },
            "Count": 5,
        },
    });
    let said = mistakes(&config);
    let lines = [
        "capacity: `capacity` is at least 1",
        "vis: `vis` belongs to the code; write it in the attribute, not here",
        "messages.Viewed.ttl: this is no duration",
        "messages.Viewed.weight: `weight` belongs to the code",
        "messages.Viewed.boxed: `boxed` belongs to the code",
        "messages.Priced.key: `key` belongs to the code",
        "messages.Priced.reply: `reply` belongs to the code",
        "messages.Priced.local: `local` belongs to the code",
        "messages.Priced.overflow: there is no overflow `explode`",
        "messages.Priced.overflow: `spill` is not built yet",
        "messages.Count: the configuration of a message is a table of words",
    ];
    for line in lines {
        assert!(said.iter().any(|said| said.starts_with(line)), "{line} is not in {said:#?}");
    }
    assert_eq!(said.len(), lines.len(), "{said:#?}");
    assert!(mistakes(&json!({ "messages": 5 }))[0].starts_with("messages: here stand messages"));
    assert!(mistakes(&json!([]))[0].starts_with("configuration: the configuration of an actor is a table"));
}

#[test]
fn a_message_that_the_actor_does_not_have_is_an_error_of_spawn_that_names_the_nearest() {
    run(async |system| {
        let config = read(json!({ "messages": { "Viwed": {}, "Sold": {} } }));
        let why = refusal(shop(&system).name("corner").configure(&config));
        let lines = [
            "actor `corner`: messages.Sold: `Shop` has no message `Sold`; its messages are `Viewed`, `Priced`, `Count`",
            "messages.Viwed: `Shop` has no message `Viwed`; did you mean `Viewed`?",
        ];
        assert_eq!(why.lines().collect::<Vec<_>>(), lines);
        let config = read(json!({ "messages": { "Viewed": { "overflow": ["conflate", "block"] } } }));
        let why = refusal(shop(&system).configure(&config));
        assert!(
            why.contains("messages.Viewed.overflow: `conflate` keeps the newest message of each key"),
            "{why}"
        );
        let config = read(json!({ "messages": { "Ping": { "ttl": "1s" } } }));
        let twins = system.actor(|| Twins).configure(&config).spawn::<TwinsHandle>().map(drop);
        assert!(twins.unwrap_err().to_string().contains("`Twins` has two messages `Ping`"));
    });
}

#[test]
fn configuration_by_hand_is_checked_like_any_builder() {
    run(async |system| {
        let mut config = ActorConfig::default();
        config.capacity = Some(0);
        assert!(refusal(shop(&system).configure(&config)).contains("at least 1"));
    });
}

#[test]
fn later_calls_override_earlier_ones() {
    run(async |system| {
        let config = read(json!({ "capacity": 8, "reserve": 1, "messages": { "Viewed": { "max": 3 } } }));
        let more = read(json!({ "capacity": 16 }));
        let effective = shop(&system).capacity(4).configure(&config).configure(&more).reserve(2).effective();
        let effective = effective.unwrap();
        assert_eq!((effective.capacity, effective.reserve), (Some(16), Some(2)));
        assert_eq!(effective.messages["Viewed"].max, Some(3));
    });
}

#[test]
fn a_configured_actor_behaves_as_configured() {
    run(async |system| {
        let config = read(json!({
            "capacity": 2, "reserve": 0,
            "messages": {
                "Viewed": { "overflow": "drop_newest", "ttl": "5s" },
                "Count": { "priority": "urgent", "timeout": "1m" },
            },
        }));
        let shop = shop(&system).configure(&config).spawn::<ShopHandle>().unwrap();
        assert_eq!(shop.reading().capacity, 2);
        let held = testing::hold(&shop);
        for _ in 0..3 {
            shop.viewed().await.unwrap();
        }
        assert_eq!(shop.ledger().total().dropped, 1);
        tokio::time::advance(6 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(shop.ledger().total().expired, 2);
        assert_eq!(shop.count().await.unwrap(), 0);
    });
}
