//! Whether a failed actor is restarted, and when (F2).
//!
//! ```text
//!   failures   ×      ×  ×   ×     ×            within:  ├────────────────┤ now
//!   delay      0      f  2f  4f    f            no delay after a quiet time, then a backoff
//! ```
//!
//! The window slides: what counts is the number of failures in the time before *this* one, not in
//! some fixed period. Failed starts are counted separately: by default their total time is
//! limited. (Erlang/OTP, `supervisor`: intensity and period. The spread of the delays: Brooker,
//! "Exponential Backoff and Jitter", AWS 2015, kept to a fifth, because restarts do not compete for
//! one lock.)

use crate::Spent;
use crate::Tick;
use crate::retry::spread_of;
use std::collections::VecDeque;
use std::time::Duration;

/// The most failures that are remembered. It bounds the window's limit, and so its memory.
const FAILURES_MAX: u32 = 1024;

/// The delay after a failed start. A second is the shortest time in which a database or a peer
/// restarts; a minute is the longest time the actor stays down after its dependency is back.
const START_BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// How long starts may fail. Longer than a database takes to fail over, restart or migrate; short
/// enough to report a wrong configuration within the same deployment.
const START_DEADLINE: Duration = Duration::from_secs(600);

/// Which ends of an instance lead to a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum When {
    Never,
    OnFailure,
    Permanent,
}

/// How often an actor that has failed is restarted, and after how long.
///
/// A *failure* is a panic in a handler, in `#[started]` or in the factory, and a `#[started]` that
/// returned an error; under [`permanent`](Restart::permanent) also an instance that stopped itself.
/// Overload never is one (F3). Each worker of a pool has a budget of its own: the pool ends when a
/// worker fails too often while the budgets of all others are used up too (F8).
///
/// ```
/// # use actors_policy as actors_core;
/// use actors_core::Restart;
/// use std::time::Duration;
///
/// // Five times in ten seconds at most; then it ends, and its parent, if it has one, fails.
/// let restart = Restart::on_failure()
///     .at_most(5, Duration::from_secs(10))
///     .backoff(Duration::from_millis(50), Duration::from_secs(5));
/// // What it needs at its start may be away for an hour.
/// let patient = Restart::on_failure()
///     .start_backoff(Duration::from_secs(1), Duration::from_secs(60))
///     .start_deadline(Duration::from_secs(3600));
/// # let _ = (restart, patient);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    when: When,
    most: u32,
    within: Duration,
    backoff: Backoff,
    /// `None`: failed starts back off like other failures.
    start_backoff: Option<Backoff>,
    /// `None`: failed starts count among the other failures.
    start_deadline: Option<Duration>,
    /// Whether the caller set it, so that another setting does not change it.
    has_start_backoff: bool,
    has_start_deadline: bool,
}

/// A delay that doubles up to a longest delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The delay after `times` doublings, spread by a fifth either way.
    fn delay(self, times: u32, random: u64) -> Duration {
        let factor = 1u32.checked_shl(times).unwrap_or(u32::MAX);
        let delay = self.first.saturating_mul(factor).min(self.longest);
        spread_by(delay, random)
    }
}

/// Spreads a delay by a fifth either way; saturates at [`Duration::MAX`].
fn spread_by(delay: Duration, random: u64) -> Duration {
    let seconds = delay.as_secs_f64() * spread_of(random);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl Restart {
    const fn new(when: When) -> Self {
        Restart {
            when,
            most: 5,
            within: Duration::from_secs(10),
            backoff: Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(5) },
            start_backoff: Some(START_BACKOFF),
            start_deadline: Some(START_DEADLINE),
            has_start_backoff: false,
            has_start_deadline: false,
        }
    }

    /// Restarts after a failure: a new instance continues with the queue. The default of an actor
    /// from a factory.
    ///
    /// By default at most 5 times in 10 seconds, with a backoff from 50 ms to 5 s. Failed starts
    /// are limited by time instead: they back off from 1 s to a minute, and end the actor when they
    /// have gone on for 10 minutes.
    pub const fn on_failure() -> Self {
        Restart::new(When::OnFailure)
    }

    /// Like [`on_failure`](Restart::on_failure), and also restarts after an instance stopped itself
    /// (`Context::stop`), which counts as a failure: it passes the same window and backoff.
    pub const fn permanent() -> Self {
        Restart::new(When::Permanent)
    }

    /// Never restarts: a failure ends the actor, and does not fail its parent. The default of an
    /// actor without a factory.
    pub const fn never() -> Self {
        Restart::new(When::Never)
    }

    /// Limits the failures in a window of time. One more ends the actor, and fails its parent. The
    /// greatest limit is 1024, because that many failures are remembered. With [`Duration::ZERO`]
    /// there is no limit.
    ///
    /// Counts failed starts too, unless [`start_deadline`](Restart::start_deadline) is set.
    #[must_use]
    pub const fn at_most(mut self, failures: u32, within: Duration) -> Self {
        self.most = if failures > FAILURES_MAX { FAILURES_MAX } else { failures };
        self.within = within;
        if !self.has_start_deadline {
            self.start_deadline = None;
        }
        self
    }

    /// Sets the delay before a new instance: none after the first failure in the window, `first`
    /// after the second, and twice as long each time, up to `longest`; spread by a fifth either
    /// way.
    ///
    /// Holds for failed starts too, unless [`start_backoff`](Restart::start_backoff) is set.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.backoff = Backoff { first, longest };
        if !self.has_start_backoff {
            self.start_backoff = None;
        }
        self
    }

    /// Sets the delay after a failed start: `first` after the first failure of a series, and twice
    /// as long each time, up to `longest`; spread by a fifth either way. From 1 s to a minute by
    /// default: what a start needs is seldom back within milliseconds.
    #[must_use]
    pub const fn start_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.start_backoff = Some(Backoff { first, longest });
        self.has_start_backoff = true;
        self
    }

    /// Limits failed starts by time, instead of counting them: the actor ends with the first start
    /// that fails this long after the first failure of its series. 10 minutes by default, unless
    /// [`at_most`](Restart::at_most) is set.
    #[must_use]
    pub const fn start_deadline(mut self, time: Duration) -> Self {
        self.start_deadline = Some(time);
        self.has_start_deadline = true;
        self
    }

    /// Whether an instance that stops itself is followed by another one.
    #[doc(hidden)]
    pub fn is_permanent(&self) -> bool {
        self.when == When::Permanent
    }
}

/// How an instance failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In a turn, through a child, or by stopping itself.
    Run,
    /// At its start.
    Start,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revival {
    /// A new instance, after this delay.
    After(Duration),
    /// No restart: the policy allows none.
    Never,
    /// No restart: too many failures. The parent decides what happens next.
    TooOften(Spent),
}

/// The recent failures of one actor, by worker.
#[derive(Debug)]
pub struct Failures {
    restart: Restart,
    workers: Vec<OfWorker>,
}

/// The recent failures of one worker.
#[derive(Debug, Default)]
struct OfWorker {
    /// When they happened, oldest first; at most as many as the window's limit.
    recent: VecDeque<Tick>,
    /// The number of starts that failed in a row, and when the first of them did.
    starts: u32,
    since: Tick,
}

impl OfWorker {
    fn forget_old(&mut self, restart: &Restart, now: Tick) {
        while self.recent.front().is_some_and(|then| now.since(*then) >= restart.within) {
            self.recent.pop_front();
        }
    }

    /// Returns whether one more failure of this kind exceeds the policy's limits.
    fn spent(&self, restart: &Restart, fault: Fault, now: Tick) -> Option<Spent> {
        let Restart { most, within, start_deadline, .. } = *restart;
        if let Some(deadline) = start_deadline.filter(|_| fault == Fault::Start) {
            let within = now.since(self.since);
            let is_late = self.starts > 0 && within >= deadline;
            let failures = self.starts.saturating_add(1);
            return is_late.then_some(Spent { failures, within, limit: self.starts });
        }
        let spent = Spent { failures: most.saturating_add(1), within, limit: most };
        (self.recent.len() >= most as usize).then_some(spent)
    }

    /// Records a failure, and returns the delay before the restart.
    fn note(&mut self, restart: &Restart, fault: Fault, now: Tick, random: u64) -> Duration {
        let is_start = fault == Fault::Start;
        let mut before = self.recent.len() as u32;
        if !is_start || restart.start_deadline.is_none() {
            if self.recent.len() >= restart.most as usize {
                self.recent.pop_front();
            }
            self.recent.push_back(now);
        } else {
            before = self.starts;
        }
        if is_start {
            if self.starts == 0 {
                self.since = now;
            }
            self.starts = self.starts.saturating_add(1);
            if let Some(backoff) = restart.start_backoff {
                return backoff.delay(self.starts - 1, random);
            }
        }
        match before.checked_sub(1) {
            Some(doubled) => restart.backoff.delay(doubled, random),
            None => Duration::ZERO,
        }
    }
}

impl Failures {
    /// No failures yet.
    pub fn new(restart: Restart) -> Self {
        Failures { restart, workers: Vec::new() }
    }

    /// The declared restarts.
    pub fn restart(&self) -> &Restart {
        &self.restart
    }

    fn of(&mut self, worker: u32) -> &mut OfWorker {
        let at = worker as usize;
        if self.workers.len() <= at {
            // Worker numbers are reused, so there are as many as there were workers at one time.
            self.workers.resize_with(at + 1, OfWorker::default);
        }
        &mut self.workers[at]
    }

    /// Records a failure of `worker`, and returns what follows. `present` are the numbers of all
    /// workers; `random` is any random number.
    pub fn failed(&mut self, worker: u32, present: &[u32], fault: Fault, now: Tick, random: u64) -> Revival {
        let restart = self.restart;
        if restart.when == When::Never {
            return Revival::Never;
        }
        let own = self.of(worker);
        own.forget_old(&restart, now);
        let Some(spent) = own.spent(&restart, fault, now) else {
            return Revival::After(own.note(&restart, fault, now, random));
        };
        if !self.has_budget(worker, present, now) {
            return Revival::TooOften(spent);
        }
        // The other workers continue, so this one restarts too, after a delay.
        let delay = self.of(worker).note(&restart, fault, now, random);
        Revival::After(delay.max(spread_by(restart.backoff.longest, random)))
    }

    /// Returns whether a worker other than `but` may fail once more.
    fn has_budget(&mut self, but: u32, present: &[u32], now: Tick) -> bool {
        let restart = self.restart;
        present.iter().filter(|other| **other != but).any(|other| {
            let other = self.of(*other);
            other.forget_old(&restart, now);
            other.spent(&restart, Fault::Run, now).is_none()
                && other.spent(&restart, Fault::Start, now).is_none()
        })
    }

    /// Records that an instance of the worker has started, which ends its series of failed starts.
    pub fn started(&mut self, worker: u32) {
        if let Some(own) = self.workers.get_mut(worker as usize) {
            own.starts = 0;
        }
    }

    /// Removes a worker that has ended, so that its number can be reused.
    pub fn forget(&mut self, worker: u32) {
        if let Some(own) = self.workers.get_mut(worker as usize) {
            *own = OfWorker::default();
        }
    }
}

/// Which siblings restart when a child fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// No sibling.
    #[default]
    OneForOne,
    /// All siblings: they share state.
    OneForAll,
    /// The siblings that were started after the failed child: they depend on it.
    RestForOne,
}

impl Strategy {
    /// Whether child number `other` restarts when child number `failed` has failed.
    #[doc(hidden)]
    pub fn concerns(self, failed: u64, other: u64) -> bool {
        match self {
            _ if failed == other => false,
            Strategy::OneForOne => false,
            Strategy::OneForAll => true,
            Strategy::RestForOne => other > failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(ms))
    }

    #[test]
    fn f2_the_window_of_failures_slides() {
        let restart = Restart::on_failure().at_most(3, Duration::from_millis(1000));
        let mut failures = Failures::new(restart.backoff(Duration::ZERO, Duration::ZERO));
        for ms in [0, 900, 950] {
            assert_eq!(failures.failed(0, &[0], Fault::Run, at(ms), 0), Revival::After(Duration::ZERO));
        }
        let too_often = Spent { failures: 4, within: Duration::from_millis(1000), limit: 3 };
        let too_often = Revival::TooOften(too_often);
        // With fixed windows from 0 and from 1000 this failure would have been within the limit.
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(999), 0), too_often);
        assert_eq!(
            failures.failed(0, &[0], Fault::Run, at(1000), 0),
            Revival::After(Duration::ZERO),
            "the first no longer counts"
        );
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(1001), 0), too_often);
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(1899), 0), too_often);
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(1900), 0), Revival::After(Duration::ZERO));
    }

    #[test]
    fn f2_the_first_restart_is_at_once_and_the_others_back_off_with_a_spread() {
        let restart = Restart::on_failure()
            .at_most(100, Duration::from_secs(1000))
            .backoff(Duration::from_millis(100), Duration::from_secs(1));
        let mut failures = Failures::new(restart);
        let mut delays = (0..8).map(|n| match failures.failed(0, &[0], Fault::Run, at(n), n) {
            Revival::After(delay) => delay.as_secs_f64() * 1000.0,
            other => panic!("{other:?}"),
        });
        assert_eq!(delays.next(), Some(0.0));
        for (delay, due) in delays.zip([100.0, 200.0, 400.0, 800.0, 1000.0, 1000.0, 1000.0]) {
            assert!((0.8 * due..=1.2 * due).contains(&delay), "{delay} of {due}");
        }
        let seen: std::collections::BTreeSet<_> = (0..100)
            .map(|random| {
                let mut failures = Failures::new(restart);
                failures.failed(0, &[0], Fault::Run, at(0), random);
                format!("{:?}", failures.failed(0, &[0], Fault::Run, at(1), random))
            })
            .collect();
        assert!(seen.len() > 90, "delays are not spread: {}", seen.len());
    }

    #[test]
    fn f2_after_a_quiet_time_the_backoff_begins_anew() {
        let mut failures = Failures::new(Restart::on_failure().at_most(5, Duration::from_millis(1000)));
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(0), 0), Revival::After(Duration::ZERO));
        assert_ne!(failures.failed(0, &[0], Fault::Run, at(10), 0), Revival::After(Duration::ZERO));
        assert_eq!(failures.failed(0, &[0], Fault::Run, at(5000), 0), Revival::After(Duration::ZERO));
    }

    #[test]
    fn f2_never_is_never_and_unlimited_is_without_end() {
        assert_eq!(Failures::new(Restart::never()).failed(0, &[0], Fault::Run, at(0), 0), Revival::Never);
        let mut failures = Failures::new(Restart::on_failure().at_most(1, Duration::ZERO));
        assert!(
            (0..10_000)
                .all(|_| failures.failed(0, &[0], Fault::Run, at(5), 1) == Revival::After(Duration::ZERO))
        );
        assert_eq!(
            Failures::new(Restart::on_failure().at_most(0, Duration::MAX)).failed(
                0,
                &[0],
                Fault::Run,
                at(0),
                0
            ),
            Revival::TooOften(Spent { failures: 1, within: Duration::MAX, limit: 0 })
        );
    }

    fn start_fails(failures: &mut Failures, now: Tick) -> Revival {
        failures.failed(0, &[0], Fault::Start, now, 0)
    }

    #[test]
    fn f2_by_default_failed_starts_back_off_to_a_minute_and_end_the_actor_after_ten_minutes() {
        let mut failures = Failures::new(Restart::on_failure());
        let (mut now, mut delays) = (Tick::ZERO, Vec::new());
        let spent = loop {
            match start_fails(&mut failures, now) {
                Revival::After(delay) => {
                    delays.push(delay.as_secs_f64());
                    now = now.after(delay);
                }
                other => break other,
            }
        };
        for (delay, due) in delays.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]) {
            assert!((0.8 * due..=1.2 * due).contains(delay), "{delay} of {due}");
        }
        let took = now.since(Tick::ZERO);
        assert!(START_DEADLINE <= took && took < START_DEADLINE + Duration::from_secs(72), "{took:?}");
        let failed = delays.len() as u32 + 1;
        let expected = Spent { failures: failed, within: took, limit: failed - 1 };
        assert_eq!(spent, Revival::TooOften(expected));
    }

    #[test]
    fn f2_failed_starts_and_failed_turns_have_limits_of_their_own_and_a_start_that_succeeds_ends_the_row() {
        let mut failures = Failures::new(Restart::on_failure());
        for n in 0..5 {
            assert!(matches!(failures.failed(0, &[0], Fault::Run, at(n), 0), Revival::After(_)));
        }
        for n in 0..5 {
            assert!(matches!(start_fails(&mut failures, at(10 + n)), Revival::After(_)), "not counted");
        }
        failures.started(0);
        let long_after = Tick::ZERO.after(START_DEADLINE * 2);
        assert!(matches!(start_fails(&mut failures, long_after), Revival::After(_)), "a row of its own");
    }

    #[test]
    fn f2_what_is_said_of_failures_holds_for_failed_starts_unless_it_is_said_of_these_too() {
        let second = Duration::from_secs(1);
        let counted = Restart::on_failure().at_most(2, 10 * second).backoff(second, second);
        let mut failures = Failures::new(counted);
        assert_eq!(start_fails(&mut failures, at(0)), Revival::After(Duration::ZERO));
        assert!(matches!(start_fails(&mut failures, at(1)), Revival::After(delay) if !delay.is_zero()));
        assert!(matches!(start_fails(&mut failures, at(2)), Revival::TooOften(_)));
        for apart in [
            counted.start_deadline(60 * second).start_backoff(Duration::ZERO, Duration::ZERO),
            Restart::on_failure()
                .start_backoff(Duration::ZERO, Duration::ZERO)
                .start_deadline(60 * second)
                .at_most(2, 10 * second)
                .backoff(second, second),
        ] {
            let mut failures = Failures::new(apart);
            assert!(
                (0..60).all(|s| start_fails(&mut failures, at(s * 1000)) == Revival::After(Duration::ZERO))
            );
            assert!(matches!(start_fails(&mut failures, at(60_000)), Revival::TooOften(_)));
        }
    }

    #[test]
    fn f8_a_pool_ends_only_when_the_budget_of_each_of_its_workers_is_used_up() {
        let mut failures = Failures::new(Restart::on_failure().at_most(2, Duration::from_secs(10)));
        let crew = [0, 1, 3];
        let mut fail = |worker, ms| failures.failed(worker, &crew, Fault::Run, at(ms), 0);
        let slow = |revival| matches!(revival, Revival::After(delay) if delay >= Duration::from_secs(4));
        assert!((0..2).all(|n| !slow(fail(0, n))));
        assert!((0..50).all(|n| slow(fail(0, 10 + n))), "the others have theirs");
        assert!((0..2).all(|n| !slow(fail(1, 100 + n)) && !slow(fail(3, 100 + n))));
        assert!(matches!(fail(3, 200), Revival::TooOften(_)));
        assert!(slow(fail(3, 10_060)), "the window of worker 0 has passed");
    }

    #[test]
    fn f2_delays_near_the_end_of_time_saturate() {
        for longest in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
            for first in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
                let restart = Restart::on_failure()
                    .at_most(u32::MAX, Duration::MAX)
                    .backoff(first, longest)
                    .start_backoff(first, longest)
                    .start_deadline(Duration::MAX);
                let mut failures = Failures::new(restart);
                for n in 0..200 {
                    let fault = if n % 2 == 0 { Fault::Run } else { Fault::Start };
                    let now = if n % 3 == 0 { at(n) } else { Tick::NEVER };
                    assert!(matches!(failures.failed(0, &[0], fault, now, u64::MAX), Revival::After(_)));
                }
            }
        }
    }

    #[test]
    fn f2_strategies_say_who_else_begins_anew() {
        let concerned =
            |strategy: Strategy| (0..4).filter(|&other| strategy.concerns(1, other)).collect::<Vec<_>>();
        assert_eq!(concerned(Strategy::OneForOne), Vec::<u64>::new());
        assert_eq!(concerned(Strategy::OneForAll), [0, 2, 3]);
        assert_eq!(concerned(Strategy::RestForOne), [2, 3]);
    }
}
