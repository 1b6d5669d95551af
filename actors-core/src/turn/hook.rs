//! Runs the hooks `#[started]` and `#[stopped]`.

use crate::actor::Actor;
use crate::actor::cell::Cell;
use crate::current;
use crate::panics::caught;
use crate::wait;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// The outcome of a hook.
pub(crate) enum Outcome<T> {
    Done(T),
    /// The actor was killed while the hook was suspended.
    Killed,
    /// With the panic's text.
    Panicked(String),
}

/// Runs a hook, and catches its panics. If `may_kill`, a kill of the actor ends it at an await.
pub(crate) async fn run<A: Actor, T>(
    scope: current::Turn,
    hook: impl Future<Output = T>,
    cell: &Cell<A>,
    may_kill: bool,
) -> Outcome<T> {
    let mut hook = pin!(Some(hook));
    let (mut is_suspended, mut has_waited) = (false, false);
    let is_killed = || may_kill && cell.mailbox.is_killed();
    let outcome = std::future::poll_fn(|cx| {
        let Some(running) = hook.as_mut().as_pin_mut() else {
            return Poll::Ready(Outcome::Killed);
        };
        if is_suspended && is_killed() {
            return Poll::Ready(Outcome::Killed);
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
                // A kill during this poll found no task to wake: check again before suspending.
                if is_killed() { Poll::Ready(Outcome::Killed) } else { Poll::Pending }
            }
        }
    })
    .await;
    // The locals of a killed hook are dropped here; their `Drop` is user code.
    let dropped = caught(|| hook.set(None));
    if has_waited {
        wait::over(cell.system.waits(), scope.waiter());
    }
    match dropped {
        Ok(()) => outcome,
        Err(text) => Outcome::Panicked(text),
    }
}
