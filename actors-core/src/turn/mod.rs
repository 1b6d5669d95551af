//! One handler call, whoever runs it: the panic is caught, the outcome recorded, the asker answered.
//!
//! While a turn is polled, its thread knows which actor runs and until when (`current`), so that a send made inside inherits
//! the turn's deadline (T2) and awaiting one's own end is refused (F4).

pub(crate) mod current;
pub(crate) mod worker;

use crate::actor::cell::{Post, Seat};
use crate::actor::message::Message;
use crate::actor::{Actor, Inline, Mail};
use crate::observe::trace::ActorSpan;
use crate::panics::caught;
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

/// What the runner lends to a turn that is suspended.
pub(crate) trait Runner {
    /// Polls within the actor's span.
    fn within<T>(&self, poll: impl FnOnce() -> T) -> T;
    /// Whether the turn may be polled.
    fn is_killed(&self) -> bool;
    /// The turn was suspended for the first time.
    fn suspended(&mut self);
}

/// How the turn of a plain `fn` went.
pub(crate) enum Now<A: Actor> {
    Done,
    /// It is an `async fn`: this is its message.
    Later(A::Mail),
    Panicked(String),
}

/// Runs the turn of one message here and now, if its handler is a plain `fn`.
#[inline]
pub(crate) fn now<A: Actor>(seat: &mut Seat<A>, item: Post<A>, scope: current::Turn) -> Now<A> {
    seat.ctx.begin_turn(scope.deadline);
    let _inside = current::enter(scope);
    match caught(|| item.0.deliver_now(&mut seat.actor, &mut seat.ctx)) {
        Ok(None) => Now::Done,
        Ok(Some(mail)) => Now::Later(mail),
        Err(text) => Now::Panicked(text),
    }
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
    caught(|| {
        // A subscriber is foreign code too.
        let _span = span.enter();
        run(&mut seat.actor, message, &mut seat.ctx)
    })
}

/// Polls user code as part of a turn: panics are caught, a kill cuts it off at an await.
pub(crate) async fn guarded<T>(
    scope: current::Turn,
    future: impl Future<Output = T>,
    runner: &mut impl Runner,
) -> Outcome<T> {
    let mut future = pin!(Some(future));
    let mut is_suspended = false;
    let outcome = std::future::poll_fn(|cx| {
        let Some(running) = future.as_mut().as_pin_mut() else {
            return Poll::Ready(Outcome::Cut);
        };
        if is_suspended && runner.is_killed() {
            return Poll::Ready(Outcome::Cut);
        }
        let polled = {
            let _inside = current::enter(scope);
            runner.within(|| caught(|| running.poll(cx)))
        };
        match polled {
            Ok(Poll::Ready(value)) => Poll::Ready(Outcome::Done(value)),
            Err(text) => Poll::Ready(Outcome::Panicked(text)),
            Ok(Poll::Pending) => {
                if !is_suspended {
                    is_suspended = true;
                    runner.suspended();
                }
                // Killed during this very poll: nobody would come again.
                if runner.is_killed() { Poll::Ready(Outcome::Cut) } else { Poll::Pending }
            }
        }
    })
    .await;
    // Locals of a turn that is cut off are dropped here; their `Drop` is user code.
    match caught(|| future.set(None)) {
        Ok(()) => outcome,
        Err(text) => Outcome::Panicked(text),
    }
}
