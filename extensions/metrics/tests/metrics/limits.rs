use crate::{Samples, Shop, scrape, value};
use actors_core::prelude::*;
use actors_core::testing;
use actors_metrics::Exporter;
use std::time::Duration;

struct Session;

#[actor(local, capacity = 4, reserve = 0)]
impl Session {
    #[message]
    async fn work(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The values of the label `actor`.
fn actors(samples: &Samples) -> Vec<&str> {
    let depths = samples.keys().filter(|series| series.starts_with("actors_mailbox_depth{"));
    depths.map(|series| series.split("actor=\"").nth(1).unwrap().trim_end_matches("\"}")).collect()
}

#[test]
fn actors_beyond_the_limits_are_one_sum_per_type() {
    testing::run(async |system| {
        let mut sessions = Vec::new();
        for at in 0..10 {
            sessions.push(system.instance(Session).name(format!("s/{at}")).spawn().unwrap());
        }
        let late = system.instance(Shop).name("late").spawn().unwrap();
        let exporter = Exporter::new(&system);
        assert_eq!(actors(&scrape(&exporter)).len(), 11);

        // Many sessions do not take the room of an actor that was started after them.
        let of_type = exporter.clone().actors_of_type_max(2);
        let found = scrape(&of_type);
        assert_eq!(actors(&found), ["(others)", "s/0", "s/1", "late"]);
        assert_eq!(value(&found, "actors_mailbox_capacity", "type=\"Session\",actor=\"(others)\""), 32.0);
        assert_eq!(value(&found, "actors_workers", "type=\"Session\",actor=\"(others)\""), 8.0);
        assert_eq!(value(&found, "actors_live", "type=\"Session\""), 10.0);

        assert_eq!(
            actors(&scrape(&exporter.clone().actors_max(3))),
            ["(others)", "s/0", "s/1", "s/2", "(others)"]
        );
        assert_eq!(actors(&scrape(&exporter.clone().actors_max(0))), ["(others)", "(others)"]);

        // A place that is free goes to the next oldest.
        sessions.remove(0).stop().await;
        assert_eq!(actors(&scrape(&of_type)), ["(others)", "s/1", "s/2", "late"]);
        drop(late);
    });
}

#[test]
fn a_sum_adds_counts_and_has_the_worst_of_ages_and_levels() {
    testing::run(async |system| {
        let [one, two] = ["one", "two"].map(|name| system.instance(Session).name(name).spawn().unwrap());
        for (session, messages) in [(&one, 2), (&two, 4)] {
            for _ in 0..messages {
                session.work(Duration::from_secs(60)).await.unwrap();
                tokio::task::yield_now().await;
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        }
        let found = scrape(&Exporter::new(&system).by_type());
        let of = |name| value(&found, name, "type=\"Session\"");
        assert_eq!((of("actors_mailbox_depth"), of("actors_mailbox_capacity")), (4.0, 8.0));
        // Three of four slots, and one of four: not four of eight.
        assert_eq!(of("actors_mailbox_fill_ratio"), 0.75);
        assert_eq!((of("actors_workers"), of("actors_workers_busy")), (2.0, 2.0));
        assert_eq!(of("actors_turn_age_seconds"), 6.0);
        assert_eq!(of("actors_mailbox_oldest_age_seconds"), 5.0);
        assert!(found.keys().all(|series| !series.contains("actor=")), "{found:#?}");
    });
}

#[test]
fn an_actor_without_a_name_of_its_own_is_part_of_the_sum() {
    testing::run(async |system| {
        let numbered = [system.spawn(Shop), system.spawn(Shop)];
        let odd =
            ["(others)", &"x".repeat(129)].map(|name| system.instance(Shop).name(name).spawn().unwrap());
        let named = system.instance(Shop).name("shop").spawn().unwrap();
        let found = scrape(&Exporter::new(&system));
        assert_eq!(actors(&found), ["(others)", "shop"]);
        assert_eq!(value(&found, "actors_workers", "type=\"Shop\",actor=\"(others)\""), 4.0);
        drop((numbered, odd, named));
    });
}

mod elsewhere {
    use actors_core::prelude::*;

    pub(crate) struct Shop;

    #[actor(vis = pub(crate), capacity = 2, reserve = 0)]
    impl Shop {
        #[message]
        fn viewed(&mut self) {}
    }
}

#[test]
fn two_types_of_one_name_are_one_type() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let system = System::builder("test").histograms(1).build();
        let (one, other) = (system.spawn(Shop), system.spawn(elsewhere::Shop));
        one.viewed().ask().await.unwrap();
        other.viewed().ask().await.unwrap();
        let found = scrape(&Exporter::new(&system));
        let viewed = "type=\"Shop\",message=\"Viewed\"";
        assert_eq!(value(&found, "actors_live", "type=\"Shop\""), 2.0);
        assert_eq!(value(&found, "actors_mailbox_capacity", "type=\"Shop\",actor=\"(others)\""), 10.0);
        assert_eq!(value(&found, "actors_messages_offered_total", viewed), 2.0);
        assert_eq!(value(&found, "actors_handling_seconds_count", viewed), 2.0);
    });
}

#[test]
fn the_size_of_a_page_does_not_grow_with_the_actors() {
    testing::run(async |system| {
        let exporter = Exporter::new(&system);
        let mut kept = Vec::new();
        for at in 0..60 {
            kept.push(system.instance(Session).name(format!("session/{at:04}")).spawn().unwrap());
        }
        let few = exporter.text();
        for at in 60..2000 {
            kept.push(system.instance(Session).name(format!("session/{at:04}")).spawn().unwrap());
        }
        let many = exporter.text();
        assert_eq!(few.lines().count(), many.lines().count());
        // Sums of more digits.
        assert!(many.len() < few.len() + 100, "{} bytes became {}", few.len(), many.len());
    });
}
