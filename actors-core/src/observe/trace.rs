//! The log lines, behind the feature `tracing`. docs/guide/operations.md lists them.
//!
//! A subscriber is foreign code: it runs without a lock, it may send to actors, and its panics are
//! caught.

#[cfg(feature = "tracing")]
mod lines {
    use crate::error::{ActorName, CyclePath, ShortTime, StopReason};
    use crate::mailbox::Row;
    use crate::observe::losses::{Severity, Summary};
    use crate::observe::{Decision, LogEvent, LogLevel, LogLevels};
    use crate::panics::ignored;
    use crate::policy::{Decided, DecisionKind};
    use tracing::level_filters::LevelFilter;

    /// Writes the line of an event at its level. (A macro of `tracing` has its level in its name.)
    macro_rules! say {
        ($levels:expr, $event:expr, $($line:tt)+) => {
            ignored(|| match $levels.of($event) {
                LogLevel::Off => {}
                LogLevel::Debug => tracing::debug!(target: "actors", $($line)+),
                LogLevel::Info => tracing::info!(target: "actors", $($line)+),
                LogLevel::Warn => tracing::warn!(target: "actors", $($line)+),
                LogLevel::Error => tracing::error!(target: "actors", $($line)+),
            })
        };
    }

    /// Whether a subscriber wants any of the lines about losses.
    #[inline]
    pub(crate) fn hears_losses(levels: &LogLevels) -> bool {
        let most = LevelFilter::current();
        // First, because each refusal asks.
        most != LevelFilter::OFF
            && match levels.of_losses() {
                LogLevel::Error => most >= LevelFilter::ERROR,
                LogLevel::Warn => most >= LevelFilter::WARN,
                LogLevel::Info => most >= LevelFilter::INFO,
                LogLevel::Debug => most >= LevelFilter::DEBUG,
                LogLevel::Off => false,
            }
    }

    pub(crate) fn started(levels: &LogLevels, actor: &ActorName) {
        say!(levels, LogEvent::Started, %actor, "started");
    }

    pub(crate) fn start_failed(levels: &LogLevels, actor: &ActorName, why: &str) {
        say!(levels, LogEvent::StartFailed, %actor, "did not start: {why:.256}");
    }

    pub(crate) fn decided(levels: &LogLevels, decision: &Decision) {
        let Decision { actor, kind, cause, .. } = decision;
        let decided = Decided { kind: kind.clone(), cause: *cause };
        say!(levels, event_of(kind), %actor, "{decided}");
    }

    fn event_of(kind: &DecisionKind) -> LogEvent {
        match kind {
            DecisionKind::GaveUp { .. } => LogEvent::GaveUp,
            DecisionKind::Restarted { .. } => LogEvent::Restarting,
            DecisionKind::KeptAlive { .. } => LogEvent::KeptAlive,
            DecisionKind::Exhausted => LogEvent::Exhausted,
            DecisionKind::Stalled { .. } => LogEvent::Stalled,
            DecisionKind::TurnOverdue { .. } => LogEvent::TurnOverdue,
            DecisionKind::Reconfigured { .. } => LogEvent::Reconfigured,
            _ => LogEvent::Decided,
        }
    }

    /// A new instance has started, after the end of another one.
    pub(crate) fn restarted(
        levels: &LogLevels,
        actor: &ActorName,
        why: StopReason,
        delay: std::time::Duration,
    ) {
        let delay = ShortTime(delay);
        say!(levels, LogEvent::Restarted, %actor, ?why, %delay, "restarted: another instance has started");
    }

    /// A wait that cannot fail closes a cycle none of whose waits can.
    pub(crate) fn would_deadlock(levels: &LogLevels, names: &[ActorName]) {
        let cycle = CyclePath(names);
        say!(levels, LogEvent::WaitCycle, %cycle, "wait for each other's end, which cannot come by itself");
    }

    pub(crate) fn stopped(levels: &LogLevels, actor: &ActorName, why: StopReason, total: &Row) {
        let Row { offered, handled, undelivered, .. } = total;
        let refused = total.refused_total();
        say!(levels, LogEvent::Stopped, %actor, offered, handled, refused, undelivered, "stopped: {why}");
    }

    /// A handler panicked. (A field called `message` would be taken for the line's own text.)
    pub(crate) fn panicked(levels: &LogLevels, actor: &ActorName, message: &str, text: &str) {
        say!(levels, LogEvent::HandlerPanicked, %actor, "`{message}` panicked: {text:.256}");
    }

    /// The end of an instance went wrong: in `what`, by a panic or otherwise.
    pub(crate) fn ended_badly(levels: &LogLevels, actor: &ActorName, what: &str, how: &str) {
        say!(levels, LogEvent::EndFailed, %actor, "{what} {how:.256}");
    }

    /// `job` is what it was started by: `send_every`, `pipe`, …
    pub(crate) fn job_panicked(levels: &LogLevels, actor: &ActorName, job: &str, message: &str, text: &str) {
        say!(levels, LogEvent::JobPanicked, %actor, "{job} of `{message}` panicked: {text:.256}");
    }

    /// A sample of the supervisor panicked; the next one is after this time.
    pub(crate) fn sample_failed(
        levels: &LogLevels,
        actor: &ActorName,
        text: &str,
        after: std::time::Duration,
    ) {
        let after = ShortTime(after);
        say!(
            levels, LogEvent::SupervisorFailed, %actor,
            "its supervisor panicked: {text:.256}; declared policies hold, supervision restarts in {after}"
        );
    }

    pub(crate) fn losses(levels: &LogLevels, actor: &ActorName, summary: &Summary) {
        let Summary { severity, refused, lost, .. } = summary;
        let event = match severity {
            Severity::Warn => LogEvent::GraveLosses,
            Severity::Info => LogEvent::Refusals,
            Severity::Debug => LogEvent::DeclaredLosses,
        };
        say!(levels, event, %actor, refused, lost, "{summary}");
    }
}

#[cfg(not(feature = "tracing"))]
mod lines {
    use crate::error::{ActorName, StopReason};
    use crate::mailbox::Row;
    use crate::observe::losses::Summary;
    use crate::observe::{Decision, LogLevels};

    #[inline]
    pub(crate) fn hears_losses(_: &LogLevels) -> bool {
        false
    }

    pub(crate) fn started(_: &LogLevels, _: &ActorName) {}
    pub(crate) fn start_failed(_: &LogLevels, _: &ActorName, _: &str) {}
    pub(crate) fn decided(_: &LogLevels, _: &Decision) {}
    pub(crate) fn would_deadlock(_: &LogLevels, _: &[ActorName]) {}
    pub(crate) fn restarted(_: &LogLevels, _: &ActorName, _: StopReason, _: std::time::Duration) {}
    pub(crate) fn stopped(_: &LogLevels, _: &ActorName, _: StopReason, _: &Row) {}
    pub(crate) fn panicked(_: &LogLevels, _: &ActorName, _: &str, _: &str) {}
    pub(crate) fn ended_badly(_: &LogLevels, _: &ActorName, _: &str, _: &str) {}
    pub(crate) fn job_panicked(_: &LogLevels, _: &ActorName, _: &str, _: &str, _: &str) {}
    pub(crate) fn sample_failed(_: &LogLevels, _: &ActorName, _: &str, _: std::time::Duration) {}
    pub(crate) fn losses(_: &LogLevels, _: &ActorName, _: &Summary) {}
}

pub(crate) use lines::*;
