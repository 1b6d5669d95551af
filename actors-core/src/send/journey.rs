//! The part of a send that [`Tell`](super::Tell) and [`Ask`](super::Ask) share: from the first poll
//! to a slot in the mailbox.

use super::class_of;
use super::cleanup::{Cleanup, Target};
use super::offer::{Offered, Terms};
use crate::actor::cell::{Cell, Packed};
use crate::actor::handle::Handle;
use crate::actor::message::{Envelope, Message};
use crate::actor::{Actor, Handler};
use crate::clock::{self, Span, Tick};
use crate::current;
use crate::error::{About, Admission, AskError, Reason, SendError};
use crate::mailbox::{ClassId, FastPath, Place, WhenFull, Withdrawal};
use crate::policy::Priority;
use crate::reply::ReplySender;
use crate::wait::Names;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

#[derive(Debug)]
pub(super) enum Step<M> {
    Fresh(M),
    /// The message is in line, at the place that its cleanup holds.
    InLine,
    In(Place),
    /// An outlet has it, and has not decided yet; its cleanup holds the transit.
    InTransit,
    /// An outlet or a store has accepted it.
    TakenOver,
    Over,
}

/// Whether a message may go to the mailbox's store where there is no room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MayLeave {
    Yes,
    No,
}

/// A message under way. It has no `Drop` of its own, so that a message which gets in at once needs
/// no drop glue. What must be undone when the sender goes away is in the [`Cleanup`].
pub(super) struct Journey<'a, A: Handler<M>, M: Message> {
    pub(super) to: Target<'a, A>,
    pub(super) step: Step<M>,
    /// Its message type, in the lane of its priority (S9).
    class: ClassId,
    timeout: Span,
    /// When the message becomes worthless: the earlier one of ttl and deadline.
    pub(super) expires: Tick,
    /// When the sender stops waiting.
    pub(super) deadline: Tick,
    pub(super) cleanup: Option<Cleanup<'a, A>>,
    /// Whether the caller blocks its thread. It may hold a lock that the handler needs, so it must
    /// not run the turn itself.
    is_blocking: bool,
    /// It has let other tasks go first.
    has_yielded: bool,
}

/// Why a message did not get in. The message is `None` if its value was lost too.
pub(super) struct Refusal<M> {
    pub(super) message: Option<M>,
    pub(super) why: AskError,
}

/// Larger messages are packed before the mailbox is locked: two cache lines.
const SMALL: usize = 128;

/// How the message got in, or why not.
pub(super) type Arrival<M> = Result<Admission, Refusal<M>>;

impl<'a, A: Handler<M>, M: Message> Journey<'a, A, M> {
    #[inline(always)]
    pub(super) fn new(handle: &'a Handle<A>, message: M) -> Self {
        Journey::with(Target::Borrowed(handle), Step::Fresh(message), Span::NONE)
    }

    #[inline(always)]
    fn with(to: Target<'a, A>, step: Step<M>, timeout: Span) -> Self {
        let never = Tick::NEVER;
        Journey {
            to,
            step,
            class: class_of::<A, M>(),
            timeout,
            expires: never,
            deadline: never,
            cleanup: None,
            is_blocking: false,
            has_yielded: false,
        }
    }

    /// Starts the journey of a message for which there is a permit.
    pub(super) fn with_permit(handle: Handle<A>, message: M) -> Journey<'static, A, M> {
        let mut journey = Journey::with(Target::Owned(handle), Step::Fresh(message), Span::NONE);
        journey.cleanup().has_permit = true;
        journey
    }

    pub(super) fn cleanup(&mut self) -> &mut Cleanup<'a, A> {
        let (to, class) = (&self.to, self.class);
        self.cleanup.get_or_insert_with(|| Cleanup::new(to, class))
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Span::of(timeout);
    }

    /// Chooses a lane of the type's range. Has no effect after the first poll.
    pub(super) fn set_priority(&mut self, priority: Priority) {
        if self.is_plain() {
            self.class = self.to.cell().mailbox.class_for(class_of::<A, M>(), priority);
        }
    }

    /// Its message type, in the lane of its priority.
    #[inline]
    pub(super) fn class(&self) -> ClassId {
        self.class
    }

    pub(super) fn handle(&self) -> &Handle<A> {
        &self.to
    }

    /// Takes an owned handle.
    pub(super) fn owned(mut self) -> Journey<'static, A, M> {
        let mut owned = Journey::with(Target::Owned(Handle::clone(&self.to)), self.step, self.timeout);
        (owned.expires, owned.deadline, owned.is_blocking) = (self.expires, self.deadline, self.is_blocking);
        (owned.has_yielded, owned.class) = (self.has_yielded, self.class);
        if let Some(cleanup) = &mut self.cleanup {
            let new = owned.cleanup();
            (new.line, new.has_permit) = (cleanup.line.take(), std::mem::take(&mut cleanup.has_permit));
            (new.place, new.has_expired) = (cleanup.place.take(), cleanup.has_expired);
            new.transit = cleanup.transit.take();
            new.timer = cleanup.timer.take();
        }
        owned
    }

    /// Requires a message that was not polled yet: a message under way cannot become another kind.
    ///
    /// # Panics
    ///
    /// After the first poll.
    #[track_caller]
    pub(super) fn fresh(self) -> Journey<'a, A, M> {
        assert!(
            matches!(self.step, Step::Fresh(_)),
            "the send of `{}` to `{}` was polled already, and cannot become an ask, or an ask a tell",
            M::NAME,
            self.to.name()
        );
        self
    }

    /// Whether it was not polled yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.step, Step::Fresh(_))
    }

    /// Bounds a wait in line. Has no effect on a message that is in.
    pub(super) fn wait_until(&mut self, end: Tick) {
        self.deadline = end;
    }

    /// Begins again with a message that was refused.
    pub(super) fn renew(&mut self, message: M) {
        self.step = Step::Fresh(message);
        (self.expires, self.deadline) = (Tick::NEVER, Tick::NEVER);
        (self.cleanup, self.has_yielded) = (None, false);
    }

    /// Panics, because a completed future was polled.
    #[cold]
    fn polled_again(&self) -> ! {
        panic!("the send of `{}` to `{}` was polled after it had completed", M::NAME, self.to.name())
    }

    /// Returns whether it has a place in the mailbox.
    pub(super) fn is_in(&self) -> bool {
        matches!(self.step, Step::In(_) | Step::TakenOver)
    }

    /// Returns its place in the mailbox, if it has one.
    pub(super) fn place(&self) -> Option<Place> {
        match self.step {
            Step::In(place) => Some(place),
            _ => None,
        }
    }

    pub(super) fn has_timer(&self) -> bool {
        self.cleanup.as_ref().is_some_and(|cleanup| cleanup.timer.is_set())
    }

    /// Drives the message to the mailbox. For asks, `asker` makes the side that gets the answer.
    pub(super) fn poll_in(
        &mut self,
        cx: &mut Context<'_>,
        asker: impl FnOnce() -> Option<ReplySender<M::Reply>>,
    ) -> Poll<Arrival<M>> {
        self.poll_arrival(cx, asker, MayLeave::Yes)
    }

    /// Like [`poll_in`](Journey::poll_in), for a message that must be in the mailbox itself.
    pub(super) fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Arrival<M>> {
        self.poll_arrival(cx, || None, MayLeave::No)
    }

    fn poll_arrival(
        &mut self,
        cx: &mut Context<'_>,
        asker: impl FnOnce() -> Option<ReplySender<M::Reply>>,
        may_leave: MayLeave,
    ) -> Poll<Arrival<M>> {
        let arrival = match self.step {
            Step::Fresh(_) => match self.offer(WhenFull::Wait, asker(), may_leave) {
                None if matches!(self.step, Step::InTransit) => return self.poll_transit(cx),
                // A fresh waiter leaves its waker now that no lock is held.
                None => self.poll_line(cx),
                arrival => arrival,
            },
            Step::InLine => self.poll_line(cx),
            Step::InTransit => return self.poll_transit(cx),
            Step::In(_) | Step::TakenOver | Step::Over => self.polled_again(),
        };
        match arrival {
            Some(arrival) => Poll::Ready(arrival),
            // A fresh waiter's timer must be polled once to be armed.
            None => self.poll_line_timer(cx),
        }
    }

    /// Returns why and until when it is refused at its first poll, without a lock: by the gate
    /// (P3), or because it is known that there is no room. Never if it has a permit.
    #[inline(always)]
    pub(super) fn is_refused(&self, when_full: WhenFull) -> Option<(Reason, Span)> {
        let cell = self.to.cell();
        if (cell.gate.is_open() && !cell.mailbox.has_had_notices()) || !self.is_plain() {
            return None;
        }
        self.why_refused(when_full)
    }

    /// Like [`is_refused`](Journey::is_refused), for an ask: also where it is known that it could
    /// not be answered in time (T4).
    #[inline(always)]
    pub(super) fn is_ask_refused(&mut self) -> Option<(Reason, Span)> {
        if let Some(refused) = self.is_refused(WhenFull::Wait) {
            return Some(refused);
        }
        if !self.to.cell().mailbox.has_doom_notice(self.class) || !self.is_plain() {
            return None;
        }
        self.set_deadline(true);
        let wait = self.to.cell().mailbox.refuse_doomed_at_once(self.class, self.deadline)?;
        Some((Reason::Doomed, wait))
    }

    #[inline(never)]
    fn why_refused(&self, when_full: WhenFull) -> Option<(Reason, Span)> {
        let (cell, class) = (self.to.cell(), self.class);
        match cell.gate.refuses(class) {
            Some(retry_after) => Some((Reason::Shed, Span::of(retry_after))),
            None => Some((Reason::Full, cell.mailbox.refuse_at_once(class, when_full)?)),
        }
    }

    /// Whether nothing has happened to it yet, and it has no permit.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.step, Step::Fresh(_)) && self.cleanup.is_none()
    }

    /// Notes that the caller blocks its thread.
    pub(super) fn block(&mut self) {
        self.is_blocking = true;
    }

    /// Notes that it lets other tasks go first. Returns whether it did before.
    pub(super) fn note_yield(&mut self) -> bool {
        std::mem::replace(&mut self.has_yielded, true)
    }

    pub(super) fn is_blocking(&self) -> bool {
        self.is_blocking
    }

    pub(super) fn own_timeout(&self) -> Span {
        self.timeout
    }

    /// Makes an error about this message and its actor.
    pub(super) fn why(&self, reason: Reason) -> AskError {
        self.to.cell().note_loss();
        AskError::new(&self.to.cell().life, About::class(A::CLASS), reason)
    }

    /// Makes an error that says that waiting would close this cycle.
    #[cold]
    pub(super) fn in_cycle(&self, names: Names) -> AskError {
        self.to.cell().note_loss();
        AskError::in_cycle(&self.to.cell().life, About::class(A::CLASS), names)
    }

    /// The cell that it goes to, and its step.
    #[inline]
    pub(super) fn parts(&mut self) -> (&Arc<Cell<A>>, &mut Step<M>) {
        (self.to.cell(), &mut self.step)
    }

    /// Runs the fast path, for a fresh tell without a deadline: most messages. The result fits into
    /// registers.
    #[inline(always)]
    pub(super) fn try_fast_path(&mut self, when_full: WhenFull) -> FastPath<()> {
        if !self.is_plain() || !self.timeout.is_none() {
            return FastPath::LongWay;
        }
        // A large message is moved or boxed before the lock is taken, which the slow path does, and
        // so is the sender's span.
        if size_of::<M>() > SMALL || self.to.cell().has_turn_spans() {
            return FastPath::LongWay;
        }
        let Journey { to, step, class, .. } = self;
        let cell = to.cell();
        let mut slot = match cell.mailbox.try_fast_path(*class, when_full) {
            FastPath::Slot(slot) => slot,
            FastPath::Refused(reason, retry_after) => return FastPath::Refused(reason, retry_after),
            FastPath::LongWay => return FastPath::LongWay,
        };
        // The message is moved once, from here to its slot.
        let wake = slot.fill(|| match std::mem::replace(step, Step::Over) {
            Step::Fresh(message) => Packed(A::pack(Envelope::new(message, None))),
            _ => unreachable!("`is_plain` has found it fresh"),
        });
        drop(slot);
        cell.wake(wake);
        FastPath::Slot(())
    }

    /// Returns the error of a message that was refused before it was offered. Not inlined, and as
    /// the result of a send: so it is written where it is returned. A copy of what was just written
    /// in parts would stall until the parts are stored.
    #[inline(never)]
    pub(super) fn send_refused(
        &mut self,
        (reason, retry_after): (Reason, Span),
    ) -> Result<Admission, SendError<M>> {
        let Step::Fresh(message) = std::mem::replace(&mut self.step, Step::Over) else { self.polled_again() };
        Err(SendError::new(message, self.why(reason).retry_in(retry_after)))
    }

    /// Returns the message: it was refused before it was offered.
    #[cold]
    pub(super) fn refused(&mut self, reason: Reason, retry_after: Span) -> Arrival<M> {
        let why = self.why(reason).retry_in(retry_after);
        let message = match std::mem::replace(&mut self.step, Step::Over) {
            Step::Fresh(message) => Some(message),
            _ => None,
        };
        Err(Refusal { message, why })
    }

    /// Offers the message on the slow path, without ever waiting.
    #[inline(never)]
    pub(super) fn try_in(&mut self) -> Arrival<M> {
        match self.offer(WhenFull::Refuse, None, MayLeave::Yes) {
            Some(arrival) => arrival,
            None => unreachable!("`WhenFull::Refuse` never joins the line"),
        }
    }

    /// Offers the message to the mailbox for the first time, for all sends. `None`: it is in line.
    fn offer(
        &mut self,
        when_full: WhenFull,
        asker: Option<ReplySender<M::Reply>>,
        may_leave: MayLeave,
    ) -> Option<Arrival<M>> {
        let Step::Fresh(message) = std::mem::replace(&mut self.step, Step::Over) else { self.polled_again() };
        let is_ask = asker.is_some();
        let item = match self.to.cell().has_turn_spans() {
            false => Packed(A::pack(Envelope::new(message, asker))),
            true => self.pack_traced(message, asker),
        };
        let stamp = self.set_deadline(is_ask);
        let cell = self.to.cell();
        if cell.outlet.is_some() {
            return self.offer_elsewhere(item, when_full, is_ask);
        }
        let has_permit = self.cleanup.as_mut().is_some_and(|cleanup| std::mem::take(&mut cleanup.has_permit));
        let terms = Terms {
            class: self.class,
            stamp,
            worth_until: if is_ask || !self.timeout.is_none() { self.deadline } else { Tick::NEVER },
            when_full,
            is_ask,
            is_plain: self.cleanup.is_none(),
            has_permit,
            // An asker's message can be withdrawn, so it must have a place.
            may_be_stored: may_leave == MayLeave::Yes && !is_ask,
        };
        let (expires, offered) = cell.offer(item, terms);
        self.expires = expires;
        let (reason, retry_after, item) = match offered {
            Offered::In(place, admission) => {
                self.step = Step::In(place);
                return Some(Ok(admission));
            }
            Offered::InLine(line) => {
                self.step = Step::InLine;
                self.cleanup().line = Some(line);
                let end = self.line_end();
                self.set_timer(end);
                return None;
            }
            Offered::Stored => {
                self.cleanup = None;
                self.step = Step::TakenOver;
                return Some(Ok(Admission::Spilled));
            }
            Offered::Unfit(reason, item) => {
                if let Some(mut cleanup) = self.cleanup.take() {
                    cleanup.has_permit = has_permit;
                }
                (reason, Span::NONE, Some(item))
            }
            Offered::Refused { reason, retry_after, item } => (reason, retry_after, item),
        };
        let why = self.why(reason).retry_in(retry_after);
        Some(Err(Refusal { message: item.and_then(message_of::<A, M>), why }))
    }

    /// Packs a message together with the span of this thread (L7).
    #[cold]
    #[inline(never)]
    fn pack_traced(&self, message: M, asker: Option<ReplySender<M::Reply>>) -> Packed<A> {
        Packed(A::pack(match self.to.cell().origin() {
            None => Envelope::new(message, asker),
            Some(origin) => Envelope::traced(message, asker, origin),
        }))
    }

    /// Computes until when the sender waits. Returns the instant if the clock had to be read (T2).
    pub(super) fn set_deadline(&mut self, is_ask: bool) -> Tick {
        if !is_ask && self.timeout.is_none() {
            // Outside of turns a tell waits without a limit; inside one the limit is set when it
            // must wait.
            return Tick::ZERO;
        }
        let inherited = current::get().map_or(Tick::NEVER, |turn| turn.until());
        let now = clock::now();
        self.deadline = match self.timeout.get() {
            Some(own) => now.after(own).min(inherited),
            None if inherited != Tick::NEVER => inherited,
            None => now.after(self.to.cell().mailbox.timeout(self.class)),
        };
        now
    }

    // --- after admission, for asks
    // -----------------------------------------------------------------

    /// Arms the timer of an ask that is in the mailbox. From now on the message is withdrawn when
    /// the sender goes away.
    pub(super) fn await_answer(&mut self) {
        if let Step::In(place) = self.step {
            self.cleanup().place = Some(place);
        }
        let end = self.expires.min(self.deadline);
        self.set_timer(end);
    }

    pub(super) fn set_timer(&mut self, end: Tick) {
        if end == Tick::NEVER && self.cleanup.is_none() {
            return;
        }
        let cleanup = self.cleanup();
        cleanup.timer.set(end, &cleanup.cell);
    }

    /// Polls for the end of the ask's time, and returns the reason.
    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        let is_fresh = self.cleanup.as_mut().is_some_and(|cleanup| cleanup.timer.arm(&cleanup.cell, cx));
        while !is_fresh && self.cleanup.as_mut().is_some_and(|cleanup| cleanup.timer.poll(&cleanup.cell, cx))
        {
            let has_expired = self.cleanup.as_ref().is_some_and(|cleanup| cleanup.has_expired);
            let is_ttl = self.expires < self.deadline && !has_expired;
            match self.withdraw(Reason::Expired) {
                Withdrawal::Out(()) if is_ttl => return Poll::Ready(Reason::Expired),
                _ if !is_ttl => return Poll::Ready(Reason::TimedOut),
                // Either the consumer drops the message and reports it, or its turn has just begun
                // and answers.
                Withdrawal::Claimed => self.cleanup().has_expired = true,
                // The ttl no longer matters; the deadline does.
                Withdrawal::Begun | Withdrawal::Out(()) => self.expires = self.deadline,
            }
            self.set_timer(self.deadline);
        }
        if self.cleanup.as_ref().is_some_and(|cleanup| cleanup.timer.is_lost(&cleanup.cell)) {
            // The actor has ended with its runtime. An answer that was taken along may still come,
            // but nothing would end the wait for it. Looked for once the wait is known, because its
            // end wakes all waits that are.
            return Poll::Ready(Reason::Closed);
        }
        Poll::Pending
    }

    /// Removes the message from the queue, if its turn has not begun.
    pub(super) fn withdraw(&mut self, reason: Reason) -> Withdrawal<()> {
        let Step::In(place) = self.step else { return Withdrawal::Begun };
        let cell = self.to.cell();
        let withdrawn = cell.visit(|section| section.withdraw(place, reason));
        if let Withdrawal::Out(()) = withdrawn {
            self.step = Step::Over;
            if let Some(cleanup) = &mut self.cleanup {
                cleanup.place = None;
            }
        }
        withdrawn
    }

    /// Makes the error for the asker of a message that was lost after it was accepted.
    pub(super) fn why_lost(&self, reason: Reason) -> AskError {
        match reason {
            // The message is past its deadline, whichever side noticed first: for the asker that is
            // a time-out.
            Reason::Expired | Reason::TimedOut if self.deadline <= self.expires => {
                self.why(Reason::TimedOut).retry(self.to.reading().retry_after)
            }
            Reason::Shed => self.why(reason).retry(self.to.reading().retry_after),
            reason => self.why(reason),
        }
    }

    /// Ends the journey: nothing is left to undo.
    pub(super) fn finish(&mut self) {
        self.step = Step::Over;
        if let Some(mut cleanup) = self.cleanup.take() {
            cleanup.place = None;
        }
    }
}

pub(super) fn message_of<A: Handler<M>, M: Message>(item: Packed<A>) -> Option<M> {
    A::unpack(item.0).map(Envelope::into_message)
}

/// Returns a permit.
pub(super) fn give_back<A: Actor>(handle: &Handle<A>, class: ClassId) {
    let cell = handle.cell();
    cell.visit(|section| section.give_back(class));
}
