//! The actors of a system by name, and the summed ledgers of those that have ended.

use super::AnyActor;
use crate::error::{ActorName, SpawnError};
use crate::mailbox::{Ledger, Row};
use crate::sync::Lock;
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

/// Actors that ended during a shutdown and are kept until it is over, so that its report counts
/// refusals after their end. Each takes about 1 KB, so this bounds them to about 128 MB. The report
/// misses later refusals of actors beyond this number.
const ENDED_MAX: usize = 131_072;

/// The map's capacity below which it is not shrunk: its memory is not worth the move.
const ROOM_KEPT: usize = 1024;

#[derive(Default)]
pub(crate) struct Registry {
    state: Lock<State>,
}

struct State {
    actors: HashMap<ActorName, Entry>,
    is_closed: bool,
    /// The summed ledgers of the actors that have ended, except for those in `ended`.
    past: Row,
    /// The same by type. Its size is that of the program: one row per message type.
    past_of_types: Totals,
    /// The counts that [`Registry::totals`] has returned so far.
    reported: Totals,
    /// The number of shutdowns in progress.
    closings: usize,
    /// Actors that have ended during a shutdown; at most [`ENDED_MAX`].
    ended: Vec<Arc<dyn AnyActor>>,
}

impl Default for State {
    fn default() -> Self {
        State {
            actors: HashMap::new(),
            is_closed: false,
            past: Row::empty("total"),
            past_of_types: Totals::default(),
            reported: Totals::default(),
            closings: 0,
            ended: Vec::new(),
        }
    }
}

struct Entry {
    /// Position in the order of start.
    serial: u64,
    actor: Weak<dyn AnyActor>,
    /// A handle by which the system keeps a detached actor alive.
    _keeper: Option<Box<Keeper>>,
}

/// In a box of its own, so that the entries of other actors are small.
struct Keeper(#[expect(dead_code, reason = "it is only kept")] Box<dyn Any + Send + Sync>);

impl Entry {
    /// As [`AnyActor::id`]: its address.
    fn id(&self) -> usize {
        self.actor.as_ptr().addr()
    }
}

impl Registry {
    /// Registers a new actor. `keeper` is a handle of a detached actor.
    ///
    /// Returns `true` if the system is shutting down: then the caller must close the actor.
    ///
    /// # Errors
    /// Another live actor has this name.
    pub(crate) fn add(
        &self,
        actor: &Arc<dyn AnyActor>,
        serial: u64,
        keeper: Option<Box<dyn Any + Send + Sync>>,
    ) -> Result<bool, SpawnError> {
        let name = actor.name().clone();
        let mut state = self.state.lock();
        if state.actors.contains_key(&name) {
            drop(state);
            return Err(SpawnError::NameTaken(name));
        }
        let entry = Entry {
            serial,
            actor: Arc::downgrade(actor),
            _keeper: keeper.map(|handle| Box::new(Keeper(handle))),
        };
        state.actors.insert(name, entry);
        Ok(state.is_closed)
    }

    /// Removes an actor that has ended, and adds its ledger to the sum.
    pub(crate) fn remove(&self, actor: Arc<dyn AnyActor>, ledger: &Ledger) {
        let (name, id, type_name) = (actor.name().clone(), actor.id(), actor.type_name());
        let mut state = self.state.lock();
        match state.closings > 0 && state.ended.len() < ENDED_MAX {
            true => state.ended.push(actor),
            false => {
                state.past.add(&ledger.total());
                state.past_of_types.add(type_name, ledger.rows());
            }
        }
        let entry = match state.actors.get(&name) {
            // Another actor may have got the name since.
            Some(entry) if entry.id() == id => state.actors.remove(&name),
            _ => None,
        };
        let (len, room) = (state.actors.len(), state.actors.capacity());
        if room > ROOM_KEPT && len < room / 4 {
            // Half of it, so that the cost of a move is amortized over as many ended actors.
            state.actors.shrink_to(room / 2);
        }
        drop(state);
        // It may hold the last handle of a detached actor: dropped after the lock is released.
        drop(entry);
    }

    /// Closes the registry. The caller of a later [`add`](Registry::add) must close its actor at
    /// once.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
    }

    pub(crate) fn len(&self) -> usize {
        self.state.lock().actors.len()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn AnyActor>> {
        self.state.lock().actors.get(&ActorName::new(name))?.actor.upgrade()
    }

    /// Returns the summed ledgers of all actors, live and ended, by type.
    ///
    /// Counts only grow from call to call. The live actors are listed in the step that reads the
    /// sums of the ended ones, so an actor that ends meanwhile is counted once.
    pub(crate) fn totals(&self) -> Totals {
        let state = self.state.lock();
        let mut totals = state.past_of_types.clone();
        let live = state.actors.values().filter_map(|entry| entry.actor.upgrade());
        let actors: Vec<_> = state.ended.iter().cloned().chain(live).collect();
        drop(state);
        totals.add_all(&actors);
        // The ledger of an actor that ended meanwhile may already count refusals after its end,
        // which its sum does not contain: the next call must not return less.
        let mut state = self.state.lock();
        totals.raise(&state.reported);
        state.reported = totals.clone();
        drop(state);
        totals
    }

    /// Returns every live actor, in order of start.
    pub(crate) fn actors(&self) -> Vec<(ActorName, Arc<dyn AnyActor>)> {
        // Room is made before the lock is taken; more actors may come in between.
        let mut actors = Vec::with_capacity(self.len());
        let state = self.state.lock();
        let live = state.actors.iter();
        actors.extend(
            live.filter_map(|(name, entry)| Some((entry.serial, name.clone(), entry.actor.upgrade()?))),
        );
        drop(state);
        // Serial numbers differ, and the unstable sort needs no memory.
        actors.sort_unstable_by_key(|(serial, ..)| *serial);
        actors.into_iter().map(|(_, name, actor)| (name, actor)).collect()
    }
}

/// A shutdown in progress. While one exists, the registry keeps actors that have ended, to count
/// refusals after their end.
pub(crate) struct Closing<'a>(&'a Registry);

impl<'a> Closing<'a> {
    pub(crate) fn begin(registry: &'a Registry) -> Self {
        registry.state.lock().closings += 1;
        Closing(registry)
    }

    /// Returns the summed ledgers of all actors, live and ended.
    pub(crate) fn all(&self) -> Row {
        let state = self.0.state.lock();
        let past = state.past;
        // Listed under one lock, so that an actor that ends meanwhile is counted once.
        let live = state.actors.values().filter_map(|entry| entry.actor.upgrade());
        let actors: Vec<_> = state.ended.iter().cloned().chain(live).collect();
        drop(state);
        sum(actors, past)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        loop {
            let mut before = self.0.state.lock();
            if before.closings > 1 {
                // Another shutdown still needs the kept actors, and releases them.
                before.closings -= 1;
                return;
            }
            let ended = before.ended.clone();
            drop(before);
            let total = sum(ended.iter().cloned(), Row::empty("total"));
            let mut of_types = Totals::default();
            of_types.add_all(&ended);
            // Replaces the kept actors by their sum in one step: a shutdown that begins meanwhile
            // finds each ledger exactly once.
            let mut after = self.0.state.lock();
            if after.closings == 1 && after.ended.len() == ended.len() {
                after.closings = 0;
                after.past.add(&total);
                of_types.0.iter().for_each(|(name, rows)| after.past_of_types.add(name, rows));
                let cells = std::mem::take(&mut after.ended);
                drop(after);
                // They may hold the last handles of other actors: dropped after the lock is
                // released.
                drop(cells);
                return;
            }
        }
    }
}

/// Summed ledgers by actor type, and by message type.
#[derive(Clone, Default)]
pub(crate) struct Totals(pub(crate) BTreeMap<&'static str, Vec<Row>>);

impl Totals {
    fn add(&mut self, type_name: &'static str, rows: &[Row]) {
        let sums = self.0.entry(type_name).or_default();
        for row in rows {
            match sums.iter_mut().find(|sum| sum.message == row.message) {
                Some(sum) => sum.add(row),
                None => sums.push(*row),
            }
        }
    }

    fn add_all(&mut self, actors: &[Arc<dyn AnyActor>]) {
        let mut rows = Vec::new();
        for actor in actors {
            actor.clone().rows(&mut rows);
            self.add(actor.type_name(), &rows);
        }
    }

    /// Raises each count to that of `before`.
    fn raise(&mut self, before: &Totals) {
        for (type_name, rows) in &before.0 {
            let sums = self.0.entry(type_name).or_default();
            for row in rows {
                match sums.iter_mut().find(|sum| sum.message == row.message) {
                    Some(sum) => sum.raise(row),
                    None => sums.push(*row),
                }
            }
        }
    }
}

/// Adds the ledgers of `actors` to `total`.
fn sum(actors: impl IntoIterator<Item = Arc<dyn AnyActor>>, mut total: Row) -> Row {
    actors.into_iter().for_each(|actor| total.add(&actor.total()));
    total
}

#[cfg(test)]
mod tests;
