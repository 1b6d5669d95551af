//! Values can be written and read again.

use super::*;

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
        let again = |effective: &ActorConfig| {
            let toml = toml::to_string(effective).unwrap();
            assert_eq!(toml::from_str::<ActorConfig>(&toml).unwrap(), *effective, "{toml}");
            toml::from_str(&toml).unwrap()
        };
        let effective = system.actor(|| Pool).effective().unwrap();
        assert_eq!(system.actor(|| Pool).configure(&again(&effective)).effective().unwrap(), effective);
        // Without a target of its own.
        let effective = system.actor(|| Growing).effective().unwrap();
        assert_eq!(system.actor(|| Growing).configure(&again(&effective)).effective().unwrap(), effective);
    });
}
