//! The log lines, behind the feature `tracing`. docs/guide/operations.md lists them.
//!
//! A subscriber is foreign code: it runs without a lock, it may send to actors, and its panics are
//! caught.

#[cfg(feature = "tracing")]
mod lines {
    use crate::error::{ActorName, CyclePath, ShortTime, StopReason};
    use crate::mailbox::Row;
    use crate::observe::Decision;
    use crate::observe::losses::{Severity, Summary};
    use crate::panics::ignored;
    use crate::policy::{Decided, DecisionKind};
    use tracing::level_filters::LevelFilter;

    /// Whether a subscriber wants any of the lines about losses.
    #[inline]
    pub(crate) fn hears_losses() -> bool {
        LevelFilter::current() >= LevelFilter::WARN
    }

    pub(crate) fn started(actor: &ActorName) {
        ignored(|| tracing::info!(target: "actors", %actor, "started"));
    }

    pub(crate) fn start_failed(actor: &ActorName, why: &str) {
        ignored(|| tracing::error!(target: "actors", %actor, "did not start: {why:.256}"));
    }

    pub(crate) fn decided(decision: &Decision) {
        use DecisionKind::{Exhausted, GaveUp, KeptAlive, Restarted, Stalled, TurnOverdue};
        let Decision { actor, kind, cause, .. } = decision;
        let decided = Decided { kind: kind.clone(), cause: *cause };
        ignored(|| match kind {
            GaveUp { .. } => tracing::error!(target: "actors", %actor, "{decided}"),
            Restarted { .. } | KeptAlive { .. } | Exhausted | Stalled { .. } | TurnOverdue { .. } => {
                tracing::warn!(target: "actors", %actor, "{decided}");
            }
            _ => tracing::info!(target: "actors", %actor, "{decided}"),
        });
    }

    /// A new instance has started, after the end of another one.
    pub(crate) fn restarted(actor: &ActorName, why: StopReason, delay: std::time::Duration) {
        let delay = ShortTime(delay);
        ignored(
            || tracing::info!(target: "actors", %actor, ?why, %delay, "restarted: another instance has started"),
        );
    }

    /// A wait that cannot fail closes a cycle none of whose waits can.
    pub(crate) fn would_deadlock(names: &[ActorName]) {
        ignored(|| {
            let cycle = CyclePath(names);
            tracing::warn!(target: "actors", %cycle, "wait for each other's end, which cannot come by itself");
        });
    }

    pub(crate) fn stopped(actor: &ActorName, why: StopReason, total: &Row) {
        let Row { offered, handled, undelivered, .. } = total;
        let refused = total.refused_total();
        ignored(|| {
            tracing::info!(target: "actors", %actor, offered, handled, refused, undelivered, "stopped: {why}");
        });
    }

    /// A handler panicked. (A field called `message` would be taken for the line's own text.)
    pub(crate) fn panicked(actor: &ActorName, message: &str, text: &str) {
        ignored(|| tracing::error!(target: "actors", %actor, "`{message}` panicked: {text:.256}"));
    }

    /// The end of an instance went wrong: in `what`, by a panic or otherwise.
    pub(crate) fn ended_badly(actor: &ActorName, what: &str, how: &str) {
        ignored(|| tracing::error!(target: "actors", %actor, "{what} {how:.256}"));
    }

    /// `job` is what it was started by: `send_every`, `pipe`, …
    pub(crate) fn job_panicked(actor: &ActorName, job: &str, message: &str, text: &str) {
        ignored(|| tracing::error!(target: "actors", %actor, "{job} of `{message}` panicked: {text:.256}"));
    }

    /// A sample of the supervisor panicked; the next one is after this time.
    pub(crate) fn sample_failed(actor: &ActorName, text: &str, after: std::time::Duration) {
        let after = ShortTime(after);
        ignored(|| {
            tracing::error!(
                target: "actors", %actor,
                "its supervisor panicked: {text:.256}; declared policies hold, supervision restarts in {after}"
            );
        });
    }

    pub(crate) fn losses(actor: &ActorName, summary: &Summary) {
        let Summary { severity, refused, lost, .. } = summary;
        ignored(|| match severity {
            Severity::Warn => tracing::warn!(target: "actors", %actor, refused, lost, "{summary}"),
            Severity::Info => tracing::info!(target: "actors", %actor, refused, lost, "{summary}"),
            Severity::Debug => tracing::debug!(target: "actors", %actor, refused, lost, "{summary}"),
        });
    }
}

#[cfg(not(feature = "tracing"))]
mod lines {
    use crate::error::{ActorName, StopReason};
    use crate::mailbox::Row;
    use crate::observe::Decision;
    use crate::observe::losses::Summary;

    #[inline]
    pub(crate) fn hears_losses() -> bool {
        false
    }

    pub(crate) fn started(_: &ActorName) {}
    pub(crate) fn start_failed(_: &ActorName, _: &str) {}
    pub(crate) fn decided(_: &Decision) {}
    pub(crate) fn would_deadlock(_: &[ActorName]) {}
    pub(crate) fn restarted(_: &ActorName, _: StopReason, _: std::time::Duration) {}
    pub(crate) fn stopped(_: &ActorName, _: StopReason, _: &Row) {}
    pub(crate) fn panicked(_: &ActorName, _: &str, _: &str) {}
    pub(crate) fn ended_badly(_: &ActorName, _: &str, _: &str) {}
    pub(crate) fn job_panicked(_: &ActorName, _: &str, _: &str, _: &str) {}
    pub(crate) fn sample_failed(_: &ActorName, _: &str, _: std::time::Duration) {}
    pub(crate) fn losses(_: &ActorName, _: &Summary) {}
}

pub(crate) use lines::*;
