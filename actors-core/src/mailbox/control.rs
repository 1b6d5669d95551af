//! Control is state beside the queue, not messages in it: it waits behind nothing, is never refused, and does not pile up (B4).

use crate::mailbox::core::Phase;
use crate::mailbox::effects::Effects;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Task};
use crate::panics::ignored;

impl<T: Item, S> Mailbox<T, S> {
    /// Puts the seat where the first consumer finds it.
    /// `is_ready`: it may be lent before the consumer has had it.
    pub(crate) fn install(&self, seat: S, is_ready: bool) {
        let mut shell = self.shell.lock();
        match &mut shell.inner {
            None => (shell.seat, shell.may_lend) = (Some(seat), is_ready),
            Some(inner) => (inner.seat, inner.may_lend) = (Some(seat), is_ready),
        }
    }

    /// Closes admission; what is queued is still handed out. `false` when it was closed before.
    pub(crate) fn close(&self, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase != Phase::Open {
            return false;
        }
        inner.core.phase = Phase::Draining;
        inner.core.clear_lines(fx);
        // Not only if it sleeps: it may be waiting before its next instance.
        inner.call(fx);
        true
    }

    /// A new instance is to go on, between two turns; the old one has no further turn. Of several workers all are meant, or only one.
    /// `false` where there will be none.
    pub(crate) fn renew(&self, worker: Option<u32>, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase >= Phase::Killed {
            return false;
        }
        match &mut inner.crew {
            Some(crew) => crew.renew(worker),
            None => (inner.must_renew, inner.may_lend) = (true, false),
        }
        self.signals.interrupt();
        inner.call(fx);
        true
    }

    /// A new instance is about to be made, and is the one that was wanted.
    pub(crate) fn forget_renewal(&self, worker: u32) {
        let mut inner = self.lock();
        match &mut inner.crew {
            Some(crew) => crew.forget_renewal(worker),
            None => inner.must_renew = false,
        }
    }

    /// A new instance is about to have its first turn. What has died in the queue meanwhile goes first.
    pub(crate) fn begin_anew(&self, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        inner.is_tainted = false;
        inner.core.settle(&self.signals, fx);
        inner.core.bury(&self.signals, fx);
        inner.rouse_if_filled(fx);
    }

    /// Closes admission and hands out nothing more; a suspended turn is dropped. `false` when it was killed before.
    pub(crate) fn kill(&self, fx: &mut Effects<T>) -> bool {
        let mut inner = self.lock();
        if inner.core.phase >= Phase::Killed {
            return false;
        }
        inner.core.phase = Phase::Killed;
        inner.core.clear_lines(fx);
        self.signals.kill();
        inner.call(fx);
        true
    }

    /// Whether it takes messages.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().core.is_open()
    }

    /// Whether nothing is left to be handled, and nothing more will come.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().is_drained()
    }

    /// The end: everything that is queued is lost, and the seat comes out if nobody has it.
    pub(crate) fn end(&self, fx: &mut Effects<T>) -> Option<S> {
        let mut inner = self.lock();
        inner.core.settle(&self.signals, fx);
        inner.core.phase = Phase::Ended;
        self.signals.kill();
        inner.core.clear_lines(fx);
        inner.core.lose_all(fx);
        let task = std::mem::replace(&mut inner.task, Task::Coming);
        let seat = inner.seat.take();
        drop(inner);
        ignored(|| drop(task));
        seat
    }

    /// Goes on where a visit stopped because it had moved as much as it may: lets waiters in or sends them away, loses what is left.
    /// Called, before anything else, where [`Effects::take_unfinished`] is true.
    pub(crate) fn carry_on(&self, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        match inner.core.phase {
            Phase::Open => {
                inner.core.grant(&self.signals, fx);
                inner.rouse_if_filled(fx);
            }
            phase => {
                inner.core.clear_lines(fx);
                if phase == Phase::Ended {
                    inner.core.lose_all(fx);
                }
            }
        }
    }

    /// Whether the consumer was told to stop at once.
    pub(crate) fn is_killed(&self) -> bool {
        self.signals.is_killed()
    }

    /// Holds back or lets go the handing out of messages.
    #[cfg(feature = "testing")]
    pub(crate) fn hold(&self, held: bool, fx: &mut Effects<T>) {
        let mut inner = self.lock();
        inner.is_held = held;
        match held {
            true => self.signals.interrupt(),
            // Who has nothing to do may have to go.
            false if inner.crew.is_some() => inner.call(fx),
            false => inner.rouse(fx),
        }
    }

    /// A task will come to consume, or has come; nobody else need be given one. `false` when one is there already.
    pub(crate) fn employ(&self) -> bool {
        let mut inner = self.lock();
        let is_first = matches!(inner.task, Task::None);
        if is_first {
            inner.task = Task::Coming;
            inner.is_roused = true;
        }
        is_first
    }
}
