//! What happened between two samples: rates per second.
//!
//! Two samples of an actor are compared by its name. Another actor may have taken the name in
//! between; then a counter has fallen, and everything that the new actor counted is new.

use crate::sample::{Actor, Sample};
use actors_core::observe::Row;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Messages of one actor or type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) offered: u64,
    pub(crate) handled: u64,
    /// Refused: their senders were told.
    pub(crate) refused: u64,
    /// Lost after they were accepted, or replaced.
    pub(crate) lost: u64,
}

impl Counts {
    /// The sum of a ledger.
    pub(crate) fn of(rows: &[Row]) -> Counts {
        rows.iter().fold(Counts::default(), |sum, row| {
            let lost = row.panicked + row.dropped + row.shed_queued + row.evicted + row.conflated;
            Counts {
                offered: sum.offered + row.offered,
                handled: sum.handled + row.handled,
                refused: sum.refused + row.refused_total(),
                lost: sum.lost + lost + row.expired + row.cancelled + row.undelivered,
            }
        })
    }

    /// What was added since `before`.
    pub(crate) fn since(self, before: Counts) -> Counts {
        let grew = |now: u64, then: u64| now.checked_sub(then);
        let all = || {
            Some(Counts {
                offered: grew(self.offered, before.offered)?,
                handled: grew(self.handled, before.handled)?,
                refused: grew(self.refused, before.refused)?,
                lost: grew(self.lost, before.lost)?,
            })
        };
        all().unwrap_or(self)
    }
}

/// What became of messages, by the words of [`Row::outcomes`], in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcomes(pub(crate) Vec<(&'static str, f64)>);

impl Outcomes {
    /// Adds what rows of one ledger counted between two readings, as messages a second. Rows are
    /// compared by their place: the types of an actor do not change.
    pub(crate) fn add(&mut self, before: &[Row], now: &[Row], seconds: f64) {
        if seconds <= 0.0 {
            return;
        }
        for (at, row) in now.iter().enumerate() {
            let then = before.get(at).filter(|then| then.message == row.message);
            let is_new = then.is_none_or(|then| then.offered > row.offered);
            let then = then.filter(|_| !is_new).map(|then| then.outcomes().collect::<Vec<_>>());
            for (place, (word, count)) in row.outcomes().enumerate() {
                let before = then.as_ref().map_or(0, |then| then[place].1);
                self.count(word, count.saturating_sub(before) as f64 / seconds);
            }
        }
    }

    fn count(&mut self, word: &'static str, rate: f64) {
        if rate <= 0.0 {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == word) {
            Some((_, sum)) => *sum += rate,
            None => self.0.push((word, rate)),
        }
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(word, rate)| map.serialize_entry(word, &rounded(*rate)))?;
        map.end()
    }
}

/// Two samples, of which the first may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) before: Option<&'a Sample>,
    pub(crate) now: &'a Sample,
}

impl<'a> Window<'a> {
    /// Its length in seconds; 0 without a first sample, and then nothing has a rate.
    pub(crate) fn seconds(&self) -> f64 {
        self.before.map_or(0.0, |before| self.now.at.duration_since(before.at).as_secs_f64())
    }

    /// The ledger of an actor at the window's beginning.
    pub(crate) fn rows_before(&self, actor: &Actor) -> &'a [Row] {
        let Some(before) = self.before else { return &[] };
        before.actor(&actor.name).map_or(&[], |then| before.rows(then))
    }

    /// What an actor counted in the window.
    pub(crate) fn counts(&self, actor: &Actor) -> Counts {
        match self.before {
            None => Counts::default(),
            Some(_) => Counts::of(self.now.rows(actor)).since(Counts::of(self.rows_before(actor))),
        }
    }

    /// What became of all messages of the system, actors that ended meanwhile included.
    pub(crate) fn outcomes(&self) -> Outcomes {
        let mut outcomes = Outcomes::default();
        let Some(before) = self.before else { return outcomes };
        for of_type in &self.now.totals {
            let then = before.totals.iter().find(|then| then.type_name == of_type.type_name);
            outcomes.add(then.map_or(&[], |then| &then.rows), &of_type.rows, self.seconds());
        }
        outcomes
    }

    /// A count as a rate per second.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        let seconds = self.seconds();
        if seconds > 0.0 { rounded(count as f64 / seconds) } else { 0.0 }
    }
}

/// A number with one digit after the point, for a page: a frame has thousands of them.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_fell_is_another_actors_and_all_of_it_is_new() {
        let of = |offered, handled| Counts { offered, handled, refused: 0, lost: 0 };
        assert_eq!(of(10, 9).since(of(4, 4)), of(6, 5));
        assert_eq!(of(3, 2).since(of(4, 1)), of(3, 2));
    }

    #[test]
    fn outcomes_of_one_word_are_summed_and_zeros_left_out() {
        let mut outcomes = Outcomes::default();
        for (word, rate) in [("full", 1.0), ("dropped", 0.0), ("full", 2.5)] {
            outcomes.count(word, rate);
        }
        assert_eq!(serde_json::to_string(&outcomes).unwrap(), r#"{"full":3.5}"#);
    }
}
