//! What a message holds in its mailbox before it is handled, and what is undone when its sender
//! goes away.

use super::elsewhere::InTransit;
use super::timer::Timer;
use crate::actor::cell::Cell;
use crate::actor::handle::Handle;
use crate::actor::{Actor, Mail};
use crate::error::Reason;
use crate::mailbox::{ClassId, InLine, Message, Outcome, Place};
use crate::wait::Wait;
use crate::wakers::discard;
use std::ops::Deref;
use std::sync::Arc;

/// A handle, borrowed or owned.
#[derive(Debug)]
pub(super) enum Target<'a, A: Actor> {
    Borrowed(&'a Handle<A>),
    Owned(Handle<A>),
}

impl<A: Actor> Deref for Target<'_, A> {
    type Target = Handle<A>;

    fn deref(&self) -> &Handle<A> {
        match self {
            Target::Borrowed(handle) => handle,
            Target::Owned(handle) => handle,
        }
    }
}

/// A cell, borrowed or owned.
pub(super) enum CellRef<'a, A: Actor> {
    Borrowed(&'a Arc<Cell<A>>),
    Owned(Arc<Cell<A>>),
}

impl<A: Actor> Deref for CellRef<'_, A> {
    type Target = Arc<Cell<A>>;

    fn deref(&self) -> &Arc<Cell<A>> {
        match self {
            CellRef::Borrowed(cell) => cell,
            CellRef::Owned(cell) => cell,
        }
    }
}

/// What a message holds in its mailbox before it is handled: a place in line, a promised slot, a
/// timer, a registered wait.
pub(super) struct Cleanup<'a, A: Actor> {
    pub(super) cell: CellRef<'a, A>,
    class: ClassId,
    pub(super) line: Option<InLine<Message>>,
    /// The registered wait, if it is polled inside a turn (D1).
    pub(super) wait: Option<Wait>,
    /// The place of the message while its answer is awaited.
    pub(super) place: Option<Place>,
    /// Whether its ttl passed while it was claimed.
    pub(super) has_expired: bool,
    /// Whether a slot was promised to it.
    pub(super) has_permit: bool,
    /// The transit, while an outlet holds the message.
    pub(super) transit: Option<Box<InTransit<A>>>,
    /// Set only during a wait that has an end.
    pub(super) timer: Timer,
}

impl<'a, A: Actor> Cleanup<'a, A> {
    pub(super) fn new(to: &Target<'a, A>, class: ClassId) -> Self {
        let cell = match to {
            Target::Borrowed(handle) => CellRef::Borrowed(handle.cell()),
            Target::Owned(handle) => CellRef::Owned(handle.cell().clone()),
        };
        let timer = Timer::none();
        Cleanup {
            cell,
            class,
            line: None,
            wait: None,
            place: None,
            has_expired: false,
            has_permit: false,
            transit: None,
            timer,
        }
    }

    /// Gives an unused permit back.
    fn give_back(&mut self) {
        if std::mem::take(&mut self.has_permit) {
            self.cell.visit(|section| section.give_back(self.class));
        }
    }

    /// Leaves the line when the sender goes away (T3). Returns the message's place if it was let in
    /// just before.
    pub(super) fn leave_line(&mut self) -> Option<Place> {
        let line = self.line.take()?;
        let cell = &*self.cell;
        match cell.visit(|section| section.give_up(line, Reason::Cancelled)) {
            Ok((item, tag)) => {
                cell.report_loss(self.class, tag.stamp, Reason::Cancelled, || item.0.envelope().describe());
                // Its `Drop` may panic, and the sender may be going away because of a panic.
                discard(item);
                None
            }
            Err((Outcome::Refused(item, reason), tag)) => {
                // Already counted as refused. The sender is gone without the message, so only this
                // reports the loss (O10).
                cell.report(self.class, tag.stamp, reason, || item.0.envelope().describe());
                discard(item);
                None
            }
            Err((Outcome::Granted(place), _)) => Some(place),
        }
    }
}

impl<A: Actor> Drop for Cleanup<'_, A> {
    fn drop(&mut self) {
        self.wait = None;
        let let_in = self.leave_line();
        if let Some(place) = self.place.take().or(let_in) {
            self.cell.visit(|section| section.withdraw(place, Reason::Cancelled));
        }
        self.give_back();
        self.timer.clear(&self.cell);
    }
}
