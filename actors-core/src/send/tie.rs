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

/// The cell that a tie refers to.
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

/// What a message holds in its mailbox before it is handled: a place in line, a promised slot, a
/// timer, a registered wait.
pub(super) struct Tie<'a, A: Actor> {
    pub(super) home: Home<'a, A>,
    class: ClassId,
    pub(super) line: Option<InLine<Message>>,
    /// The registered wait, if it is polled inside a turn (D1).
    pub(super) wait: Option<Wait>,
    /// The place of the message while its answer is awaited.
    pub(super) place: Option<Place>,
    /// Whether its ttl passed while it was claimed.
    pub(super) is_doomed: bool,
    /// Whether a slot was promised to it.
    pub(super) has_permit: bool,
    /// The transit, while an outlet holds the message.
    pub(super) transit: Option<Box<InTransit<A>>>,
    /// Set only during a wait that has an end.
    pub(super) timer: Timer,
}

impl<'a, A: Actor> Tie<'a, A> {
    pub(super) fn new(to: &To<'a, A>, class: ClassId) -> Self {
        let home = match to {
            To::Ref(handle) => Home::Ref(handle.cell()),
            To::Own(handle) => Home::Own(handle.cell().clone()),
        };
        let timer = Timer::none();
        Tie {
            home,
            class,
            line: None,
            wait: None,
            place: None,
            is_doomed: false,
            has_permit: false,
            transit: None,
            timer,
        }
    }

    /// Gives an unused permit back.
    fn give_back(&mut self) {
        if std::mem::take(&mut self.has_permit) {
            self.home.visit(|section| section.give_back(self.class));
        }
    }

    /// Leaves the line when the sender goes away (T3). Returns the message's place if it was let in
    /// just before.
    pub(super) fn leave_line(&mut self) -> Option<Place> {
        let line = self.line.take()?;
        let cell = &*self.home;
        match cell.visit(|section| section.give_up(line, Reason::Cancelled)) {
            Ok((item, tag)) => {
                cell.report_loss(self.class, tag.stamp, Reason::Cancelled, || item.0.parcel().describe());
                // Its `Drop` may panic, and the sender may be going away because of a panic.
                discard(item);
                None
            }
            Err((Outcome::Refused(item, reason), tag)) => {
                // Already counted as refused. The sender is gone without the message, so only this
                // reports the loss (O10).
                cell.report(self.class, tag.stamp, reason, || item.0.parcel().describe());
                discard(item);
                None
            }
            Err((Outcome::Granted(place), _)) => Some(place),
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
