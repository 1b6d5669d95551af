//! The tasks of workers, the size of a pool, and the seats of turns that did not return.

use super::{Cell, Seat};
use crate::actor::Actor;
use crate::mailbox::WorkerId;
use std::sync::Arc;

/// Seats of turns that did not return: at most one per worker, until the worker takes it.
pub(super) struct Abandoned<A: Actor> {
    seats: Vec<Box<Seat<A>>>,
}

impl<A: Actor> Cell<A> {
    /// Starts the task of a worker, with its instance if there is one already.
    ///
    /// An actor with one worker gets its task once, from the first message or hook that needs it.
    pub(crate) fn start_task(self: &Arc<Self>, worker: WorkerId, seat: Option<Box<Seat<A>>>) {
        (self.run)(self, worker, seat);
    }

    /// Starts the tasks of a pool's first workers. The first of them gets the instance `first`.
    pub(crate) fn start_pool(self: &Arc<Self>, first: Option<Box<Seat<A>>>) {
        let workers = self.mailbox.limits().workers.least();
        let mut first = first;
        for number in self.mailbox.start_workers(workers) {
            self.start_task(number, first.take());
        }
    }

    /// Changes the number of workers, within the declared range. Returns the new number.
    pub(crate) fn resize(self: &Arc<Self>, workers: usize) -> usize {
        let range = self.mailbox.limits().workers;
        let workers = workers.clamp(range.least(), range.most());
        let started = self.visit(|section| section.resize(workers));
        started.into_iter().for_each(|number| self.start_task(number, None));
        workers
    }

    /// Keeps the seat of a turn that was dropped or panicked, until its worker takes it.
    #[cold]
    pub(crate) fn abandon_seat(&self, seat: Box<Seat<A>>) {
        self.abandoned
            .lock()
            .get_or_insert_with(|| Box::new(Abandoned { seats: Vec::new() }))
            .seats
            .push(seat);
    }

    /// Takes the seat that a turn of this worker abandoned.
    #[cold]
    pub(crate) fn take_abandoned_seat(&self, worker: WorkerId) -> Option<Box<Seat<A>>> {
        let mut abandoned = self.abandoned.lock();
        let seats = &mut abandoned.as_mut()?.seats;
        let at = seats.iter().position(|seat| seat.ctx.worker() == worker)?;
        Some(seats.swap_remove(at))
    }
}
