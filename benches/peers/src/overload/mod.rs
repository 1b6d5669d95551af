//! The contestants of the bench `overload`: services with a bound, each as its framework makes
//! them. They have no priorities, and no sender of theirs waits here.

mod actix;
mod kameo;
mod ractor;

use benches::overload::entry::Entry;

/// The contestants, in the order of the tables.
pub const ALL: [Entry; 3] =
    [Entry::of::<kameo::Kameo>(), Entry::of::<ractor::Ractor>(), Entry::of::<actix::Actix>()];
