//! The contestants of this package, in the order of the tables.

mod hand;
mod ours;

use super::entry::{Client, Entry};

/// This runtime twice, and the hand-written service.
pub const ALL: [Entry; 3] = [
    Entry::whole::<ours::Plain>()
        .with_clients(&[Client::of::<ours::Plain>(), Client::of::<ours::Insistent>()]),
    Entry::whole::<ours::Shedding>(),
    Entry::whole::<hand::Hand>().with_clients(&[Client::of::<hand::Hand>()]),
];
