//! What a supervisor has decided, and what it saw, as sentences (P5).

use super::declared::Priority;
use super::level::Level;
use std::fmt;
use std::time::Duration;

/// Something that was decided, with what was seen as the reason.
///
/// Its `Display` is what follows the actor's name and a space: `orders` `at 92 % for 300 ms: 3rd worker started`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// What is so from now on.
    pub what: What,
    /// What was seen.
    pub why: Why,
}

/// What is so from now on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// The level is another one (P1).
    Level {
        /// Before.
        from: Level,
        /// From now on.
        to: Level,
    },
    /// Workers were started, on trial (P4).
    WorkersAdded {
        /// Before.
        from: usize,
        /// From now on.
        to: usize,
    },
    /// They stay.
    WorkersKept {
        /// Before the trial.
        from: usize,
        /// In the trial, and from now on.
        to: usize,
        /// By what part throughput rose; `None`: the backlog is gone, which is proof enough.
        gain: Option<f64>,
    },
    /// They do not: more of them do not help.
    WorkersTakenBack {
        /// In the trial.
        from: usize,
        /// Before it, and from now on.
        to: usize,
        /// By what part throughput rose.
        gain: f64,
    },
    /// Workers that were not needed for a while have ended.
    WorkersRetired {
        /// Before.
        from: usize,
        /// From now on.
        to: usize,
    },
    /// Senders may be refused, lowest priority first (P3).
    SheddingBegan,
    /// Whom it concerns has changed by a lane or by a factor of two.
    SheddingMoved {
        /// Lanes below it are refused.
        lane: Priority,
        /// And of this one, this share is admitted.
        share: f64,
    },
    /// Nobody is refused any more.
    SheddingEnded,
    /// Senders of `block` types wait as soon as the mailbox is filled so far (P2).
    SqueezeBegan {
        /// The `low` mark.
        fill: f64,
    },
    /// They wait only when it is full.
    SqueezeEnded,
    /// All that was declared is being done, and there still is pressure.
    Exhausted,
    /// Messages are queued, and no turn begins or ends (F3).
    Wedged {
        /// So many.
        queued: usize,
        /// For so long.
        since: Duration,
    },
    /// Turns begin and end again.
    Moving,
}

/// What was seen when something was decided.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Why {
    /// How much of the mailbox was filled.
    pub fill: f64,
    /// How long even the quickest message stayed in the queue, if that was too long.
    pub behind: Option<Duration>,
    /// For how long there was pressure, or none.
    pub lasted: Duration,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.why, self.what)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} %", percent(self.fill))?;
        if let Some(behind) = self.behind {
            write!(f, " and {} behind", Short(behind))?;
        }
        if self.lasted >= Duration::from_millis(1) {
            write!(f, " for {}", Short(self.lasted))?;
        }
        Ok(())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            What::Level { from, to } => write!(f, "{to}, no longer {from}"),
            What::WorkersAdded { from, to } if to == from + 1 => write!(f, "{} worker started", Place(to)),
            What::WorkersAdded { from, to } => write!(f, "{} workers started, now {to}", to - from),
            What::WorkersKept { to, gain: None, .. } => {
                write!(f, "the backlog is gone with {}, which stay", counted(to))
            }
            What::WorkersKept { from, to, gain: Some(gain) } => {
                write!(f, "{} gave more than {from} ({}): they stay", counted(to), Gain(gain))
            }
            What::WorkersTakenBack { from, to, gain } => {
                write!(f, "{} gave no more than {to} ({}): back to {to}", counted(from), Gain(gain))
            }
            What::WorkersRetired { from, to } => {
                let is = if to == 1 { "is" } else { "are" };
                write!(f, "{to} of {from} workers {is} enough, the others end")
            }
            What::SheddingBegan => f.write_str("shedding begins, lowest priority first"),
            What::SheddingMoved { lane, share } => {
                write!(f, "{} % of {} messages are admitted", percent(share), lane.word())?;
                if lane == Priority::Low { Ok(()) } else { f.write_str(" and none below") }
            }
            What::SheddingEnded => f.write_str("shedding ends, all are admitted"),
            What::SqueezeBegan { fill } => {
                write!(f, "senders of `block` messages wait from {} % on", percent(fill))
            }
            What::SqueezeEnded => f.write_str("senders of `block` messages wait only when it is full"),
            What::Exhausted => f.write_str("all that was declared is done, and it is not enough"),
            What::Wedged { queued, since } => {
                let are = if queued == 1 { "message is" } else { "messages are" };
                write!(f, "wedged, no turn began or ended for {} while {queued} {are} queued", Short(since))
            }
            What::Moving => f.write_str("no longer wedged, turns begin and end again"),
        }
    }
}

fn counted(workers: usize) -> String {
    if workers == 1 { "1 worker".into() } else { format!("{workers} workers") }
}

/// Whole percents; a little is not nothing, and nearly all is not all.
fn percent(part: f64) -> f64 {
    let whole = (part * 100.0).round();
    if part > 0.0 && part < 1.0 { whole.clamp(1.0, 99.0) } else { whole }
}

/// A change of throughput, with its sign.
struct Gain(f64);

impl fmt::Display for Gain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A whole number, so that there is no -0.
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

/// A time in two digits or three.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        match seconds {
            _ if self.0 < Duration::from_millis(1) => write!(f, "{} µs", self.0.as_micros()),
            _ if self.0 < Duration::from_secs(1) => write!(f, "{} ms", self.0.as_millis()),
            _ if seconds < 9.95 => write!(f, "{seconds:.1} s"),
            _ if seconds < 119.5 => write!(f, "{seconds:.0} s"),
            _ => write!(f, "{:.0} min", seconds / 60.0),
        }
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
        let full = Why { fill: 0.92, behind: None, lasted: ms(300) };
        let late = Why { fill: 0.004, behind: Some(ms(340)), lasted: ms(1300) };
        let calm = Why { fill: 0.0, behind: None, lasted: ms(10_000) };
        let sudden = Why { lasted: Duration::ZERO, ..full };
        for (why, what, sentence) in [
            (full, What::WorkersAdded { from: 2, to: 3 }, "at 92 % for 300 ms: 3rd worker started"),
            (sudden, What::WorkersAdded { from: 2, to: 8 }, "at 92 %: 6 workers started, now 8"),
            (
                full,
                What::WorkersTakenBack { from: 8, to: 4, gain: 0.02 },
                "at 92 % for 300 ms: 8 workers gave no more than 4 (+2 %): back to 4",
            ),
            (
                full,
                What::WorkersKept { from: 1, to: 2, gain: Some(0.98) },
                "at 92 % for 300 ms: 2 workers gave more than 1 (+98 %): they stay",
            ),
            (
                calm,
                What::WorkersKept { from: 1, to: 2, gain: None },
                "at 0 % for 10 s: the backlog is gone with 2 workers, which stay",
            ),
            (
                calm,
                What::WorkersRetired { from: 8, to: 1 },
                "at 0 % for 10 s: 1 of 8 workers is enough, the others end",
            ),
            (
                late,
                What::Level { from: Level::Calm, to: Level::Elevated },
                "at 1 % and 340 ms behind for 1.3 s: elevated, no longer calm",
            ),
            (
                late,
                What::SheddingMoved { lane: Priority::Normal, share: 0.4 },
                "at 1 % and 340 ms behind for 1.3 s: 40 % of normal messages are admitted and none below",
            ),
            (
                full,
                What::Wedged { queued: 1, since: ms(30_000) },
                "at 92 % for 300 ms: wedged, no turn began or ended for 30 s while 1 message is queued",
            ),
        ] {
            assert_eq!(Change { what, why }.to_string(), sentence);
        }
    }

    #[test]
    fn p5_numbers_have_few_digits() {
        let times = [ms(0), Duration::from_micros(999), ms(999), ms(1000), ms(9990), ms(90_000), ms(600_000)];
        let said = times.map(|time| Short(time).to_string());
        assert_eq!(said, ["0 µs", "999 µs", "999 ms", "1.0 s", "10 s", "90 s", "10 min"]);
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 112, 123].map(|n| Place(n).to_string());
        assert_eq!(places, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "123rd"]);
        assert_eq!([0.0, 0.001, 0.5, 0.999, 1.0].map(percent), [0.0, 1.0, 50.0, 99.0, 100.0]);
        assert_eq!([-0.001, 0.024, -0.4].map(|gain| Gain(gain).to_string()), ["+0 %", "+2 %", "-40 %"]);
    }
}
