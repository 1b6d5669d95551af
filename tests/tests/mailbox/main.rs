//! The mailbox: its bounds, what happens when it is full, who goes next, and its books.

mod bounds;
mod boxed;
mod channel;
mod evict;
mod hot_keys;
mod ledger;
mod newest_first;
mod overflow;
mod patience;
mod permits;
mod policy_table;
mod quota;
mod schedule;
mod shares;
mod sizing;
mod visits;
mod waiting;
