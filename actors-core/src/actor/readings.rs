//! Readings as they change, for those who subscribe: [`Handle::watch`](crate::Handle::watch).
//!
//! One task per actor takes a reading ten times a second, and only while there is a receiver. An actor that nobody watches
//! is never sampled for this.

use super::Actor;
use super::cell::Cell;
use crate::observe::Reading;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// The time between two readings: as often as a person's eye can follow.
const EVERY: Duration = Duration::from_millis(100);

/// The subscribers to an actor's readings; made with the first.
#[derive(Default)]
pub(crate) struct Readings {
    channel: OnceLock<Channel>,
}

struct Channel {
    readings: watch::Sender<Reading>,
    /// A task takes readings.
    has_task: AtomicBool,
}

impl<A: Actor> Cell<A> {
    /// A receiver of readings.
    pub(crate) fn watch(self: &Arc<Self>) -> watch::Receiver<Reading> {
        let channel = self.channel();
        let receiver = channel.readings.subscribe();
        if !channel.has_task.swap(true, Ordering::AcqRel) {
            self.rt.spawn(publish(Arc::downgrade(self)));
        }
        receiver
    }

    fn channel(self: &Arc<Self>) -> &Channel {
        self.readings.channel.get_or_init(|| Channel {
            readings: watch::Sender::new(self.reading()),
            has_task: AtomicBool::new(false),
        })
    }
}

async fn publish<A: Actor>(cell: Weak<Cell<A>>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(cell) = cell.upgrade() else { return };
        let reading = cell.reading();
        let channel = cell.channel();
        channel.readings.send_if_modified(|shown| std::mem::replace(shown, reading) != reading);
        if cell.ended().is_some() {
            return;
        }
        if channel.readings.receiver_count() == 0 {
            channel.has_task.swap(false, Ordering::AcqRel);
            // A subscriber that comes in between either sees that there is no task, or is counted below.
            fence(Ordering::SeqCst);
            // It may have come before that, and have found this task.
            if channel.readings.receiver_count() == 0 || channel.has_task.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }
}
