//! How many workers share a mailbox (P4).
//!
//! ```text
//!   pressure ──► needed = arrivals × mean service time ──► trial ──► more throughput, or no backlog?  ──► they stay
//!                (Little's law), or twice as many            │
//!                                                            └─────► neither: back, and a rest        ──► the next action
//! ```
//!
//! A pool that only looks at its backlog grows until nothing works any more when what is slow lies behind it: more workers do not
//! help a slow database. So what was added must show a gain. (Hill climbing by measured throughput: Hellerstein, Morrison,
//! Eilebrecht: Experience with Building a Controller for the .NET Thread Pool, 2009; here one step is judged, because an actor's
//! pool is small.)

use super::controller::Sample;
use super::decision::DecisionKind;
use super::history::History;
use crate::Tick;
use crate::Workers;
use std::collections::VecDeque;
use std::time::Duration;

/// Workers that are busy for a greater part of the time than this have queues before them, even if nothing is amiss; so many are
/// started, and so many stay, that they are busy for no more.
const UTILISATION: f64 = 0.8;
/// Added workers stay if each gives at least this part of what one gave before.
const GAIN: f64 = 0.1;
/// Workers that have not been started for so long will not be; those that were are judged.
const START_MAX: Duration = Duration::from_secs(1);
/// After a trial that failed there is none for so long,
const REST_MIN: Duration = Duration::from_secs(30);
/// and after each further one for twice as long, up to this: what is slow may become fast again, and then this is how long it takes
/// until somebody finds out.
const REST_MAX: Duration = Duration::from_secs(300);
/// Parts of `keep_alive` in which the need for workers is averaged: a tenth of a second's burst is no need.
const PARTS: u32 = 16;
/// A pool that has to grow again within so long after it was resized had too few workers: for so long it keeps at least one more
/// than that, as long as there is any work. One worker too many costs little. Without it, turns that are long beside the target, or work that comes in bursts, would
/// start and end workers all day.
const REGRET: Duration = Duration::from_secs(3600);
/// And in that time workers are kept for at least so long, so that a steady load resizes a pool once a minute at most.
const KEPT_MIN: Duration = Duration::from_secs(60);

/// Workers that must show what they are good for.
#[derive(Debug)]
struct Trial {
    from: usize,
    to: usize,
    asked: Tick,
    /// When they were there.
    began: Option<Tick>,
    /// Turns a second without them.
    before: f64,
}

#[derive(Debug)]
pub(crate) struct Scale {
    workers: Workers,
    target: usize,
    trial: Option<Trial>,
    rests_until: Option<Tick>,
    rest: Duration,
    /// When their number last changed, and when it was last more than before.
    resized: Tick,
    grown: Tick,
    /// When workers were last retired while there was work for others.
    retired: Option<Tick>,
    /// Fewer than so many were too few, when that was found out.
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

    /// How many there are to be.
    pub(crate) fn target(&self) -> usize {
        self.target
    }

    /// Somebody else has said how many there are to be: it goes on from there.
    pub(crate) fn adopt(&mut self, workers: usize, now: Tick) {
        if workers != self.target {
            (self.target, self.trial, self.resized) = (workers, None, now);
        }
    }

    /// How many there always are.
    pub(crate) fn least(&self) -> usize {
        self.workers.least()
    }

    /// There are as many as there may be, or more of them did not help a short while ago.
    pub(crate) fn is_exhausted(&self, now: Tick) -> bool {
        let rests = self.rests_until.is_some_and(|until| now < until);
        !self.is_on_trial() && (rests || self.target >= self.workers.most())
    }

    pub(crate) fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// There is pressure: starts more workers, on trial.
    pub(crate) fn grow(&mut self, sample: &Sample, history: &History, now: Tick) -> Option<DecisionKind> {
        if self.is_on_trial() || self.is_exhausted(now) || history.is_draining(self.resized) {
            return None;
        }
        let backlog = sample.queued + sample.waiting;
        if backlog > 0 && sample.held_back >= backlog {
            // All of it waits for keys whose turns are under way.
            return None;
        }
        let past = history.of_late(history.measured())?;
        let from = self.target;
        // Little's law: workers in a turn, on average, if nobody had to wait.
        let needed = past.arrival_rate() * history.service() / UTILISATION;
        // Senders that wait offer no more than what is handled: then Little's law finds only the workers that there are.
        let is_throttled = needed * UTILISATION * UTILISATION <= from as f64;
        let to = if is_throttled { from * 2 } else { needed.ceil() as usize }.min(self.workers.most());
        let is_regretted = self.retired.take().is_some_and(|then| now.since(then) < REGRET);
        // Growth in several steps is one.
        let is_again = (self.workers.keep_alive()..REGRET).contains(&now.since(self.grown));
        if is_regretted || is_again {
            self.too_few = Some((from + 1, now));
        }
        let began = (sample.workers >= to).then_some(now);
        self.trial = Some(Trial { from, to, asked: now, began, before: past.throughput() });
        (self.target, self.resized, self.grown) = (to, now, now);
        Some(DecisionKind::WorkersAdded { from, to })
    }

    /// What became of a trial, once it is over.
    pub(crate) fn judge(&mut self, sample: &Sample, history: &History, now: Tick) -> Option<DecisionKind> {
        let trial = self.trial.as_mut()?;
        let Some(began) = trial.began else {
            let is_there = sample.workers >= trial.to || now.since(trial.asked) >= START_MAX;
            trial.began = is_there.then_some(now);
            return None;
        };
        let (from, to) = (trial.from, trial.to);
        // Workers that wait for a slow database take messages from the queue too, but none of them is idle.
        if sample.queued + sample.waiting == 0 && sample.busy < sample.workers {
            (self.trial, self.rest) = (None, REST_MIN);
            return Some(DecisionKind::WorkersKept { from, to, gain: None });
        }
        if sample.needs_growth && to < self.workers.most() {
            // No turn can end before there are more: to wait for a gain would be to wait for nothing. How many turns wait
            // for the pool itself cannot be seen, so their number doubles, as where senders are throttled.
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

    /// Enters what workers were needed.
    pub(crate) fn saw(&mut self, sample: &Sample, history: &History, now: Tick) {
        let is_active = sample.busy + sample.queued + sample.waiting > 0;
        self.needs.saw(history.worked(), is_active, self.kept(now), now);
    }

    /// How many workers there should be while there is work, because fewer have been too few.
    fn regretted(&self, now: Tick) -> Option<usize> {
        self.too_few.filter(|(_, when)| now.since(*when) < REGRET).map(|(workers, _)| workers)
    }

    /// For how long workers are kept that nobody needs while there is work.
    fn kept(&self, now: Tick) -> Duration {
        let kept = self.workers.keep_alive();
        if self.regretted(now).is_some() { kept.max(KEPT_MIN) } else { kept }
    }

    /// There is no pressure: ends workers that were not needed for as long as they are kept.
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
            false => {
                ((self.needs.highest() / UTILISATION).ceil() as usize).max(self.regretted(now).unwrap_or(0))
            }
        };
        let to = needed.max(self.workers.least());
        if to >= from {
            return None;
        }
        (self.target, self.resized) = (to, now);
        // That there was nothing to do says nothing about how many are needed.
        (self.retired, self.grown) = if is_idle { (None, Tick::ZERO) } else { (Some(now), self.grown) };
        Some(DecisionKind::WorkersRetired { from, to })
    }
}

/// How many workers were needed in parts of the time for which an idle one is kept.
#[derive(Debug, Default)]
struct Needs {
    /// When there was last anything to do.
    active: Tick,
    part_began: Tick,
    worked: f64,
    /// When a part ended, and workers in a turn on average.
    parts: VecDeque<(Tick, f64)>,
}

impl Needs {
    /// `worked` is time in turns since it began, in seconds.
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
