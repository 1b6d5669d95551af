//! A subscriber that records what it is signalled, and does what a check tells it.

use super::wakes::Woken;
use crate::reactive::{Outcome, Publisher, Receiver, Subscriber, Subscription};
use actors_core::BoxError;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was signalled.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) is_subscribed: bool,
    pub(super) items: Vec<u64>,
    /// `Ok` is complete.
    pub(super) end: Option<Result<(), String>>,
    /// Signals that began while another one was running.
    pub(super) overlaps: u32,
    /// Signals that began within the subscriber's reaction to an item.
    pub(super) recursions: u32,
    /// Whether a signal is running.
    is_signalled: bool,
    /// Whether the receiver was dropped.
    pub(super) is_dropped: bool,
}

impl Log {
    /// Returns the number of signals after `on_subscribe`.
    fn signals(&self) -> usize {
        self.items.len() + usize::from(self.end.is_some())
    }
}

type Place = Arc<Mutex<Option<Box<dyn Subscription>>>>;
type Reaction = Box<dyn FnMut(&mut dyn Subscription, u64) + Send>;

/// The ends of a probe that a check holds: the log, and the subscription.
#[derive(Clone)]
pub(super) struct Probe {
    log: Arc<Mutex<Log>>,
    subscription: Place,
}

/// The subscriber.
pub(super) struct ProbeSubscriber {
    probe: Probe,
    /// What it requests within `on_subscribe`.
    first: u64,
    on_next: Reaction,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A check that has failed under the lock ends the test anyway.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Probe {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    /// Calls the subscription, which is not locked meanwhile.
    fn call(&self, call: impl FnOnce(&mut dyn Subscription)) {
        let subscription = lock(&self.subscription).take();
        if let Some(mut subscription) = subscription {
            call(&mut *subscription);
            *lock(&self.subscription) = Some(subscription);
        }
    }

    pub(super) fn request(&self, n: u64) {
        self.call(|subscription| subscription.request(n));
    }

    pub(super) fn cancel(&self) {
        self.call(|subscription| subscription.cancel());
    }

    /// Takes the subscription out, for another thread.
    pub(super) fn take(&self) -> Option<Box<dyn Subscription>> {
        lock(&self.subscription).take()
    }
}

impl Subscriber<u64> for ProbeSubscriber {
    type Receiver = ProbeReceiver;

    fn on_subscribe(self, mut subscription: Box<dyn Subscription>) -> ProbeReceiver {
        self.probe.log().is_subscribed = true;
        if self.first > 0 {
            subscription.request(self.first);
        }
        *lock(&self.probe.subscription) = Some(subscription);
        ProbeReceiver { probe: self.probe, on_next: self.on_next }
    }
}

/// The receiver.
pub(super) struct ProbeReceiver {
    probe: Probe,
    on_next: Reaction,
}

impl ProbeReceiver {
    fn signalled(&self, signal: impl FnOnce(&mut Log)) {
        let mut log = self.probe.log();
        log.overlaps += u32::from(log.is_signalled);
        log.is_signalled = true;
        signal(&mut log);
    }
}

impl Receiver<u64> for ProbeReceiver {
    fn on_next(&mut self, item: u64) {
        self.signalled(|log| log.items.push(item));
        let subscription = lock(&self.probe.subscription).take();
        if let Some(mut subscription) = subscription {
            let before = self.probe.log().signals();
            (self.on_next)(&mut *subscription, item);
            let mut log = self.probe.log();
            log.recursions += u32::from(log.signals() != before);
            drop(log);
            *lock(&self.probe.subscription) = Some(subscription);
        }
        self.probe.log().is_signalled = false;
    }

    fn on_error(self, error: BoxError) {
        self.signalled(|log| log.end = Some(Err(error.to_string())));
    }

    fn on_complete(self) {
        self.signalled(|log| log.end = Some(Ok(())));
    }
}

impl Drop for ProbeReceiver {
    fn drop(&mut self) {
        self.probe.log().is_dropped = true;
    }
}

/// A subscription under check: the probe, and the run that signals it.
pub(super) struct Subscribed<F> {
    pub(super) probe: Probe,
    run: Woken<F>,
    pub(super) outcome: Option<Outcome>,
}

type RunOf<P> = <P as Publisher>::Run<ProbeReceiver>;

/// Subscribes a probe that requests `first` items at once, and reacts to each item.
pub(super) fn subscribe<P: Publisher<Item = u64>>(
    publisher: P,
    first: u64,
    on_next: impl FnMut(&mut dyn Subscription, u64) + Send + 'static,
) -> Subscribed<RunOf<P>> {
    let probe = Probe { log: Arc::default(), subscription: Arc::default() };
    let subscriber = ProbeSubscriber { probe: probe.clone(), first, on_next: Box::new(on_next) };
    let run = Box::pin(publisher.subscribe(subscriber));
    Subscribed { probe, run: Woken::new(run), outcome: None }
}

/// Subscribes a probe that only records.
pub(super) fn listen<P: Publisher<Item = u64>>(publisher: P) -> Subscribed<RunOf<P>> {
    subscribe(publisher, 0, |_, _| {})
}

impl<F: Future<Output = Outcome>> Subscribed<F> {
    /// Lets the publisher and all other tasks run until they wait.
    pub(super) async fn advance(&mut self) {
        if let Some(outcome) = self.run.advance().await {
            self.outcome = Some(outcome);
        }
    }

    /// Requests items, and lets the publisher run.
    pub(super) async fn request(&mut self, n: u64) {
        self.probe.request(n);
        self.advance().await;
    }

    /// Returns the number of items that were signalled.
    pub(super) fn count(&self) -> usize {
        self.probe.log().items.len()
    }

    pub(super) fn end(&self) -> Option<Result<(), String>> {
        self.probe.log().end.clone()
    }
}
