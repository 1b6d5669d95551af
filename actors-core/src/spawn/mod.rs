//! Starting an actor: what it declares, and what is said differently here.

mod begin;
#[cfg(feature = "serde")]
mod configure;

use crate::actor::cell::{Cell, CellParts, Factory, Restarts, Seat};
use crate::actor::children::Children;
use crate::actor::context::Context;
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::actor::{Actor, Handler, Mail, Typed, TypedHandle};
use crate::env::{AnyActor, System};
use crate::error::{ActorName, Detail, SpawnError, StopReason};
use crate::mailbox::{Class, Effects, Mailbox};
use crate::panics::caught;
use crate::policy::{Limits, Order, Policy, Pressure, Restart, Schedule, Settings, Strategy};
use crate::seed::{Purpose, Seed};
use crate::{clock, run};
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// An actor about to be started; see [`System::actor`] and [`System::instance`].
#[must_use = "the actor is started by `spawn`"]
pub struct SpawnBuilder<A: Actor, F> {
    system: System,
    make: F,
    /// Makes the first instance; and what makes the others, where it can.
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
    _actor: std::marker::PhantomData<fn() -> A>,
}

impl<A: Actor, F> fmt::Debug for SpawnBuilder<A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnBuilder").field("name", &self.name).field("settings", &self.settings).finish()
    }
}

/// For an actor from a factory.
impl<A: Actor, F> SpawnBuilder<A, F> {
    /// What follows when an instance fails; [`Restart::on_failure`] by default.
    pub fn restart(mut self, restart: Restart) -> Self
    where
        F: Repeats<A>,
    {
        self.restart = restart;
        self
    }

    /// Instances that share the mailbox, instead of the declared number (S4).
    pub fn workers(mut self, workers: RangeInclusive<usize>) -> Self
    where
        F: Repeats<A>,
    {
        self.settings = self.settings.workers(*workers.start(), *workers.end());
        self
    }

    /// How long a worker above the least number stays that is not needed, instead of the declared time.
    pub fn keep_alive(mut self, time: Duration) -> Self
    where
        F: Repeats<A>,
    {
        self.settings = self.settings.keep_alive(time);
        self
    }
}

/// A factory that makes one instance after another, as [`System::actor`] takes it. Implemented for
/// every closure that can be called again; what [`System::instance`] gets is one value and makes no
/// second one.
#[diagnostic::on_unimplemented(
    message = "one instance has no workers and no restarts: they need a factory",
    label = "this actor was handed over as a value, so nothing can make a second instance",
    note = "write `system.actor(move || Shop::new(..))` instead of `system.instance(Shop::new(..))`"
)]
pub trait Repeats<A>: sealed::Sealed<A> {}

#[diagnostic::do_not_recommend]
impl<A, F: Fn() -> A + Send + Sync + 'static> Repeats<A> for F {}

/// A factory, as [`System::actor`] and [`Context::actor`] take it. Implemented for every closure that makes one
/// instance each time it is called.
///
/// [`Context::actor`]: crate::Context::actor
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a factory",
    label = "expected a closure that makes the actor's instances",
    note = "a factory makes another instance after a failure: `system.actor(move || Shop::new(..))`",
    note = "one value needs no factory: `system.spawn(shop)`, or `system.instance(shop)` for a builder"
)]
pub trait Makes<A>: Fn() -> A {}

#[diagnostic::do_not_recommend]
impl<A, F: Fn() -> A> Makes<A> for F {}

mod sealed {
    pub trait Sealed<A> {}
    impl<A, F: FnOnce() -> A> Sealed<A> for F {}
}

/// Without the feature `serde` no type implements this trait: the methods that need it name the
/// feature.
///
/// ```compile_fail,E0277
/// # use actors_core::prelude::*;
/// # struct Shop;
/// # #[actor(local)]
/// # impl Shop { #[message] fn viewed(&mut self) {} }
/// System::new("shop").instance(Shop).configure(&());
/// ```
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "configuration needs the feature `serde` of `actors-core`",
    label = "this method does nothing without the feature",
    note = "write `actors-core = {{ version = \"..\", features = [\"serde\"] }}` in Cargo.toml"
)]
pub trait NeedsFeatureSerde {}

/// Stand-ins that name the feature which the real methods need.
#[cfg(not(feature = "serde"))]
impl<A: Actor, F> SpawnBuilder<A, F> {
    /// Needs the feature `serde`.
    #[doc(hidden)]
    pub fn configure<C>(self, _: &C) -> Self
    where
        F: NeedsFeatureSerde,
    {
        self
    }

    /// Needs the feature `serde`.
    #[doc(hidden)]
    pub fn effective(&self) -> Result<std::convert::Infallible, SpawnError>
    where
        F: NeedsFeatureSerde,
    {
        Err(self.wrong(": the configuration needs the feature `serde`"))
    }
}

impl<A: Actor, F> SpawnBuilder<A, F> {
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
            _actor: std::marker::PhantomData,
        }
    }

    /// Names the actor; names are unique among the living actors of a system. Without one it is called after its type.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.name = Some(ActorName::new(name.as_ref()));
        self
    }

    /// Slots in the mailbox, instead of the declared number.
    pub fn capacity(mut self, slots: usize) -> Self {
        self.settings = self.settings.capacity(slots);
        self
    }

    /// Senders that may wait in line, instead of the declared number.
    pub fn max_waiting(mut self, senders: usize) -> Self {
        self.settings = self.settings.max_waiting(senders);
        self
    }

    /// Slots that only `high` and `urgent` may take, instead of the declared number.
    pub fn reserve(mut self, slots: usize) -> Self {
        self.settings = self.settings.reserve(slots);
        self
    }

    /// Timers, pipes and watches at a time, instead of the declared number; 0 for none, at most
    /// [`JOBS_MAX`](crate::JOBS_MAX) (F7).
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.settings = self.settings.jobs(jobs);
        self
    }

    /// Bound on the summed weight of queued messages, instead of the declared one.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings = self.settings.max_bytes(bytes);
        self
    }

    /// How lanes share turns, instead of the declared way.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.settings = self.settings.schedule(schedule);
        self
    }

    /// When the mailbox is under pressure and what is done about it, instead of what is declared (P1).
    pub fn pressure(mut self, pressure: Pressure) -> Self {
        self.settings = self.settings.pressure(pressure);
        self
    }

    /// Which of the actor's children begin anew when one of them fails (F2); only the one that failed, by default.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    pub(crate) fn child_of(mut self, siblings: Arc<Children>) -> Self {
        self.parent = Some(siblings);
        self
    }

    /// The seed of everything random in this actor's mailbox, instead of the one that is derived from the system's seed and the
    /// actor's name ([`SystemBuilder::seed`](crate::SystemBuilder::seed)).
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

    /// The system keeps the actor alive: it does not end with its last handle.
    pub fn detached(mut self) -> Self {
        self.is_detached = true;
        self
    }

    /// Starts the actor.
    ///
    /// # Errors
    /// A name taken, settings that cannot be, a factory that panicked, no runtime, a system that is shutting down.
    pub fn spawn<H>(self) -> Result<H, SpawnError>
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        let system = self.system.clone();
        let (handle, is_late) = self.start()?;
        match is_late {
            true => Err(SpawnError::ShuttingDown(system.name().clone())),
            false => Ok(H::from_handle(handle)),
        }
    }

    /// Starts the actor even in a system that is shutting down; there it is closed from the beginning.
    pub(crate) fn start_or_close<H>(self) -> Result<H, SpawnError>
    where
        A: Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        self.start().map(|(handle, _)| H::from_handle(handle))
    }

    fn wrong(&self, what: &str) -> SpawnError {
        let name = self.name.as_ref().map_or(A::NAME, ActorName::as_str);
        SpawnError::Settings(format!("actor `{name}`{what}"))
    }

    /// The limits, if everything that was said makes sense.
    pub(crate) fn limits(&self) -> Result<Limits, SpawnError> {
        let wrong = |why| self.wrong(&format!(": {why}"));
        #[cfg(feature = "serde")]
        self.configured.check(&self.settings, &self.classes).map_err(wrong)?;
        let limits = self.settings.limits().map_err(wrong)?;
        for class in &*self.classes {
            let wrong = |why| self.wrong(&format!(", message `{}`: {why}", class.name()));
            class.policy.check().map_err(wrong)?;
            if class.policy.keyed && class.policy.order != Order::Fifo && limits.workers.is_pool() {
                return Err(wrong(
                    "workers keep the messages of a key in the order in which they came; leave out \
                     `order = lifo_under_pressure`, or the key"
                        .into(),
                ));
            }
        }
        Ok(limits)
    }

    fn start(self) -> Result<(Handle<A>, bool), SpawnError> {
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
            return Err(SpawnError::Settings(format!(
                "actor `{name}`: several workers are made by a factory; write `system.actor(|| {}::new(…))` instead of \
                 handing one over",
                A::NAME
            )));
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
            };
            let cell = Cell::new(mailbox, parts, self.system.clone(), rt.clone());
            let seat = Box::new(Seat { actor, ctx: Context::new(cell.clone(), 0) });
            // Complete before anybody can find it.
            let seat = match limits.workers.is_pool() {
                true => Some(seat),
                false => {
                    cell.mailbox.install(seat, !A::STARTS);
                    None
                }
            };
            // The first handle exists before the actor can be found: one that is found has a handle at any time.
            let handle = Handle::new(cell.clone());
            match register(&self.system, &handle, self.is_detached) {
                Ok(is_late) => break (cell, handle, is_late, seat),
                Err(error) => match (
                    error,
                    seat.or_else(|| cell.mailbox.visit(&mut Effects::new(), |section| section.end())),
                ) {
                    // Somebody gave his actor the name that was invented: numbers do not run out.
                    (SpawnError::NameTaken(_), Some(seat)) if self.name.is_none() => actor = seat.actor,
                    (error, _) => return Err(error),
                },
            }
        };
        let joined = if is_late { Ok(false) } else { join_siblings(&cell) };
        let is_late = !matches!(joined, Ok(true));
        if is_late {
            cell.life.explain(if joined.is_ok() && cell.parent.is_none() {
                Detail::Shutdown
            } else {
                Detail::Parent
            });
            Cell::close(&cell, StopReason::Stopped);
        }
        if limits.workers.is_pool() {
            // Also where it is closed: somebody must see to its end.
            cell.start_pool(seat);
        } else if !is_late && A::STARTS && cell.mailbox.employ() {
            cell.start_task(0, None);
        }
        joined.map(|_| (handle, is_late))
    }
}

/// Registers a new actor. Returns `true` when the system is shutting down: then the actor must be closed at once.
fn register<A: Actor>(system: &System, handle: &Handle<A>, is_detached: bool) -> Result<bool, SpawnError> {
    let actor: Arc<dyn AnyActor> = handle.cell().clone();
    let keeper = is_detached.then(|| Box::new(handle.clone()) as Box<dyn Any + Send + Sync>);
    system.registry().add(&actor, system.next_serial(), keeper)
}

/// Adds a child to those of its parent. Returns `false` where the parent has ended meanwhile.
fn join_siblings<A: Actor>(cell: &Arc<Cell<A>>) -> Result<bool, SpawnError> {
    let Some(siblings) = &cell.parent else { return Ok(true) };
    siblings.add(cell.clone(), Box::new(Handle::new(cell.clone())))
}
