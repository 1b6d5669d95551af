//! Dequeuing: what a consumer claims, in which order and how much at once, and which task holds the
//! seat.

pub(in crate::mailbox) mod batch;
pub(in crate::mailbox) mod budget;
pub(in crate::mailbox) mod claims;
pub(in crate::mailbox) mod pool;
pub(in crate::mailbox) mod seat;
pub(in crate::mailbox) mod taker;
