use crate::{Shop, samples, scrape, value};
use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::{Exporter, Format};
use prometheus_client::encoding::text;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::time::Duration;

#[test]
fn both_formats_have_the_same_samples() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        shop.viewed().ask().await.unwrap();
        let exporter = Exporter::new(&system);
        let open_metrics = scrape(&exporter);
        let text = samples(&exporter.page(Format::Text), Format::Text);
        assert_eq!(open_metrics, text);
        assert!(text.len() > 40, "{text:#?}");
    });
}

#[test]
fn names_are_any_text_and_stay_inside_their_label() {
    testing::run(async |system| {
        let names = ["a \"b\" \\ \nc", "{x=\"1\"} 7", "\u{1F3AD} # EOF", "\r\0\t", "\\n", ""];
        let kept = names.map(|name| system.instance(Shop).name(name).spawn().unwrap());
        let found = scrape(&Exporter::new(&system));
        for escaped in ["a \\\"b\\\" \\\\ \\nc", "{x=\\\"1\\\"} 7", "\u{1F3AD} # EOF", "\r\0\t", "\\\\n", ""]
        {
            let labels = format!("type=\"Shop\",actor=\"{escaped}\"");
            assert_eq!(value(&found, "actors_mailbox_capacity", &labels), 8.0);
        }
        drop(kept);
    });
}

#[test]
fn a_system_without_actors_has_decisions_and_no_gauges() {
    testing::run(async |system| {
        let found = scrape(&Exporter::new(&system));
        assert!(found.keys().all(|series| series.starts_with("actors_decisions_total{")), "{found:#?}");
        assert_eq!(value(&found, "actors_decisions_total", "kind=\"restarted\""), 0.0);
    });
}

#[test]
fn systems_of_one_name_are_told_apart() {
    testing::run(async |system| {
        let names = ["test", "test", "test (2)", &"é".repeat(100)];
        let others = names.map(System::new);
        let exporter = others.iter().fold(Exporter::new(&system), Exporter::also);
        let found = scrape(&exporter);
        let long = "é".repeat(64);
        for label in ["test", "test (2)", "test (3)", "test (2) (2)", &long] {
            let series = format!("actors_decisions_total{{system=\"{label}\",kind=\"stalled\"}}");
            assert!(found.contains_key(&series), "{series} is not in {found:#?}");
        }
        assert_eq!(format!("{:?}", exporter.clone()), format!("{exporter:?}"));
    });
}

#[test]
fn a_registry_with_other_metrics_takes_the_exporter_as_a_collector() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        let mut registry = Registry::default();
        registry.register("orders_open", "Open orders", Gauge::<i64>::default());
        registry.register_collector(Box::new(Exporter::new(&system)));
        let mut page = String::new();
        text::encode(&mut page, &registry).unwrap();
        let found = samples(&page, Format::OpenMetrics);
        assert_eq!(found["orders_open"], 0.0);
        assert_eq!(value(&found, "actors_workers", "type=\"Shop\",actor=\"shop\""), 1.0);
        drop(shop);
    });
}

/// Scrapes on several threads while actors start, work and end: each page is whole, and no counter
/// of a later page is below one of an earlier page of the same thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapes_that_run_at_once_do_not_disturb_each_other() {
    let system = System::builder("test").histograms(1).build();
    let exporter = Exporter::new(&system).actors_of_type_max(3);
    let scrapers: Vec<_> = (0..3)
        .map(|_| {
            let exporter = exporter.clone();
            std::thread::spawn(move || {
                let mut before = scrape(&exporter);
                for _ in 0..30 {
                    let now = scrape(&exporter);
                    for (series, count) in before.iter().filter(|(series, _)| is_counter(series)) {
                        assert!(now[series] >= *count, "{series} fell from {count} to {}", now[series]);
                    }
                    before = now;
                }
            })
        })
        .collect();
    while scrapers.iter().any(|scraper| !scraper.is_finished()) {
        for name in ["a", "b", "c", "d", "e"] {
            let shop = system.instance(Shop).name(name).spawn().unwrap();
            shop.charge(Duration::ZERO).ask().await.unwrap();
            shop.viewed().await.unwrap();
            shop.stop().await;
        }
    }
    scrapers.into_iter().for_each(|scraper| scraper.join().unwrap());
}

fn is_counter(series: &str) -> bool {
    let name = series.split('{').next().unwrap();
    ["_total", "_bucket", "_count", "_sum"].iter().any(|end| name.ends_with(end))
}
