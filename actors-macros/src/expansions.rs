//! Golden files for what the macros generate.
//!
//! `expansions/NAME.rs` is what a user writes, `expansions/NAME.expanded.rs` what the macros make
//! of it. After a change of the expansion run `WRITE_EXPANSIONS=1 cargo test -p actors-macros
//! expansions`, and review the difference.

use crate::{derive, expand};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, File, Item, Meta};

/// Returns the words of an `#[actor]` attribute, after removing it.
fn take_actor(attributes: &mut Vec<Attribute>) -> Option<TokenStream> {
    let at = attributes.iter().position(|attribute| attribute.path().is_ident("actor"))?;
    match attributes.remove(at).meta {
        Meta::List(list) => Some(list.tokens),
        _ => Some(TokenStream::new()),
    }
}

/// Whether an item has `#[derive(…, Message, …)]`.
fn derives_message(attributes: &[Attribute]) -> bool {
    let mut derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    derives.any(|derive| derive.meta.to_token_stream().to_string().contains("Message"))
}

/// Returns what the macros generate for a source file. Items without a macro are left out.
fn expansion(source: &str) -> String {
    let file: File = syn::parse_file(source).expect("the input parses");
    let mut generated = TokenStream::new();
    for item in file.items {
        match item {
            Item::Impl(mut block) => {
                if let Some(words) = take_actor(&mut block.attrs) {
                    generated.extend(expand::actor(words, block.into_token_stream()));
                }
            }
            Item::Struct(message) if derives_message(&message.attrs) => {
                generated.extend(derive::message(message.into_token_stream()));
            }
            _ => {}
        }
    }
    let generated: File = syn::parse2(generated).expect("the expansion parses");
    prettyplease::unparse(&generated)
}

fn inputs() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions");
    let files = fs::read_dir(dir).expect("there are inputs").map(|entry| entry.expect("an entry").path());
    let is_input = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        name.ends_with(".rs") && !name.ends_with(".expanded.rs")
    };
    files.filter(is_input).collect()
}

#[test]
fn expansions_are_those_of_the_golden_files() {
    let inputs = inputs();
    assert!(inputs.len() >= 8, "only {} inputs were found", inputs.len());
    let mut stale = Vec::new();
    for input in inputs {
        let source = fs::read_to_string(&input).expect("an input is text");
        let name = input.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let header = format!("// The expansion of `{name}`, generated: see `src/expansions.rs`.\n\n");
        let text = header + &expansion(&source);
        assert!(!text.contains("compile_error"), "{name} has an error:\n{text}");
        let golden = input.with_extension("expanded.rs");
        if std::env::var_os("WRITE_EXPANSIONS").is_some() {
            fs::write(&golden, text).expect("the golden file is written");
        } else if fs::read_to_string(&golden).ok().as_ref() != Some(&text) {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "the expansions of {stale:?} differ from the golden files; if that is intended: \
         WRITE_EXPANSIONS=1 cargo test -p actors-macros expansions"
    );
}
