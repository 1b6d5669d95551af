use crate::{Samples, Shop, scrape, value};
use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::Exporter;
use std::collections::BTreeSet;
use std::time::Duration;

const CHARGE: &str = "type=\"Shop\",message=\"Charge\"";

fn outcome(samples: &Samples, outcome: &str) -> f64 {
    value(samples, "actors_messages_total", &format!("{CHARGE},outcome=\"{outcome}\""))
}

#[test]
fn counters_keep_what_ended_actors_have_counted() {
    testing::run(async |system| {
        let exporter = Exporter::new(&system);
        for count in 1..=3 {
            // A name that comes back begins at zero; the type does not.
            let shop = system.instance(Shop).name("shop").spawn().unwrap();
            shop.charge(Duration::ZERO).ask().await.unwrap();
            let held = testing::hold(&shop);
            for _ in 0..8 {
                shop.charge(Duration::ZERO).try_send().unwrap();
            }
            assert!(shop.charge(Duration::ZERO).try_send().is_err());
            held.release();
            let alive = scrape(&exporter);
            shop.stop().await;
            let ended = scrape(&exporter);
            for found in [&alive, &ended] {
                assert_eq!(value(found, "actors_messages_offered_total", CHARGE), 10.0 * f64::from(count));
                assert_eq!(outcome(found, "full"), f64::from(count));
            }
            assert_eq!(outcome(&ended, "handled"), 9.0 * f64::from(count));
            assert!(!ended.keys().any(|series| series.contains("actor=")), "{ended:#?}");
        }
    });
}

/// An outcome that appears with its first message has risen from nothing, which `increase` does not
/// see.
#[test]
fn every_outcome_is_there_before_it_happens_and_has_a_word_of_the_runtime() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        let found = scrape(&Exporter::new(&system));
        let words: BTreeSet<_> = found
            .keys()
            .filter(|series| series.starts_with("actors_messages_total{") && series.contains(CHARGE))
            .map(|series| series.split("outcome=\"").nth(1).unwrap().trim_end_matches("\"}"))
            .collect();
        let outcomes = shop.ledger().total();
        let outcomes: BTreeSet<_> = outcomes.outcomes().map(|(word, _)| word).collect();
        assert_eq!(words, outcomes);
        let reasons: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        let own: Vec<_> = words.difference(&reasons).copied().collect();
        assert_eq!(own, ["handled", "shed_queued", "undelivered"]);
        assert!(words.iter().all(|word| outcome(&found, word) == 0.0), "{found:#?}");
    });
}

#[test]
fn histograms_have_the_queue_time_and_the_handling_time_of_sampled_turns() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let system = System::builder("test").histograms(2).build();
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        // The second turn is not sampled. The third one waits for it.
        for millis in [3, 1000, 3] {
            shop.charge(Duration::from_millis(millis)).await.unwrap();
        }
        testing::quiet(&system).await;
        let exporter = Exporter::new(&system)
            .queue_target(Duration::from_secs(2))
            .queue_target_of("Shop", Duration::from_millis(250));
        let found = scrape(&exporter);
        assert_eq!(found["actors_turn_sample_every{system=\"test\"}"], 2.0);
        assert_eq!(value(&found, "actors_queue_target_seconds", "type=\"Shop\""), 0.25);
        assert_eq!(
            value(
                &scrape(&exporter.queue_target_of("Shop", Duration::ZERO)),
                "actors_queue_target_seconds",
                "type=\"Shop\""
            ),
            0.0
        );
        assert_eq!(value(&found, "actors_handling_seconds_count", CHARGE), 2.0);
        assert_eq!(value(&found, "actors_handling_seconds_sum", CHARGE), 0.006);
        let below = |metric: &str, le: &str| {
            let name = format!("actors_{metric}_seconds_bucket{{le=\"{le}\",system=\"test\",{CHARGE}}}");
            found[&name]
        };
        assert_eq!((below("handling", "0.002097152"), below("handling", "0.004194304")), (0.0, 2.0));
        assert_eq!((below("queue", "0.536870912"), below("queue", "1.073741824")), (1.0, 2.0));
        assert_eq!((below("queue", "68.719476736"), below("queue", "+Inf")), (2.0, 2.0));
        assert_eq!(value(&found, "actors_handling_polled_seconds_total", CHARGE), 0.0);
    });
}

struct Desk;

#[actor(local, rate = "1000/s")]
impl Desk {
    #[message(priority = low..=urgent)]
    fn ring(&mut self) {}
}

#[test]
fn a_message_type_has_its_highest_priority_also_when_its_actors_have_ended() {
    testing::run(async |system| {
        let exporter = Exporter::new(&system);
        let desk = system.spawn(Desk);
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        let expected = [
            "type=\"Desk\",message=\"Ring\",priority=\"urgent\"",
            "type=\"Shop\",message=\"Charge\",priority=\"high\"",
            "type=\"Shop\",message=\"Fail\",priority=\"normal\"",
            "type=\"Shop\",message=\"Viewed\",priority=\"low\"",
        ];
        let infos = || {
            let found = scrape(&exporter).into_keys();
            found.filter(|series| series.starts_with("actors_message_info{")).collect::<Vec<_>>()
        };
        let expected = expected.map(|labels| format!("actors_message_info{{system=\"test\",{labels}}}"));
        assert_eq!(infos(), expected);
        desk.stop().await;
        shop.stop().await;
        assert_eq!(infos(), expected);
        // An exporter that has not seen them alive has no actor to ask.
        assert!(!Exporter::new(&system).text().contains("actors_message_info{"));
    });
}

/// The guide says how many series a message type has.
#[test]
fn the_series_of_a_message_type_are_as_many_as_the_guide_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let system = System::builder("test").histograms(1).build();
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        shop.charge(Duration::ZERO).ask().await.unwrap();
        shop.viewed().ask().await.unwrap();
        let found = scrape(&Exporter::new(&system));
        let of = |start: &str| {
            found.keys().filter(|series| series.contains(CHARGE) && series.starts_with(start)).count()
        };
        assert_eq!(of("actors_messages_total{"), 16);
        assert_eq!(of("actors_queue_") + of("actors_handling_"), 61);
        let guide = include_str!("../../../../docs/guide/metrics.md");
        assert!(guide.contains("has 16 outcomes") && guide.contains("has 61 series more"));
        assert_eq!(found.keys().filter(|series| series.contains("actor=\"shop\"")).count(), 17);
        assert!(
            include_str!("../../src/exporter.rs").contains("seventeen gauges, so a system has at most 8,500")
        );
    });
}

#[test]
fn a_system_without_histograms_exports_none() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        shop.viewed().ask().await.unwrap();
        let found = scrape(&Exporter::new(&system));
        let times = ["actors_queue_", "actors_handling_", "actors_turn_sample_"];
        assert!(!found.keys().any(|series| times.iter().any(|name| series.starts_with(name))), "{found:#?}");
    });
}
