//! A packed message that arrives from another place: what the receiving side of an
//! [`Outlet`](crate::outlet::Outlet) does.
//!
//! It waits in line like any other send: with a timer for its ttl and its deadline, and inside a
//! turn as a wait of the wait graph.

use super::cycle;
use super::timer::{Timer, end_of_wait};
use crate::actor::cell::Packed;
use crate::actor::handle::Handle;
use crate::actor::outlet::{Handed, Returned};
use crate::actor::{Actor, Mail};
use crate::clock::{self, Tick};
use crate::current::waits;
use crate::error::{Admission, Reason};
use crate::mailbox::{ClassId, Entered, Entry, Item, Lost, Message, Offer, Outcome, WhenFull};
use crate::policy::Priority;
use crate::wait::Wait;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

impl<A: Actor> Handle<A> {
    /// Puts a packed message into the mailbox, as its type's policy says. An answer that it owes
    /// goes to the sender that packed it.
    ///
    /// Where the type says `block`, it waits in line until `deadline` and within the type's ttl;
    /// inside a turn also only as long as that turn's caller waits. After its deadline the message
    /// is never handled.
    ///
    /// # Errors
    /// The message, with the reason: [`TimedOut`](Reason::TimedOut) and
    /// [`Expired`](Reason::Expired) where it still stood in line, and inside a turn
    /// [`WouldDeadlock`](Reason::WouldDeadlock) if only the end of that turn could make room. A
    /// handle to an actor in another place refuses with [`Closed`](Reason::Closed): a message is
    /// delivered where the actor is.
    pub fn deliver(&self, mail: A::Mail, deadline: Option<Instant>) -> Deliver<A> {
        let deadline = deadline.map_or(Tick::NEVER, clock::tick);
        Deliver {
            to: self.clone(),
            class: ClassId::new(mail.class()),
            deadline,
            expires: Tick::NEVER,
            entry: Entry::Fresh(Packed(mail)),
            timer: Timer::none(),
            wait: None,
        }
    }
}

/// A packed message on its way into a mailbox.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, the message was not delivered: it leaves the line,
/// counted `cancelled`, and the caller that waits for its answer is told.
#[must_use = "nothing is delivered before it is awaited"]
pub struct Deliver<A: Actor> {
    to: Handle<A>,
    /// Its message type, in the lane of its priority (S9).
    class: ClassId,
    /// When it stops waiting. Until it stands in line: when the message becomes worthless for its
    /// sender.
    deadline: Tick,
    /// When the message becomes worthless: the earlier one of ttl and deadline.
    expires: Tick,
    entry: Entry<Packed<A>, Message>,
    timer: Timer,
    /// What it waits for, inside a turn (D1).
    wait: Option<Wait>,
}

// No field is pinned: a message may move between polls.
impl<A: Actor> Unpin for Deliver<A> {}

impl<A: Actor> fmt::Debug for Deliver<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliver").field("to", self.to.name()).finish_non_exhaustive()
    }
}

impl<A: Actor> Deliver<A> {
    /// Chooses the priority of the message, within the range that its type declares: the one that
    /// its sender chose ([`Call::priority`](crate::outlet::Call::priority)). Has no effect after
    /// the first poll.
    pub fn priority(mut self, priority: Priority) -> Self {
        if let Entry::Fresh(item) = &self.entry {
            self.class = self.to.cell().mailbox.class_for(ClassId::new(item.class()), priority);
        }
        self
    }

    /// Refuses a message that was brought to the handle of an actor in another place: nothing is
    /// ever queued in a cell without an instance.
    #[cold]
    fn refuse_elsewhere(&mut self) -> Option<Handed<A>> {
        let Entry::Fresh(item) = std::mem::replace(&mut self.entry, Entry::Over) else { return None };
        let cell = self.to.cell();
        cell.mailbox.offer_refused(self.class, Reason::Closed);
        cell.note_loss();
        Some(Err(Returned::new(item.0, Reason::Closed)))
    }

    /// Offers the message, or polls its place in line.
    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<Entered<Message, Packed<A>>>> {
        let Deliver { to, class, deadline, expires, entry, timer, .. } = self;
        let (cell, class) = (to.cell(), *class);
        entry.poll(&cell.mailbox, cx, |item: Packed<A>| {
            let tag = match cell.mailbox.tag(class, &item, clock::now(), *deadline) {
                Ok(tag) => tag,
                Err(reason) => {
                    cell.mailbox.offer_lost(class, reason);
                    return Offer::Refused(item, reason, None);
                }
            };
            *expires = tag.expires;
            let offer = cell.visit(|section| section.offer(item, tag, WhenFull::Wait));
            if let Offer::InLine(_) = offer {
                // Set before the line is polled, because the `clone` of the waker may panic there.
                *deadline = end_of_wait(cell, class, *deadline);
                timer.set((*deadline).min(*expires), cell);
            }
            offer
        })
    }

    /// Polls the end of the wait in line, and registers it inside a turn (D1).
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Handed<A>> {
        let Entry::InLine(line) = &self.entry else { return Poll::Pending };
        let (cell, until) = (self.to.cell(), self.deadline.min(self.expires));
        if self.timer.poll(cell, cx) {
            return Poll::Ready(match self.expires < self.deadline {
                true => self.give_up(Reason::Expired, None),
                false => {
                    let retry_after = cell.reading().retry_after;
                    self.give_up(Reason::TimedOut, retry_after)
                }
            });
        }
        if !waits::concerns(self.wait.as_ref()) {
            return Poll::Pending;
        }
        let waiter = line.waiter();
        match waits::enter(&mut self.wait, cell, until, cx.waker(), || cycle::slot(cell, waiter)) {
            Ok(()) => Poll::Pending,
            Err(_names) => Poll::Ready(self.give_up(Reason::WouldDeadlock, None)),
        }
    }

    /// Leaves the line, unless the message was let in or refused just before.
    fn give_up(&mut self, reason: Reason, retry_after: Option<Duration>) -> Handed<A> {
        self.wait = None;
        let Some(line) = self.entry.take_line() else { unreachable!("its caller has found it in line") };
        let cell = self.to.cell();
        let left = cell.visit(|section| section.give_up(line, reason));
        cell.note_loss();
        match left {
            Ok((item, _)) => Err(Returned { mail: Some(item.0), reason, retry_after }),
            Err((Outcome::Refused(item, reason), _)) => Err(Returned::new(item.0, reason)),
            Err((Outcome::Granted(_), _)) => Ok(Admission::Waited),
        }
    }
}

impl<A: Actor> Future for Deliver<A> {
    type Output = Handed<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.to.cell().outlet.is_some()
            && let Some(refused) = this.refuse_elsewhere()
        {
            return Poll::Ready(refused);
        }
        let handed = match this.poll_entry(cx) {
            Poll::Pending => ready!(this.poll_line(cx)),
            Poll::Ready(Some(Ok((_, admission)))) => Ok(admission),
            Poll::Ready(Some(Err((item, Reason::Dropped, _)))) => {
                this.to.cell().drop_rejected(this.class, item, Reason::Dropped);
                Ok(Admission::Dropped)
            }
            Poll::Ready(Some(Err((item, reason, retry_after)))) => {
                this.to.cell().note_loss();
                Err(Returned { mail: Some(item.0), reason, retry_after })
            }
            Poll::Ready(None) => {
                panic!("a delivery to `{}` was polled after it had completed", this.to.name())
            }
        };
        this.wait = None;
        this.timer.clear(this.to.cell());
        Poll::Ready(handed)
    }
}

impl<A: Actor> Drop for Deliver<A> {
    fn drop(&mut self) {
        self.wait = None;
        let Some(line) = self.entry.take_line() else { return };
        let cell = self.to.cell();
        // The sender of an ask waits on the other side, and is told.
        match cell.visit(|section| section.give_up(line, Reason::Cancelled)) {
            Ok((item, tag)) => {
                let (class, stamp) = (tag.class, tag.stamp);
                cell.drop_lost(Lost { item, class, stamp, reason: Reason::Cancelled });
            }
            Err((Outcome::Refused(item, reason), tag)) => {
                let (class, stamp) = (tag.class, tag.stamp);
                cell.drop_refused(Lost { item, class, stamp, reason });
            }
            Err((Outcome::Granted(place), _)) => {
                cell.visit(|section| section.withdraw(place, Reason::Cancelled));
            }
        }
    }
}
