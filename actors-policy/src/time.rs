//! Instants and lengths of time as pure numbers.
//!
//! An instant is a [`Tick`] and a length of time a [`Span`]: eight bytes each, comparable, with a
//! value for "never" and for "none". So the slots of a mailbox stay small, and a policy needs no
//! clock type. `actors-core` makes ticks from the clock of its runtime; simulations make their own.

use std::time::Duration;

/// Nanoseconds since an epoch that lies a century before this process first asked for the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

#[inline]
fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Tick {
    /// An instant that never comes.
    pub const NEVER: Tick = Tick(u64::MAX);
    /// The epoch.
    pub const ZERO: Tick = Tick(0);

    /// The instant `nanos` after the epoch; simulations and tests make their own time with it.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Tick {
        Tick(nanos)
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This instant plus `span`; saturates at [`NEVER`](Tick::NEVER).
    #[inline]
    pub fn after(self, span: Duration) -> Tick {
        Tick(self.0.saturating_add(nanos(span)))
    }

    /// Time from `earlier` to this instant; zero when `earlier` is the later one.
    #[inline]
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in nanoseconds, or none: eight bytes without holes, so that a value that holds one is quick to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// No length of time.
    pub const NONE: Span = Span(u64::MAX);

    /// The span of a duration; five centuries at most.
    #[inline]
    pub fn of(span: Duration) -> Span {
        Span(nanos(span).min(u64::MAX - 1))
    }

    /// The span of so many nanoseconds.
    #[inline]
    pub fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    /// Its nanoseconds.
    #[inline]
    pub fn nanos(self) -> u64 {
        self.0
    }

    /// Whether it is [`NONE`](Span::NONE).
    #[inline]
    pub fn is_none(self) -> bool {
        self == Span::NONE
    }

    /// The duration; `None` for [`NONE`](Span::NONE).
    #[inline]
    pub fn get(self) -> Option<Duration> {
        (!self.is_none()).then(|| Duration::from_nanos(self.0))
    }
}
