//! Section 2: subscribers.

use super::spy::Spy;
use super::wakes::Woken;
use crate::reactive::{Receiver, Subscriber};
use std::future::Future;
use std::pin::Pin;

/// Creates the subscribers that are checked.
pub trait SubscriberUnderTest {
    /// The items.
    type Item;
    /// The subscriber.
    type Subscriber: Subscriber<Self::Item>;

    /// Creates a subscriber, and the future that drives it. A subscriber that drives itself returns
    /// one that is ready.
    fn subscriber(&self) -> (Self::Subscriber, Driver);

    /// Creates an item.
    fn item(&self, number: u64) -> Self::Item;

    /// Makes the subscriber that was created last lose its interest in items, for example by
    /// stopping its actor. Returns whether it has: then the checks expect the cancel while its
    /// driver runs. Otherwise they drop the driver.
    fn lose_interest(&self) -> bool {
        false
    }
}

/// The future that drives a subscriber.
pub type Driver = Pin<Box<dyn Future<Output = ()>>>;

/// A subscriber under check, with the publisher's side that the check plays.
struct Subscribed<R> {
    spy: Spy,
    receiver: R,
    driver: Woken<dyn Future<Output = ()>>,
}

fn subscribe<U: SubscriberUnderTest>(
    under: &U,
) -> Subscribed<<U::Subscriber as Subscriber<U::Item>>::Receiver> {
    let (subscriber, driver) = under.subscriber();
    let spy = Spy::default();
    let receiver = subscriber.on_subscribe(spy.subscription());
    Subscribed { spy, receiver, driver: Woken::new(driver) }
}

/// §2.1: demand is signalled with `request`, again and again while items are processed.
pub async fn rs_2_01_demand_is_signalled_before_items_are_expected<U: SubscriberUnderTest>(under: &U) {
    let mut subscribed = subscribe(under);
    subscribed.driver.advance().await;
    assert!(subscribed.spy.seen().requested > 0, "nothing is requested");
    for number in 0..1000 {
        assert!(subscribed.spy.seen().requested > number, "item {number} is not requested");
        subscribed.receiver.on_next(under.item(number));
        if subscribed.spy.seen().requested == number + 1 {
            subscribed.driver.advance().await;
        }
    }
    assert!(!subscribed.spy.seen().is_cancelled);
}

/// §2.3: `on_complete` and `on_error` call nothing.
pub async fn rs_2_03_terminal_signals_call_nothing<U: SubscriberUnderTest>(under: &U) {
    for is_error in [false, true] {
        let mut subscribed = subscribe(under);
        subscribed.driver.advance().await;
        let before = subscribed.spy.seen();
        end(subscribed.receiver, is_error);
        assert_eq!(subscribed.spy.seen().calls, before.calls);
    }
}

fn end<T>(receiver: impl Receiver<T>, is_error: bool) {
    match is_error {
        true => receiver.on_error("the publisher has failed".into()),
        false => receiver.on_complete(),
    }
}

/// §2.4: after complete or error, nothing is requested.
pub async fn rs_2_04_after_a_terminal_signal_nothing_is_requested<U: SubscriberUnderTest>(under: &U) {
    for is_error in [false, true] {
        let mut subscribed = subscribe(under);
        subscribed.driver.advance().await;
        subscribed.receiver.on_next(under.item(0));
        let before = subscribed.spy.seen();
        end(subscribed.receiver, is_error);
        subscribed.driver.advance().await;
        assert_eq!(subscribed.spy.seen().requested, before.requested);
    }
}

/// §2.6: a subscription that is no longer needed is cancelled.
pub async fn rs_2_06_a_subscription_that_is_not_needed_is_cancelled<U: SubscriberUnderTest>(under: &U) {
    let mut subscribed = subscribe(under);
    subscribed.driver.advance().await;
    assert!(!subscribed.spy.seen().is_cancelled);
    if under.lose_interest() {
        subscribed.driver.advance().await;
    } else {
        subscribed.driver.stop();
    }
    assert!(subscribed.spy.seen().is_cancelled);
}

/// §2.8: items that were requested before a cancel are accepted after it.
pub async fn rs_2_08_items_after_a_cancel_are_accepted<U: SubscriberUnderTest>(under: &U) {
    let mut subscribed = subscribe(under);
    subscribed.driver.advance().await;
    under.lose_interest();
    for number in 0..subscribed.spy.seen().requested.min(100) {
        subscribed.receiver.on_next(under.item(number));
        subscribed.driver.advance().await;
    }
    subscribed.driver.stop();
    subscribed.receiver.on_next(under.item(0));
    subscribed.receiver.on_complete();
}

/// §2.9: complete is accepted, also where nothing was requested.
pub async fn rs_2_09_complete_without_a_request_is_accepted<U: SubscriberUnderTest>(under: &U) {
    let mut subscribed = subscribe(under);
    subscribed.receiver.on_complete();
    subscribed.driver.advance().await;
    assert_eq!(subscribed.spy.seen().requested, 0, "§2.4: it is over");
}

/// §2.10: an error is accepted, also where nothing was requested.
pub async fn rs_2_10_an_error_without_a_request_is_accepted<U: SubscriberUnderTest>(under: &U) {
    let mut subscribed = subscribe(under);
    subscribed.receiver.on_error("the publisher has failed".into());
    subscribed.driver.advance().await;
    assert_eq!(subscribed.spy.seen().requested, 0, "§2.4: it is over");
}

/// §2.13: no signal panics, also items that were not requested, which break §1.1.
pub async fn rs_2_13_signals_return_normally<U: SubscriberUnderTest>(under: &U) {
    for is_driven in [true, false] {
        let mut subscribed = subscribe(under);
        if is_driven {
            subscribed.driver.advance().await;
        }
        for number in 0..subscribed.spy.seen().requested.min(1000) + 10 {
            subscribed.receiver.on_next(under.item(number));
        }
        subscribed.driver.advance().await;
        subscribed.receiver.on_complete();
        subscribed.driver.advance().await;
    }
}
