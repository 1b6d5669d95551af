//! `overflow = word`, and lists of such words.

use proc_macro2::{Group, Ident, TokenStream};
use syn::spanned::Spanned;

use crate::attr::split;
use crate::errors::Errors;
use crate::words::with_parentheses;
use actors_policy::{Overflow, wording};

/// Reads one word, or a list in brackets that is tried in order, with the fill from which
/// `drop_random` begins.
pub(crate) fn overflow(value: &TokenStream, errors: &mut Errors) -> (Vec<(Ident, Overflow)>, Option<f64>) {
    let chunks = list(value);
    if chunks.is_empty() {
        errors.at(value, wording::OVERFLOW_EMPTY);
    }
    let (len, mut early) = (chunks.len(), None);
    let mut read: Vec<(Ident, Overflow)> = Vec::new();
    for (at, chunk) in chunks.into_iter().enumerate() {
        let Some((token, word, from)) = overflow_word(&chunk, errors) else {
            continue;
        };
        let before: Vec<Overflow> = read.iter().map(|(_, word)| *word).collect();
        errors.ok_or_report(&token, wording::overflow_place(word, (at, len), &before));
        early = early.or(from);
        read.push((token, word));
    }
    (read, early)
}

/// Returns the parts of a list in brackets; anything else is a list of one.
pub(crate) fn list(value: &TokenStream) -> Vec<TokenStream> {
    match syn::parse2::<Group>(value.clone()) {
        Ok(list) => split(list.stream()).into_iter().map(TokenStream::from_iter).collect(),
        Err(_) => vec![value.clone()],
    }
}

fn overflow_word(value: &TokenStream, errors: &mut Errors) -> Option<(Ident, Overflow, Option<f64>)> {
    let (head, inside) = with_parentheses(value);
    let text = head.to_string();
    let (word, _) = errors.ok_or_report(&head, wording::overflow(&text, None))?;
    let token = Ident::new(&text, head.span());
    let Some(inside) = inside else { return Some((token, word, None)) };
    let result = wording::overflow(&text, Some(&inside.to_string()));
    // A mistake in the parentheses does not affect the word.
    let early = errors.ok_or_report(if inside.is_empty() { value } else { &inside }, result);
    Some((token, word, early.and_then(|(_, from)| from)))
}
