//! Where an expansion finds `actors_core`: at `::actors_core`, or where `crate = path` says.
//!
//! The templates of this crate name the runtime by a marker, and [`settle`] replaces it with the
//! path. The user's tokens are unchanged, because they do not contain the marker.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::Path;
use syn::ext::IdentExt;
use syn::parse::Parser;

use crate::attr::Word;
use crate::errors::Errors;

/// The marker in the templates.
const MARKER: &str = "__actors_core";

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

/// Replaces the marker by `root`, or by `::actors_core`. The replacement has the marker's span, so
/// that compiler messages stay where they were.
pub(crate) fn settle(tokens: TokenStream, root: Option<&TokenStream>) -> TokenStream {
    tokens.into_iter().flat_map(|token| settled(token, root)).collect()
}

fn settled(token: TokenTree, root: Option<&TokenStream>) -> TokenStream {
    match token {
        TokenTree::Ident(ident) if ident == MARKER => path(&ident, root),
        TokenTree::Group(group) => {
            let mut inside = Group::new(group.delimiter(), settle(group.stream(), root));
            inside.set_span(group.span());
            TokenTree::Group(inside).into()
        }
        other => other.into(),
    }
}

fn path(marker: &Ident, root: Option<&TokenStream>) -> TokenStream {
    let Some(root) = root else { return quote_spanned! { marker.span()=> ::actors_core } };
    let located = root.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(marker.span()));
        token
    });
    located.collect()
}
