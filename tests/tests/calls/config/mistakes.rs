//! Mistakes are told in the words of the attribute.

use super::*;

/// Checks that a configuration gets each error of this file's attributes, word for word, after the
/// path of the value. `except` lists the errors that a configuration cannot cause.
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
    // The other errors compare two words with each other.
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
        ("messages.Viewed.attempts", "`attempts` is not built yet; leave it out for now"),
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
            "its words are `priority`, `overflow`, `max`, `max_per_key`, `order`, `ttl`, `timeout`, `rate`, `burst`"
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
    // The other errors compare two words with each other.
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
    // In a configuration an empty list is allowed.
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

/// The only error about this configuration.
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
        // Compared with what is declared: one worker, and `low = 0.5`.
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
        // Values in one configuration are compared when it is read.
        let both = json!({ "capacity": 64, "reserve": 64, "messages": { "Viewed": { "max": 65 } } });
        let here =
            [format!("reserve: {}", of(&reserve, "64")), format!("messages.Viewed.max: {}", of(&max, "64"))];
        assert_eq!(mistakes(&both), here);
        // Otherwise they are compared with the declared value, or with the builder's last one.
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
