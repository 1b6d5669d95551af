//! Checks the settings of a builder, and starts its actor.
//!
//! **Invariant.** An actor is complete, with its seat in the mailbox and a first handle, before it
//! is registered. So an actor that can be found always has a handle, and can take messages.

use super::SpawnBuilder;
use crate::actor::Actor;
use crate::actor::cell::{Cell, CellParts, Restarts, Seat};
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::env::{AnyActor, System};
use crate::error::{ActorName, Detail, InvalidSettings, SettingsPlace, SpawnError, StopReason};
use crate::mailbox::{Effects, Mailbox, WorkerId};
use crate::panics::caught;
use crate::policy::{InvalidPolicy, Limits, Order};
use crate::seed::{Purpose, Seed};
use crate::{clock, run};
use std::any::Any;
use std::sync::Arc;

impl<A: Actor, F, K> SpawnBuilder<A, F, K> {
    /// The name of the actor, or of its type if it has no name.
    fn name_or_type(&self) -> &str {
        self.name.as_ref().map_or(A::NAME, ActorName::as_str)
    }

    /// Checks all settings, and returns the limits that follow from them.
    pub(crate) fn limits(&self) -> Result<Limits, SpawnError> {
        let wrong = |place, mistake| settings_error(self.name_or_type(), place, mistake);
        #[cfg(feature = "serde")]
        self.configured.check(&self.settings, &self.classes).map_err(|mistakes| {
            let place = SettingsPlace::Configuration;
            SpawnError::Settings(InvalidSettings::new(self.name_or_type(), place, mistakes))
        })?;
        let limits = self.settings.limits().map_err(|mistake| wrong(SettingsPlace::Actor, mistake))?;
        for class in &*self.classes {
            let place = SettingsPlace::Message(class.name());
            class.policy.check().map_err(|mistake| wrong(place, mistake))?;
            if class.policy.keyed && class.policy.order != Order::Fifo && limits.workers.is_pool() {
                let why = "workers handle the messages of one key in the order of their arrival; leave out \
                           `order = lifo_under_pressure`, or the key";
                return Err(wrong(place, InvalidPolicy::new("order", why)));
            }
        }
        Ok(limits)
    }

    /// Starts the actor. Returns its handle and, if it was closed at once because the system, its
    /// runtime or the parent has ended, the error that says so.
    pub(super) fn start(self) -> Result<(Handle<A>, Option<SpawnError>), SpawnError> {
        let rt = self.system.runtime()?;
        self.system.guard(&rt);
        let limits = self.limits()?;
        let (begin, make) = (self.begin, self.make);
        let (mut actor, factory) = caught(|| begin(make)).map_err(|text| {
            let actor = self.name.clone().unwrap_or_else(|| ActorName::new(A::NAME));
            SpawnError::FactoryPanicked { actor, text }
        })?;
        if factory.is_none() && limits.workers.is_pool() {
            let name = self.name.as_ref().map_or(A::NAME, ActorName::as_str);
            let why = format!(
                "several workers need a factory; write `system.actor(|| {}::new(…))` instead of passing one value",
                A::NAME
            );
            return Err(settings_error(name, SettingsPlace::Actor, InvalidPolicy::new("workers", why)));
        }
        let (cell, handle, is_late, seat) = loop {
            let name = self.name.clone().unwrap_or_else(|| self.system.generate_name(A::NAME));
            let seed = self.system.seed().of(name.as_str());
            let of_mailbox = self.settings.declared_seed().map_or(seed, Seed::new);
            let mailbox = Mailbox::new(limits, self.classes.clone(), None, clock::now, of_mailbox);
            let restarts = factory
                .clone()
                .map(|factory| Restarts::new(factory, self.restart, seed.stream(Purpose::Backoff)));
            let parts = CellParts {
                run: run::start_task,
                name,
                restarts,
                parent: self.parent.clone(),
                strategy: self.strategy,
                outlet: None,
            };
            let cell = Cell::new(mailbox, parts, self.system.clone(), rt.clone());
            let seat = Seat::new(actor, Context::new(cell.clone(), WorkerId::ONLY));
            // Complete before it can be found.
            let seat = match limits.workers.is_pool() {
                true => Some(seat),
                false => {
                    cell.mailbox.install(seat, !A::STARTS);
                    None
                }
            };
            // The first handle exists before the actor can be found: a found actor always has one.
            let handle = Handle::new(cell.clone());
            match register(&self.system, &handle, self.is_detached) {
                Ok(is_late) => break (cell, handle, is_late, seat),
                Err(error) => match (
                    error,
                    seat.or_else(|| cell.mailbox.visit(&mut Effects::new(), |section| section.end())),
                ) {
                    // Another actor has the generated name: the next number may be free.
                    (SpawnError::NameTaken(_), Some(seat)) if self.name.is_none() => actor = seat.actor,
                    (error, _) => return Err(error),
                },
            }
        };
        let joined = if is_late { Ok(false) } else { join_siblings(&cell) };
        let late = match (&joined, &cell.parent) {
            (Ok(true), _) => None,
            (Ok(false), Some(siblings)) if !is_late => Some(SpawnError::ParentEnded(siblings.name())),
            _ => Some(self.system.why_closed()),
        };
        let is_late = late.is_some();
        if is_late {
            cell.life.explain(if joined.is_ok() && cell.parent.is_none() {
                Detail::Shutdown
            } else {
                Detail::Parent
            });
            Cell::close(&cell, StopReason::Stopped);
        }
        if limits.workers.is_pool() {
            // Also if it is closed: the workers end it.
            cell.start_pool(seat);
        } else if !is_late && A::STARTS && cell.mailbox.start_consumer() {
            cell.start_task(WorkerId::ONLY, None);
        }
        joined.map(|_| (handle, late))
    }
}

/// Makes the error about one mistake in the settings of an actor.
pub(super) fn settings_error(actor: &str, place: SettingsPlace, mistake: InvalidPolicy) -> SpawnError {
    SpawnError::Settings(InvalidSettings::new(actor, place, vec![mistake]))
}

/// Registers a new actor. Returns `true` if the system is shutting down: then the caller must close
/// the actor.
pub(super) fn register<A: Actor>(
    system: &System,
    handle: &Handle<A>,
    is_detached: bool,
) -> Result<bool, SpawnError> {
    let actor: Arc<dyn AnyActor> = handle.cell().clone();
    let keeper = is_detached.then(|| Box::new(handle.clone()) as Box<dyn Any + Send + Sync>);
    system.registry().add(&actor, system.next_serial(), keeper)
}

/// Adds a child to its parent's children. Returns `false` if the parent has ended meanwhile.
fn join_siblings<A: Actor>(cell: &Arc<Cell<A>>) -> Result<bool, SpawnError> {
    let Some(siblings) = &cell.parent else { return Ok(true) };
    siblings.add(cell.clone(), Box::new(Handle::new(cell.clone())))
}
