//! How large a mailbox must be, how long it drains, how long messages wait: from rates that are
//! known or guessed.
//!
//! Units throughout: rates are messages a second, times are [`Duration`]s, sizes are messages.
//! Nothing here looks at a clock or at an actor; for what a running mailbox has seen see
//! `actors_core::observe::Advice`.
//!
//! A burst is modelled as a flow: while it lasts, messages come at the peak rate and are served at
//! the service rate, so the backlog grows by the difference. Afterwards they come at the usual
//! rate, and it shrinks by that difference.
//!
//! ```text
//!  backlog ┤      ╱╲                 slots = (peak − service) · burst, rounded up, and one for the sender at the door
//!          │    ╱    ╲               drain = backlog / (service − usual)
//!          │  ╱        ╲             wait  = backlog / service, of the burst's last message
//!        0 ┼╱────────────╲─────►
//!           burst   drain
//! ```
//!
//! ```
//! # use actors_policy as actors_core;
//! use actors_core::sizing::Load;
//! use std::time::Duration;
//!
//! let load = Load { peak: 1500.0, usual: 400.0, service: 1000.0, burst: Duration::from_secs(12) };
//! let sizing = load.size().unwrap();
//! assert_eq!(sizing.slots, 6001);
//! assert_eq!(sizing.drain, Duration::from_secs(10));
//! assert_eq!(sizing.wait, Duration::from_secs(6));
//! assert_eq!(sizing.beside_reserve(), 6859);     // where `low` and `normal` leave an eighth to the rest
//! assert_eq!(
//!     sizing.to_string(),
//!     "6001 slots hold a burst of 12 s at 1500/s served at 1000/s (capacity = 6859 with the default reserve); \
//!      its last message waits for 6 s, and 10 s after the burst the backlog is gone",
//! );
//!
//! let hopeless = Load { usual: 1000.0, ..load };
//! assert_eq!(
//!     hopeless.size().unwrap_err().to_string(),
//!     "messages usually come at 1000/s and are served at 1000/s: the backlog of a burst never drains, and no mailbox is \
//!      large enough for good; serve faster, or declare what may be lost",
//! );
//! ```

use crate::CAPACITY_MAX;
use crate::ShortTime;
use std::fmt;
use std::time::Duration;

/// The load of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Messages a second during a burst.
    pub peak: f64,
    /// Messages a second between bursts.
    pub usual: f64,
    /// Turns a second while there is work.
    pub service: f64,
    /// How long a burst lasts.
    pub burst: Duration,
}

/// The size of a mailbox for a [`Load`], and the delays of its messages.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sizing {
    /// The load it is for.
    pub load: Load,
    /// Slots: the backlog at the end of the burst, and one more for a message that arrives while
    /// another is being taken out. Traffic that comes unevenly within the burst needs more.
    pub slots: usize,
    /// The time from the burst's end until the backlog is gone; [`Duration::MAX`] where that is too
    /// long to represent.
    pub drain: Duration,
    /// How long the last message of the burst waits for its turn: the longest wait there is.
    pub wait: Duration,
}

/// Why no mailbox fits a [`Load`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Unsizable {
    /// A rate that is not finite, or is negative.
    NoRate(&'static str),
    /// Messages usually come at least as fast as they are served.
    NeverDrains {
        /// [`Load::usual`]
        usual: f64,
        /// [`Load::service`]
        service: f64,
    },
    /// The backlog would not fit into the largest mailbox.
    TooLarge {
        /// Messages at the end of the burst.
        backlog: f64,
    },
}

impl fmt::Display for Unsizable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Unsizable::NoRate(word) => {
                write!(
                    f,
                    "`{word}` is a rate in messages a second: write a finite number that is not below 0"
                )
            }
            Unsizable::NeverDrains { usual, service } => write!(
                f,
                "messages usually come at {}/s and are served at {}/s: the backlog of a burst never drains, and no mailbox \
                 is large enough for good; serve faster, or declare what may be lost",
                Rounded(usual),
                Rounded(service),
            ),
            Unsizable::TooLarge { backlog } => write!(
                f,
                "the burst would leave {} messages, and a mailbox holds at most {CAPACITY_MAX} (2^24); serve faster, or \
                 declare what may be lost",
                Rounded(backlog),
            ),
        }
    }
}

impl std::error::Error for Unsizable {}

impl Load {
    /// Returns the mailbox for this load.
    ///
    /// # Errors
    ///
    /// No mailbox fits the load.
    pub fn size(&self) -> Result<Sizing, Unsizable> {
        let Load { peak, usual, service, burst } = *self;
        for (word, rate) in [("peak", peak), ("usual", usual), ("service", service)] {
            if !rate.is_finite() || rate < 0.0 {
                return Err(Unsizable::NoRate(word));
            }
        }
        if service <= usual {
            return Err(Unsizable::NeverDrains { usual, service });
        }
        // A burst below the service rate leaves no backlog.
        let backlog = ((peak - service) * burst.as_secs_f64()).max(0.0);
        let slots = backlog.ceil() + 1.0;
        if slots > CAPACITY_MAX as f64 {
            return Err(Unsizable::TooLarge { backlog });
        }
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Ok(Sizing {
            load: *self,
            slots: slots as usize,
            drain: seconds(backlog / (service - usual)),
            wait: seconds(backlog / service),
        })
    }
}

impl Sizing {
    /// The capacity that gives `low` and `normal` these slots too: they may not use the default
    /// reserve, an eighth rounded up.
    pub fn beside_reserve(&self) -> usize {
        let mut capacity = self.slots + self.slots / 7;
        // Rounding can cost at most one slot.
        while capacity - capacity.div_ceil(8).min(capacity - 1) < self.slots {
            capacity += 1;
        }
        capacity.min(CAPACITY_MAX)
    }
}

impl fmt::Display for Sizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sizing { load, slots, drain, wait } = self;
        let (peak, service) = (Rounded(load.peak), Rounded(load.service));
        if load.peak <= load.service {
            return write!(
                f,
                "{slots} slot is enough: messages come at {peak}/s at most and are served at {service}/s"
            );
        }
        write!(
            f,
            "{slots} slots hold a burst of {} at {peak}/s served at {service}/s (capacity = {} with the default reserve); \
             its last message waits for {}, and {} after the burst the backlog is gone",
            ShortTime(load.burst),
            self.beside_reserve(),
            ShortTime(*wait),
            ShortTime(*drain),
        )
    }
}

/// Little's law: the mean stay of a message where `depth` messages are present on average and
/// `throughput` leave a second. `None` where nothing leaves, or a number is not finite. It holds
/// for any order and distribution, as long as as many leave as arrive.
///
/// John Little: A proof for the queuing formula L = λW (Operations Research 9, 3, 1961).
///
/// ```
/// # use std::time::Duration;
/// # use actors_policy as actors_core;
/// assert_eq!(actors_core::sizing::sojourn(50.0, 1000.0), Some(Duration::from_millis(50)));
/// assert_eq!(actors_core::sizing::sojourn(50.0, 0.0), None);
/// ```
pub fn sojourn(depth: f64, throughput: f64) -> Option<Duration> {
    let is_number = depth.is_finite() && throughput.is_finite() && throughput > 0.0;
    is_number.then(|| Duration::try_from_secs_f64(depth / throughput).ok()).flatten()
}

/// A rate or an amount for people: whole from ten on, otherwise with one digit after the point.
pub struct Rounded(pub f64);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0 >= 10.0 || self.0.fract() == 0.0;
        write!(f, "{:.*}", usize::from(!whole), self.0)
    }
}
