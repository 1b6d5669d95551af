use crate::{Shop, ok, overload, request};
use actors_core::observe::Level;
use actors_core::{Priority, testing};
use actors_http::criticality::{Criticality, CriticalityLayer};
use actors_http::load::{LoadLayer, Observed};
use actors_http::refusal::RETRY_AFTER_MS;
use http::Response;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tower::{Layer, ServiceExt};

async fn answer(layer: &LoadLayer, criticality: Option<Priority>) -> Response<String> {
    let mut request = request(None);
    if let Some(priority) = criticality {
        request.extensions_mut().insert(Criticality(priority));
    }
    layer.layer(ok()).oneshot(request).await.unwrap()
}

async fn is_served(layer: &LoadLayer, criticality: Option<Priority>) -> bool {
    let response = answer(layer, criticality).await;
    assert!(response.status() == 200 || response.status() == 503, "{response:?}");
    response.status() == 200
}

#[tokio::test]
async fn only_an_overload_refuses_and_only_what_is_below_the_bound() {
    for level in [Level::Calm, Level::Elevated, Level::Overloaded] {
        for bound in Priority::ALL {
            let layer = LoadLayer::new(move || level).below(*bound);
            for priority in Priority::ALL {
                let is_spared = level < Level::Overloaded || priority >= bound;
                let served = is_served(&layer, Some(*priority)).await;
                assert_eq!(served, is_spared, "{level}, {priority}, below {bound}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_criticality_a_request_is_normal_and_the_bound_is_high() {
    let layer = LoadLayer::new(|| Level::Overloaded);
    assert!(!is_served(&layer, None).await);
    assert!(is_served(&layer, Some(Priority::High)).await);
    assert!(is_served(&layer.below(Priority::Normal), None).await);
}

#[tokio::test]
async fn a_request_that_is_spared_does_not_look_at_the_load() {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let layer = LoadLayer::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Level::Calm
    });
    assert!(is_served(&layer, Some(Priority::High)).await);
    assert_eq!(looks.load(Ordering::Relaxed), 0);
    assert!(is_served(&layer, Some(Priority::Low)).await);
    assert_eq!(looks.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refusal_says_when_to_retry_spread_by_a_fifth() {
    let observed = Observed { level: Level::Overloaded, retry_after: Some(Duration::from_secs(10)) };
    let mut times = Vec::new();
    for seed in [1, 1, 2] {
        let layer = LoadLayer::new(move || observed).seed(seed);
        let response = answer(&layer, None).await;
        let millis: u64 = response.headers()[RETRY_AFTER_MS].to_str().unwrap().parse().unwrap();
        assert!((8000..=12_000).contains(&millis), "{millis} ms");
        times.push(millis);
    }
    assert_eq!(times[0], times[1], "the seed decides");
    assert_ne!(times[1], times[2]);
}

#[tokio::test]
async fn a_level_alone_says_to_retry_after_about_a_second() {
    let response = answer(&LoadLayer::new(|| Level::Overloaded), None).await;
    let millis: u64 = response.headers()[RETRY_AFTER_MS].to_str().unwrap().parse().unwrap();
    assert!((800..=1200).contains(&millis), "{millis} ms");
}

#[tokio::test]
async fn clones_share_what_they_observe() {
    let is_overloaded = Arc::new(AtomicBool::new(false));
    let flag = is_overloaded.clone();
    let layer = LoadLayer::new(move || match flag.load(Ordering::Relaxed) {
        true => Level::Overloaded,
        false => Level::Calm,
    });
    let service = layer.layer(ok());
    let clone = service.clone();
    is_overloaded.store(true, Ordering::Relaxed);
    for service in [service, clone] {
        assert_eq!(service.oneshot(request(None)).await.unwrap().status(), 503);
    }
}

#[test]
fn an_overloaded_actor_refuses_requests_that_matter_less() {
    testing::run(async |system| {
        let shop = system.spawn(Shop);
        let layers = (CriticalityLayer::new(), LoadLayer::of(&shop));
        let status = async |word: &str| {
            let request = request(Some(("x-criticality", word)));
            layers.layer(ok()).oneshot(request).await.unwrap().status().as_u16()
        };
        assert_eq!(status("sheddable").await, 200);

        let held = testing::hold(&shop);
        overload(&shop).await;
        assert_eq!(status("sheddable").await, 503);
        assert_eq!(status("critical").await, 200);

        held.release();
        testing::quiet(&system).await;
    });
}

#[test]
fn the_layer_does_not_keep_its_actor_alive_and_then_refuses_nothing() {
    testing::run(async |system| {
        let shop = system.spawn(Shop);
        let layer = LoadLayer::of(&shop);
        let closed = shop.closed();
        drop(shop);
        // In paused time this fails at once if the layer keeps the actor alive.
        tokio::time::timeout(Duration::from_secs(1), closed).await.expect("the actor ends");
        assert!(is_served(&layer, Some(Priority::Low)).await);
    });
}
