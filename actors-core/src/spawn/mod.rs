//! Starting actors: the builder, with the settings that differ from the declared ones.
//!
//! ```text
//!   System::spawn, instance, actor ─┐
//!   Context::spawn, …               ├─► SpawnBuilder ── settings ──► start: check, make, register, start the task
//!                          (entry) ─┘                                (start)
//! ```

#[cfg(feature = "serde")]
mod configure;
mod entry;
mod factory;
mod outlet;
mod start;
#[cfg(not(feature = "serde"))]
mod without_serde;

pub use crate::error::{InvalidSettings, SpawnError, StartError};
pub use factory::{Makes, Many, One, Repeats};

use crate::actor::cell::Factory;
use crate::actor::children::Children;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler, Mail, Typed, TypedHandle};
use crate::env::System;
use crate::error::ActorName;
use crate::mailbox::Class;
use crate::policy::{Policy, Pressure, Rate, Restart, Schedule, Settings, Strategy};
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// A builder of an actor; see [`System::actor`] and [`System::instance`].
///
/// `K` is [`Many`] where `F` is a factory, and [`One`] where the actor is one value.
///
/// Each setting replaces the one that the actor declares. A later call replaces an earlier one.
#[must_use = "`spawn` starts the actor"]
pub struct SpawnBuilder<A: Actor, F, K = Many> {
    system: System,
    make: F,
    /// Makes the first instance, and the factory of later ones if there is one.
    begin: fn(F) -> (A, Option<Factory<A>>),
    restart: Restart,
    strategy: Strategy,
    parent: Option<Arc<Children>>,
    name: Option<ActorName>,
    pub(crate) settings: Settings,
    pub(crate) classes: Cow<'static, [Class]>,
    #[cfg(feature = "serde")]
    pub(crate) configured: crate::config::Configured,
    is_detached: bool,
    _marker: std::marker::PhantomData<fn() -> (A, K)>,
}

impl<A: Actor, F, K> fmt::Debug for SpawnBuilder<A, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnBuilder").field("name", &self.name).field("settings", &self.settings).finish()
    }
}

/// Settings of an actor from a factory.
impl<A: Actor, F, K> SpawnBuilder<A, F, K> {
    /// Sets what follows when an instance fails; [`Restart::on_failure`] by default.
    pub fn restart(mut self, restart: Restart) -> Self
    where
        K: Repeats,
    {
        self.restart = restart;
        self
    }

    /// Sets the least and greatest number of instances that share the mailbox (S4).
    pub fn workers(mut self, workers: RangeInclusive<usize>) -> Self
    where
        K: Repeats,
    {
        self.settings = self.settings.workers(*workers.start(), *workers.end());
        self
    }

    /// Sets how long an idle worker above the least number stays.
    pub fn keep_alive(mut self, time: Duration) -> Self
    where
        K: Repeats,
    {
        self.settings = self.settings.keep_alive(time);
        self
    }
}

impl<A: Actor, F, K> SpawnBuilder<A, F, K> {
    pub(crate) fn new(system: System, make: F, begin: fn(F) -> (A, Option<Factory<A>>)) -> Self {
        SpawnBuilder {
            system,
            make,
            begin,
            restart: Restart::on_failure(),
            strategy: Strategy::OneForOne,
            parent: None,
            name: None,
            settings: A::SETTINGS,
            classes: Cow::Borrowed(A::Mail::CLASSES),
            #[cfg(feature = "serde")]
            configured: Default::default(),
            is_detached: false,
            _marker: std::marker::PhantomData,
        }
    }

    /// Sets the actor's name, which is unique among the live actors of a system. By default it is
    /// the type's name and a number.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.name = Some(ActorName::new(name.as_ref()));
        self
    }

    /// Sets the number of slots in the mailbox.
    pub fn capacity(mut self, slots: usize) -> Self {
        self.settings = self.settings.capacity(slots);
        self
    }

    /// Sets the number of senders that may wait in line.
    pub fn max_waiting(mut self, senders: usize) -> Self {
        self.settings = self.settings.max_waiting(senders);
        self
    }

    /// Sets the number of slots that only `high` and `urgent` messages may take.
    pub fn reserve(mut self, slots: usize) -> Self {
        self.settings = self.settings.reserve(slots);
        self
    }

    /// Sets the number of timers, pipes and watches that may run at a time: 0 to
    /// [`JOBS_MAX`](crate::policy::JOBS_MAX) (F7).
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.settings = self.settings.jobs(jobs);
        self
    }

    /// Sets how many messages of all types together are admitted in a time (T7), apart from those
    /// of types that are exempt.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.settings = self.settings.rate(rate);
        self
    }

    /// Sets how many messages may be admitted at once under the actor's rate.
    pub fn burst(mut self, messages: usize) -> Self {
        self.settings = self.settings.burst(messages);
        self
    }

    /// Sets the bound on the summed weight of queued messages, in bytes.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings = self.settings.max_bytes(bytes);
        self
    }

    /// Sets how the lanes share turns.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings = self.settings.schedule(schedule);
        self
    }

    /// Sets when the mailbox is under pressure, and the responses to it (P1).
    pub fn pressure(mut self, pressure: Pressure) -> Self {
        self.settings = self.settings.pressure(pressure);
        self
    }

    /// Sets which children restart when one of them fails (F2). By default, only the failed one.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    pub(crate) fn child_of(mut self, siblings: Arc<Children>) -> Self {
        self.parent = Some(siblings);
        self
    }

    /// Sets the seed of everything random in this actor's mailbox.
    ///
    /// By default it is derived from the system's seed and the actor's name
    /// ([`SystemBuilder::seed`](crate::system::SystemBuilder::seed)).
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings = self.settings.seed(seed);
        self
    }

    /// Changes the policy of one message type for this actor.
    pub fn policy<M: Message>(mut self, change: impl FnOnce(Policy) -> Policy) -> Self
    where
        A: Handler<M>,
    {
        let class = &mut self.classes.to_mut()[A::CLASS];
        class.policy = change(class.policy);
        self
    }

    /// Makes the system keep the actor alive: it does not end with its last handle.
    pub fn detached(mut self) -> Self {
        self.is_detached = true;
        self
    }

    /// Starts the actor.
    ///
    /// # Errors
    /// A taken name, invalid settings, a factory that panicked, no runtime, a system that is
    /// shutting down, or a parent's instance that has ended.
    pub fn spawn<H>(self) -> Result<H, SpawnError>
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        match self.start()? {
            (_, Some(late)) => Err(late),
            (handle, None) => Ok(H::from_handle(handle)),
        }
    }

    /// Starts the actor like [`spawn`](Self::spawn). In a system that is shutting down, it returns
    /// a handle to a closed actor instead of an error.
    pub(crate) fn start_or_close<H>(self) -> Result<H, SpawnError>
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        self.start().map(|(handle, _)| H::from_handle(handle))
    }
}
