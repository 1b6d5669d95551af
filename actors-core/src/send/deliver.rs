//! A packed message that arrives from another place: what the receiving side of an
//! [`Outlet`](crate::outlet::Outlet) does.

use crate::actor::Actor;
use crate::actor::Mail;
use crate::actor::cell::Packed;
use crate::actor::handle::Handle;
use crate::actor::outlet::{Handed, Returned};
use crate::clock::{self, Tick};
use crate::error::{Admission, Reason};
use crate::mailbox::{ClassId, Entered, Entry, Fate, Item, Message, Offer, Outcome, WhenFull};
use crate::wakers::discard;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

impl<A: Actor> Handle<A> {
    /// Puts a packed message into the mailbox, as its type's policy says. An answer that it owes
    /// goes to the sender that packed it.
    ///
    /// # Errors
    /// The message, with the reason. A handle to an actor in another place refuses with
    /// [`Closed`](Reason::Closed): a message is delivered where the actor is.
    pub fn deliver(&self, mail: A::Mail, deadline: Option<Instant>) -> Deliver<A> {
        let until = deadline.map_or(Tick::NEVER, clock::tick);
        Deliver { to: self.clone(), until, entry: Entry::Fresh(Packed(mail)) }
    }
}

/// A packed message on its way into a mailbox.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, the message was not delivered: it leaves the line,
/// counted `cancelled`.
#[must_use = "nothing is delivered before it is awaited"]
pub struct Deliver<A: Actor> {
    to: Handle<A>,
    until: Tick,
    entry: Entry<Packed<A>, Message>,
}

// No field is pinned: a message may move between polls.
impl<A: Actor> Unpin for Deliver<A> {}

impl<A: Actor> fmt::Debug for Deliver<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver").field("to", self.to.name()).finish_non_exhaustive()
    }
}

impl<A: Actor> Future for Deliver<A> {
    type Output = Handed<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Deliver { to, until, entry } = &mut *self;
        let cell = to.cell();
        if cell.outlet.is_some()
            && let Entry::Fresh(item) = std::mem::replace(entry, Entry::Over)
        {
            // Nothing is ever queued in a cell without an instance.
            let class = ClassId::new(item.class());
            if cell.mailbox.enter_transit(class) {
                cell.mailbox.leave_transit(class, Fate::Refused(Reason::Closed));
            }
            cell.note_loss();
            return Poll::Ready(Err(Returned::new(item.0, Reason::Closed)));
        }
        let offer = |item: Packed<A>| match cell.mailbox.tag(&item, clock::now(), *until) {
            Ok(tag) => cell.visit(|section| section.offer(item, tag, WhenFull::Wait)),
            Err(reason) => {
                cell.mailbox.offer_lost(ClassId::new(item.class()), reason);
                Offer::Refused(item, reason, None)
            }
        };
        let entered: Option<Entered<Message, Packed<A>>> = ready!(entry.poll(&cell.mailbox, cx, offer));
        Poll::Ready(match entered {
            Some(Ok((_, admission))) => Ok(admission),
            Some(Err((item, Reason::Dropped, _))) => {
                cell.drop_rejected(item, Reason::Dropped);
                Ok(Admission::Dropped)
            }
            Some(Err((item, reason, retry_after))) => {
                cell.note_loss();
                Err(Returned { mail: Some(item.0), reason, retry_after })
            }
            None => panic!("a delivery was polled after it had completed"),
        })
    }
}

impl<A: Actor> Drop for Deliver<A> {
    fn drop(&mut self) {
        let Some(line) = self.entry.take_line() else { return };
        let cell = self.to.cell();
        match cell.visit(|section| section.give_up(line, Reason::Cancelled)) {
            Ok((item, tag)) => {
                let class = ClassId::new(item.0.class());
                cell.report_loss(class, tag.stamp, Reason::Cancelled, || item.0.envelope().describe());
                discard(item);
            }
            Err((Outcome::Refused(item, _), _)) => discard(item),
            Err((Outcome::Granted(place), _)) => {
                cell.visit(|section| section.withdraw(place, Reason::Cancelled));
            }
        }
    }
}
