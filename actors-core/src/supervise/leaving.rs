//! Reports actors that nothing refers to any more and that do not end: their turn does not (F6).
//!
//! With its last handle gone an actor drains and ends. One whose turn never returns lives on, and nothing is left that could stop
//! it but the system's shutdown. Actors that still had something to do when their last handle went are on a list, until they end.
//! One task per system looks at the list while there is anything on it.

use super::log::Event;
use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::clock;
use crate::sync::Lock;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How long an actor without a handle may be in one turn before that is reported: the default deadline of an ask, after which a caller
/// would have given up too. Also the time between two looks, so a report comes within a minute.
const REPORTED_AFTER: Duration = Duration::from_secs(30);

/// One entry: makes the actor's type disappear, and keeps nothing alive.
type Entry = Box<dyn Fn() -> bool + Send + Sync>;

/// The actors of a system on their way to their end; as many as actors at most, because they leave the list at their end.
#[derive(Default)]
pub(crate) struct Leaving {
    shared: Arc<Lock<List>>,
}

#[derive(Default)]
struct List {
    /// By the cell's id.
    entries: HashMap<usize, Arc<Entry>>,
    has_task: bool,
}

impl std::fmt::Debug for Leaving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaving").finish_non_exhaustive()
    }
}

impl Leaving {
    /// The last handle of an actor has gone, and it still has something to do.
    pub(crate) fn add<A: Actor>(&self, cell: &Arc<Cell<A>>) {
        let weak: Weak<Cell<A>> = Arc::downgrade(cell);
        let look: Entry = Box::new(move || weak.upgrade().is_some_and(|cell| cell.report_leaving()));
        let mut list = self.shared.lock();
        list.entries.insert(cell.id(), Arc::new(look));
        let has_task = std::mem::replace(&mut list.has_task, true);
        drop(list);
        if !has_task {
            cell.rt.spawn(watch(self.shared.clone()));
        }
    }

    /// An actor has ended.
    pub(crate) fn remove(&self, id: usize) {
        let entry = self.shared.lock().entries.remove(&id);
        drop(entry);
    }
}

async fn watch(list: Arc<Lock<List>>) {
    loop {
        tokio::time::sleep(REPORTED_AFTER).await;
        let entries: Vec<_> = list.lock().entries.iter().map(|(id, entry)| (*id, entry.clone())).collect();
        for (id, look) in entries {
            if !look() {
                let entry = list.lock().entries.remove(&id);
                drop(entry);
            }
        }
        let mut list = list.lock();
        if list.entries.is_empty() {
            list.has_task = false;
            return;
        }
    }
}

impl<A: Actor> Cell<A> {
    /// For how long the actor has had no handle, and for how long its latest turn has been running, if one is. `None` while there is
    /// a handle, and after the actor's end.
    pub(crate) fn leaving(self: &Arc<Self>) -> Option<(Duration, Option<Duration>)> {
        let now = clock::now();
        let since = self.unreferenced_since().filter(|_| self.ended().is_none())?;
        Some((now.since(since), self.turn(now)))
    }

    /// Reports that the actor does not end, if so. `false` when nothing more is to be reported.
    fn report_leaving(self: &Arc<Self>) -> bool {
        let Some((since, turn)) = self.leaving() else { return false };
        let Some(turn) = turn.filter(|turn| *turn >= REPORTED_AFTER) else { return true };
        self.system.log().note(&self.name, Event::Unreferenced { since, turn });
        false
    }
}
