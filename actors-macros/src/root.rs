//! Where an expansion finds `actors_core`: at `::actors_core`, or where `crate = path` says.
//!
//! The templates of this crate write `::actors_core`. Mostly that is right, and nothing is done: to
//! walk through all tokens of an expansion would cost a tenth of the time of checking it. With
//! `crate = path`, [`settle`] replaces each `::actors_core` by the path.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Path;
use syn::ext::IdentExt;
use syn::parse::Parser;

use crate::attr::Word;
use crate::errors::Errors;

/// The name of the runtime in the templates, behind `::`.
const NAME: &str = "actors_core";

const EXAMPLE: &str = "write `crate = crate::runtime` or `crate = my_crate::runtime`";

/// Reads `crate = path`. The path is used in several modules, so it must mean the same in each.
pub(crate) fn read(word: &Word, errors: &mut Errors) -> Option<TokenStream> {
    let value = word.value(EXAMPLE, errors)?;
    let first = Path::parse_mod_style.parse2(value.clone()).ok();
    let first = first.and_then(|path| path.segments.first().map(|segment| segment.ident.unraw().to_string()));
    match first.as_deref() {
        Some("self" | "super" | "Self") | None => {
            errors.at(value, format!("this is no path that means the same in every module; {EXAMPLE}"));
            None
        }
        Some(_) => Some(value.clone()),
    }
}

/// Replaces each `::actors_core` by `root`, if there is one. The replacement has the name's span,
/// so that compiler messages stay where they were.
pub(crate) fn settle(tokens: TokenStream, root: Option<&TokenStream>) -> TokenStream {
    match root {
        Some(root) => settled(tokens, root),
        None => tokens,
    }
}

fn settled(tokens: TokenStream, root: &TokenStream) -> TokenStream {
    let mut settled: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) if name == NAME && follows_colons(&settled) => {
                settled.truncate(settled.len() - 2);
                settled.extend(root.clone().into_iter().map(|mut token| {
                    token.set_span(token.span().located_at(name.span()));
                    token
                }));
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), self::settled(group.stream(), root));
                inside.set_span(group.span());
                settled.push(inside.into());
            }
            other => settled.push(other),
        }
    }
    settled.into_iter().collect()
}

/// Whether a path begins here: `::`, and no name before it. A keyword (`as`, `dyn`, `for`) is no
/// name.
fn follows_colons(before: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    match before {
        [.., name, first, second] if is_colon(first) && is_colon(second) => {
            let is_name = |name: &Ident| syn::parse2::<Ident>(name.to_token_stream()).is_ok();
            !matches!(name, TokenTree::Ident(name) if is_name(name))
        }
        [first, second] => is_colon(first) && is_colon(second),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::settle;
    use quote::quote;

    #[test]
    fn the_path_takes_the_place_of_the_runtime_and_of_nothing_else() {
        let tokens = quote! {
            ::actors_core::A; <T as ::actors_core::B>::C; [::actors_core::D, my::actors_core::E, actors_core]
        };
        let expected = quote! {
            crate::rt::A; <T as crate::rt::B>::C; [crate::rt::D, my::actors_core::E, actors_core]
        };
        assert_eq!(settle(tokens.clone(), Some(&quote!(crate::rt))).to_string(), expected.to_string());
        assert_eq!(settle(tokens.clone(), None).to_string(), tokens.to_string());
    }
}
