//! Parses attribute words: `word`, `word = value`, `word(…)`, separated by commas.
//!
//! The parser is our own, because `vis = pub` and `reply = Result<u32, Declined>` are not
//! expressions. It splits first and reads the values later, so that a mistake in one word never
//! hides a mistake in the next one.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Meta};

use crate::errors::Errors;
use actors_policy::wording::{self, Vocabulary};

/// One word with its value.
pub(crate) struct Word {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows a word.
pub(crate) enum Value {
    /// `local`
    Bare,
    /// `capacity = 64`
    Is(TokenStream),
    /// `pressure(high = 0.8)`
    In(TokenStream),
}

impl Word {
    /// The tokens to underline when the value is wrong: the value, or the word where there is none.
    pub(crate) fn value_tokens(&self) -> TokenStream {
        match &self.value {
            Value::Is(value) | Value::In(value) if !value.is_empty() => value.clone(),
            _ => self.name.to_token_stream(),
        }
    }

    /// The value of `word = value`; anything else is an error that ends with `example`.
    pub(crate) fn value(&self, example: &str, errors: &mut Errors) -> Option<&TokenStream> {
        match &self.value {
            Value::Is(value) => Some(value),
            Value::Bare | Value::In(_) => {
                errors.at(&self.name, format!("`{}` needs a value: {example}", self.name));
                None
            }
        }
    }
}

/// Reads the words, each at most once. Unknown and planned words are reported and left out.
pub(crate) fn read(tokens: TokenStream, vocabulary: &Vocabulary<'_>, errors: &mut Errors) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for chunk in split(tokens) {
        let Some(word) = word(chunk, errors) else { continue };
        let name = word.name.to_string();
        if words.iter().any(|known| known.name == name) {
            errors.at(&word.name, wording::twice(&name));
        } else if errors.ok_or_report(&word.name, vocabulary.check(&name)).is_some() {
            words.push(word);
        }
    }
    words
}

/// Returns the words inside `#[message(…)]`; empty for a plain `#[message]`.
pub(crate) fn inside(attribute: &Attribute, errors: &mut Errors) -> TokenStream {
    match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(pair) => {
            let name = pair.path.to_token_stream();
            errors.at(attribute, format!("words stand in parentheses: `#[{name}(word = value)]`"));
            TokenStream::new()
        }
    }
}

fn word(chunk: Vec<TokenTree>, errors: &mut Errors) -> Option<Word> {
    let mut rest = chunk.into_iter();
    let name = match rest.next()? {
        TokenTree::Ident(name) => name,
        other => {
            errors.at(other, "a word was expected here, as in `word` or `word = value`");
            return None;
        }
    };
    let value = match rest.next() {
        None => Value::Bare,
        Some(TokenTree::Punct(sign)) if sign.as_char() == '=' => {
            let value: TokenStream = rest.by_ref().collect();
            if value.is_empty() {
                errors.at(sign, format!("`{name} =` lacks its value"));
                return None;
            }
            Value::Is(value)
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Value::In(group.stream())
        }
        Some(other) => {
            errors.at(other, format!("after `{name}` comes `=` and a value, or a comma"));
            return None;
        }
    };
    match rest.next() {
        None => Some(Word { name, value }),
        Some(other) => {
            errors.at(other, format!("after `{name}(…)` comes a comma"));
            None
        }
    }
}

/// Splits at the commas outside of brackets of any kind, `<…>` included.
pub(crate) fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut chunks = vec![Vec::new()];
    let mut depth = 0_u32;
    let mut arrow = false;
    for token in tokens {
        if let TokenTree::Punct(sign) = &token {
            match sign.as_char() {
                ',' if depth == 0 => {
                    chunks.push(Vec::new());
                    continue;
                }
                '<' => depth += 1,
                '>' if !arrow => depth = depth.saturating_sub(1),
                _ => {}
            }
            arrow = matches!(sign.as_char(), '-' | '=') && sign.spacing() == Spacing::Joint;
        } else {
            arrow = false;
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(token);
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}
