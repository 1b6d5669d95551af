//! What a supervisor does about pressure: one sample after another, and a plan after each (P1 to
//! P5, F3).
//!
//! ```text
//!   Sample ──► history ──► level ──► engage the next action, or release the last
//!                                      ──► each engaged action acts ──► Plan, Decided
//! ```
//!
//! Actions are engaged in the order in which they are declared, each when the one before can do no
//! more. They are released in reverse order, each when it has nothing left to undo. So the engaged
//! actions are always a prefix of the list.

use super::decision::{Cause, Decided, DecisionKind};
use super::history::History;
use super::level::{Gauge, Level};
use super::scale::Scale;
use super::shed::{Direction, Shed};
use super::threshold::Threshold;
use crate::Priority;
use crate::Tick;
use crate::{Action, Pressure, Workers};
use std::time::Duration;

/// How long messages are queued without a turn beginning or ending before the actor counts as
/// stalled. It equals the default deadline of an ask, so its askers have given up by then.
pub(crate) const STALLED: Duration = Duration::from_secs(30);
/// A change of the admitted share by this factor is reported.
const WORTH_A_WORD: f64 = 2.0;
/// A change of lane is reported only with a change by this factor, because a share near the border
/// of two lanes moves back and forth.
const ACROSS_A_BORDER: f64 = 1.5;

/// What the supervisor sees of a mailbox at one instant. Counters are cumulative.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Messages in the queue.
    pub queued: usize,
    /// Senders in line.
    pub waiting: usize,
    /// Of both, those that wait for a turn of their key to end: more workers do not help them.
    pub held_back: usize,
    /// Declared slots, whether a soft limit applies or not.
    pub capacity: usize,
    /// The shortest stay in the queue of a message whose turn began since the last sample. If none
    /// began, the age of the oldest runnable one; `None` if nothing was queued.
    pub sojourn: Option<Duration>,
    /// Turns that have ended.
    pub turns: u64,
    /// Turns a second while there was work; 0 while unknown.
    pub drain_rate: f64,
    /// Messages offered, including those refused at the gate.
    pub arrivals: u64,
    /// Offered messages that may be shed, per lane.
    pub offered: [u64; Priority::COUNT],
    /// The number of workers.
    pub workers: usize,
    /// Workers in a turn now.
    pub busy: usize,
    /// For how long messages have been queued without a turn beginning or ending; otherwise zero.
    pub stalled: Duration,
    /// Each worker's turn waits for the pool itself, so no turn ends before another worker comes
    /// (D1).
    pub needs_growth: bool,
}

impl Sample {
    /// The part of the slots that is taken.
    pub fn fill(&self) -> f64 {
        self.queued as f64 / self.capacity.max(1) as f64
    }

    /// Like [`fill`](Sample::fill), but counts waiting senders as queued.
    pub fn backlog_fill(&self) -> f64 {
        (self.queued + self.waiting) as f64 / self.capacity.max(1) as f64
    }
}

/// The settings that apply until the next decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The level of pressure.
    pub level: Level,
    /// The number of workers to run.
    pub workers: usize,
    /// Whether the pool may grow under pressure.
    pub may_grow: bool,
    /// The threshold that messages must pass at the gate.
    pub threshold: Threshold,
    /// Whether senders of `block` types wait from the `low` mark on: see [`soft_limit`].
    pub has_soft_limit: bool,
    /// Whether no sample is needed until a message arrives.
    pub is_at_rest: bool,
}

/// Returns the slots that `block` types may take under the soft limit; at least one, so that the
/// queue makes progress.
pub fn soft_limit(pressure: &Pressure, capacity: usize) -> usize {
    ((capacity as f64 * pressure.low_fill()) as usize).max(1)
}

/// Decides for one mailbox. The caller samples about every ten milliseconds until the plan is at
/// rest, and again as soon as a message arrives. Later samples make it slower, not wrong.
#[derive(Debug)]
pub struct Controller {
    pressure: Pressure,
    actions: Vec<Action>,
    /// The number of engaged actions, counted from the first.
    engaged: usize,
    engaged_at: Option<Tick>,
    /// Whether a trial has just failed, so that the next action need not wait.
    has_failed: bool,
    gauge: Gauge,
    history: History,
    scale: Scale,
    shed: Shed,
    /// The last reported threshold and share, and when they were reported.
    reported: (Threshold, f64, Tick),
    is_shedding: bool,
    is_exhausted: bool,
    is_stalled: bool,
    is_at_rest: bool,
}

impl Controller {
    /// Creates a controller for a mailbox with these declarations.
    pub fn new(pressure: Pressure, workers: Workers) -> Self {
        Controller {
            pressure,
            actions: pressure.actions().collect(),
            engaged: 0,
            engaged_at: None,
            has_failed: false,
            gauge: Gauge::new(pressure),
            history: History::default(),
            scale: Scale::new(workers),
            shed: Shed::new(),
            reported: (Threshold::OPEN, 1.0, Tick::ZERO),
            is_shedding: false,
            is_exhausted: false,
            is_stalled: false,
            is_at_rest: true,
        }
    }

    /// Takes one sample: returns the plan, and appends what has changed to `decided`.
    pub fn decide(&mut self, sample: &Sample, now: Tick, decided: &mut Vec<Decided>) -> Plan {
        if self.is_at_rest {
            self.history.begin();
            self.gauge.begin(now);
            self.shed.begin(now);
        }
        self.shed.count(sample);
        self.history.saw(sample, now);
        self.scale.saw(sample, &self.history, now);
        let level = self.gauge.saw(sample, now);
        let mut log = Recorder { cause: self.cause(sample, now), decided };
        self.stall(sample, &mut log);
        if let Some((from, to)) = level {
            log.record(DecisionKind::LevelChanged { from, to });
        }
        if let Some(kind) = self.scale.judge(sample, &self.history, now) {
            let has_failed = matches!(kind, DecisionKind::WorkersTakenBack { .. });
            self.has_failed = has_failed && self.last() == Some(Action::Spawn);
            log.record(kind);
        }
        if self.gauge.is_pressed() && self.gauge.level() > Level::Calm {
            self.escalate(now, &mut log);
            if self.is_engaged(Action::Spawn) {
                self.scale.grow(sample, &self.history, now).into_iter().for_each(|kind| log.record(kind));
            }
        } else if self.gauge.is_eased() && self.gauge.level() == Level::Calm {
            self.retreat(now, &mut log);
        }
        self.shed.saw(sample, self.direction(), now);
        self.report_threshold(now, &mut log);
        self.plan(sample, now)
    }

    /// Takes over changed declarations, and goes on from the present level. Actions that are
    /// engaged stay so while they are declared in the same places.
    pub fn declare(&mut self, pressure: Pressure, workers: Workers) {
        let actions: Vec<Action> = pressure.actions().collect();
        let same = self.actions.iter().zip(&actions).take_while(|(before, now)| before == now).count();
        if self.engaged > same {
            (self.engaged, self.engaged_at, self.has_failed) = (same, None, false);
        }
        if !self.is_engaged(Action::Shed) {
            self.is_shedding = false;
        }
        (self.pressure, self.actions, self.is_exhausted) = (pressure, actions, false);
        self.gauge.declare(pressure);
        self.scale.declare(workers);
    }

    /// Takes over a number of workers that was set from outside.
    pub fn set_workers(&mut self, workers: usize, now: Tick) {
        self.scale.set_workers(workers, now);
    }

    fn plan(&mut self, sample: &Sample, now: Tick) -> Plan {
        // Without `spawn` the controller does not own the number of workers.
        let may_spawn = self.actions.contains(&Action::Spawn);
        let workers = if may_spawn { self.scale.target() } else { sample.workers };
        let is_least = !may_spawn || (workers == self.scale.least() && sample.workers <= workers);
        let level = self.gauge.level();
        let is_idle = sample.queued + sample.waiting == 0 && !self.is_stalled;
        self.is_at_rest = level == Level::Calm && self.engaged == 0 && is_least && is_idle;
        let threshold = if self.is_engaged(Action::Shed) { self.shed.threshold() } else { Threshold::OPEN };
        let has_soft_limit = self.is_engaged(Action::Block);
        // At rest it forgets a failed trial, and starts over with the next message.
        let may_grow = may_spawn && (self.is_at_rest || !self.scale.is_exhausted(now));
        Plan { level, workers, may_grow, threshold, has_soft_limit, is_at_rest: self.is_at_rest }
    }

    fn cause(&self, sample: &Sample, now: Tick) -> Cause {
        let behind = sample.sojourn.filter(|stay| *stay > self.pressure.target_sojourn());
        Cause::load(sample.fill(), behind, self.gauge.lasted(now))
    }

    fn stall(&mut self, sample: &Sample, log: &mut Recorder<'_>) {
        let is_stalled = sample.queued > 0 && sample.stalled >= STALLED;
        match (self.is_stalled, is_stalled) {
            (false, true) => {
                log.record(DecisionKind::Stalled { queued: sample.queued, since: sample.stalled });
            }
            (true, false) => log.record(DecisionKind::Resumed),
            _ => {}
        }
        self.is_stalled = is_stalled;
    }

    /// The action that was engaged last.
    fn last(&self) -> Option<Action> {
        self.engaged.checked_sub(1).and_then(|last| self.actions.get(last)).copied()
    }

    fn is_engaged(&self, action: Action) -> bool {
        self.actions.iter().take(self.engaged).any(|one| *one == action)
    }

    /// Whether a dwell time has passed since an action was engaged.
    fn has_dwelt(&self, now: Tick) -> bool {
        self.engaged_at.is_none_or(|then| now.since(then) >= self.pressure.dwell_time())
    }

    /// Whether an action can do no more.
    fn is_exhausted(&self, action: Action, now: Tick) -> bool {
        match action {
            Action::Spawn => self.scale.is_exhausted(now),
            Action::Shed => self.shed.is_exhausted(),
            Action::Block => self.has_dwelt(now),
        }
    }

    /// Under pressure: engages the next action if those before can do no more. An action that can
    /// do nothing from the start is skipped, and costs no time.
    fn escalate(&mut self, now: Tick, log: &mut Recorder<'_>) {
        while self.last().is_none_or(|last| self.is_exhausted(last, now)) {
            if !self.has_dwelt(now) && !self.has_failed {
                return;
            }
            let Some(next) = self.actions.get(self.engaged).copied() else {
                if !self.is_exhausted && !self.actions.is_empty() {
                    log.record(DecisionKind::Exhausted);
                }
                self.is_exhausted = true;
                return;
            };
            self.engaged += 1;
            if next == Action::Block || !self.is_exhausted(next, now) {
                (self.engaged_at, self.has_failed) = (Some(now), false);
            }
            if next == Action::Block {
                log.record(DecisionKind::SoftLimitBegan { fill: self.pressure.low_fill() });
            }
        }
    }

    /// Without pressure: releases the last action once it is at rest, and ends workers only when no
    /// later action is engaged.
    fn retreat(&mut self, now: Tick, log: &mut Recorder<'_>) {
        self.is_exhausted = false;
        if matches!(self.last(), None | Some(Action::Spawn)) {
            self.scale.retire(now).into_iter().for_each(|kind| log.record(kind));
        }
        let Some(last) = self.last().filter(|_| self.gauge.is_settled(now)) else { return };
        let is_at_rest = match last {
            Action::Spawn => !self.scale.is_on_trial(),
            Action::Shed => self.shed.is_at_rest(),
            Action::Block => true,
        };
        if !is_at_rest {
            return;
        }
        self.engaged -= 1;
        match last {
            Action::Spawn => {}
            // If no message was offered that could be refused, shedding had no effect and was never
            // reported.
            Action::Shed if !std::mem::take(&mut self.is_shedding) => {}
            Action::Shed => log.record(DecisionKind::SheddingEnded),
            Action::Block => log.record(DecisionKind::SoftLimitEnded),
        }
    }

    fn direction(&self) -> Direction {
        match self.is_engaged(Action::Shed) {
            false => Direction::Off,
            // The admitted share already drains the backlog; a smaller one would leave workers idle
            // soon.
            true if self.gauge.is_pressed() && self.history.is_draining(Tick::ZERO) => Direction::Hold,
            true if self.gauge.is_late() => Direction::Down,
            true if self.gauge.is_pressed() => Direction::DownForRoom,
            true if self.last() == Some(Action::Shed) => Direction::Up,
            true => Direction::Hold,
        }
    }

    fn report_threshold(&mut self, now: Tick, log: &mut Recorder<'_>) {
        if !self.is_engaged(Action::Shed) {
            self.reported = (Threshold::OPEN, 1.0, self.reported.2);
            return;
        }
        let (threshold, share) = (self.shed.threshold(), self.shed.share());
        let (reported, reported_share, when) = self.reported;
        if !self.is_shedding && !threshold.is_open() {
            self.is_shedding = true;
            log.record(DecisionKind::SheddingBegan);
        }
        let factor = if threshold.lane() == reported.lane() { WORTH_A_WORD } else { ACROSS_A_BORDER };
        let is_worth_it = share >= reported_share * factor || share * factor <= reported_share;
        if !threshold.is_open() && is_worth_it && now.since(when) >= self.pressure.dwell_time() {
            self.reported = (threshold, share, now);
            log.record(DecisionKind::SheddingMoved { lane: lane(threshold), share: threshold.share() });
        }
    }
}

fn lane(threshold: Threshold) -> Priority {
    Priority::ALL[threshold.lane()]
}

/// Where decisions are recorded, with the cause seen in this sample.
struct Recorder<'a> {
    cause: Cause,
    decided: &'a mut Vec<Decided>,
}

impl Recorder<'_> {
    fn record(&mut self, kind: DecisionKind) {
        self.decided.push(Decided { kind, cause: self.cause });
    }
}
