//! The builder of a system.

use crate::env::System;
use crate::error::ActorName;
use crate::observe::{LogEvent, LogLevel, LogLevels, Meter, Metering, TurnSpans};
use crate::seed::{self, Seed};
use crate::supervise;
use crate::wait::Deadlock;
use std::sync::Arc;

/// A builder of a [`System`]; see [`System::builder`].
#[derive(Debug)]
#[must_use = "`build` makes the system"]
pub struct SystemBuilder {
    name: ActorName,
    seed: Option<u64>,
    deadlock: Deadlock,
    metering: Metering,
    turn_spans: TurnSpans,
    log: LogLevels,
}

impl SystemBuilder {
    pub(crate) fn new(name: ActorName) -> Self {
        SystemBuilder {
            name,
            seed: None,
            deadlock: Deadlock::On,
            metering: Metering::default(),
            turn_spans: TurnSpans::default(),
            log: LogLevels::default(),
        }
    }

    /// Sets the seed of everything random in the system. Without it, the operating system gives
    /// one.
    ///
    /// The seed determines which messages `drop_random` drops, which senders are shed, the spread
    /// of `retry_after` and of restart delays, and the hashes of keys. Each actor has its own
    /// streams, derived from the seed and the actor's name.
    ///
    /// On a current-thread runtime with paused time, two runs of one program with the same seed are
    /// identical. On several threads, or in real time, the order of events still differs.
    ///
    /// A seed is for tests and simulations. Leave it out in a service: a client that knows the seed
    /// and chooses keys can make their hashes collide.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets whether waits inside turns are checked for cycles (D1); [`Deadlock::On`] by default.
    ///
    /// ```
    /// use actors_core::prelude::*;
    /// use actors_core::system::Deadlock;
    ///
    /// let system = System::builder("shop").deadlock(Deadlock::Off).build();
    /// ```
    pub fn deadlock(mut self, deadlock: Deadlock) -> Self {
        self.deadlock = deadlock;
        self
    }

    /// Sets the meter of the system: it receives the queue time and the handling time of one turn
    /// in `every`, counted per actor, the first turn included (L6). 0 counts as 1. By default there
    /// is no meter. [`histograms`](SystemBuilder::histograms) are a ready-made meter; a system may
    /// have both.
    ///
    /// A sampled turn reads the clock twice, about 50 ns. With `every` at 64 that is a nanosecond
    /// per turn, and a busy actor still gives thousands of samples a second.
    ///
    /// ```
    /// use actors_core::observe::{Meter, TurnTimes};
    /// use actors_core::prelude::*;
    ///
    /// struct Slow;
    ///
    /// impl Meter for Slow {
    ///     fn turn(&self, turn: &TurnTimes<'_>) {
    ///         if turn.handled.as_millis() > 100 {
    ///             eprintln!("{}: {} took {:?}", turn.actor, turn.message, turn.handled);
    ///         }
    ///     }
    /// }
    ///
    /// let system = System::builder("shop").meter(Slow, 64).build();
    /// ```
    pub fn meter(mut self, meter: impl Meter, every: u32) -> Self {
        self.metering.set_own(Arc::new(meter), every);
        self
    }

    /// Keeps histograms of the queue time and the handling time of one turn in `every`, counted per
    /// actor, the first turn included (L6). 0 counts as 1. By default there are none.
    ///
    /// They are read with [`System::histograms`], and exporters and dashboards show them. A sample
    /// takes about a tenth of a microsecond. So 1 suits a service whose busiest actor handles up to
    /// ten thousand messages a second, and 64 one of a million. At full speed, with tens of
    /// millions, 256 costs one or two percent (`benches/watching.rs`).
    ///
    /// ```
    /// # use actors_core::prelude::*;
    /// # struct Shop;
    /// # #[actor(local)]
    /// # impl Shop { #[message] fn viewed(&mut self) {} }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let system = System::builder("shop").histograms(1).build();
    /// let shop = system.spawn(Shop);
    /// shop.viewed().ask().await.unwrap();
    /// let times = &system.histograms().unwrap().rows()[0];
    /// assert_eq!((times.message, times.handled.count()), ("Viewed", 1));
    /// # }
    /// ```
    pub fn histograms(mut self, every: u32) -> Self {
        self.metering.set_histograms(every);
        self
    }

    /// Sets the level of a log line; without it, each has its
    /// [default](LogEvent::default_level).
    ///
    /// ```
    /// use actors_core::observe::{LogEvent, LogLevel};
    /// use actors_core::prelude::*;
    ///
    /// // A service that sheds load every evening: its refusals are no news.
    /// let system = System::builder("shop").log_level(LogEvent::Refusals, LogLevel::Debug).build();
    /// ```
    pub fn log_level(mut self, event: LogEvent, level: LogLevel) -> Self {
        self.log.set(event, level);
        self
    }

    /// Sets how the spans of turns refer to the spans in which their messages were sent (L7);
    /// [`TurnSpans::FollowsFrom`] by default. Has no effect without the feature `tracing`.
    ///
    /// While no subscriber wants the span, target `actors::turn` and level INFO, nothing is kept
    /// with a message.
    ///
    /// ```
    /// use actors_core::observe::TurnSpans;
    /// use actors_core::prelude::*;
    ///
    /// let system = System::builder("shop").turn_spans(TurnSpans::ChildOf).build();
    /// ```
    pub fn turn_spans(mut self, turn_spans: TurnSpans) -> Self {
        self.turn_spans = turn_spans;
        self
    }

    /// Makes the system. It uses the current tokio runtime or, outside one, the runtime of its
    /// first use.
    pub fn build(self) -> System {
        let seed = self.seed.map_or_else(seed::from_os, Seed::new);
        let SystemBuilder { name, deadlock, metering, turn_spans, log, .. } = self;
        System::with(name, seed, deadlock, metering, turn_spans, log, supervise::sampling)
    }
}
