//! docs/guide/operations.md lists every sentence that the runtime logs, and no other one.

use crate::documents::read;
use crate::rust::{balanced, literals};
use crate::{core_sources, root, sources};
use std::collections::BTreeSet;

/// The types whose `Display` is part of a log line.
const SAID: [&str; 9] =
    ["Event", "DecisionKind", "Change", "What", "Cause", "Why", "Failed", "Pause", "Summary"];

/// Words that a sentence is completed with, by number.
const GRAMMAR: [&str; 4] = ["is", "are", "message is", "messages are"];

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

fn in_sources() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut all = core_sources("");
    let policies = root().join("actors-policy/src");
    if policies.is_dir() {
        all.extend(sources(&policies));
    }
    for (_, text) in &all {
        // What a line is made of, where it is written.
        for level in ["error", "warn", "info", "debug", "trace"] {
            let start = format!("tracing::{level}!(");
            for (at, _) in text.match_indices(&start) {
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
            let start = format!("impl fmt::Display for {name} {{");
            if let Some(at) = text.find(&start) {
                let block = balanced(text, at + start.len() - 1);
                found.extend(literals(block).into_iter().filter_map(|(_, literal)| template(&literal)));
            }
        }
    }
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
