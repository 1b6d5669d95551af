//! The public face of `actors-core`: few names at the root, and one path for each name.

use crate::documents::read;
use std::collections::BTreeMap;

/// The leaves of every `pub use …;` in a source, without what is only for this crate.
fn exported(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for statement in source.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        let leaves = statement.rsplit_once("::{").map_or(statement, |(_, group)| group);
        let leaves = leaves.trim_end_matches('}').split(',').map(|leaf| leaf.rsplit("::").next().unwrap());
        names.extend(leaves.map(|leaf| leaf.trim().to_owned()).filter(|leaf| !leaf.is_empty()));
    }
    names
}

/// Public modules, and what each of them exports; the root is ``. The prelude repeats on purpose.
fn face() -> BTreeMap<String, Vec<String>> {
    let root = read("actors-core/src/lib.rs");
    let mut face = BTreeMap::new();
    for inline in root.split("\npub mod ").skip(1) {
        let name: String = inline.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_inline = inline[name.len()..].starts_with(" {");
        let source = match name.as_str() {
            "prelude" | "__private" => continue,
            _ if is_inline => inline.split("\n}").next().unwrap().replace("\n    pub use ", "\npub use "),
            "policy" | "testing" => read(&format!("actors-core/src/{name}.rs")),
            _ => read(&format!("actors-core/src/{name}/mod.rs")),
        };
        face.insert(name, exported(&source));
    }
    // `Message` is a trait and a derive: one name.
    let mut names = exported(&root);
    names.sort();
    names.dedup();
    face.insert(String::new(), names);
    face
}

#[test]
fn every_public_name_has_one_path() {
    let mut homes = BTreeMap::<String, Vec<String>>::new();
    for (module, names) in face() {
        names.into_iter().for_each(|name| homes.entry(name).or_default().push(module.clone()));
    }
    assert!(homes.len() > 60, "only {} names were found", homes.len());
    homes.retain(|_, homes| homes.len() > 1);
    assert!(homes.is_empty(), "these names have several paths: {homes:?}");
}

#[test]
fn the_root_has_about_twenty_names() {
    let root = &face()[""];
    assert!((20..=26).contains(&root.len()), "{} names: {root:?}", root.len());
    assert!(root.contains(&"Handle".to_owned()) && !root.contains(&"Policy".to_owned()), "{root:?}");
}
