//! What the mailbox keeps under its lock: queued messages, senders in line, and what is claimed.
//!
//! Data structures only. They know nothing of senders, consumers, wakers or the clock.

pub(in crate::mailbox) mod claim;
pub(in crate::mailbox) mod class;
pub(in crate::mailbox) mod expiry;
pub(in crate::mailbox) mod keys;
pub(in crate::mailbox) mod list;
pub(in crate::mailbox) mod queue;
pub(in crate::mailbox) mod rates;
pub(in crate::mailbox) mod shares;
pub(in crate::mailbox) mod slots;
pub(in crate::mailbox) mod waiters;
