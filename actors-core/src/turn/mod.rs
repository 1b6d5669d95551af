//! Runs one handler call: catches its panic, honours a kill, and never loses the seat.
//!
//! | caller | function |
//! |---|---|
//! | the actor's task, a plain `fn` | [`run_inline`] |
//! | the actor's task, an `async fn` | [`run_async`] on the seat's [`Stage`], which owns the seat meanwhile |
//! | a sender, a plain `fn` | [`run_donated`] |
//! | a sender, an `async fn` | [`poll_donated`], the first poll of [`run_async`] |
//! | the actor's task, `#[started]` and `#[stopped]` | [`hook::run`] |
//!
//! While a turn is polled, its thread knows the actor and the deadline (`current`). A send inside
//! the turn inherits the deadline (T2), and a wait for the actor's own end is refused (F4).

pub(crate) mod hook;

use crate::actor::cell::{Cell, Packed, Seat, Stage, TurnSeat};
use crate::actor::message::Message;
use crate::actor::{Actor, Inline, Mail};
use crate::current;
use crate::observe::span::ActorSpan;
use crate::panics::{caught, ignored};
use crate::wait;
use std::sync::Arc;
use std::task::Poll;

/// The outcome of [`run_inline`].
pub(crate) enum InlineOutcome<A: Actor> {
    Done,
    /// The handler is an `async fn`, and has not run. With its message.
    IsAsync(A::Mail),
    /// With the panic's text.
    Panicked(String),
}

/// Runs the turn of one message if its handler is a plain `fn`. The caller has entered the turn in
/// `current`.
#[inline]
pub(crate) fn run_inline<A: Actor>(seat: &mut Seat<A>, item: &mut Option<Packed<A>>) -> InlineOutcome<A> {
    let run = || item.take().and_then(|item| item.0.deliver_now(&mut seat.actor, &mut seat.ctx));
    match caught(run) {
        Ok(None) => InlineOutcome::Done,
        Ok(Some(mail)) => InlineOutcome::IsAsync(mail),
        Err(text) => InlineOutcome::Panicked(text),
    }
}

/// Runs the turn of an `async fn`, on a [`Stage`].
pub(crate) async fn run_async<A: Actor>(mut seat: TurnSeat<A>, mail: A::Mail) -> TurnSeat<A> {
    if let Some(Seat { actor, ctx, .. }) = seat.get_mut() {
        mail.deliver(actor, ctx).await;
    }
    seat
}

/// Runs a turn that its sender donates. `span` is the one that it enters.
///
/// # Errors
/// The panic's text.
#[inline]
pub(crate) fn run_donated<A: Actor, M: Message>(
    seat: &mut Seat<A>,
    run: Inline<A, M>,
    message: M,
    scope: current::Turn,
    span: &ActorSpan,
) -> Result<M::Reply, String> {
    seat.ctx.begin_donated(scope.deadline, scope.timeout);
    let _inside = current::enter(scope);
    let result = caught(|| {
        // A subscriber is foreign code too.
        let _span = span.enter();
        run(&mut seat.actor, message, &mut seat.ctx)
    });
    if current::has_waited() {
        wait::over(seat.ctx.cell().system.waits(), scope.waiter());
    }
    result
}

/// What a sender's poll of a turn came to.
pub(crate) enum Polled<A: Actor> {
    /// The turn is over. With its seat.
    Done(TurnSeat<A>),
    /// It has to wait. Whether it has entered the wait graph (D1).
    Pending { has_waited: bool },
    /// With the panic's text.
    Panicked(String),
}

/// Polls a turn of an `async fn` that a sender has begun, for the first and last time.
#[inline]
pub(crate) fn poll_donated<A: Actor>(
    stage: &mut Stage<A>,
    cell: &Arc<Cell<A>>,
    scope: current::Turn,
    span: &ActorSpan,
) -> Polled<A> {
    let _inside = current::enter(scope);
    let polled = caught(|| {
        // A subscriber is foreign code too.
        let _span = span.enter();
        stage.poll_elsewhere(cell)
    });
    let has_waited = current::has_waited();
    if let Ok(Poll::Pending) = polled {
        return Polled::Pending { has_waited };
    }
    if has_waited {
        wait::over(cell.system.waits(), scope.waiter());
    }
    match polled {
        Ok(Poll::Ready(seat)) => Polled::Done(seat),
        Ok(Poll::Pending) => unreachable!("it has returned above"),
        Err(text) => {
            // What is left of the turn is dropped as a part of it.
            ignored(|| stage.clear());
            Polled::Panicked(text)
        }
    }
}
