//! A message that was not accepted, and an ask without an answer.

use super::life::Life;
use super::{ActorName, CyclePath, Reason, ShortTime, StopReason};
use crate::clock::Span;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A message that was not accepted, with the message itself.
///
/// Its text names the message type, the actor, and the cause: `` `Viewed` not sent to `shop`: the
/// mailbox is full; retry after 12 ms ``, `` `Viewed` not sent: `shop` is closed: stop was called
/// ``.
pub struct SendError<M> {
    message: M,
    why: AskError,
}

impl<M> SendError<M> {
    pub(crate) fn new(message: M, why: AskError) -> Self {
        SendError { message, why }
    }

    /// Returns why it was not accepted.
    pub fn reason(&self) -> Reason {
        self.why.reason
    }

    /// Returns after how long a retry makes sense: backlog divided by drain rate, jittered. `None`
    /// if a retry does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.why.retry_after()
    }

    /// Returns the actors of the cycle if the reason is [`Reason::WouldDeadlock`].
    pub fn cycle(&self) -> Option<&[ActorName]> {
        self.why.cycle()
    }

    /// Returns the actor that did not accept it; `None` if it was sent to a channel.
    pub fn actor(&self) -> Option<&ActorName> {
        self.why.actor()
    }

    /// Returns the name of the message's type, as in ledger and dead letters.
    pub fn message(&self) -> &'static str {
        self.why.message()
    }

    /// Returns why the actor has ended or was told to end, if the reason is [`Reason::Closed`].
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.why.stop_reason()
    }

    /// Returns the message.
    pub fn into_message(self) -> M {
        self.message
    }

    /// Replaces the message and keeps the cause, for code that wraps or unwraps messages.
    pub fn map<N>(self, f: impl FnOnce(M) -> N) -> SendError<N> {
        SendError { message: f(self.message), why: self.why }
    }

    pub(crate) fn into_parts(self) -> (M, AskError) {
        (self.message, self.why)
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.debug("SendError", f)
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = &self.why;
        match why.about {
            About::Message(_) => write!(f, "`{}` not sent", why.message())?,
            About::Job => f.write_str("not started")?,
            About::End => f.write_str("not awaited")?,
        }
        why.cause(" to", f)
    }
}

impl<M> std::error::Error for SendError<M> {}

/// An ask without an answer.
///
/// Its text names the message type, the actor, and the cause: `` no answer to `Charge` from `shop`:
/// timed out ``, `` no answer to `Charge`: `shop` is closed: stopped after 3 failures in 10 s
/// (limit 2), the last one: … ``.
#[derive(Clone)]
pub struct AskError {
    life: Arc<Life>,
    retry_after: Span,
    /// A pointer of one word: a cycle is rare, and errors are returned by value.
    cycle: Option<Arc<Arc<[ActorName]>>>,
    about: About,
    reason: Reason,
}

/// The subject of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A message of this class.
    Message(u16),
    /// The end of the actor.
    End,
    /// A timer, a pipe or a watch.
    Job,
}

impl About {
    /// A message of this class.
    pub(crate) fn class(class: usize) -> Self {
        // A mailbox has fewer classes than this.
        About::Message(class as u16)
    }
}

impl AskError {
    #[inline]
    pub(crate) fn new(life: &Arc<Life>, about: About, reason: Reason) -> Self {
        AskError { life: life.clone(), retry_after: Span::NONE, cycle: None, about, reason }
    }

    /// Adds when to retry, if that is known.
    pub(crate) fn retry(self, after: Option<Duration>) -> Self {
        self.retry_in(after.map_or(Span::NONE, Span::of))
    }

    /// Like [`retry`](AskError::retry), from the representation that a refusal has.
    #[inline]
    pub(crate) fn retry_in(mut self, after: Span) -> Self {
        self.retry_after = after;
        self
    }

    pub(crate) fn in_cycle(life: &Arc<Life>, about: About, names: Arc<[ActorName]>) -> Self {
        let cycle = Some(Arc::new(names));
        AskError { cycle, ..AskError::new(life, about, Reason::WouldDeadlock) }
    }

    /// Returns why there is no answer.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Returns after how long a retry makes sense; `None` if a retry does not help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.get()
    }

    /// Returns the actors of the cycle if the reason is [`Reason::WouldDeadlock`].
    pub fn cycle(&self) -> Option<&[ActorName]> {
        self.cycle.as_deref().map(|names| &**names)
    }

    /// Returns the actor that gave no answer; `None` if the error is about a channel.
    pub fn actor(&self) -> Option<&ActorName> {
        self.life.name()
    }

    /// Returns the name of the message's type, as in ledger and dead letters. If the error is not
    /// about a message: `stop`, or `job` for a timer, a pipe or a watch.
    pub fn message(&self) -> &'static str {
        match self.about {
            About::Message(class) => self.life.message(class.into()),
            About::End => "stop",
            About::Job => "job",
        }
    }

    /// Returns why the actor has ended or was told to end, if the reason is [`Reason::Closed`]. It
    /// is read when this is called: an actor that was draining may have been killed since.
    pub fn stop_reason(&self) -> Option<StopReason> {
        if self.reason == Reason::Closed { self.life.stop_reason() } else { None }
    }

    /// Writes `: ` and the cause, preceded by the actor if the cause does not name it.
    fn cause(&self, to: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason, self.life.name()) {
            (Reason::Closed, _) => {
                f.write_str(": ")?;
                self.life.write_closed(f)?;
            }
            (reason, Some(name)) if self.about == About::Job => write!(f, " by `{name}`: {reason}")?,
            (reason, Some(name)) => write!(f, "{to} `{name}`: {reason}")?,
            (reason, None) => write!(f, ": {reason}")?,
        }
        if let Some(cycle) = self.cycle() {
            write!(f, " ({})", CyclePath(cycle))?;
        }
        match self.retry_after() {
            Some(span) => write!(f, "; retry after {}", ShortTime(span)),
            None => Ok(()),
        }
    }

    fn debug(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct(kind);
        if let Some(actor) = self.actor() {
            shown.field("actor", actor);
        }
        shown.field("message", &self.message()).field("reason", &self.reason);
        if let Some(why) = self.stop_reason() {
            shown.field("stop_reason", &why);
        }
        if let Some(span) = self.retry_after() {
            shown.field("retry_after", &span);
        }
        if let Some(cycle) = self.cycle() {
            shown.field("cycle", &cycle);
        }
        shown.finish()
    }
}

impl fmt::Debug for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("AskError", f)
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.about {
            About::Message(_) => write!(f, "no answer to `{}`", self.message())?,
            About::End => f.write_str("the end is not awaited")?,
            About::Job => f.write_str("not started")?,
        }
        self.cause(if self.about == About::End { ": of" } else { " from" }, f)
    }
}

impl std::error::Error for AskError {}
