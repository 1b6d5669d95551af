//! Why a message was not handled: one word list for errors, ledger, dead letters, metric labels and
//! logs.

use std::fmt;

/// Why a message was not handled, or an ask not answered. The one word list of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// There was no room, and the policy says to refuse; the caller has the message back.
    Full,
    /// A `drop_*` policy dropped it.
    Dropped,
    /// The supervisor shed it.
    Shed,
    /// The admission rate of its type was exhausted.
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
    /// The actor already has as many timers, pipes and watches as it may have (`jobs`).
    TooManyJobs,
    /// A periodic message was given a period of zero.
    ZeroPeriod,
}

impl Reason {
    /// Every reason, in declaration order.
    pub const ALL: &[Reason] = &[
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
        Reason::ZeroPeriod,
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
            Reason::ZeroPeriod => "zero_period",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Reason::Full => "the mailbox is full",
            Reason::Dropped => "dropped by its overflow policy",
            Reason::Shed => "shed by the supervisor",
            Reason::RateLimited => "over the admission rate",
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
            Reason::ZeroPeriod => {
                "`send_every` needs a period above zero; to do something again at once, send the message again"
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
