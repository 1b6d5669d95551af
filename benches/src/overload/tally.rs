//! What became of the asks.

use super::Outcome;
use super::generator::Plan;
use super::in_flight::Stamp;
use hdrhistogram::Histogram;
use std::ops::Range;
use std::time::Duration;

/// The longest time that a histogram tells apart, in nanoseconds: a minute.
const LONGEST: u64 = 60_000_000_000;

/// Counts and times of the asks whose intended time is in the measured part of a plan.
#[derive(Clone, Debug)]
pub struct Tally {
    from: Duration,
    span: Duration,
    deadline: Duration,
    /// The time that threads of the process waited for a core, as a share of the run.
    pub disturbed: f64,
    /// Asks that were sent.
    pub offered: u64,
    /// Asks that were not sent, because the generator was late.
    pub omitted: u64,
    /// Messages of low priority that were sent.
    pub flooded: u64,
    /// Answers within the deadline, from the intended time.
    pub good: u64,
    /// Later answers.
    pub late: u64,
    /// Asks that ended at their deadline, or that had no answer at the end.
    pub timed_out: u64,
    /// Asks that were refused.
    pub refused: u64,
    /// Asks whose service failed.
    pub lost: u64,
    /// From the intended time to the answer, in nanoseconds; late answers included.
    pub answered: Histogram<u64>,
    /// From the call to the refusal, in nanoseconds.
    pub refusals: Histogram<u64>,
    /// Good answers per millisecond of the whole plan, by the time of the answer.
    good_at: Vec<u32>,
    /// Refusals per millisecond of the whole plan, by the intended time.
    refused_at: Vec<u32>,
}

impl Tally {
    pub(super) fn new(plan: &Plan) -> Self {
        let millis = plan.length().as_millis() as usize + 1;
        Tally {
            from: plan.from,
            span: plan.length() - plan.from,
            deadline: plan.deadline,
            disturbed: 0.0,
            offered: 0,
            omitted: 0,
            flooded: 0,
            good: 0,
            late: 0,
            timed_out: 0,
            refused: 0,
            lost: 0,
            answered: histogram(),
            refusals: histogram(),
            good_at: vec![0; millis],
            refused_at: vec![0; millis],
        }
    }

    pub(super) fn offer(&mut self, intended: Duration) {
        self.offered += u64::from(intended >= self.from);
    }

    pub(super) fn omit(&mut self, intended: Duration) {
        self.omitted += u64::from(intended >= self.from);
    }

    pub(super) fn flood(&mut self, intended: Duration) {
        self.flooded += u64::from(intended >= self.from);
    }

    pub(super) fn note(&mut self, stamp: Stamp, outcome: Outcome, ended: Duration) {
        let took = ended - stamp.intended;
        let is_good = outcome == Outcome::Answered && took <= self.deadline;
        count(&mut self.good_at, ended, is_good);
        count(&mut self.refused_at, stamp.intended, outcome == Outcome::Refused);
        if stamp.intended < self.from {
            return;
        }
        match outcome {
            Outcome::Answered => {
                self.answered.saturating_record(took.as_nanos() as u64);
                self.good += u64::from(is_good);
                self.late += u64::from(!is_good);
            }
            Outcome::Refused => {
                self.refusals.saturating_record((ended - stamp.called).as_nanos() as u64);
                self.refused += 1;
            }
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Lost => self.lost += 1,
        }
    }

    /// Good answers per second.
    pub fn goodput(&self) -> f64 {
        self.good as f64 / self.span.as_secs_f64()
    }

    /// Asks per second that were sent.
    pub fn achieved(&self) -> f64 {
        self.offered as f64 / self.span.as_secs_f64()
    }

    /// Good answers per second in a part of the plan, by the time of the answer.
    pub fn goodput_in(&self, part: Range<Duration>) -> f64 {
        sum(&self.good_at, &part) as f64 / (part.end - part.start).as_secs_f64()
    }

    /// Refusals in a part of the plan, by the intended time.
    pub fn refused_in(&self, part: Range<Duration>) -> u64 {
        sum(&self.refused_at, &part)
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).unwrap_or_else(|error| panic!("no histogram: {error}"))
}

fn count(per_milli: &mut [u32], at: Duration, counts: bool) {
    if let Some(here) = per_milli.get_mut(at.as_millis() as usize) {
        *here += u32::from(counts);
    }
}

fn sum(per_milli: &[u32], part: &Range<Duration>) -> u64 {
    let end = (part.end.as_millis() as usize).min(per_milli.len());
    let start = (part.start.as_millis() as usize).min(end);
    per_milli[start..end].iter().map(|count| u64::from(*count)).sum()
}
