//! The dead letters that a subscriber has received.

use actors_core::observe::{DeadLetter, DeadLetters};
use actors_core::prelude::*;

/// Returns the letters that have arrived by now, oldest first.
pub fn letters(subscriber: &mut DeadLetters) -> Vec<DeadLetter> {
    std::iter::from_fn(|| subscriber.try_next()).collect()
}

/// Returns the message type and the reason of each letter that has arrived by now.
pub fn losses(subscriber: &mut DeadLetters) -> Vec<(&'static str, Reason)> {
    letters(subscriber).iter().map(|letter| (letter.message, letter.reason)).collect()
}
