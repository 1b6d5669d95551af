//! The books: what became of every message, and what a supervisor reads.

pub(crate) mod ledger;
pub(in crate::mailbox) mod marks;
pub(in crate::mailbox) mod watched;
