//! Handles to actors in another place.

use super::start::{register, settings_error};
use crate::actor::cell::{Cell, CellParts};
use crate::actor::handle::Handle;
use crate::actor::outlet::Outlet;
use crate::actor::{Actor, Mail, Typed, TypedHandle};
use crate::env::System;
use crate::error::{ActorName, SettingsPlace, SpawnError, StopReason};
use crate::mailbox::{Effects, Mailbox};
use crate::policy::{MAX_BYTES_MAX, Pressure, Strategy};
use crate::{clock, run};
use std::borrow::Cow;
use std::sync::Arc;

impl System {
    /// Registers an actor that is in another place, and returns its typed handle: what is sent to
    /// it goes through `outlet`. It is found by its name like any other actor, and ends, here, with
    /// its last handle, a stop or the system.
    ///
    /// Its ledger is the sender's side; see [`outlet`](crate::outlet).
    ///
    /// # Errors
    /// A name taken, no runtime, a system that is shutting down.
    pub fn outlet<A, H>(&self, name: impl AsRef<str>, outlet: impl Outlet<A>) -> Result<H, SpawnError>
    where
        A: Actor + Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        let rt = self.runtime()?;
        self.guard(&rt);
        let name = ActorName::new(name.as_ref());
        // Bytes are weighed, so that no message takes the fast path. There are no workers, and no
        // pressure, on this side.
        let settings = A::SETTINGS.workers(1, 1).pressure(Pressure::new()).max_bytes(MAX_BYTES_MAX);
        let mut limits =
            settings.limits().map_err(|why| settings_error(name.as_str(), SettingsPlace::Actor, why))?;
        limits.pressure = None;
        let classes = Cow::Borrowed(A::Mail::CLASSES);
        let seed = self.seed().of(name.as_str());
        let mailbox = Mailbox::new(limits, classes, None, clock::now, seed);
        let outlet: Arc<dyn Outlet<A>> = Arc::new(outlet);
        let parts = CellParts {
            run: run::end_outlet,
            name,
            restarts: None,
            parent: None,
            strategy: Strategy::OneForOne,
            outlet: Some(outlet),
        };
        let cell = Cell::new(mailbox, parts, self.clone(), rt);
        let handle = Handle::new(cell.clone());
        let is_late = register(self, &handle, false).inspect_err(|_| {
            // It was never there: its end is not reported in the name of the actor that is.
            cell.mailbox.visit(&mut Effects::new(), |section| section.end());
        })?;
        if is_late {
            Cell::close(&cell, StopReason::Stopped);
            return Err(self.why_closed());
        }
        Ok(H::from_handle(handle))
    }
}
