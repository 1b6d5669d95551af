//! Section 3: subscriptions.

use super::PublisherUnderTest;
use super::probe::{listen, subscribe};

/// §3.2: `request` may be called within `on_subscribe` and `on_next`.
pub async fn rs_3_02_request_may_be_called_within_on_subscribe_and_on_next(under: &impl PublisherUnderTest) {
    let mut subscribed = subscribe(under.publisher(10), 1, |subscription, _| subscription.request(1));
    subscribed.advance().await;
    assert_eq!((subscribed.count(), subscribed.end()), (10, Some(Ok(()))));
}

/// §3.3: requests within `on_next` do not recurse: no signal runs within one, for 10,000 items.
pub async fn rs_3_03_requests_within_on_next_do_not_recurse(under: &impl PublisherUnderTest) {
    const ITEMS: u64 = 10_000;
    let mut subscribed = subscribe(under.publisher(ITEMS), 1, |subscription, _| subscription.request(1));
    let mut before = None;
    // As long as items come. A run that waits for another task may signal one item in each turn.
    while before != Some(subscribed.count()) {
        before = Some(subscribed.count());
        subscribed.advance().await;
    }
    assert_eq!((subscribed.count() as u64, subscribed.end()), (ITEMS, Some(Ok(()))));
    assert_eq!(subscribed.probe.log().recursions, 0, "a request runs a signal");
}

/// §3.4: `request` returns although its items have not been signalled, however many they are.
pub async fn rs_3_04_a_request_returns_without_waiting_for_its_items(under: &impl PublisherUnderTest) {
    let subscribed = listen(under.publisher(u64::MAX));
    subscribed.probe.request(u64::MAX);
    subscribed.probe.cancel();
}

/// §3.5: `cancel` is idempotent, and may be called on any thread.
pub async fn rs_3_05_cancel_is_idempotent_and_may_come_from_another_thread(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    subscribed.request(2).await;
    let mut subscription = subscribed.probe.take().expect("`on_subscribe` gave a subscription");
    let thread = std::thread::spawn(move || {
        subscription.cancel();
        subscription.cancel();
        subscription
    });
    let mut subscription = thread.join().expect("`cancel` does not panic");
    subscription.request(5);
    subscribed.advance().await;
    assert_eq!((subscribed.count(), subscribed.end()), (2, None));
}

/// §3.6: after a cancel, `request` does nothing.
pub async fn rs_3_06_a_request_after_a_cancel_does_nothing(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    subscribed.request(2).await;
    subscribed.probe.cancel();
    for n in [1, 0, u64::MAX] {
        subscribed.request(n).await;
    }
    assert_eq!((subscribed.count(), subscribed.end()), (2, None));
}

/// §3.7: after a cancel, `cancel` does nothing.
pub async fn rs_3_07_a_cancel_after_a_cancel_does_nothing(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    subscribed.request(2).await;
    for _ in 0..3 {
        subscribed.probe.cancel();
        subscribed.advance().await;
    }
    assert_eq!((subscribed.count(), subscribed.end()), (2, None));
}

/// §3.8: requests add up.
pub async fn rs_3_08_requests_add_up(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    for n in [1, 2, 3, 4] {
        subscribed.probe.request(n);
    }
    subscribed.advance().await;
    assert_eq!(subscribed.count(), 10);
}

/// §3.9: a request for nothing ends the subscription with an error that says so.
pub async fn rs_3_09_a_request_for_nothing_is_signalled_as_an_error(under: &impl PublisherUnderTest) {
    for first in [0, 2] {
        let mut subscribed = subscribe(under.publisher(u64::MAX), first, |_, _| {});
        subscribed.advance().await;
        subscribed.request(0).await;
        let Some(Err(text)) = subscribed.end() else { panic!("{:?}", subscribed.end()) };
        assert!(text.contains("3.9"), "the error names the rule: {text}");
        subscribed.request(5).await;
        assert_eq!(subscribed.count() as u64, first);
    }
}

/// §3.12: a cancel within `on_next` stops the signals.
pub async fn rs_3_12_a_cancel_within_on_next_stops_the_signals(under: &impl PublisherUnderTest) {
    let mut subscribed = subscribe(under.publisher(u64::MAX), 1000, |subscription, item| {
        if item == 2 {
            subscription.cancel();
        }
    });
    subscribed.advance().await;
    assert_eq!((subscribed.count(), subscribed.end()), (3, None));
}

/// §3.13: a cancel drops the subscriber. So does a subscription that is dropped.
pub async fn rs_3_13_a_cancel_drops_the_subscriber(under: &impl PublisherUnderTest) {
    for is_dropped in [false, true] {
        let mut subscribed = listen(under.publisher(u64::MAX));
        subscribed.request(2).await;
        match is_dropped {
            true => drop(subscribed.probe.take()),
            false => subscribed.probe.cancel(),
        }
        subscribed.advance().await;
        assert!(subscribed.probe.log().is_dropped && subscribed.outcome.is_some());
    }
}

/// §3.15: `cancel` does not panic, whatever has happened.
pub async fn rs_3_15_cancel_returns_normally_in_every_state(under: &impl PublisherUnderTest) {
    listen(under.publisher(1)).probe.cancel();
    for requested in [1, 5] {
        let mut subscribed = listen(under.publisher(3));
        subscribed.request(requested).await;
        subscribed.probe.cancel();
        subscribed.advance().await;
        subscribed.probe.cancel();
    }
}

/// §3.16: `request` does not panic, whatever has happened, also when the run is gone.
pub async fn rs_3_16_request_returns_normally_in_every_state(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(3));
    let probe = subscribed.probe.clone();
    for n in [1, u64::MAX, 1, 0, 0] {
        subscribed.request(n).await;
    }
    drop(subscribed);
    probe.request(1);
    let dropped = listen(under.publisher(3)).probe;
    dropped.request(1);
    dropped.request(0);
}

/// §3.17: the demand may be as large as its type allows, and any number of requests may be made.
pub async fn rs_3_17_demand_may_be_as_large_as_the_number_allows(under: &impl PublisherUnderTest) {
    let mut subscribed = subscribe(under.publisher(u64::MAX), 0, |subscription, item| {
        if item == 1000 {
            subscription.cancel();
        }
    });
    for n in [u64::MAX, 1, u64::MAX] {
        subscribed.probe.request(n);
    }
    for _ in 0..10_000 {
        subscribed.probe.request(u64::MAX / 2);
    }
    while subscribed.outcome.is_none() {
        let before = subscribed.count();
        subscribed.advance().await;
        assert!(subscribed.outcome.is_some() || subscribed.count() > before, "no item comes");
    }
    assert_eq!(subscribed.count(), 1001);
}
