//! The contestants, in the order of the tables.

pub mod actix;
pub mod elfo;
pub mod hand;
pub mod kameo;
pub mod ours;
pub mod ractor;
pub mod xtra;

use crate::cell::{self, Job};
use crate::contestant::{Contestant, Note};
use crate::workload::Workload;

/// A contestant as the driver sees it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in tables and on the command line.
    pub name: &'static str,
    /// The crate whose version its figures depend on.
    pub krate: &'static str,
    /// Remarks on its figures.
    pub notes: &'static [Note],
    /// Measures it in this process.
    pub run: fn(&Job) -> f64,
}

impl Entry {
    const fn of<C: Contestant>() -> Self {
        Self { name: C::NAME, krate: C::CRATE, notes: C::NOTES, run: cell::run::<C> }
    }

    /// Why it cannot do this workload, if it cannot.
    pub fn lacks(&self, workload: Workload) -> Option<&'static str> {
        self.notes.iter().find_map(|note| match note {
            Note::Lacks(what, why) if *what == workload => Some(*why),
            _ => None,
        })
    }

    /// Whether a word of the command line selects it: its name, or the last part of it (`kanal`,
    /// `fn`, `never`).
    pub fn is_called(&self, word: &str) -> bool {
        [": ", " = "].iter().any(|mark| self.name.rsplit(mark).next() == Some(word)) || self.name == word
    }

    /// Whether it is one of this runtime's.
    pub fn is_ours(&self) -> bool {
        self.krate == "actors-core"
    }

    /// Whether it is hand-written.
    pub fn is_by_hand(&self) -> bool {
        self.name.starts_with("by hand")
    }
}

/// All contestants. The first one is the baseline.
pub const ALL: [Entry; 14] = [
    Entry::of::<hand::Hand<hand::Tokio>>(),
    Entry::of::<hand::Hand<hand::TokioMany>>(),
    Entry::of::<hand::Hand<hand::Tachyonix>>(),
    Entry::of::<hand::Hand<hand::Crossfire>>(),
    Entry::of::<hand::Hand<hand::Kanal>>(),
    Entry::of::<hand::Hand<hand::Flume>>(),
    Entry::of::<ours::asynchronous::Ours>(),
    Entry::of::<ours::plain::Ours>(),
    Entry::of::<ours::never::Ours>(),
    Entry::of::<kameo::Kameo>(),
    Entry::of::<ractor::Ractor>(),
    Entry::of::<actix::Actix>(),
    Entry::of::<xtra::Xtra>(),
    Entry::of::<elfo::Elfo>(),
];
