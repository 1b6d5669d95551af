//! Runs one call under the guards of a breaker and a limit: the code that all calls share.

use crate::breaker::Pass;
use crate::error::{CallError, TimedOut};
use crate::limit::Slot;
use crate::outcome::{Judge, Outcome};
use std::future::{Future, poll_fn};
use std::pin::pin;
use tokio::time::{Instant, timeout_at};

/// What a call holds while it is made.
pub(crate) struct Guards {
    pub(crate) pass: Option<Pass>,
    pub(crate) slot: Option<Slot>,
}

impl Guards {
    /// Notes whether the call is being polled. A guard that is dropped while it is, is dropped by a
    /// panic. `thread::panicking` would not tell: a task that unwinds for another reason drops its
    /// suspended calls too.
    fn set_polled(&mut self, is_polled: bool) {
        if let Some(pass) = &mut self.pass {
            pass.set_polled(is_polled);
        }
        if let Some(slot) = &mut self.slot {
            slot.set_polled(is_polled);
        }
    }

    /// Frees the slot first: a caller that the breaker lets through then finds it.
    fn finish(self, outcome: Outcome) {
        if let Some(slot) = self.slot {
            slot.finish(outcome);
        }
        if let Some(pass) = self.pass {
            pass.finish(outcome);
        }
    }
}

/// The end of a call that takes too long.
pub(crate) struct TimeLimit {
    pub(crate) at: Instant,
    pub(crate) error: TimedOut,
    /// What the target is to be blamed for then.
    pub(crate) outcome: Outcome,
}

/// Makes a call, until its time limit at the latest.
pub(crate) async fn run<T, E>(
    mut guards: Guards,
    limit: Option<TimeLimit>,
    call: impl Future<Output = Result<T, E>>,
    judge: &impl Judge<T, E>,
) -> Result<T, CallError<E>> {
    // In a block, so that what the call holds is dropped before its slot is free.
    let result = {
        let mut call = pin!(call);
        let guarded = poll_fn(|cx| {
            guards.set_polled(true);
            let polled = call.as_mut().poll(cx);
            guards.set_polled(false);
            polled
        });
        match limit {
            None => Ok(guarded.await),
            Some(limit) => timeout_at(limit.at, guarded).await.map_err(|_| limit),
        }
    };
    match result {
        Ok(result) => {
            guards.finish(judge.outcome(&result));
            result.map_err(CallError::Failed)
        }
        Err(limit) => {
            guards.finish(limit.outcome);
            Err(CallError::TimedOut(limit.error))
        }
    }
}

/// Gives a part its two methods that make a call. The part has an async method `guards`.
macro_rules! calls {
    ($part:ident) => {
        impl $part {
            /// Makes a call whose errors have a [`Reason`](actors_core::Reason), such as a call of
            /// a typed handle.
            ///
            /// A time limit belongs inside of the call, as
            /// [`Outgoing::timeout`](crate::Outgoing::timeout) has it: a call that its caller drops
            /// says nothing about the target.
            ///
            /// # Cancel safety
            /// Cancel safe, if the call is: dropping it drops the call, which is then ignored.
            ///
            /// # Errors
            /// [`CallError::NotCalled`](crate::error::CallError::NotCalled) if the call was
            /// refused, else the call's own error.
            pub async fn call<T, E: actors_core::Refusal>(
                &self,
                call: impl Future<Output = Result<T, E>>,
            ) -> Result<T, crate::error::CallError<E>> {
                self.call_judged(crate::outcome::ByReason, call).await
            }

            /// Makes a call with any kind of error.
            ///
            /// # Cancel safety
            /// As [`call`](Self::call).
            ///
            /// # Errors
            /// As [`call`](Self::call).
            pub async fn call_judged<T, E>(
                &self,
                judge: impl crate::outcome::Judge<T, E>,
                call: impl Future<Output = Result<T, E>>,
            ) -> Result<T, crate::error::CallError<E>> {
                let guards = self.guards().await.map_err(crate::error::CallError::NotCalled)?;
                crate::guards::run(guards, None, call, &judge).await
            }
        }
    };
}

pub(crate) use calls;
