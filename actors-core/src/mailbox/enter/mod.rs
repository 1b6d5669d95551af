//! The way in: from an offer to a slot, a place in line or a refusal, and the way back out for a
//! sender that gives up.
//!
//! A rule about new messages must hold on every way into a mailbox. ARCHITECTURE.md lists them
//! ("Ways into a mailbox"), because some are not in this directory: the gate is in `actor/gate.rs`,
//! and a turn that its sender runs begins in `take/seat.rs`.

pub(in crate::mailbox) mod doomed;
pub(in crate::mailbox) mod elsewhere;
pub(in crate::mailbox) mod entry;
pub(in crate::mailbox) mod fast_path;
pub(in crate::mailbox) mod line;
pub(in crate::mailbox) mod notices;
pub(in crate::mailbox) mod offer;
pub(in crate::mailbox) mod outcome;
pub(in crate::mailbox) mod overflow;
pub(in crate::mailbox) mod permits;
pub(in crate::mailbox) mod rate;
pub(in crate::mailbox) mod transit;
pub(in crate::mailbox) mod withdraw;
