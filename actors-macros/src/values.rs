//! Words whose values policies know: read by the table of words, emitted as calls of the builder.
//!
//! The table ([`actors_policy::fields`]) defines each word, its values and the error sentences.
//! This module puts those sentences on the user's own tokens, and turns `word = value` into
//! `.word(value)`. So a new word of the table needs no code in this crate, unless its value is a
//! list, a table or code.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};
use std::fmt::Debug;
use syn::{LitInt, LitStr};

use crate::attr::Word;
use crate::errors::Errors;
use crate::names::ident;
use crate::words::with_parentheses;
use actors_policy::InvalidPolicy;
use actors_policy::fields::{Field, Kind, Value, Written, find};

/// A word with its value, and with the user's own tokens.
pub(crate) struct WordValue {
    word: &'static str,
    /// The word itself.
    pub(crate) name: Ident,
    pub(crate) value: Value,
    pub(crate) tokens: TokenStream,
}

/// The words of one attribute, in their order.
#[derive(Default)]
pub(crate) struct WordValues(Vec<WordValue>);

impl WordValues {
    /// Reads one word by its entry in the table. A mistake is reported, and the word left out.
    pub(crate) fn read<T>(&mut self, field: &Field<T>, word: &Word, errors: &mut Errors) {
        let Some(tokens) = word.value(&field.example(), errors) else { return };
        let value = match field.kind {
            Kind::Schedule => schedule(field, tokens, errors),
            _ => errors.ok_or_report(tokens, value(field, tokens)),
        };
        if let Some(value) = value {
            self.push(field.word, word, value);
        }
    }

    /// Adds a value that was read by other means.
    pub(crate) fn push(&mut self, field: &'static str, word: &Word, value: Value) {
        self.0.push(WordValue { word: field, name: word.name.clone(), value, tokens: word.value_tokens() });
    }

    pub(crate) fn get(&self, word: &str) -> Option<&WordValue> {
        self.0.iter().find(|entry| entry.word == word)
    }

    /// Returns the whole number that a word sets.
    pub(crate) fn number(&self, word: &str) -> Option<usize> {
        match self.get(word)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Removes a word, for example because its value is not allowed.
    pub(crate) fn remove(&mut self, word: &str) -> Option<WordValue> {
        let at = self.0.iter().position(|entry| entry.word == word)?;
        Some(self.0.remove(at))
    }

    /// Returns the declaration with these values.
    pub(crate) fn said_of<T>(&self, fields: &'static [Field<T>], declared: T) -> T {
        self.0.iter().fold(declared, |declared, entry| match find(fields, entry.word) {
            Some(field) => (field.set)(declared, entry.value.clone()),
            None => declared,
        })
    }

    /// Reports words that exclude each other, each of which is sound by itself.
    pub(crate) fn check_together(&self, result: Result<(), InvalidPolicy>, errors: &mut Errors) {
        let Err(mistake) = result else { return };
        if let Some(entry) = self.get(mistake.word()) {
            errors.at(&entry.tokens, mistake);
        }
    }

    /// Reports a mistake about a word on its value, and removes the word.
    pub(crate) fn check<E: std::fmt::Display>(
        &mut self,
        word: &str,
        fits: impl FnOnce(&Value) -> Result<(), E>,
        errors: &mut Errors,
    ) {
        if let Some(entry) = self.get(word)
            && errors.ok_or_report(&entry.tokens, fits(&entry.value)).is_none()
        {
            self.remove(word);
        }
    }
}

/// Reads a value that is not a list.
fn value<T>(field: &Field<T>, tokens: &TokenStream) -> Result<Value, InvalidPolicy> {
    let text = syn::parse2::<LitStr>(tokens.clone()).ok().map(|text| text.value());
    let word = match field.kind {
        Kind::Workers => with_digits(tokens),
        _ => tokens.to_string(),
    };
    // Literals may have underscores, other bases, a suffix; anything else is shown as written.
    let number = match syn::parse2::<LitInt>(tokens.clone()) {
        Ok(literal) if matches!(field.kind, Kind::Number(_)) => literal.base10_digits().to_owned(),
        _ => tokens.to_string(),
    };
    field.read(Written { text: text.as_deref(), number: &number, word: &word })
}

/// Reads `weighted(by = time)`; a mistake is reported on the part that is wrong.
fn schedule<T>(field: &Field<T>, tokens: &TokenStream, errors: &mut Errors) -> Option<Value> {
    let (head, inside) = with_parentheses(tokens);
    let value = errors.ok_or_report(&head, value(field, &head))?;
    let Some(inside) = inside else { return Some(value) };
    let result = actors_policy::wording::schedule(&head.to_string(), Some(&inside.to_string()));
    errors.ok_or_report(if inside.is_empty() { tokens } else { &inside }, result).map(Value::Schedule)
}

/// Returns the tokens as text. Literals may have underscores, other bases, a suffix.
fn with_digits(value: &TokenStream) -> String {
    let mut text = String::new();
    for token in value.clone() {
        if !matches!(token, proc_macro2::TokenTree::Punct(_)) {
            text.push(' ');
        }
        match syn::parse2::<LitInt>(token.to_token_stream()) {
            Ok(literal) => text.push_str(literal.base10_digits()),
            Err(_) => text.push_str(&token.to_string()),
        }
    }
    text
}

/// Returns the variant of an enum value: its `Debug` is its name.
fn variant(value: impl Debug) -> Ident {
    ident(format!("{value:?}"))
}

impl ToTokens for WordValues {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.iter().for_each(|entry| entry.to_tokens(tokens));
    }
}

/// The builder's call of the same name.
impl ToTokens for WordValue {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let word = ident(self.word);
        let (mut early, mut up_to) = (None, None);
        let value = match &self.value {
            Value::Number(number) => Literal::usize_unsuffixed(*number).into_token_stream(),
            Value::Time(time) => {
                let ns = Literal::u128_unsuffixed(time.as_nanos());
                quote! { ::core::time::Duration::from_nanos(#ns) }
            }
            Value::Rate(rate) => {
                let count = Literal::u32_unsuffixed(rate.count());
                let ns = Literal::u128_unsuffixed(rate.per().as_nanos());
                let sliding = rate.is_sliding().then(|| quote! { .sliding() });
                quote! {
                    ::actors_core::policy::Rate::new(#count, ::core::time::Duration::from_nanos(#ns)) #sliding
                }
            }
            Value::Fill(fill) => Literal::f64_unsuffixed(*fill).into_token_stream(),
            Value::Workers(least, most) => {
                let (least, most) = (Literal::usize_unsuffixed(*least), Literal::usize_unsuffixed(*most));
                quote! { #least, #most }
            }
            Value::Priority(lowest, highest) => {
                up_to = (lowest < highest).then(|| variant(highest));
                let variant = variant(lowest);
                quote! { ::actors_core::Priority::#variant }
            }
            Value::Order(order) => {
                let variant = variant(order);
                quote! { ::actors_core::policy::Order::#variant }
            }
            Value::Schedule(schedule) => {
                let variant = variant(schedule);
                quote! { ::actors_core::policy::Schedule::#variant }
            }
            Value::Overflow(list, ramp) => {
                early = ramp.map(|ramp| Literal::f64_unsuffixed(ramp.begins()));
                let words = list.words().iter().map(variant);
                quote! { &[#(::actors_core::policy::Overflow::#words),*] }
            }
            Value::Actions(actions) => {
                let actions = actions.iter().map(variant);
                quote! { &[#(::actors_core::policy::Action::#actions),*] }
            }
        };
        tokens.extend(quote! { .#word(#value) });
        tokens.extend(up_to.map(|highest| quote! { .up_to(::actors_core::Priority::#highest) }));
        tokens.extend(early.map(|from| quote! { .early(#from) }));
    }
}
