//! The documents: rules have tests, decisions are indexed, links lead somewhere, the first program
//! is complete.
//!
//! `WRITE_TABLES=1 cargo test -p actors-tests --test house` writes docs/spec-tests.md anew.

use crate::{members, root, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The number at the beginning of a rule's bold title (`**B1 · Capacity.**`), and whether the rule
/// is built.
fn rules() -> Vec<(String, bool)> {
    let spec = read("docs/spec.md");
    let mut rules = Vec::new();
    for paragraph in spec.split("\n\n") {
        let Some((before, rest)) = paragraph.split_once("**") else { continue };
        let Some((number, _)) = rest.split_once(" · ") else { continue };
        if before != format!("<a id=\"{}\"></a>\n", number.to_lowercase()) {
            assert!(before.contains(' ') || before.is_empty(), "{number} has no anchor of its name");
            continue;
        }
        rules.push((number.to_owned(), !paragraph.contains("Not built yet")));
    }
    assert!(rules.len() > 40, "only {} rules were found", rules.len());
    rules
}

/// Every test whose name begins with the number of a rule, by that number: `file::name`.
fn tests_by_rule() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let packages = members().into_iter().map(|member| root().join(member));
    let of_package = packages.flat_map(|package| [package.join("src"), package.join("tests")]);
    for (path, text) in of_package.filter(|dir| dir.is_dir()).flat_map(|dir| sources(&dir)) {
        let lines: Vec<_> = text.lines().map(str::trim_start).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else {
                continue;
            };
            let is_test = lines[..at].iter().rev().take(3).any(|line| line.starts_with("#[test]"));
            let Some((rule, _)) = name.split_once('_').filter(|(rule, _)| is_test && is_number(rule)) else {
                continue;
            };
            found.entry(rule.to_uppercase()).or_default().insert(format!("{}::{name}", module(&path)));
        }
    }
    found
}

/// A letter and digits: `b1`, `o10`.
fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(|c: char| c.is_ascii_lowercase()).unwrap_or("");
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// The name of a file without its ending. Of a file whose name says nothing, the directory's.
fn module(path: &str) -> String {
    let mut parts: Vec<_> = path.trim_end_matches(".rs").split('/').collect();
    while matches!(parts.last(), Some(&("mod" | "main" | "tests" | "lib"))) && parts.len() > 1 {
        parts.pop();
    }
    parts.last().unwrap().to_string()
}

#[test]
fn every_built_rule_has_tests_and_the_list_of_them_is_current() {
    let rules = rules();
    let mut tests = tests_by_rule();
    let mut list = String::from(
        "# Tests of each rule\n\n\
         Generated from the names of the tests, which begin with the number of their rule ([spec.md](spec.md)). After adding or\n\
         renaming a test: `WRITE_TABLES=1 cargo test -p actors-tests --test house`.\n",
    );
    let mut untested = Vec::new();
    for (rule, is_built) in &rules {
        let of_rule = tests.remove(rule).unwrap_or_default();
        if *is_built && of_rule.is_empty() {
            untested.push(rule);
        }
        let _ = write!(list, "\n## [{rule}](spec.md#{})\n\n", rule.to_lowercase());
        if of_rule.is_empty() {
            list.push_str("Not built yet.\n");
        }
        for test in of_rule {
            let _ = writeln!(list, "- `{test}`");
        }
    }
    assert!(untested.is_empty(), "these rules have no test: {untested:?}");
    assert!(tests.is_empty(), "these tests name rules that docs/spec.md does not have: {tests:#?}");
    let path = root().join("docs/spec-tests.md");
    if std::env::var_os("WRITE_TABLES").is_some() {
        fs::write(path, list).unwrap();
    } else {
        let is_current = fs::read_to_string(path).is_ok_and(|text| text == list);
        assert!(is_current, "stale: WRITE_TABLES=1 cargo test -p actors-tests --test house");
    }
}

#[test]
fn every_decision_has_its_parts_and_a_row_in_the_index() {
    let index = read("docs/adr/README.md");
    let rows: Vec<_> = index.lines().filter(|line| line.starts_with("| ") && line.contains(".md)")).collect();
    let mut records: Vec<_> = markdown(&root().join("docs/adr"));
    records.retain(|path| path.file_name().is_some_and(|name| name != "README.md"));
    records.sort();
    assert_eq!(rows.len(), records.len(), "the index has a row for each record");
    for (at, (row, path)) in rows.iter().zip(&records).enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(path).unwrap();
        let number = at + 1;
        let title = text.lines().next().unwrap();
        let title = title.strip_prefix(&format!("# {number}. ")).unwrap_or_else(|| panic!("{name}: {title}"));
        assert!(name.starts_with(&format!("{number:04}-")), "{name} is number {number}");
        let parts =
            ["- Status: ", "- Date: 20", "- Supersedes: ", "## Context", "## Decision", "## Consequences"];
        for part in parts {
            assert!(text.contains(&format!("\n{part}")), "{name} lacks `{part}`");
        }
        assert!(row.starts_with(&format!("| {number} | [{title}]({name}) | ")), "{name}: {row}");
        for part in ["Status", "Date", "Supersedes"] {
            let (_, rest) = text.split_once(&format!("\n- {part}: ")).unwrap();
            let value = rest.split("\n- ").next().unwrap().split("\n\n").next().unwrap().replace("\n  ", " ");
            assert!(row.contains(&format!("| {value} |")), "{name}: the index lacks `{value}`");
        }
    }
}

fn markdown(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect()
}

fn all_markdown() -> Vec<PathBuf> {
    let dirs = ["", "docs", "docs/adr", "docs/guide", "benches/peers"].map(str::to_owned);
    dirs.into_iter().chain(members()).flat_map(|dir| markdown(&root().join(dir))).collect()
}

#[test]
fn links_in_documents_lead_to_files_and_anchors_that_exist() {
    let mut bad = Vec::new();
    for path in all_markdown() {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file.trim()) };
            let has_anchor = || {
                let text = fs::read_to_string(&target).unwrap();
                let of_heading = |line: &str| {
                    let words = line.trim_start_matches('#').trim().to_lowercase();
                    let kept = words.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
                    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
                };
                text.contains(&format!("id=\"{anchor}\""))
                    || text.lines().any(|line| line.starts_with('#') && of_heading(line) == anchor)
            };
            if !target.exists() || (!anchor.is_empty() && !has_anchor()) {
                bad.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(bad.is_empty(), "broken links:\n{}", bad.join("\n"));
}

/// Written by programs, or a map whose lines are wide.
const GENERATED: [&str; 2] = ["RESULTS.md", "ARCHITECTURE.md"];

#[test]
fn prose_in_documents_wraps_at_120_characters() {
    let mut bad = Vec::new();
    for path in all_markdown() {
        let text = fs::read_to_string(&path).unwrap();
        let mut is_code = false;
        for (at, line) in text.lines().enumerate() {
            is_code ^= line.starts_with("```");
            let is_prose = !is_code && !line.starts_with('|') && !line.contains("](");
            if is_prose && line.chars().count() > 120 && !GENERATED.iter().any(|name| path.ends_with(name)) {
                bad.push(format!("{}:{}", path.display(), at + 1));
            }
        }
    }
    assert!(bad.is_empty(), "longer than 120 characters:\n{}", bad.join("\n"));
}

#[test]
fn the_first_program_of_the_readme_runs_with_the_dependencies_that_it_names() {
    let readme = read("README.md");
    let block = |language: &str| {
        let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0
    };
    // A doctest of `actors-tests` compiles and runs the program; here is the rest of what a reader
    // pastes.
    let doctests = read("tests/src/documents.rs");
    assert!(doctests.contains("include_str!(\"../../README.md\")"), "the doctest is gone");
    assert!(block("rust").contains("#[tokio::main]\nasync fn main()"), "the program is not complete");
    let named: toml::Table = block("toml").parse().unwrap();
    let workspace: toml::Table = read("Cargo.toml").parse().unwrap();
    let dependencies = named["dependencies"].as_table().unwrap();
    assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["actors-core", "tokio"]);
    let path = dependencies["actors-core"]["path"].as_str().unwrap();
    assert!(root().join(path.strip_prefix("../actors/").unwrap()).join("Cargo.toml").exists());
    let tokio = &workspace["workspace"]["dependencies"]["tokio"];
    assert_eq!(dependencies["tokio"]["version"], tokio["version"]);
    let features = dependencies["tokio"]["features"].as_array().unwrap();
    for feature in ["macros", "rt-multi-thread"] {
        assert!(features.iter().any(|named| named.as_str() == Some(feature)), "`{feature}` is missing");
    }
    assert!(readme.contains("cargo doc --open -p actors-core --all-features"), "docs without all features");
}

#[test]
fn every_page_of_the_guide_is_compiled() {
    let doctests = read("tests/src/documents.rs");
    for path in markdown(&root().join("docs/guide")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let include = format!("include_str!(\"../../docs/guide/{name}\")");
        assert!(
            doctests.contains(&include) || !text.contains("```rust"),
            "tests/src/documents.rs lacks {name}"
        );
    }
}
