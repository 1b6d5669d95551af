//! What a configuration overrides.

use super::*;

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
        assert_eq!(viewed.priority, Some(Priority::Low..=Priority::Low));
        assert_eq!(viewed.overflow, Some(OverflowList::new(&[Overflow::EvictLower, Overflow::DropRandom])));
        assert_eq!((viewed.early, viewed.max), (Some(Ramp::from(0.25)), Some(7)));
        assert_eq!(
            (viewed.ttl, viewed.timeout),
            (Some(Duration::from_millis(1500)), Some(Duration::from_secs(120)))
        );
        assert_eq!(viewed.order, Some(Order::LifoUnderPressure));
        assert_eq!(effective.messages["Priced"].overflow, Some(OverflowList::new(&[Overflow::Conflate])));
        assert_eq!(effective.messages["Priced"].max_per_key, Some(3));
        // A new list removes the declared `from`. Words that the configuration leaves out stay.
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
        // A value that does not fit the declared capacity is an error of the start.
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
        // Words that the configuration leaves out stay.
        let mut expected = PressureConfig::default();
        (expected.high, expected.low) = (Some(0.8), Some(0.6));
        (expected.target, expected.dwell) = (Some(Duration::from_millis(50)), Some(2 * SECOND));
        expected.respond = Some(vec![Action::Spawn, Action::Shed]);
        assert_eq!(effective.pressure, Some(expected));
        // An empty table changes nothing. An empty list means that nothing is done.
        let nothing = read(json!({ "workers": null, "pressure": {} }));
        assert_eq!(pool().configure(&nothing).effective().unwrap(), declared);
        let silent = read(json!({ "workers": 4, "pressure": { "respond": [] } }));
        let silent = pool().configure(&silent).effective().unwrap();
        assert_eq!((silent.workers, silent.keep_alive), (Some(4..=4), None));
        assert_eq!(silent.pressure.unwrap().respond, Some(vec![]));
        // A fixed number of workers contradicts `spawn`.
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
        // The last call of the builder counts.
        let long = read(json!({ "keep_alive": "1h", "workers": "1..=2" }));
        let one = read(json!({ "workers": 1 }));
        assert!(refusal(shop(&system).configure(&long).configure(&one)).contains("keep_alive: "));
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
