//! What the packages say about themselves.

use crate::documents::read;
use crate::{members, root};
use std::fs;
use toml::{Table, Value};

fn manifest(path: &str) -> Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn packages() -> Vec<(String, Table)> {
    members().into_iter().map(|name| (name.clone(), manifest(&format!("{name}/Cargo.toml")))).collect()
}

#[test]
fn every_package_has_the_licences_and_the_minimal_rust_of_the_workspace() {
    for (name, manifest) in packages() {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let text = fs::read_to_string(root().join(&name).join(licence));
            assert!(
                text.is_ok_and(|text| text == read(licence)),
                "{name}/{licence} is not the one in the root"
            );
        }
        let package = manifest["package"].as_table().unwrap();
        for key in ["version", "edition", "rust-version", "license"] {
            let of_workspace = package.get(key).and_then(|value| value.get("workspace"));
            assert_eq!(of_workspace, Some(&Value::Boolean(true)), "{name}: {key}");
        }
    }
}

#[test]
fn every_library_describes_itself_for_a_registry() {
    let mut seen = 0;
    for (name, manifest) in packages() {
        if !root().join(&name).join("src/lib.rs").exists() || ["tests", "benches"].contains(&name.as_str()) {
            continue;
        }
        seen += 1;
        let package = manifest["package"].as_table().unwrap();
        for key in ["description", "keywords", "categories", "readme", "repository"] {
            assert!(package.contains_key(key), "{name}: {key} is missing");
        }
        let docs = &package["metadata"]["docs"]["rs"];
        assert_eq!(docs["all-features"], Value::Boolean(true), "{name}: docs.rs shows every feature");
        assert!(package["keywords"].as_array().unwrap().len() <= 5, "{name}: a registry takes five keywords");
    }
    assert!(seen >= 2, "only {seen} libraries were found");
}

#[test]
fn the_minimal_rust_is_the_same_wherever_it_is_named() {
    let workspace = manifest("Cargo.toml");
    let version = workspace["workspace"]["package"]["rust-version"].as_str().unwrap();
    let places = ["README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml", "benches/peers/Cargo.toml"];
    for place in places {
        assert!(read(place).contains(version), "{place} does not name Rust {version}");
    }
}

#[test]
fn every_feature_is_in_the_readme() {
    let features = manifest("actors-core/Cargo.toml");
    let readme = read("README.md");
    for feature in features["features"].as_table().unwrap().keys().filter(|name| *name != "default") {
        assert!(readme.contains(&format!("| `{feature}` |")), "the README's table lacks `{feature}`");
    }
}
