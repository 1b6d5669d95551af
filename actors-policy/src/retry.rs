//! When a refused sender should try again (P7, P9).
//!
//! ```text
//!   drain rate known        backlog / rate
//!   else a turn is running  the age of that turn: a sender that comes back doubles its wait each time
//!   else                    10 ms, doubled with each refusal of the type, up to 1 s
//! ```
//! Each wait is spread by a fifth either way, at the limits too, so that senders that were refused
//! together do not retry together. (Brooker: Exponential backoff and jitter, AWS 2015.)

use crate::Span;
use crate::rng::{splitmix, unit};
use std::time::Duration;

/// The shortest wait before it is spread: with a fifth less it is 1 ms. An earlier retry would
/// belong to the same burst.
const WAIT_MIN: Nanos = 1_250_000;
/// The longest wait before it is spread: with a fifth more it is 30 s, the default deadline of an
/// ask.
const WAIT_MAX: Nanos = 25_000_000_000;
/// The first guess, where nothing is known about the actor. It doubles from 10 ms to at most 1 s:
/// without any information, an error serves the caller better than a longer wait.
const GUESS_FIRST_NANOS: Nanos = 10_000_000;
const GUESS_MAX: Nanos = 1_000_000_000;
const DOUBLINGS: u32 = 7;
/// The refusals for which a computed wait is good. A computation and a reading of the clock cost
/// about as much as ten of them.
const MANY: u32 = 32;
const FEW: u32 = 8;
/// The first guess, as a [`Duration`].
pub const GUESS_FIRST: Duration = Duration::from_nanos(GUESS_FIRST_NANOS);

/// 0.8 and 1.2, in parts of 2^16.
const FIFTH_LESS: u64 = 52_429;
const FIFTH_MORE: u64 = 78_643;

/// A wait in whole nanoseconds. Every refusal computes one, and converting to and from [`Duration`]
/// would cost more than the computation.
type Nanos = u64;

/// What is known about a mailbox when it refuses a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backlog {
    /// Queued messages and senders in line.
    pub messages: usize,
    /// Turns a second while there was a backlog; 0 while unknown.
    pub drain_rate: f64,
    /// The age of the running turn, if there is one.
    pub running: Option<Duration>,
    /// Refusals of this message type since a turn last ended, not counting this one.
    pub refusals: u32,
}

/// Returns when a refused sender should try again. `random` is any random number.
pub fn retry_after(backlog: &Backlog, random: u64) -> Duration {
    let Backlog { messages, drain_rate, running, refusals } = *backlog;
    let running = running.map_or(Span::NONE, Span::of);
    let (wait, _) = wait_span(messages, drain_rate, running, refusals);
    Duration::from_nanos(spread_span(wait, random).nanos())
}

/// Returns the wait around which [`retry_after`] spreads.
pub fn expected_wait(backlog: &Backlog) -> Duration {
    let Backlog { messages, drain_rate, running, refusals } = *backlog;
    Duration::from_nanos(wait(messages, drain_rate, running.map_or(Span::NONE, Span::of), refusals))
}

#[inline]
fn wait(messages: usize, drain_rate: f64, running: Span, refusals: u32) -> Nanos {
    let wait = if drain_rate > 0.0 && messages > 0 {
        // A float that does not fit saturates.
        (messages as f64 / drain_rate * 1e9) as Nanos
    } else if !running.is_none() {
        running.nanos()
    } else {
        (GUESS_FIRST_NANOS << refusals.min(DOUBLINGS)).min(GUESS_MAX)
    };
    wait.clamp(WAIT_MIN, WAIT_MAX)
}

/// Returns the wait around which [`spread_span`] spreads, and for how many refusals it is good:
/// none while it doubles with each, few while it is the age of a running turn.
pub fn wait_span(messages: usize, drain_rate: f64, running: Span, refusals: u32) -> (Span, u32) {
    let good_for = if drain_rate > 0.0 && messages > 0 {
        MANY
    } else if !running.is_none() {
        FEW
    } else if refusals >= DOUBLINGS {
        MANY
    } else {
        0
    };
    (Span::from_nanos(wait(messages, drain_rate, running, refusals)), good_for)
}

/// Spreads a wait that [`wait_span`] returned.
#[inline]
pub fn spread_span(wait: Span, random: u64) -> Span {
    Span::from_nanos(spread_nanos(wait.nanos().clamp(WAIT_MIN, WAIT_MAX), random))
}

/// Spreads a wait by a fifth either way; the result is between 1 ms and 30 s. `random` is any
/// random number.
#[inline]
pub fn spread(wait: Duration, random: u64) -> Duration {
    Duration::from_nanos(spread_nanos(Span::of(wait).nanos().clamp(WAIT_MIN, WAIT_MAX), random))
}

#[inline]
fn spread_nanos(wait: Nanos, random: u64) -> Nanos {
    let parts = FIFTH_LESS + (((splitmix(random) >> 32) * (FIFTH_MORE - FIFTH_LESS)) >> 32);
    // 25 s are less than 2^35 ns, and a factor is less than 2^17 parts.
    (wait * parts) >> 16
}

pub(crate) fn spread_of(random: u64) -> f64 {
    0.8 + 0.4 * unit(splitmix(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(backlog: Backlog) -> (f64, f64) {
        let waits = (0..1000).map(|random| retry_after(&backlog, random).as_secs_f64());
        waits.fold((f64::MAX, 0.0), |(least, most), wait| (wait.min(least), wait.max(most)))
    }

    /// Asserts that the waits are within a fifth of `due` seconds, and that they use that range.
    fn is_spread_around(backlog: Backlog, due: f64) {
        let (least, most) = waits(backlog);
        assert!(
            least >= 0.8 * due - 1e-9 && most <= 1.2 * due + 1e-9,
            "{backlog:?}: {least} to {most}, not {due}"
        );
        assert!(least < 0.85 * due && most > 1.15 * due, "{backlog:?}: {least} to {most} is not spread");
    }

    #[test]
    fn p7_backlog_over_rate_within_a_fifth_and_clamped() {
        let of = |messages, drain_rate| Backlog { messages, drain_rate, ..Backlog::default() };
        is_spread_around(of(100, 1000.0), 0.1);
        // Waits are spread at the limits too: otherwise all senders retry at the same instant.
        is_spread_around(of(1, 1e9), 0.00125);
        is_spread_around(of(usize::MAX, 1.0), 25.0);
        is_spread_around(of(usize::MAX, f64::MIN_POSITIVE), 25.0);
    }

    #[test]
    fn p9_without_a_rate_the_age_of_the_running_turn_is_the_guess() {
        for seconds in [1, 5, 20] {
            let running = Some(Duration::from_secs(seconds));
            is_spread_around(
                Backlog { messages: 7, running, refusals: 3, ..Backlog::default() },
                seconds as f64,
            );
        }
        let running = Some(Duration::from_secs(3600));
        is_spread_around(Backlog { running, ..Backlog::default() }, 25.0);
    }

    #[test]
    fn p9_without_a_rate_and_a_turn_the_guess_doubles_up_to_a_second() {
        let due = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0];
        for (refusals, due) in (0..).zip(due) {
            is_spread_around(Backlog { messages: 7, refusals, ..Backlog::default() }, due);
        }
        is_spread_around(Backlog { refusals: u32::MAX, ..Backlog::default() }, 1.0);
    }
}
