//! What ties a message to its mailbox before it is handled, and is undone when its sender goes away.

use super::timer::Timer;
use crate::actor::cell::Cell;
use crate::actor::handle::Handle;
use crate::actor::{Actor, Mail};
use crate::error::Reason;
use crate::mailbox::{Left, Place};
use crate::wait::Wait;
use crate::wakers::discard;
use std::ops::Deref;
use std::sync::Arc;

/// A handle, borrowed or owned.
#[derive(Debug)]
pub(super) enum To<'a, A: Actor> {
    Ref(&'a Handle<A>),
    Own(Handle<A>),
}

impl<A: Actor> Deref for To<'_, A> {
    type Target = Handle<A>;

    fn deref(&self) -> &Handle<A> {
        match self {
            To::Ref(handle) => handle,
            To::Own(handle) => handle,
        }
    }
}

/// The cell a tie leads to.
pub(super) enum Home<'a, A: Actor> {
    Ref(&'a Arc<Cell<A>>),
    Own(Arc<Cell<A>>),
}

impl<A: Actor> Deref for Home<'_, A> {
    type Target = Arc<Cell<A>>;

    fn deref(&self) -> &Arc<Cell<A>> {
        match self {
            Home::Ref(cell) => cell,
            Home::Own(cell) => cell,
        }
    }
}

/// What ties a message to its mailbox before it is handled: a place in line, a promised slot, a timer, a wait.
pub(super) struct Tie<'a, A: Actor> {
    pub(super) home: Home<'a, A>,
    class: usize,
    pub(super) waiter: Option<u32>,
    /// What it waits for, where it is polled inside a turn (D1).
    pub(super) wait: Option<Wait>,
    /// Where it is, while its answer is waited for.
    pub(super) place: Option<Place>,
    /// Its ttl has passed while it was claimed.
    pub(super) is_doomed: bool,
    /// A slot was promised to it.
    pub(super) has_permit: bool,
    /// Set only while something is waited for that has an end.
    pub(super) timer: Timer,
}

impl<'a, A: Actor> Tie<'a, A> {
    pub(super) fn new(to: &To<'a, A>, class: usize) -> Self {
        let home = match to {
            To::Ref(handle) => Home::Ref(handle.cell()),
            To::Own(handle) => Home::Own(handle.cell().clone()),
        };
        let timer = Timer::none();
        Tie { home, class, waiter: None, wait: None, place: None, is_doomed: false, has_permit: false, timer }
    }

    /// A permit that was not used is somebody else's.
    fn give_back(&mut self) {
        if std::mem::take(&mut self.has_permit) {
            self.home.visit(|section| section.give_back(self.class));
        }
    }

    /// The sender goes away while it waits in line (T3). Returns where the message is if it was let in just before.
    pub(super) fn leave_line(&mut self) -> Option<Place> {
        let waiter = self.waiter.take()?;
        let cell = &*self.home;
        let left = cell.visit(|section| section.leave(waiter, Reason::Cancelled));
        match left {
            Left::Back(item, tag) => {
                let text = || item.as_ref().and_then(|item| item.0.parcel().describe());
                cell.report_loss(self.class, tag.stamp, Reason::Cancelled, text);
                // Its `Drop` may panic, and the sender may be going away because of a panic.
                discard(item);
                None
            }
            Left::Out(item, tag, reason) => {
                // Counted as refused already. Its sender goes away without the message: nobody else reports the loss (O10).
                if item.is_some() {
                    let text = || item.as_ref().and_then(|item| item.0.parcel().describe());
                    cell.report(self.class, tag.stamp, reason, text);
                }
                discard(item);
                None
            }
            Left::Promised => None,
            Left::In(place) => Some(place),
        }
    }
}

impl<A: Actor> Drop for Tie<'_, A> {
    fn drop(&mut self) {
        self.wait = None;
        let let_in = self.leave_line();
        if let Some(place) = self.place.take().or(let_in) {
            self.home.visit(|section| section.withdraw(place, Reason::Cancelled));
        }
        self.give_back();
        self.timer.clear(&self.home);
    }
}
