//! How many messages of a type are admitted in a time (T7): what is declared.

use crate::InvalidPolicy;
use crate::wording::duration;
use std::fmt;
use std::time::Duration;

/// The most messages that a sliding window counts. It remembers the instant of each: half a
/// megabyte.
pub(crate) const SLIDING_MAX: u32 = 65_536;
/// The part of a second whose messages a bucket holds where no `burst` is declared: what arrives
/// together because a timer or a packet brought it is admitted together.
const BURST_PARTS: u64 = 10;

/// How many messages of a type are admitted in a time.
///
/// It reads `"1000/s"`, `"20/m"`, `"1000 per 1m"`, and `"1000 per 1m, sliding"`. The first three
/// are a token bucket: tokens come evenly, and up to `burst` of them are kept. A sliding window
/// admits exactly so many in any interval of that length, however they are spread in it.
///
/// ```
/// # mod actors_core { pub use actors_policy::*; pub mod policy { pub use actors_policy::*; } }
/// use actors_core::policy::Rate;
/// use std::time::Duration;
///
/// assert_eq!("1000/s".parse(), Ok(Rate::new(1000, Duration::from_secs(1))));
/// assert_eq!("20 per 1m, sliding".parse(), Ok(Rate::new(20, Duration::from_secs(60)).sliding()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    /// In nanoseconds.
    per: u64,
    is_sliding: bool,
}

const EXAMPLE: &str = "write `rate = \"1000/s\"`, `\"1000 per 1m\"` or `\"1000 per 1m, sliding\"`";

impl Rate {
    /// `count` messages in the time `per`, as a token bucket.
    pub const fn new(count: u32, per: Duration) -> Rate {
        let nanos = per.as_nanos();
        Rate { count, per: if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }, is_sliding: false }
    }

    /// The same numbers as a sliding window.
    #[must_use]
    pub const fn sliding(self) -> Rate {
        Rate { is_sliding: true, ..self }
    }

    /// How many messages are admitted in [`per`](Rate::per).
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The time in which [`count`](Rate::count) messages are admitted.
    pub const fn per(&self) -> Duration {
        Duration::from_nanos(self.per)
    }

    /// Whether it is a sliding window.
    pub const fn is_sliding(&self) -> bool {
        self.is_sliding
    }

    /// How many tokens a bucket keeps where no `burst` is declared: those of a tenth of a second,
    /// at least one.
    pub(crate) fn default_burst(&self) -> u32 {
        let of_second = u128::from(self.count) * 1_000_000_000 / u128::from(self.per.max(1));
        let burst = of_second / u128::from(BURST_PARTS);
        u32::try_from(burst).unwrap_or(u32::MAX).max(1)
    }

    pub(crate) fn example() -> String {
        EXAMPLE.into()
    }

    /// Reads a rate; `None` stands for a value that was not text.
    pub(crate) fn read(text: Option<&str>) -> Result<Rate, InvalidPolicy> {
        let no_rate = || InvalidPolicy::new("rate", format!("this is no rate; {EXAMPLE}"));
        let text = text.ok_or_else(no_rate)?;
        let (text, is_sliding) = match text.rsplit_once(',') {
            Some((text, word)) if word.trim() == "sliding" => (text, true),
            Some(_) => return Err(no_rate()),
            None => (text, false),
        };
        let (count, per) = match (text.split_once("per"), text.split_once('/')) {
            (Some((count, per)), _) => (count, per.trim().to_owned()),
            (None, Some((count, unit))) => (count, format!("1{}", unit.trim())),
            (None, None) => return Err(no_rate()),
        };
        let count = count.trim().replace('_', "").parse().map_err(|_| no_rate())?;
        let per = duration::read("rate", Some(&per)).map_err(|_| no_rate())?;
        let rate = Rate { is_sliding, ..Rate::new(count, per) };
        rate.check().map(|()| rate)
    }

    /// Checks that a burst has a rate to be a part of.
    pub(crate) fn check_burst(rate: Option<Rate>, burst: Option<usize>) -> Result<(), InvalidPolicy> {
        let why = match (rate, burst) {
            (None, Some(_)) => "a `burst` is part of a rate: write `rate = \"1000/s\"` too, or leave it out",
            (Some(rate), Some(_)) if rate.is_sliding() => {
                "a sliding window has no burst: it admits its count at once; leave out `burst` or `sliding`"
            }
            _ => return Ok(()),
        };
        Err(InvalidPolicy::new("burst", why))
    }

    pub(crate) fn check(&self) -> Result<(), InvalidPolicy> {
        let refuse = |why: String| Err(InvalidPolicy::new("rate", why));
        match *self {
            Rate { count: 0, .. } => refuse(format!("a rate of nothing admits nothing; {EXAMPLE}")),
            Rate { per: 0, .. } => refuse(format!("a rate is about a time above zero; {EXAMPLE}")),
            Rate { count: SLIDING_MAX.., is_sliding: true, .. } if self.count > SLIDING_MAX => {
                refuse(format!(
                    "a sliding window counts at most {SLIDING_MAX} messages; make it shorter, or leave out `sliding`"
                ))
            }
            _ => Ok(()),
        }
    }
}

impl std::str::FromStr for Rate {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        Rate::read(Some(text))
    }
}

impl fmt::Display for Rate {
    /// Writes the form that reads back as the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = duration::write(self.per());
        match (per.strip_prefix('1'), self.is_sliding) {
            (Some(unit), false) if unit.starts_with(|letter: char| !letter.is_ascii_digit()) => {
                write!(f, "{}/{unit}", self.count)
            }
            (_, false) => write!(f, "{} per {per}", self.count),
            (_, true) => write!(f, "{} per {per}, sliding", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t7_rates_are_read_and_written() {
        let second = Duration::from_secs(1);
        for (text, rate) in [
            ("1000/s", Rate::new(1000, second)),
            ("20/m", Rate::new(20, 60 * second)),
            ("3/ms", Rate::new(3, second / 1000)),
            ("1000 per 90s", Rate::new(1000, 90 * second)),
            ("7 per 1m, sliding", Rate::new(7, 60 * second).sliding()),
        ] {
            assert_eq!(text.parse(), Ok(rate));
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!("1_000 / s".parse(), Ok(Rate::new(1000, second)));
        for wrong in
            ["", "1000", "s/1000", "-1/s", "1.5/s", "10/x", "10 per s", "10/s, slides", "0/s", "10 per 0s"]
        {
            let why = wrong.parse::<Rate>().unwrap_err();
            assert!(why.why().contains("write `rate = "), "{wrong}: {why}");
        }
        let why = "100000 per 1h, sliding".parse::<Rate>().unwrap_err();
        assert!(why.why().contains("at most 65536"), "{why}");
    }

    #[test]
    fn t7_without_a_declared_burst_a_tenth_of_a_second_is_kept() {
        let burst = |text: &str| text.parse::<Rate>().unwrap().default_burst();
        assert_eq!(["1000/s", "9/s", "1/h", "5/ms"].map(burst), [100, 1, 1, 500]);
    }
}
