//! The mailbox: its bounds, what it does when it is full, the order of turns, and its ledger.

mod bounds;
mod boxed;
mod channel;
mod evict;
mod hot_keys;
mod ledger;
mod newest_first;
mod notices;
mod overflow;
mod patience;
mod permits;
mod policy_table;
mod pull;
mod quota;
mod rates;
mod schedule;
mod shares;
mod sizing;
mod visits;
mod waiting;
