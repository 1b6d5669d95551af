//! Control is state beside the queue, not messages in it: it waits behind nothing, is never
//! refused, and does not pile up (B4).

use crate::clock::Tick;
use crate::error::Reason;
use crate::mailbox::consumers::{Consumers, Task};
use crate::mailbox::core::Phase;
use crate::mailbox::ids::WorkerId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Mailbox, Section};
use crate::policy::Priority;

impl<T: Item, S> Mailbox<T, S> {
    /// Puts the seat where the first consumer finds it. With `is_ready`, a sender may take it
    /// before the consumer has.
    pub(crate) fn install(&self, seat: S, is_ready: bool) {
        let mut shell = self.shell.lock();
        self.set_home(is_ready);
        match &mut shell.inner {
            None => (shell.seat, shell.is_ready) = (Some(seat), is_ready),
            Some(inner) => match &mut inner.consumers {
                Consumers::One(one) => (one.seat, one.is_ready) = (Some(seat), is_ready),
                Consumers::Pool(_) => unreachable!("each worker of a pool brings a seat of its own"),
            },
        }
    }

    /// Whether it takes messages.
    pub(crate) fn is_open(&self) -> bool {
        let inner = self.lock();
        // Both change under the lock; the signal is the copy that is read without it.
        debug_assert_eq!(inner.core.phase >= Phase::Killed, self.signals.is_killed());
        inner.core.is_open()
    }

    /// Whether nothing is left to be handled, and nothing more will come.
    pub(crate) fn is_drained(&self) -> bool {
        self.lock().core.is_drained()
    }

    /// Whether the consumer was told to stop at once. Takes no lock.
    pub(crate) fn is_killed(&self) -> bool {
        self.signals.is_killed()
    }

    /// Records that the caller starts the consumer's task. Returns `false` if it was started
    /// before: then the caller must not start another.
    pub(crate) fn start_consumer(&self) -> bool {
        let mut inner = self.lock();
        match &mut inner.consumers {
            Consumers::One(one) if matches!(one.task, Task::None) => {
                (one.task, one.is_woken) = (Task::Coming, true);
                true
            }
            Consumers::One(_) => false,
            // Its workers are started with their numbers; this is a task of its own, which ends the
            // actor with its runtime.
            Consumers::Pool(pool) => !std::mem::replace(&mut pool.has_end_task, true),
        }
    }

    /// Clears the requests for a new instance, because one is about to be made.
    pub(crate) fn clear_restart_request(&self, worker: WorkerId) {
        let mut inner = self.lock();
        match &mut inner.consumers {
            Consumers::One(one) => one.must_restart = false,
            Consumers::Pool(pool) => pool.worker_mut(worker).must_restart = false,
        }
    }
}

impl<T: Item, S> Section<'_, T, S> {
    /// Closes admission; what is queued or stored is still handed out. `false` when it was closed
    /// before.
    pub(crate) fn close(&mut self) -> bool {
        if self.phase != Phase::Open {
            return false;
        }
        self.phase = Phase::Draining;
        self.clear_lines();
        // Not only if it sleeps: it may be waiting before its next instance.
        self.wake_all();
        true
    }

    /// Requests a new instance between two turns: the old one takes no further turn. In a pool,
    /// `None` means all workers. Returns `false` if no new instance will follow.
    pub(crate) fn request_restart(&mut self, worker: Option<WorkerId>) -> bool {
        if self.phase >= Phase::Killed {
            return false;
        }
        match &mut *self.consumers {
            Consumers::One(one) => (one.must_restart, one.is_ready) = (true, false),
            Consumers::Pool(pool) => pool.request_restart(worker),
        }
        self.signals().interrupt();
        self.wake_all();
        true
    }

    /// Prepares for the first turn of a new instance: purges messages that have expired meanwhile.
    pub(crate) fn begin_instance(&mut self) {
        if let Consumers::One(one) = &mut *self.consumers {
            one.is_poisoned = false;
        }
        self.settle();
        self.purge_expired();
        self.wake_if_filled();
    }

    /// Purges the expired messages of a mailbox that drains, for a worker that waits before its
    /// next instance. Returns when to do it again: `NEVER` where no queued message may expire, or
    /// the mailbox does not drain.
    pub(crate) fn purge_draining(&mut self) -> Tick {
        if self.is_open() {
            return Tick::NEVER;
        }
        self.settle();
        self.purge_expired();
        self.queue.purge_due()
    }

    /// Closes admission and hands out nothing more; a suspended turn is dropped. `false` when it
    /// was killed before.
    pub(crate) fn kill(&mut self) -> bool {
        if self.phase >= Phase::Killed {
            return false;
        }
        self.phase = Phase::Killed;
        self.clear_lines();
        self.signals().kill();
        self.wake_all();
        true
    }

    /// Ends the mailbox: everything that is queued is lost. Returns the seat, if it is here.
    pub(crate) fn end(&mut self) -> Option<S> {
        self.settle();
        self.phase = Phase::Ended;
        self.signals().kill();
        self.clear_lines();
        self.lose_all();
        let one = match &mut *self.consumers {
            Consumers::One(one) => one,
            Consumers::Pool(pool) => {
                pool.has_end_task = true;
                return None;
            }
        };
        if let Task::Known(waker) = std::mem::replace(&mut one.task, Task::Coming) {
            self.effects.will_drop(Some(waker.into_waker()));
        }
        one.seat.take()
    }

    /// Continues where a visit stopped because it had moved as much as it may: lets waiters in or
    /// sends them away, and loses what is left. Called, before anything else, where
    /// [`Effects::take_unfinished`](super::Effects::take_unfinished) is true.
    pub(crate) fn resume(&mut self) {
        match self.phase {
            Phase::Open => {
                self.clear_types();
                self.grant();
                self.wake_if_filled();
            }
            phase => {
                self.clear_lines();
                match phase {
                    Phase::Ended => self.lose_all(),
                    Phase::Draining => {
                        // What is back from the store is still handed out.
                        self.grant();
                        self.wake_if_filled();
                    }
                    Phase::Open | Phase::Killed => {}
                }
            }
        }
    }

    /// Loses what is queued (F4), as much of it as one visit may; another one continues.
    fn lose_all(&mut self) {
        self.queue.free_keys();
        for lane in (0..Priority::COUNT).rev() {
            while let Some(slot) = self.queue.lane_front(lane) {
                if !self.effects.may_move() {
                    return;
                }
                self.lose_queued(slot, Reason::Closed);
            }
        }
        self.lose_returned();
        self.shrink();
    }

    /// Holds back the handing out of messages, or lets it continue.
    #[cfg(feature = "testing")]
    pub(crate) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
        match (is_held, &*self.consumers) {
            (true, _) => self.signals().interrupt(),
            // A worker that has nothing to do may have to retire.
            (false, Consumers::Pool(_)) => self.wake_all(),
            (false, Consumers::One(_)) => self.wake_one(),
        }
    }
}
