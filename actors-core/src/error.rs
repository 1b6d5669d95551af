//! What can become of a message, in words: one list for errors, ledger, dead letters, labels and logs.
//!
//! [`Reason`] is that list. A [`SendError`] brings the message back; an [`AskError`] does not, so that it stays small
//! and `'static` (`.returning()` brings the message back where it is wanted).

mod life;
mod refusal;

pub use life::Spent;
pub(crate) use life::{Detail, Life, Spaced, Stage};
pub(crate) use refusal::About;
pub use refusal::{AskError, SendError};

use std::fmt;
use std::sync::Arc;

/// Any error that a user's code hands to the runtime.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The name of an actor: cheap to clone, shown in errors, dead letters and snapshots.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActorName(Arc<str>);

impl ActorName {
    pub(crate) fn new(name: &str) -> Self {
        ActorName(Arc::from(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for ActorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The actors around a cycle as text: `a -> b -> a`.
pub(crate) struct Around<'a>(pub(crate) &'a [ActorName]);

impl fmt::Display for Around<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.0 {
            write!(f, "{name} -> ")?;
        }
        f.write_str(self.0.first().map_or("", ActorName::as_str))
    }
}

/// Why a message was not handled, or an ask not answered. The one word list of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// There was no room and the policy says to refuse; the message is back in the caller's hands.
    Full,
    /// A `drop_*` policy gave it up.
    Dropped,
    /// The supervisor shed it.
    Shed,
    /// Its type's admission rate was spent.
    RateLimited,
    /// It could not have been handled before its deadline.
    Doomed,
    /// Its ttl or deadline passed before its turn began.
    Expired,
    /// A message of higher priority took its slot (`evict_lower`).
    Evicted,
    /// A newer message of the same key took its place.
    Conflated,
    /// Its sender or asker went away.
    Cancelled,
    /// The caller's deadline passed.
    TimedOut,
    /// The actor no longer takes messages, or ended before this one's turn.
    Closed,
    /// The handler panicked.
    Panicked,
    /// The handler dropped its `ReplyTo` without an answer.
    Unanswered,
    /// Waiting for it could only end after the waiter's own turn ends.
    WouldDeadlock,
    /// The actor has as many timers, pipes and watches under way as it may have (`jobs`).
    TooManyJobs,
}

impl Reason {
    /// Every reason, in declaration order.
    pub const ALL: [Reason; 15] = [
        Reason::Full,
        Reason::Dropped,
        Reason::Shed,
        Reason::RateLimited,
        Reason::Doomed,
        Reason::Expired,
        Reason::Evicted,
        Reason::Conflated,
        Reason::Cancelled,
        Reason::TimedOut,
        Reason::Closed,
        Reason::Panicked,
        Reason::Unanswered,
        Reason::WouldDeadlock,
        Reason::TooManyJobs,
    ];

    /// The word used in labels and logs: `rate_limited`.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Full => "full",
            Reason::Dropped => "dropped",
            Reason::Shed => "shed",
            Reason::RateLimited => "rate_limited",
            Reason::Doomed => "doomed",
            Reason::Expired => "expired",
            Reason::Evicted => "evicted",
            Reason::Conflated => "conflated",
            Reason::Cancelled => "cancelled",
            Reason::TimedOut => "timed_out",
            Reason::Closed => "closed",
            Reason::Panicked => "panicked",
            Reason::Unanswered => "unanswered",
            Reason::WouldDeadlock => "would_deadlock",
            Reason::TooManyJobs => "too_many_jobs",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Reason::Full => "the mailbox is full",
            Reason::Dropped => "dropped by its overflow policy",
            Reason::Shed => "shed by the supervisor",
            Reason::RateLimited => "over the admission rate of its type",
            Reason::Doomed => "could not have been handled before its deadline",
            Reason::Expired => "expired before its turn",
            Reason::Evicted => "evicted for a message of higher priority",
            Reason::Conflated => "replaced by a newer message of the same key",
            Reason::Cancelled => "cancelled by its sender",
            Reason::TimedOut => "timed out",
            Reason::Closed => "the actor is closed",
            Reason::Panicked => "the handler panicked",
            Reason::Unanswered => "the handler dropped the reply without an answer",
            Reason::WouldDeadlock => "waiting for it could never end",
            Reason::TooManyJobs => "as many timers, pipes and watches are under way as `jobs` allows",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

/// How a message got in, or what became of it instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Admission {
    /// There was room.
    Queued,
    /// It waited in line, then got a slot.
    Waited,
    /// It took over the place of an older message of the same key.
    Conflated,
    /// It is in, and another message was given up for it.
    Displaced,
    /// It was itself dropped, as its policy says.
    Dropped,
    /// It went to durable storage and will come back.
    Spilled,
}

/// Why an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// `stop`, on the handle or in the context; everything accepted was handled.
    Stopped,
    /// `kill`, or a `stop` whose deadline passed.
    Killed,
    /// The last handle was dropped, and everything accepted was handled.
    Unreferenced,
    /// A handler panicked, and there was no factory to begin anew from, or it has happened too often.
    Panicked,
    /// `#[started]` failed or panicked, and there was no factory, or it has happened too often.
    StartFailed,
    /// A child failed too often (F2).
    ChildFailed,
    /// Only this instance has ended; another one goes on in its place.
    Restarted,
    /// Only this worker has ended: there were more of them than needed.
    Retired,
    /// The tokio runtime ended beneath the actor.
    RuntimeGone,
}

impl fmt::Display for StopReason {
    /// The cause, as the end of a sentence about the actor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StopReason::Stopped => "stop was called",
            StopReason::Killed => "kill was called",
            StopReason::Unreferenced => "its last handle was dropped",
            StopReason::Panicked => "it panicked",
            StopReason::StartFailed => "it did not start",
            StopReason::ChildFailed => "a child of it failed too often",
            StopReason::Restarted => "another instance took its place",
            StopReason::Retired => "the pool needed one worker less",
            StopReason::RuntimeGone => "its runtime ended",
        })
    }
}

/// Why an actor could not be spawned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// An actor of this name is alive in the system.
    #[error("an actor named `{0}` is already running in this system; give this one another name")]
    NameTaken(ActorName),
    /// Settings that cannot be.
    #[error("{0}")]
    Settings(String),
    /// The factory panicked.
    #[error("the factory of actor `{actor}` panicked: {text}")]
    FactoryPanicked {
        /// Which actor was to be started: its name, or its type where it was not given one.
        actor: ActorName,
        /// The panic's text.
        text: String,
    },
    /// No tokio runtime is known.
    #[error("no tokio runtime: create the System, or spawn, inside one (`#[tokio::main]`, `Runtime::enter`)")]
    NoRuntime,
    /// The tokio runtime has no timers.
    #[error("the tokio runtime has no timers: build it with `enable_time` (or `enable_all`)")]
    NoTimers,
    /// There are as many children as there may be.
    #[error("`{0}` has 65,536 children, which is the limit; let some of them stop")]
    TooManyChildren(ActorName),
    /// The system was shut down.
    #[error("the system `{0}` is shutting down and starts no more actors")]
    ShuttingDown(ActorName),
}

/// Why a message type's policy could not be changed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the policy of `{message}` of actor `{actor}` stays as it was: {why}")]
pub struct PolicyError {
    pub(crate) actor: ActorName,
    pub(crate) message: &'static str,
    pub(crate) why: String,
}

/// Why an actor never became ready.
#[derive(Clone, Debug, thiserror::Error)]
#[error("actor `{name}` did not start: {why}")]
pub struct StartError {
    pub(crate) name: ActorName,
    pub(crate) why: Arc<str>,
}
