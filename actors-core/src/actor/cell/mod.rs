//! The cell of an actor: what all its handles share, and what outlives its turns.
//!
//! ```text
//!   Handle, WeakHandle ─┐
//!   the actor's task ───┼─► Cell ──┬─ mailbox: messages, and the seat between turns
//!   Context, jobs ──────┘          ├─ life, handles, failures, losses
//!                                  └─ gate, jobs, readings
//! ```
//!
//! | file | job |
//! |---|---|
//! | `mod.rs` | identity and fields |
//! | `packed.rs` | what the mailbox stores: packed messages, and the seat |
//! | `donated_until.rs` | the deadline of a turn that a sender has begun |
//! | `effects.rs` | critical sections of the mailbox, and their effects after the lock |
//! | `lifecycle.rs` | handles, stages, stop and kill |
//! | `restart.rs` | the factory, failures, and restarts |
//! | `workers.rs` | tasks of workers, the size of a pool, seats of turns that did not return |
//! | `losses.rs` | lost messages: reply, dead letter, log line |
//! | `spill.rs` | messages that go to the mailbox's store, and come back |
//! | `numbers.rs` | readings, ledger, policies |
//! | `observe.rs` | what observes turns: the meter, and spans |
//! | `stage.rs` | where turns of `async fn`s run, and how a sender leaves one to the actor's task |
//! | `turn_seat.rs` | the seat while such a turn owns it |
//!
//! A cell does not know the code that runs its turns. It gets a function that starts a worker's
//! task.
//!
//! **Invariant.** No lock of a cell is held while foreign code runs.

mod donated_until;
mod effects;
mod lifecycle;
mod losses;
mod numbers;
mod observe;
mod packed;
mod restart;
mod spill;
mod stage;
mod turn_seat;
mod workers;

pub(crate) use packed::{Packed, Seat};
pub(crate) use restart::{Factory, Restarts};
pub(crate) use spill::Placement;
pub(crate) use stage::{Stage, Suspended};
pub(crate) use turn_seat::TurnSeat;

use super::children::Children;
use super::gate::Gate;
use super::jobs::Table;
use super::outlet::{Outlet, OutletSlot};
use super::readings::Readings;
use super::{Actor, Mail};
use crate::env::System;
use crate::error::{ActorName, Life, LifeStage};
use crate::mailbox::{Mailbox, WorkerId};
use crate::observe::TurnSampler;
use crate::observe::losses::LossLog;
use crate::observe::span::ActorSpan;
use crate::policy::{RetryBudget, Strategy};
use crate::sync::Lock;
use donated_until::DonatedUntil;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use workers::Abandoned;

/// Starts the task of a worker, with its instance if it has one already.
pub(crate) type StartTask<A> = fn(&Arc<Cell<A>>, WorkerId, Option<Box<Seat<A>>>);

/// The parts of a cell that its builder provides, in addition to the mailbox.
pub(crate) struct CellParts<A: Actor> {
    pub(crate) run: StartTask<A>,
    pub(crate) name: ActorName,
    pub(crate) restarts: Option<Restarts<A>>,
    pub(crate) parent: Option<Arc<Children>>,
    pub(crate) strategy: Strategy,
    /// Takes its messages over, if the actor is in another place.
    pub(crate) outlet: Option<Arc<dyn Outlet<A>>>,
}

/// The state that all handles of one actor share.
///
/// What every send reads comes first, so that a send to an actor that is not in the cache waits for
/// few lines of it.
#[repr(C)]
pub(crate) struct Cell<A: Actor> {
    /// The gate that a sender checks before the mailbox.
    pub(crate) gate: Gate,
    /// Senders may run its turns: it is on a multi-thread runtime, and has one worker.
    pub(crate) may_donate: bool,
    /// It is on a multi-thread runtime, whose clock cannot be paused.
    pub(crate) is_multi_thread: bool,
    pub(crate) rt: runtime::Handle,
    pub(crate) span: ActorSpan,
    /// The meter of the system, if it has one.
    pub(super) turn_sampler: Option<Box<TurnSampler>>,
    /// The deadline of the turn that a sender has begun, once it was computed.
    pub(crate) donated_until: DonatedUntil,
    pub(crate) mailbox: Mailbox<Packed<A>, Box<Seat<A>>>,
    pub(crate) system: System,
    run: StartTask<A>,
    /// `None` for an actor from one value, which never restarts.
    pub(crate) restarts: Option<Box<Restarts<A>>>,
    /// The children to which this actor belongs, if it has a parent.
    pub(crate) parent: Option<Arc<Children>>,
    /// The rule by which its children restart when one of them fails.
    pub(crate) strategy: Strategy,
    /// Takes its messages over, if the actor is in another place. Then there is no instance here,
    /// and no message is queued.
    pub(crate) outlet: Option<Box<OutletSlot<A>>>,
    /// The number of handles, which keep the actor alive (F6).
    handles: AtomicUsize,
    /// The time when the last handle was dropped, if there was still work to do; 0 otherwise.
    unreferenced: AtomicU64,
    pub(crate) life: Arc<Life>,
    /// Seats of turns that did not return.
    abandoned: Lock<Option<Box<Abandoned<A>>>>,
    /// A turn that a sender has begun and that has to wait, until the actor's task takes it over.
    suspended: Lock<Option<Box<Suspended<A>>>>,
    /// Notified at every change of `life`.
    pub(crate) changed: Notify,
    /// What few actors need; made with the first use.
    pub(super) rare: OnceLock<Box<Rare>>,
    /// The timer that ends a drain.
    pub(crate) drain_timer: Lock<Option<AbortHandle>>,
    /// Made with the first loss that a subscriber hears of.
    losses: OnceLock<Box<LossLog>>,
    /// Running timers, pipes and watches (F7). Made with the first.
    pub(crate) jobs: OnceLock<Box<Lock<Table>>>,
}

/// What few actors need: 16 bytes in a cell instead of a few hundred.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) readings: Readings,
    /// What all handles may send again.
    retry_budget: Lock<RetryBudget>,
}

impl<A: Actor> Cell<A> {
    pub(crate) fn new(
        mailbox: Mailbox<Packed<A>, Box<Seat<A>>>,
        parts: CellParts<A>,
        system: System,
        rt: runtime::Handle,
    ) -> Arc<Self> {
        let CellParts { run, name, restarts, parent, strategy, outlet } = parts;
        let is_multi_thread = rt.runtime_flavor() == runtime::RuntimeFlavor::MultiThread;
        let stage = if A::STARTS && outlet.is_none() { LifeStage::Starting } else { LifeStage::Running };
        Arc::new(Cell {
            span: ActorSpan::new(&name),
            turn_sampler: TurnSampler::new(system.metering(), A::Mail::CLASSES.len()),
            life: Life::new(name, stage, |class| A::Mail::CLASSES[class].name()),
            system,
            is_multi_thread,
            may_donate: is_multi_thread && !mailbox.is_pool(),
            restarts: restarts.map(Box::new),
            parent,
            strategy,
            outlet: outlet.map(|outlet| Box::new(OutletSlot::new(outlet))),
            mailbox,
            gate: Gate::default(),
            rt,
            run,
            handles: AtomicUsize::new(0),
            unreferenced: AtomicU64::new(0),
            abandoned: Lock::new(None),
            suspended: Lock::new(None),
            donated_until: DonatedUntil::default(),
            changed: Notify::new(),
            rare: OnceLock::new(),
            drain_timer: Lock::new(None),
            losses: OnceLock::new(),
            jobs: OnceLock::new(),
        })
    }

    pub(crate) fn name(&self) -> &ActorName {
        self.life.name().expect("only a channel has no name")
    }

    /// How many refused sends may be tried again (P10).
    pub(crate) fn retry_budget(&self) -> &Lock<RetryBudget> {
        &self.rare().retry_budget
    }

    pub(super) fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }

    /// Returns the actor's identity: the address of its cell.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
