//! The one home of time.
//!
//! Users see tokio's clock, so a paused runtime pauses every ttl, deadline and timer (T5). Inside, an instant is a
//! [`Tick`]: eight bytes, comparable, with a value for "never", so that slots stay small and the pure policies need no
//! clock type. CPU budgets are about the real processor and read [`cpu`] instead.

use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// Nanoseconds since an epoch that lies shortly before this process first asked for the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// How far the epoch lies before the first reading. A paused runtime's clock can stand somewhat behind the real one;
/// an hour of slack keeps its instants representable.
const SLACK: Duration = Duration::from_secs(3600);

static EPOCH: OnceLock<Instant> = OnceLock::new();

fn epoch() -> Instant {
    *EPOCH.get_or_init(|| {
        let now = Instant::now();
        now.checked_sub(SLACK).unwrap_or(now)
    })
}

impl Tick {
    /// An instant that never comes.
    pub const NEVER: Tick = Tick(u64::MAX);
    /// The epoch.
    pub const ZERO: Tick = Tick(0);

    /// The instant `nanos` after the epoch; simulations and tests make their own time with it.
    pub const fn from_nanos(nanos: u64) -> Tick {
        Tick(nanos)
    }

    /// This instant plus `span`; saturates at [`NEVER`](Tick::NEVER).
    pub fn after(self, span: Duration) -> Tick {
        Tick(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Time from `earlier` to this instant; zero when `earlier` is the later one.
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn instant(self) -> Option<Instant> {
        if self == Tick::NEVER { None } else { epoch().checked_add(Duration::from_nanos(self.0)) }
    }
}

/// A length of time in nanoseconds, or none: eight bytes without holes, so that what has one is quick to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const NONE: Span = Span(u64::MAX);

    /// Five centuries at most.
    pub(crate) fn of(span: Duration) -> Span {
        Span(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX).min(u64::MAX - 1))
    }

    pub(crate) fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    pub(crate) fn nanos(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self == Span::NONE
    }

    pub(crate) fn get(self) -> Option<Duration> {
        (!self.is_none()).then(|| Duration::from_nanos(self.0))
    }
}

/// Now, on tokio's clock.
pub(crate) fn now() -> Tick {
    Tick(u64::try_from(Instant::now().saturating_duration_since(epoch()).as_nanos()).unwrap_or(u64::MAX))
}

/// Now, on the real clock, which a paused runtime does not stop: for CPU budgets only.
pub(crate) fn cpu() -> std::time::Instant {
    match FROZEN.get() {
        None => std::time::Instant::now(),
        Some(frozen) => *frozen,
    }
}

static FROZEN: OnceLock<std::time::Instant> = OnceLock::new();

/// Stops the processor's clock, as far as budgets look at it, for the whole process, for good: every turn then seems to take no time, so that how much is claimed at once and
/// which turns are donated no longer depends on the machine. For counting instructions, under a tool that makes a program
/// fifty times slower.
pub fn freeze_cpu_clock() {
    FROZEN.get_or_init(std::time::Instant::now);
}
