//! Mailboxes without a free slot.

use actors_core::prelude::*;
use actors_core::send::Tell;

/// More messages than any mailbox of these tests holds.
const MANY: usize = 100_000;

/// Sends until the mailbox refuses a message as [`Reason::Full`], and returns how many it accepted.
///
/// # Panics
/// When a send fails for another reason, or the mailbox accepts 100 000 messages.
#[track_caller]
pub fn fill<'a, A: Handler<M>, M: Message>(send: impl Fn() -> Tell<'a, A, M>) -> usize {
    for sent in 0..MANY {
        if let Err(refused) = send().try_send() {
            assert_eq!(refused.reason(), Reason::Full);
            return sent;
        }
    }
    panic!("a mailbox without a bound")
}
