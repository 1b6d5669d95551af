//! The state of a worker's loop.

use crate::actor::Actor;
use crate::actor::cell::{Cell, Packed, Seat, Stage, Suspended};
use crate::clock::Tick;
use crate::current;
use crate::error::{Reason, StartError, StopReason};
use crate::mailbox::{ClassId, Effects, Taker, WorkerId};
use crate::observe::ObservedTurn;
use crate::panics::caught;
use crate::policy::lifecycle::Lifecycle;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// The state of a worker's loop.
///
/// If it is dropped before its life has ended, the runtime has ended or has dropped the task. Then
/// its `Drop` ends the actor, and runs no user code except drops.
pub(super) struct Runner<A: Actor> {
    pub(super) cell: Arc<Cell<A>>,
    /// Decides what follows each event. Only [`Runner::on`] changes it.
    pub(super) life: Lifecycle,
    pub(super) taker: Taker<Packed<A>, Box<Seat<A>>>,
    pub(super) effects: Effects<Packed<A>>,
    /// The stage of the `async fn`'s turn that runs. Its future owns the seat.
    pub(super) stage: Option<Stage<A>>,
    /// The message of that turn, once it was suspended.
    pub(super) suspended: TurnInfo,
    /// The turn that runs, if the meter samples it (L6) or it has a span (L7).
    pub(super) observed: Option<Box<ObservedTurn>>,
    /// A panic has unwound through the state: it is not used again (F1).
    pub(super) is_poisoned: bool,
    /// The error of the latest start, if it failed.
    pub(super) failed: Option<StartError>,
    /// Why the next instance replaces the one before, and after which delay. For the log.
    pub(super) replaces: Option<(StopReason, Duration)>,
    /// Its number among the workers.
    pub(super) worker: WorkerId,
}

/// The data of a message that the loop needs during its turn, while the handler owns the message.
#[derive(Clone, Copy)]
pub(super) struct TurnInfo {
    pub(super) class: ClassId,
    pub(super) stamp: Tick,
    pub(super) deadline: Tick,
    /// An earlier poll of the turn has entered the wait graph (D1).
    pub(super) has_waited: bool,
}

impl TurnInfo {
    const NONE: TurnInfo =
        TurnInfo { class: ClassId::new(0), stamp: Tick::ZERO, deadline: Tick::NEVER, has_waited: false };
}

impl<A: Actor> Runner<A> {
    pub(super) fn new(cell: Arc<Cell<A>>, worker: WorkerId, seat: Option<Box<Seat<A>>>) -> Self {
        let mut taker = Taker::new(worker);
        taker.seat = seat;
        Runner {
            cell,
            life: Lifecycle::new(),
            taker,
            effects: Effects::new(),
            stage: None,
            suspended: TurnInfo::NONE,
            observed: None,
            is_poisoned: false,
            failed: None,
            replaces: None,
            worker,
        }
    }

    pub(super) fn worker(&self) -> WorkerId {
        self.worker
    }

    pub(super) fn seat(&mut self) -> Option<&mut Seat<A>> {
        self.taker.seat.as_deref_mut()
    }

    pub(super) fn give_seat(&mut self, seat: Box<Seat<A>>) {
        self.taker.seat = Some(seat);
    }

    /// Takes the seat out of the mailbox, and registers the task as the one to wake.
    pub(super) async fn take_seat(&mut self) {
        std::future::poll_fn(|cx| {
            self.taker.take_seat(&self.cell.mailbox, cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Takes the instance away from the loop, also if its turn has abandoned it.
    pub(super) fn remove_seat(&mut self) -> Option<Box<Seat<A>>> {
        self.taker.seat.take().or_else(|| self.cell.take_abandoned_seat(self.worker))
    }

    /// Returns whether a job that the instance started has panicked (F7).
    pub(super) fn has_failed_job(&mut self) -> bool {
        self.seat().is_some_and(|seat| seat.ctx.has_failed())
    }

    /// Returns why the actor was told to end.
    pub(super) fn why_finished(&self) -> StopReason {
        // The signal is read first: the reason for a kill is written before it.
        let is_killed = self.cell.mailbox.is_killed();
        let otherwise = if is_killed { StopReason::Killed } else { StopReason::Stopped };
        self.cell.life.lock().requested().unwrap_or(otherwise)
    }

    /// Returns the message whose turn has begun. Valid until the next message is taken.
    pub(super) fn current(&mut self) -> TurnInfo {
        self.taker.current().map_or(TurnInfo::NONE, |taken| TurnInfo {
            class: taken.class,
            stamp: taken.stamp,
            deadline: taken.deadline,
            has_waited: false,
        })
    }

    /// Takes over the turn that a sender has begun, if there is one.
    pub(super) fn take_over(&mut self) {
        let Some(turn) = self.cell.take_suspended() else { return };
        let Suspended { stage, class, deadline, has_waited, observed } = *turn;
        // It was never queued.
        self.suspended = TurnInfo { class, stamp: Tick::ZERO, deadline, has_waited };
        (self.stage, self.observed) = (Some(stage), observed);
    }

    /// Drops the turn that runs, if there is one, at its await.
    ///
    /// # Errors
    /// The text of a panic: the turn's locals are user code.
    pub(super) fn drop_turn(&mut self) -> Result<(), String> {
        let Some(mut stage) = self.stage.take() else { return Ok(()) };
        self.resume_observed();
        let dropped = caught(|| stage.clear());
        self.suspend_observed();
        self.taker.seat = self.cell.take_abandoned_seat(self.worker);
        dropped
    }

    /// Enters the span of the turn that runs, if it has one.
    #[inline]
    pub(super) fn resume_observed(&mut self) {
        if let Some(turn) = &mut self.observed {
            turn.resume();
        }
    }

    /// Leaves the span of the turn that runs, if it has one.
    #[inline]
    pub(super) fn suspend_observed(&mut self) {
        if let Some(turn) = &mut self.observed {
            // What a subscriber sends is not sent by the turn.
            let _outside = current::enter(current::Turn::NONE);
            turn.suspend();
        }
    }

    /// Counts the current turn as ended without an answer.
    pub(super) fn fail_turn(&mut self, reason: Reason) {
        let worker = self.worker;
        self.cell.mailbox.visit(&mut self.effects, |section| section.fail_turn(worker, reason));
        self.cell.apply(&mut self.effects);
    }

    /// Returns claimed messages whose turn has not begun to the mailbox.
    pub(super) fn put_back(&mut self) {
        self.taker.put_back(&self.cell.mailbox, &mut self.effects);
        self.cell.apply(&mut self.effects);
    }

    /// Clears requests for a new instance, because one is about to be made.
    pub(super) fn clear_restart_requests(&mut self) {
        self.cell.mailbox.clear_restart_request(self.worker);
        if !self.cell.mailbox.is_pool() {
            self.cell.life.lock().has_failed_child = false;
        }
    }

    /// Prepares the mailbox for the first turn of a new instance.
    pub(super) fn begin_instance(&mut self) {
        self.cell.mailbox.visit(&mut self.effects, |section| section.begin_instance());
        self.cell.apply(&mut self.effects);
    }
}
