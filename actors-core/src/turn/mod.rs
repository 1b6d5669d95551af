//! One handler call, whoever runs it: the panic is caught, the outcome recorded, the asker answered.
//!
//! While a turn is polled, its thread knows which actor runs and until when (`current`), so that a send made inside inherits
//! the turn's deadline (T2) and awaiting one's own end is refused (F4).

use crate::actor::cell::{Cell, Envelope, Seat};
use crate::actor::message::Message;
use crate::actor::{Actor, Inline, Mail};
use crate::current;
use crate::observe::span::ActorSpan;
use crate::panics::caught;
use crate::wait;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// How a piece of user code ended.
pub(crate) enum Outcome<T> {
    Done(T),
    /// The actor was killed while this was suspended.
    Cut,
    /// With the panic's text.
    Panicked(String),
}

/// How the turn of a plain `fn` went.
pub(crate) enum Now<A: Actor> {
    Done,
    /// It is an `async fn`: this is its message.
    Later(A::Mail),
    Panicked(String),
}

/// Runs the turn of one message here and now, if its handler is a plain `fn`. The thread knows already which turn it polls.
#[inline]
pub(crate) fn now<A: Actor>(seat: &mut Seat<A>, item: &mut Option<Envelope<A>>) -> Now<A> {
    let run = || item.take().and_then(|item| item.0.deliver_now(&mut seat.actor, &mut seat.ctx));
    match caught(run) {
        Ok(None) => Now::Done,
        Ok(Some(mail)) => Now::Later(mail),
        Err(text) => Now::Panicked(text),
    }
}

/// A seat in the hands of an `async fn`'s turn. However the turn ends, the seat does not end with it: where the turn's future is
/// dropped, or a panic goes through it, the seat is left with the cell.
pub(crate) struct TurnSeat<A: Actor>(Option<Box<Seat<A>>>);

impl<A: Actor> TurnSeat<A> {
    #[inline]
    pub(crate) fn new(seat: Box<Seat<A>>) -> Self {
        TurnSeat(Some(seat))
    }

    #[inline]
    pub(crate) fn into_seat(mut self) -> Option<Box<Seat<A>>> {
        self.0.take()
    }
}

impl<A: Actor> Drop for TurnSeat<A> {
    fn drop(&mut self) {
        if let Some(seat) = self.0.take() {
            let cell = seat.ctx.cell().clone();
            cell.leave(seat);
        }
    }
}

/// The turn of an `async fn`.
pub(crate) async fn serve<A: Actor>(mut seat: TurnSeat<A>, mail: A::Mail) -> TurnSeat<A> {
    if let Some(Seat { actor, ctx }) = seat.0.as_deref_mut() {
        mail.deliver(actor, ctx).await;
    }
    seat
}

/// Runs a turn that its sender donates.
///
/// # Errors
/// The panic's text.
#[inline]
pub(crate) fn donated<A: Actor, M: Message>(
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

/// Polls one of the actor's hooks: panics are caught, and a kill cuts it off at an await, if it may.
pub(crate) async fn guarded<A: Actor, T>(
    scope: current::Turn,
    hook: impl Future<Output = T>,
    cell: &Cell<A>,
    may_cut: bool,
) -> Outcome<T> {
    let mut hook = pin!(Some(hook));
    let (mut is_suspended, mut has_waited) = (false, false);
    let is_killed = || may_cut && cell.mailbox.is_killed();
    let outcome = std::future::poll_fn(|cx| {
        let Some(running) = hook.as_mut().as_pin_mut() else {
            return Poll::Ready(Outcome::Cut);
        };
        if is_suspended && is_killed() {
            return Poll::Ready(Outcome::Cut);
        }
        let polled = {
            let _inside = current::enter(scope);
            let _span = cell.span.enter();
            let polled = caught(|| running.poll(cx));
            has_waited |= current::has_waited();
            polled
        };
        match polled {
            Ok(Poll::Ready(value)) => Poll::Ready(Outcome::Done(value)),
            Err(text) => Poll::Ready(Outcome::Panicked(text)),
            Ok(Poll::Pending) => {
                is_suspended = true;
                // Killed during this very poll: nobody would come again.
                if is_killed() { Poll::Ready(Outcome::Cut) } else { Poll::Pending }
            }
        }
    })
    .await;
    // Locals of a hook that is cut off are dropped here; their `Drop` is user code.
    let dropped = caught(|| hook.set(None));
    if has_waited {
        wait::over(cell.system.waits(), scope.waiter());
    }
    match dropped {
        Ok(()) => outcome,
        Err(text) => Outcome::Panicked(text),
    }
}
