//! Publishes an actor's readings to subscribers: [`Handle::watch`](crate::Handle::watch).
//!
//! While an actor has a subscriber, one task takes a reading of it ten times a second. An actor
//! without subscribers costs nothing.
//!
//! Producers subscribe to its [`PressureState`] ([`Handle::pressure`](crate::Handle::pressure)). No
//! task runs for them: the visit to the mailbox that passes a mark tells them.

use super::Actor;
use super::cell::Cell;
use crate::mailbox::Marks;
use crate::observe::{PressureSignal, PressureState, Reading};
use crate::panics::ignored;
use crate::policy::{Pressure, Priority};
use crate::tasks;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// The time between two readings. A person reading a display cannot follow faster changes.
const EVERY: Duration = Duration::from_millis(100);

/// The subscribers to an actor's readings and to its pressure.
#[derive(Default)]
pub(crate) struct Readings {
    channel: OnceLock<Channel>,
    pressure: OnceLock<watch::Sender<PressureState>>,
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
            tasks::spawn(&self.rt, format_args!("{}: readings", self.name()), publish(Arc::downgrade(self)));
        }
        receiver
    }

    /// Publishes the reading of an actor that has ended, also if its runtime has, and no task takes
    /// readings any more.
    pub(super) fn publish_last(self: &Arc<Self>) {
        let Some(rare) = self.rare.get() else { return };
        if rare.readings.channel.get().is_some() {
            self.publish();
        }
        self.publish_pressure();
    }

    /// Returns a receiver of the pressure, as it changes.
    pub(crate) fn pressure(self: &Arc<Self>) -> PressureSignal {
        let sender = self.rare().readings.pressure.get_or_init(|| watch::Sender::new(self.strain()));
        let receiver = sender.subscribe();
        self.visit(|section| section.set_marks(Some(self.marks())));
        self.publish_pressure();
        PressureSignal(receiver)
    }

    /// Tells producers what has changed. The state is read while the channel is locked, so that the
    /// last of several threads publishes the latest.
    pub(crate) fn publish_pressure(self: &Arc<Self>) {
        let Some(sender) = self.rare.get().and_then(|rare| rare.readings.pressure.get()) else { return };
        // Producers' wakers are foreign code.
        ignored(|| {
            sender.send_if_modified(|shown| {
                let now = self.strain();
                let has_changed = (now.is_high, now.level) != (shown.is_high, shown.level);
                if has_changed {
                    *shown = now;
                }
                has_changed
            });
        });
        if sender.receiver_count() == 0 {
            self.visit(|section| section.set_marks(None));
            // A concurrent subscriber either sets the marks after that, or is counted here.
            fence(Ordering::SeqCst);
            if sender.receiver_count() > 0 {
                self.visit(|section| section.set_marks(Some(self.marks())));
            }
        }
    }

    /// The limits have changed: so have the marks of the pressure that producers are told of.
    #[cfg(feature = "serde")]
    pub(crate) fn refresh_marks(self: &Arc<Self>) {
        let is_told = self.rare.get().is_some_and(|rare| rare.readings.pressure.get().is_some());
        if is_told {
            self.visit(|section| {
                section.set_marks(None);
                section.set_marks(Some(self.marks()));
            });
            self.publish_pressure();
        }
    }

    fn strain(&self) -> PressureState {
        let (is_high, taken) = self.mailbox.fill_and_mark();
        let fill = taken as f64 / self.mailbox.limits().capacity as f64;
        PressureState { is_high, fill, level: self.gate.level() }
    }

    /// The marks of the declared pressure, or of the default, within the slots that messages below
    /// `urgent` may take.
    fn marks(&self) -> Marks {
        let limits = self.mailbox.limits();
        let pressure = self.reachable(limits.pressure.unwrap_or_default());
        let slots = |fill: f64| fill * limits.capacity as f64;
        Marks::new(slots(pressure.high_fill()).ceil() as usize, slots(pressure.low_fill()).floor() as usize)
    }

    /// The declaration for the part of the mailbox that messages below `urgent` can fill: the
    /// reserve for lanes without a message type stays empty.
    pub(crate) fn reachable(&self, pressure: Pressure) -> Pressure {
        let limits = self.mailbox.limits();
        let lanes = self.mailbox.declared().map(|policy| policy.priority);
        let top = lanes.filter(|lane| *lane < Priority::Urgent).max().unwrap_or(Priority::Urgent);
        pressure.within(limits.room(top) as f64 / limits.capacity as f64)
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
        self.rare().readings.channel.get_or_init(|| {
            let readings = watch::Sender::new(self.reading());
            Channel { readings, has_task: AtomicBool::new(false) }
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
