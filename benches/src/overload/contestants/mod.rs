//! The contestants of this package, in the order of the tables.

mod hand;
mod ours;

use super::entry::Entry;

/// This runtime twice, and the hand-written service.
pub const ALL: [Entry; 3] =
    [Entry::whole::<ours::Plain>(), Entry::whole::<ours::Shedding>(), Entry::whole::<hand::Hand>()];
