//! How much happened between two snapshots, per second.
//!
//! Counters of an actor never fall while it lives. Where one has fallen, another actor has taken
//! its name: nothing is known about its rates until the next snapshot. The same holds for a system
//! whose uptime has fallen. Time is the system's own uptime, so a slow connection and a clock that
//! was set do not change a rate.

use actors_core::observe::{ActorSnapshot, RowSnapshot, Snapshot};
use std::collections::HashMap;
use std::time::Duration;

/// A shorter time between two snapshots would make a rate of two messages look like a storm. A
/// dashboard that answers twice with one snapshot is also found by it.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Columns that may fall: they say what is there now.
const GAUGES: [&str; 4] = ["queued", "waiting", "in_service", "stored"];

/// What happened to messages, per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Flow {
    pub(crate) offered: f64,
    pub(crate) handled: f64,
    pub(crate) refused: f64,
    /// Accepted, and not handled to the end.
    pub(crate) lost: f64,
    /// Refusals and losses by their words, the most frequent first; none that is zero.
    pub(crate) reasons: Vec<(String, f64)>,
}

/// The flows between two snapshots.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rates {
    /// The time between the snapshots.
    pub(crate) interval: Duration,
    /// All actors that are in both.
    pub(crate) total: Flow,
    /// One for each actor of the later snapshot; `None` where the earlier one does not have it.
    pub(crate) actors: Vec<Option<Flow>>,
}

/// How a later snapshot follows an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Rates can be told.
    Forward(Rates),
    /// Too little time has passed: the earlier snapshot stays the one to compare with.
    TooSoon,
    /// It is another run of the system, or another system.
    Restarted,
}

/// Compares two snapshots.
pub(crate) fn between(earlier: &Snapshot, later: &Snapshot) -> Step {
    let Some(interval) = later.uptime.checked_sub(earlier.uptime).filter(|_| later.system == earlier.system)
    else {
        return Step::Restarted;
    };
    if interval < INTERVAL_MIN {
        return Step::TooSoon;
    }
    let before: HashMap<_, _> = earlier.actors.iter().map(|actor| (actor.name.as_str(), actor)).collect();
    let seconds = interval.as_secs_f64();
    let flow = |actor: &ActorSnapshot| flow(before.get(actor.name.as_str())?, actor, seconds);
    let actors: Vec<_> = later.actors.iter().map(flow).collect();
    let mut total = Flow::default();
    actors.iter().flatten().for_each(|flow| total.add(flow));
    total.sort();
    Step::Forward(Rates { interval, total, actors })
}

/// Returns what happened to the messages of one type; `None` where the earlier row is another
/// actor's.
pub(crate) fn row_flow(before: Option<&RowSnapshot>, now: &RowSnapshot, seconds: f64) -> Option<Flow> {
    let is_counter = |column: &str| !GAUGES.contains(&column);
    // A column that is zero is left out.
    let has_lost = |row: &RowSnapshot| {
        row.counts.iter().any(|(column, count)| is_counter(column) && *count > now.count(column))
    };
    if before.is_some_and(has_lost) {
        return None;
    }
    let mut flow = Flow::default();
    for (column, count) in now.counts.iter().filter(|(column, _)| is_counter(column)) {
        let earlier = before.map_or(0, |row| row.count(column));
        let rate = count.saturating_sub(earlier) as f64 / seconds;
        match column.as_ref() {
            "offered" => flow.offered += rate,
            "handled" => flow.handled += rate,
            _ if rate == 0.0 => {}
            word => match word.strip_prefix("refused_") {
                Some(reason) => flow.count_refused(reason, rate),
                None => flow.count_lost(word, rate),
            },
        }
    }
    flow.sort();
    Some(flow)
}

/// Returns what happened to the messages of an actor; `None` where another one had its name.
fn flow(before: &ActorSnapshot, now: &ActorSnapshot, seconds: f64) -> Option<Flow> {
    let is_same = before.type_name == now.type_name && before.restarts <= now.restarts;
    let has_row = |row: &RowSnapshot| now.rows.iter().any(|other| other.message == row.message);
    if !is_same || !before.rows.iter().all(has_row) {
        return None;
    }
    let mut sum = Flow::default();
    for row in &now.rows {
        let earlier = before.rows.iter().find(|other| other.message == row.message);
        sum.add(&row_flow(earlier, row, seconds)?);
    }
    sum.sort();
    Some(sum)
}

impl Flow {
    /// The word of the most frequent refusal or loss.
    pub(crate) fn leading(&self) -> Option<&str> {
        self.reasons.first().map(|(word, _)| word.as_str())
    }

    fn count_refused(&mut self, reason: &str, rate: f64) {
        self.refused += rate;
        self.count_reason(reason, rate);
    }

    fn count_lost(&mut self, word: &str, rate: f64) {
        self.lost += rate;
        self.count_reason(word, rate);
    }

    fn count_reason(&mut self, word: &str, rate: f64) {
        match self.reasons.iter_mut().find(|(known, _)| known == word) {
            Some((_, sum)) => *sum += rate,
            None => self.reasons.push((word.to_owned(), rate)),
        }
    }

    fn add(&mut self, other: &Flow) {
        self.offered += other.offered;
        self.handled += other.handled;
        self.refused += other.refused;
        self.lost += other.lost;
        other.reasons.iter().for_each(|(word, rate)| self.count_reason(word, *rate));
    }

    fn sort(&mut self) {
        self.reasons.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, snapshot};
    use serde_json::json;

    fn rates(earlier: &Snapshot, later: &Snapshot) -> Rates {
        match between(earlier, later) {
            Step::Forward(rates) => rates,
            step => panic!("{step:?}"),
        }
    }

    #[test]
    fn rates_are_differences_by_the_time_of_the_system() {
        let counts = json!({ "offered": 100, "handled": 90, "refused_full": 10, "queued": 9 });
        let before = snapshot(1000.0, &[actor("shop", None, 9, counts)]);
        let counts = json!({
            "offered": 1100, "handled": 490, "refused_full": 510, "refused_closed": 2, "expired": 50, "queued": 3
        });
        let after = snapshot(1500.0, &[actor("shop", None, 3, counts)]);
        let rates = rates(&before, &after);
        let reasons = [("full", 1000.0), ("expired", 100.0), ("closed", 4.0)];
        let flow = Flow {
            offered: 2000.0,
            handled: 800.0,
            refused: 1004.0,
            lost: 100.0,
            reasons: reasons.map(|(word, rate)| (word.to_owned(), rate)).to_vec(),
        };
        assert_eq!((rates.interval, &rates.total), (Duration::from_millis(500), &flow));
        assert_eq!(rates.actors, [Some(flow)]);
        assert_eq!(rates.total.leading(), Some("full"));
    }

    #[test]
    fn an_actor_that_took_over_a_name_has_no_rates_instead_of_absurd_ones() {
        let before = snapshot(1000.0, &[actor("a", None, 0, json!({ "offered": 900, "handled": 900 }))]);
        for counts in [
            json!({ "offered": 5, "handled": 5 }),
            // The sum has grown, and one counter has fallen.
            json!({ "offered": 950, "handled": 10, "refused_full": 940 }),
            // A counter that is zero is left out.
            json!({ "offered": 950 }),
            json!({}),
        ] {
            let after = snapshot(2000.0, &[actor("a", None, 0, counts), actor("new", None, 0, json!({}))]);
            let rates = rates(&before, &after);
            assert_eq!((&rates.total, &rates.actors[..]), (&Flow::default(), &[None, None][..]));
        }
        let mut other = actor("a", None, 0, json!({ "offered": 950, "handled": 950 }));
        other["type_name"] = json!("Other");
        assert_eq!(rates(&before, &snapshot(2000.0, &[other])).actors, [None]);
    }

    #[test]
    fn another_run_of_the_system_has_no_rates() {
        let actors = [actor("a", None, 0, json!({ "offered": 900 }))];
        let long = snapshot(90_000.0, &actors);
        assert_eq!(between(&long, &snapshot(1000.0, &actors)), Step::Restarted);
        let mut other = snapshot(91_000.0, &actors);
        other.system = serde_json::from_value(json!("other")).unwrap();
        assert_eq!(between(&long, &other), Step::Restarted);
    }

    #[test]
    fn one_snapshot_that_came_twice_says_nothing() {
        let actors = [actor("a", None, 0, json!({ "offered": 900 }))];
        let one = snapshot(90_000.0, &actors);
        assert_eq!(between(&one, &one), Step::TooSoon);
        assert_eq!(between(&one, &snapshot(90_009.9, &actors)), Step::TooSoon);
        assert!(matches!(between(&one, &snapshot(90_010.1, &actors)), Step::Forward(_)));
    }

    #[test]
    fn counters_at_their_limit_do_not_overflow() {
        let counts = json!({ "offered": u64::MAX, "handled": u64::MAX, "refused_full": u64::MAX });
        let before = snapshot(1.0, &[actor("a", None, 0, json!({}))]);
        let rates = rates(&before, &snapshot(1001.0, &[actor("a", None, 0, counts)]));
        assert_eq!(rates.total.handled, u64::MAX as f64);
    }
}
