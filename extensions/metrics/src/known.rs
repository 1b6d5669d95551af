//! The priorities of message types, which a scrape asks for once.
//!
//! An actor's configuration has them, and building that allocates. They belong to the source code,
//! so one answer is enough, and a type whose actors have all ended keeps them: an alert about its
//! last losses needs to know how important they were.

use crate::gather::Gathered;
use actors_core::{Priority, System};
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Actor type and message type.
pub(crate) type Names = (&'static str, &'static str);

/// The highest priority that each message type may have. Its entries are message types of the
/// program, so their number is limited by its source code.
#[derive(Debug, Default)]
pub(crate) struct Known {
    priorities: Mutex<BTreeMap<Names, Priority>>,
}

impl Known {
    /// Asks one actor of each type that has a message type without a known priority.
    pub(crate) fn learn(&self, system: &System, gathered: &Gathered) {
        for totals in &gathered.totals {
            let names = totals.rows.iter().map(|row| (totals.type_name, row.message));
            let Some(of_type) = gathered.types.get(totals.type_name) else { continue };
            if self.has_all(names.clone()) {
                continue;
            }
            // Where the actor has ended since, the next scrape asks another one.
            let Some(config) = system.effective(of_type.example.as_str()) else { continue };
            let found = names.filter_map(|names| {
                let priority = config.messages.get(names.1)?.priority.as_ref()?;
                Some((names, *priority.end()))
            });
            self.priorities.lock().extend(found);
        }
    }

    fn has_all(&self, mut names: impl Iterator<Item = Names>) -> bool {
        let priorities = self.priorities.lock();
        names.all(|names| priorities.contains_key(&names))
    }

    /// Returns the known priorities. A copy: what is written while the lock is held is foreign.
    pub(crate) fn all(&self) -> BTreeMap<Names, Priority> {
        self.priorities.lock().clone()
    }
}
