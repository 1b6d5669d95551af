//! From the first poll to a slot in the mailbox: what [`Tell`](super::Tell) and [`Ask`](super::Ask) share.

use super::timer::{Timer, end_of_wait};
use crate::actor::cell::{Cell, Post};
use crate::actor::handle::Handle;
use crate::actor::message::{Message, Parcel};
use crate::actor::{Actor, Handler, Mail};
use crate::clock::{self, Tick};
use crate::error::{Admission, AskError, Reason};
use crate::mailbox::{Effects, Entrance, Left, Place, Plainly, Standby, Verdict};
use crate::reply::Teller;
use crate::turn::current;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

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

#[derive(Debug)]
pub(super) enum Step<M> {
    Fresh(M),
    InLine(u32),
    In(Place),
    /// It was handled, and its task is to yield before it hears of it.
    Paused,
    Over,
}

/// A message under way.
pub(super) struct Journey<'a, A: Handler<M>, M: Message> {
    to: To<'a, A>,
    step: Step<M>,
    timeout: Option<Duration>,
    /// When the message is worthless: the earlier one of ttl and deadline.
    expires: Tick,
    /// When its sender stops waiting.
    deadline: Tick,
    /// Set only while something is waited for that has an end.
    timer: Timer,
    /// A slot was promised to it.
    has_permit: bool,
    /// Its caller waits in a plain call, and may hold a lock that the handler wants: it does not run the turn itself.
    is_blocking: bool,
}

/// A message that did not get in; `None` where it was lost with its value.
pub(super) struct Refusal<M> {
    pub(super) message: Option<M>,
    pub(super) why: AskError,
}

/// What became of the message on its way in.
pub(super) type Arrival<M> = Result<Admission, Refusal<M>>;

impl<'a, A: Handler<M>, M: Message> Journey<'a, A, M> {
    #[inline(always)]
    pub(super) fn new(handle: &'a Handle<A>, message: M) -> Self {
        Journey::with(To::Ref(handle), Step::Fresh(message), None)
    }

    #[inline(always)]
    fn with(to: To<'a, A>, step: Step<M>, timeout: Option<Duration>) -> Self {
        let (never, timer) = (Tick::NEVER, Timer::none());
        Journey {
            to,
            step,
            timeout,
            expires: never,
            deadline: never,
            timer,
            has_permit: false,
            is_blocking: false,
        }
    }

    /// A message for which there is a slot already.
    pub(super) fn with_permit(handle: Handle<A>, message: M) -> Journey<'static, A, M> {
        let mut journey = Journey::with(To::Own(handle), Step::Fresh(message), None);
        journey.has_permit = true;
        journey
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(super) fn handle(&self) -> &Handle<A> {
        &self.to
    }

    /// The same, with a handle of its own; what stays behind is over.
    pub(super) fn owned(&mut self) -> Journey<'static, A, M> {
        let to = To::Own(Handle::clone(&self.to));
        self.moved(to)
    }

    /// The same; what stays behind is over. Only before the first poll: a message under way cannot become another kind.
    ///
    /// # Panics
    /// After the first poll.
    #[track_caller]
    pub(super) fn take(&mut self) -> Journey<'a, A, M> {
        assert!(
            matches!(self.step, Step::Fresh(_)),
            "a send that was polled already cannot become an ask, or an ask a tell"
        );
        let to = match &self.to {
            To::Ref(handle) => To::Ref(handle),
            To::Own(handle) => To::Own(handle.clone()),
        };
        self.moved(to)
    }

    fn moved<'b>(&mut self, to: To<'b, A>) -> Journey<'b, A, M> {
        let mut moved = Journey::with(to, std::mem::replace(&mut self.step, Step::Over), self.timeout);
        (moved.expires, moved.deadline) = (self.expires, self.deadline);
        moved.timer = self.timer.take();
        moved.has_permit = std::mem::take(&mut self.has_permit);
        moved.is_blocking = self.is_blocking;
        moved
    }

    /// Whether it has a place in the mailbox.
    pub(super) fn is_in(&self) -> bool {
        matches!(self.step, Step::In(_))
    }

    pub(super) fn has_timer(&self) -> bool {
        self.timer.is_set()
    }

    /// Goes on towards the mailbox. `asker` makes the side that will be told, for asks.
    pub(super) fn poll_in(
        &mut self,
        cx: &mut Context<'_>,
        asker: impl FnOnce() -> Option<Teller<M::Reply>>,
    ) -> Poll<Arrival<M>> {
        let arrival = match self.step {
            Step::Fresh(_) => self.offer(Entrance::Wait(cx.waker()), asker()),
            Step::InLine(waiter) => self.poll_line(waiter, cx),
            Step::In(_) | Step::Paused | Step::Over => panic!("a send was polled after it had completed"),
        };
        match arrival {
            Some(arrival) => Poll::Ready(arrival),
            // A fresh waiter's timer must be polled once to be armed.
            None => self.poll_line_timer(cx),
        }
    }

    /// Whether nothing has happened to it yet, and no slot is promised to it.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.step, Step::Fresh(_)) && !self.has_permit
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.step, Step::Paused)
    }

    /// Its caller blocks its thread.
    pub(super) fn block(&mut self) {
        self.is_blocking = true;
    }

    pub(super) fn is_blocking(&self) -> bool {
        self.is_blocking
    }

    pub(super) fn own_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The cell it goes to, and how far it is.
    #[inline]
    pub(super) fn parts(&mut self) -> (&Arc<Cell<A>>, &mut Step<M>) {
        (self.to.cell(), &mut self.step)
    }

    /// The short way in, for a fresh tell without a deadline: most messages. `None` when something is to be minded; then
    /// nothing has happened.
    #[inline(always)]
    pub(super) fn enter_plainly(&mut self, is_try: bool) -> Option<Arrival<M>> {
        if !self.is_plain() || self.timeout.is_some() {
            return None;
        }
        let cell = self.to.cell();
        let mut entry = match cell.mailbox.enter_plainly(A::CLASS, is_try) {
            Plainly::In(entry) => entry,
            Plainly::Refused(retry_after) => return Some(refused_plainly(&mut self.step, retry_after)),
            Plainly::No => return None,
        };
        let Step::Fresh(message) = std::mem::replace(&mut self.step, Step::Over) else { return None };
        let rouse = entry.fill(Post(A::pack(Parcel::new(message, None))));
        drop(entry);
        cell.rouse(rouse);
        Some(Ok(Admission::Queued))
    }

    /// Offers the message without ever waiting, the long way.
    #[inline(never)]
    pub(super) fn try_in(&mut self) -> Arrival<M> {
        match self.offer(Entrance::Try, None) {
            Some(arrival) => arrival,
            None => unreachable!("who does not wait is not put in line"),
        }
    }

    /// The one place where a message meets the mailbox for the first time. `None`: it is in line.
    fn offer(&mut self, entrance: Entrance<'_>, asker: Option<Teller<M::Reply>>) -> Option<Arrival<M>> {
        let Step::Fresh(message) = std::mem::replace(&mut self.step, Step::Over) else {
            panic!("a send was polled after it had completed")
        };
        let is_ask = asker.is_some();
        let item = Post::<A>(A::pack(Parcel::new(message, asker)));
        let stamp = self.set_deadline(is_ask);
        let cell = self.to.cell();
        let worth_until = if is_ask || self.timeout.is_some() { self.deadline } else { Tick::NEVER };
        let tag = match cell.mailbox.tag(&item, stamp, worth_until) {
            Ok(tag) => tag,
            Err(reason) => {
                cell.mailbox.offer_lost(A::CLASS, reason);
                self.give_back();
                return Some(Err(Refusal { message: message_of::<A, M>(item), why: AskError::new(reason) }));
            }
        };
        self.expires = tag.expires;
        let mut item = Some(item);
        let mut fx = Effects::new();
        let verdict = match std::mem::take(&mut self.has_permit) {
            true => cell.mailbox.redeem(&mut item, tag, &mut fx),
            false => cell.mailbox.offer(&mut item, tag, entrance, &mut fx),
        };
        cell.apply(&mut fx);
        let back = |item: Option<Post<A>>| item.and_then(message_of::<A, M>);
        match verdict {
            Verdict::In(place, admission) => {
                self.step = Step::In(place);
                Some(Ok(admission))
            }
            Verdict::InLine(waiter) => {
                self.step = Step::InLine(waiter);
                let end = self.line_end();
                self.timer.set(end, self.to.cell());
                None
            }
            Verdict::Refused(reason, retry_after) => {
                Some(Err(Refusal { message: back(item), why: AskError::with_retry(reason, retry_after) }))
            }
            Verdict::Lost(Reason::Dropped) => {
                if let Some(item) = item {
                    cell.bury_newcomer(item, Reason::Dropped);
                }
                Some(Err(Refusal { message: None, why: AskError::new(Reason::Dropped) }))
            }
            Verdict::Lost(reason) => Some(Err(Refusal { message: back(item), why: AskError::new(reason) })),
        }
    }

    /// Works out until when the sender waits, and returns the instant if it had to look at the clock (T2).
    fn set_deadline(&mut self, is_ask: bool) -> Tick {
        if !is_ask && self.timeout.is_none() {
            // A tell waits as long as it takes, except inside a turn; that is settled when it must wait.
            return Tick::ZERO;
        }
        let inherited = current::get().map_or(Tick::NEVER, |turn| turn.until());
        let now = clock::now();
        self.deadline = match self.timeout {
            Some(own) => now.after(own).min(inherited),
            None if inherited != Tick::NEVER => inherited,
            None => now.after(self.to.cell().mailbox.timeout(A::CLASS)),
        };
        now
    }

    /// When waiting in line ends, if it does: at ttl, at the deadline, inside a turn at that turn's deadline or, where it
    /// has none, after the default.
    fn line_end(&mut self) -> Tick {
        if self.deadline == Tick::NEVER {
            self.deadline = end_of_wait(self.to.cell(), A::CLASS);
        }
        self.deadline.min(self.expires)
    }

    fn poll_line(&mut self, waiter: u32, cx: &mut Context<'_>) -> Option<Arrival<M>> {
        match self.to.cell().mailbox.look(waiter, cx.waker()) {
            Standby::Waiting => None,
            Standby::In(place) => {
                self.timer.clear(self.to.cell());
                self.step = Step::In(place);
                Some(Ok(Admission::Waited))
            }
            Standby::Out(item, reason) => {
                self.step = Step::Over;
                let message = item.and_then(message_of::<A, M>);
                Some(Err(Refusal { message, why: AskError::new(reason) }))
            }
            Standby::Promised => unreachable!("a message in line is not given a permit"),
        }
    }

    fn poll_line_timer(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        let Step::InLine(waiter) = self.step else {
            return Poll::Pending;
        };
        if !self.timer.poll(cx) {
            return Poll::Pending;
        }
        self.timer.clear(self.to.cell());
        let cell = self.to.cell();
        let (reason, retry_after) = match self.expires < self.deadline {
            true => (Reason::Expired, None),
            false => (Reason::TimedOut, Some(cell.reading().retry_after)),
        };
        let mut fx = Effects::new();
        let left = cell.mailbox.leave(waiter, reason, &mut fx);
        cell.apply(&mut fx);
        let (item, reason) = match left {
            Left::Back(item, _) => (item, reason),
            Left::Out(item, reason) => (item, reason),
            Left::Promised => unreachable!("a message in line is not given a permit"),
            Left::In(place) => {
                self.step = Step::In(place);
                return Poll::Ready(Ok(Admission::Waited));
            }
        };
        self.step = Step::Over;
        let message = item.and_then(message_of::<A, M>);
        Poll::Ready(Err(Refusal { message, why: AskError::with_retry(reason, retry_after) }))
    }

    // --- after admission, for asks ----------------------------------------------------------------------------------

    /// Arms the timer of an ask that is in.
    pub(super) fn await_answer(&mut self) {
        let end = self.expires.min(self.deadline);
        self.timer.set(end, self.to.cell());
    }

    /// Whether the ask has run out of time, and how.
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        while self.timer.poll(cx) {
            let reason = if self.expires < self.deadline { Reason::Expired } else { Reason::TimedOut };
            if self.withdraw(Reason::Expired) {
                return Poll::Ready(reason);
            }
            // Its turn has begun; a ttl no longer matters, the deadline does.
            if reason == Reason::TimedOut {
                return Poll::Ready(reason);
            }
            self.expires = self.deadline;
            self.timer.set(self.deadline, self.to.cell());
        }
        Poll::Pending
    }

    /// Takes the message out of the queue; `false` when its turn has begun.
    pub(super) fn withdraw(&mut self, reason: Reason) -> bool {
        let Step::In(place) = std::mem::replace(&mut self.step, Step::Over) else {
            return false;
        };
        let cell = self.to.cell();
        let mut fx = Effects::new();
        let is_out = cell.mailbox.withdraw(place, reason, &mut fx);
        cell.apply(&mut fx);
        if !is_out {
            self.step = Step::In(place);
        }
        is_out
    }

    /// What an asker is told of a message that was lost after it was accepted.
    pub(super) fn why_lost(&self, reason: Reason) -> AskError {
        match reason {
            // Past its deadline, whoever found it first: for its asker that is a time-out.
            Reason::Expired | Reason::TimedOut if self.deadline <= self.expires => {
                AskError::with_retry(Reason::TimedOut, Some(self.to.reading().retry_after))
            }
            reason => AskError::new(reason),
        }
    }

    /// Nothing more is wanted of it.
    pub(super) fn finish(&mut self) {
        self.step = Step::Over;
        self.timer.clear(self.to.cell());
    }
}

impl<A: Handler<M>, M: Message> Drop for Journey<'_, A, M> {
    #[inline]
    fn drop(&mut self) {
        if let Step::InLine(_) = self.step {
            self.leave_line();
        }
        if self.has_permit {
            self.give_back();
        }
        if self.timer.is_set() {
            self.timer.clear(self.to.cell());
        }
    }
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// A permit that was not used is somebody else's.
    fn give_back(&mut self) {
        if std::mem::take(&mut self.has_permit) {
            give_back(&self.to, A::CLASS);
        }
    }

    /// The sender goes away while it waits in line (T3).
    pub(super) fn leave_line(&mut self) {
        let Step::InLine(waiter) = self.step else { return };
        self.step = Step::Over;
        let cell = self.to.cell();
        let mut fx = Effects::new();
        let left = cell.mailbox.leave(waiter, Reason::Cancelled, &mut fx);
        cell.apply(&mut fx);
        match left {
            Left::Back(item, tag) => {
                let text = || item.as_ref().and_then(|item| item.0.parcel().describe());
                cell.mourn(A::CLASS, tag.stamp, Reason::Cancelled, text);
            }
            // Told just before; what it was told is nobody's business any more.
            Left::Out(..) | Left::Promised => {}
            // Let in just before: a tell is sent. An ask must see to its message itself.
            Left::In(place) => self.step = Step::In(place),
        }
    }
}

fn refused_plainly<M>(step: &mut Step<M>, retry_after: Duration) -> Arrival<M> {
    let why = AskError::with_retry(Reason::Full, Some(retry_after));
    let message = match std::mem::replace(step, Step::Over) {
        Step::Fresh(message) => Some(message),
        _ => None,
    };
    Err(Refusal { message, why })
}

fn message_of<A: Handler<M>, M: Message>(item: Post<A>) -> Option<M> {
    A::unpack(item.0).map(Parcel::into_message)
}

/// Gives a permit back.
pub(super) fn give_back<A: Actor>(handle: &Handle<A>, class: usize) {
    let cell = handle.cell();
    let mut fx = Effects::new();
    cell.mailbox.give_back(class, &mut fx);
    cell.apply(&mut fx);
}
