//! The way in: from an offer to a slot, a place in line or a refusal, and the way back out for a sender that gives up.

pub(in crate::mailbox) mod fast_path;
pub(in crate::mailbox) mod offer;
pub(in crate::mailbox) mod permits;
pub(in crate::mailbox) mod room;
pub(in crate::mailbox) mod verdict;
pub(in crate::mailbox) mod waiting;
pub(in crate::mailbox) mod withdraw;
