//! Advice on the capacity of a mailbox, from what was measured.

use crate::policy::CAPACITY_MAX;
use actors_policy::ShortTime;
use actors_policy::sizing::{Load, Rounded, Unsizable};
use std::fmt;
use std::time::Duration;

/// What a mailbox's measured numbers say about its capacity. Its text is a sentence for a person.
///
/// ```
/// use actors_core::observe::Advice;
/// use std::time::Duration;
///
/// // Of 1024 slots at most 300 were taken.
/// let calm = Advice::from_measured(300, 1024, 400.0, 1500.0, 1000.0, Duration::from_secs(2));
/// assert_eq!(
///     calm.to_string(),
///     "a capacity of 1024 is enough: at most 300 of its slots were taken at once, and serving as many takes 300 ms",
/// );
///
/// // All of 1024 were, and the mailbox was not empty for 22 s.
/// let full = Advice::from_measured(1024, 1024, 400.0, 1500.0, 1000.0, Duration::from_secs(22));
/// assert_eq!(
///     full.to_string(),
///     "a capacity of 1024 is too small: 1024 of its slots were taken at once; write `capacity = 11598`, which holds a burst \
///      of 20 s at 1500/s served at 1000/s, or declare what may be lost",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Advice {
    /// A number that is needed is not known yet; which, and how it becomes known.
    Unknown(&'static str),
    /// The mailbox has never been full.
    Enough {
        /// Its slots.
        capacity: usize,
        /// How many of them were taken at most.
        depth_peak: usize,
        /// How long it takes to serve as many: the longest wait.
        wait: Duration,
    },
    /// The mailbox has been full.
    Grow {
        /// Its slots.
        capacity: usize,
        /// How many of them were taken at most.
        depth_peak: usize,
        /// The capacity that holds the burst; an upper estimate.
        to: usize,
        /// The burst, as far as the numbers show it.
        load: Load,
    },
    /// No capacity is right.
    Hopeless(Unsizable),
}

impl Advice {
    /// Judges by measured numbers: messages queued at most, slots, messages that came a second on
    /// average and in the worst moment, turns a second while there was a backlog, the longest time
    /// for which the mailbox was not empty. A rate of 0 is an unknown one.
    ///
    /// A mailbox that has never been full needs no estimate. For one that has, the length `b` of
    /// the burst is worked out from the longest busy time `T`, with peak `p`, usual rate `u` and
    /// service `s` as in [`sizing`](crate::sizing): where nothing was lost, burst and drain
    /// together are `T = b + (p − s)·b / (s − u)`; where everything that did not fit was lost, only
    /// the queue itself was left to drain, `T = b + depth / (s − u)`. What became of the rest is
    /// not known here, so the longer of the two is taken.
    pub fn from_measured(
        depth_peak: usize,
        capacity: usize,
        arrival_rate: f64,
        arrival_peak: f64,
        drain_rate: f64,
        busy_longest: Duration,
    ) -> Advice {
        let is_known = |rate: f64| rate.is_finite() && rate > 0.0;
        if !is_known(drain_rate) {
            return Advice::Unknown("how fast turns end, which is measured while there is a backlog");
        }
        if !is_known(arrival_rate) || !is_known(arrival_peak) {
            return Advice::Unknown("how fast messages come, which is measured once some have");
        }
        let mut load =
            Load { peak: arrival_peak, usual: arrival_rate, service: drain_rate, burst: Duration::ZERO };
        // `low` and `normal` find a mailbox full when only the default reserve, an eighth, is left.
        let full_from = capacity - capacity.div_ceil(8).min(capacity.saturating_sub(1));
        if depth_peak < full_from {
            // Not full so far; but it will be where as many messages come as are served.
            return match load.size() {
                Err(why @ Unsizable::NeverDrains { .. }) => Advice::Hopeless(why),
                _ => {
                    let wait = seconds(depth_peak as f64 / drain_rate);
                    Advice::Enough { capacity, depth_peak, wait }
                }
            };
        }
        if arrival_peak > drain_rate && drain_rate > arrival_rate {
            let (busy, spare) = (busy_longest.as_secs_f64(), drain_rate - arrival_rate);
            let nothing_lost = busy * spare / (arrival_peak - arrival_rate);
            let all_lost = busy - depth_peak as f64 / spare;
            load.burst = seconds(nothing_lost.max(all_lost));
        }
        match load.size() {
            Err(why) => Advice::Hopeless(why),
            Ok(sizing) => {
                // If the rates do not explain why the mailbox was full, the burst was too short to
                // measure: advise twice the capacity, and to look again.
                let shown = sizing.beside_reserve();
                let to = if shown > capacity { shown } else { capacity.saturating_mul(2).min(CAPACITY_MAX) };
                Advice::Grow { capacity, depth_peak, to, load }
            }
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::Unknown(what) => write!(f, "nothing can be said yet: it is not known {what}"),
            Advice::Enough { capacity, depth_peak, wait } => write!(
                f,
                "a capacity of {capacity} is enough: at most {depth_peak} of its slots were taken at once, and serving as many \
                 takes {}",
                ShortTime(*wait)
            ),
            Advice::Grow { capacity, depth_peak, to, load } => {
                write!(
                    f,
                    "a capacity of {capacity} is too small: {depth_peak} of its slots were taken at once; "
                )?;
                if load.burst.is_zero() {
                    return write!(
                        f,
                        "write `capacity = {to}` and look again, for bursts were too short for rates to show"
                    );
                }
                let (burst, peak, service) =
                    (ShortTime(load.burst), Rounded(load.peak), Rounded(load.service));
                write!(
                    f,
                    "write `capacity = {to}`, which holds a burst of {burst} at {peak}/s served at {service}/s, or declare \
                     what may be lost"
                )
            }
            Advice::Hopeless(why) => why.fmt(f),
        }
    }
}
