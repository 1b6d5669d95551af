//! What a supervisor does about pressure: one look after another, a plan after each (P1 to P5, F3).
//!
//! ```text
//!   Sample ──► history ──► level ──► engage the next action, or release the last ──► each engaged one acts ──► Plan, Changes
//! ```
//!
//! Actions are engaged in the order in which they were declared, each once the one before can do no more, and are released the
//! other way round, each once it has nothing left to take back. So at any time the first so many of the list are engaged.

use super::decision::{Cause, Decided, DecisionKind};
use super::history::History;
use super::level::{Gauge, Level};
use super::scale::Scale;
use super::shed::{Course, Shed};
use super::threshold::Threshold;
use crate::Priority;
use crate::Tick;
use crate::{Action, Pressure, Workers};
use std::time::Duration;

/// How long messages are queued without a turn beginning or ending before the actor counts as stalled. As long as the default
/// deadline of an ask, so that its askers have given up too.
pub(crate) const STALLED: Duration = Duration::from_secs(30);
/// A share of admitted messages that has changed by this factor is worth a sentence;
const WORTH_A_WORD: f64 = 2.0;
/// and by this one if it is another lane's turn: around the border of two lanes a share goes to and fro.
const ACROSS_A_BORDER: f64 = 1.5;

/// What the supervisor sees of a mailbox, at one instant; Counters are cumulative.
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
    /// The shortest stay in the queue of a message whose turn began since the last look, or the age of the oldest runnable one if
    /// none began; `None`: nothing was queued.
    pub sojourn: Option<Duration>,
    /// Turns that have ended.
    pub turns: u64,
    /// Messages offered; those that were refused at the gate are among them.
    pub arrivals: u64,
    /// Those of them that may be shed, per lane.
    pub offered: [u64; Priority::COUNT],
    /// Workers that there are.
    pub workers: usize,
    /// Workers in a turn now.
    pub busy: usize,
    /// Messages are queued, and for so long no turn has begun or ended; otherwise nothing.
    pub stalled: Duration,
    /// Each worker's turn waits for the pool itself, so no turn ends before another worker comes (D1).
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
    /// Workers that there are to be.
    pub workers: usize,
    /// It may start more of them when there is pressure.
    pub may_grow: bool,
    /// Whom senders' messages must pass.
    pub threshold: Threshold,
    /// Senders of `block` types wait from the `low` mark on: see [`soft_limit`].
    pub has_soft_limit: bool,
    /// No sample is needed until a message arrives.
    pub is_at_rest: bool,
}

/// Slots that `block` types may take under the soft limit; at least one, so that the queue moves.
pub fn soft_limit(pressure: &Pressure, capacity: usize) -> usize {
    ((capacity as f64 * pressure.low_fill()) as usize).max(1)
}

/// Decides for one mailbox. To be asked about every ten milliseconds until its plan is at rest, and again as soon as a message
/// comes; later looks make it slower, not wrong.
#[derive(Debug)]
pub struct Controller {
    pressure: Pressure,
    actions: Vec<Action>,
    /// The first so many actions are.
    engaged: usize,
    engaged_at: Option<Tick>,
    /// A trial has just failed: the next action need not wait.
    has_failed: bool,
    gauge: Gauge,
    history: History,
    scale: Scale,
    shed: Shed,
    /// The threshold that was last told of, the share, and when.
    told: (Threshold, f64, Tick),
    is_shedding: bool,
    is_exhausted: bool,
    is_stalled: bool,
    is_at_rest: bool,
}

impl Controller {
    /// A controller for a mailbox with these declarations.
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
            told: (Threshold::OPEN, 1.0, Tick::ZERO),
            is_shedding: false,
            is_exhausted: false,
            is_stalled: false,
            is_at_rest: true,
        }
    }

    /// One look: what is to be so, and, at the end of `decided`, what has changed.
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
        let mut log = Log { cause: self.cause(sample, now), decided };
        self.stall(sample, &mut log);
        if let Some((from, to)) = level {
            log.say(DecisionKind::LevelChanged { from, to });
        }
        if let Some(kind) = self.scale.judge(sample, &self.history, now) {
            let has_failed = matches!(kind, DecisionKind::WorkersTakenBack { .. });
            self.has_failed = has_failed && self.last() == Some(Action::Spawn);
            log.say(kind);
        }
        if self.gauge.is_pressed() && self.gauge.level() > Level::Calm {
            self.escalate(now, &mut log);
            if self.is_engaged(Action::Spawn) {
                self.scale.grow(sample, &self.history, now).into_iter().for_each(|kind| log.say(kind));
            }
        } else if self.gauge.is_eased() && self.gauge.level() == Level::Calm {
            self.retreat(now, &mut log);
        }
        self.shed.saw(sample, self.course(), now);
        self.tell_of_threshold(now, &mut log);
        self.plan(sample, now)
    }

    /// Somebody else has said how many workers there are to be.
    pub fn adopt(&mut self, workers: usize, now: Tick) {
        self.scale.adopt(workers, now);
    }

    fn plan(&mut self, sample: &Sample, now: Tick) -> Plan {
        // Where it may not spawn, their number is somebody else's affair.
        let may_spawn = self.actions.contains(&Action::Spawn);
        let workers = if may_spawn { self.scale.target() } else { sample.workers };
        let is_least = !may_spawn || (workers == self.scale.least() && sample.workers <= workers);
        let level = self.gauge.level();
        let is_idle = sample.queued + sample.waiting == 0 && !self.is_stalled;
        self.is_at_rest = level == Level::Calm && self.engaged == 0 && is_least && is_idle;
        let threshold = if self.is_engaged(Action::Shed) { self.shed.threshold() } else { Threshold::OPEN };
        let has_soft_limit = self.is_engaged(Action::Block);
        // At rest it forgets a trial that failed, and begins anew with the next message.
        let may_grow = may_spawn && (self.is_at_rest || !self.scale.is_exhausted(now));
        Plan { level, workers, may_grow, threshold, has_soft_limit, is_at_rest: self.is_at_rest }
    }

    fn cause(&self, sample: &Sample, now: Tick) -> Cause {
        let behind = sample.sojourn.filter(|stay| *stay > self.pressure.target_sojourn());
        Cause::load(sample.fill(), behind, self.gauge.lasted(now))
    }

    fn stall(&mut self, sample: &Sample, log: &mut Log<'_>) {
        let is_stalled = sample.queued > 0 && sample.stalled >= STALLED;
        match (self.is_stalled, is_stalled) {
            (false, true) => log.say(DecisionKind::Stalled { queued: sample.queued, since: sample.stalled }),
            (true, false) => log.say(DecisionKind::Resumed),
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

    /// Whether a dwell time has passed since something was engaged.
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

    /// There is pressure: engages the next action if those before can do no more. One that can do nothing from the start is passed
    /// over, and costs no time.
    fn escalate(&mut self, now: Tick, log: &mut Log<'_>) {
        while self.last().is_none_or(|last| self.is_exhausted(last, now)) {
            if !self.has_dwelt(now) && !self.has_failed {
                return;
            }
            let Some(next) = self.actions.get(self.engaged).copied() else {
                if !self.is_exhausted && !self.actions.is_empty() {
                    log.say(DecisionKind::Exhausted);
                }
                self.is_exhausted = true;
                return;
            };
            self.engaged += 1;
            if next == Action::Block || !self.is_exhausted(next, now) {
                (self.engaged_at, self.has_failed) = (Some(now), false);
            }
            if next == Action::Block {
                log.say(DecisionKind::SoftLimitBegan { fill: self.pressure.low_fill() });
            }
        }
    }

    /// There is no pressure: releases the last action once it is at rest, and ends workers only when nothing after them is engaged.
    fn retreat(&mut self, now: Tick, log: &mut Log<'_>) {
        self.is_exhausted = false;
        if matches!(self.last(), None | Some(Action::Spawn)) {
            self.scale.retire(now).into_iter().for_each(|kind| log.say(kind));
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
            // Where nothing was offered that could be refused, it was engaged in vain, and nobody has heard of it.
            Action::Shed if !std::mem::take(&mut self.is_shedding) => {}
            Action::Shed => log.say(DecisionKind::SheddingEnded),
            Action::Block => log.say(DecisionKind::SoftLimitEnded),
        }
    }

    fn course(&self) -> Course {
        match self.is_engaged(Action::Shed) {
            false => Course::Off,
            // What is admitted now is soon little enough; less of it would leave workers idle a moment later.
            true if self.gauge.is_pressed() && self.history.is_draining(Tick::ZERO) => Course::Hold,
            true if self.gauge.is_late() => Course::Down,
            true if self.gauge.is_pressed() => Course::DownForRoom,
            true if self.last() == Some(Action::Shed) => Course::Up,
            true => Course::Hold,
        }
    }

    fn tell_of_threshold(&mut self, now: Tick, log: &mut Log<'_>) {
        if !self.is_engaged(Action::Shed) {
            self.told = (Threshold::OPEN, 1.0, self.told.2);
            return;
        }
        let (threshold, share) = (self.shed.threshold(), self.shed.share());
        let (told, told_share, when) = self.told;
        if !self.is_shedding && !threshold.is_open() {
            self.is_shedding = true;
            log.say(DecisionKind::SheddingBegan);
        }
        let factor = if threshold.lane() == told.lane() { WORTH_A_WORD } else { ACROSS_A_BORDER };
        let is_worth_it = share >= told_share * factor || share * factor <= told_share;
        if !threshold.is_open() && is_worth_it && now.since(when) >= self.pressure.dwell_time() {
            self.told = (threshold, share, now);
            log.say(DecisionKind::SheddingMoved { lane: lane(threshold), share: threshold.share() });
        }
    }
}

fn lane(threshold: Threshold) -> Priority {
    Priority::ALL[threshold.lane()]
}

/// Where decisions are written down, with what was seen in this look.
struct Log<'a> {
    cause: Cause,
    decided: &'a mut Vec<Decided>,
}

impl Log<'_> {
    fn say(&mut self, kind: DecisionKind) {
        self.decided.push(Decided { kind, cause: self.cause });
    }
}
