//! The four roles of Reactive Streams, in shapes that rule out by ownership what they can.

use crate::panics::Panicked;
use actors_core::BoxError;
use std::future::Future;

/// Provides items to one subscriber, as many as it requests (section 1).
///
/// It is used up by its subscriber. A source for several subscribers is a value that creates
/// publishers, or implements this trait for a reference to itself.
pub trait Publisher {
    /// The items.
    type Item;

    /// The life of a subscription, which signals while it is polled. Dropped, it cancels.
    type Run<R: Receiver<Self::Item>>: Future<Output = Outcome>;

    /// Subscribes: calls [`on_subscribe`](Subscriber::on_subscribe) before it returns. Await the
    /// result, or spawn it as a task: no other signal comes before it is polled.
    fn subscribe<S: Subscriber<Self::Item>>(self, subscriber: S) -> Self::Run<S::Receiver>;
}

/// Is given a subscription, and becomes the receiver of its signals (section 2).
pub trait Subscriber<T> {
    /// What receives the signals.
    type Receiver: Receiver<T>;

    /// Takes the subscription. It may request at once.
    fn on_subscribe(self, subscription: Box<dyn Subscription>) -> Self::Receiver;
}

/// Receives the signals of one subscription (section 2).
///
/// A receiver that is dropped without complete or error was cancelled, or its publisher's run was
/// dropped.
pub trait Receiver<T> {
    /// Takes an item. It may call the subscription, which never calls back.
    fn on_next(&mut self, item: T);

    /// Is told that the publisher has failed. Nothing follows.
    fn on_error(self, error: BoxError);

    /// Is told that there are no more items. Nothing follows.
    fn on_complete(self);
}

/// The subscriber's end of a subscription (section 3).
///
/// Dropped, it cancels. No call panics, or calls the subscriber.
pub trait Subscription: Send {
    /// Requests so many more items. It adds up and saturates. Zero ends the subscription with an
    /// error (§3.9). Does nothing once the subscription is over.
    fn request(&mut self, n: u64);

    /// Cancels for good. Does nothing once the subscription is over.
    fn cancel(&mut self);
}

/// How the run of a subscription ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Complete was signalled.
    Completed,
    /// An error was signalled.
    Failed,
    /// The subscriber has cancelled.
    Cancelled,
    /// The subscriber has panicked, and counts as cancelled (§2.13).
    Panicked(Panicked),
}

/// `request(0)`, as the error that the subscriber gets (§3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("§3.9: a request for zero items is illegal: request at least one, or cancel to stop")]
pub struct IllegalRequest;
