//! Rules that a machine can check: imports between modules, single homes, documents, packages.

mod documents;
mod face;
mod layers;
mod operations;
mod packages;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The packages of the workspace, as directories below the root.
fn members() -> Vec<String> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter();
    members.flat_map(|member| expanded(member.as_str().unwrap())).collect()
}

/// A member, or the packages that a pattern like `extensions/*` stands for.
fn expanded(member: &str) -> Vec<String> {
    let Some(parent) = member.strip_suffix("/*") else { return vec![member.to_owned()] };
    let entries = fs::read_dir(root().join(parent)).unwrap().map(Result::unwrap);
    let packages = entries.filter(|entry| entry.path().join("Cargo.toml").exists());
    let mut found: Vec<_> =
        packages.map(|entry| format!("{parent}/{}", entry.file_name().display())).collect();
    found.sort();
    found
}

/// Packages below the first level are found too, so that an extension needs no change of a test.
#[test]
fn members_of_the_workspace_are_found_also_where_a_pattern_names_them() {
    assert_eq!(expanded("benches/*"), ["benches/peers"]);
    assert_eq!(expanded("extensions/metrics"), ["extensions/metrics"]);
    let members = members();
    assert!(members.iter().any(|member| member == "actors-core"), "{members:?}");
    let lacking: Vec<_> =
        members.iter().filter(|member| !root().join(member).join("Cargo.toml").exists()).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn every_package_has_a_row_in_the_map() {
    let map = documents::read("ARCHITECTURE.md");
    let (_, rest) = map.split_once("## Packages").unwrap();
    let table = rest.split("\n## ").next().unwrap();
    for member in members() {
        let manifest: toml::Table = documents::read(&format!("{member}/Cargo.toml")).parse().unwrap();
        let names = [member.as_str(), manifest["package"]["name"].as_str().unwrap()];
        let has_row = names.iter().any(|name| table.contains(&format!("\n| `{name}`")));
        assert!(has_row || table.contains(&format!("`{member}`")), "the table `Packages` lacks {member}");
    }
}

fn sources(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn core_sources(under: &str) -> Vec<(String, String)> {
    let found = sources(&root().join("actors-core/src").join(under));
    assert!(!found.is_empty(), "no sources under {under}");
    found
}

/// Fails with every line outside comments that has one of the words.
fn forbid(sources: &[(String, String)], words: &[&str], why: &str) {
    let mut bad = Vec::new();
    for (name, text) in sources {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if words.iter().any(|word| line.contains(word)) {
                bad.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(bad.is_empty(), "{why}:\n{}", bad.join("\n"));
}

/// The table in `mailbox/mod.rs`: what each part of the mailbox must not import.
#[test]
fn inside_the_mailbox_imports_point_down() {
    let above = |parts: &[&str]| parts.iter().map(|part| format!("mailbox::{part}")).collect::<Vec<_>>();
    let users = ["channel", "control", "adjust", "sample"];
    let ways = ["enter", "take"];
    let lock = ["section", "core", "consumers"];
    let table = [
        ("mailbox/enter", above(&[&users[..], &["take"]].concat())),
        ("mailbox/take", above(&[&users[..], &["enter"]].concat())),
        ("mailbox/store", above(&[&users[..], &ways, &lock, &["effects", "signals"]].concat())),
        ("mailbox/books", above(&[&users[..], &ways, &lock, &["store", "effects", "signals"]].concat())),
    ];
    for (part, forbidden) in table {
        let words: Vec<_> = forbidden.iter().map(String::as_str).collect();
        let sources: Vec<_> = core_sources(part)
            .into_iter()
            .map(|(name, text)| (name, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()))
            .collect();
        forbid(&sources, &words, "see the table in `mailbox/mod.rs`");
    }
}

#[test]
fn policies_are_pure() {
    let words =
        ["std::sync", "std::thread", "Instant", "SystemTime", "RandomState", "OnceLock", "thread_local"];
    let policy = sources(&root().join("actors-policy/src"));
    assert!(!policy.is_empty());
    forbid(&policy, &words, "a policy takes numbers and the time, and returns a decision");
    let manifest: toml::Table =
        fs::read_to_string(root().join("actors-policy/Cargo.toml")).unwrap().parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["serde"], "no runtime, no lock, no parser");
}

#[test]
fn time_and_tracing_have_one_home_and_unsafe_has_none() {
    let all = core_sources("");
    let but = |home: &str| all.iter().filter(|(name, _)| !name.contains(home)).cloned().collect::<Vec<_>>();
    forbid(&but("clock.rs"), &["std::time::Instant::now", "SystemTime"], "time comes from clock.rs");
    forbid(&but("observe/"), &["tracing::"], "log lines come from observe/trace.rs");
    forbid(&all, &["unsafe "], "the core is safe Rust");
}

#[test]
fn locks_and_atomics_of_the_mailbox_and_of_replies_come_from_sync() {
    let words = ["parking_lot", "std::sync::atomic", "std::sync::Mutex", "std::hint", "std::thread_local"];
    for room in ["mailbox", "reply"] {
        forbid(&core_sources(room), &words, "the models put loom's in their place");
    }
}

/// Under a lock no foreign code runs (B6). Locks that count themselves, and wakers that are cloned
/// and woken in one place, are what the hostile tests and the debug assertions rest on.
#[test]
fn b6_locks_and_wakers_have_one_home() {
    let is_model = |name: &str| name.ends_with("loom.rs");
    let all: Vec<_> = core_sources("").into_iter().filter(|(name, _)| !is_model(name)).collect();
    let but = |homes: &[&str]| {
        let is_home = |name: &str| homes.iter().any(|home| name.ends_with(home));
        all.iter().filter(|(name, _)| !is_home(name)).cloned().collect::<Vec<_>>()
    };
    let locks = ["parking_lot", "sync::Mutex<", "std::sync::Mutex", "RwLock", "std::sync::{Mutex", "Condvar"];
    forbid(
        &but(&["/sync.rs"]),
        &locks,
        "a lock is a `sync::Lock` or a `sync::Mutex`, which know that they are held",
    );
    let wakes = ["waker.wake()", "wake_by_ref", "waker().clone()", "waker().wake()"];
    forbid(
        &but(&["/wakers.rs"]),
        &wakes,
        "wakers are foreign code: `wakers::{cloned, wake, discard}` run without any lock",
    );
    // Those of a `TaskWaker` may be cloned under the lock.
    let homes = ["/wakers.rs", "mailbox/consumers.rs"];
    forbid(&but(&homes), &["waker.clone()"], "a waker is cloned by `wakers::cloned`");
}

#[test]
fn attributes_and_configuration_share_one_wording() {
    for package in ["actors-core", "actors-macros"] {
        let manifest: toml::Table =
            fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap().parse().unwrap();
        assert!(manifest["dependencies"].as_table().unwrap().contains_key("actors-policy"), "{package}");
    }
}

#[test]
fn packages_that_are_generated_for_each_other_are_pinned_to_one_version() {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let version = workspace["workspace"]["package"]["version"].as_str().unwrap();
    for package in ["actors-macros", "actors-policy"] {
        let dependency = &workspace["workspace"]["dependencies"][package];
        assert_eq!(dependency["version"].as_str().unwrap(), format!("={version}"), "{package}");
    }
}

#[test]
fn nothing_unbounded_is_named() {
    let words = ["unbounded_channel", "LinkedList", "mpsc::unbounded", "std::sync::mpsc::channel"];
    forbid(&core_sources(""), &words, "every queue states its limit");
}

/// The doc comment that stands before a line, attributes left out.
fn docs_before(lines: &[&str], at: usize) -> String {
    let before = lines[..at].iter().rev().map(|line| line.trim_start());
    let is_part = |line: &&str| line.starts_with("///") || line.starts_with("#[");
    before.take_while(is_part).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_public_future_says_whether_it_is_cancel_safe() {
    let (mut bad, mut seen) = (Vec::new(), 0);
    for (name, text) in core_sources("") {
        let lines: Vec<_> = text.lines().collect();
        // A type of which something says that it is a future, or becomes one.
        let is_future = |kind: &str| {
            let kinds = [format!("Future for {kind}<"), format!("Future for {kind} ")];
            kinds.iter().any(|kind| text.contains(kind.as_str()))
        };
        for (at, line) in lines.iter().enumerate() {
            let line = line.trim_start();
            let kind =
                line.strip_prefix("pub struct ").and_then(|rest| rest.split(['<', ' ', '(', ';']).next());
            if !line.starts_with("pub async fn ") && !kind.is_some_and(is_future) {
                continue;
            }
            seen += 1;
            let docs = docs_before(&lines, at);
            if !docs.contains("# Cancel safety") || !docs.contains("/// Cancel safe") {
                bad.push(format!("{name}:{}: {line}", at + 1));
            }
        }
    }
    assert!(bad.is_empty(), "`# Cancel safety` and `Cancel safe …` are missing:\n{}", bad.join("\n"));
    assert!(seen > 8, "only {seen} futures were found");
}

#[test]
fn the_map_fits_on_a_wall() {
    let lines = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap().lines().count();
    assert!(lines < 250, "ARCHITECTURE.md has {lines} lines");
}
