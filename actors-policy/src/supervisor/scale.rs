//! How many workers share a mailbox (P4).
//!
//! ```text
//!   pressure ──► needed = arrivals × mean service time ──► trial ──► more throughput, or no backlog?  ──► they stay
//!                (Little's law), or twice as many            │
//!                                                            └─────► neither: back, and a rest        ──► the next action
//! ```
//!
//! A pool that grows with its backlog alone makes a slow dependency worse: more workers do not help
//! a slow database. So added workers must show a gain in throughput. (Hill climbing by measured
//! throughput: Hellerstein, Morrison, Eilebrecht: Experience with Building a Controller for the
//! .NET Thread Pool, 2009. Here each step is judged by itself, because an actor's pool is small.)

use super::controller::Sample;
use super::decision::DecisionKind;
use super::history::History;
use crate::Tick;
use crate::Workers;
use std::collections::VecDeque;
use std::time::Duration;

/// The utilisation that sizes a pool. Above it queues form even under a steady load, so as many
/// workers are started, and as many stay, as keep utilisation at or below it.
const UTILISATION: f64 = 0.8;
/// Added workers stay if each adds at least this part of what one worker handled before.
const GAIN: f64 = 0.1;
/// The longest wait for added workers to start. After it the trial judges those that have.
const START_MAX: Duration = Duration::from_secs(1);
/// The pause after the first failed trial.
const REST_MIN: Duration = Duration::from_secs(30);
/// The longest pause; it doubles with each further failed trial. It bounds how long it takes to
/// notice that a slow dependency has become fast again.
const REST_MAX: Duration = Duration::from_secs(300);
/// Parts of `keep_alive` in which the needed workers are averaged, so that a burst of a tenth of a
/// second does not count as a need.
const PARTS: u32 = 16;
/// How long a shrunk pool that had to grow again is remembered as too small. For this long it keeps
/// at least one worker more than that size while there is any work. One idle worker costs little;
/// without this rule, turns longer than the target, or bursts, would start and end workers all day.
const REGROWN_WITHIN: Duration = Duration::from_secs(3600);
/// The least time for which workers are kept while that memory lasts, so that a steady load resizes
/// a pool at most once a minute.
const KEPT_MIN: Duration = Duration::from_secs(60);

/// Added workers whose gain is being measured.
#[derive(Debug)]
struct Trial {
    from: usize,
    to: usize,
    asked: Tick,
    /// When the added workers had started; `None` before.
    began: Option<Tick>,
    /// Turns a second before they were added.
    before: f64,
}

#[derive(Debug)]
pub(crate) struct Scale {
    workers: Workers,
    target: usize,
    trial: Option<Trial>,
    rests_until: Option<Tick>,
    rest: Duration,
    /// When the number of workers last changed, and when it last rose.
    resized: Tick,
    grown: Tick,
    /// When workers were last retired while there was work for the others.
    retired: Option<Tick>,
    /// A pool size that proved too small, and when it did.
    too_few: Option<(usize, Tick)>,
    needs: Needs,
}

impl Scale {
    pub(crate) fn new(workers: Workers) -> Self {
        Scale {
            workers,
            target: workers.least(),
            trial: None,
            rests_until: None,
            rest: REST_MIN,
            resized: Tick::ZERO,
            grown: Tick::ZERO,
            retired: None,
            too_few: None,
            needs: Needs::default(),
        }
    }

    /// Takes over a changed range.
    pub(crate) fn declare(&mut self, workers: Workers) {
        if self.workers != workers {
            let target = self.target.clamp(workers.least(), workers.most());
            (self.workers, self.target, self.trial, self.rests_until) = (workers, target, None, None);
        }
    }

    /// The number of workers to run.
    pub(crate) fn target(&self) -> usize {
        self.target
    }

    /// Takes over a number of workers that was set from outside, and forgets any trial.
    pub(crate) fn set_workers(&mut self, workers: usize, now: Tick) {
        if workers != self.target {
            (self.target, self.trial, self.resized) = (workers, None, now);
        }
    }

    /// The least number of workers.
    pub(crate) fn least(&self) -> usize {
        self.workers.least()
    }

    /// Whether the pool is at its greatest size, or a trial failed a short while ago.
    pub(crate) fn is_exhausted(&self, now: Tick) -> bool {
        let rests = self.rests_until.is_some_and(|until| now < until);
        !self.is_on_trial() && (rests || self.target >= self.workers.most())
    }

    pub(crate) fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Under pressure: starts more workers, on trial.
    pub(crate) fn grow(&mut self, sample: &Sample, history: &History, now: Tick) -> Option<DecisionKind> {
        if self.is_on_trial() || self.is_exhausted(now) || history.is_draining(self.resized) {
            return None;
        }
        let backlog = sample.queued + sample.waiting;
        if backlog > 0 && sample.held_back >= backlog {
            // All queued messages wait for keys whose turns are in flight, so more workers would be
            // idle.
            return None;
        }
        let past = history.of_late(history.measured())?;
        let from = self.target;
        // Little's law: the mean number of workers in a turn if no message had to wait.
        let needed = past.arrival_rate() * history.service() / UTILISATION;
        // Blocked senders offer no more than the pool handles, so Little's law finds only the
        // present number of workers.
        let is_throttled = needed * UTILISATION * UTILISATION <= from as f64;
        let to = if is_throttled { from * 2 } else { needed.ceil() as usize }.min(self.workers.most());
        let is_regrown = self.retired.take().is_some_and(|then| now.since(then) < REGROWN_WITHIN);
        // Growth in several steps counts as one growth.
        let is_again = (self.workers.keep_alive()..REGROWN_WITHIN).contains(&now.since(self.grown));
        if is_regrown || is_again {
            self.too_few = Some((from + 1, now));
        }
        let began = (sample.workers >= to).then_some(now);
        self.trial = Some(Trial { from, to, asked: now, began, before: past.throughput() });
        (self.target, self.resized, self.grown) = (to, now, now);
        Some(DecisionKind::WorkersAdded { from, to })
    }

    /// Judges a trial that is over: returns the decision to keep or retire its workers.
    pub(crate) fn judge(&mut self, sample: &Sample, history: &History, now: Tick) -> Option<DecisionKind> {
        let trial = self.trial.as_mut()?;
        let Some(began) = trial.began else {
            let is_there = sample.workers >= trial.to || now.since(trial.asked) >= START_MAX;
            trial.began = is_there.then_some(now);
            return None;
        };
        let (from, to) = (trial.from, trial.to);
        // Workers that wait for a slow database empty the queue too, but none of them is idle.
        if sample.queued + sample.waiting == 0 && sample.busy < sample.workers {
            (self.trial, self.rest) = (None, REST_MIN);
            return Some(DecisionKind::WorkersKept { from, to, gain: None });
        }
        if sample.needs_growth && to < self.workers.most() {
            // No turn can end before there are more workers, so there is no gain to wait for. The
            // number of turns that wait for the pool itself is unknown; the pool doubles, as where
            // senders are throttled.
            let next = to.saturating_mul(2).min(self.workers.most());
            let began = (sample.workers >= next).then_some(now);
            (trial.to, trial.asked, trial.began) = (next, now, began);
            (self.target, self.resized, self.grown) = (next, now, now);
            return Some(DecisionKind::WorkersAdded { from: to, to: next });
        }
        if now.since(began) < history.measured() {
            return None;
        }
        let rise = history.since(began)?.throughput() - trial.before;
        let due = GAIN * (to - from) as f64 * trial.before / from as f64;
        // Where nothing was handled before, any turn is a gain.
        let gain = if trial.before > 0.0 { rise / trial.before } else { f64::from(u8::from(rise > 0.0)) };
        self.trial = None;
        if rise > 0.0 && rise >= due {
            self.rest = REST_MIN;
            return Some(DecisionKind::WorkersKept { from, to, gain: Some(gain) });
        }
        self.rests_until = Some(now.after(self.rest));
        self.rest = (self.rest * 2).min(REST_MAX);
        (self.target, self.resized) = (from, now);
        Some(DecisionKind::WorkersTakenBack { from: to, to: from, gain })
    }

    /// Records how many workers were needed.
    pub(crate) fn saw(&mut self, sample: &Sample, history: &History, now: Tick) {
        let is_active = sample.busy + sample.queued + sample.waiting > 0;
        self.needs.saw(history.worked(), is_active, self.kept(now), now);
    }

    /// The least number of workers while there is work, after a smaller pool proved too small.
    fn remembered_least(&self, now: Tick) -> Option<usize> {
        self.too_few.filter(|(_, when)| now.since(*when) < REGROWN_WITHIN).map(|(workers, _)| workers)
    }

    /// How long idle workers are kept while there is work.
    fn kept(&self, now: Tick) -> Duration {
        let kept = self.workers.keep_alive();
        if self.remembered_least(now).is_some() { kept.max(KEPT_MIN) } else { kept }
    }

    /// Without pressure: ends workers that were not needed for their whole keep-alive time.
    pub(crate) fn retire(&mut self, now: Tick) -> Option<DecisionKind> {
        let from = self.target;
        if self.is_on_trial() || from == self.workers.least() {
            return None;
        }
        let is_idle = now.since(self.needs.active.max(self.grown)) >= self.workers.keep_alive();
        if !is_idle && now.since(self.resized) < self.kept(now) {
            return None;
        }
        let needed = match is_idle {
            true => 0,
            false => ((self.needs.highest() / UTILISATION).ceil() as usize)
                .max(self.remembered_least(now).unwrap_or(0)),
        };
        let to = needed.max(self.workers.least());
        if to >= from {
            return None;
        }
        (self.target, self.resized) = (to, now);
        // An empty queue says nothing about how many workers a load needs.
        (self.retired, self.grown) = if is_idle { (None, Tick::ZERO) } else { (Some(now), self.grown) };
        Some(DecisionKind::WorkersRetired { from, to })
    }
}

/// The workers needed in each part of the keep-alive time.
#[derive(Debug, Default)]
struct Needs {
    /// When there was last work.
    active: Tick,
    part_began: Tick,
    worked: f64,
    /// When each part ended, with the mean number of workers in a turn.
    parts: VecDeque<(Tick, f64)>,
}

impl Needs {
    /// Records a sample. `worked` is the cumulative time spent in turns, in seconds.
    fn saw(&mut self, worked: f64, is_active: bool, kept: Duration, now: Tick) {
        if is_active {
            self.active = now;
        }
        let span = now.since(self.part_began);
        if span < kept / PARTS {
            return;
        }
        self.parts.push_back((now, (worked - self.worked) / span.as_secs_f64()));
        (self.part_began, self.worked) = (now, worked);
        while self.parts.front().is_some_and(|(ended, _)| now.since(*ended) >= kept) {
            self.parts.pop_front();
        }
    }

    fn highest(&self) -> f64 {
        self.parts.iter().map(|(_, need)| *need).fold(0.0, f64::max)
    }
}
