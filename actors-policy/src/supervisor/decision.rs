//! Decisions of the runtime about an actor, and what caused them, as values and as sentences (P5).
//!
//! ```text
//!   orders  at 92 % for 300 ms: 3rd worker started          actor, cause, kind
//!   db      panicked: restarts in 50 ms
//! ```
//!
//! [`Decided`] is what a policy returns. `actors-core` adds the actor's name and the time, and
//! keeps it as a `Decision`.

use super::level::Level;
use crate::{Priority, ShortTime, Spent, StopReason};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A decision and its cause. Its `Display` follows the actor's name and a space: `at 92 % for 300
/// ms: 3rd worker started`.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// What was decided.
    pub kind: DecisionKind,
    /// The cause of the decision.
    pub cause: Cause,
}

/// What was decided about an actor.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DecisionKind {
    /// The level of pressure changed (P1).
    LevelChanged {
        /// The level before.
        from: Level,
        /// The level from now on.
        to: Level,
    },
    /// Workers were started, on trial (P4).
    WorkersAdded {
        /// Workers before.
        from: usize,
        /// Workers from now on.
        to: usize,
    },
    /// The workers on trial stay.
    WorkersKept {
        /// Workers before the trial.
        from: usize,
        /// Workers in the trial, and from now on.
        to: usize,
        /// By what part throughput rose; `None` when the backlog is gone, which is proof enough.
        gain: Option<f64>,
    },
    /// The workers on trial end: they did not help.
    WorkersTakenBack {
        /// Workers in the trial.
        from: usize,
        /// Workers before the trial, and from now on.
        to: usize,
        /// By what part throughput rose.
        gain: f64,
    },
    /// Workers that were idle for a while have ended.
    WorkersRetired {
        /// Workers before.
        from: usize,
        /// Workers from now on.
        to: usize,
    },
    /// Senders may be refused, lowest priority first (P3).
    SheddingBegan,
    /// The threshold of shedding moved by a lane or by a factor of two.
    SheddingMoved {
        /// Messages of lanes below it are refused.
        lane: Priority,
        /// The share of this lane that is admitted.
        share: f64,
    },
    /// All messages are admitted again.
    SheddingEnded,
    /// Senders of `block` types wait as soon as the mailbox is filled to this mark (P2).
    SoftLimitBegan {
        /// The `low` mark.
        fill: f64,
    },
    /// Senders of `block` types wait only while the mailbox is full.
    SoftLimitEnded,
    /// Every declared action is engaged, and the pressure stays.
    Exhausted,
    /// Messages are queued, and no turn begins or ends (F3).
    Stalled {
        /// Messages in the queue.
        queued: usize,
        /// For how long no turn began or ended.
        #[cfg_attr(feature = "serde", serde(rename = "since_ms", with = "crate::millis"))]
        since: Duration,
    },
    /// Turns begin and end again.
    Resumed,
    /// Another instance continues with the queue (F2).
    Restarted {
        /// The delay before it starts.
        #[cfg_attr(feature = "serde", serde(rename = "after_ms", with = "crate::millis"))]
        after: Duration,
    },
    /// The actor ends, because it may not be restarted (again) (F2).
    GaveUp {
        /// The failures that were more than its restart policy allows; `None` where the policy
        /// allows no restart.
        spent: Option<Spent>,
    },
    /// An actor without handles stays alive, because its running turn does not end (F6). It ends
    /// with that turn, or with the system.
    KeptAlive {
        /// For how long the turn has been running.
        #[cfg_attr(feature = "serde", serde(rename = "turn_ms", with = "crate::millis"))]
        turn: Duration,
    },
    /// A turn has been running for longer than a healthy one does (F3). It is recorded once per
    /// turn.
    TurnOverdue {
        /// The number of the worker that runs it; 0 in an actor with one worker.
        worker: u32,
        /// The message type.
        message: Cow<'static, str>,
        /// For how long it has been running, at least.
        #[cfg_attr(feature = "serde", serde(rename = "turn_ms", with = "crate::millis"))]
        turn: Duration,
    },
    /// Its settings were changed while it runs.
    Reconfigured {
        /// Who changed them: a name that the caller gave.
        author: Cow<'static, str>,
        /// What has changed: `capacity = 64 (was 32)`.
        changes: Cow<'static, str>,
    },
}

impl DecisionKind {
    /// The words of all kinds, in the order of their declaration.
    pub const WORDS: [&str; 18] = [
        "level_changed",
        "workers_added",
        "workers_kept",
        "workers_taken_back",
        "workers_retired",
        "shedding_began",
        "shedding_moved",
        "shedding_ended",
        "soft_limit_began",
        "soft_limit_ended",
        "exhausted",
        "stalled",
        "resumed",
        "restarted",
        "gave_up",
        "kept_alive",
        "turn_overdue",
        "reconfigured",
    ];

    /// The word of this kind in metric labels: `restarted`.
    pub const fn word(&self) -> &'static str {
        Self::WORDS[self.index()]
    }

    /// The place of this kind's word among [`WORDS`](Self::WORDS).
    pub const fn index(&self) -> usize {
        match self {
            DecisionKind::LevelChanged { .. } => 0,
            DecisionKind::WorkersAdded { .. } => 1,
            DecisionKind::WorkersKept { .. } => 2,
            DecisionKind::WorkersTakenBack { .. } => 3,
            DecisionKind::WorkersRetired { .. } => 4,
            DecisionKind::SheddingBegan => 5,
            DecisionKind::SheddingMoved { .. } => 6,
            DecisionKind::SheddingEnded => 7,
            DecisionKind::SoftLimitBegan { .. } => 8,
            DecisionKind::SoftLimitEnded => 9,
            DecisionKind::Exhausted => 10,
            DecisionKind::Stalled { .. } => 11,
            DecisionKind::Resumed => 12,
            DecisionKind::Restarted { .. } => 13,
            DecisionKind::GaveUp { .. } => 14,
            DecisionKind::KeptAlive { .. } => 15,
            DecisionKind::TurnOverdue { .. } => 16,
            DecisionKind::Reconfigured { .. } => 17,
        }
    }
}

/// What caused a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Cause {
    /// The state of the mailbox.
    #[non_exhaustive]
    Load {
        /// The part of the mailbox that was filled.
        fill: f64,
        /// How long even the quickest message stayed in the queue, if that was too long.
        #[cfg_attr(feature = "serde", serde(rename = "behind_ms", with = "crate::millis::optional"))]
        behind: Option<Duration>,
        /// For how long there was pressure, or none.
        #[cfg_attr(feature = "serde", serde(rename = "lasted_ms", with = "crate::millis"))]
        lasted: Duration,
    },
    /// An instance failed in this way.
    Failure(StopReason),
    /// The program, or an operator through it, asked for it.
    Request,
    /// The last handle was dropped this long ago.
    Unreferenced(#[cfg_attr(feature = "serde", serde(with = "crate::millis"))] Duration),
}

impl Cause {
    /// A [`Cause::Load`].
    pub const fn load(fill: f64, behind: Option<Duration>, lasted: Duration) -> Cause {
        Cause::Load { fill, behind, lasted }
    }
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decided { kind, cause } = self;
        match cause {
            Cause::Unreferenced(_) => write!(f, "{cause}, but {kind}"),
            Cause::Request => write!(f, "{kind}"),
            Cause::Load { .. } | Cause::Failure(_) => write!(f, "{cause}: {kind}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Cause::Load { fill, behind, lasted } => {
                write!(f, "at {} %", percent(fill))?;
                if let Some(behind) = behind {
                    write!(f, " and {} behind", ShortTime(behind))?;
                }
                if lasted >= Duration::from_millis(1) {
                    write!(f, " for {}", ShortTime(lasted))?;
                }
                Ok(())
            }
            Cause::Failure(why) => f.write_str(match why {
                StopReason::Panicked => "panicked",
                StopReason::StartFailed => "did not start",
                StopReason::ChildFailed => "lost a child that failed too often",
                StopReason::Stopped => "stopped itself",
                _ => "was replaced",
            }),
            Cause::Request => Ok(()),
            Cause::Unreferenced(since) => write!(f, "has had no handle for {}", ShortTime(since)),
        }
    }
}

impl fmt::Display for DecisionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            DecisionKind::TurnOverdue { worker, ref message, turn } => {
                write!(
                    f,
                    "the turn of `{message}` on worker {worker} has been running for {}",
                    ShortTime(turn)
                )
            }
            DecisionKind::Reconfigured { ref author, ref changes } => {
                write!(f, "reconfigured by {author}: {changes}")
            }
            DecisionKind::LevelChanged { from, to } => write!(f, "{to}, no longer {from}"),
            DecisionKind::WorkersAdded { from, to } if to == from + 1 => {
                write!(f, "{} worker started", Place(to))
            }
            DecisionKind::WorkersAdded { from, to } => write!(f, "{} workers started, now {to}", to - from),
            DecisionKind::WorkersKept { to, gain: None, .. } => {
                write!(f, "the backlog is gone with {}, which stay", counted(to))
            }
            DecisionKind::WorkersKept { from, to, gain: Some(gain) } => {
                write!(f, "{} gave more than {from} ({}): they stay", counted(to), Gain(gain))
            }
            DecisionKind::WorkersTakenBack { from, to, gain } => {
                write!(f, "{} gave no more than {to} ({}): back to {to}", counted(from), Gain(gain))
            }
            DecisionKind::WorkersRetired { from, to } => {
                let is = if to == 1 { "is" } else { "are" };
                write!(f, "{to} of {from} workers {is} enough, the others end")
            }
            DecisionKind::SheddingBegan => f.write_str("shedding begins, lowest priority first"),
            DecisionKind::SheddingMoved { lane, share } => {
                write!(f, "{} % of {} messages are admitted", percent(share), lane.word())?;
                if lane == Priority::Low { Ok(()) } else { f.write_str(" and none below") }
            }
            DecisionKind::SheddingEnded => f.write_str("shedding ends, all are admitted"),
            DecisionKind::SoftLimitBegan { fill } => {
                write!(f, "senders of `block` messages wait from {} % on", percent(fill))
            }
            DecisionKind::SoftLimitEnded => {
                f.write_str("senders of `block` messages wait only when it is full")
            }
            DecisionKind::Exhausted => f.write_str("all that was declared is done, and it is not enough"),
            DecisionKind::Stalled { queued, since } => {
                let are = if queued == 1 { "message is" } else { "messages are" };
                write!(
                    f,
                    "stalled, no turn began or ended for {} while {queued} {are} queued",
                    ShortTime(since)
                )
            }
            DecisionKind::Resumed => f.write_str("no longer stalled, turns begin and end again"),
            DecisionKind::Restarted { after } if after.is_zero() => f.write_str("restarts at once"),
            DecisionKind::Restarted { after } => write!(f, "restarts in {}", ShortTime(after)),
            DecisionKind::GaveUp { spent: Some(spent) } => write!(f, "ends after {spent}"),
            DecisionKind::GaveUp { spent: None } => f.write_str("ends, its restart policy is `never`"),
            DecisionKind::KeptAlive { turn } => write!(f, "a turn of {} does not end", ShortTime(turn)),
        }
    }
}

fn counted(workers: usize) -> String {
    if workers == 1 { "1 worker".into() } else { format!("{workers} workers") }
}

/// Whole percents; a share above 0 never shows as 0, and one below 100 never as 100.
fn percent(part: f64) -> f64 {
    let whole = (part * 100.0).round();
    if part > 0.0 && part < 1.0 { whole.clamp(1.0, 99.0) } else { whole }
}

/// A change of throughput, with its sign.
struct Gain(f64);

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounds to an integer, so that there is no -0.
        write!(f, "{:+} %", (self.0 * 100.0).round() as i64)
    }
}

/// 1st, 2nd, 3rd, 4th, …
struct Place(usize);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = match (self.0 % 10, self.0 % 100) {
            (1, teen) if teen != 11 => "st",
            (2, teen) if teen != 12 => "nd",
            (3, teen) if teen != 13 => "rd",
            _ => "th",
        };
        write!(f, "{}{ending}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn p5_every_change_reads_as_a_sentence_after_the_actors_name() {
        let full = Cause::load(0.92, None, ms(300));
        let late = Cause::load(0.004, Some(ms(340)), ms(1300));
        let calm = Cause::load(0.0, None, ms(10_000));
        let sudden = Cause::load(0.92, None, Duration::ZERO);
        for (cause, kind, sentence) in [
            (full, DecisionKind::WorkersAdded { from: 2, to: 3 }, "at 92 % for 300 ms: 3rd worker started"),
            (sudden, DecisionKind::WorkersAdded { from: 2, to: 8 }, "at 92 %: 6 workers started, now 8"),
            (
                full,
                DecisionKind::WorkersTakenBack { from: 8, to: 4, gain: 0.02 },
                "at 92 % for 300 ms: 8 workers gave no more than 4 (+2 %): back to 4",
            ),
            (
                full,
                DecisionKind::WorkersKept { from: 1, to: 2, gain: Some(0.98) },
                "at 92 % for 300 ms: 2 workers gave more than 1 (+98 %): they stay",
            ),
            (
                calm,
                DecisionKind::WorkersKept { from: 1, to: 2, gain: None },
                "at 0 % for 10 s: the backlog is gone with 2 workers, which stay",
            ),
            (
                calm,
                DecisionKind::WorkersRetired { from: 8, to: 1 },
                "at 0 % for 10 s: 1 of 8 workers is enough, the others end",
            ),
            (
                late,
                DecisionKind::LevelChanged { from: Level::Calm, to: Level::Elevated },
                "at 1 % and 340 ms behind for 1.3 s: elevated, no longer calm",
            ),
            (
                late,
                DecisionKind::SheddingMoved { lane: Priority::Normal, share: 0.4 },
                "at 1 % and 340 ms behind for 1.3 s: 40 % of normal messages are admitted and none below",
            ),
            (
                full,
                DecisionKind::Stalled { queued: 1, since: ms(30_000) },
                "at 92 % for 300 ms: stalled, no turn began or ended for 30 s while 1 message is queued",
            ),
            (
                Cause::Failure(StopReason::Panicked),
                DecisionKind::Restarted { after: ms(50) },
                "panicked: restarts in 50 ms",
            ),
            (
                Cause::Failure(StopReason::StartFailed),
                DecisionKind::Restarted { after: Duration::ZERO },
                "did not start: restarts at once",
            ),
            (
                sudden,
                DecisionKind::TurnOverdue { worker: 2, message: "Charge".into(), turn: ms(31_000) },
                "at 92 %: the turn of `Charge` on worker 2 has been running for 31 s",
            ),
            (
                Cause::Unreferenced(ms(1500)),
                DecisionKind::KeptAlive { turn: ms(90_000) },
                "has had no handle for 1.5 s, but a turn of 90 s does not end",
            ),
        ] {
            assert_eq!(Decided { kind, cause }.to_string(), sentence);
        }
    }

    /// Each kind has a word of its own, in the order of the table.
    #[test]
    fn p5_every_kind_has_its_word() {
        let kinds = [
            (DecisionKind::SheddingBegan, "shedding_began"),
            (DecisionKind::Stalled { queued: 1, since: ms(1) }, "stalled"),
            (DecisionKind::GaveUp { spent: None }, "gave_up"),
            (DecisionKind::TurnOverdue { worker: 0, message: "Charge".into(), turn: ms(1) }, "turn_overdue"),
            (DecisionKind::Reconfigured { author: "ops".into(), changes: "".into() }, "reconfigured"),
        ];
        for (kind, word) in kinds {
            assert_eq!((kind.word(), DecisionKind::WORDS[kind.index()]), (word, word));
        }
        let words = DecisionKind::WORDS;
        assert!(words.iter().enumerate().all(|(at, word)| !words[..at].contains(word)), "{words:?}");
    }

    #[test]
    fn p5_numbers_have_few_digits() {
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 112, 123].map(|n| Place(n).to_string());
        assert_eq!(places, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "123rd"]);
        assert_eq!([0.0, 0.001, 0.5, 0.999, 1.0].map(percent), [0.0, 1.0, 50.0, 99.0, 100.0]);
        assert_eq!([-0.001, 0.024, -0.4].map(|gain| Gain(gain).to_string()), ["+0 %", "+2 %", "-40 %"]);
    }
}
