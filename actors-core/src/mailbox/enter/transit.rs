//! Messages that an outlet holds: they are in the books, and never in the queue.
//!
//! ```text
//!   enter ──► in service ── leave ──► handled, refused or lost       as the outlet decides, or its sender goes away
//!                  └─────── end ────► undelivered                    a kill: nothing is waited for
//! ```
//!
//! In the mailbox of an actor in another place `in_service` counts these messages and nothing else.
//!
//! **Invariant.** Such a mailbox ends only when no message is in transit, so its last sum has none
//! in service.

use crate::error::Reason;
use crate::mailbox::books::ledger::Stage;
use crate::mailbox::consumers::{Consumers, Task};
use crate::mailbox::core::{Core, Phase};
use crate::mailbox::ids::ClassId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};

/// What became of a message that an outlet was given instead of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    TakenOver,
    Refused(Reason),
    Lost(Reason),
}

impl<T: Item, S> Mailbox<T, S> {
    /// Counts a message as offered and in service, although it is never queued. `false`: it is
    /// refused, because the mailbox is closed.
    pub(crate) fn enter_transit(&self, class: ClassId) -> bool {
        let mut inner = self.lock();
        let is_open = inner.core.phase == Phase::Open;
        let counts = &mut inner.core.queue.classes[class].counts;
        counts.offered += 1;
        match is_open {
            true => counts.in_service += 1,
            false => counts.lose(Stage::Refused, Reason::Closed),
        }
        is_open
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Counts what became of a message that [entered transit](Mailbox::enter_transit). The last one
    /// of a closed mailbox requests its end. `false`: the mailbox has ended meanwhile, and has
    /// counted the message as lost.
    pub(crate) fn leave_transit(&mut self, class: ClassId, fate: Fate) -> bool {
        if self.phase == Phase::Ended {
            return false;
        }
        let counts = &mut self.queue.classes[class].counts;
        counts.in_service -= 1;
        match fate {
            Fate::TakenOver => counts.handled += 1,
            Fate::Refused(reason) => counts.lose(Stage::Refused, reason),
            Fate::Lost(reason) => counts.lose(Stage::Lost, reason),
        }
        if self.phase != Phase::Open && !self.is_in_transit() {
            self.wake_all();
        }
        true
    }

    /// Ends a closed mailbox. One that was not killed waits for its messages in transit: then this
    /// returns `None`, and the last of them or a kill requests the end again. Otherwise those that
    /// are left are lost as [`Closed`](Reason::Closed). Returns their types and numbers.
    pub(crate) fn end_transit(&mut self) -> Option<Vec<(ClassId, u32)>> {
        if self.phase < Phase::Killed && self.is_in_transit() {
            if let Consumers::One(one) = &mut *self.consumers {
                // The next wake-up calls this again.
                one.task = Task::None;
            }
            return None;
        }
        let mut lost = Vec::new();
        for class in self.queue.classes.ids() {
            let counts = &mut self.queue.classes[class].counts;
            let left = std::mem::take(&mut counts.in_service);
            if left > 0 {
                counts.lose_many(Stage::Lost, Reason::Closed, left.into());
                lost.push((class, left));
            }
        }
        self.end();
        Some(lost)
    }
}

impl<T: Item> Core<T> {
    fn is_in_transit(&self) -> bool {
        self.queue.classes.iter().any(|state| state.counts.in_service > 0)
    }
}
