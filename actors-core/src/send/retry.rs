//! A send that is tried again when it is refused.
//!
//! ```text
//!   attempt ──► refused, and a retry helps? ──► within the deadline and the budget? ──► wait `retry_after` ──► attempt
//!      │                 no                                    no
//!      ▼                 ▼                                     ▼
//!   outcome       the refusal, as without retries
//! ```
//!
//! A retry helps where the refusal said when to try again, and gave the message back: where the
//! mailbox was full, load was shed, or the rate was spent. A doomed ask is not tried again: while
//! it waits its own time runs out as fast as the backlog shrinks.
//!
//! **Invariants.** The deadline of the send covers all attempts and the waits between them. All
//! handles of an actor share one budget (P10): retries are a bounded part of its sends, so they
//! never turn a pulse of load into a lasting one.

use super::ask::{Answered, Ask};
use super::class_of;
use super::journey::Journey;
use super::tell::Tell;
use super::timer::Timer;
use crate::actor::Handler;
use crate::actor::cell::Cell;
use crate::actor::message::Message;
use crate::clock::{self, Tick};
use crate::current;
use crate::error::{Admission, AskError, Reason, SendError};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// When a refused send is given up.
#[derive(Clone, Copy, Debug)]
struct Limits {
    attempts: u32,
    within: Option<Duration>,
}

/// The time that all attempts have together, and what is left of the attempts.
struct Course {
    limits: Limits,
    end: Option<Tick>,
    timer: Timer,
    is_waiting: bool,
}

impl Course {
    fn new(limits: Limits) -> Self {
        Course { limits, end: None, timer: Timer::none(), is_waiting: false }
    }

    /// The time that is left for the next attempt, if it is limited. The first call counts the send
    /// and computes the end.
    fn begin<A: Handler<M>, M: Message>(&mut self, journey: &mut Journey<'_, A, M>, is_ask: bool) {
        let now = clock::now();
        let own = journey.own_timeout().get();
        let cell = journey.handle().cell();
        let end = *self.end.get_or_insert_with(|| {
            cell.retry_budget().lock().sent(now);
            let declared = || is_ask.then(|| cell.mailbox.timeout(class_of::<A, M>()));
            let inherited = current::get().map_or(Tick::NEVER, |turn| turn.until());
            let own = match own {
                None if inherited != Tick::NEVER => inherited,
                own => own.or_else(declared).map_or(Tick::NEVER, |time| now.after(time)),
            };
            let within = self.limits.within.map_or(Tick::NEVER, |time| now.after(time));
            own.min(inherited).min(within)
        });
        if end == Tick::NEVER {
            return;
        }
        match (is_ask, own) {
            // The end of the attempts, not of the message: it bounds a wait in line, and a message
            // that is in stays in.
            (false, None) => journey.wait_until(end),
            _ => journey.set_timeout(end.since(now)),
        }
    }

    /// Whether a refused send is tried again, and sets the timer for it.
    fn may_try_again<A: Handler<M>, M: Message>(&mut self, cell: &Arc<Cell<A>>, why: &AskError) -> bool {
        let helps = matches!(why.reason(), Reason::Full | Reason::Shed | Reason::RateLimited);
        let (Some(wait), true) = (why.retry_after(), helps && self.limits.attempts > 0) else { return false };
        let now = clock::now();
        let next = now.after(wait);
        if self.end.is_some_and(|end| next >= end) || !cell.retry_budget().lock().take(now) {
            return false;
        }
        self.limits.attempts -= 1;
        self.timer.set(next, cell);
        self.is_waiting = true;
        true
    }

    /// Polls the wait before the next attempt.
    fn poll_wait<A: Handler<M>, M: Message>(
        &mut self,
        cell: &Arc<Cell<A>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if self.is_waiting {
            // After the actor's end, and that of its runtime, the next attempt says so.
            let is_over = self.timer.poll(cell, cx) || self.timer.is_lost(cell) || cell.ended().is_some();
            if !is_over {
                return Poll::Pending;
            }
            self.timer.clear(cell);
            self.is_waiting = false;
        }
        Poll::Ready(())
    }
}

macro_rules! retrying {
    ($name:ident, $send:ident, $what:literal) => {
        #[doc = concat!("A [`", stringify!($send), "`] that is tried again when it is refused; ", $what)]
        ///
        /// It waits for the time that the refusal says (`retry_after`). It is not tried again where
        /// a retry does not help (`closed`, `doomed`, …), where the wait would outlast its
        /// deadline, or where the actor's retry budget is spent: a fifth of the sends that may be
        /// tried again, and ten a second, over ten seconds (P10). Its deadline covers all attempts
        /// and waits.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe. Dropped while it waits between two attempts, nothing is sent; dropped
        /// during an attempt, it is as the send by itself.
        ///
        /// # Errors
        ///
        /// The error of the last attempt.
        #[must_use = "nothing is sent before it is awaited"]
        pub struct $name<'a, A: Handler<M>, M: Message> {
            send: $send<'a, A, M>,
            course: Course,
        }

        // No field is pinned.
        impl<A: Handler<M>, M: Message> Unpin for $name<'_, A, M> {}

        impl<A: Handler<M>, M: Message> fmt::Debug for $name<'_, A, M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("send", &self.send).finish_non_exhaustive()
            }
        }

        impl<'a, A: Handler<M>, M: Message> $send<'a, A, M> {
            /// Tries again, up to so many times, where it is refused and a retry helps.
            pub fn retry(self, attempts: u32) -> $name<'a, A, M> {
                $name { send: self, course: Course::new(Limits { attempts, within: None }) }
            }

            /// Tries again, where it is refused and a retry helps, until this time has passed since
            /// the first poll.
            pub fn retry_within(self, time: Duration) -> $name<'a, A, M> {
                let limits = Limits { attempts: u32::MAX, within: Some(time) };
                $name { send: self, course: Course::new(limits) }
            }
        }

        impl<A: Handler<M>, M: Message> Drop for $name<'_, A, M> {
            fn drop(&mut self) {
                let cell = self.send.journey.handle().cell().clone();
                self.course.timer.clear(&cell);
            }
        }
    };
}

retrying!(AskRetry, Ask, "resolves with the answer. See [`Ask::retry`].");
retrying!(TellRetry, Tell, "resolves when it is in the mailbox. See [`Tell::retry`].");

impl<A: Handler<M>, M: Message> Future for AskRetry<'_, A, M> {
    type Output = Result<M::Reply, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let AskRetry { send, course } = &mut *self;
        loop {
            let cell = send.journey.handle().cell().clone();
            ready!(course.poll_wait::<A, M>(&cell, cx));
            if send.journey.is_fresh() {
                course.begin(&mut send.journey, true);
            }
            let answered: Answered<M> = ready!(send.poll_answer(cx));
            match answered {
                Ok(reply) => return Poll::Ready(Ok(reply)),
                Err((why, Some(message))) if course.may_try_again::<A, M>(&cell, &why) => send.renew(message),
                Err((why, _)) => return Poll::Ready(Err(why)),
            }
        }
    }
}

impl<A: Handler<M>, M: Message> Future for TellRetry<'_, A, M> {
    type Output = Result<Admission, SendError<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let TellRetry { send, course } = &mut *self;
        loop {
            let cell = send.journey.handle().cell().clone();
            ready!(course.poll_wait::<A, M>(&cell, cx));
            if send.journey.is_fresh() {
                course.begin(&mut send.journey, false);
            }
            let sent = ready!(Pin::new(&mut *send).poll(cx));
            let Err(refused) = sent else { return Poll::Ready(sent) };
            let (message, why) = refused.into_parts();
            if !course.may_try_again::<A, M>(&cell, &why) {
                return Poll::Ready(Err(SendError::new(message, why)));
            }
            send.journey.renew(message);
        }
    }
}
