//! The layers of `actors-core`: ARCHITECTURE.md has a table of modules, each with the modules it
//! imports, top layer first. Sources and table must agree in both directions, and an arrow may only
//! point down.

use super::{core_sources, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// A row of the table: its number from the top, and what the module imports.
type Table = BTreeMap<String, (usize, BTreeSet<String>)>;

/// The rows of `| module | imports |` below the heading "Layers".
fn table() -> Table {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("## Layers").expect("ARCHITECTURE.md has a section on layers");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let mut table = Table::new();
    for (number, row) in rows.enumerate() {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let [module] = &words(cells[0])[..] else { panic!("a row has one module: {row}") };
        let imports = words(cells[1]).into_iter().collect();
        assert!(table.insert(module.clone(), (number, imports)).is_none(), "`{module}` has two rows");
    }
    table
}

/// The modules that a source file names after `crate::`, outside comments.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` in a macro is a path of its user's.
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = code[at + "crate::".len()..].trim_start();
        match rest.starts_with('{') {
            true => found.extend(members(super::rust::balanced(rest, 0))),
            false => found.extend(word(rest)),
        }
    }
    // What the crate's root re-exports has its home in a module; only modules count.
    found.retain(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    found
}

fn word(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The first segments of `{a::b, c::{d, e}}`.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut starts, mut is_start) = (0, Vec::new(), false);
    for (at, c) in group.char_indices() {
        match c {
            '{' => (depth, is_start) = (depth + 1, depth == 0),
            '}' => depth -= 1,
            ',' if depth == 1 => is_start = true,
            c if is_start && !c.is_whitespace() => {
                starts.push(at);
                is_start = false;
            }
            _ => {}
        }
    }
    starts.into_iter().filter_map(|at| word(&group[at..])).collect()
}

/// `actors-core/src/send/ask.rs` → `send`.
fn module(path: &str) -> &str {
    let inner = path.split_once("src/").unwrap().1;
    let first = inner.split('/').next().unwrap();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// What each module imports of others. The crate's root and what macros call (`__private`) stand
/// above all layers.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for (path, text) in core_sources("") {
        let module = module(&path);
        if matches!(module, "lib" | "__private") {
            continue;
        }
        let mut imports = imports(&text);
        imports.remove(module);
        graph.entry(module.to_owned()).or_default().extend(imports);
    }
    graph
}

/// What is wrong with a graph, a sentence each.
fn mistakes(table: &Table, graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, imports) in graph {
        let Some((row, declared)) = table.get(module) else {
            wrong.push(format!("`{module}` has no row in ARCHITECTURE.md"));
            continue;
        };
        for import in imports {
            match table.get(import) {
                None => wrong.push(format!("`{module}` imports `{import}`, which has no row")),
                Some((below, _)) if below < row => {
                    wrong.push(format!("`{module}` imports `{import}`, which is above it"));
                }
                Some(_) if !declared.contains(import) => {
                    wrong.push(format!("`{module}` imports `{import}`, and its row does not say so"));
                }
                Some(_) => {}
            }
        }
        wrong.extend(
            declared.difference(imports).map(|import| {
                format!("the row of `{module}` says that it imports `{import}`, and it does not")
            }),
        );
    }
    let missing = table.keys().filter(|module| !graph.contains_key(*module));
    wrong.extend(missing.map(|module| format!("`{module}` has a row, and there is no such module")));
    wrong
}

#[test]
fn imports_point_down_and_are_those_of_the_table() {
    let wrong = mistakes(&table(), &graph());
    assert!(wrong.is_empty(), "the layers in ARCHITECTURE.md and the imports differ:\n{}", wrong.join("\n"));
}

#[test]
fn a_forbidden_import_is_found_wherever_it_is_added() {
    let table = table();
    for (from, to) in [("mailbox", "actor"), ("run", "supervise"), ("clock", "mailbox"), ("send", "run")] {
        let mut graph = graph();
        graph.get_mut(from).unwrap().insert(to.to_owned());
        assert_eq!(mistakes(&table, &graph).len(), 1, "{from} → {to}");
    }
}

#[test]
fn imports_are_read_from_every_form_of_a_path() {
    let text = "use crate::actor::cell::Cell;\nuse crate::{clock, mailbox::{Row, core::Phase}, wait};\n\
                // use crate::send;\nfn f() { crate::panics::caught(|| ()); $crate::run::x();
                // crate::Closed::new() }";
    assert_eq!(
        imports(text).into_iter().collect::<Vec<_>>(),
        ["actor", "clock", "mailbox", "panics", "wait"]
    );
}
