use crate::{Shop, scrape, shop_messages, value};
use actors_core::observe::Level;
use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::Exporter;
use std::time::Duration;

const KITCHEN: &str = "type=\"Kitchen\",actor=\"kitchen\"";
const SHOP: &str = "type=\"Shop\",actor=\"shop\"";

#[test]
fn gauges_are_those_of_the_reading() {
    testing::run(async |system| {
        let shop = system.instance(Shop).name("shop").spawn().unwrap();
        let held = testing::hold(&shop);
        for _ in 0..6 {
            shop.viewed().try_send().unwrap();
        }
        let permit = shop.reserve::<shop_messages::Viewed>().await.unwrap();
        tokio::time::advance(Duration::from_millis(31_500)).await;
        let found = scrape(&Exporter::new(&system));
        let reading = shop.reading();
        for (name, expected) in [
            ("actors_mailbox_depth", 6.0),
            ("actors_mailbox_capacity", 8.0),
            ("actors_mailbox_fill_ratio", 0.75),
            ("actors_mailbox_waiting", 0.0),
            ("actors_mailbox_permits", 1.0),
            ("actors_mailbox_stored", 0.0),
            ("actors_mailbox_weight", 0.0),
            ("actors_mailbox_oldest_age_seconds", 31.5),
            ("actors_stalled_seconds", reading.stalled.as_secs_f64()),
            ("actors_drain_rate", reading.drain_rate),
            ("actors_workers", 1.0),
            ("actors_workers_busy", reading.workers_busy as f64),
            ("actors_level", 0.0),
            ("actors_restarts", 0.0),
            ("actors_jobs", 0.0),
            ("actors_jobs_max", reading.jobs_max as f64),
        ] {
            assert_eq!(value(&found, name, SHOP), expected, "{name}");
        }
        assert!(reading.stalled >= Duration::from_secs(31), "{reading:?}");
        drop(permit);
        held.release();
    });
}

struct Kitchen;

#[actor(local, workers = 2)]
impl Kitchen {
    #[message]
    async fn cook(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[test]
fn the_age_of_a_turn_is_that_of_the_longest() {
    testing::run(async |system| {
        let kitchen = system.actor(|| Kitchen).name("kitchen").spawn().unwrap();
        let age = || value(&scrape(&Exporter::new(&system)), "actors_turn_age_seconds", KITCHEN);
        assert_eq!(age(), 0.0);
        for seconds in [31, 30] {
            kitchen.cook(Duration::from_secs(100)).await.unwrap();
            while kitchen.reading().depth > 0 {
                tokio::task::yield_now().await;
            }
            tokio::time::advance(Duration::from_secs(seconds)).await;
        }
        assert_eq!(kitchen.reading().workers_busy, 2);
        assert_eq!(age(), 61.0);
    });
}

struct Till;

#[actor(local, capacity = 8, reserve = 0, pressure(high = 0.5, low = 0.25, dwell = "10ms", respond = [block]))]
impl Till {
    #[message(overflow = reject)]
    fn viewed(&mut self) {}
}

#[test]
fn the_level_is_a_number_and_what_the_supervisor_did_is_counted() {
    testing::run(async |system| {
        let till = system.instance(Till).name("till").spawn().unwrap();
        let held = testing::hold(&till);
        for _ in 0..8 {
            till.viewed().try_send().unwrap();
        }
        while till.reading().level < Level::Overloaded {
            tokio::time::advance(Duration::from_millis(10)).await;
            tokio::task::yield_now().await;
        }
        // Long enough for each declared action.
        for _ in 0..10 {
            tokio::time::advance(Duration::from_millis(10)).await;
            tokio::task::yield_now().await;
        }
        let found = scrape(&Exporter::new(&system));
        assert_eq!(value(&found, "actors_level", "type=\"Till\",actor=\"till\""), 2.0);
        for kind in ["soft_limit_began", "exhausted"] {
            assert_eq!(value(&found, "actors_decisions_total", &format!("kind=\"{kind}\"")), 1.0, "{kind}");
        }
        held.release();
    });
}

#[test]
fn restarts_are_counted_per_actor_and_in_the_system() {
    testing::run(async |system| {
        let shop = system.actor(|| Shop).name("shop").spawn().unwrap();
        for _ in 0..2 {
            assert_eq!(shop.fail().ask().await.unwrap_err().reason(), Reason::Panicked);
            shop.viewed().ask().await.unwrap();
        }
        let found = scrape(&Exporter::new(&system));
        assert_eq!(value(&found, "actors_restarts", SHOP), 2.0);
        assert_eq!(value(&found, "actors_decisions_total", "kind=\"restarted\""), 2.0);
    });
}
