//! The environment that the actors of one system share: runtime, registry, watchlist, dead letters
//! and decisions.
//!
//! ```text
//!   System (a handle) ──► Inner ──┬─ runtime, seed, shutdown token, task tracker
//!                                 ├─ registry: every actor, its type erased (`AnyActor`)
//!                                 ├─ watchlist: mailboxes that request samples
//!                                 ├─ overdue: turns that run for too long
//!                                 ├─ departing: actors without a handle that have not ended yet
//!                                 └─ dead letters, decisions, loss reporter
//! ```
//!
//! An actor holds its system, so this module must not depend on actors: it sees them through
//! [`AnyActor`] and [`Subject`]. The layers above, `system` and `spawn`, define the public methods
//! of a `System`.
//!
//! **Invariant.** No foreign code runs under a lock of this module. A value that is removed from
//! the registry is dropped after the lock is released.

mod any;
mod departing;
mod overdue;
mod registry;
mod watchlist;

pub(crate) use any::AnyActor;
use departing::Departing;
use overdue::TurnWatch;
pub(crate) use registry::{Closing, Registry};
pub(crate) use watchlist::{SampleRequests, SamplingTask, Subject, SubjectState, Watchlist};

use crate::clock::{self, Tick};
use crate::deadlines::Deadlines;
use crate::error::{ActorName, SpawnError};
use crate::observe::losses::Reporter;
use crate::observe::{Decisions, Letters, LogLevels, Metering, TurnSpans};
use crate::runtime_guard::RuntimeGuard;
use crate::seed::Seed;
use crate::wait::{Deadlock, Waits};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A set of actors that are found, watched and shut down together. Cheap to clone.
///
/// It uses the tokio runtime in which it was made or, if it was made outside one, first used.
/// Dropping it does not affect its actors.
#[derive(Clone)]
pub struct System {
    inner: Arc<Inner>,
}

struct Inner {
    name: ActorName,
    seed: Seed,
    rt: OnceLock<runtime::Handle>,
    guard: RuntimeGuard,
    has_timers: OnceLock<bool>,
    has_lost_runtime: AtomicBool,
    serial: AtomicU64,
    /// When the system was made.
    since: Tick,
    registry: Registry,
    waits: Waits,
    token: CancellationToken,
    tracker: TaskTracker,
    letters: Letters,
    decisions: Decisions,
    watchlist: Watchlist,
    departing: Departing,
    turn_watch: TurnWatch,
    reporter: Reporter,
    metering: Metering,
    turn_spans: TurnSpans,
    deadlines: Deadlines,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actors = self.inner.registry.len();
        f.debug_struct("System").field("name", &self.inner.name).field("actors", &actors).finish()
    }
}

impl System {
    /// Makes a system without actors. `sampling` makes the task that samples the mailboxes on the
    /// watchlist.
    pub(crate) fn with(
        name: ActorName,
        seed: Seed,
        deadlock: Deadlock,
        metering: Metering,
        turn_spans: TurnSpans,
        log: LogLevels,
        sampling: SamplingTask,
    ) -> System {
        let rt = OnceLock::new();
        if let Ok(current) = runtime::Handle::try_current() {
            let _ = rt.set(current);
        }
        System {
            inner: Arc::new(Inner {
                name,
                seed,
                rt,
                guard: RuntimeGuard::default(),
                has_timers: OnceLock::new(),
                has_lost_runtime: AtomicBool::new(false),
                serial: AtomicU64::new(0),
                since: clock::now(),
                registry: Registry::default(),
                waits: Waits::new(deadlock),
                token: CancellationToken::new(),
                tracker: TaskTracker::new(),
                letters: Letters::default(),
                decisions: Decisions::new(log),
                watchlist: Watchlist::new(sampling),
                departing: Departing::default(),
                turn_watch: TurnWatch::default(),
                reporter: Reporter::default(),
                metering,
                turn_spans,
                deadlines: Deadlines::default(),
            }),
        }
    }

    /// Returns the system's name.
    pub fn name(&self) -> &ActorName {
        &self.inner.name
    }

    /// Returns a token that is cancelled when the system begins to shut down.
    pub fn token(&self) -> CancellationToken {
        self.inner.token.clone()
    }

    /// Returns the runtime of the system. If it has none yet, the current runtime becomes its own.
    pub(crate) fn runtime(&self) -> Result<runtime::Handle, SpawnError> {
        let rt = match self.inner.rt.get() {
            Some(rt) => rt.clone(),
            None => {
                let current = runtime::Handle::try_current().map_err(|_| SpawnError::NoRuntime)?;
                self.inner.rt.get_or_init(|| current).clone()
            }
        };
        // Checked once.
        let has_timers = self.inner.has_timers.get_or_init(|| clock::has_timers(&rt));
        if *has_timers { Ok(rt) } else { Err(SpawnError::NoTimers) }
    }

    /// Returns whether the runtime of the system has ended. Its timers must not be polled any more:
    /// they panic.
    pub(crate) fn has_lost_runtime(&self) -> bool {
        self.inner.has_lost_runtime.load(Ordering::Acquire)
    }

    /// Returns the runtime of the system, if it has one by now and that has not ended.
    pub(crate) fn living_runtime(&self) -> Option<&runtime::Handle> {
        self.inner.rt.get().filter(|_| !self.has_lost_runtime())
    }

    /// Returns why the closed registry starts no more actors.
    pub(crate) fn why_closed(&self) -> SpawnError {
        match self.has_lost_runtime() {
            true => SpawnError::RuntimeEnded(self.name().clone()),
            false => SpawnError::ShuttingDown(self.name().clone()),
        }
    }

    /// Returns the seed from which everything random in this system is derived.
    pub(crate) fn seed(&self) -> Seed {
        self.inner.seed
    }

    /// Makes sure that all actors end with the runtime, also those without a task. Called before an
    /// actor is registered.
    pub(crate) fn guard(&self, rt: &runtime::Handle) {
        let inner = Arc::downgrade(&self.inner);
        self.inner.guard.set(rt, move || {
            if let Some(inner) = inner.upgrade() {
                System { inner }.runtime_gone();
            }
        });
    }

    /// Ends all actors, because the runtime has ended. An actor that starts later is closed at
    /// once.
    fn runtime_gone(&self) {
        // Release: a thread that finds a timer of the runtime fired by its end sees this, too.
        self.inner.has_lost_runtime.store(true, Ordering::Release);
        self.inner.registry.close();
        for (_, actor) in self.inner.registry.actors() {
            actor.runtime_gone();
        }
        self.inner.deadlines.wake_all();
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The graph of its turns' waits (D1).
    pub(crate) fn waits(&self) -> &Waits {
        &self.inner.waits
    }

    pub(crate) fn tracker(&self) -> &TaskTracker {
        &self.inner.tracker
    }

    pub(crate) fn decision_log(&self) -> &Decisions {
        &self.inner.decisions
    }

    /// The levels of its log lines.
    pub(crate) fn log(&self) -> &LogLevels {
        self.inner.decisions.levels()
    }

    pub(crate) fn departing(&self) -> &Departing {
        &self.inner.departing
    }

    pub(crate) fn watchlist(&self) -> &Watchlist {
        &self.inner.watchlist
    }

    /// How long ago the system was made.
    pub(crate) fn uptime(&self) -> Duration {
        clock::now().since(self.inner.since)
    }

    pub(crate) fn metering(&self) -> &Metering {
        &self.inner.metering
    }

    /// How the spans of turns refer to those of senders.
    pub(crate) fn turn_spans(&self) -> TurnSpans {
        self.inner.turn_spans
    }

    /// The deadlines of the waits for its actors.
    pub(crate) fn deadlines(&self) -> &Deadlines {
        &self.inner.deadlines
    }

    pub(crate) fn reporter(&self) -> &Reporter {
        &self.inner.reporter
    }

    pub(crate) fn letters(&self) -> &Letters {
        &self.inner.letters
    }

    /// Returns the next serial number of this system.
    pub(crate) fn next_serial(&self) -> u64 {
        self.inner.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns a name for an actor without one: its type's name and a number.
    pub(crate) fn generate_name(&self, type_name: &str) -> ActorName {
        ActorName::numbered(type_name, self.next_serial() + 1)
    }
}
