//! Publishes an actor's readings to subscribers: [`Handle::watch`](crate::Handle::watch).
//!
//! While an actor has a subscriber, one task takes a reading of it ten times a second. An actor
//! without subscribers costs nothing.

use super::Actor;
use super::cell::Cell;
use crate::observe::Reading;
use crate::panics::ignored;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// The time between two readings. A person reading a display cannot follow faster changes.
const EVERY: Duration = Duration::from_millis(100);

/// The subscribers to an actor's readings; made with the first.
#[derive(Default)]
pub(crate) struct Readings {
    channel: OnceLock<Box<Channel>>,
}

struct Channel {
    readings: watch::Sender<Reading>,
    /// Whether a task takes readings.
    has_task: AtomicBool,
}

impl<A: Actor> Cell<A> {
    /// Returns a receiver of readings, and starts the task if there is none.
    pub(crate) fn watch(self: &Arc<Self>) -> watch::Receiver<Reading> {
        let channel = self.channel();
        let receiver = channel.readings.subscribe();
        if !channel.has_task.swap(true, Ordering::AcqRel) {
            self.rt.spawn(publish(Arc::downgrade(self)));
        }
        receiver
    }

    /// Publishes the reading of an actor that has ended, also if its runtime has, and no task takes
    /// readings any more.
    pub(super) fn publish_last(self: &Arc<Self>) {
        if self.readings.channel.get().is_some() {
            self.publish();
        }
    }

    fn publish(self: &Arc<Self>) {
        let reading = self.reading();
        // Subscribers' wakers are foreign code.
        ignored(|| {
            let channel = self.channel();
            channel.readings.send_if_modified(|shown| std::mem::replace(shown, reading) != reading);
        });
    }

    fn channel(self: &Arc<Self>) -> &Channel {
        self.readings.channel.get_or_init(|| {
            let readings = watch::Sender::new(self.reading());
            Box::new(Channel { readings, has_task: AtomicBool::new(false) })
        })
    }
}

async fn publish<A: Actor>(cell: Weak<Cell<A>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(cell) = cell.upgrade() else { return };
        cell.publish();
        let channel = cell.channel();
        if cell.ended().is_some() {
            return;
        }
        if channel.readings.receiver_count() == 0 {
            channel.has_task.swap(false, Ordering::AcqRel);
            // A concurrent subscriber either sees that there is no task, or is counted below.
            fence(Ordering::SeqCst);
            // It may have subscribed before that, when it still saw this task.
            if channel.readings.receiver_count() == 0 || channel.has_task.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}
