//! A mailbox's numbers at one instant.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::mailbox::Depth;
use crate::policy::Limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often a watched mailbox is looked at: as often as a person's eye can follow.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A mailbox's numbers at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Reading {
    /// Messages that hold a slot, and whose turn has not begun.
    pub depth: usize,
    /// Slots.
    pub capacity: usize,
    /// Senders in line for a slot.
    pub waiting: usize,
    /// Instances that share the mailbox: 1, or 0 after the end.
    pub workers: usize,
    /// Age of the oldest message that waits for its turn. Exact for types with a ttl and for asks; for others it may be
    /// too long by the time in which eight messages arrived.
    pub oldest_age: Duration,
    /// Turns a second, measured while there was a backlog; 0 while unknown.
    pub drain_rate: f64,
    /// When a sender that is refused now should try again.
    pub retry_after: Duration,
}

impl Reading {
    pub(crate) fn new(depth: &Depth, limits: &Limits, is_alive: bool) -> Self {
        Reading {
            depth: depth.queued,
            capacity: limits.capacity,
            waiting: depth.waiting,
            workers: is_alive.into(),
            oldest_age: depth.oldest_age,
            drain_rate: depth.drain_rate,
            retry_after: depth.retry_after,
        }
    }

    /// Share of the slots that are taken, 0 to 1.
    pub fn fill(&self) -> f64 {
        self.depth as f64 / self.capacity as f64
    }
}

/// A receiver of readings. A task takes them while the actor lives and somebody has a receiver.
pub(crate) fn watch<A: Actor>(cell: &Arc<Cell<A>>) -> watch::Receiver<Reading> {
    let (sender, is_new) = cell.watch();
    let receiver = sender.subscribe();
    if is_new || sender.receiver_count() == 1 {
        let weak = Arc::downgrade(cell);
        cell.rt.spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(cell) = weak.upgrade() else { return };
                let reading = cell.reading();
                let (sender, _) = cell.watch();
                sender.send_if_modified(|shown| std::mem::replace(shown, reading) != reading);
                if sender.receiver_count() == 0 || cell.ended().is_some() {
                    return;
                }
            }
        });
    }
    receiver
}
