//! `actors boundaries`: the four questions about each bound, answered by a running system.

use crate::number::counted;
use crate::text::{cut, left, wrapped};
use serde::Deserialize;

/// Where the answers begin.
const MARGIN: usize = 27;
/// The narrowest column of answers: a word or two.
const ANSWER_MIN: usize = 20;

/// What `/boundaries.json` answers. Fields that are not shown are not read.
#[derive(Debug, Deserialize)]
pub(crate) struct Boundaries {
    boundaries: Vec<Boundary>,
    #[serde(default)]
    warnings: Vec<Warning>,
    /// Kinds of actors, and waits, for which the dashboard had no room.
    #[serde(default)]
    left_out: u64,
}

/// The answers for actors of one kind.
#[derive(Debug, Deserialize)]
struct Boundary {
    /// The first of them.
    actors: Vec<String>,
    #[serde(default)]
    count: usize,
    bound: String,
    #[serde(default)]
    seen_waiting: Vec<String>,
    #[serde(default)]
    messages: Vec<MessageBoundary>,
}

#[derive(Debug, Deserialize)]
struct MessageBoundary {
    message: String,
    #[serde(default)]
    bound: Option<String>,
    when_full: String,
    pressure_goes: String,
    seen_by: String,
}

#[derive(Debug, Deserialize)]
struct Warning {
    sentence: String,
}

impl Boundaries {
    /// Returns the answers as harmless lines, warnings first. They are at most `width` columns
    /// wide, or as narrow as a label and a word or two.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        let width = width.max(MARGIN + ANSWER_MIN);
        let mut lines = Vec::new();
        for warning in &self.warnings {
            lines.extend(entry("WARNING", &warning.sentence, width));
        }
        if self.boundaries.is_empty() {
            lines.push("no answers: the system has no actors, or the dashboard does not tell".to_owned());
        } else if self.warnings.is_empty() {
            lines.push(
                "no warnings: every chain of waits that was seen ends at a bound that absorbs".to_owned(),
            );
        }
        for boundary in &self.boundaries {
            lines.push(String::new());
            lines.extend(boundary.lines(width));
        }
        if self.left_out > 0 {
            let left_out = format!("{} left out: the dashboard keeps a bounded number", self.left_out);
            lines.extend([String::new(), left_out]);
        }
        lines.iter().map(|line| cut(line, width).trim_end().to_owned()).collect()
    }
}

impl Boundary {
    fn lines(&self, width: usize) -> Vec<String> {
        let more = match self.count.saturating_sub(self.actors.len()) {
            0 => String::new(),
            more => format!(" and {} more", counted(more, "actor")),
        };
        let mut lines = wrapped(&format!("{}{more}", self.actors.join(", ")), width);
        lines.extend(entry("  what is the bound?", &self.bound, width));
        if !self.seen_waiting.is_empty() {
            lines.extend(entry("  seen waiting for it", &self.seen_waiting.join(", "), width));
        }
        for of_message in &self.messages {
            let bound = of_message.bound.as_ref().map(|bound| format!(" ({bound})")).unwrap_or_default();
            let title = wrapped(&format!("{}{bound}", of_message.message), width - 2);
            lines.extend(title.iter().map(|line| format!("  {line}")));
            for (question, answer) in [
                ("    when it is full?", &of_message.when_full),
                ("    where does it go?", &of_message.pressure_goes),
                ("    what can see it?", &of_message.seen_by),
            ] {
                lines.extend(entry(question, answer, width));
            }
        }
        lines
    }
}

/// A label, and beside it a text on as many lines as it needs.
fn entry(label: &str, text: &str, width: usize) -> Vec<String> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let texts = wrapped(text, width - MARGIN);
    labels.zip(texts).map(|(label, text)| left(label, MARGIN) + &text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(json: serde_json::Value, width: usize) -> String {
        serde_json::from_value::<Boundaries>(json).unwrap().lines(width).join("\n")
    }

    #[test]
    fn the_four_questions_stand_beside_their_answers_with_warnings_first() {
        let answer = json!({
            "boundaries": [{
                "actors": ["orders-1", "orders-2"], "count": 9, "type_name": "Orders", "bound": "64 slots",
                "seen_waiting": ["shop"],
                "messages": [{
                    "message": "Place", "overflow": ["block"], "bound": "at most 8",
                    "when_full": "its sender waits for a slot, for at most the deadline of its ask",
                    "pressure_goes": "to the sender: shop", "seen_by": "waiting, offered"
                }]
            }],
            "warnings": [{ "kind": "cycle", "actors": ["a"], "sentence": "a waits for b: declare a timeout" }],
            "left_out": 2, "newer": true
        });
        let expected = "\
WARNING                    a waits for b: declare a timeout

orders-1, orders-2 and 7 actors more
  what is the bound?       64 slots
  seen waiting for it      shop
  Place (at most 8)
    when it is full?       its sender waits for a slot, for
                           at most the deadline of its ask
    where does it go?      to the sender: shop
    what can see it?       waiting, offered

2 left out: the dashboard keeps a bounded number";
        assert_eq!(shown(answer, 60), expected);
    }

    #[test]
    fn without_warnings_or_answers_it_says_so() {
        let some = json!({ "boundaries": [{ "actors": ["a"], "bound": "4 slots" }] });
        assert!(shown(some, 80).starts_with("no warnings"));
        assert!(shown(json!({ "boundaries": [] }), 80).starts_with("no answers"));
    }

    #[test]
    fn hostile_texts_are_harmless_and_no_width_panics() {
        let hostile = "\u{1b}[2J\u{202e}x";
        let answer = json!({
            "boundaries": [{
                "actors": [hostile], "bound": hostile,
                "messages": [{ "message": hostile, "bound": hostile, "when_full": hostile,
                    "pressure_goes": hostile, "seen_by": hostile }]
            }],
            "warnings": [{ "sentence": hostile }]
        });
        for width in [0, 1, 2, 30, 80] {
            let shown = shown(answer.clone(), width);
            assert!(shown.chars().all(|c| c == '\n' || c == '…' || (' '..='~').contains(&c)), "{shown:?}");
        }
    }
}
