//! Instants and lengths of time as pure numbers.
//!
//! An instant is a [`Tick`] and a length of time a [`Span`]: eight bytes each, comparable, with a
//! value for "never" and for "none". So the slots of a mailbox stay small, and a policy needs no
//! clock type. `actors-core` makes ticks from the clock of its runtime; simulations make their own.

use std::fmt;
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

/// A length of time in nanoseconds, or none: eight bytes without holes, so that a value that holds
/// one is quick to copy.
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

    /// The span of this many nanoseconds.
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

/// Formats a time for people, with at most three digits and a space before the unit: `1.5 s`.
/// [`Duration::MAX`] is `for ever`.
pub struct ShortTime(pub Duration);

impl fmt::Display for ShortTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let one_digit = |number: f64| (number * 10.0).round() / 10.0;
        match self.0 {
            Duration::MAX => f.write_str("for ever"),
            // Each limit is where rounding would carry into the next unit or digit.
            _ if seconds >= 119.5 => write!(f, "{:.0} min", seconds / 60.0),
            _ if seconds >= 9.95 => write!(f, "{seconds:.0} s"),
            _ if seconds >= 0.9995 => write!(f, "{} s", one_digit(seconds)),
            _ if seconds >= 9.95e-3 => write!(f, "{:.0} ms", seconds * 1e3),
            _ if seconds >= 0.9995e-3 || self.0.is_zero() => write!(f, "{} ms", one_digit(seconds * 1e3)),
            _ if seconds >= 9.95e-6 => write!(f, "{:.0} µs", seconds * 1e6),
            _ => write!(f, "{} µs", one_digit(seconds * 1e6)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l3_times_in_sentences_have_at_most_three_digits() {
        let shown = |us| ShortTime(Duration::from_micros(us)).to_string();
        let short = [0, 1, 999, 1_000, 1_500, 9_990, 45_000, 999_400];
        assert_eq!(
            short.map(shown),
            ["0 ms", "1 µs", "999 µs", "1 ms", "1.5 ms", "10 ms", "45 ms", "999 ms"]
        );
        let long =
            [999_900, 1_000_000, 1_500_000, 9_990_000, 10_000_000, 90_000_000, 119_600_000, 600_000_000];
        assert_eq!(long.map(shown), ["1 s", "1 s", "1.5 s", "10 s", "10 s", "90 s", "2 min", "10 min"]);
        assert_eq!(ShortTime(Duration::from_nanos(500)).to_string(), "0.5 µs");
        assert_eq!(ShortTime(Duration::MAX).to_string(), "for ever");
    }
}
