//! Whether a load balancer should send more work, decided before a queue is full.
//!
//! A load balancer looks every few seconds, and what it sends until the next look must find room.
//! So an actor is not ready from its `high` mark on, or from [`FILL_MAX`] of its slots where it
//! declares none. It is ready again below that: the balancer's own count of failed looks damps
//! changes.

use actors_core::observe::Level;
use std::time::Duration;

/// The part of the slots from which an actor without a `high` mark is not ready: a fifth is left
/// for what a balancer sends until its next look.
const FILL_MAX: f64 = 0.8;
/// The time without a turn after which an actor with queued messages is not ready. Turns take
/// milliseconds; a balancer that looks every few seconds must not see one slow turn.
const STALLED_MAX: Duration = Duration::from_secs(5);

/// What is known about an actor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State<'a> {
    pub(crate) name: &'a str,
    pub(crate) depth: usize,
    pub(crate) capacity: usize,
    pub(crate) level: Level,
    pub(crate) stalled: Duration,
    /// The declared `high` mark.
    pub(crate) high: Option<f64>,
}

/// Returns why an actor is not ready.
pub(crate) fn unready(state: &State<'_>) -> Option<String> {
    let State { name, depth, capacity, level, stalled, high } = *state;
    let mark = high.unwrap_or(FILL_MAX).clamp(0.0, 1.0);
    let limit = (mark * capacity as f64).ceil().max(1.0);
    if stalled >= STALLED_MAX {
        let seconds = stalled.as_secs();
        return Some(format!("{name}: no turn has begun for {seconds} s, {depth} messages are queued"));
    }
    if depth as f64 >= limit {
        let of = if high.is_some() { "its `high` mark" } else { "the limit of this probe" };
        return Some(format!("{name}: {depth} of {capacity} slots are taken; {of} is {limit}"));
    }
    (level >= Level::Overloaded).then(|| format!("{name}: {level}, {depth} of {capacity} slots are taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(depth: usize, level: Level, stalled: u64, high: Option<f64>) -> Option<String> {
        let stalled = Duration::from_secs(stalled);
        unready(&State { name: "shop", depth, capacity: 100, level, stalled, high })
    }

    #[test]
    fn an_actor_is_not_ready_before_its_queue_is_full() {
        assert_eq!(why(79, Level::Calm, 0, None), None);
        let sentence = "shop: 80 of 100 slots are taken; the limit of this probe is 80";
        assert_eq!(why(80, Level::Calm, 0, None).as_deref(), Some(sentence));
    }

    #[test]
    fn a_declared_mark_replaces_the_limit() {
        assert_eq!(why(64, Level::Elevated, 0, Some(0.65)), None);
        let sentence = "shop: 65 of 100 slots are taken; its `high` mark is 65";
        assert_eq!(why(65, Level::Elevated, 0, Some(0.65)).as_deref(), Some(sentence));
    }

    #[test]
    fn an_overloaded_or_stalled_actor_is_not_ready_however_full_it_is() {
        let overloaded = "shop: overloaded, 3 of 100 slots are taken";
        assert_eq!(why(3, Level::Overloaded, 0, None).as_deref(), Some(overloaded));
        assert_eq!(why(3, Level::Calm, 4, None), None);
        let stalled = "shop: no turn has begun for 5 s, 3 messages are queued";
        assert_eq!(why(3, Level::Calm, 5, None).as_deref(), Some(stalled));
    }
}
