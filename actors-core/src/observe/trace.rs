//! Log lines, behind the feature `tracing`: few, and each worth reading at night.

#[cfg(feature = "tracing")]
mod lines {
    use crate::error::{ActorName, Around, Reason, StopReason};
    use crate::mailbox::Row;
    use crate::supervise::Decision;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    pub(crate) fn started(actor: &ActorName) {
        tracing::info!(target: "actors", %actor, "started");
    }

    pub(crate) fn start_failed(actor: &ActorName, why: &str) {
        tracing::error!(target: "actors", %actor, why, "did not start");
    }

    pub(crate) fn decided(decision: &Decision) {
        let actor = &decision.actor;
        tracing::info!(target: "actors", %actor, "{}", decision.event);
    }

    pub(crate) fn restarted(actor: &ActorName, why: StopReason, delay: std::time::Duration) {
        tracing::warn!(target: "actors", %actor, ?why, ?delay, "restarted");
    }

    /// A wait that cannot fail closes a cycle none of whose waits can.
    pub(crate) fn would_deadlock(names: &[ActorName]) {
        tracing::warn!(target: "actors", cycle = %Around(names), "wait for each other's end, which cannot come by itself");
    }

    pub(crate) fn stopped(actor: &ActorName, why: StopReason, total: &Row) {
        let Row { offered, handled, undelivered, .. } = total;
        tracing::info!(target: "actors", %actor, ?why, offered, handled, undelivered, "stopped");
    }

    pub(crate) fn panicked(actor: &ActorName, message: &str, text: &str) {
        tracing::error!(target: "actors", %actor, message, text, "panicked");
    }

    /// `job` is what it was started by: `send_every`, `pipe`, …
    pub(crate) fn job_panicked(actor: &ActorName, job: &str, message: &str, text: &str) {
        tracing::error!(target: "actors", %actor, job, message, text, "a job panicked");
    }

    /// The span of an actor: whatever its handlers log stands in it, whoever runs the turn. A root of its own, so that nothing
    /// of a sender who runs a turn leaks in.
    #[derive(Debug)]
    pub(crate) struct ActorSpan(tracing::Span);

    impl ActorSpan {
        pub(crate) fn new(actor: &ActorName) -> Self {
            ActorSpan(tracing::info_span!(target: "actors", parent: None, "actor", %actor))
        }

        /// Until the guard is dropped, this thread is in the span.
        #[inline]
        pub(crate) fn enter(&self) -> tracing::span::Entered<'_> {
            self.0.enter()
        }

        /// Whether it hides the span that this thread is in, if it is in one.
        #[inline]
        pub(crate) fn hides_others(&self) -> bool {
            !self.0.is_disabled()
                || !tracing::dispatcher::has_been_set()
                || tracing::Span::current().is_none()
        }
    }

    /// Says when a type begins to lose messages: at most a line a second and type, so that a flood of losses is not a flood
    /// of lines.
    #[derive(Debug)]
    pub(crate) struct LossLog {
        types: usize,
        /// Per type, the second in which it last spoke, plus one. Made with the first loss.
        spoke: OnceLock<Box<[AtomicU64]>>,
    }

    impl LossLog {
        pub(crate) fn new(types: usize) -> Self {
            LossLog { types, spoke: OnceLock::new() }
        }

        pub(crate) fn note(&self, class: usize, actor: &ActorName, message: &str, reason: Reason) {
            let second = crate::clock::now().since(crate::clock::Tick::ZERO).as_secs() + 1;
            let spoke = self.spoke.get_or_init(|| (0..self.types).map(|_| AtomicU64::new(0)).collect());
            if spoke[class].swap(second, Ordering::Relaxed) != second {
                tracing::warn!(target: "actors", %actor, message, reason = reason.word(), "message lost");
            }
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod lines {
    use crate::error::{ActorName, Reason, StopReason};
    use crate::mailbox::Row;
    use crate::supervise::Decision;

    pub(crate) fn started(_: &ActorName) {}
    pub(crate) fn start_failed(_: &ActorName, _: &str) {}
    pub(crate) fn decided(_: &Decision) {}
    pub(crate) fn would_deadlock(_: &[ActorName]) {}
    pub(crate) fn restarted(_: &ActorName, _: StopReason, _: std::time::Duration) {}
    pub(crate) fn stopped(_: &ActorName, _: StopReason, _: &Row) {}
    pub(crate) fn panicked(_: &ActorName, _: &str, _: &str) {}
    pub(crate) fn job_panicked(_: &ActorName, _: &str, _: &str, _: &str) {}

    #[derive(Debug)]
    pub(crate) struct ActorSpan;

    /// The inside of no span.
    pub(crate) struct Nowhere;

    impl ActorSpan {
        pub(crate) fn new(_: &ActorName) -> Self {
            ActorSpan
        }

        pub(crate) fn enter(&self) -> Nowhere {
            Nowhere
        }

        pub(crate) fn hides_others(&self) -> bool {
            true
        }
    }

    #[derive(Debug)]
    pub(crate) struct LossLog;

    impl LossLog {
        pub(crate) fn new(_: usize) -> Self {
            LossLog
        }

        pub(crate) fn note(&self, _: usize, _: &ActorName, _: &str, _: Reason) {}
    }
}

pub(crate) use lines::*;
