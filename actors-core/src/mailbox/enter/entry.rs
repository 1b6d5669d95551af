//! An entry on its way into the mailbox: fresh, in line, decided. Tells, asks, reservations and the
//! channel share it.
//!
//! ```text
//!   Fresh ── offer ──► granted or refused
//!     └── no room, may wait ──► InLine ── poll ──► granted or refused
//!                                 └── give up ──► what it wanted is back, unless it was decided just before
//! ```

use crate::error::{Admission, Reason};
use crate::mailbox::enter::outcome::{Offer, Want};
use crate::mailbox::ids::WaiterId;
use crate::mailbox::item::Item;
use crate::mailbox::section::{Locked, Mailbox, Section};
use crate::mailbox::store::slots::Tag;
use crate::mailbox::store::waiters::Outcome;
use crate::wakers::{cloned, discard};
use std::marker::PhantomData;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// A place in line, from joining until the outcome is collected or the sender has given up.
#[derive(Debug)]
#[must_use = "a waiter is forgotten only when it is polled to its end or gives up"]
pub(crate) struct InLine<W> {
    waiter: WaiterId,
    /// The sender has left a waker. The first one is left when the lock is free again after
    /// joining: its `clone` is foreign code.
    has_waker: bool,
    _want: PhantomData<fn() -> W>,
}

impl<W: Want> InLine<W> {
    pub(in crate::mailbox) fn new(waiter: WaiterId) -> Self {
        InLine { waiter, has_waker: false, _want: PhantomData }
    }

    pub(crate) fn waiter(&self) -> WaiterId {
        self.waiter
    }

    /// Polls for the outcome. Once ready, the waiter is forgotten, and this must not be used again.
    ///
    /// A panic of the waker's `clone` goes to the caller before anything has changed; the message
    /// stays in line until the sender gives up.
    pub(crate) fn poll<T: Item, S>(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<W::Granted, W::Back<T>>> {
        if self.has_waker {
            let inner = mailbox.lock();
            let lines = &inner.core.lines;
            if !lines.is_waiting(self.waiter) {
                return Poll::Ready(self.collect(inner, None));
            }
            if lines.has_waker(self.waiter, cx.waker()) {
                return Poll::Pending;
            }
        }
        let waker = cloned(cx.waker());
        let mut inner = mailbox.lock();
        let lines = &mut inner.core.lines;
        if !lines.is_waiting(self.waiter) {
            return Poll::Ready(self.collect(inner, Some(waker)));
        }
        let old = lines.leave_waker(self.waiter, waker);
        self.has_waker = true;
        drop(inner);
        discard(old);
        Poll::Pending
    }

    /// Collects the outcome and forgets the waiter. Wakers are dropped after the lock; a panic in
    /// that must not lose the outcome, which is nowhere else any more.
    fn collect<T: Item, S>(
        &self,
        mut inner: Locked<'_, T, S>,
        unused: Option<Waker>,
    ) -> Outcome<W::Granted, W::Back<T>> {
        let (note, last) = inner.core.lines.forget(self.waiter);
        let memory = inner.core.lines.shrink();
        drop(inner);
        drop(memory);
        discard(last);
        discard(unused);
        match note {
            Some((note, _)) => W::outcome(note),
            None => unreachable!("a waiter that is in line no longer has a note until it is collected here"),
        }
    }
}

/// What an entry wanted, if it has given up; its outcome, if that was decided just before. Both
/// with its tag.
pub(crate) type GivenUp<W, T> =
    Result<(<W as Want>::Back<T>, Tag), (Outcome<<W as Want>::Granted, <W as Want>::Back<T>>, Tag)>;

impl<T: Item, S> Section<'_, T, S> {
    /// Gives up in line, for this reason. Returns what it wanted, or its outcome where it was
    /// decided just before: then the sender does not know of it yet.
    pub(crate) fn give_up<W: Want>(&mut self, line: InLine<W>, reason: Reason) -> GivenUp<W, T> {
        let left = self.leave_line(line.waiter, reason);
        self.wake_if_filled();
        let (note, last) = self.lines.forget(line.waiter);
        self.effects.will_drop(last);
        if let Some(memory) = self.lines.shrink() {
            self.effects.will_free(Box::new(memory));
        }
        match (left, note) {
            (Some((wanted, tag)), _) => Ok((W::back(wanted), tag)),
            (None, Some((note, tag))) => Err((W::outcome(note), tag)),
            (None, None) => {
                unreachable!("a waiter that is in line no longer has a note until it is collected")
            }
        }
    }
}

/// An entry under way, of which `F` is what the sender brings.
#[derive(Debug)]
pub(crate) enum Entry<F, W: Want> {
    Fresh(F),
    InLine(InLine<W>),
    /// Granted, refused, or given up.
    Over,
}

/// What was granted and how, or what came back and why.
pub(crate) type Entered<W, T> =
    Result<(<W as Want>::Granted, Admission), (<W as Want>::Back<T>, Reason, Option<Duration>)>;

impl<F, W: Want> Entry<F, W> {
    /// Drives the entry. The first poll offers it; later ones look at the line. `None` where it is
    /// over already.
    pub(crate) fn poll<T: Item, S>(
        &mut self,
        mailbox: &Mailbox<T, S>,
        cx: &mut Context<'_>,
        offer: impl FnOnce(F) -> Offer<W, T>,
    ) -> Poll<Option<Entered<W, T>>> {
        if let Entry::Fresh(_) = self
            && let Entry::Fresh(fresh) = std::mem::replace(self, Entry::Over)
        {
            match offer(fresh) {
                Offer::Granted(granted, admission) => return Poll::Ready(Some(Ok((granted, admission)))),
                Offer::Refused(back, reason, retry_after) => {
                    return Poll::Ready(Some(Err((back, reason, retry_after))));
                }
                Offer::InLine(line) => *self = Entry::InLine(line),
            }
        }
        let Entry::InLine(line) = self else { return Poll::Ready(None) };
        let outcome = ready!(line.poll(mailbox, cx));
        *self = Entry::Over;
        Poll::Ready(Some(match outcome {
            Outcome::Granted(granted) => Ok((granted, Admission::Waited)),
            Outcome::Refused(back, reason) => Err((back, reason, None)),
        }))
    }

    /// Takes the place in line out, to give it up.
    pub(crate) fn take_line(&mut self) -> Option<InLine<W>> {
        match std::mem::replace(self, Entry::Over) {
            Entry::InLine(line) => Some(line),
            other => {
                *self = other;
                None
            }
        }
    }
}
