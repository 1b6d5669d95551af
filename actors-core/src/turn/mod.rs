//! Runs one handler call: catches its panic, honours a kill, and never loses the seat.
//!
//! | caller | function |
//! |---|---|
//! | the actor's task, a plain `fn` | [`run_inline`] |
//! | the actor's task, an `async fn` | [`run_async`], which owns the seat as a [`TurnSeat`] |
//! | a sender that donates its turn | [`run_donated`] |
//! | the actor's task, `#[started]` and `#[stopped]` | [`hook::run`] |
//!
//! While a turn is polled, its thread knows the actor and the deadline (`current`). A send inside
//! the turn inherits the deadline (T2), and a wait for the actor's own end is refused (F4).

pub(crate) mod hook;
mod seat;

pub(crate) use seat::TurnSeat;

use crate::actor::cell::{Packed, Seat};
use crate::actor::message::Message;
use crate::actor::{Actor, Inline, Mail};
use crate::current;
use crate::observe::span::ActorSpan;
use crate::panics::caught;
use crate::wait;

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

/// Runs the turn of an `async fn`.
pub(crate) async fn run_async<A: Actor>(mut seat: TurnSeat<A>, mail: A::Mail) -> TurnSeat<A> {
    if let Some(Seat { actor, ctx }) = seat.get_mut() {
        mail.deliver(actor, ctx).await;
    }
    seat
}

/// Runs a turn that its sender donates.
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
