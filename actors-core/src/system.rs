//! The system: a name, a runtime, and every actor that is alive in it.

use crate::actor::any::AnyCell;
use crate::actor::cell::{Cell, Factory};
use crate::actor::handle::Handle;
use crate::actor::{Actor, Typed, TypedHandle};
use crate::error::{ActorName, Detail, SpawnError, StopReason};
use crate::mailbox::Row;
use crate::observe::losses::Reporter;
use crate::observe::{DeadLetters, Letters, Snapshot};
use crate::panics::caught;
use crate::runtime_guard::RuntimeGuard;
use crate::seed::Seed;
use crate::spawn::{Makes, SpawnBuilder};
use crate::supervise::{Decision, Leaving, Log, Supervisor};
use crate::sync::Lock;
use crate::system_builder::SystemBuilder;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longer than any process runs.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Past the limit of a shutdown, how long an actor that only now is told to stop may take to do so: enough for one that has
/// nothing to do.
const IDLE_MAX: Duration = Duration::from_millis(1);

/// After a kill, how long a shutdown waits for turns that are on a thread: they end by themselves or not at all.
const KILLED_MAX: Duration = Duration::from_millis(200);

/// Actors that ended during a shutdown and are kept until it is over, so that what is refused after their end is counted: about a
/// kilobyte each. Of more than that, later refusals are not in the report.
const ENDED_MAX: usize = 131_072;

/// Room for so many actors in the registry is not worth giving back.
const ROOM_KEPT: usize = 1024;

struct Entry {
    /// Order of start.
    serial: u64,
    cell: Weak<dyn AnyCell>,
    /// Tells apart two actors that had the same name one after the other.
    id: usize,
    /// Held for a detached actor: the system keeps it alive.
    _keeper: Option<Box<dyn Any + Send + Sync>>,
}

struct Registry {
    actors: HashMap<ActorName, Entry>,
    is_closed: bool,
    /// Books of the actors that have ended, but for those in `ended`.
    past: Row,
    /// Shutdowns under way.
    closings: usize,
    /// Actors that have ended while there is one; at most [`ENDED_MAX`].
    ended: Vec<Arc<dyn AnyCell>>,
}

struct Inner {
    name: ActorName,
    seed: Seed,
    rt: OnceLock<runtime::Handle>,
    guard: RuntimeGuard,
    has_timers: OnceLock<bool>,
    serial: AtomicU64,
    registry: Lock<Registry>,
    token: CancellationToken,
    tracker: TaskTracker,
    letters: Letters,
    log: Log,
    supervisor: Supervisor,
    leaving: Leaving,
    reporter: Reporter,
}

/// A set of actors that are found, watched and shut down together. Cheap to clone. It lives on the tokio runtime in which it
/// was made or, failing that, first used; dropping it changes nothing for its actors.
#[derive(Clone)]
pub struct System {
    inner: Arc<Inner>,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actors = self.inner.registry.lock().actors.len();
        f.debug_struct("System").field("name", &self.inner.name).field("actors", &actors).finish()
    }
}

/// What a shutdown left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Actors that handled everything they had accepted.
    pub drained: Vec<ActorName>,
    /// Actors that did not within the limit and were killed.
    pub killed: Vec<ActorName>,
    /// Actors that are still in a turn which does not end (their threads are theirs), and those that can only end after the turn
    /// in which `shutdown` was awaited.
    pub unfinished: Vec<ActorName>,
    /// Messages that were lost after the call: refused because their actor had closed, undelivered, expired, dropped or evicted by
    /// their policy, in a turn that panicked, or still in a `send_after`. What a sender withdrew, what a newer message replaced, and what a
    /// pipe or a watch had not made yet when its actor was stopped, is not lost.
    pub lost: u64,
    /// The books of every actor this system ever had, added up; of actors that ended during the shutdown also with what was refused
    /// after their end.
    pub total: Row,
}

impl ShutdownReport {
    /// Returns whether every actor drained and no message was lost after the call, by whatever fault: also one that an actor sent, or
    /// a client, to an actor that had stopped already.
    pub fn is_clean(&self) -> bool {
        self.killed.is_empty() && self.unfinished.is_empty() && self.lost == 0
    }
}

/// The books of some actors, added up.
fn sum(cells: impl IntoIterator<Item = Arc<dyn AnyCell>>, mut total: Row) -> Row {
    cells.into_iter().for_each(|cell| total.add(&cell.total()));
    total
}

/// A shutdown that is under way. While there is one, the cells of actors that have ended are kept, for what is refused after their
/// end.
struct Closing<'a>(&'a System);

impl<'a> Closing<'a> {
    fn begin(system: &'a System) -> Self {
        system.inner.registry.lock().closings += 1;
        Closing(system)
    }

    /// The books of all actors, ended or not.
    fn all(&self) -> Row {
        let registry = self.0.inner.registry.lock();
        let past = registry.past;
        // Under one lock: an actor that ends meanwhile is counted once.
        let live = registry.actors.values().filter_map(|entry| entry.cell.upgrade());
        let cells: Vec<_> = registry.ended.iter().cloned().chain(live).collect();
        drop(registry);
        sum(cells, past)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let registry = || self.0.inner.registry.lock();
        loop {
            let mut before = registry();
            if before.closings > 1 {
                // Another shutdown needs the cells, and does the rest.
                before.closings -= 1;
                return;
            }
            let ended = before.ended.clone();
            drop(before);
            let total = sum(ended.iter().cloned(), Row::empty("total"));
            // Cells and their sum change places in one step: a shutdown that begins meanwhile finds these books in one of them.
            let mut after = registry();
            if after.closings == 1 && after.ended.len() == ended.len() {
                after.closings = 0;
                after.past.add(&total);
                let cells = std::mem::take(&mut after.ended);
                drop(after);
                // The last handles of others may be in them.
                drop(cells);
                return;
            }
        }
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[ActorName]| names.iter().map(ActorName::as_str).collect::<Vec<_>>().join(", ");
        match self.drained.len() {
            1 => write!(f, "1 actor drained")?,
            many => write!(f, "{many} actors drained")?,
        }
        if !self.killed.is_empty() {
            write!(f, "; killed: {}", names(&self.killed))?;
        }
        if !self.unfinished.is_empty() {
            write!(f, "; still in a turn: {}", names(&self.unfinished))?;
        }
        write!(f, "; {} of {} messages undelivered", self.total.undelivered, self.total.offered)?;
        write!(f, "; {} lost during the shutdown", self.lost)
    }
}

impl System {
    /// Makes a system without actors, with a random seed; [`System::builder`] says more.
    pub fn new(name: impl AsRef<str>) -> System {
        System::builder(name).build()
    }

    /// Returns a builder of a system without actors.
    pub fn builder(name: impl AsRef<str>) -> SystemBuilder {
        SystemBuilder::new(ActorName::new(name.as_ref()))
    }

    pub(crate) fn with(name: ActorName, seed: Seed) -> System {
        let rt = OnceLock::new();
        if let Ok(current) = runtime::Handle::try_current() {
            let _ = rt.set(current);
        }
        let registry = Registry {
            actors: HashMap::new(),
            is_closed: false,
            past: Row::empty("total"),
            closings: 0,
            ended: Vec::new(),
        };
        System {
            inner: Arc::new(Inner {
                name,
                seed,
                rt,
                guard: RuntimeGuard::default(),
                has_timers: OnceLock::new(),
                serial: AtomicU64::new(0),
                registry: Lock::new(registry),
                token: CancellationToken::new(),
                tracker: TaskTracker::new(),
                letters: Letters::default(),
                log: Log::default(),
                supervisor: Supervisor::default(),
                leaving: Leaving::default(),
                reporter: Reporter::default(),
            }),
        }
    }

    /// The system's name.
    pub fn name(&self) -> &ActorName {
        &self.inner.name
    }

    /// Starts an actor with what it declares. It stops if it panics. In a system that was shut down it is closed from the
    /// beginning.
    ///
    /// # Panics
    /// Outside a tokio runtime, when the system was made outside one too; and when the actor declares several workers, which
    /// only a factory can make ([`System::actor`]). [`System::instance`] returns these as errors.
    #[track_caller]
    pub fn spawn<A, H>(&self, actor: A) -> H
    where
        A: Actor + Typed<H>,
        H: TypedHandle<Actor = A>,
    {
        match self.instance(actor).for_good() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// One actor, to be started with a builder.
    pub fn instance<A: Actor>(&self, actor: A) -> SpawnBuilder<A, impl FnOnce() -> A + use<A>> {
        SpawnBuilder::new(self.clone(), move || actor, |make| (make(), None))
    }

    /// An actor from a factory, to be started with a builder. Where it fails it begins anew with another instance
    /// ([`SpawnBuilder::restart`]), and there may be several at a time ([`SpawnBuilder::workers`]). The factory runs once in
    /// [`SpawnBuilder::spawn`], where a panic in it is an error.
    pub fn actor<A: Actor, F>(&self, factory: F) -> SpawnBuilder<A, F>
    where
        F: Makes<A> + Send + Sync + 'static,
    {
        SpawnBuilder::new(self.clone(), factory, |make| {
            let first = make();
            let factory: Factory<A> = Arc::new(make);
            (first, Some(factory))
        })
    }

    /// The actor of this name, if it is alive and of this handle's type.
    pub fn find<H: TypedHandle>(&self, name: &str) -> Option<H> {
        let cell = self.inner.registry.lock().actors.get(&ActorName::new(name))?.cell.upgrade()?;
        let cell = cell.as_any().downcast::<Cell<H::Actor>>().ok()?;
        Handle::another(cell).map(H::from_handle)
    }

    /// Cancelled when the system begins to shut down.
    pub fn token(&self) -> CancellationToken {
        self.inner.token.clone()
    }

    /// Reports of lost messages, from now on.
    pub fn dead_letters(&self) -> DeadLetters {
        self.inner.letters.subscribe()
    }

    /// What the runtime decided by itself about this system's actors, oldest first: the last 1024 decisions (P5).
    pub fn decisions(&self) -> Vec<Decision> {
        self.inner.log.all()
    }

    /// A picture of every actor that is alive.
    pub fn snapshot(&self) -> Snapshot {
        let actors = self.cells().into_iter().map(|(_, cell)| cell.snapshot()).collect();
        Snapshot { system: self.inner.name.to_string(), actors }
    }

    /// Stops every actor, the youngest first, so that an actor can use those that were started before it until it has drained.
    /// All of them together have `limit`; then the rest is killed. Returns when everything has ended, or shortly after the limit with
    /// the names of those whose turn does not end.
    ///
    /// The order knows only when actors were started, not who sends to whom. An actor that sends to a *younger* one finds it closed:
    /// what it still has in its queue is refused there, which the report counts as lost. Start sinks before their sources, or stop the
    /// sources first.
    ///
    /// Awaited inside an actor's turn it does not wait for actors that cannot end before that turn does, the actor itself first
    /// of all (D3): it stops them, and reports them as unfinished. Where another actor's turn waits for the calling turn, that
    /// wait fails as [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), so that the actor ends.
    ///
    /// # Cancel safety
    /// Cancel safe. Dropped while it is pending, it has stopped some actors and not yet others; another call goes on.
    ///
    /// # Overlapping calls
    /// Each call reports what was lost after its own first poll. So a loss during two shutdowns is in both reports, and what the first
    /// call lost before the second one began is in the first report only.
    pub async fn shutdown(&self, limit: Duration) -> ShutdownReport {
        let closing = Closing::begin(self);
        // Before anything is told to stop: what is lost from now on is lost by the shutdown.
        let before = closing.all().lost();
        self.inner.token.cancel();
        self.inner.registry.lock().is_closed = true;
        self.inner.tracker.close();
        // A limit beyond what a clock can say is none: a century.
        let end = Instant::now().checked_add(limit).unwrap_or_else(|| Instant::now() + FOREVER);
        let mut drained = Vec::new();
        let (mut late, mut after) = (Vec::new(), Vec::new());
        for (name, cell) in self.cells().into_iter().rev() {
            cell.explain(Detail::Shutdown);
            cell.clone().close();
            match tokio::time::timeout_at(end, cell.clone().ended()).await {
                Ok(Ok(StopReason::Killed)) => late.push((name, cell)),
                Ok(Ok(_)) => drained.push(name),
                // It ends after the turn that shuts the system down.
                Ok(Err(_)) => after.push((name, cell)),
                // Others are not to pay for it: they are closed in their turn, and have a moment each to be idle.
                Err(_) => match tokio::time::timeout(IDLE_MAX, cell.clone().ended()).await {
                    Ok(Ok(StopReason::Killed)) => late.push((name, cell)),
                    Ok(Ok(_)) => drained.push(name),
                    Ok(Err(_)) => after.push((name, cell)),
                    Err(_) => {
                        cell.clone().kill();
                        late.push((name, cell));
                    }
                },
            }
        }
        let (killed, mut unfinished) = self.await_killed(late).await;
        unfinished.extend(after.into_iter().map(|(name, _)| name));
        if unfinished.is_empty() {
            // The loops have said their last word; their tasks end with it.
            let _ = tokio::time::timeout(KILLED_MAX, self.inner.tracker.wait()).await;
        }
        let total = closing.all();
        self.inner.letters.close();
        let lost = total.lost().saturating_sub(before);
        ShutdownReport { drained, killed, unfinished, lost, total }
    }

    async fn await_killed(
        &self,
        late: Vec<(ActorName, Arc<dyn AnyCell>)>,
    ) -> (Vec<ActorName>, Vec<ActorName>) {
        let end = Instant::now() + KILLED_MAX;
        let (mut killed, mut unfinished) = (Vec::new(), Vec::new());
        for (name, cell) in late {
            match tokio::time::timeout_at(end, cell.closed()).await {
                Ok(_) => killed.push(name),
                Err(_) => unfinished.push(name),
            }
        }
        (killed, unfinished)
    }

    /// Every live actor, in order of start.
    fn cells(&self) -> Vec<(ActorName, Arc<dyn AnyCell>)> {
        let registry = self.inner.registry.lock();
        let live = registry.actors.iter();
        let mut cells: Vec<_> = live
            .filter_map(|(name, entry)| Some((entry.serial, name.clone(), entry.cell.upgrade()?)))
            .collect();
        drop(registry);
        cells.sort_by_key(|(serial, ..)| *serial);
        cells.into_iter().map(|(_, name, cell)| (name, cell)).collect()
    }

    // --- for the runtime itself ---------------------------------------------------------------------------------------

    pub(crate) fn runtime(&self) -> Result<runtime::Handle, SpawnError> {
        let rt = match self.inner.rt.get() {
            Some(rt) => rt.clone(),
            None => {
                let current = runtime::Handle::try_current().map_err(|_| SpawnError::NoRuntime)?;
                self.inner.rt.get_or_init(|| current).clone()
            }
        };
        // Asked once: tokio has no other way to say so than a panic.
        let has_timers = self.inner.has_timers.get_or_init(|| {
            let _inside = rt.enter();
            caught(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok()
        });
        if *has_timers { Ok(rt) } else { Err(SpawnError::NoTimers) }
    }

    /// What everything random in this system is derived from.
    pub(crate) fn seed(&self) -> Seed {
        self.inner.seed
    }

    /// Ends all actors with the runtime, also those that have no task in it. Called before an actor is entered.
    pub(crate) fn guard(&self, rt: &runtime::Handle) {
        let inner = Arc::downgrade(&self.inner);
        self.inner.guard.set(rt, move || {
            if let Some(inner) = inner.upgrade() {
                System { inner }.runtime_gone();
            }
        });
    }

    /// The runtime has ended. Actors that are started from now on are closed from the beginning.
    fn runtime_gone(&self) {
        self.inner.registry.lock().is_closed = true;
        for (_, cell) in self.cells() {
            cell.runtime_gone();
        }
    }

    pub(crate) fn tracker(&self) -> &TaskTracker {
        &self.inner.tracker
    }

    pub(crate) fn log(&self) -> &Log {
        &self.inner.log
    }

    pub(crate) fn leaving(&self) -> &Leaving {
        &self.inner.leaving
    }

    pub(crate) fn supervisor(&self) -> &Supervisor {
        &self.inner.supervisor
    }

    pub(crate) fn reporter(&self) -> &Reporter {
        &self.inner.reporter
    }

    pub(crate) fn letters(&self) -> &Letters {
        &self.inner.letters
    }

    /// A name nobody gave: the type's, and a number.
    pub(crate) fn invent_name(&self, kind: &str) -> ActorName {
        let serial = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        ActorName::new(&format!("{}-{}", kind.to_lowercase(), serial + 1))
    }

    /// Enters a new actor. `true` when the system is shutting down: then the actor is to be closed at once.
    pub(crate) fn enroll<A: Actor>(&self, handle: &Handle<A>, is_detached: bool) -> Result<bool, SpawnError> {
        let cell = handle.cell();
        let any: Arc<dyn AnyCell> = cell.clone();
        let serial = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        let mut registry = self.inner.registry.lock();
        let is_closed = registry.is_closed;
        if registry.actors.contains_key(&cell.name) {
            return Err(SpawnError::NameTaken(cell.name.clone()));
        }
        let keeper = is_detached.then(|| Box::new(handle.clone()) as Box<dyn Any + Send + Sync>);
        let entry = Entry { serial, cell: Arc::downgrade(&any), id: cell.id(), _keeper: keeper };
        registry.actors.insert(cell.name.clone(), entry);
        Ok(is_closed)
    }

    /// Strikes an actor that has ended off the list, and keeps its books.
    pub(crate) fn retire<A: Actor>(&self, cell: &Arc<Cell<A>>, total: &Row) {
        let mut registry = self.inner.registry.lock();
        match registry.closings > 0 && registry.ended.len() < ENDED_MAX {
            true => registry.ended.push(cell.clone()),
            false => registry.past.add(total),
        }
        let entry = match registry.actors.get(&cell.name) {
            Some(entry) if entry.id == cell.id() => registry.actors.remove(&cell.name),
            _ => None,
        };
        let (len, room) = (registry.actors.len(), registry.actors.capacity());
        if room > ROOM_KEPT && len < room / 4 {
            // Half of it, so that each move is paid for by as many actors that have ended.
            registry.actors.shrink_to(room / 2);
        }
        drop(registry);
        // A detached actor's last handle may be in it.
        drop(entry);
    }

    #[cfg(feature = "testing")]
    pub(crate) fn is_quiet(&self) -> bool {
        self.cells().into_iter().all(|(_, cell)| cell.is_quiet())
    }
}

#[cfg(test)]
mod tests;
