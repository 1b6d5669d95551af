//! Section 1: publishers.

use super::PublisherUnderTest;
use super::probe::{listen, subscribe};

/// §1.1: the number of items is at most the number requested, at all times.
pub async fn rs_1_01_no_more_is_signalled_than_was_requested(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    subscribed.advance().await;
    assert_eq!(subscribed.count(), 0, "nothing was requested");
    for (n, sum) in [(1, 1), (3, 4), (1, 5), (100, 105)] {
        subscribed.request(n).await;
        assert_eq!(subscribed.count(), sum);
    }
    let items = subscribed.probe.log().items.clone();
    assert_eq!(items, (0..105).collect::<Vec<_>>(), "in order");
}

/// §1.2: fewer items may be signalled than were requested, and then the end.
pub async fn rs_1_02_fewer_may_be_signalled_than_were_requested(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(2));
    subscribed.request(10).await;
    assert_eq!((subscribed.count(), subscribed.end()), (2, Some(Ok(()))));
}

/// §1.3: signals do not overlap.
pub async fn rs_1_03_signals_are_serial(under: &impl PublisherUnderTest) {
    let mut subscribed = subscribe(under.publisher(50), 1, |subscription, _| subscription.request(2));
    subscribed.advance().await;
    assert_eq!(subscribed.count(), 50);
    assert_eq!(subscribed.probe.log().overlaps, 0);
}

/// §1.4: a failure is signalled with `on_error`. Passes where the publisher cannot fail.
pub async fn rs_1_04_a_failure_is_signalled_as_an_error(under: &impl PublisherUnderTest) {
    for items in [0, 3] {
        let Some(publisher) = under.failing(items) else { return };
        let mut subscribed = listen(publisher);
        subscribed.request(10).await;
        assert_eq!(subscribed.count() as u64, items);
        assert!(matches!(subscribed.end(), Some(Err(_))), "{:?}", subscribed.end());
    }
}

/// §1.5: a stream that ends successfully is signalled with `on_complete`.
pub async fn rs_1_05_the_end_is_signalled_as_complete(under: &impl PublisherUnderTest) {
    for items in [0, 1, 3] {
        let mut subscribed = listen(under.publisher(items));
        for _ in 0..=items {
            subscribed.request(1).await;
        }
        assert_eq!((subscribed.count() as u64, subscribed.end()), (items, Some(Ok(()))));
    }
}

/// §1.6: after complete or error the subscription counts as cancelled.
pub async fn rs_1_06_after_a_terminal_signal_the_subscription_counts_as_cancelled(
    under: &impl PublisherUnderTest,
) {
    let mut subscribed = listen(under.publisher(1));
    subscribed.request(5).await;
    assert_eq!(subscribed.end(), Some(Ok(())));
    assert!(subscribed.outcome.is_some() && subscribed.probe.log().is_dropped, "all is dropped");
    subscribed.request(0).await;
    assert_eq!(subscribed.end(), Some(Ok(())), "an illegal request does nothing either");
}

/// §1.7: no signal follows complete or error.
pub async fn rs_1_07_nothing_follows_a_terminal_signal(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(3));
    subscribed.request(5).await;
    subscribed.request(5).await;
    subscribed.probe.cancel();
    subscribed.request(5).await;
    assert_eq!((subscribed.count(), subscribed.end()), (3, Some(Ok(()))));
    if let Some(failing) = under.failing(3) {
        let mut subscribed = listen(failing);
        subscribed.request(5).await;
        let end = subscribed.end();
        subscribed.request(5).await;
        assert_eq!((subscribed.count(), subscribed.end()), (3, end));
    }
}

/// §1.8: a cancelled subscription stops being signalled.
pub async fn rs_1_08_a_cancelled_subscription_stops_being_signalled(under: &impl PublisherUnderTest) {
    let mut subscribed = listen(under.publisher(u64::MAX));
    subscribed.request(2).await;
    subscribed.probe.request(1_000_000);
    subscribed.probe.cancel();
    subscribed.advance().await;
    let count = subscribed.count();
    assert!(count < 1_000_002, "all that was requested is signalled in spite of the cancel");
    subscribed.advance().await;
    assert_eq!((subscribed.count(), subscribed.end()), (count, None));
}

/// §1.9: `on_subscribe` is the first signal, and `subscribe` returns.
pub async fn rs_1_09_on_subscribe_comes_before_every_other_signal(under: &impl PublisherUnderTest) {
    for items in [0, 3, u64::MAX] {
        let mut subscribed = listen(under.publisher(items));
        assert!(subscribed.probe.log().is_subscribed, "`subscribe` calls `on_subscribe`");
        assert_eq!((subscribed.count(), subscribed.end()), (0, None), "`subscribe` calls nothing else");
        subscribed.advance().await;
        assert_eq!(subscribed.count(), 0);
    }
}
