use super::*;
use actors_core::testing;
use tokio::time::{advance, sleep};

#[test]
fn the_sampler_runs_while_a_stream_is_open_and_a_minute_longer() {
    testing::run(async |system| {
        let hub = Hub::new(system, false);
        assert!(!hub.is_running() && hub.latest.borrow().is_none(), "nothing runs without a client");
        let (place, mut latest) = hub.enter().unwrap();
        // Half a second after a sample, so that none is under way.
        sleep(Duration::from_millis(200_500)).await;
        assert!(hub.is_running());
        assert_eq!(latest.borrow_and_update().as_ref().unwrap().serial, 201);
        drop(place);
        sleep(Duration::from_secs(59)).await;
        assert!(hub.is_running());
        sleep(Duration::from_secs(2)).await;
        assert!(!hub.is_running(), "no client for a minute");
        assert!(hub.latest.borrow().is_none(), "nothing is kept for later");
    });
}

#[test]
fn a_client_after_a_pause_starts_one_sampler_again_and_gets_no_old_frame() {
    testing::run(async |system| {
        let hub = Hub::new(system, false);
        drop(hub.enter());
        sleep(Duration::from_secs(62)).await;
        assert!(!hub.is_running());
        let (_place, mut latest) = hub.enter().unwrap();
        latest.changed().await.unwrap();
        let first = loop {
            if let Some(published) = latest.borrow_and_update().clone() {
                break published;
            }
            latest.changed().await.unwrap();
        };
        assert_eq!((first.serial, first.window().seconds()), (1, 0.0), "its rates begin anew");
        // One sampler: one sample a second.
        sleep(Duration::from_millis(10_500)).await;
        assert_eq!(latest.borrow().as_ref().unwrap().serial, 11);
    });
}

#[test]
fn a_request_for_collected_data_keeps_the_sampler_for_a_minute() {
    testing::run(async |system| {
        let hub = Hub::new(system, false);
        for _ in 0..3 {
            hub.collect();
            sleep(Duration::from_secs(50)).await;
            assert!(hub.is_running());
        }
        sleep(Duration::from_secs(12)).await;
        assert!(!hub.is_running());
    });
}

#[test]
fn a_late_sample_is_not_followed_by_samples_that_catch_up() {
    testing::run(async |system| {
        let hub = Hub::new(system, false);
        let (_place, mut latest) = hub.enter().unwrap();
        sleep(Duration::from_millis(10)).await;
        advance(Duration::from_secs(10)).await;
        sleep(Duration::from_millis(10)).await;
        assert_eq!(latest.borrow_and_update().as_ref().unwrap().serial, 2);
    });
}
