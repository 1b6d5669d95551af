//! The events that the runtime logs, and the level of each.

/// How loud a log line is, the quietest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LogLevel {
    /// It is not written.
    Off,
    /// For debugging.
    Debug,
    /// For the record.
    Info,
    /// To be looked at now, or when it repeats.
    Warn,
    /// Needs an alert.
    Error,
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $event:ident = $level:ident,)+) => {
        /// What the runtime logs. docs/guide/operations.md has the lines of each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LogEvent {
            $($(#[doc = $doc])+ $event,)+
        }

        impl LogEvent {
            /// All events.
            pub const ALL: &[LogEvent] = &[$(LogEvent::$event,)+];

            /// The level of the event, unless the builder of the system sets another one.
            pub const fn default_level(self) -> LogLevel {
                match self {
                    $(LogEvent::$event => LogLevel::$level,)+
                }
            }
        }
    };
}

events! {
    /// A handler panicked.
    HandlerPanicked = Error,
    /// The code of a timer, a pipe or a watch panicked.
    JobPanicked = Error,
    /// An instance did not start.
    StartFailed = Error,
    /// The end of an instance failed.
    EndFailed = Error,
    /// The supervisor of an actor panicked.
    SupervisorFailed = Error,
    /// An actor ends, because it may not be restarted again.
    GaveUp = Error,
    /// An instance failed, and another one will follow.
    Restarting = Warn,
    /// Another instance has started.
    Restarted = Info,
    /// `high` or `urgent` messages were refused, or accepted ones were lost with their actor.
    GraveLosses = Warn,
    /// Messages of lower types were refused.
    Refusals = Info,
    /// Messages were lost as declared.
    DeclaredLosses = Debug,
    /// Messages are queued, and no turn begins or ends.
    Stalled = Warn,
    /// A turn runs for long.
    TurnOverdue = Warn,
    /// An actor without handles is kept alive by its turn.
    KeptAlive = Warn,
    /// Turns wait for each other's end, and none of these waits can fail.
    WaitCycle = Warn,
    /// All declared actions are engaged, and the pressure stays.
    Exhausted = Warn,
    /// Any other decision of the supervisor.
    Decided = Info,
    /// The settings of an actor were changed while it runs.
    Reconfigured = Info,
    /// The first instance has started.
    Started = Info,
    /// An actor has ended.
    Stopped = Info,
}

/// The levels of a system: a byte for each event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLevels {
    of: [LogLevel; LogEvent::ALL.len()],
    /// The loudest of the events about losses: each refusal asks for it.
    of_losses: LogLevel,
}

impl Default for LogLevels {
    fn default() -> Self {
        let mut levels = [LogLevel::Off; LogEvent::ALL.len()];
        for event in LogEvent::ALL {
            levels[*event as usize] = event.default_level();
        }
        let mut levels = LogLevels { of: levels, of_losses: LogLevel::Off };
        levels.set(LogEvent::GraveLosses, LogEvent::GraveLosses.default_level());
        levels
    }
}

impl LogLevels {
    pub(crate) fn set(&mut self, event: LogEvent, level: LogLevel) {
        self.of[event as usize] = level;
        let losses = [LogEvent::GraveLosses, LogEvent::Refusals, LogEvent::DeclaredLosses];
        self.of_losses =
            losses.map(|event| self.of[event as usize]).into_iter().fold(LogLevel::Off, Ord::max);
    }

    /// The level of the loudest event about losses.
    #[inline]
    #[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "nothing is logged"))]
    pub(crate) fn of_losses(&self) -> LogLevel {
        self.of_losses
    }

    #[inline]
    #[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "nothing is logged"))]
    pub(crate) fn of(&self, event: LogEvent) -> LogLevel {
        self.of[event as usize]
    }
}
