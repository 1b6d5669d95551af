//! Reports actors without a handle that do not end, because their turn does not return (F6).
//!
//! When its last handle is dropped, an actor drains and ends. If its turn never returns, it stays
//! alive, and only the system's shutdown can still stop it. This list holds actors that had work
//! left when their last handle was dropped, until they end. One task per system checks it while it
//! is not empty.

use super::AnyActor;
use crate::sync::Lock;
use crate::tasks;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime;

/// The age at which a turn of an actor without a handle is reported. It is the default deadline of
/// an ask, after which a caller would give up too. It is also the interval of the checks, so a
/// report comes within a minute.
const REPORTED_AFTER: Duration = Duration::from_secs(30);

/// The actors without a handle of one system: at most one entry per actor, removed at its end.
#[derive(Default)]
pub(crate) struct Departing {
    shared: Arc<Lock<List>>,
}

#[derive(Default)]
struct List {
    /// By the actor's id.
    actors: HashMap<usize, Weak<dyn AnyActor>>,
    has_task: bool,
}

impl fmt::Debug for Departing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Departing").finish_non_exhaustive()
    }
}

impl Departing {
    /// Adds an actor whose last handle was dropped while it still had work.
    pub(crate) fn add(&self, id: usize, actor: Weak<dyn AnyActor>, rt: &runtime::Handle) {
        let mut list = self.shared.lock();
        let replaced = list.actors.insert(id, actor);
        let has_task = std::mem::replace(&mut list.has_task, true);
        drop(list);
        drop(replaced);
        if !has_task {
            tasks::spawn(rt, format_args!("actors: without handles"), check(self.shared.clone()));
        }
    }

    /// Removes an actor that has ended.
    pub(crate) fn remove(&self, id: usize) {
        let removed = self.shared.lock().actors.remove(&id);
        drop(removed);
    }
}

async fn check(list: Arc<Lock<List>>) {
    loop {
        tokio::time::sleep(REPORTED_AFTER).await;
        let actors: Vec<_> = list.lock().actors.iter().map(|(id, actor)| (*id, actor.clone())).collect();
        for (id, actor) in actors {
            if !is_still_due(actor) {
                let removed = list.lock().actors.remove(&id);
                drop(removed);
            }
        }
        let mut list = list.lock();
        if list.actors.is_empty() {
            list.has_task = false;
            return;
        }
    }
}

/// Reports the actor if its turn has run for too long. Returns whether it must be checked again.
fn is_still_due(actor: Weak<dyn AnyActor>) -> bool {
    let Some(actor) = actor.upgrade() else { return false };
    let Some((since, turn)) = actor.clone().departing() else { return false };
    let Some(turn) = turn.filter(|turn| *turn >= REPORTED_AFTER) else { return true };
    actor.report_departing(since, turn);
    false
}
