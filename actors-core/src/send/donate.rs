//! Turns that senders run (S6): a plain `fn` to its end, an `async fn` to its first await.
//!
//! ```text
//!   idle? short turns? ──► seat ──► plain fn: run ──────────────────────► seat back
//!                             └───► async fn: begin, poll once ──► ready: seat back
//!                                                              └─► pending: the actor's task takes over
//! ```
//!
//! The first poll runs on the sender's stack and in its task: it spends the sender's budget, and
//! sees its task-locals. The actor's task does the other polls. What the turn waits for wakes that
//! task, because the first poll has a waker of the actor's (`actor/cell/stage.rs`).

use super::class_of;
use super::journey::{Journey, Step};
use crate::actor::cell::{Cell as ActorCell, Seat, Stage, Suspended, TurnSeat};
use crate::actor::message::{Envelope, Message};
use crate::actor::{Actor, Handler, Inline};
use crate::clock::{self, Span, Tick};
use crate::current::{self, worker};
use crate::error::Reason;
use crate::mailbox::{ClassId, SeatAttempt, SeatUse, WorkerId};
use crate::observe::Observers;
use crate::observe::span::ActorSpan;
use crate::panics::ignored;
use crate::reply::ReplySender;
use crate::turn::{self, Polled};
use crate::wait;
use std::cell::Cell;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};
use tokio::task::coop;

/// Turns that one thread runs inside each other. A plain `fn` that polls a send runs the next
/// actor's turn on its own stack, and that turn may do the same; so may a meter or a subscriber.
/// Further ones go through the queue.
const LEVELS_MAX: u8 = 8;
/// The same for an `async fn`, whose locals up to its first await are on that stack too: an
/// `async fn` that asks is more common, and needs more of it.
const POLL_LEVELS_MAX: u8 = 4;
/// The largest future of a turn that a sender polls. In a debug build its poll takes about eight
/// times as much of the stack, so four of them take half a megabyte.
const FUTURE_MAX: usize = 16 * 1024;

thread_local! {
    static LEVELS: Cell<u8> = const { Cell::new(0) };
}

thread_local! {
    /// The actor that this thread has last found crowded, and the number of tells that it sends
    /// there without a try. An actor that is made at the same address later inherits it: a tell
    /// that is not tried only goes through the queue.
    static CROWDED: Cell<usize> = const { Cell::new(0) };
    static UNTRIED: Cell<u16> = const { Cell::new(0) };
}

/// Whether a tell to this actor is better not tried. Where several senders keep an actor at work,
/// the queue is faster: there a batch shares a lock and a wake-up. Counts the tell.
#[inline]
fn is_crowded(actor: usize) -> bool {
    CROWDED.get() == actor && leave_out()
}

#[cold]
fn leave_out() -> bool {
    let sends = UNTRIED.get();
    match sends.checked_sub(1) {
        Some(rest) => UNTRIED.set(rest),
        None => CROWDED.set(0),
    }
    sends > 0
}

/// Waits for the seat, if it is worth it. Returns it, and whether the turn must be measured.
#[cold]
fn wait_for_seat<A: Actor>(
    cell: &ActorCell<A>,
    class: ClassId,
    is_ask: bool,
    why: &SeatAttempt<Box<Seat<A>>>,
) -> Option<(Box<Seat<A>>, bool)> {
    match why {
        // This thread polls a turn of that very actor: the seat does not come back meanwhile.
        SeatAttempt::Busy if current::get().is_some_and(|turn| turn.cell == cell.id()) => None,
        SeatAttempt::Busy => cell.mailbox.wait_for_seat(class, is_ask),
        SeatAttempt::Crowded(sends) => {
            CROWDED.set(cell.id());
            UNTRIED.set(*sends);
            None
        }
        SeatAttempt::Taken { .. } | SeatAttempt::Unavailable => None,
    }
}

/// A donated turn on this thread's stack.
struct Level(());

impl Level {
    /// `None` where there are too many.
    #[inline]
    fn enter(max: u8) -> Option<Level> {
        let levels = LEVELS.get();
        (levels < max).then(|| {
            LEVELS.set(levels + 1);
            Level(())
        })
    }
}

impl Drop for Level {
    #[inline]
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
    }
}

/// The outcome of an attempt to run a turn.
pub(super) enum Attempt<R> {
    /// It ran: the answer, or why there is none.
    Done(Result<R, Reason>),
    /// It has begun. The answer comes, or is here already, through the sender that was passed.
    Begun,
    /// The task's budget is spent. Nothing has happened; the task is woken to try again.
    Yield,
    /// Nothing has happened, and the message takes the way through the queue.
    No,
}

impl<A: Handler<M>, M: Message> Journey<'_, A, M> {
    /// Runs the turn of a fresh message at once, or begins it, if the actor is idle and turns of
    /// the type are short. `asker` makes the side that gets the answer of a turn that is begun.
    #[inline]
    pub(super) fn donate(
        &mut self,
        cx: &mut Context<'_>,
        is_ask: bool,
        asker: impl FnOnce() -> Option<ReplySender<M::Reply>>,
    ) -> Attempt<M::Reply> {
        if A::INLINE.is_none() && (!A::FIRST_POLL || is_large::<A>()) {
            return Attempt::No;
        }
        if !self.is_plain()
            || self.is_blocking()
            || !self.handle().cell().may_donate
            || (!is_ask && is_crowded(self.handle().cell().id()))
            || !worker::is_here(cx.waker(), &self.handle().cell().rt)
            || !self.handle().cell().span.hides_others()
        {
            return Attempt::No;
        }
        match A::INLINE {
            Some(run) => self.run(run, cx, is_ask),
            None => self.begin(cx, is_ask, asker),
        }
    }

    /// Returns the deadline that the turn inherits. `None` if the message must not be handled any
    /// more.
    #[inline]
    fn inherited(own: Span, is_ask: bool) -> Option<Tick> {
        let deadline = match is_ask || !own.is_none() {
            true => current::get().map_or(Tick::NEVER, |turn| turn.until()),
            false => Tick::NEVER,
        };
        let is_late = deadline != Tick::NEVER && deadline <= clock::now();
        // A message past its deadline is never handled (T1); the way through the queue reports it.
        (!is_late && own != Span::of(Duration::ZERO)).then_some(deadline)
    }

    /// The task's budget is spent: yields, once. Where the time of a send runs it goes through the
    /// queue instead, and so it does where it was polled again without a budget.
    #[cold]
    fn yields(&mut self, is_ask: bool) -> Attempt<M::Reply> {
        let has_ttl = self.handle().cell().mailbox.ttl(self.class()).is_some();
        match is_ask || has_ttl || !self.own_timeout().is_none() || self.note_yield() {
            true => Attempt::No,
            false => Attempt::Yield,
        }
    }

    /// Returns the turn as its sends will know it.
    #[inline]
    fn scope(cell: &ActorCell<A>, own: Span, deadline: Tick, is_ask: bool) -> current::Turn {
        let timeout = match is_ask && own.is_none() && deadline == Tick::NEVER {
            true => Span::of(cell.mailbox.timeout(class_of::<A, M>())),
            false => own,
        };
        current::Turn::donated(cell.id(), deadline, timeout)
    }

    /// Runs the turn of a plain `fn`.
    fn run(&mut self, run: Inline<A, M>, cx: &mut Context<'_>, is_ask: bool) -> Attempt<M::Reply> {
        let Some(_level) = Level::enter(LEVELS_MAX) else { return Attempt::No };
        let (own, class) = (self.own_timeout(), self.class());
        let (cell, step) = self.parts();
        let Some(deadline) = Self::inherited(own, is_ask) else { return Attempt::No };
        let (seat, is_timed) = match cell.mailbox.take_seat(class, is_ask) {
            SeatAttempt::Taken { seat, is_timed } => (seat, is_timed),
            other => match wait_for_seat(cell, class, is_ask, &other) {
                Some(taken) => taken,
                None => return Attempt::No,
            },
        };
        let mut guard = SeatGuard { cell, class, seat: Some(seat), used: SeatUse::Unused };
        if is_timed && must_yield(cx) {
            drop(guard);
            return self.yields(is_ask);
        }
        guard.used = SeatUse::Panicked;
        let message = taken(step);
        let scope = Self::scope(cell, own, deadline, is_ask);
        let observers = cell.observers();
        if observers.any() {
            return Attempt::Done(run_observed(guard, run, message, scope, (is_timed, observers)));
        }
        let result = guard.run_turn(run, message, scope, &cell.span, is_timed);
        drop(guard);
        Attempt::Done(result.map_err(|text| report_panic(cell, class, text)))
    }

    /// Begins the turn of an `async fn`, and polls it once.
    fn begin(
        &mut self,
        cx: &mut Context<'_>,
        is_ask: bool,
        asker: impl FnOnce() -> Option<ReplySender<M::Reply>>,
    ) -> Attempt<M::Reply> {
        let Some(_level) = Level::enter(POLL_LEVELS_MAX) else { return Attempt::No };
        let (own, class) = (self.own_timeout(), self.class());
        let (cell, step) = self.parts();
        let Some(deadline) = Self::inherited(own, is_ask) else { return Attempt::No };
        let (seat, is_timed) = match cell.mailbox.take_seat(class, is_ask) {
            SeatAttempt::Taken { seat, is_timed } => (seat, is_timed),
            other => match wait_for_seat(cell, class, is_ask, &other) {
                Some(taken) => taken,
                None => return Attempt::No,
            },
        };
        let mut guard = SeatGuard { cell, class, seat: Some(seat), used: SeatUse::Unused };
        // With a spent budget, all that the turn awaits would be pending.
        if (is_timed || !coop::has_budget_remaining()) && must_yield(cx) {
            drop(guard);
            return self.yields(is_ask);
        }
        let message = taken(step);
        *step = Step::TakenOver;
        let mut scope = Self::scope(cell, own, deadline, is_ask);
        let (mut observed, span) = cell.begin_observed_here(cell.observers(), class);
        let began = is_timed.then(clock::cpu);
        if is_timed && let Some(timeout) = scope.timeout.get() {
            // What may take long has its deadline from the beginning.
            scope = current::Turn::donated(cell.id(), deadline.min(clock::now().after(timeout)), Span::NONE);
        }
        let mail = A::pack(Envelope::new(message, asker()));
        let mut seat = guard.take();
        seat.ctx.begin_donated(scope.deadline, scope.timeout);
        let mut stage = Stage::begin(seat, mail, turn::run_async::<A>);
        match turn::poll_donated(&mut stage, cell, scope, span) {
            Polled::Done(mut seat) => {
                // Its asker polls it, so it is there.
                let was_cancelled = seat.get_mut().is_some_and(|seat| seat.ctx.take_cancelled());
                debug_assert!(!was_cancelled);
                guard.give(stage.end(seat), handled(began));
                drop(guard);
                if let Some(turn) = observed {
                    cell.end_observed(turn, None);
                }
            }
            Polled::Panicked(text) => {
                drop(stage);
                guard.give(cell.take_abandoned_seat(WorkerId::ONLY), SeatUse::Panicked);
                drop(guard);
                let reason = report_panic(cell, class, text);
                if let Some(turn) = observed {
                    cell.end_observed(turn, Some(reason));
                }
            }
            Polled::Pending { has_waited } => {
                guard.forget();
                if let Some(turn) = &mut observed {
                    // What a subscriber sends is not sent by the turn of the sender.
                    let _outside = current::enter(current::Turn::NONE);
                    turn.suspend();
                }
                let deadline = until(cell, scope);
                let turn = Suspended { stage, class, deadline, has_waited, observed };
                self.deadline = deadline;
                // That a spent budget has cut it short says nothing about the type.
                let took = match coop::has_budget_remaining() {
                    true => Some(Duration::MAX),
                    false => began.map(|began| clock::cpu().saturating_duration_since(began)),
                };
                suspend(self.to.cell(), Box::new(turn), took, scope);
            }
        }
        Attempt::Begun
    }
}

/// Whether the futures of its turns are too large for the stack of a sender.
#[inline]
fn is_large<A: Actor>() -> bool {
    fn of<A: Actor, F>(_: fn(TurnSeat<A>, A::Mail) -> F) -> usize {
        size_of::<F>()
    }
    of::<A, _>(turn::run_async::<A>) > FUTURE_MAX
}

/// Charges the task's budget, as a send that has to wait for room would; whether it is spent. A
/// task that sends in a loop yields to other tasks that way. It yields before the turn, so that a
/// send that is dropped while pending has not been handled.
fn must_yield(cx: &mut Context<'_>) -> bool {
    coop::poll_proceed(cx).map(|unit| unit.made_progress()).is_pending()
}

/// Takes the message out of a send that is fresh.
fn taken<M>(step: &mut Step<M>) -> M {
    let Step::Fresh(message) = std::mem::replace(step, Step::Over) else { unreachable!("it is fresh") };
    message
}

/// How a turn that returned has used the seat, if its beginning was timed.
#[inline]
fn handled(began: Option<Instant>) -> SeatUse {
    SeatUse::Handled(match began {
        None => Span::NONE,
        Some(began) => Span::of(clock::cpu().saturating_duration_since(began)),
    })
}

/// Runs the turn of a plain `fn` that the meter samples, or that has a span. Not inlined, so that
/// other turns pay one check.
#[inline(never)]
fn run_observed<A: Actor, M: Message>(
    mut guard: SeatGuard<'_, A>,
    run: Inline<A, M>,
    message: M,
    scope: current::Turn,
    (is_timed, observers): (bool, Observers),
) -> Result<M::Reply, Reason> {
    let SeatGuard { cell, class, .. } = guard;
    let (observed, span) = cell.begin_observed_here(observers, class);
    let result = guard.run_turn(run, message, scope, span, is_timed);
    drop(guard);
    // The log line about a panic is in the turn's span.
    let result = result.map_err(|text| report_panic(cell, class, text));
    if let Some(turn) = observed {
        cell.end_observed(turn, result.as_ref().err().copied());
    }
    result
}

/// Reports the panic of a turn.
#[cold]
fn report_panic<A: Actor>(cell: &Arc<ActorCell<A>>, class: ClassId, text: String) -> Reason {
    // A panic may have corrupted the state (F1): the actor's own loop replaces the instance.
    cell.note_panic(class, &text);
    cell.report_loss(class, Tick::ZERO, Reason::Panicked, || Some(text));
    Reason::Panicked
}

/// Returns until when the caller waits for a turn that has to wait. Where the turn was not timed,
/// the time counts from here: those before it were tiny.
#[cold]
fn until<A: Actor>(cell: &ActorCell<A>, scope: current::Turn) -> Tick {
    let Some(timeout) = scope.timeout.get() else { return scope.deadline };
    scope.deadline.min(cell.donated_until.get_or(|| clock::now().after(timeout)))
}

/// Leaves a turn that has to wait to the actor's task. If the actor has ended meanwhile, ends the
/// turn as the end of a runtime does.
#[cold]
fn suspend<A: Actor>(
    cell: &Arc<ActorCell<A>>,
    turn: Box<Suspended<A>>,
    took: Option<Duration>,
    scope: current::Turn,
) {
    let (class, has_waited) = (turn.class, turn.has_waited);
    let Err(turn) = cell.suspend(turn, took) else { return };
    if let Some(mut turn) = turn {
        ignored(|| turn.stage.clear());
        if let Some(observed) = turn.observed {
            cell.end_observed(observed, Some(Reason::Closed));
        }
    }
    if has_waited {
        wait::over(cell.system.waits(), scope.waiter());
    }
    let seat = cell.take_abandoned_seat(WorkerId::ONLY);
    ignored(|| drop(seat));
    cell.report_loss(class, Tick::ZERO, Reason::Closed, || None);
}

/// Holds the seat for a sender. Dropping it returns the seat: poisoned, unless the turn is known to
/// have ended well.
struct SeatGuard<'a, A: Actor> {
    cell: &'a Arc<ActorCell<A>>,
    class: ClassId,
    seat: Option<Box<Seat<A>>>,
    used: SeatUse,
}

impl<A: Actor> SeatGuard<'_, A> {
    /// Runs a turn on the seat, in `span`, and notes how it has used the seat.
    ///
    /// # Errors
    /// The panic's text.
    #[inline(always)]
    fn run_turn<M: Message>(
        &mut self,
        run: Inline<A, M>,
        message: M,
        scope: current::Turn,
        span: &ActorSpan,
        is_timed: bool,
    ) -> Result<M::Reply, String> {
        let Some(seat) = &mut self.seat else { unreachable!("it is there until this is dropped") };
        let began = is_timed.then(clock::cpu);
        let result = turn::run_donated(seat, run, message, scope, span);
        self.used = match result {
            Ok(_) => handled(began),
            Err(_) => SeatUse::Panicked,
        };
        result
    }

    /// Takes the seat out, for a turn that owns it.
    #[inline]
    fn take(&mut self) -> Box<Seat<A>> {
        match self.seat.take() {
            Some(seat) => seat,
            None => unreachable!("it is taken once"),
        }
    }

    /// Gets the seat back from the turn. It is gone if the actor has ended during a panic.
    #[inline]
    fn give(&mut self, seat: Option<Box<Seat<A>>>, used: SeatUse) {
        if seat.is_none() {
            self.cell.mailbox.fail_without_seat(self.class);
        }
        (self.seat, self.used) = (seat, used);
    }

    /// The seat does not come back this way.
    fn forget(mut self) {
        self.seat = None;
    }
}

impl<A: Actor> Drop for SeatGuard<'_, A> {
    #[inline]
    fn drop(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        match self.cell.mailbox.return_seat(self.class, seat, self.used) {
            Ok(next) => self.cell.wake(next),
            Err(seat) => ignored(|| drop(seat)),
        }
    }
}
