//! Futures that one thread polls without a runtime: once when they start, and again when their
//! waker was called.

use super::Outcome;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// When an ask was made, from the start of the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    /// When the schedule says so.
    pub(super) intended: Duration,
    /// When the generator called.
    pub(super) called: Duration,
}

/// Puts its slot into the queue of slots to poll. The queue is lock-free, so that a thread of the
/// service never waits for the generator.
struct SlotWaker {
    slot: usize,
    woken: Sender<usize>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The receiver is gone only after a run, when nothing is polled any more.
        let _ = self.woken.send(self.slot);
    }
}

/// Room for one future. The allocation and the waker are reused.
struct Slot<F> {
    ask: Pin<Box<Option<F>>>,
    waker: Waker,
    stamp: Stamp,
}

/// The asks in flight.
pub(super) struct InFlight<F> {
    slots: Vec<Slot<F>>,
    free: Vec<usize>,
    woken: Receiver<usize>,
    wakes: Sender<usize>,
}

impl<F: Future<Output = Outcome>> InFlight<F> {
    pub(super) fn new() -> Self {
        let (wakes, woken) = channel();
        InFlight { slots: Vec::new(), free: Vec::new(), woken, wakes }
    }

    /// The number of asks that are pending.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Polls a new ask once. Keeps it if it is pending.
    pub(super) fn start(&mut self, ask: F, stamp: Stamp) -> Poll<Outcome> {
        let at = self.free.pop().unwrap_or_else(|| self.grow());
        let slot = &mut self.slots[at];
        slot.ask.set(Some(ask));
        slot.stamp = stamp;
        self.poll(at)
    }

    /// Polls up to `limit` asks that were woken, and reports those that are ready.
    pub(super) fn poll_woken(&mut self, limit: usize, mut report: impl FnMut(Stamp, Outcome)) {
        for _ in 0..limit {
            let Ok(at) = self.woken.try_recv() else { return };
            // A wake may arrive after the ask has ended, or twice.
            if let Poll::Ready(outcome) = self.poll(at) {
                report(self.slots[at].stamp, outcome);
            }
        }
    }

    /// Drops the asks that are still pending, and reports them.
    pub(super) fn abandon(&mut self, mut report: impl FnMut(Stamp)) {
        for slot in self.slots.iter_mut().filter(|slot| slot.ask.is_some()) {
            slot.ask.set(None);
            report(slot.stamp);
        }
    }

    fn grow(&mut self) -> usize {
        let slot = self.slots.len();
        let waker = Arc::new(SlotWaker { slot, woken: self.wakes.clone() }).into();
        self.slots.push(Slot { ask: Box::pin(None), waker, stamp: Stamp::default() });
        slot
    }

    /// Polls a slot; frees it if its ask is ready. A free slot is pending.
    fn poll(&mut self, at: usize) -> Poll<Outcome> {
        let slot = &mut self.slots[at];
        let Some(ask) = slot.ask.as_mut().as_pin_mut() else { return Poll::Pending };
        let polled = ask.poll(&mut Context::from_waker(&slot.waker));
        if polled.is_ready() {
            slot.ask.set(None);
            self.free.push(at);
        }
        polled
    }
}
