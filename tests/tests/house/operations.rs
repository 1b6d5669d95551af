//! docs/guide/operations.md lists every sentence that the runtime logs, and no other one.

use crate::documents::read;
use crate::rust::{balanced, literals};
use crate::{core_sources, root, sources};
use actors_core::observe::LogEvent;
use std::collections::BTreeSet;

/// The types whose `Display` is part of a log line.
const SAID: [&str; 5] = ["Decided", "DecisionKind", "Cause", "Spent", "Summary"];

/// The beginnings of the calls that write a line.
const LINES: [&str; 6] = [
    " say!(",
    "tracing::error!(",
    "tracing::warn!(",
    "tracing::info!(",
    "tracing::debug!(",
    "tracing::trace!(",
];

/// Words that a sentence is completed with, by number.
const GRAMMAR: [&str; 5] = ["s", "is", "are", "message is", "messages are"];

/// A sentence with `…` in the place of each value.
fn template(literal: &str) -> Option<String> {
    let mut said = String::new();
    let mut rest = literal;
    while let Some((before, after)) = rest.split_once('{') {
        said.push_str(before);
        said.push('…');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    said.push_str(rest);
    (said.chars().any(char::is_alphabetic) && !GRAMMAR.contains(&said.as_str())).then_some(said)
}

/// The sources whose text reaches an operator.
fn libraries() -> Vec<(String, String)> {
    let mut all = core_sources("");
    all.extend(sources(&root().join("actors-policy/src")));
    all
}

/// The `Display` of a type.
fn display_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("impl fmt::Display for {name} {{");
    text.find(&start).map(|at| balanced(text, at + start.len() - 1))
}

fn in_sources() -> BTreeSet<String> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in &libraries() {
        // What a line is made of, where it is written.
        for start in LINES {
            for (at, _) in text.match_indices(start) {
                let call = balanced(text, at + start.len() - 1);
                let lines = literals(call).into_iter().filter(|(before, _)| !before.ends_with("target: "));
                found.extend(lines.filter_map(|(_, literal)| template(&literal)));
            }
        }
        // What its callers add.
        for (at, _) in text.match_indices("trace::") {
            let Some(open) = text[at..].find('(').map(|open| at + open) else { continue };
            let name = &text[at + "trace::".len()..open];
            if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                let call = balanced(text, open);
                found.extend(literals(call).into_iter().filter_map(|(_, literal)| template(&literal)));
            }
        }
        for name in SAID {
            if let Some(block) = display_of(text, name) {
                seen.insert(name);
                found.extend(literals(block).into_iter().filter_map(|(_, literal)| template(&literal)));
            }
        }
    }
    assert_eq!(seen, BTreeSet::from(SAID), "the types that have a `Display`");
    found
}

/// The code in the first column of the tables of `Log lines` and `Parts of log lines`.
fn in_page() -> BTreeSet<String> {
    let page = read("docs/guide/operations.md");
    let (_, rest) = page.split_once("## Log lines").expect("the page has the log lines");
    let part = rest.split_once("\n## End of the log lines").map_or(rest, |(part, _)| part);
    let mut found = BTreeSet::new();
    for row in part.lines().filter(|line| line.starts_with("| `")) {
        let mut cell = row.split(" | ").next().unwrap().trim_start_matches("| ");
        while let Some(at) = cell.find('`') {
            let ticks = cell[at..].chars().take_while(|c| *c == '`').count();
            let rest = &cell[at + ticks..];
            let end = rest.find(&"`".repeat(ticks)).expect("code ends");
            // Two ticks and a blank stand around code that has ticks itself.
            let code = if ticks > 1 { rest[..end].trim_matches(' ') } else { &rest[..end] };
            found.insert(code.to_owned());
            cell = &rest[end + ticks..];
        }
    }
    found
}

/// The one value that a log line formats with `Debug`: a field whose values are names.
const DEBUG_FIELDS: [&str; 1] = ["?why"];

/// Whether a literal formats a value with `Debug`, like `{after:?}` and `{:.0?}`.
fn formats_debug(literal: &str) -> bool {
    let values = literal.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    values.filter_map(|(value, _)| value.split_once(':')).any(|(_, format)| format.ends_with('?'))
}

/// Sentences format no value with `Debug`: a duration would read `1.00000321s` instead of `1 s`
/// (`ShortTime`).
#[test]
fn no_sentence_formats_a_value_with_debug() {
    assert!(["in {after:?}", "{:.0?}", "{:#?} {}"].into_iter().all(formats_debug));
    assert!(["{}", "{text:.256}", "{:>width$} ?", "{{?}}"].into_iter().all(|text| !formats_debug(text)));
    let (mut bad, mut seen) = (Vec::new(), 0);
    for (name, text) in libraries() {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let displays = text.match_indices("fmt::Display for ").filter_map(|(at, _)| {
            let line = text[at..].find('\n')?;
            text[at..at + line].ends_with('{').then_some(at + line - 1)
        });
        let errors = text.match_indices("#[error(").map(|(at, _)| at + 1);
        let lines =
            LINES.iter().flat_map(|call| text.match_indices(call).map(|(at, call)| at + call.len() - 1));
        for at in displays.chain(errors).chain(lines.clone()) {
            seen += 1;
            let open = at + text[at..].find(['(', '{', '[']).unwrap();
            let said = literals(balanced(text, open)).into_iter().map(|(_, literal)| literal);
            bad.extend(
                said.filter(|literal| formats_debug(literal)).map(|literal| format!("{name}: {literal}")),
            );
        }
        for at in lines {
            let fields = balanced(text, at).split([',', ' ', '\n']).filter(|word| word.starts_with('?'));
            bad.extend(
                fields.filter(|word| !DEBUG_FIELDS.contains(word)).map(|word| format!("{name}: {word}")),
            );
        }
    }
    assert!(seen > 40, "only {seen} sentences were found");
    assert!(bad.is_empty(), "format these with `Display`, durations with `ShortTime`:\n{}", bad.join("\n"));
}

/// The table of events has each of them, with its default.
#[test]
fn the_page_for_operators_lists_every_event_with_its_level() {
    let page = read("docs/guide/operations.md");
    let (_, rest) = page.split_once("\n## Levels").expect("the page has the levels");
    let rows: Vec<String> = rest
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `") && !line.contains("LogEvent"))
        .map(|line| line.split(" | ").take(2).collect::<Vec<_>>().join(" | "))
        .collect();
    let expected: Vec<String> =
        LogEvent::ALL.iter().map(|event| format!("| `{event:?}` | `{:?}`", event.default_level())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn every_sentence_of_the_log_is_in_the_page_for_operators_and_no_other_one() {
    let (said, listed) = (in_sources(), in_page());
    assert!(said.len() > 30, "only {} sentences were found in the sources", said.len());
    let missing: Vec<_> = said.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&said).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/guide/operations.md lacks {missing:#?} and has {stale:#?}, which the runtime does not say"
    );
}
